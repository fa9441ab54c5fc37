"""What was given of an approved plan: one person enters the readings, a second one reads again, then it is compared."""

from __future__ import annotations

import getpass
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from app.importing.files_read import read_report
from app.number_grid import GridColumn, GridRow, NumberGrid
from app.plans.giving import (
    ApprovedPlan,
    as_given,
    calibrator_offset_s,
    given_line,
    last_start,
    next_cycle_number,
    not_given,
    planned_of_cycle,
    with_corrected_cycle,
    with_given_cycle,
)
from app.plans.plan_signing import PlanFile
from app.plans.reported_readings import reported_readings
from app.problems import problems_of
from app.session import Session
from app.steps.giving_readings import FIELDS, TIME_HINT, add_details, administration_of, offset_of, with_details
from app.steps.giving_sheet import GivingSheet
from app.steps.step import push_button
from dosimetry_core.case import Administration, Case
from dosimetry_core.dicom.administration_report import AdministrationReport
from dosimetry_core.errors import DosimetryError, InconsistentCaseError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.administration_entry import (
    PlannedCycle,
    SecondReading,
    entry_findings,
    is_refused,
    is_same_reader,
    questions,
    read_activity_mbq,
)
from dosimetry_core.report.words import nuclide_symbol
from dosimetry_core.units import GIGABECQUEREL, PERCENT
from widgets.findings_panel import FindingsPanel

_PAGE_WIDTH = 1000


@dataclass(frozen=True)
class _Task:
    """What is entered: a cycle of an approved plan, or a correction of one that was given."""

    planned: PlannedCycle
    number: int
    case: Case
    plan: ApprovedPlan | None = None
    plan_file: PlanFile | None = None

    @property
    def is_correction(self) -> bool:
        return self.plan is None


class GivingPage(QWidget):
    """Three sheets one after the other; nothing of the first is seen on the second. ``left`` comes at the end."""

    left = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("giving_page")
        self._session = session
        self._task: _Task | None = None
        self._given: tuple[Administration, ...] = ()
        self._second: SecondReading | None = None
        self._offset_s = 0.0
        self.sheets = QStackedWidget()
        self.sheets.setMaximumWidth(_PAGE_WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.sheets)
        column.addStretch(1)
        self.first = GivingSheet("first", "Next: second person…")
        self.second = GivingSheet("second", "Compare with the plan")
        self.last = GivingSheet("last", "Take into the course")
        self.table = NumberGrid("giving_table", spread=False)
        self.findings = FindingsPanel(object_name="giving_findings")
        self.findings.setMinimumHeight(170)
        self.comment = QLineEdit()
        self.comment.setObjectName("giving_comment")
        self.comment.textChanged.connect(lambda _text: self._judge())
        self.checked = QCheckBox("I have checked what is asked here: it is right")
        self.checked.setObjectName("giving_checked")
        self.checked.toggled.connect(lambda _on: self._judge())
        for widget in (self.table, self.findings, self.comment, self.checked):
            self.last.add(widget)
        self.report_button = push_button(
            "From a report (DICOM)…",
            name="giving_report",
            tooltip="fills in what a dispensing system reported; the second person reads for themselves all the same",
        )
        self.report_button.clicked.connect(self._choose_report)
        self.first.add_row(self.report_button)
        for sheet, act in ((self.first, self.take_first), (self.second, self.take_second), (self.last, self.take)):
            sheet.forward.clicked.connect(act)
            sheet.cancel.clicked.connect(self.leave)
            sheet.finish()
            self.sheets.addWidget(sheet)

    # --- acts -------------------------------------------------------------------------------------------------------

    def begin(self, plan: ApprovedPlan, plan_file: PlanFile) -> None:
        """Enter the cycle of an approved plan."""
        case = self._session.document.case
        self._begin(_Task(plan.planned, next_cycle_number(case), case, plan, plan_file))

    def begin_correction(self, number: int) -> None:
        """Enter once more what was given in a cycle."""
        case = self._session.document.case
        cycle = next(cycle for cycle in case.cycles if cycle.number == number)
        planned = planned_of_cycle(case, cycle)
        if planned is not None:
            self._begin(_Task(planned, number, case))

    def keeps_to(self, case: Case) -> bool:
        """Whether what is being entered is about this very case."""
        return self._task is not None and self._task.case is case

    def _begin(self, task: _Task) -> None:
        self._task, self._given, self._second, self._offset_s = task, (), None, 0.0
        names = list(task.planned.activities_bq)
        self.first.clear_fields()
        self.second.clear_fields()
        for column, (_key, title, _hint) in enumerate(FIELDS, start=1):
            self.first.add_title(title, 0, column)
        for row, name in enumerate(names, start=1):
            self.first.add_title(nuclide_symbol(name), row, 0)
            for column, (key, title, hint) in enumerate(FIELDS, start=1):
                self.first.add_field(f"given_{name}_{key}", f"{name}, {title}", hint, row, column)
        for row, (key, title) in enumerate((("second_name", "Name"), ("second_patient", "Patient ID on the label"))):
            self.second.add_title(title, row, 0)
            self.second.add_field(key, title, "", row, 1, columns=2)
        for row, name in enumerate(names, start=2):
            self.second.add_title(nuclide_symbol(name), row, 0)
            for column, (key, title, hint) in enumerate((FIELDS[0], FIELDS[2]), start=1):
                self.second.add_field(f"second_{name}_{key}", f"{name}, {title}", f"{title}: {hint}", row, column)
        what = "correct what was given" if task.is_correction else "what was given"
        zone = self._session.document.case.patient.time_zone
        self.first.add_title("Calibrator's clock (s)", len(names) + 1, 0, columns=2)
        self.first.add_field(
            "calibrator_clock",
            "Added to the times of the dose calibrator's clock, in s",
            "0 if it is right",
            len(names) + 1,
            2,
        )
        corrected = [cycle for cycle in task.case.cycles if task.is_correction and cycle.number == task.number]
        before = {item.nuclide: item for cycle in corrected for item in cycle.administrations}
        add_details(self.first, names, before, len(names) + 2)
        self.first.heading.setText(f"Cycle {task.number}: {what}")
        self.first.text.setText(
            f"Readings of the dose calibrator, as they stand there. Times in {zone}, as {TIME_HINT}. The residual is "
            "taken off, both are decayed to the start of the infusion. What was not given gets 0 for both readings. "
            f"Seconds are added to the calibrator's times where its clock is late{self._offset_words(task)}."
        )
        self.second.heading.setText(f"Cycle {task.number}: second person")
        self.second.text.setText("Read label and dose calibrator yourself; what was typed before is not shown.")
        self.last.heading.setText(f"Cycle {task.number}: held against the plan")
        self.comment.setText("")
        self.comment.setPlaceholderText("Reason of the correction (needed)" if task.is_correction else "Comment")
        self.checked.setChecked(False)
        self._go(self.first)

    def _go(self, sheet: GivingSheet) -> None:
        sheet.say("")
        self.sheets.setCurrentWidget(sheet)

    def _choose_report(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Report of what was given", "", "DICOM (*.dcm);;All files (*)")
        if name:
            self.take_report(Path(name))

    def take_report(self, path: Path) -> None:
        """Fill in what a Radiopharmaceutical Radiation Dose SR says; it is read as a job."""
        job = self._session.jobs.start(read_report, path, purpose="report", title=f"Reading {path.name}")
        job.succeeded.connect(self._fill_in)
        job.failed.connect(self._report_failed)

    def _report_failed(self, error: BaseException) -> None:
        self.first.say(problems_of(error)[0].text())

    def _fill_in(self, report: AdministrationReport) -> None:
        task = self._task
        if task is None or self.sheets.currentWidget() is not self.first:
            return
        patient = self._session.document.case.patient
        try:
            readings = reported_readings(
                report,
                patient_id=patient.patient_id,
                nuclides=task.planned.activities_bq,
                zone=ZoneInfo(patient.time_zone),
            )
        except DosimetryError as error:
            self._report_failed(error)
            return
        for name, texts in readings.items():
            for key, text in texts.items():
                self.first.fields[f"given_{name}_{key}"].setText(text)
        self.first.say("")

    def take_first(self) -> None:
        """The first person has typed all readings."""
        task = self._task
        if task is None:
            return
        try:
            self._offset_s = offset_of(self.first.typed("calibrator_clock"))
            self._given = tuple(self._typed(name, task) for name in task.planned.activities_bq)
        except DosimetryError as error:
            self.first.say(problems_of(error)[0].text())
            return
        self._go(self.second)

    def _offset_words(self, task: _Task) -> str:
        """What the clock was corrected by before: in the cycle itself for a correction, else in the last one."""
        before_s = self._offset_before_s(task)
        if not before_s:
            return ""
        return f" ({before_s:+g} s {'so far' if task.is_correction else 'in the last cycle'})"

    def _offset_before_s(self, task: _Task) -> float:
        cycles = [cycle for cycle in task.case.cycles if not task.is_correction or cycle.number == task.number]
        return calibrator_offset_s(cycles[-1] if cycles else None)

    def _typed(self, name: str, task: _Task) -> Administration:
        zone = ZoneInfo(self._session.document.case.patient.time_zone)
        texts = {key: self.first.typed(f"given_{name}_{key}") for key, _title, _hint in FIELDS}
        made = with_details(administration_of(name, texts, zone, offset_s=self._offset_s), self.first)
        if task.is_correction:
            cycle = next(c for c in self._session.document.case.cycles if c.number == task.number)
            # All of a cycle was given by one plan; what 0 was given of has no administration that names it.
            plan = next((each.plan_sha256 for each in cycle.administrations if each.plan_sha256), "")
            made = replace(made, planned_activity_bq=task.planned.activities_bq[name], plan_sha256=plan)
        return made

    def take_second(self) -> None:
        """The second person has read again."""
        task = self._task
        if task is None:
            return
        name = self.second.typed("second_name")
        try:
            if not name:
                raise InconsistentCaseError("is missing", where="Name", remedy="say who reads")
            if is_same_reader(name, self._who()):
                raise InconsistentCaseError(
                    "is the person who entered the readings", where="Name", remedy="have another person read"
                )
            readings = {
                key: FrozenMap(
                    {n: read_activity_mbq(self.second.typed(f"second_{n}_{key}")) for n in task.planned.activities_bq}
                )
                for key in ("vial", "residual")
            }
        except DosimetryError as error:
            self.second.say(problems_of(error)[0].text())
            return
        self._second = SecondReading(name, self.second.typed("second_patient"), readings["vial"], readings["residual"])
        self._go(self.last)
        self._judge()

    def _judge(self) -> None:
        """Hold what was entered against the plan, with the comment as it is typed."""
        task = self._task
        if task is None or self._second is None:
            return
        case, comment = self._session.document.case, self.comment.text()
        found = entry_findings(
            task.planned,
            case.patient.patient_id,
            task.number,
            self._given,
            self._second,
            now=now(),
            last_start=last_start(case, before=task.number),
            comment=comment,
            calibrator_offset_s=self._offset_s,
            last_calibrator_offset_s=self._offset_before_s(task),
        )
        if task.plan is not None:
            found = (*found, *task.plan.findings())
        asked = questions(found)
        self.findings.show_findings(found)
        self.findings.setVisible(bool(found))
        self.checked.setVisible(bool(asked) and not is_refused(found))
        reason_missing = task.is_correction and not comment.strip()
        self.last.text.setText(
            "This can't be taken into the course: read again, or cancel."
            if is_refused(found)
            else "A correction needs a reason."
            if reason_missing
            else "What is asked has to be checked."
            if asked
            else "Both readings agree, and the activity is within 10 % of the plan."
        )
        may = not is_refused(found) and not reason_missing and (self.checked.isChecked() or not asked)
        self.last.forward.setEnabled(may)
        self._show_table(task)

    def _show_table(self, task: _Task) -> None:
        rows = []
        for item in self._given:
            planned = task.planned.activities_bq[item.nuclide]
            share = f"{PERCENT.from_core(item.administered_activity_bq / planned - 1.0):+.1f}" if planned else "–"
            cells = {
                "nuclide": nuclide_symbol(item.nuclide),
                "planned": GIGABECQUEREL.text(planned, digits=3, with_symbol=False),
                "given": GIGABECQUEREL.text(item.administered_activity_bq, digits=3, with_symbol=False),
                "share": share,
            }
            rows.append(GridRow(item.nuclide, cells))
        columns = (
            GridColumn("nuclide", ""),
            GridColumn("planned", "Planned (GBq)"),
            GridColumn("given", "Given (GBq)", "vial less residual, both at the start of the infusion"),
            GridColumn("share", "Difference (%)"),
        )
        self.table.show_rows(columns, rows)

    def take(self) -> None:
        """Take what was given into the course; it can be corrected afterwards, not undone."""
        task, session = self._task, self._session
        if task is None or not self.last.forward.isEnabled() or not session.permission.asked():
            return
        comment = self.comment.text().strip()
        case = session.document.case
        if not self.keeps_to(case):
            self.leave()
            return
        try:
            given = as_given(self._given, task.plan, given_by=self._who(), comment=comment)
            nothing_of = not_given(self._given, task.planned)
            if task.is_correction:
                made = with_corrected_cycle(case, task.number, given, nothing_of=nothing_of, offset_s=self._offset_s)
            else:
                made = with_given_cycle(
                    case, task.number, given, nothing_of=nothing_of, calibrator_offset_s=self._offset_s
                )
                if session.journal is not None and task.plan_file is not None:
                    words = "; ".join(
                        [*(given_line(item) for item in given), *(task.plan.unvouched if task.plan else ())]
                    )
                    session.journal.note_administered(task.plan_file, words)
        except DosimetryError as error:
            self.last.say(problems_of(error)[0].text())
            return
        label = f"Correct what was given in cycle {task.number}" if task.is_correction else f"Give cycle {task.number}"
        session.document.apply(label, lambda _case: made, why=comment, is_final=True)
        if not task.is_correction:
            self._begin_next_plan(task)
        self.leave()

    def _begin_next_plan(self, task: _Task) -> None:
        """The plan was given; choice and reasons were about it, and the next plan begins without them."""
        session = self._session
        if task.plan_file is not None:
            session.plan_files[:] = [plan for plan in session.plan_files if plan.cycle != task.plan_file.cycle]
        session.plan_choice.choose(None)
        for code, place in session.reviews.reasons:
            session.reviews.acknowledge(code, place, "")

    def leave(self) -> None:
        """Forget what was typed."""
        self._task, self._given, self._second = None, (), None
        self.first.clear_fields()
        self.second.clear_fields()
        self.left.emit()

    def _who(self) -> str:
        courses = self._session.courses
        return courses.who() if courses is not None and courses.person is not None else getpass.getuser()


def now() -> datetime:
    """The present."""
    return datetime.now(UTC)
