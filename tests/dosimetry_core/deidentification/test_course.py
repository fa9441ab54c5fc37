"""Two hundred planted identifiers, none of which may be found; intervals, values and results that stay."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from app.cli import main
from dosimetry_core.case_file import read_case
from dosimetry_core.deidentification.case_content import WORDS, case_without_identity
from dosimetry_core.deidentification.course import prepared
from dosimetry_core.deidentification.dates import fitting_shift_days
from dosimetry_core.deidentification.objects import Disguise, pseudonym_of, without_identity
from dosimetry_core.errors import DosimetryError, InconsistentCaseError
from dosimetry_core.pipeline import import_case
from tests.case_texts import case_from
from tests.small_study import CASE, write_small_case

KEY = bytes(range(32))
PLANTED = [f"Zq{number:03d}Kowalewicz" for number in range(200)]
# Elements of every kind of text and number that a scanner, a worklist or a person could fill.
PLACES = [
    "PatientName",
    "PatientID",
    "OtherPatientNames",
    "PatientBirthName",
    "PatientMotherBirthName",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "PatientComments",
    "AdditionalPatientHistory",
    "MilitaryRank",
    "EthnicGroup",
    "Occupation",
    "InstitutionName",
    "InstitutionAddress",
    "InstitutionalDepartmentName",
    "ReferringPhysicianName",
    "PhysiciansOfRecord",
    "PerformingPhysicianName",
    "NameOfPhysiciansReadingStudy",
    "OperatorsName",
    "StationName",
    "StudyDescription",
    "SeriesDescription",
    "ProtocolName",
    "StudyID",
    "AccessionNumber",
    "RequestedProcedureDescription",
    "PerformedProcedureStepDescription",
    "DeviceSerialNumber",
    "SoftwareVersions",
    "ImageComments",
    "AcquisitionDeviceProcessingDescription",
    "DerivationDescription",
    "ContentDescription",
    "ContentCreatorName",
    "Radiopharmaceutical",
    "EnergyWindowName",
    "RequestingPhysician",
    "RequestingService",
    "AdmissionID",
    "IssuerOfPatientID",
    "DeidentificationMethod",
    "ContrastBolusAgent",
    "PatientInsurancePlanCodeSequence",
][:-1]


def plant(folder: Path) -> set[str]:
    """Put every planted name into some element of some file, into private elements, names of VOIs and of files."""
    chance = random.Random(3)
    files = sorted(folder.rglob("*.dcm"))
    used = set()
    for number, text in enumerate(PLANTED):
        path = files[number % len(files)]
        dataset = pydicom.dcmread(path)
        where = chance.randrange(5)
        if where < 3:
            keyword = PLACES[number % len(PLACES)]
            while keyword in ("PatientID", "PatientName") or "Kowalewicz" in str(dataset.get(keyword, "")):
                keyword = chance.choice(PLACES)
            vr = pydicom.datadict.dictionary_VR(keyword)
            setattr(dataset, keyword, text[:12] if vr in ("SH", "CS", "AE") else text)
            used.add(text[:12] if vr in ("SH", "CS", "AE") else text)
        elif where == 3:
            block = dataset.private_block(0x0009 + 2 * (number % 20), "ACME", create=True)
            block.add_new(number % 200, "LO", text)
            used.add(text)
        else:
            item = Dataset()
            item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "123", "99ACME", text
            former = list(dataset.get("PatientInsurancePlanCodeSequence", ()))
            dataset.PatientInsurancePlanCodeSequence = Items([*former, item])
            used.add(text)
        dataset.save_as(path)
    return used


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = CASE.replace('id = "P-1"', 'id = "P-1"\nbirth_date = 1957-03-04')
    return write_small_case(tmp_path_factory.mktemp("original"), text)


@pytest.fixture(scope="module")
def made(original: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    used = plant(original)
    out = tmp_path_factory.mktemp("out") / "research"
    assert main(["deidentify", str(original), "--out", str(out)]) == 0
    return out, used


def test_that_no_planted_identifier_is_found_in_bytes_or_names(made: tuple[Path, set[str]], original: Path) -> None:
    folder, used = made
    assert len(used) == 200
    inside = b"".join(path.read_bytes() for path in sorted(original.rglob("*.dcm")))
    assert all(text.encode() in inside for text in used)
    for path in folder.rglob("*"):
        names = str(path.relative_to(folder))
        content = path.read_bytes() if path.is_file() else b""
        found = [text for text in used | {"Kowalewicz", "P-1", "Demo^Patient"} if text in names]
        found += [text for text in used | {"Kowalewicz", "P-1\0", "Demo^Patient"} if text.encode() in content]
        found += [text for text in used if text.encode("utf-16-le") in content]
        assert found == [], path


def test_that_objects_say_by_which_profile_and_hold_no_private_element(made: tuple[Path, set[str]]) -> None:
    for path in made[0].rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        assert dataset.PatientIdentityRemoved == "YES"
        codes = [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence]
        assert codes == ["113100", "113107", "113108"]
        assert [element for element in dataset.iterall() if element.tag.is_private] == []
        assert str(dataset.PatientID) == str(dataset.PatientName) != ""


def test_that_intervals_doses_and_plan_stay(original: Path, made: tuple[Path, set[str]], tmp_path: Path) -> None:
    assert main(["compute", str(original), "--out", str(tmp_path / "before"), "--no-dicom"]) == 0
    before = json.loads((tmp_path / "before/results.json").read_text("utf-8"))
    after = json.loads((made[0] / "results.json").read_text("utf-8"))
    for one, other in zip(before["cycles"], after["cycles"], strict=True):
        times = [[point["time_after_administration_s"] for point in c["time_points"]] for c in (one, other)]
        assert times[0] == times[1]
        assert set(one["vois"]) == set(other["vois"])
        for name, voi in one["vois"].items():
            assert other["vois"][name]["absorbed_dose_gy"] == pytest.approx(voi["absorbed_dose_gy"], rel=1e-9)
    assert after["plan"]["activities_bq"] == before["plan"]["activities_bq"]


def test_that_no_date_and_no_identifier_of_the_original_is_left(original: Path, made: tuple[Path, set[str]]) -> None:
    def values(folder: Path) -> tuple[set[str], set[str]]:
        uids, dates = set(), set()
        for path in folder.rglob("*.dcm"):
            for element in pydicom.dcmread(path).iterall():
                if element.VR == "UI" and not str(element.value).startswith("1.2.840.10008."):
                    uids.add(str(element.value))
                if element.VR == "DA" and element.value:
                    dates.add(str(element.value))
        return uids, dates

    before, after = values(original), values(made[0])
    assert all(before)
    assert all(after)
    assert not before[0] & after[0]
    assert not before[1] & after[1]
    text = (made[0] / "case.toml").read_text("utf-8")
    assert "2025-" not in text
    assert "1957" not in text


def test_that_one_key_gives_the_same_pseudonyms_and_another_gives_others(
    original: Path, made: tuple[Path, set[str]], tmp_path: Path
) -> None:
    key = tmp_path / "key"
    for name in ("a", "b"):
        assert main(["deidentify", str(original), "--out", str(tmp_path / name), "--key-file", str(key)]) == 0
    folders = (tmp_path / "a", tmp_path / "b", made[0])
    one, same, other = (pydicom.dcmread(next(folder.rglob("spect-*.dcm"))) for folder in folders)
    assert (one.PatientID, one.SOPInstanceUID) == (same.PatientID, same.SOPInstanceUID)
    assert one.AcquisitionDate == same.AcquisitionDate
    assert one.PatientID != other.PatientID
    assert one.SOPInstanceUID != other.SOPInstanceUID


def test_that_a_name_that_means_two_organs_is_refused_and_nothing_is_mixed(original: Path, tmp_path: Path) -> None:
    case = import_case(read_case(original))
    cycle = case.cycles[0]
    kidney = next(voi for voi in cycle.vois if voi.role == "kidney_left")
    other = replace(cycle, number=2, vois=(replace(kidney, role="spleen"),))
    with pytest.raises(InconsistentCaseError, match="Kidney L is kidney_left in one cycle and spleen in another"):
        prepared(replace(case, cycles=(cycle, other)), KEY)
    (tmp_path / "there").mkdir()
    (tmp_path / "there/old.dcm").write_bytes(b"another patient")
    assert main(["deidentify", str(original), "--out", str(tmp_path / "there")]) == 2
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["old.dcm"]


def test_that_a_course_that_nothing_can_be_planned_for_goes_out_without_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Courses for research often lack what a plan needs; here the kidneys."""
    folder = write_small_case(tmp_path / "original", CASE.replace('vois = ["vois.dcm"]\n', ""))
    assert main(["deidentify", str(folder), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "results.json").is_file()
    assert not (tmp_path / "out" / "report.pdf").exists()
    said = capsys.readouterr().out
    assert "no report.pdf: No next cycle can be planned" in said
    assert "results.json and report.pdf" not in said


def test_that_a_wrong_key_and_a_protocol_of_the_clinic_are_refused(original: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("nonsense")
    assert main(["deidentify", str(original), "--out", str(tmp_path / "a"), "--key-file", str(tmp_path / "key")]) == 2
    with pytest.raises(DosimetryError, match="the clinic's own"):
        case_without_identity({"course": {"protocol": "mine.toml"}}, disguise(), protocols=frozenset(("duonen-a",)))
    assert not (tmp_path / "a").exists()


def disguise() -> Disguise:
    return Disguise(KEY, pseudonym_of(KEY, "P-1"), -1000, {"Kidney L (Nowak)": "Kidney L"}, {})


def test_that_only_words_of_the_program_and_moved_times_are_left_of_texts() -> None:
    content = {
        "format": 1,
        "patient": {"id": "P-1", "name": "A^B", "sex": "F", "nickname": "Zq"},
        "course": {"protocol": "duonen-a"},
        "settings": {
            "fit": {
                "model": "mono-exponential",
                "exclude": [{"voi": "Kidney L (Nowak)", "time_point": 2, "reason": "Nowak moved"}],
                "model_by_voi": {"Kidney L (Nowak)": "automatic", "unknown": "automatic"},
            }
        },
        "cycle": [
            {
                "number": 1,
                "images": ["Nowak/images"],
                "administration": [
                    {"nuclide": "Lu-177", "start": "2025-03-03T10:30:00+01:00", "comment": "Nowak", "given_by": "N"}
                ],
                "laboratory": [{"date": "2025-03-01", "haemoglobin_g_per_dl": 12.1}],
            }
        ],
    }
    made = case_without_identity(content, disguise(), protocols=frozenset(("duonen-a",)))
    assert "Nowak" not in json.dumps(made, default=str)
    assert "nickname" not in made["patient"]
    fit = made["settings"]["fit"]
    assert fit["model_by_voi"] == {"Kidney L": "automatic"}
    assert fit["exclude"][0] == {"voi": "Kidney L", "time_point": 2, "reason": "as in the original course"}
    cycle = made["cycle"][0]
    assert cycle["administration"] == [{"nuclide": "Lu-177", "start": "2022-06-07T10:30:00+01:00"}]
    assert cycle["laboratory"] == [{"date": "2022-06-05", "haemoglobin_g_per_dl": 12.1}]
    assert cycle["images"] == ["cycle1/images"]
    assert "organ-level" in WORDS


def test_that_a_shift_keeps_the_clock_on_both_sides_of_summer_time() -> None:
    zone = ZoneInfo("Europe/Warsaw")
    events = [datetime(2025, 3, 28, 10, 0, tzinfo=zone) + timedelta(hours=hours) for hours in (0, 24, 72, 192)]
    for number in range(20):
        shift = timedelta(days=fitting_shift_days(bytes([number]) * 32, events, "Europe/Warsaw"))
        assert -4000 <= shift.days <= -400
        moved = [(event.replace(tzinfo=None) + shift).replace(tzinfo=zone) for event in events]
        before = [(event.astimezone(UTC) - events[0].astimezone(UTC)).total_seconds() for event in events]
        after = [(event.astimezone(UTC) - moved[0].astimezone(UTC)).total_seconds() for event in moved]
        assert before == after


_COUNTED_LATER = """
format = 1
patient = { id = "P-9", name = "A^B", sex = "F", time_zone = "Europe/Warsaw" }
course = { protocol = "duonen-d" }
[[cycle]]
number = 1
[[cycle.administration]]
nuclide = "Y-90"
administered_activity_mbq = 2000.0
infusion_min = 20
start = 2025-03-27T09:30:00
[[cycle.blood_sample]]
time = 2025-03-27T12:30:00
[cycle.blood_sample.counted."Y-90"]
counts = 91234.0
counting_s = 300.0
counted_at = 2025-03-31T10:00:00
background_cps = 1.5
efficiency_cps_per_kbq = 110.0
volume_ml = 1.0
[cycle.entered_absorbed_dose_per_administered_activity_gy_per_gbq]
kidneys = { "Y-90" = 1.9 }
"""


def test_that_a_shift_keeps_the_time_from_a_sample_to_its_counting() -> None:
    zone = ZoneInfo("Europe/Warsaw")
    case = case_from(_COUNTED_LATER)
    (sample,) = case.cycles[0].blood_samples
    for number in range(5):
        shift = timedelta(days=prepared(case, bytes([number]) * 32).disguise.shift_days)
        drawn, counted = (one.astimezone(zone) for one in (sample.time, sample.counted["Y-90"].counted_at))
        moved = [(one.replace(tzinfo=None) + shift).replace(tzinfo=zone) for one in (drawn, counted)]
        assert [one.utcoffset() for one in moved] == [drawn.utcoffset(), counted.utcoffset()]


def test_that_an_image_with_burned_in_names_does_not_go_out(original: Path) -> None:
    dataset = pydicom.dcmread(next(original.rglob("spect.dcm")))
    dataset.BurnedInAnnotation = "YES"
    with pytest.raises(DosimetryError, match="drawn into its pixels"):
        without_identity(dataset, disguise(), where="x.dcm")
