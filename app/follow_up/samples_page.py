"""Blood samples and whole-body measurements of a cycle, typed, pasted or read from CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.case_edits import with_cycle
from app.follow_up.entry_card import EntryCard
from app.problems import problems_of
from app.session import Session
from app.steps.step import combo_box, text_label
from dosimetry_core.case import Case, Cycle
from dosimetry_core.entered_numbers import DecimalSign
from dosimetry_core.errors import DosimetryError
from dosimetry_core.followup import blood_entry
from dosimetry_core.followup.blood_entry import EnteredBlood, EnteredWholeBody, concentration_column
from dosimetry_core.followup.entry_cells import TIME_HINT, after_infusion_words, infusion_of, table_of_text, with_titles
from dosimetry_core.report.words import nuclide_symbol
from dosimetry_core.units import KILOBECQUEREL_PER_ML
from widgets.entry_model import EntryColumn

DECIMAL_SIGNS: tuple[tuple[str, DecimalSign], ...] = (
    ("Decimals: comma or point", "either"),
    ("Decimals: comma", "comma"),
    ("Decimals: point", "point"),
)
_KNOWN, _COUNTED = 0, 1
_AFTER, _RESULT = "after", "result"
_NO_BACKGROUND = "0"


class SamplesPage(QWidget):
    """One cycle's blood and whole body; the cycle is that of the window."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("samples_page")
        self._session = session
        self._shown: tuple[object, ...] = ()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        self.blood = EntryCard("blood", "Blood samples", ())
        self.way = combo_box("blood_way", ["Concentration known", "From counts of a well counter"])
        self.way.setMinimumContentsLength(27)
        self.way.setAccessibleName("How the concentration is known")
        self.decimal = combo_box("samples_decimal", [text for text, _sign in DECIMAL_SIGNS])
        self.decimal.setMinimumContentsLength(23)
        self.decimal.setAccessibleName("Decimal sign of what is typed")
        self.efficiency, self.background = QLineEdit(), QLineEdit(_NO_BACKGROUND)
        choice = self._row(self.way, self.decimal)
        self.counter = self._row(
            text_label("Efficiency (counts/s/kBq)", role="dimmed"),
            self.efficiency,
            text_label("Background (counts/s)", role="dimmed"),
            self.background,
        )
        for name, field in (("efficiency", self.efficiency), ("background", self.background)):
            field.setObjectName(f"counter_{name}")
            field.setAccessibleName(f"{name.title()} of the well counter")
            field.setMaximumWidth(110)
            field.textEdited.connect(lambda _text: self._look_at_blood())
        self.hint = text_label(role="dimmed", name="samples_hint", wrap=True)
        self.blood.lay_out(choice, self.counter, self.hint)
        row.addWidget(self.blood, 7)
        self.body = EntryCard(
            "whole_body",
            "Whole body",
            (
                EntryColumn(blood_entry.TIME, "Measured at", 18, TIME_HINT),
                EntryColumn(_AFTER, "After", 7, "after the end of the infusion", is_shown=True),
                EntryColumn(blood_entry.ACTIVITY, "Activity (MBq)", 0, is_number=True),
            ),
        )
        self.body.lay_out(
            text_label(
                "Measured with a probe or a whole-body scan, decay included. Without a row here the remainder is what "
                "the field of view of the SPECT holds.",
                role="dimmed",
                wrap=True,
            )
        )
        side = QVBoxLayout()
        side.addWidget(self.body)
        row.addLayout(side, 4)
        self.way.currentIndexChanged.connect(lambda _n: self.refresh(anew=True))
        self.decimal.currentIndexChanged.connect(lambda _n: self._look())
        self.blood.edited.connect(self._look_at_blood)
        self.body.edited.connect(self._look_at_body)
        self.blood.take_requested.connect(self.take_blood)
        self.body.take_requested.connect(self.take_body)
        self.blood.file_chosen.connect(self.import_blood)
        self.body.file_chosen.connect(self.import_body)

    @staticmethod
    def _row(*widgets: QWidget) -> QWidget:
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        for widget in widgets:
            line.addWidget(widget)
        line.addStretch(1)
        return holder

    # --- showing ----------------------------------------------------------------------------------------------------

    def refresh(self, *, anew: bool = False) -> None:
        """Show the current cycle."""
        session = self._session
        cycle = session.cycle
        self.setEnabled(cycle is not None)
        if cycle is None:
            return
        names = tuple(given.nuclide for given in cycle.administrations)
        key = (session.document.case.patient.patient_id, cycle.number, names)
        anew = anew or key != self._shown
        if key != self._shown:
            self._shown = key
            counter = blood_entry.counter_of(cycle)
            self.way.blockSignals(True)
            self.way.setCurrentIndex(_KNOWN if counter is None else _COUNTED)
            self.way.blockSignals(False)
            if counter is not None:
                for field, text in zip(
                    (self.efficiency, self.background), blood_entry.counter_texts(counter), strict=True
                ):
                    field.setText(text)
        self.blood.heading.setText(f"Blood samples of cycle {cycle.number}")
        self.body.heading.setText(f"Whole body, cycle {cycle.number}")
        counted = self.way.currentIndex() == _COUNTED
        self.counter.setVisible(counted)
        self.blood.table.set_columns(self._columns(names, counted))
        zone = self._zone()
        self.hint.setText(
            f"Whole blood, decay-corrected to the time of drawing. Times in {zone.key}: {TIME_HINT}. "
            "The trial draws 5, 10 and 40 min, 4 and 24 h after the infusion."
        )
        rows = blood_entry.counting_rows if counted else blood_entry.concentration_rows
        self.blood.show_held(rows(cycle, zone), anew=anew)
        self.body.show_held(blood_entry.whole_body_rows(cycle, zone), anew=anew)
        self._look()

    def forget_typed(self) -> None:
        """Let go of what was typed for the course before, the counter's numbers included."""
        self._shown = ()
        self.blood.drop()
        self.body.drop()
        self.efficiency.clear()
        self.background.setText(_NO_BACKGROUND)

    @staticmethod
    def _columns(names: tuple[str, ...], counted: bool) -> tuple[EntryColumn, ...]:
        time = EntryColumn(blood_entry.TIME, "Drawn at", 15, TIME_HINT)
        after = EntryColumn(_AFTER, "After", 7, "after the end of the infusion", is_shown=True)
        uncertainty = EntryColumn(
            blood_entry.UNCERTAINTY,
            "u (%)",
            5,
            "relative standard uncertainty; 5 % where none is stated",
            is_number=True,
        )
        if not counted:
            known = [
                EntryColumn(concentration_column(name), f"{nuclide_symbol(name)} (kBq/mL)", 0, is_number=True)
                for name in names
            ]
            return (time, after, *known, uncertainty)
        which = [EntryColumn(blood_entry.NUCLIDE, "Nuclide", 6)] if len(names) > 1 else []
        return (
            time,
            after,
            *which,
            EntryColumn(blood_entry.COUNTS, "Counts", 8, "in the window, background included", is_number=True),
            EntryColumn(blood_entry.DURATION, "for (s)", 5, is_number=True),
            EntryColumn(blood_entry.COUNTED_AT, "Counted at", 15, TIME_HINT),
            EntryColumn(blood_entry.VOLUME, "mL", 4, "volume, or mass", is_number=True),
            EntryColumn(blood_entry.MASS, "or g", 4, "mass; by the density of blood it is a volume", is_number=True),
            EntryColumn(
                _RESULT, "= kBq/mL", 9, "decay-corrected to the time of drawing", is_shown=True, is_number=True
            ),
            uncertainty,
        )

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._session.document.case.patient.time_zone)

    def _sign(self) -> DecimalSign:
        return DECIMAL_SIGNS[self.decimal.currentIndex()][1]

    # --- reading ----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        self._look_at_blood()
        self._look_at_body()

    def _read_blood(self, cycle: Cycle) -> EnteredBlood:
        rows, zone, sign = self.blood.table.rows(), self._zone(), self._sign()
        if self.way.currentIndex() == _KNOWN:
            return blood_entry.read_concentrations(rows, cycle, zone, decimal=sign)
        counter = blood_entry.read_counter(self.efficiency.text(), self.background.text(), decimal=sign)
        density = self._session.document.case.settings.red_marrow.blood_density_g_per_ml
        return blood_entry.read_countings(rows, cycle, zone, counter, blood_density_g_per_ml=density, decimal=sign)

    def _look_at_blood(self) -> EnteredBlood | None:
        cycle = self._session.cycle
        if cycle is None:
            return None
        try:
            read = self._read_blood(cycle)
        except DosimetryError as error:
            self.blood.say((), {}, extra=problems_of(error)[0].text())
            return None
        infusion = infusion_of(cycle)
        shown = {(row, _AFTER): after_infusion_words(time, infusion) for row, time in read.times.items()}
        shown |= {
            (row, _RESULT): KILOBECQUEREL_PER_ML.text(value, digits=3, with_symbol=False)
            for row, value in read.concentrations.items()
        }
        self.blood.say(read.remarks, shown, count=_counted(len(read.samples), "sample"))
        return read

    def _look_at_body(self) -> EnteredWholeBody | None:
        cycle = self._session.cycle
        if cycle is None:
            return None
        try:
            read = blood_entry.read_whole_body(self.body.table.rows(), cycle, self._zone(), decimal=self._sign())
        except DosimetryError as error:
            self.body.say((), {}, extra=problems_of(error)[0].text())
            return None
        infusion = infusion_of(cycle)
        shown = {(row, _AFTER): after_infusion_words(time, infusion) for row, time in read.times.items()}
        method = "field of view of the SPECT" if read.whole_body.method == "field-of-view" else ""
        self.body.say(read.remarks, shown, count=method or _counted(len(read.whole_body.times), "measurement"))
        return read

    # --- taking -----------------------------------------------------------------------------------------------------

    def take_blood(self) -> None:
        """The samples of the table in place of those of the cycle, as one step."""
        read = self._look_at_blood()
        if read is None or not read.is_right:
            return
        samples = read.samples
        if self._edit("Blood samples", lambda cycle: blood_entry.with_blood(cycle, samples)):
            self.refresh(anew=True)

    def take_body(self) -> None:
        """The measurements of the table in place of those of the cycle, as one step."""
        read = self._look_at_body()
        if read is None or not read.is_right:
            return
        measured = read.whole_body
        if self._edit("Whole body", lambda cycle: blood_entry.with_whole_body(cycle, measured)):
            self.refresh(anew=True)

    def _edit(self, what: str, change: Callable[[Cycle], Cycle]) -> bool:
        session = self._session
        cycle = session.cycle
        if cycle is None:
            return False
        index = session.view_state.cycle

        def edit(case: Case) -> Case:
            return with_cycle(case, index, change(case.cycles[index]))

        return session.document.apply(f"{what} of cycle {cycle.number}", edit)

    # --- import -----------------------------------------------------------------------------------------------------

    def import_blood(self, path: Path) -> None:
        """Rows of a CSV file with titles into the table; nothing is taken yet."""
        cycle = self._session.cycle
        if cycle is None:
            return
        names: dict[str, tuple[str, ...]] = {
            column.key: (column.title, column.key) for column in self.blood.table.columns if not column.is_shown
        }
        names[blood_entry.TIME] = ("time", "Drawn at", "drawn", "sampling time")
        names[blood_entry.UNCERTAINTY] = ("uncertainty", "u (%)", "relative standard uncertainty %")
        if len(cycle.administrations) == 1 and self.way.currentIndex() == _KNOWN:
            column = concentration_column(cycle.administrations[0].nuclide)
            names[column] = (*names[column], "kBq/mL", "activity_kbq_per_ml")
        self._import(self.blood, path, names)

    def import_body(self, path: Path) -> None:
        """Rows of a CSV file with titles into the table; nothing is taken yet."""
        self._import(
            self.body,
            path,
            {
                blood_entry.TIME: ("time", "Measured at", "measured"),
                blood_entry.ACTIVITY: ("Activity (MBq)", "MBq", "activity_mbq"),
            },
        )

    @staticmethod
    def _import(card: EntryCard, path: Path, names: Mapping[str, Sequence[str]]) -> None:
        try:
            rows = with_titles(table_of_text(path.read_text("utf-8-sig")), names)
        except (OSError, UnicodeDecodeError) as error:
            card.say((), {}, extra=f"{path.name} can't be read ({error})")
            return
        except DosimetryError as error:
            card.say((), {}, extra=f"{path.name}: {problems_of(error)[0].text()}")
            return
        card.table.replace_rows(rows)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
