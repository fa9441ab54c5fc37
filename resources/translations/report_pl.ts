<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="pl_PL" sourcelanguage="en_GB">
<context>
    <name>template</name>
    <message>
        <source>%1 earlier cycles: see the table of doses.</source>
        <translation>Wcześniejsze cykle (%1): zob. tabelę dawek.</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 z %2</translation>
    </message>
    <message>
        <source>%1, Gy ± u</source>
        <translation>%1, Gy ± u</translation>
    </message>
    <message>
        <source>%1, activity to be administered</source>
        <translation>%1, aktywność do podania</translation>
    </message>
    <message>
        <source>%1, root digest %2</source>
        <translation>%1, skrót zbiorczy %2</translation>
    </message>
    <message>
        <source>* estimated, not measured in that cycle.</source>
        <translation>* oszacowane, nie zmierzone w tym cyklu.</translation>
    </message>
    <message>
        <source>A root digest is the SHA-256 of the lines “digest, two blanks, file name” of all files, sorted by name. This calculation supports a decision of the treating physician and physicist; it does not replace it.</source>
        <translation>Skrót zbiorczy to SHA-256 wierszy „skrót, dwie spacje, nazwa pliku” wszystkich plików, ułożonych według nazw. Niniejsze obliczenie wspomaga decyzję lekarza prowadzącego i fizyka medycznego; nie zastępuje jej.</translation>
    </message>
    <message>
        <source>Absorbed dose in VOIs</source>
        <translation>Dawka pochłonięta w VOI</translation>
    </message>
    <message>
        <source>Absorbed dose of each VOI over the course</source>
        <translation>Dawka pochłonięta w każdym VOI w całej terapii</translation>
    </message>
    <message>
        <source>Absorbed dose of each organ, cycle and nuclide</source>
        <translation>Dawka pochłonięta według narządu, cyklu i nuklidu</translation>
    </message>
    <message>
        <source>Activities of the next cycle</source>
        <translation>Aktywności w następnym cyklu</translation>
    </message>
    <message>
        <source>Activity at the time of each scan, after partial-volume correction; hours from the middle of the infusion.</source>
        <translation>Aktywność w chwili każdego badania, po korekcji efektu częściowej objętości; godziny od środka infuzji.</translation>
    </message>
    <message>
        <source>Activity in VOIs: not measured in this cycle.</source>
        <translation>Aktywność w VOI: nie mierzono w tym cyklu.</translation>
    </message>
    <message>
        <source>Activity, MBq, against hours after the middle of the infusion. Circles: measured, with ± standard uncertainty; crosses: left out of the fit. Solid: fitted; dashed: derived from another nuclide. Half-life: effective.</source>
        <translation>Aktywność, MBq, w funkcji czasu w godzinach od środka infuzji. Kółka: pomiary z ± niepewnością standardową; krzyżyki: pominięte w dopasowaniu. Linia ciągła: dopasowana; przerywana: wyznaczona z innego nuklidu. Okres półtrwania: efektywny.</translation>
    </message>
    <message>
        <source>Administered activity</source>
        <translation>Podana aktywność</translation>
    </message>
    <message>
        <source>Administered, GBq</source>
        <translation>Podano, GBq</translation>
    </message>
    <message>
        <source>After last, %</source>
        <translation>Po ostatnim, %</translation>
    </message>
    <message>
        <source>Alignment</source>
        <translation>Rejestracja</translation>
    </message>
    <message>
        <source>All findings and overrides</source>
        <translation>Wszystkie uwagi i odstępstwa</translation>
    </message>
    <message>
        <source>Alternatives</source>
        <translation>Inne możliwości</translation>
    </message>
    <message>
        <source>At a bound</source>
        <translation>Na granicy</translation>
    </message>
    <message>
        <source>Audit chain</source>
        <translation>Łańcuch audytu</translation>
    </message>
    <message>
        <source>BED %1</source>
        <translation>BED %1</translation>
    </message>
    <message>
        <source>BED, Gy</source>
        <translation>BED, Gy</translation>
    </message>
    <message>
        <source>Before first, %</source>
        <translation>Przed pierwszym, %</translation>
    </message>
    <message>
        <source>Blood and red marrow</source>
        <translation>Krew i szpik kostny czerwony</translation>
    </message>
    <message>
        <source>Blood sample, h</source>
        <translation>Próbka krwi, h</translation>
    </message>
    <message>
        <source>Blood: not measured in this cycle.</source>
        <translation>Krew: nie mierzono w tym cyklu.</translation>
    </message>
    <message>
        <source>Blood: not measured.</source>
        <translation>Krew: nie mierzono.</translation>
    </message>
    <message>
        <source>Born</source>
        <translation>Data urodzenia</translation>
    </message>
    <message>
        <source>Calculated</source>
        <translation>Obliczono</translation>
    </message>
    <message>
        <source>Cannot decide.</source>
        <translation>Nie można rozstrzygnąć.</translation>
    </message>
    <message>
        <source>Choice</source>
        <translation>Wybór</translation>
    </message>
    <message>
        <source>No effective dose is given: it has no meaning in therapy.</source>
        <translation>Nie podaje się dawki skutecznej: w terapii nie ma ona sensu.</translation>
    </message>
    <message>
        <source>How the images were made, as their files say; calibration as the case says</source>
        <translation>Jak powstały obrazy, według ich plików; kalibracja według przypadku</translation>
    </message>
    <message>
        <source>Scan %1</source>
        <translation>Badanie %1</translation>
    </message>
    <message>
        <source>Scans %1</source>
        <translation>Badania %1</translation>
    </message>
    <message>
        <source>Camera</source>
        <translation>Kamera</translation>
    </message>
    <message>
        <source>Collimator</source>
        <translation>Kolimator</translation>
    </message>
    <message>
        <source>Energy windows</source>
        <translation>Okna energetyczne</translation>
    </message>
    <message>
        <source>Views</source>
        <translation>Projekcje</translation>
    </message>
    <message>
        <source>Reconstruction</source>
        <translation>Rekonstrukcja</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filtr</translation>
    </message>
    <message>
        <source>Attenuation correction</source>
        <translation>Korekcja osłabienia</translation>
    </message>
    <message>
        <source>Scatter correction</source>
        <translation>Korekcja rozproszenia</translation>
    </message>
    <message>
        <source>Dead-time correction</source>
        <translation>Korekcja czasu martwego</translation>
    </message>
    <message>
        <source>CT</source>
        <translation>TK</translation>
    </message>
    <message>
        <source>not stated</source>
        <translation>nie podano</translation>
    </message>
    <message>
        <source>heads: %1</source>
        <translation>głowice: %1</translation>
    </message>
    <message>
        <source>for each head %1 views of %2 s</source>
        <translation>na głowicę %1 projekcji po %2 s</translation>
    </message>
    <message>
        <source>arc %1</source>
        <translation>łuk %1</translation>
    </message>
    <message>
        <source>Acquisition</source>
        <translation>Akwizycja</translation>
    </message>
    <message>
        <source>not kept in these results; their images were read by an earlier version</source>
        <translation>nie zapisano w tych wynikach; obrazy wczytała wcześniejsza wersja</translation>
    </message>
    <message>
        <source>Product, batch, dose calibrator, amino acids and site of injection are not recorded, except where a remark says so.</source>
        <translation>Preparatu, numeru serii, miernika aktywności, aminokwasów i miejsca podania nie zapisano, chyba że podaje je uwaga.</translation>
    </message>
    <message>
        <source>Product</source>
        <translation>Preparat</translation>
    </message>
    <message>
        <source>Batch</source>
        <translation>Numer serii</translation>
    </message>
    <message>
        <source>Dose calibrator</source>
        <translation>Miernik aktywności</translation>
    </message>
    <message>
        <source>Amino acids</source>
        <translation>Aminokwasy</translation>
    </message>
    <message>
        <source>Site of injection</source>
        <translation>Miejsce podania</translation>
    </message>
    <message>
        <source>not recorded</source>
        <translation>nie zapisano</translation>
    </message>
    <message>
        <source>Calibration</source>
        <translation>Kalibracja</translation>
    </message>
    <message>
        <source>calibration date not stated</source>
        <translation>daty kalibracji nie podano</translation>
    </message>
    <message>
        <source>measured on %1</source>
        <translation>zmierzono %1</translation>
    </message>
    <message>
        <source>valid until %1</source>
        <translation>ważna do %1</translation>
    </message>
    <message>
        <source>applied, method not stated</source>
        <translation>zastosowano, metody nie podano</translation>
    </message>
    <message>
        <source>not applied, says the file</source>
        <translation>nie zastosowano, według pliku</translation>
    </message>
    <message>
        <source>by the camera: %1; here: %2</source>
        <translation>w kamerze: %1; tutaj: %2</translation>
    </message>
    <message>
        <source>tube voltage not stated</source>
        <translation>napięcia lampy nie podano</translation>
    </message>
    <message>
        <source>filter not stated</source>
        <translation>filtru nie podano</translation>
    </message>
    <message>
        <source>vial %1 MBq</source>
        <translation>fiolka %1 MBq</translation>
    </message>
    <message>
        <source>Correlation</source>
        <translation>Korelacja</translation>
    </message>
    <message>
        <source>VOIs: where they come from, density, and volume on each scan</source>
        <translation>VOI: pochodzenie, gęstość i objętość w każdym badaniu</translation>
    </message>
    <message>
        <source>Role</source>
        <translation>Rola</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>Źródło</translation>
    </message>
    <message>
        <source>Density, g/mL</source>
        <translation>Gęstość, g/mL</translation>
    </message>
    <message>
        <source>Volume on each scan, mL</source>
        <translation>Objętość w każdym badaniu, mL</translation>
    </message>
    <message>
        <source>Confirmed by</source>
        <translation>Potwierdził(a)</translation>
    </message>
    <message>
        <source>Contribution</source>
        <translation>Składnik</translation>
    </message>
    <message>
        <source>Counting, s</source>
        <translation>Zliczanie, s</translation>
    </message>
    <message>
        <source>Course</source>
        <translation>Terapia</translation>
    </message>
    <message>
        <source>Course report: no further cycle</source>
        <translation>Raport z terapii: brak dalszych cykli</translation>
    </message>
    <message>
        <source>Course so far</source>
        <translation>Dotychczasowa terapia</translation>
    </message>
    <message>
        <source>Cross-check, Gy</source>
        <translation>Kontrola, Gy</translation>
    </message>
    <message>
        <source>Cumulative absorbed dose, Gy</source>
        <translation>Skumulowana dawka pochłonięta, Gy</translation>
    </message>
    <message>
        <source>Cycle</source>
        <translation>Cykl</translation>
    </message>
    <message>
        <source>Cycle %1: measurement</source>
        <translation>Cykl %1: pomiar</translation>
    </message>
    <message>
        <source>Data tables of the program</source>
        <translation>Tablice danych programu</translation>
    </message>
    <message>
        <source>Day</source>
        <translation>Dzień</translation>
    </message>
    <message>
        <source>Deviation</source>
        <translation>Odchylenie</translation>
    </message>
    <message>
        <source>Dosimetry report</source>
        <translation>Raport dozymetryczny</translation>
    </message>
    <message>
        <source>Dosimetry report, patient %1</source>
        <translation>Raport dozymetryczny, pacjent %1</translation>
    </message>
    <message>
        <source>Draft, plan not signed</source>
        <translation>Projekt, plan niepodpisany</translation>
    </message>
    <message>
        <source>Each VOI's own outline is thick, others are thin; the slice is the one in which the VOI is largest. Each picture has its own colour scale. Bar: %1. Letters: right, left, anterior, posterior, head, feet of the patient.</source>
        <translation>Gruba linia: obrys danego VOI, cienkie: pozostałych; warstwa, w której VOI jest największy. Każdy obraz ma własną skalę barw. Odcinek: %1. Litery: R – prawa, L – lewa, A – przód, P – tył, H – głowa, F – stopy pacjenta.</translation>
    </message>
    <message>
        <source>Earlier courses, %1: %2 Gy, within what is given.</source>
        <translation>Wcześniejsze terapie, %1: %2 Gy, zawarte w dawce otrzymanej.</translation>
    </message>
    <message>
        <source>Earlier courses, %1: %2 Gy, within the sums.</source>
        <translation>Wcześniejsze terapie, %1: %2 Gy, zawarte w sumach.</translation>
    </message>
    <message>
        <source>End of course, Gy</source>
        <translation>Koniec terapii, Gy</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Metoda</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>Błąd</translation>
    </message>
    <message>
        <source>Every limit kept with a probability of %1</source>
        <translation>Wszystkie limity zachowane z prawdopodobieństwem %1</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Pliki</translation>
    </message>
    <message>
        <source>For an audit. All intermediate results, unrounded, are attached to this file as results.json.</source>
        <translation>Na potrzeby audytu. Wszystkie wyniki pośrednie, niezaokrąglone, są dołączone do tego pliku jako results.json.</translation>
    </message>
    <message>
        <source>Freedom</source>
        <translation>St. swobody</translation>
    </message>
    <message>
        <source>From %1 to %2; axes from 0. Grades: CTCAE v5.</source>
        <translation>Od %1 do %2; osie od 0. Stopnie: CTCAE v5.</translation>
    </message>
    <message>
        <source>Given, Gy</source>
        <translation>Otrzymana, Gy</translation>
    </message>
    <message>
        <source>Grade by cycle</source>
        <translation>Stopień w cyklach</translation>
    </message>
    <message>
        <source>Half-life, h</source>
        <translation>T½, h</translation>
    </message>
    <message>
        <source>In view, MBq</source>
        <translation>W polu, MBq</translation>
    </message>
    <message>
        <source>Infusion, min</source>
        <translation>Infuzja, min</translation>
    </message>
    <message>
        <source>Input files</source>
        <translation>Pliki wejściowe</translation>
    </message>
    <message>
        <source>Input files by folder</source>
        <translation>Pliki wejściowe według folderów</translation>
    </message>
    <message>
        <source>Input folder</source>
        <translation>Folder wejściowy</translation>
    </message>
    <message>
        <source>Laboratory trend</source>
        <translation>Wyniki laboratoryjne w czasie</translation>
    </message>
    <message>
        <source>Laboratory values and CTCAE v5 grades</source>
        <translation>Wyniki laboratoryjne i stopnie CTCAE v5</translation>
    </message>
    <message>
        <source>Limit holds for</source>
        <translation>Zakres</translation>
    </message>
    <message>
        <source>Limit, Gy</source>
        <translation>Limit, Gy</translation>
    </message>
    <message>
        <source>Mass, g</source>
        <translation>Masa, g</translation>
    </message>
    <message>
        <source>Methods, settings and limits</source>
        <translation>Metody, ustawienia i limity</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Model</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modele</translation>
    </message>
    <message>
        <source>Models tried, with AICc</source>
        <translation>Sprawdzone modele, z AICc</translation>
    </message>
    <message>
        <source>Next cycle, Gy</source>
        <translation>Następny cykl, Gy</translation>
    </message>
    <message>
        <source>No cycle yet.</source>
        <translation>Nie było jeszcze cyklu.</translation>
    </message>
    <message>
        <source>No laboratory value was given.</source>
        <translation>Nie podano wyników laboratoryjnych.</translation>
    </message>
    <message>
        <source>No warning, no error, no override.</source>
        <translation>Brak ostrzeżeń, błędów i odstępstw.</translation>
    </message>
    <message>
        <source>None.</source>
        <translation>Brak.</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Uwaga</translation>
    </message>
    <message>
        <source>Nuclide</source>
        <translation>Nuklid</translation>
    </message>
    <message>
        <source>Organ</source>
        <translation>Narząd</translation>
    </message>
    <message>
        <source>Override</source>
        <translation>Odstępstwo</translation>
    </message>
    <message>
        <source>Overrides and remarks to be acknowledged</source>
        <translation>Odstępstwa i uwagi do przyjęcia do wiadomości</translation>
    </message>
    <message>
        <source>P(exceed)</source>
        <translation>P(przekr.)</translation>
    </message>
    <message>
        <source>Page %1 of %2</source>
        <translation>Strona %1 z %2</translation>
    </message>
    <message>
        <source>Parameters of the curves, cycle %1</source>
        <translation>Parametry krzywych, cykl %1</translation>
    </message>
    <message>
        <source>Parameters ± u</source>
        <translation>Parametry ± u</translation>
    </message>
    <message>
        <source>Partial volume</source>
        <translation>Częściowa objętość</translation>
    </message>
    <message>
        <source>Patient</source>
        <translation>Pacjent</translation>
    </message>
    <message>
        <source>Patient ID</source>
        <translation>Identyfikator pacjenta</translation>
    </message>
    <message>
        <source>Physician</source>
        <translation>Lekarz</translation>
    </message>
    <message>
        <source>Physician, signature of the plan</source>
        <translation>Lekarz, podpis planu</translation>
    </message>
    <message>
        <source>Physicist</source>
        <translation>Fizyk medyczny</translation>
    </message>
    <message>
        <source>Physicist, signature of the plan</source>
        <translation>Fizyk medyczny, podpis planu</translation>
    </message>
    <message>
        <source>Physics tables</source>
        <translation>Tablice fizyczne</translation>
    </message>
    <message>
        <source>Plan signed</source>
        <translation>Plan podpisany</translation>
    </message>
    <message>
        <source>Planned, GBq</source>
        <translation>Planowano, GBq</translation>
    </message>
    <message>
        <source>Predicted absorbed dose against the limits</source>
        <translation>Przewidywana dawka pochłonięta a limity</translation>
    </message>
    <message>
        <source>Protocol</source>
        <translation>Protokół</translation>
    </message>
    <message>
        <source>Protocol %1</source>
        <translation>Protokół %1</translation>
    </message>
    <message>
        <source>Provenance</source>
        <translation>Pochodzenie danych</translation>
    </message>
    <message>
        <source>Record %1</source>
        <translation>Zapis %1</translation>
    </message>
    <message>
        <source>Record (plan.json), SHA-256</source>
        <translation>Zapis (plan.json), SHA-256</translation>
    </message>
    <message>
        <source>Remarks</source>
        <translation>Uwagi</translation>
    </message>
    <message>
        <source>Report for the decision on cycle %1</source>
        <translation>Raport do decyzji o cyklu %1</translation>
    </message>
    <message>
        <source>Residual, mm</source>
        <translation>Błąd resztkowy, mm</translation>
    </message>
    <message>
        <source>Results (results.json), SHA-256</source>
        <translation>Wyniki (results.json), SHA-256</translation>
    </message>
    <message>
        <source>Root digest, 16 digits</source>
        <translation>Skrót zbiorczy, 16 cyfr</translation>
    </message>
    <message>
        <source>SHA-256 or edition</source>
        <translation>SHA-256 lub wydanie</translation>
    </message>
    <message>
        <source>SPECT over CT with the outlines</source>
        <translation>SPECT nałożony na TK z obrysami</translation>
    </message>
    <message>
        <source>Scans and their alignment</source>
        <translation>Badania i ich rejestracja</translation>
    </message>
    <message>
        <source>Second opinion</source>
        <translation>Druga opinia</translation>
    </message>
    <message>
        <source>Series</source>
        <translation>Serie</translation>
    </message>
    <message>
        <source>Sex</source>
        <translation>Płeć</translation>
    </message>
    <message>
        <source>Share of the limit</source>
        <translation>Część limitu</translation>
    </message>
    <message>
        <source>Signed by the %1</source>
        <translation>Podpis (%1)</translation>
    </message>
    <message>
        <source>Software</source>
        <translation>Oprogramowanie</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>Początek</translation>
    </message>
    <message>
        <source>Start of infusion</source>
        <translation>Początek infuzji</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Stop</translation>
    </message>
    <message>
        <source>Sum</source>
        <translation>Suma</translation>
    </message>
    <message>
        <source>Table</source>
        <translation>Tablica</translation>
    </message>
    <message>
        <source>Technical annex</source>
        <translation>Załącznik techniczny</translation>
    </message>
    <message>
        <source>Time-integrated, MBq·h</source>
        <translation>Scałkowana, MBq·h</translation>
    </message>
    <message>
        <source>Time–activity curves</source>
        <translation>Krzywe czas–aktywność</translation>
    </message>
    <message>
        <source>Total by rest-of-body convention, Gy:</source>
        <translation>Suma według konwencji dla reszty ciała, Gy:</translation>
    </message>
    <message>
        <source>Total, Gy</source>
        <translation>Razem, Gy</translation>
    </message>
    <message>
        <source>Total, Gy ± u</source>
        <translation>Razem, Gy ± u</translation>
    </message>
    <message>
        <source>Uncertainty of the organs: common to all cycles, and random</source>
        <translation>Niepewność dla narządów: wspólna dla wszystkich cykli i losowa</translation>
    </message>
    <message>
        <source>Uncertainty of the total absorbed dose, and the share of each source in its variance, %</source>
        <translation>Niepewność całkowitej dawki pochłoniętej i udział każdego źródła w jej wariancji, %</translation>
    </message>
    <message>
        <source>Unit</source>
        <translation>Jednostka</translation>
    </message>
    <message>
        <source>VOI</source>
        <translation>VOI</translation>
    </message>
    <message>
        <source>VOID</source>
        <translation>NIEWAŻNE</translation>
    </message>
    <message>
        <source>VOID: not for use</source>
        <translation>NIEWAŻNE: nie stosować</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>Badanie</translation>
    </message>
    <message>
        <source>Volume, mL</source>
        <translation>Objętość, mL</translation>
    </message>
    <message>
        <source>Voxel, mm</source>
        <translation>Woksel, mm</translation>
    </message>
    <message>
        <source>Warning</source>
        <translation>Ostrzeżenie</translation>
    </message>
    <message>
        <source>Weights</source>
        <translation>Wagi</translation>
    </message>
    <message>
        <source>Where the absorbed dose of each organ comes from, Gy</source>
        <translation>Skąd pochodzi dawka pochłonięta w narządach, Gy</translation>
    </message>
    <message>
        <source>and %1 more remarks: see “All findings and overrides”.</source>
        <translation>oraz dalsze uwagi (%1): zob. „Wszystkie uwagi i odstępstwa”.</translation>
    </message>
    <message>
        <source>axial, z %1 mm</source>
        <translation>poprzeczna, z %1 mm</translation>
    </message>
    <message>
        <source>certificate</source>
        <translation>certyfikat</translation>
    </message>
    <message>
        <source>common, Gy</source>
        <translation>wspólna, Gy</translation>
    </message>
    <message>
        <source>coronal, y %1 mm</source>
        <translation>czołowa, y %1 mm</translation>
    </message>
    <message>
        <source>earlier courses %1</source>
        <translation>wcześniejsze terapie %1</translation>
    </message>
    <message>
        <source>entered by %1</source>
        <translation>wpisał(a) %1</translation>
    </message>
    <message>
        <source>given, ± standard uncertainty</source>
        <translation>otrzymana, ± niepewność standardowa</translation>
    </message>
    <message>
        <source>grade %1</source>
        <translation>stopień %1</translation>
    </message>
    <message>
        <source>limit</source>
        <translation>limit</translation>
    </message>
    <message>
        <source>limit %1, left %2</source>
        <translation>limit %1, pozostało %2</translation>
    </message>
    <message>
        <source>earlier courses</source>
        <translation>wcześniejsze terapie</translation>
    </message>
    <message>
        <source>next cycle</source>
        <translation>następny cykl</translation>
    </message>
    <message>
        <source>none</source>
        <translation>brak</translation>
    </message>
    <message>
        <source>not given</source>
        <translation>nie podano</translation>
    </message>
    <message>
        <source>not signed</source>
        <translation>brak podpisu</translation>
    </message>
    <message>
        <source>not trusted here</source>
        <translation>bez zaufania w tym ośrodku</translation>
    </message>
    <message>
        <source>physician</source>
        <translation>lekarz</translation>
    </message>
    <message>
        <source>physicist</source>
        <translation>fizyk medyczny</translation>
    </message>
    <message>
        <source>random, Gy</source>
        <translation>losowa, Gy</translation>
    </message>
    <message>
        <source>remaining cycles, same activities</source>
        <translation>pozostałe cykle, te same aktywności</translation>
    </message>
    <message>
        <source>residual %1 MBq</source>
        <translation>pozostałość %1 MBq</translation>
    </message>
    <message>
        <source>root digest</source>
        <translation>skrót zbiorczy</translation>
    </message>
    <message>
        <source>sum, Gy</source>
        <translation>suma, Gy</translation>
    </message>
    <message>
        <source>u, Gy</source>
        <translation>u, Gy</translation>
    </message>
    <message>
        <source>u: standard uncertainty, k = 1. Bar: given, next cycle, whole course; the line is the limit. P(exceed): probability of exceeding the limit; a dash where no uncertainty is known.</source>
        <translation>u: niepewność standardowa, k = 1. Słupek: otrzymana, następny cykl, cała terapia; kreska oznacza limit. P(przekr.): prawdopodobieństwo przekroczenia limitu; myślnik, gdy niepewność nie jest znana.</translation>
    </message>
    <message>
        <source>and %1 more alternatives, on the plan screen.</source>
        <translation>oraz dalsze możliwości (%1), na ekranie planu.</translation>
    </message>
    <message>
        <source>Activities</source>
        <translation>Aktywności</translation>
    </message>
    <message>
        <source>Sharing of what the limits leave</source>
        <translation>Podział tego, co pozostawiają limity</translation>
    </message>
    <message>
        <source>Predictor of the dose per activity</source>
        <translation>Predykcja dawki na aktywność</translation>
    </message>
    <message>
        <source>Kidney value</source>
        <translation>Wartość dla nerek</translation>
    </message>
    <message>
        <source>Free activity, rounded down to steps of</source>
        <translation>Zmienna aktywność, zaokrąglana w dół co</translation>
    </message>
    <message>
        <source>Warning above a probability of</source>
        <translation>Ostrzeżenie powyżej prawdopodobieństwa</translation>
    </message>
    <message>
        <source>Standard uncertainty from cycle to cycle</source>
        <translation>Niepewność standardowa między cyklami</translation>
    </message>
    <message>
        <source>Entry rules</source>
        <translation>Reguły włączenia</translation>
    </message>
    <message>
        <source>Stop rules</source>
        <translation>Reguły zatrzymania</translation>
    </message>
    <message>
        <source>fixed, %1</source>
        <translation>stała, %1</translation>
    </message>
    <message>
        <source>free, standard %1</source>
        <translation>zmienna, standardowo %1</translation>
    </message>
    <message>
        <source>, %1 at least</source>
        <translation>, co najmniej %1</translation>
    </message>
    <message>
        <source>, %1 at most</source>
        <translation>, najwyżej %1</translation>
    </message>
    <message>
        <source>Activity of %1</source>
        <translation>Aktywność %1</translation>
    </message>
    <message>
        <source>Physical half-life of %1</source>
        <translation>Fizyczny okres półtrwania %1</translation>
    </message>
    <message>
        <source>by weights %1</source>
        <translation>według wag %1</translation>
    </message>
    <message>
        <source>On %1; axes from 0. Grades: CTCAE v5.</source>
        <translation>Z dnia %1; osie od 0. Stopnie: CTCAE v5.</translation>
    </message>
</context>
<context>
    <name>words</name>
    <message>
        <source>above %1</source>
        <translation>powyżej %1</translation>
    </message>
    <message>
        <source>Research use only. Not a medical device; not for treatment decisions without local commissioning.</source>
        <translation>Tylko do celów badawczych. To nie jest wyrób medyczny; nie do decyzji terapeutycznych bez lokalnej walidacji.</translation>
    </message>
    <message>
        <source>Not kept in a store: no audit chain.</source>
        <translation>Poza magazynem danych: brak łańcucha audytu.</translation>
    </message>
    <message>
        <source>Audit chain: %1, head %2; all 64 digits under Provenance.</source>
        <translation>Łańcuch audytu: %1, głowa %2; wszystkie 64 cyfry w części „Pochodzenie danych”.</translation>
    </message>
    <message>
        <source>%1; head %2; store %3</source>
        <translation>%1; głowa %2; magazyn %3</translation>
    </message>
    <message>
        <source>%1 events</source>
        <translation>zdarzenia: %1</translation>
    </message>
    <message>
        <source>%1 event</source>
        <translation>zdarzenia: %1</translation>
    </message>
    <message>
        <source>female</source>
        <translation>kobieta</translation>
    </message>
    <message>
        <source>male</source>
        <translation>mężczyzna</translation>
    </message>
    <message>
        <source>fixed by the protocol</source>
        <translation>ustalona protokołem</translation>
    </message>
    <message>
        <source>nothing to be given</source>
        <translation>nic nie podawać</translation>
    </message>
    <message>
        <source>adjusted to the limits</source>
        <translation>dostosowana do limitów</translation>
    </message>
    <message>
        <source>no activity is left within the limits</source>
        <translation>w granicach limitów nie pozostaje żadna aktywność</translation>
    </message>
    <message>
        <source>Bounded by %1. The coming cycles keep all limits; a delivered cycle exceeded the red marrow limit per cycle.</source>
        <translation>Ograniczenie: %1. Kolejne cykle zachowują wszystkie limity; w podanym cyklu przekroczono limit szpiku kostnego czerwonego na cykl.</translation>
    </message>
    <message>
        <source>Decision: the protocol's standard activity. The coming cycles keep all limits; a delivered cycle exceeded the red marrow limit per cycle.</source>
        <translation>Decyzja: standardowa aktywność protokołu. Kolejne cykle zachowują wszystkie limity; w podanym cyklu przekroczono limit szpiku kostnego czerwonego na cykl.</translation>
    </message>
    <message>
        <source>Decision: other activities than proposed. The coming cycles keep all limits; a delivered cycle exceeded the red marrow limit per cycle.</source>
        <translation>Decyzja: inne aktywności niż proponowane. Kolejne cykle zachowują wszystkie limity; w podanym cyklu przekroczono limit szpiku kostnego czerwonego na cykl.</translation>
    </message>
    <message>
        <source>rounded down from %1</source>
        <translation>zaokrąglona w dół z %1</translation>
    </message>
    <message>
        <source>Bounded by %1. All limits are kept.</source>
        <translation>Ograniczenie: %1. Wszystkie limity są zachowane.</translation>
    </message>
    <message>
        <source>Bounded by %1. The proposed activities do not keep all limits.</source>
        <translation>Ograniczenie: %1. Proponowane aktywności nie zachowują wszystkich limitów.</translation>
    </message>
    <message>
        <source>Stopped by %1.</source>
        <translation>Leczenie zatrzymane; przyczyna: %1.</translation>
    </message>
    <message>
        <source>No further cycle is planned.</source>
        <translation>Nie planuje się dalszych cykli.</translation>
    </message>
    <message>
        <source>All planned cycles are done: there is no next cycle.</source>
        <translation>Wykonano wszystkie planowane cykle: nie ma następnego.</translation>
    </message>
    <message>
        <source>Treatment is stopped: no activity is to be given.</source>
        <translation>Leczenie zatrzymane: nie podawać aktywności.</translation>
    </message>
    <message>
        <source>Unresolved errors: %1. Not for use until each is resolved or overridden with a reason.</source>
        <translation>Nierozwiązane błędy: %1. Nie stosować, dopóki każdy nie zostanie usunięty lub uchylony z uzasadnieniem.</translation>
    </message>
    <message>
        <source>the kidney limit</source>
        <translation>limit dla nerek</translation>
    </message>
    <message>
        <source>the red marrow limit per cycle</source>
        <translation>limit dla szpiku kostnego czerwonego na cykl</translation>
    </message>
    <message>
        <source>the red marrow limit of the course</source>
        <translation>limit dla szpiku kostnego czerwonego w całej terapii</translation>
    </message>
    <message>
        <source>the kidney limit of BED</source>
        <translation>limit BED dla nerek</translation>
    </message>
    <message>
        <source>the fixed nuclide, which alone exceeds what is left</source>
        <translation>nuklid o stałej aktywności, który sam przekracza pozostały limit</translation>
    </message>
    <message>
        <source>the activity cap</source>
        <translation>górna granica aktywności</translation>
    </message>
    <message>
        <source>the smallest activity that can be dispensed</source>
        <translation>najmniejsza aktywność możliwa do przygotowania</translation>
    </message>
    <message>
        <source>a stop rule</source>
        <translation>reguła zatrzymania leczenia</translation>
    </message>
    <message>
        <source>the protocol</source>
        <translation>protokół</translation>
    </message>
    <message>
        <source>missing data: nothing can be planned</source>
        <translation>brak danych: nie można planować</translation>
    </message>
    <message>
        <source>nothing: no limit binds</source>
        <translation>brak: żaden limit nie ogranicza</translation>
    </message>
    <message>
        <source>kidneys</source>
        <translation>nerki</translation>
    </message>
    <message>
        <source>left kidney</source>
        <translation>nerka lewa</translation>
    </message>
    <message>
        <source>right kidney</source>
        <translation>nerka prawa</translation>
    </message>
    <message>
        <source>kidney left</source>
        <translation>nerka lewa</translation>
    </message>
    <message>
        <source>kidney right</source>
        <translation>nerka prawa</translation>
    </message>
    <message>
        <source>red marrow</source>
        <translation>szpik kostny czerwony</translation>
    </message>
    <message>
        <source>liver</source>
        <translation>wątroba</translation>
    </message>
    <message>
        <source>spleen</source>
        <translation>śledziona</translation>
    </message>
    <message>
        <source>lesion</source>
        <translation>zmiana</translation>
    </message>
    <message>
        <source>lesions</source>
        <translation>zmiany</translation>
    </message>
    <message>
        <source>remainder</source>
        <translation>reszta ciała</translation>
    </message>
    <message>
        <source>whole body</source>
        <translation>całe ciało</translation>
    </message>
    <message>
        <source>background</source>
        <translation>tło</translation>
    </message>
    <message>
        <source>other</source>
        <translation>inne</translation>
    </message>
    <message>
        <source>kidneys, BED</source>
        <translation>nerki, BED</translation>
    </message>
    <message>
        <source>whole course</source>
        <translation>cała terapia</translation>
    </message>
    <message>
        <source>each cycle</source>
        <translation>każdy cykl</translation>
    </message>
    <message>
        <source>no limit</source>
        <translation>bez limitu</translation>
    </message>
    <message>
        <source>stop</source>
        <translation>stop</translation>
    </message>
    <message>
        <source>error</source>
        <translation>błąd</translation>
    </message>
    <message>
        <source>warning</source>
        <translation>ostrzeżenie</translation>
    </message>
    <message>
        <source>override</source>
        <translation>odstępstwo</translation>
    </message>
    <message>
        <source>info</source>
        <translation>uwaga</translation>
    </message>
    <message>
        <source>plan</source>
        <translation>plan</translation>
    </message>
    <message>
        <source>course</source>
        <translation>terapia</translation>
    </message>
    <message>
        <source>protocol</source>
        <translation>protokół</translation>
    </message>
    <message>
        <source>laboratory</source>
        <translation>laboratorium</translation>
    </message>
    <message>
        <source>blood</source>
        <translation>krew</translation>
    </message>
    <message>
        <source>calibration</source>
        <translation>kalibracja</translation>
    </message>
    <message>
        <source>haematocrit</source>
        <translation>hematokryt</translation>
    </message>
    <message>
        <source>cycle %1</source>
        <translation>cykl %1</translation>
    </message>
    <message>
        <source>cycle %1, %2</source>
        <translation>cykl %1, %2</translation>
    </message>
    <message>
        <source>laboratory, %1</source>
        <translation>laboratorium, %1</translation>
    </message>
    <message>
        <source>cycle %1, time point %2</source>
        <translation>cykl %1, badanie %2</translation>
    </message>
    <message>
        <source>time point %1</source>
        <translation>badanie %1</translation>
    </message>
    <message>
        <source>Stop rule met, cycle %1</source>
        <translation>Spełniona reguła zatrzymania, cykl %1</translation>
    </message>
    <message>
        <source>Overridden: %1</source>
        <translation>Odstępstwo: %1</translation>
    </message>
    <message>
        <source>Cannot decide, cycle %1</source>
        <translation>Nie można rozstrzygnąć, cykl %1</translation>
    </message>
    <message>
        <source>cycle %1: %2</source>
        <translation>cykl %1: %2</translation>
    </message>
    <message>
        <source>haemoglobin</source>
        <translation>hemoglobina</translation>
    </message>
    <message>
        <source>platelets</source>
        <translation>płytki krwi</translation>
    </message>
    <message>
        <source>leukocytes</source>
        <translation>leukocyty</translation>
    </message>
    <message>
        <source>neutrophils</source>
        <translation>neutrofile</translation>
    </message>
    <message>
        <source>lymphocytes</source>
        <translation>limfocyty</translation>
    </message>
    <message>
        <source>creatinine</source>
        <translation>kreatynina</translation>
    </message>
    <message>
        <source>eGFR</source>
        <translation>eGFR</translation>
    </message>
    <message>
        <source>ALT</source>
        <translation>ALT</translation>
    </message>
    <message>
        <source>AST</source>
        <translation>AST</translation>
    </message>
    <message>
        <source>bilirubin</source>
        <translation>bilirubina</translation>
    </message>
    <message>
        <source>Karnofsky</source>
        <translation>Skala Karnofsky’ego</translation>
    </message>
    <message>
        <source>ECOG</source>
        <translation>ECOG</translation>
    </message>
    <message>
        <source>chromogranin A</source>
        <translation>chromogranina A</translation>
    </message>
    <message>
        <source>neuron-specific enolase</source>
        <translation>enolaza swoista dla neuronów</translation>
    </message>
    <message>
        <source>5-HIAA, urine</source>
        <translation>5-HIAA w moczu</translation>
    </message>
    <message>
        <source>performance status</source>
        <translation>stan sprawności</translation>
    </message>
    <message>
        <source>liver tests</source>
        <translation>próby wątrobowe</translation>
    </message>
    <message>
        <source>upper limit</source>
        <translation>górna granica normy</translation>
    </message>
    <message>
        <source>cannot decide</source>
        <translation>nie można rozstrzygnąć</translation>
    </message>
    <message>
        <source>%1: cannot decide</source>
        <translation>%1: nie można rozstrzygnąć</translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation>%1: %2</translation>
    </message>
    <message>
        <source>%1 missing</source>
        <translation>brak: %1</translation>
    </message>
    <message>
        <source>not measured</source>
        <translation>nie mierzono</translation>
    </message>
    <message>
        <source>measured</source>
        <translation>zmierzone</translation>
    </message>
    <message>
        <source>estimated</source>
        <translation>oszacowane</translation>
    </message>
    <message>
        <source>entered</source>
        <translation>wprowadzone</translation>
    </message>
    <message>
        <source>partly estimated</source>
        <translation>częściowo oszacowane</translation>
    </message>
    <message>
        <source>mono-exponential</source>
        <translation>jednowykładniczy</translation>
    </message>
    <message>
        <source>bi-exponential</source>
        <translation>dwuwykładniczy</translation>
    </message>
    <message>
        <source>bi-exponential-uptake</source>
        <translation>dwuwykładniczy z fazą wychwytu</translation>
    </message>
    <message>
        <source>tri-exponential-uptake</source>
        <translation>trójwykładniczy z fazą wychwytu</translation>
    </message>
    <message>
        <source>log-trapezoid</source>
        <translation>trapezów logarytmicznych</translation>
    </message>
    <message>
        <source>automatic</source>
        <translation>automatyczny</translation>
    </message>
    <message>
        <source>model-average</source>
        <translation>średnia modeli</translation>
    </message>
    <message>
        <source>single-time-point</source>
        <translation>jedno badanie</translation>
    </message>
    <message>
        <source>proportional</source>
        <translation>proporcjonalne</translation>
    </message>
    <message>
        <source>uniform</source>
        <translation>jednakowe</translation>
    </message>
    <message>
        <source>poisson</source>
        <translation>Poissona</translation>
    </message>
    <message>
        <source>given</source>
        <translation>zadane</translation>
    </message>
    <message>
        <source>amplitude</source>
        <translation>amplituda</translation>
    </message>
    <message>
        <source>decay constant</source>
        <translation>stała zaniku</translation>
    </message>
    <message>
        <source>fast amplitude</source>
        <translation>amplituda fazy szybkiej</translation>
    </message>
    <message>
        <source>slow amplitude</source>
        <translation>amplituda fazy wolnej</translation>
    </message>
    <message>
        <source>fast decay constant</source>
        <translation>stała fazy szybkiej</translation>
    </message>
    <message>
        <source>slow decay constant</source>
        <translation>stała fazy wolnej</translation>
    </message>
    <message>
        <source>uptake amplitude</source>
        <translation>amplituda wychwytu</translation>
    </message>
    <message>
        <source>uptake constant</source>
        <translation>stała wychwytu</translation>
    </message>
    <message>
        <source>effective half life</source>
        <translation>efektywny okres półtrwania</translation>
    </message>
    <message>
        <source>slowest decay constant</source>
        <translation>stała fazy najwolniejszej</translation>
    </message>
    <message>
        <source>from %1</source>
        <translation>z %1</translation>
    </message>
    <message>
        <source>organ-level</source>
        <translation>poziom narządu</translation>
    </message>
    <message>
        <source>sphere</source>
        <translation>kula</translation>
    </message>
    <message>
        <source>local-deposition</source>
        <translation>depozycja lokalna</translation>
    </message>
    <message>
        <source>voxel-s-values</source>
        <translation>wartości S wokseli</translation>
    </message>
    <message>
        <source>self, from blood</source>
        <translation>własny, z krwi</translation>
    </message>
    <message>
        <source>From kidneys</source>
        <translation>Od nerek</translation>
    </message>
    <message>
        <source>From liver</source>
        <translation>Od wątroby</translation>
    </message>
    <message>
        <source>From spleen</source>
        <translation>Od śledziony</translation>
    </message>
    <message>
        <source>From remainder</source>
        <translation>Od reszty ciała</translation>
    </message>
    <message>
        <source>From lesions</source>
        <translation>Od zmian</translation>
    </message>
    <message>
        <source>self</source>
        <translation>własny</translation>
    </message>
    <message>
        <source>icrp-other</source>
        <translation>ICRP „inne”</translation>
    </message>
    <message>
        <source>soft-tissue</source>
        <translation>tkanka miękka</translation>
    </message>
    <message>
        <source>total-body-difference</source>
        <translation>różnica z całym ciałem</translation>
    </message>
    <message>
        <source>rigid-ct</source>
        <translation>sztywna, TK</translation>
    </message>
    <message>
        <source>rigid-ct-ct</source>
        <translation>sztywna, TK–TK</translation>
    </message>
    <message>
        <source>rigid-spect</source>
        <translation>sztywna, SPECT</translation>
    </message>
    <message>
        <source>same-frame-of-reference</source>
        <translation>wspólny układ odniesienia</translation>
    </message>
    <message>
        <source>landmarks</source>
        <translation>punkty charakterystyczne</translation>
    </message>
    <message>
        <source>reference</source>
        <translation>badanie odniesienia</translation>
    </message>
    <message>
        <source>manual</source>
        <translation>ręczna</translation>
    </message>
    <message>
        <source>dicom</source>
        <translation>obiekt DICOM</translation>
    </message>
    <message>
        <source>matrix</source>
        <translation>zadana macierz</translation>
    </message>
    <message>
        <source>counts</source>
        <translation>zliczenia</translation>
    </message>
    <message>
        <source>fit</source>
        <translation>dopasowanie</translation>
    </message>
    <message>
        <source>identity</source>
        <translation>tożsamość biodystrybucji</translation>
    </message>
    <message>
        <source>partial volume</source>
        <translation>częściowa objętość</translation>
    </message>
    <message>
        <source>registration</source>
        <translation>rejestracja</translation>
    </message>
    <message>
        <source>S value</source>
        <translation>wartość S</translation>
    </message>
    <message>
        <source>volume</source>
        <translation>objętość</translation>
    </message>
    <message>
        <source>convention</source>
        <translation>konwencja</translation>
    </message>
    <message>
        <source>dead time model</source>
        <translation>model czasu martwego</translation>
    </message>
    <message>
        <source>dead time</source>
        <translation>czas martwy</translation>
    </message>
    <message>
        <source>point spread fwhm</source>
        <translation>FWHM funkcji rozmycia</translation>
    </message>
    <message>
        <source>profile</source>
        <translation>profil kamery</translation>
    </message>
    <message>
        <source>profile sha256</source>
        <translation>SHA-256 profilu kamery</translation>
    </message>
    <message>
        <source>relative standard uncertainty</source>
        <translation>względna niepewność standardowa</translation>
    </message>
    <message>
        <source>sensitivity</source>
        <translation>czułość</translation>
    </message>
    <message>
        <source>sensitivity with yttrium 90</source>
        <translation>czułość przy obecności itru-90</translation>
    </message>
    <message>
        <source>counting duration</source>
        <translation>czas zliczania</translation>
    </message>
    <message>
        <source>counting duration s</source>
        <translation>czas zliczania, s</translation>
    </message>
    <message>
        <source>image quantity</source>
        <translation>wielkość w obrazie</translation>
    </message>
    <message>
        <source>image decay reference</source>
        <translation>odniesienie korekcji na rozpad</translation>
    </message>
    <message>
        <source>measured on</source>
        <translation>zmierzono dnia</translation>
    </message>
    <message>
        <source>valid until</source>
        <translation>ważna do</translation>
    </message>
    <message>
        <source>recovery</source>
        <translation>odzysk</translation>
    </message>
    <message>
        <source>model</source>
        <translation>model</translation>
    </message>
    <message>
        <source>b</source>
        <translation>b</translation>
    </message>
    <message>
        <source>gamma</source>
        <translation>gamma</translation>
    </message>
    <message>
        <source>density</source>
        <translation>gęstość</translation>
    </message>
    <message>
        <source>engine</source>
        <translation>metoda</translation>
    </message>
    <message>
        <source>engine by voi</source>
        <translation>metoda według VOI</translation>
    </message>
    <message>
        <source>few scans</source>
        <translation>mało badań</translation>
    </message>
    <message>
        <source>prior</source>
        <translation>wiedza a priori</translation>
    </message>
    <message>
        <source>single time point</source>
        <translation>jedno badanie</translation>
    </message>
    <message>
        <source>tail</source>
        <translation>ogon krzywej</translation>
    </message>
    <message>
        <source>weights</source>
        <translation>wagi</translation>
    </message>
    <message>
        <source>exclude</source>
        <translation>wykluczone</translation>
    </message>
    <message>
        <source>model by voi</source>
        <translation>model według VOI</translation>
    </message>
    <message>
        <source>measurement</source>
        <translation>pomiar</translation>
    </message>
    <message>
        <source>contour convention</source>
        <translation>konwencja konturów</translation>
    </message>
    <message>
        <source>whole body method</source>
        <translation>metoda dla całego ciała</translation>
    </message>
    <message>
        <source>clock offset s</source>
        <translation>poprawka zegara, s</translation>
    </message>
    <message>
        <source>clock offset</source>
        <translation>poprawka zegara</translation>
    </message>
    <message>
        <source>scanner</source>
        <translation>skaner</translation>
    </message>
    <message>
        <source>dose calibrator</source>
        <translation>miernik aktywności</translation>
    </message>
    <message>
        <source>radiobiology</source>
        <translation>radiobiologia</translation>
    </message>
    <message>
        <source>kidneys alpha beta</source>
        <translation>nerki, α/β</translation>
    </message>
    <message>
        <source>kidneys repair half life</source>
        <translation>nerki, okres połowicznej naprawy</translation>
    </message>
    <message>
        <source>kidneys source</source>
        <translation>nerki, źródło</translation>
    </message>
    <message>
        <source>blood density</source>
        <translation>gęstość krwi</translation>
    </message>
    <message>
        <source>extracellular fluid fraction</source>
        <translation>frakcja płynu pozakomórkowego</translation>
    </message>
    <message>
        <source>marrow density</source>
        <translation>gęstość szpiku</translation>
    </message>
    <message>
        <source>marrow to blood</source>
        <translation>szpik do krwi</translation>
    </message>
    <message>
        <source>marrow to blood ratio</source>
        <translation>stosunek szpik/krew</translation>
    </message>
    <message>
        <source>rest of body</source>
        <translation>reszta ciała</translation>
    </message>
    <message>
        <source>scale remainder by body mass</source>
        <translation>skalowanie reszty ciała masą</translation>
    </message>
    <message>
        <source>time zero</source>
        <translation>czas zero</translation>
    </message>
    <message>
        <source>voxel s values beside</source>
        <translation>wartości S wokseli obok</translation>
    </message>
    <message>
        <source>density from ct</source>
        <translation>gęstość z TK</translation>
    </message>
    <message>
        <source>density curves</source>
        <translation>krzywe gęstości</translation>
    </message>
    <message>
        <source>name</source>
        <translation>nazwa</translation>
    </message>
    <message>
        <source>reason</source>
        <translation>powód</translation>
    </message>
    <message>
        <source>time point</source>
        <translation>badanie</translation>
    </message>
    <message>
        <source>cycle</source>
        <translation>cykl</translation>
    </message>
    <message>
        <source>voi</source>
        <translation>VOI</translation>
    </message>
    <message>
        <source>clock-seconds-all-heads</source>
        <translation>sekundy zegarowe, wszystkie głowice</translation>
    </message>
    <message>
        <source>clock-seconds-per-head</source>
        <translation>sekundy zegarowe, na głowicę</translation>
    </message>
    <message>
        <source>frame-seconds</source>
        <translation>sekundy klatek</translation>
    </message>
    <message>
        <source>non-paralyzable</source>
        <translation>nieparaliżowalny</translation>
    </message>
    <message>
        <source>paralyzable</source>
        <translation>paraliżowalny</translation>
    </message>
    <message>
        <source>geometric-transfer-matrix</source>
        <translation>geometryczna macierz przejścia</translation>
    </message>
    <message>
        <source>recovery-curve</source>
        <translation>krzywa odzysku</translation>
    </message>
    <message>
        <source>b-gamma</source>
        <translation>b-gamma</translation>
    </message>
    <message>
        <source>refuse</source>
        <translation>odmowa</translation>
    </message>
    <message>
        <source>fitted</source>
        <translation>dopasowany</translation>
    </message>
    <message>
        <source>physical</source>
        <translation>fizyczny</translation>
    </message>
    <message>
        <source>population</source>
        <translation>populacyjna</translation>
    </message>
    <message>
        <source>previous-cycle</source>
        <translation>poprzedni cykl</translation>
    </message>
    <message>
        <source>two-t-over-ln2</source>
        <translation>2t/ln 2</translation>
    </message>
    <message>
        <source>outline</source>
        <translation>obrys</translation>
    </message>
    <message>
        <source>pixel-centres</source>
        <translation>środki pikseli</translation>
    </message>
    <message>
        <source>field-of-view</source>
        <translation>pole widzenia</translation>
    </message>
    <message>
        <source>ratio</source>
        <translation>stosunek</translation>
    </message>
    <message>
        <source>infusion-middle</source>
        <translation>środek infuzji</translation>
    </message>
    <message>
        <source>yes</source>
        <translation>tak</translation>
    </message>
    <message>
        <source>no</source>
        <translation>nie</translation>
    </message>
    <message>
        <source>counts_per_s</source>
        <translation>zliczenia/s</translation>
    </message>
    <message>
        <source>acquisition-start</source>
        <translation>początek akwizycji</translation>
    </message>
    <message>
        <source>administration</source>
        <translation>podanie</translation>
    </message>
    <message>
        <source>Limit · %1</source>
        <translation>Limit · %1</translation>
    </message>
    <message>
        <source>Limit of BED · %1</source>
        <translation>Limit BED · %1</translation>
    </message>
    <message>
        <source>Allocation of the next cycle · %1</source>
        <translation>Przydział następnego cyklu · %1</translation>
    </message>
    <message>
        <source>Allocation of BED of the next cycle · %1</source>
        <translation>Przydział BED następnego cyklu · %1</translation>
    </message>
    <message>
        <source>Given in earlier courses · %1</source>
        <translation>Otrzymane we wcześniejszych terapiach · %1</translation>
    </message>
    <message>
        <source>Activity before rounding · %1</source>
        <translation>Aktywność przed zaokrągleniem · %1</translation>
    </message>
    <message>
        <source>red marrow per cycle</source>
        <translation>szpik kostny czerwony, na cykl</translation>
    </message>
    <message>
        <source>red marrow total</source>
        <translation>szpik kostny czerwony, łącznie</translation>
    </message>
    <message>
        <source>The second opinion, computed by other code, agrees with every number it checks.</source>
        <translation>Druga opinia, obliczona innym kodem, zgadza się z każdą sprawdzaną liczbą.</translation>
    </message>
    <message>
        <source>No second opinion was computed.</source>
        <translation>Nie obliczono drugiej opinii.</translation>
    </message>
    <message>
        <source>%1: %2 here, %3 in the second opinion</source>
        <translation>%1: tutaj %2, w drugiej opinii %3</translation>
    </message>
    <message>
        <source>(case folder)</source>
        <translation>(folder przypadku)</translation>
    </message>
    <message>
        <source>done</source>
        <translation>zakończone</translation>
    </message>
    <message>
        <source>not known</source>
        <translation>nieznane</translation>
    </message>
    <message>
        <source>bounded by %1</source>
        <translation>ograniczenie: %1</translation>
    </message>
    <message>
        <source>State: calculated, not checked.</source>
        <translation>Stan: obliczony, niesprawdzony.</translation>
    </message>
    <message>
        <source>State: checked by %1 on %2; signatures below.</source>
        <translation>Stan: sprawdził(a) %1, %2; podpisy poniżej.</translation>
    </message>
    <message>
        <source>standard activity of the protocol</source>
        <translation>standardowa aktywność protokołu</translation>
    </message>
    <message>
        <source>as decided</source>
        <translation>zgodnie z decyzją</translation>
    </message>
    <message>
        <source>as decided; %1 would keep the limits</source>
        <translation>zgodnie z decyzją; limity zachowałoby %1</translation>
    </message>
    <message>
        <source>Decision: stop. The treatment ends here, nothing more is given.</source>
        <translation>Decyzja: zakończenie. Leczenie kończy się tutaj, nic więcej nie podawać.</translation>
    </message>
    <message>
        <source>Decision: hold. Nothing is given in cycle %1.</source>
        <translation>Decyzja: wstrzymanie. W cyklu %1 nic nie podawać.</translation>
    </message>
    <message>
        <source>Decision: the protocol's standard activity. All limits are kept.</source>
        <translation>Decyzja: standardowa aktywność protokołu. Wszystkie limity są zachowane.</translation>
    </message>
    <message>
        <source>Decision: the protocol's standard activity. The proposed activities do not keep all limits.</source>
        <translation>Decyzja: standardowa aktywność protokołu. Proponowane aktywności nie zachowują wszystkich limitów.</translation>
    </message>
    <message>
        <source>Decision: other activities than proposed. All limits are kept.</source>
        <translation>Decyzja: inne aktywności niż proponowane. Wszystkie limity są zachowane.</translation>
    </message>
    <message>
        <source>Decision: other activities than proposed. The proposed activities do not keep all limits.</source>
        <translation>Decyzja: inne aktywności niż proponowane. Proponowane aktywności nie zachowują wszystkich limitów.</translation>
    </message>
    <message>
        <source>the free nuclide is adapted to the limits</source>
        <translation>nuklid zmienny dostosowuje się do limitów</translation>
    </message>
    <message>
        <source>fixed; an excess is reported</source>
        <translation>stałe; przekroczenie jest zgłaszane</translation>
    </message>
    <message>
        <source>fixed while the limits allow it</source>
        <translation>stałe, dopóki pozwalają limity</translation>
    </message>
    <message>
        <source>equally among the remaining cycles</source>
        <translation>równo na pozostałe cykle</translation>
    </message>
    <message>
        <source>all of it in the next cycle</source>
        <translation>w całości w następnym cyklu</translation>
    </message>
    <message>
        <source>the latest measured cycle</source>
        <translation>ostatni zmierzony cykl</translation>
    </message>
    <message>
        <source>mean of the measured cycles</source>
        <translation>średnia zmierzonych cykli</translation>
    </message>
    <message>
        <source>mean of the measured cycles, weighted by activity</source>
        <translation>średnia zmierzonych cykli ważona aktywnością</translation>
    </message>
    <message>
        <source>linear trend of the measured cycles</source>
        <translation>trend liniowy zmierzonych cykli</translation>
    </message>
    <message>
        <source>the highest measured cycle</source>
        <translation>najwyższy zmierzony cykl</translation>
    </message>
    <message>
        <source>mean of both, weighted by mass</source>
        <translation>średnia obu, ważona masą</translation>
    </message>
    <message>
        <source>the higher side</source>
        <translation>strona o wyższej wartości</translation>
    </message>
</context>
<context>
    <name>sentences</name>
    <message>
        <source>%1 of the time-integrated activity lies after the last time point (limit %2)</source>
        <translation>%1 scałkowanej aktywności przypada po ostatnim badaniu (granica %2)</translation>
    </message>
    <message>
        <source>%1 of the time-integrated activity lies beyond the last time point at %2.</source>
        <translation>%1 scałkowanej aktywności przypada po ostatnim badaniu (%2).</translation>
    </message>
    <message>
        <source>%1 of the time-integrated activity lies before the first time point</source>
        <translation>%1 scałkowanej aktywności przypada przed pierwszym badaniem</translation>
    </message>
    <message>
        <source>%1 of the time integral in blood lies after the last sample</source>
        <translation>%1 całki po czasie we krwi przypada po ostatniej próbce</translation>
    </message>
    <message>
        <source>the patient has bone metastases: the blood-based red marrow dose does not hold beside them</source>
        <translation>pacjent ma przerzuty do kości: dawka w szpiku kostnym czerwonym wyznaczona z krwi nie obowiązuje w ich sąsiedztwie</translation>
    </message>
    <message>
        <source>the patient may have bone metastases (not said): the blood-based red marrow dose does not hold beside them</source>
        <translation>pacjent może mieć przerzuty do kości (nie podano): dawka w szpiku kostnym czerwonym wyznaczona z krwi nie obowiązuje w ich sąsiedztwie</translation>
    </message>
    <message>
        <source>Bone metastases are known: a blood-based marrow dose may be too low.</source>
        <translation>Stwierdzono przerzuty do kości: dawka w szpiku wyznaczona z krwi może być zaniżona.</translation>
    </message>
    <message>
        <source>The probability of exceeding the limit of the %1 (%2) is just above %3.</source>
        <translation>Prawdopodobieństwo przekroczenia limitu (%1: %2) wynosi nieco ponad %3.</translation>
    </message>
    <message>
        <source>The probability of exceeding the limit of the %1 (%2) is %3, above %4.</source>
        <translation>Prawdopodobieństwo przekroczenia limitu (%1: %2) wynosi %3, powyżej %4.</translation>
    </message>
    <message>
        <source>The probability of exceeding the kidney limit of %1 is %2, above %3.</source>
        <translation>Prawdopodobieństwo przekroczenia limitu dla nerek %1 wynosi %2, powyżej %3.</translation>
    </message>
    <message>
        <source>No uncertainty was entered, so no probability of exceeding a limit is computed.</source>
        <translation>Nie wprowadzono niepewności, więc nie obliczono prawdopodobieństwa przekroczenia limitu.</translation>
    </message>
    <message>
        <source>The uncertainty of an absorbed dose is not known, so the probability of exceeding its limit is not.</source>
        <translation>Niepewność dawki pochłoniętej nie jest znana, więc nie jest znane prawdopodobieństwo przekroczenia jej limitu.</translation>
    </message>
    <message>
        <source>the image states an administered activity of %1</source>
        <translation>obraz podaje podaną aktywność %1</translation>
    </message>
    <message>
        <source>counting time %1 s (%2 frames × %3 s, %4 heads)</source>
        <translation>czas zliczania %1 s (klatki: %2 × %3 s, głowice: %4)</translation>
    </message>
    <message>
        <source>counting time %1 s (one frame of %2 s)</source>
        <translation>czas zliczania %1 s (jedna klatka %2 s)</translation>
    </message>
    <message>
        <source>counting time %1 s (%2)</source>
        <translation>czas zliczania %1 s (%2)</translation>
    </message>
    <message>
        <source>already corrected for dead time, says the file; a dead time in the calibration would correct it twice</source>
        <translation>według pliku czas martwy jest już skorygowany; czas martwy w kalibracji skorygowałby go po raz drugi</translation>
    </message>
    <message>
        <source>not corrected for %1, says the file</source>
        <translation>według pliku bez korekcji: %1</translation>
    </message>
    <message>
        <source>attenuation</source>
        <translation>osłabienie</translation>
    </message>
    <message>
        <source>scatter</source>
        <translation>rozproszenie</translation>
    </message>
    <message>
        <source>attenuation and scatter</source>
        <translation>osłabienie i rozproszenie</translation>
    </message>
    <message>
        <source>whole-body activity is the sum over the field of view; the first scan holds %1 of what was administered (decay corrected); what lies outside the images is missing from the remainder</source>
        <translation>aktywność w całym ciele to suma w polu widzenia; pierwsze badanie zawiera %1 podanej aktywności (po korekcji na rozpad); tego, co leży poza obrazami, brakuje w reszcie ciała</translation>
    </message>
    <message>
        <source>lesions hold %1 and are left in the remainder (%2 of it)</source>
        <translation>zmiany zawierają %1 i pozostają w reszcie ciała (%2 jej aktywności)</translation>
    </message>
    <message>
        <source>eGFR %1 mL/min/1.73 m² was computed from creatinine by CKD-EPI 2021.</source>
        <translation>eGFR %1 mL/min/1,73 m² obliczono z kreatyniny według CKD-EPI 2021.</translation>
    </message>
    <message>
        <source>The latest laboratory values (%1) are from before the last administration (%2).</source>
        <translation>Ostatnie wyniki laboratoryjne (%1) pochodzą sprzed ostatniego podania (%2).</translation>
    </message>
    <message>
        <source>A stop rule is met: %1.</source>
        <translation>Spełniona jest reguła zatrzymania leczenia: %1.</translation>
    </message>
    <message>
        <source>An earlier value met a stop rule that the latest does not: %1.</source>
        <translation>Wcześniejszy wynik spełniał regułę zatrzymania, której ostatni nie spełnia: %1.</translation>
    </message>
    <message>
        <source>Stop rules that can't be decided: %1.</source>
        <translation>Reguły zatrzymania, których nie można rozstrzygnąć: %1.</translation>
    </message>
    <message>
        <source>The absorbed dose to the %1 is not known, so its limits can't be applied.</source>
        <translation>Dawka pochłonięta (%1) nie jest znana, więc nie można zastosować jej limitów.</translation>
    </message>
    <message>
        <source>All planned cycles were given.</source>
        <translation>Podano wszystkie planowane cykle.</translation>
    </message>
    <message>
        <source>CTCAE grade %1 of %2 (%3, %4), and protocol %5 has no laboratory stop rules.</source>
        <translation>Stopień %1 wg CTCAE: %2 (%3, %4), a protokół %5 nie ma laboratoryjnych reguł zatrzymania.</translation>
    </message>
    <message>
        <source>Protocol %1 has no laboratory stop rules.</source>
        <translation>Protokół %1 nie ma laboratoryjnych reguł zatrzymania.</translation>
    </message>
    <message>
        <source>Only %1 of %2 would be allowed, less than can be dispensed (%3): not given.</source>
        <translation>Dozwolone byłoby tylko %1 (%2), mniej niż można przygotować (%3): nie podawać.</translation>
    </message>
    <message>
        <source>%1 of %2 was chosen; %3 would be proposed.</source>
        <translation>Wybrano %1 (%2); proponowano by %3.</translation>
    </message>
    <message>
        <source>The whole remaining allowance goes to cycle %1; nothing is left for the %2 after it.</source>
        <translation>Całość pozostałego limitu przypada na cykl %1; na dalsze cykle (%2) nic nie zostaje.</translation>
    </message>
    <message>
        <source>%1 of %2 is %3 times the standard activity (%4); above %5 times it needs a reason.</source>
        <translation>%1 (%2) to %3-krotność standardowej aktywności (%4); powyżej %5-krotności wymagane jest uzasadnienie.</translation>
    </message>
    <message>
        <source>%1 of %2 is %3 times the last activity (%4); above %5 times it needs a reason.</source>
        <translation>%1 (%2) to %3-krotność ostatniej aktywności (%4); powyżej %5-krotności wymagane jest uzasadnienie.</translation>
    </message>
    <message>
        <source>One more cycle would pass the limit of the %1: the treatment ends here.</source>
        <translation>Kolejny cykl przekroczyłby limit (%1): leczenie kończy się tutaj.</translation>
    </message>
    <message>
        <source>A delivered cycle gave the red marrow %1, above the limit of %2 per cycle.</source>
        <translation>Wykonany cykl dał w szpiku kostnym czerwonym %1, powyżej limitu %2 na cykl.</translation>
    </message>
    <message>
        <source>The predicted %1 to the %2 is %3 above the limit of %4.</source>
        <translation>Przewidywana dawka %1 (%2) przekracza o %3 limit %4.</translation>
    </message>
    <message>
        <source>The predicted %1 to the %2 is %3 above the limit of %4. Decide whether to go on.</source>
        <translation>Przewidywana dawka %1 (%2) przekracza o %3 limit %4. Należy zdecydować, czy kontynuować.</translation>
    </message>
    <message>
        <source>The activity is never modified in this arm, and the predicted %1 to the %2 is %3 above the limit of %4.</source>
        <translation>W tym ramieniu aktywności się nie zmienia, a przewidywana dawka %1 (%2) przekracza o %3 limit %4.</translation>
    </message>
    <message>
        <source>The fixed %1 alone exceeds the allocation: the predicted %2 to the %3 is %4 above the limit of %5. Decide whether to go on.</source>
        <translation>Sam nuklid o stałej aktywności (%1) przekracza przydział: przewidywana dawka %2 (%3) przekracza o %4 limit %5. Należy zdecydować, czy kontynuować.</translation>
    </message>
    <message>
        <source>Not measured in this cycle; estimated from the absorbed dose per administered activity: %1.</source>
        <translation>Nie mierzono w tym cyklu; oszacowano z dawki pochłoniętej na podaną aktywność: %1.</translation>
    </message>
    <message>
        <source>Only the absorbed dose of %1 is known, not that of %2.</source>
        <translation>Znana jest tylko dawka pochłonięta od %1, nie od %2.</translation>
    </message>
    <message>
        <source>Time point %1 is left out: %2.</source>
        <translation>Badanie %1 pominięto: %2.</translation>
    </message>
    <message>
        <source>A sensitivity of %1 is unusual (%2 to %3 is usual); check value, unit and convention.</source>
        <translation>Czułość %1 jest nietypowa (zwykle od %2 do %3); sprawdzić wartość, jednostkę i konwencję.</translation>
    </message>
    <message>
        <source>Only the left kidney has a VOI; it stands for both. If there is a right one, it is missing.</source>
        <translation>VOI ma tylko lewa nerka; reprezentuje obie. Jeśli jest prawa, brakuje jej.</translation>
    </message>
    <message>
        <source>Only the right kidney has a VOI; it stands for both. If there is a left one, it is missing.</source>
        <translation>VOI ma tylko prawa nerka; reprezentuje obie. Jeśli jest lewa, brakuje jej.</translation>
    </message>
    <message>
        <source>The calibration's uncertainty is not stated; the uncertainties of activity and dose lack it.</source>
        <translation>Nie podano niepewności kalibracji; niepewności aktywności i dawki jej nie obejmują.</translation>
    </message>
    <message>
        <source>No absorbed dose: %1.</source>
        <translation>Brak dawki pochłoniętej: %1.</translation>
    </message>
    <message>
        <source>%1 is below the quantification limit of %2: the absorbed dose is an indication only.</source>
        <translation>%1 jest poniżej granicy oznaczalności %2: dawka pochłonięta jest jedynie orientacyjna.</translation>
    </message>
    <message>
        <source>The absorbed dose by %1 is still being computed; until then that by %2 stands, in the plan too.</source>
        <translation>Dawka pochłonięta metodą „%1” jest jeszcze obliczana; do tego czasu obowiązuje dawka metodą „%2”, także w planie.</translation>
    </message>
    <message>
        <source>Only %1 has a dose for this VOI; no second engine stands beside it.</source>
        <translation>Dawkę dla tego VOI daje tylko metoda „%1”; nie ma drugiej metody obok niej.</translation>
    </message>
    <message>
        <source>No blood sample, so no marrow dose of this cycle's own.</source>
        <translation>Brak próbki krwi, więc brak własnej dawki w szpiku w tym cyklu.</translation>
    </message>
    <message>
        <source>%1; check its unit (kBq/mL).</source>
        <translation>%1; sprawdzić jednostkę (kBq/mL).</translation>
    </message>
    <message>
        <source>the whole-body activity is unknown: the red marrow dose lacks the rest of the body and is too low</source>
        <translation>aktywność w całym ciele nie jest znana: dawce w szpiku kostnym czerwonym brakuje reszty ciała i jest zaniżona</translation>
    </message>
    <message>
        <source>the body mass is unknown: photons from the rest of the body were not scaled to it</source>
        <translation>masa ciała nie jest znana: fotonów z reszty ciała nie przeskalowano do niej</translation>
    </message>
    <message>
        <source>no activity of %1: it is counted with the rest of the body</source>
        <translation>brak aktywności (%1): liczona jest z resztą ciała</translation>
    </message>
    <message>
        <source>the blood samples show a single exponential phase</source>
        <translation>próbki krwi pokazują jedną fazę wykładniczą</translation>
    </message>
    <message>
        <source>%1 blood samples instead of %2: %3 was fitted</source>
        <translation>próbek krwi: %1 zamiast %2; dopasowano model: %3</translation>
    </message>
    <message>
        <source>%1 blood sample(s) drawn before the end of the infusion, or without activity, left out</source>
        <translation>pominięte próbki krwi (pobrane przed końcem infuzji lub bez aktywności): %1</translation>
    </message>
    <message>
        <source>the slow phase in blood was held at the longest effective half-life allowed, %1</source>
        <translation>wolną fazę we krwi utrzymano na najdłuższym dozwolonym efektywnym okresie półtrwania, %1</translation>
    </message>
    <message>
        <source>%1 whole-body measurement(s): a mono-exponential from the administered activity was used</source>
        <translation>pomiarów całego ciała: %1; użyto funkcji jednowykładniczej od podanej aktywności</translation>
    </message>
    <message>
        <source>the whole-body activity is %1 of what was administered and has not decayed: check calibration, units and times</source>
        <translation>aktywność w całym ciele to %1 tego, co podano i co nie uległo rozpadowi: sprawdzić kalibrację, jednostki i czasy</translation>
    </message>
    <message>
        <source>the points show no %1; a %2 curve was fitted</source>
        <translation>punkty nie pokazują fazy (%1); dopasowano krzywą: %2</translation>
    </message>
    <message>
        <source>%1 chosen by AICc among %2</source>
        <translation>%1: wybrano według AICc spośród: %2</translation>
    </message>
    <message>
        <source>%1 chosen because a simpler model does not describe the points; AICc can't decide with %2</source>
        <translation>%1: wybrano, ponieważ prostszy model nie opisuje punktów; AICc nie rozstrzyga przy %2</translation>
    </message>
    <message>
        <source>%1 taken; %2 time points do not allow a comparison of models</source>
        <translation>przyjęto: %1; liczba badań (%2) nie pozwala porównać modeli</translation>
    </message>
    <message>
        <source>the effective half-life was held at the physical one</source>
        <translation>efektywny okres półtrwania utrzymano na fizycznym</translation>
    </message>
    <message>
        <source>standard uncertainty above %1: %2</source>
        <translation>niepewność standardowa powyżej %1: %2</translation>
    </message>
    <message>
        <source>effective half-life %1 is implausible (%2)</source>
        <translation>efektywny okres półtrwania %1 jest mało prawdopodobny (%2)</translation>
    </message>
    <message>
        <source>above %1</source>
        <translation>powyżej %1</translation>
    </message>
    <message>
        <source>below %1</source>
        <translation>poniżej %1</translation>
    </message>
    <message>
        <source>the last time point is at %1; sampling should reach %2, else the extrapolation decides the absorbed dose; %3 standard uncertainty were added for it</source>
        <translation>ostatnie badanie jest po %1; pomiary powinny sięgać %2, inaczej o dawce pochłoniętej decyduje ekstrapolacja; doliczono za to %3 niepewności standardowej</translation>
    </message>
    <message>
        <source>the last phase was held at physical decay, as the settings say: an upper limit of the tail</source>
        <translation>ostatnią fazę utrzymano na rozpadzie fizycznym zgodnie z ustawieniami: górna granica ogona</translation>
    </message>
    <message>
        <source>the %1 curve passes through all %2 points by construction; they can't tell whether it is right</source>
        <translation>krzywa (%1) z założenia przechodzi przez wszystkie punkty (%2); nie mogą one powiedzieć, czy jest właściwa</translation>
    </message>
    <message>
        <source>the points scatter about the %1 curve more than their uncertainty explains</source>
        <translation>rozrzut punktów wokół krzywej (%1) jest większy, niż tłumaczy ich niepewność</translation>
    </message>
    <message>
        <source>the first time point lies %1 above the %2 curve: %3 is likely and not in the model</source>
        <translation>pierwsze badanie leży %1 powyżej krzywej (%2): prawdopodobne jest (%3), czego nie ma w modelu</translation>
    </message>
    <message>
        <source>the first time point lies %1 below the %2 curve: %3 is likely and not in the model</source>
        <translation>pierwsze badanie leży %1 poniżej krzywej (%2): prawdopodobne jest (%3), czego nie ma w modelu</translation>
    </message>
    <message>
        <source>a second falling phase</source>
        <translation>druga faza spadku</translation>
    </message>
    <message>
        <source>an uptake phase</source>
        <translation>faza wychwytu</translation>
    </message>
    <message>
        <source>the points don't decide between two %1 curves: another, with χ² larger by only %2, has an effective half-life of %3 instead of %4 and changes the time-integrated activity by %5</source>
        <translation>punkty nie rozstrzygają między dwiema krzywymi (%1): inna, o χ² większym tylko o %2, ma efektywny okres półtrwania %3 zamiast %4 i zmienia scałkowaną aktywność o %5</translation>
    </message>
    <message>
        <source>%1 was given %2 after %3; that both share one biodistribution is less certain</source>
        <translation>%1 podano %2 po %3; wspólna biodystrybucja jest mniej pewna</translation>
    </message>
    <message>
        <source>%1 was given %2 before %3; that both share one biodistribution is less certain</source>
        <translation>%1 podano %2 przed %3; wspólna biodystrybucja jest mniej pewna</translation>
    </message>
    <message>
        <source>The left kidney gets %1 and the right %2: more than %3 apart.</source>
        <translation>Lewa nerka otrzymuje %1, prawa %2: różnica większa niż %3.</translation>
    </message>
    <message>
        <source>The absorbed dose to the %1 per administered activity of %2 is %3 times that of the last measured cycle.</source>
        <translation>Dawka pochłonięta (%1) na podaną aktywność %2 to %3-krotność tej z ostatniego zmierzonego cyklu.</translation>
    </message>
    <message>
        <source>The absorbed dose to the %1 per administered activity of %2 is %3; %4 to %5 is usual.</source>
        <translation>Dawka pochłonięta (%1) na podaną aktywność %2 wynosi %3; zwykle od %4 do %5.</translation>
    </message>
    <message>
        <source>The effective half-life of %1 in the %2 is %3; %4 to %5 is usual.</source>
        <translation>Efektywny okres półtrwania %1 (%2) wynosi %3; zwykle od %4 do %5.</translation>
    </message>
    <message>
        <source>The ratio of 90Y to 177Lu in absorbed dose to the %1 per activity is %2; %3 to %4 is usual.</source>
        <translation>Stosunek 90Y do 177Lu dla dawki pochłoniętej (%1) na aktywność wynosi %2; zwykle od %3 do %4.</translation>
    </message>
    <message>
        <source>The image holds %1 of the administered activity, decay counted; check sensitivity and convention, units, decay reference and counting duration.</source>
        <translation>Obraz zawiera %1 podanej aktywności, z uwzględnieniem rozpadu; sprawdzić czułość i konwencję, jednostki, odniesienie rozpadu i czas zliczania.</translation>
    </message>
    <message>
        <source>The image holds %1 of the administered activity, decay counted.</source>
        <translation>Obraz zawiera %1 podanej aktywności, z uwzględnieniem rozpadu.</translation>
    </message>
    <message>
        <source>The partial-volume correction multiplies the activity by %1 (up to %2 is expected).</source>
        <translation>Korekcja częściowej objętości mnoży aktywność przez %1 (oczekuje się do %2).</translation>
    </message>
    <message>
        <source>Resolution and surroundings leave a standard uncertainty of %1.</source>
        <translation>Rozdzielczość i otoczenie pozostawiają niepewność standardową %1.</translation>
    </message>
    <message>
        <source>%1 (%2, as a sphere %3 wide) is smaller than the resolution of %4; its activity is uncertain.</source>
        <translation>%1 (%2, jako kula o średnicy %3) jest mniejsze niż rozdzielczość %4; jego aktywność jest niepewna.</translation>
    </message>
    <message>
        <source>%1 of the VOI lies outside the image; the mean inside stands for it.</source>
        <translation>%1 VOI leży poza obrazem; zastępuje je średnia wewnątrz.</translation>
    </message>
    <message>
        <source>The activity is not positive.</source>
        <translation>Aktywność nie jest dodatnia.</translation>
    </message>
    <message>
        <source>%1 of %2 (%3) lies in %4 too; it was counted for %5, the smaller one.</source>
        <translation>%1 z %2 (%3) leży także w %4; zaliczono do %5, mniejszego.</translation>
    </message>
    <message>
        <source>The residual of the alignment %1 (up to %2 is expected).</source>
        <translation>Reszta rejestracji %1 (oczekuje się do %2).</translation>
    </message>
    <message>
        <source>Only %1 of the reference body lies inside the other image.</source>
        <translation>Tylko %1 ciała odniesienia leży wewnątrz drugiego obrazu.</translation>
    </message>
    <message>
        <source>The aligned images agree only with a correlation of %1 (at least %2 is expected); align them by hand.</source>
        <translation>Zarejestrowane obrazy zgadzają się tylko z korelacją %1 (oczekuje się co najmniej %2); zarejestrować ręcznie.</translation>
    </message>
    <message>
        <source>The second opinion has %1, not %2.</source>
        <translation>Druga opinia daje %1, a nie %2.</translation>
    </message>
    <message>
        <source>The second opinion can't compute this again: %1.</source>
        <translation>Druga opinia nie może tego ponownie obliczyć: %1.</translation>
    </message>
    <message>
        <source>It disagrees.</source>
        <translation>Nie zgadza się.</translation>
    </message>
    <message>
        <source>%1 file(s) are copies of others and were read once</source>
        <translation>pliki będące kopiami innych (%1) odczytano raz</translation>
    </message>
    <message>
        <source>has no CT of the same visit</source>
        <translation>brak TK z tej samej wizyty</translation>
    </message>
    <message>
        <source>The image is in Bq/mL; the stated dead time was not applied again.</source>
        <translation>Obraz jest w Bq/mL; podanego czasu martwego nie zastosowano ponownie.</translation>
    </message>
    <message>
        <source>Begins only %1 after cycle %2, whose activity may still show in its images and blood (%3 at least are usual).</source>
        <translation>Zaczyna się zaledwie %1 po cyklu %2, którego aktywność może być jeszcze widoczna w obrazach i krwi (zwykle co najmniej %3).</translation>
    </message>
    <message>
        <source>The laboratory values of %1 are more than a year away from the administration (%2); check the date.</source>
        <translation>Wyniki laboratoryjne z %1 są odległe o ponad rok od podania (%2); sprawdzić datę.</translation>
    </message>
    <message>
        <source>%1 days</source>
        <translation>%1 dni</translation>
    </message>
    <message>
        <source>Platelets %1 are below the stop limit of %2.</source>
        <translation>Płytki krwi %1 są poniżej granicy zatrzymania %2.</translation>
    </message>
    <message>
        <source>platelets %1, below %2</source>
        <translation>płytki krwi %1, poniżej %2</translation>
    </message>
    <message>
        <source>%1 &lt; %2 (%3)</source>
        <translation>%1 &lt; %2 (%3)</translation>
    </message>
    <message>
        <source>%1 &gt; %2 (%3)</source>
        <translation>%1 &gt; %2 (%3)</translation>
    </message>
    <message>
        <source>the image states an administered activity of %1, the case has %2 of %3; the case is followed.</source>
        <translation>obraz podaje podaną aktywność %1, przypadek ma %2 (%3); przyjęto wartość z przypadku.</translation>
    </message>
</context>
<context>
    <name>codes</name>
    <message>
        <source>acquired-before-administration</source>
        <translation>Akwizycja przed podaniem według pliku</translation>
    </message>
    <message>
        <source>acquisition-in-steps</source>
        <translation>Akwizycja w kilku krokach</translation>
    </message>
    <message>
        <source>acquisition-times-differ</source>
        <translation>Różne czasy akwizycji w pliku</translation>
    </message>
    <message>
        <source>beds-joined</source>
        <translation>Połączono pozycje stołu</translation>
    </message>
    <message>
        <source>beds-overlap-differs</source>
        <translation>Nakładające się pozycje stołu różnią się</translation>
    </message>
    <message>
        <source>calibrator-clock-offset</source>
        <translation>Poprawka zegara miernika aktywności</translation>
    </message>
    <message>
        <source>clock-offset</source>
        <translation>Poprawka zegara skanera</translation>
    </message>
    <message>
        <source>copies</source>
        <translation>Kopie plików</translation>
    </message>
    <message>
        <source>correction-missing</source>
        <translation>Brak korekcji w obrazie</translation>
    </message>
    <message>
        <source>corrections-unknown</source>
        <translation>Nieznane korekcje obrazu</translation>
    </message>
    <message>
        <source>counting-duration</source>
        <translation>Czas zliczania</translation>
    </message>
    <message>
        <source>counting-duration-ambiguous</source>
        <translation>Niejednoznaczny czas zliczania</translation>
    </message>
    <message>
        <source>counting-duration-entered</source>
        <translation>Czas zliczania wprowadzony ręcznie</translation>
    </message>
    <message>
        <source>counting-duration-unknown</source>
        <translation>Nieznany czas zliczania</translation>
    </message>
    <message>
        <source>ct-lossy-compression</source>
        <translation>Stratna kompresja TK</translation>
    </message>
    <message>
        <source>ct-missing</source>
        <translation>Brak TK</translation>
    </message>
    <message>
        <source>ct-other-frame-of-reference</source>
        <translation>TK w innym układzie odniesienia</translation>
    </message>
    <message>
        <source>ct-shared</source>
        <translation>Wspólna TK kilku badań</translation>
    </message>
    <message>
        <source>dead-time-corrected</source>
        <translation>Czas martwy już skorygowany</translation>
    </message>
    <message>
        <source>decay-reference-entered</source>
        <translation>Odniesienie rozpadu wprowadzone ręcznie</translation>
    </message>
    <message>
        <source>duplicate-slices</source>
        <translation>Powtórzone warstwy</translation>
    </message>
    <message>
        <source>energy-window</source>
        <translation>Okno energetyczne</translation>
    </message>
    <message>
        <source>frames-of-all-heads</source>
        <translation>Klatki wszystkich głowic</translation>
    </message>
    <message>
        <source>frames-per-head-ambiguous</source>
        <translation>Niejednoznaczna liczba klatek na głowicę</translation>
    </message>
    <message>
        <source>file-without-mark</source>
        <translation>Plik bez znacznika DICOM</translation>
    </message>
    <message>
        <source>frames-and-arc-differ</source>
        <translation>Liczba klatek nie odpowiada łukowi</translation>
    </message>
    <message>
        <source>gantry-tilt-stated</source>
        <translation>Podano nachylenie gantry</translation>
    </message>
    <message>
        <source>mixed-cameras</source>
        <translation>Różne kamery</translation>
    </message>
    <message>
        <source>mixed-quantities</source>
        <translation>Różne wielkości w obrazach</translation>
    </message>
    <message>
        <source>mixed-voxel-sizes</source>
        <translation>Różne rozmiary wokseli</translation>
    </message>
    <message>
        <source>negative-values</source>
        <translation>Wartości ujemne</translation>
    </message>
    <message>
        <source>nuclide-from-energy-window</source>
        <translation>Nuklid z okna energetycznego</translation>
    </message>
    <message>
        <source>nuclide-from-half-life</source>
        <translation>Nuklid z okresu półtrwania</translation>
    </message>
    <message>
        <source>nuclide-unknown</source>
        <translation>Nieznany nuklid</translation>
    </message>
    <message>
        <source>other-nuclide</source>
        <translation>Inny nuklid</translation>
    </message>
    <message>
        <source>patient-differs</source>
        <translation>Różne dane pacjenta</translation>
    </message>
    <message>
        <source>patient-id-missing</source>
        <translation>Brak identyfikatora pacjenta</translation>
    </message>
    <message>
        <source>patient-position-unknown</source>
        <translation>Nieznana pozycja pacjenta</translation>
    </message>
    <message>
        <source>several-cts</source>
        <translation>Kilka TK</translation>
    </message>
    <message>
        <source>slice-order</source>
        <translation>Kolejność warstw</translation>
    </message>
    <message>
        <source>slice-spacing-from-thickness</source>
        <translation>Odstęp warstw z ich grubości</translation>
    </message>
    <message>
        <source>slice-thickness-differs</source>
        <translation>Różna grubość warstw</translation>
    </message>
    <message>
        <source>spect-close-together</source>
        <translation>Badania SPECT blisko siebie</translation>
    </message>
    <message>
        <source>study-without-spect</source>
        <translation>Badanie bez SPECT</translation>
    </message>
    <message>
        <source>stated-activity</source>
        <translation>Aktywność podana w obrazie</translation>
    </message>
    <message>
        <source>stated-activity-differs</source>
        <translation>Inna aktywność podana w obrazie</translation>
    </message>
    <message>
        <source>stated-activity-unit</source>
        <translation>Jednostka aktywności w obrazie</translation>
    </message>
    <message>
        <source>time-zone-differs</source>
        <translation>Inna strefa czasowa</translation>
    </message>
    <message>
        <source>time-zone-unknown</source>
        <translation>Nieznana strefa czasowa</translation>
    </message>
    <message>
        <source>unusual-dicom</source>
        <translation>Nietypowy DICOM</translation>
    </message>
    <message>
        <source>contour-convention</source>
        <translation>Konwencja konturów</translation>
    </message>
    <message>
        <source>contours-between-slices</source>
        <translation>Kontury między warstwami</translation>
    </message>
    <message>
        <source>contours-cross</source>
        <translation>Przecinające się kontury</translation>
    </message>
    <message>
        <source>contours-not-closed</source>
        <translation>Niezamknięte kontury</translation>
    </message>
    <message>
        <source>kidney-sides</source>
        <translation>Strony nerek</translation>
    </message>
    <message>
        <source>reference-time-point</source>
        <translation>Badanie odniesienia</translation>
    </message>
    <message>
        <source>segmentation-probability</source>
        <translation>Segmentacja z prawdopodobieństwem</translation>
    </message>
    <message>
        <source>sides-exchanged</source>
        <translation>Zamienione strony</translation>
    </message>
    <message>
        <source>slices-without-contour</source>
        <translation>Warstwy bez konturu</translation>
    </message>
    <message>
        <source>voi-empty</source>
        <translation>Puste VOI</translation>
    </message>
    <message>
        <source>voi-outside-image</source>
        <translation>VOI poza obrazem</translation>
    </message>
    <message>
        <source>voi-overlap</source>
        <translation>Nakładające się VOI</translation>
    </message>
    <message>
        <source>voi-resampled</source>
        <translation>VOI przepróbkowane</translation>
    </message>
    <message>
        <source>voi-role-twice</source>
        <translation>Rola VOI użyta dwukrotnie</translation>
    </message>
    <message>
        <source>voi-role-unknown</source>
        <translation>Nieznana rola VOI</translation>
    </message>
    <message>
        <source>voi-series-absent</source>
        <translation>Brak serii VOI</translation>
    </message>
    <message>
        <source>voi-without-contours</source>
        <translation>VOI bez konturów</translation>
    </message>
    <message>
        <source>proposal-uncertain</source>
        <translation>Niepewna propozycja obrysu</translation>
    </message>
    <message>
        <source>proposal-unreviewed</source>
        <translation>Niesprawdzona propozycja obrysu</translation>
    </message>
    <message>
        <source>activity-outside-the-body</source>
        <translation>Aktywność poza ciałem</translation>
    </message>
    <message>
        <source>density-below-limit</source>
        <translation>Gęstość poniżej granicy</translation>
    </message>
    <message>
        <source>voxel-closure</source>
        <translation>Domknięcie mapy wokseli</translation>
    </message>
    <message>
        <source>voxel-engine-difference</source>
        <translation>Różnica metody wokselowej</translation>
    </message>
    <message>
        <source>engine-difference</source>
        <translation>Różnica między metodami</translation>
    </message>
    <message>
        <source>engine-pending</source>
        <translation>Metoda jeszcze oblicza</translation>
    </message>
    <message>
        <source>dicom-not-exported</source>
        <translation>Nie wyeksportowano do DICOM</translation>
    </message>
    <message>
        <source>registration-left-out</source>
        <translation>Pominięto rejestrację</translation>
    </message>
    <message>
        <source>one-engine-only</source>
        <translation>Tylko jedna metoda</translation>
    </message>
    <message>
        <source>engine-does-not-apply</source>
        <translation>Metoda nie ma zastosowania</translation>
    </message>
    <message>
        <source>label-keys-not-used</source>
        <translation>Niewykorzystane klucze etykiet</translation>
    </message>
    <message>
        <source>frame-of-reference</source>
        <translation>Układ odniesienia</translation>
    </message>
    <message>
        <source>registration-failed</source>
        <translation>Nieudana rejestracja</translation>
    </message>
    <message>
        <source>registration-overlap</source>
        <translation>Małe pokrycie obrazów</translation>
    </message>
    <message>
        <source>deformation-strong</source>
        <translation>Silna deformacja</translation>
    </message>
    <message>
        <source>uptake-displaced</source>
        <translation>Przesunięty wychwyt</translation>
    </message>
    <message>
        <source>own-motion-not-in-voxels</source>
        <translation>Własny ruch VOI nie jest w mapie wokseli</translation>
    </message>
    <message>
        <source>voi-moved</source>
        <translation>VOI przesunięto</translation>
    </message>
    <message>
        <source>voi-redrawn</source>
        <translation>VOI narysowano ponownie</translation>
    </message>
    <message>
        <source>voi-not-reviewed</source>
        <translation>VOI niesprawdzone</translation>
    </message>
    <message>
        <source>registration-residual</source>
        <translation>Reszta rejestracji</translation>
    </message>
    <message>
        <source>entry-before-last-cycle</source>
        <translation>Wpis przed ostatnim cyklem</translation>
    </message>
    <message>
        <source>entry-before-plan</source>
        <translation>Wpis przed planem</translation>
    </message>
    <message>
        <source>entry-in-future</source>
        <translation>Wpis w przyszłości</translation>
    </message>
    <message>
        <source>entry-interval-unusual</source>
        <translation>Nietypowy odstęp wpisu</translation>
    </message>
    <message>
        <source>entry-nuclide-missing</source>
        <translation>Brak nuklidu we wpisie</translation>
    </message>
    <message>
        <source>entry-other-cycle</source>
        <translation>Wpis innego cyklu</translation>
    </message>
    <message>
        <source>entry-other-nuclide</source>
        <translation>Wpis innego nuklidu</translation>
    </message>
    <message>
        <source>entry-other-patient</source>
        <translation>Wpis innego pacjenta</translation>
    </message>
    <message>
        <source>entry-read-once</source>
        <translation>Wpis odczytano raz</translation>
    </message>
    <message>
        <source>entry-reading-time</source>
        <translation>Czas odczytu wpisu</translation>
    </message>
    <message>
        <source>entry-readings-differ</source>
        <translation>Różne odczyty</translation>
    </message>
    <message>
        <source>entry-residual-above-vial</source>
        <translation>Pozostałość większa niż fiolka</translation>
    </message>
    <message>
        <source>entry-without-reading</source>
        <translation>Wpis bez odczytu</translation>
    </message>
    <message>
        <source>entry-wrong-unit</source>
        <translation>Zła jednostka wpisu</translation>
    </message>
    <message>
        <source>absorbed-dose-incomplete</source>
        <translation>Niepełna dawka pochłonięta</translation>
    </message>
    <message>
        <source>administered-activity-unusual</source>
        <translation>Nietypowa podana aktywność</translation>
    </message>
    <message>
        <source>administration-time-differs</source>
        <translation>Inny czas podania</translation>
    </message>
    <message>
        <source>given-differs-from-planned</source>
        <translation>Podano inaczej, niż planowano</translation>
    </message>
    <message>
        <source>given-without-comment</source>
        <translation>Podano bez komentarza</translation>
    </message>
    <message>
        <source>cycle-interval</source>
        <translation>Odstęp między cyklami</translation>
    </message>
    <message>
        <source>nuclide-not-in-protocol</source>
        <translation>Nuklid spoza protokołu</translation>
    </message>
    <message>
        <source>activity-not-positive</source>
        <translation>Aktywność niedodatnia</translation>
    </message>
    <message>
        <source>calibration-uncertainty-missing</source>
        <translation>Brak niepewności kalibracji</translation>
    </message>
    <message>
        <source>dead-time-large</source>
        <translation>Duży czas martwy</translation>
    </message>
    <message>
        <source>dead-time-not-applied</source>
        <translation>Nie zastosowano czasu martwego</translation>
    </message>
    <message>
        <source>calibration-expired</source>
        <translation>Kalibracja nieważna</translation>
    </message>
    <message>
        <source>camera-profile-missing</source>
        <translation>Brak profilu kamery</translation>
    </message>
    <message>
        <source>camera-profile-changed</source>
        <translation>Zmieniony profil kamery</translation>
    </message>
    <message>
        <source>camera-profile-differs</source>
        <translation>Inny profil kamery</translation>
    </message>
    <message>
        <source>camera-profile-newer</source>
        <translation>Nowszy profil kamery</translation>
    </message>
    <message>
        <source>phantom-spheres-order</source>
        <translation>Kolejność kul fantomu</translation>
    </message>
    <message>
        <source>phantom-recovery-high</source>
        <translation>Wysoki odzysk fantomu</translation>
    </message>
    <message>
        <source>field-of-view-activity</source>
        <translation>Aktywność w polu widzenia</translation>
    </message>
    <message>
        <source>field-of-view-activity-low</source>
        <translation>Mała aktywność w polu widzenia</translation>
    </message>
    <message>
        <source>field-of-view-factor</source>
        <translation>Czynnik pola widzenia</translation>
    </message>
    <message>
        <source>field-of-view-factor-two</source>
        <translation>Czynnik dwa w polu widzenia</translation>
    </message>
    <message>
        <source>field-of-view-growth</source>
        <translation>Wzrost aktywności w polu widzenia</translation>
    </message>
    <message>
        <source>partial-volume-factor</source>
        <translation>Czynnik częściowej objętości</translation>
    </message>
    <message>
        <source>partial-volume-uncertain</source>
        <translation>Niepewna korekcja częściowej objętości</translation>
    </message>
    <message>
        <source>sensitivity-unusual</source>
        <translation>Nietypowa czułość</translation>
    </message>
    <message>
        <source>uptake-not-uniform</source>
        <translation>Niejednorodny wychwyt</translation>
    </message>
    <message>
        <source>voi-below-resolution</source>
        <translation>VOI poniżej rozdzielczości</translation>
    </message>
    <message>
        <source>voi-outside-field-of-view</source>
        <translation>VOI poza polem widzenia</translation>
    </message>
    <message>
        <source>bound-active</source>
        <translation>Parametr na granicy</translation>
    </message>
    <message>
        <source>early-last-time-point</source>
        <translation>Zbyt wczesne ostatnie badanie</translation>
    </message>
    <message>
        <source>early-phase-fraction</source>
        <translation>Duży udział fazy wczesnej</translation>
    </message>
    <message>
        <source>early-point-misfit</source>
        <translation>Niedopasowany wczesny punkt</translation>
    </message>
    <message>
        <source>effective-half-life</source>
        <translation>Efektywny okres półtrwania</translation>
    </message>
    <message>
        <source>excluded-point</source>
        <translation>Pominięty punkt</translation>
    </message>
    <message>
        <source>curve-not-determined</source>
        <translation>Nieokreślona krzywa</translation>
    </message>
    <message>
        <source>extrapolated-fraction</source>
        <translation>Duży udział ekstrapolacji</translation>
    </message>
    <message>
        <source>model-choice</source>
        <translation>Wybór modelu</translation>
    </message>
    <message>
        <source>no-degrees-of-freedom</source>
        <translation>Brak stopni swobody</translation>
    </message>
    <message>
        <source>parameter-uncertainty</source>
        <translation>Niepewność parametrów</translation>
    </message>
    <message>
        <source>phase-not-seen</source>
        <translation>Niewidoczna faza</translation>
    </message>
    <message>
        <source>physical-tail</source>
        <translation>Ogon fizyczny</translation>
    </message>
    <message>
        <source>poor-fit</source>
        <translation>Słabe dopasowanie</translation>
    </message>
    <message>
        <source>prior-half-life</source>
        <translation>Okres półtrwania a priori</translation>
    </message>
    <message>
        <source>prior-missing</source>
        <translation>Brak wiedzy a priori</translation>
    </message>
    <message>
        <source>residual-pattern</source>
        <translation>Wzór w resztach</translation>
    </message>
    <message>
        <source>second-nuclide-misfit</source>
        <translation>Niedopasowany drugi nuklid</translation>
    </message>
    <message>
        <source>separate-injections</source>
        <translation>Oddzielne podania</translation>
    </message>
    <message>
        <source>voxel-scale</source>
        <translation>Skala wokseli</translation>
    </message>
    <message>
        <source>blood-activity-unusual</source>
        <translation>Nietypowa aktywność krwi</translation>
    </message>
    <message>
        <source>blood-failed</source>
        <translation>Nieudane dopasowanie krwi</translation>
    </message>
    <message>
        <source>blood-missing</source>
        <translation>Brak krwi</translation>
    </message>
    <message>
        <source>blood-phase-not-seen</source>
        <translation>Niewidoczna faza we krwi</translation>
    </message>
    <message>
        <source>blood-sample-left-out</source>
        <translation>Pominięta próbka krwi</translation>
    </message>
    <message>
        <source>blood-slow-phase-capped</source>
        <translation>Ograniczona wolna faza krwi</translation>
    </message>
    <message>
        <source>blood-tail-fraction</source>
        <translation>Udział ogona we krwi</translation>
    </message>
    <message>
        <source>bone-metastases</source>
        <translation>Przerzuty do kości</translation>
    </message>
    <message>
        <source>dose-per-activity-changed</source>
        <translation>Zmieniona dawka na aktywność</translation>
    </message>
    <message>
        <source>dose-per-activity-unusual</source>
        <translation>Nietypowa dawka na aktywność</translation>
    </message>
    <message>
        <source>effective-half-life-unusual</source>
        <translation>Nietypowy okres półtrwania</translation>
    </message>
    <message>
        <source>estimated-dose</source>
        <translation>Oszacowana dawka</translation>
    </message>
    <message>
        <source>few-blood-samples</source>
        <translation>Mało próbek krwi</translation>
    </message>
    <message>
        <source>few-whole-body-points</source>
        <translation>Mało pomiarów całego ciała</translation>
    </message>
    <message>
        <source>haematocrit-missing</source>
        <translation>Brak hematokrytu</translation>
    </message>
    <message>
        <source>kidneys-differ</source>
        <translation>Nerki różnią się</translation>
    </message>
    <message>
        <source>lesions-in-remainder</source>
        <translation>Zmiany w reszcie ciała</translation>
    </message>
    <message>
        <source>marrow-organ-in-remainder</source>
        <translation>Narząd w reszcie ciała</translation>
    </message>
    <message>
        <source>marrow-remainder-unscaled</source>
        <translation>Nieskalowana reszta ciała</translation>
    </message>
    <message>
        <source>marrow-without-remainder</source>
        <translation>Szpik bez reszty ciała</translation>
    </message>
    <message>
        <source>nuclide-ratio-unusual</source>
        <translation>Nietypowy stosunek nuklidów</translation>
    </message>
    <message>
        <source>one-kidney</source>
        <translation>Jedna nerka</translation>
    </message>
    <message>
        <source>remainder-failed</source>
        <translation>Nieudana reszta ciała</translation>
    </message>
    <message>
        <source>below-quantification-limit</source>
        <translation>Poniżej granicy oznaczalności</translation>
    </message>
    <message>
        <source>voi-failed</source>
        <translation>Nieudane VOI</translation>
    </message>
    <message>
        <source>whole-body-above-administered</source>
        <translation>Całe ciało powyżej podanej aktywności</translation>
    </message>
    <message>
        <source>whole-body-failed</source>
        <translation>Nieudane całe ciało</translation>
    </message>
    <message>
        <source>field-of-view-cuts-body</source>
        <translation>Pole widzenia ucina ciało</translation>
    </message>
    <message>
        <source>whole-body-field-of-view</source>
        <translation>Całe ciało z pola widzenia</translation>
    </message>
    <message>
        <source>density-curve-default</source>
        <translation>Domyślna krzywa gęstości</translation>
    </message>
    <message>
        <source>density-from-ct</source>
        <translation>Gęstość z TK</translation>
    </message>
    <message>
        <source>density-not-from-ct</source>
        <translation>Gęstość nie z TK</translation>
    </message>
    <message>
        <source>egfr-computed</source>
        <translation>Obliczone eGFR</translation>
    </message>
    <message>
        <source>laboratory-before-last-cycle</source>
        <translation>Wyniki sprzed ostatniego cyklu</translation>
    </message>
    <message>
        <source>laboratory-date-unusual</source>
        <translation>Nietypowa data wyników</translation>
    </message>
    <message>
        <source>stop-rule-met-earlier</source>
        <translation>Reguła zatrzymania spełniona wcześniej</translation>
    </message>
    <message>
        <source>stop-rule-undecided</source>
        <translation>Nierozstrzygnięta reguła zatrzymania</translation>
    </message>
    <message>
        <source>below-minimum-activity</source>
        <translation>Poniżej najmniejszej aktywności</translation>
    </message>
    <message>
        <source>chosen-activity</source>
        <translation>Wybrana aktywność</translation>
    </message>
    <message>
        <source>course-complete</source>
        <translation>Terapia zakończona</translation>
    </message>
    <message>
        <source>fixed-nuclide-exceeds</source>
        <translation>Stały nuklid przekracza limit</translation>
    </message>
    <message>
        <source>front-loaded</source>
        <translation>Cały limit w jednym cyklu</translation>
    </message>
    <message>
        <source>high-activity</source>
        <translation>Wysoka aktywność</translation>
    </message>
    <message>
        <source>limit-exceeded</source>
        <translation>Przekroczony limit</translation>
    </message>
    <message>
        <source>limit-reached</source>
        <translation>Osiągnięty limit</translation>
    </message>
    <message>
        <source>marrow-dose-missing</source>
        <translation>Brak dawki w szpiku</translation>
    </message>
    <message>
        <source>kidneys-dose-missing</source>
        <translation>Brak dawki w nerkach</translation>
    </message>
    <message>
        <source>marrow-per-cycle-exceeded</source>
        <translation>Przekroczony limit szpiku na cykl</translation>
    </message>
    <message>
        <source>laboratory-grade</source>
        <translation>Wysoki stopień wyniku laboratoryjnego</translation>
    </message>
    <message>
        <source>no-stop-rules</source>
        <translation>Brak reguł zatrzymania</translation>
    </message>
    <message>
        <source>not-second-checked</source>
        <translation>Bez drugiego sprawdzenia</translation>
    </message>
    <message>
        <source>planning-refused</source>
        <translation>Odmowa planowania</translation>
    </message>
    <message>
        <source>predicted-excess</source>
        <translation>Przewidywane przekroczenie</translation>
    </message>
    <message>
        <source>predictor-needs-cycles</source>
        <translation>Za mało cykli do predykcji</translation>
    </message>
    <message>
        <source>probability-of-exceeding</source>
        <translation>Prawdopodobieństwo przekroczenia limitu</translation>
    </message>
    <message>
        <source>probability-unknown</source>
        <translation>Nieznane prawdopodobieństwo</translation>
    </message>
    <message>
        <source>second-opinion</source>
        <translation>Druga opinia</translation>
    </message>
    <message>
        <source>second-opinion-missing</source>
        <translation>Brak drugiej opinii</translation>
    </message>
    <message>
        <source>stop-rule</source>
        <translation>Reguła zatrzymania leczenia</translation>
    </message>
    <message>
        <source>count-rate-entered</source>
        <translation>Zliczenia na sekundę wprowadzone ręcznie</translation>
    </message>
    <message>
        <source>entry-calibrator-clock</source>
        <translation>Zegar miernika aktywności we wpisie</translation>
    </message>
    <message>
        <source>entry-signers-not-vouched</source>
        <translation>Niepotwierdzeni podpisujący</translation>
    </message>
    <message>
        <source>image-position-entered</source>
        <translation>Położenie obrazu wprowadzone ręcznie</translation>
    </message>
    <message>
        <source>kidney-position-pending</source>
        <translation>Położenie nerki jeszcze sprawdzane</translation>
    </message>
    <message>
        <source>follow-up-left-out</source>
        <translation>Pominięto dane z obserwacji po leczeniu</translation>
    </message>
    <message>
        <source>air-in-label</source>
        <translation>Powietrze w obszarze etykiety</translation>
    </message>
    <message>
        <source>engines-differ</source>
        <translation>Metody obliczania dawki różnią się</translation>
    </message>
    <message>
        <source>ct-time-not-stated</source>
        <translation>Pliki TK nie podają czasu akwizycji</translation>
    </message>
</context>
</TS>
