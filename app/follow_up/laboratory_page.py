"""Laboratory values, performance status and tumour markers of one day, with units said and conversions shown."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import get_args

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from app.follow_up.entry_card import EntryCard
from app.follow_up.samples_page import DECIMAL_SIGNS
from app.number_grid import GridColumn, GridRow, NumberGrid
from app.problems import problems_of
from app.session import Session
from app.steps.step import ScrolledGrid, Section, combo_box, push_button, text_label
from dosimetry_core.case import Case, Visit
from dosimetry_core.entered_numbers import DecimalSign
from dosimetry_core.errors import DosimetryError
from dosimetry_core.followup import laboratory_entry as entry
from dosimetry_core.followup.entry_cells import read_day
from dosimetry_core.followup.laboratory_entry import EnteredDay, ImportedLaboratory, cycle_of_day, with_laboratory
from dosimetry_core.followup.laboratory_trend import laboratory_trends
from dosimetry_core.followup.treatment_start import treatment_start
from dosimetry_core.laboratory import LABORATORY_NAMES
from dosimetry_core.safety.ctcae import GRADED_KEYS, ctcae_grade
from widgets.entry_model import EntryColumn
from widgets.theme import set_role

NEW_DAY = "New day"
_TAKEN, _BEFORE, _GRADE = "taken", "before", "grade"
_LIMIT_TIP = "limit of normal of your laboratory, in the unit of the row; for all days"
_COLUMNS = (
    EntryColumn(entry.NAME, "Quantity", 20, is_shown=True),
    EntryColumn(entry.VALUE, "Value", 8, "as the laboratory reported it", is_number=True),
    EntryColumn(
        entry.UNIT,
        "Unit",
        13,
        "filled in with the unit of the course; type the one the laboratory reported, such as mg/dL",
    ),
    EntryColumn(_TAKEN, "Taken as", 0, "in the unit of the course", is_shown=True),
    EntryColumn(_GRADE, "Grade", 5, "CTCAE 5.0, with its baseline rules", is_shown=True),
    EntryColumn(_BEFORE, "Before", 7, "the last value before this day, in the unit of the course", is_shown=True),
    EntryColumn(
        entry.LOWER, "Lower", 6, "your laboratory's limits, in the unit of the row; for all days", is_number=True
    ),
    EntryColumn(
        entry.UPPER, "Upper", 6, "your laboratory's limits, in the unit of the row; for all days", is_number=True
    ),
)


class LaboratoryPage(QWidget):
    """One day's values; a CSV file brings several days at once."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("laboratory_page")
        self._session = session
        self._days: tuple[date, ...] = ()
        self._shown: tuple[object, ...] = ()
        self._import: ImportedLaboratory | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        self.card = EntryCard("laboratory_entry", "Laboratory", _COLUMNS, grows=False)
        self.day_choice = combo_box("laboratory_day", [NEW_DAY])
        self.day_choice.setMinimumContentsLength(22)
        self.day_choice.setAccessibleName("Day of the laboratory")
        self.day = QLineEdit()
        self.day.setObjectName("laboratory_date")
        self.day.setAccessibleName("Date of the new day")
        self.day.setPlaceholderText("2026-11-21")
        self.day.setMaximumWidth(110)
        self.visit = combo_box("laboratory_visit", ["No visit of the trial", *get_args(Visit)[1:]])
        self.visit.setAccessibleName("Visit")
        self.decimal = combo_box("laboratory_decimal", [text for text, _sign in DECIMAL_SIGNS])
        self.decimal.setMinimumContentsLength(23)
        self.decimal.setAccessibleName("Decimal sign of what is typed")
        top = QWidget()
        line = QHBoxLayout(top)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        for widget in (self.day_choice, self.day, self.visit, self.decimal):
            line.addWidget(widget)
        line.addStretch(1)
        self.card.lay_out(top)
        row.addWidget(self.card, 7)
        self.imported = Section("From a file", name="laboratory_import")
        self.import_text = text_label(
            "A CSV file with a line for each value (date, name, value, unit), or a line for each day with the unit in "
            "the title of each column: Creatinine [mg/dL]. What can't be read is said here; nothing is guessed.",
            role="dimmed",
            name="laboratory_import_text",
            wrap=True,
        )
        self.imported.add(self.import_text)
        self.preview = NumberGrid("laboratory_import_values", spread=False)
        self.imported.add(ScrolledGrid(self.preview), 1)
        self.take_import = push_button("Take into the course", name="laboratory_import_take", primary=True)
        self.take_import.setEnabled(False)
        self.take_import.clicked.connect(self.take_file)
        self.drop_import = push_button("Leave it", name="laboratory_import_drop")
        self.drop_import.setEnabled(False)
        self.drop_import.clicked.connect(self.drop_file)
        self.imported.add_row(self.take_import, self.drop_import)
        row.addWidget(self.imported, 3)
        self.day_choice.activated.connect(lambda _n: self._choose_day())
        self.day.textEdited.connect(lambda _text: self._look())
        self.visit.activated.connect(lambda _n: self._visit_chosen())
        self.decimal.activated.connect(lambda _n: self._look())
        self.card.edited.connect(self._look)
        self.card.take_requested.connect(self.take)
        self.card.file_chosen.connect(self.read_file)
        self.refresh()

    # --- showing ----------------------------------------------------------------------------------------------------

    def refresh(self, *, anew: bool = False) -> None:
        """Show the days of the course, and the chosen one."""
        case = self._session.document.case
        self.setEnabled(bool(case.cycles))
        if not case.cycles:
            return
        days = tuple(sorted({r.date for cycle in case.cycles for r in cycle.laboratory}))
        patient = case.patient.patient_id
        if (patient, days) != self._shown:
            chosen = self.chosen_day() if self._shown and self._shown[0] == patient else days[-1] if days else None
            self._shown, self._days = (patient, days), days
            self.day_choice.clear()
            self.day_choice.addItems([NEW_DAY, *(self._day_text(case, day) for day in days)])
            self._set_day(chosen)
            anew = anew or not self.card.is_draft
        self.card.show_held(entry.rows_of_day(case, self.chosen_day()), anew=anew)
        self._look()

    def forget_typed(self) -> None:
        """Let go of what was typed or read from a file for the course before."""
        self._shown, self._days = (), ()
        self.card.drop()
        self.day.clear()
        self.day_choice.setCurrentIndex(0)
        self.visit.setCurrentIndex(0)
        self.drop_file()

    @staticmethod
    def _day_text(case: Case, day: date) -> str:
        held = entry.result_of(case, day)
        if held is None:
            return f"{day:%d %b %Y}"
        visit = f", {held[1].visit}" if held[1].visit else ""
        return f"{day:%d %b %Y}, cycle {case.cycles[held[0]].number}{visit}"

    def chosen_day(self) -> date | None:
        """The day in the table; None for a new one."""
        number = self.day_choice.currentIndex() - 1
        return self._days[number] if 0 <= number < len(self._days) else None

    def _set_day(self, day: date | None) -> None:
        self.day_choice.setCurrentIndex(self._days.index(day) + 1 if day in self._days else 0)
        self.day.setVisible(self.chosen_day() is None)
        held = None if day is None else entry.result_of(self._session.document.case, day)
        self.visit.setCurrentIndex(0 if held is None else get_args(Visit).index(held[1].visit))

    def choose(self, day: date | None) -> None:
        """Show a day that the course has values of, or a new one."""
        self._set_day(day)
        self._choose_day()

    def _choose_day(self) -> None:
        self._set_day(self.chosen_day())
        self.card.show_held(entry.rows_of_day(self._session.document.case, self.chosen_day()), anew=True)

    def _visit_chosen(self) -> None:
        day, case = self.chosen_day(), self._session.document.case
        held = None if day is None else entry.result_of(case, day)
        if held is not None and not self.card.is_draft:
            # Another visit alone is taken at once: there is nothing to check.
            visit, result = self._visit(), held[1]
            self._apply(f"Visit of {result.date.isoformat()}", result.date, dict(result.values), visit, None)
        self._look()

    def _visit(self) -> Visit:
        visits: tuple[Visit, ...] = get_args(Visit)
        return visits[max(self.visit.currentIndex(), 0)]

    def _sign(self) -> DecimalSign:
        return DECIMAL_SIGNS[max(self.decimal.currentIndex(), 0)][1]

    # --- reading ----------------------------------------------------------------------------------------------------

    def _typed_day(self) -> tuple[date | None, str]:
        """The day meant, and what is wrong with it."""
        chosen = self.chosen_day()
        if chosen is not None:
            return chosen, ""
        if not self.day.text().strip():
            return None, "" if not self.card.is_draft else "the date is missing"
        try:
            day = read_day(self.day.text())
        except DosimetryError as error:
            return None, f"{error.what}; {error.remedy}"
        if day in self._days:
            return None, "the course has values of this day: choose it to change them"
        if day > today():
            return None, f"{day.isoformat()} lies in the future"
        birth = self._session.document.case.patient.birth_date
        if birth is not None and day < birth:
            return None, f"{day.isoformat()} is before the patient's birth"
        return day, ""

    def _look(self) -> tuple[date, EnteredDay] | None:
        case = self._session.document.case
        if not case.cycles:
            return None
        day, problem = self._typed_day()
        before = entry.values_before(case, day or today())
        read = entry.read_laboratory_rows(self.card.table.rows(), before=before, decimal=self._sign())
        shown: dict[tuple[int, str], str] = {}
        start = treatment_start(case)
        is_before = day is not None and (start is None or day <= start)
        trends = () if is_before else laboratory_trends(case)
        baselines = {t.key: t.baseline.value for t in trends if t.baseline is not None}
        for row, key in enumerate(LABORATORY_NAMES):
            if key in before:
                shown[row, _BEFORE] = f"{before[key]:.4g}"
        for row, conversion in read.conversions.items():
            shown[row, _TAKEN] = conversion.text
            if conversion.key in GRADED_KEYS:
                grade = ctcae_grade(
                    conversion.key,
                    conversion.value,
                    limit=read.limits.get(conversion.key),
                    baseline=baselines.get(conversion.key),
                )
                shown[row, _GRADE] = "?" if grade is None else f"{grade}"
        where = ""
        if day is not None:
            held = entry.result_of(case, day)
            index = held[0] if held is not None else cycle_of_day(case.cycles, day)
            where = f" of {day:%d %b %Y}, kept with cycle {case.cycles[index].number}"
        number = len(read.values)
        self.card.say(read.remarks, shown, extra=problem, count=f"{number} value{'' if number == 1 else 's'}{where}")
        if day is None:
            self.card.take.setEnabled(False)
            return None
        return day, read

    # --- taking -----------------------------------------------------------------------------------------------------

    def take(self) -> None:
        """What was typed as the values of the day, and the limits for all days, as one step."""
        found = self._look()
        if found is None or not found[1].is_right:
            return
        day, read = found
        if self._apply(f"Laboratory of {day.isoformat()}", day, dict(read.values), self._visit(), dict(read.limits)):
            self.day.clear()
            self.refresh(anew=True)
            self.choose(day)

    def _apply(self, label: str, day: date, values: dict[str, float], visit: Visit, limits: object) -> bool:
        return self._session.document.apply(
            label,
            lambda case: with_laboratory(case, day, values, visit=visit, limits=limits),  # type: ignore[arg-type]
        )

    # --- import -----------------------------------------------------------------------------------------------------

    def read_file(self, path: Path) -> None:
        """Values of a CSV file, shown before they are taken."""
        try:
            self.read_text(path.read_text("utf-8-sig"), path.name)
        except (OSError, UnicodeDecodeError) as error:
            self._say_import(f"{path.name} can't be read ({error})", "error")

    def read_text(self, text: str, name: str) -> None:
        """Values of a table as text; ``name`` says where it is from."""
        self._import = None
        try:
            born = self._session.document.case.patient.birth_date
            read = entry.read_laboratory_table(text, decimal=self._sign(), born=born, today=today())
        except DosimetryError as error:
            self._say_import(f"{name}: {problems_of(error)[0].text()}", "error")
            return
        case = self._session.document.case
        changed = [
            f"{day.isoformat()}"
            for day, (_visit, values) in read.days().items()
            if (held := entry.result_of(case, day)) is not None
            and any(held[1].values.get(key, value) != value for key, value in values.items())
        ]
        self._import = read
        days = len(read.days())
        said = [f"{name}: {len(read.values)} values of {days} day{'' if days == 1 else 's'}"]
        if changed:
            said.append(f"values of {', '.join(changed)} take the place of others that the course holds")
        said += read.problems[:6]
        if len(read.problems) > 6:
            said.append(f"{len(read.problems) - 6} more that can't be read")
        if read.problems:
            said.append("Nothing is taken while a line can't be read: mend or remove it in the file")
        self._say_import(". ".join(said), "error" if read.problems else "warning" if changed else "")
        rows = [
            GridRow(
                f"{value.day.isoformat()}.{value.conversion.key}",
                {
                    "day": value.day.isoformat(),
                    "cycle": f"C{case.cycles[cycle_of_day(case.cycles, value.day)].number}",
                    "name": LABORATORY_NAMES[value.conversion.key][0],
                    "value": value.conversion.text,
                },
            )
            for value in read.values
        ]
        columns = [
            GridColumn(key, title) for key, title in (("day", "Day"), ("cycle", ""), ("name", ""), ("value", ""))
        ]
        self.preview.show_rows(columns, rows)
        self.take_import.setEnabled(bool(read.values) and not read.problems)
        self.drop_import.setEnabled(True)

    def _say_import(self, text: str, role: str) -> None:
        self.import_text.setText(text)
        set_role(self.import_text, role)
        self.take_import.setEnabled(False)
        self.preview.show_rows([], [])

    def take_file(self) -> None:
        """The values of the file into the course, as one step; other values of the same days stay."""
        read = self._import
        if read is None or read.problems:
            return

        def edit(case: Case) -> Case:
            for day, (visit, values) in read.days().items():
                held = entry.result_of(case, day)
                before = {} if held is None else dict(held[1].values)
                kept: Visit = visit or ("" if held is None else held[1].visit)
                case = with_laboratory(case, day, {**before, **values}, visit=kept)
            return case

        days = len(read.days())
        if self._session.document.apply(f"Laboratory of {days} day{'' if days == 1 else 's'} from a file", edit):
            self.drop_file()
            self.refresh(anew=True)

    def drop_file(self) -> None:
        """Forget the file."""
        self._import = None
        self._say_import("Nothing is waiting to be taken.", "dimmed")
        self.drop_import.setEnabled(False)


def today() -> date:
    """The present day."""
    return date.today()
