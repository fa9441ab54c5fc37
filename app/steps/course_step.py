"""Step 1: the course. Cycles as columns, what was given and measured, absorbed doses so far against the limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.key_table import PATIENT_LIST_KEYS
from app.number_grid import GridColumn, GridRow, Number, NumberGrid
from app.problems import problems_of
from app.protocols.choice import NewerProtocol, show_choices
from app.session import Session
from app.steps.remarks import Remarks
from app.steps.step import Section, Step, combo_box, push_button, text_label
from app.window_texts import planned_cycles, protocol_of
from dosimetry_core.case import Case
from dosimetry_core.case_file import protocol_text_of
from dosimetry_core.errors import Finding
from dosimetry_core.planning.protocol import bundled_protocols
from dosimetry_core.report.words import in_words, nuclide_symbol
from dosimetry_core.units import GIGABECQUEREL, GRAY, MM_PER_CM, PERCENT, DisplayUnit

_CENTIMETRE = DisplayUnit("cm", MM_PER_CM, 0)
_KILOGRAM = DisplayUnit("kg", 1.0, 1)
_OPEN_CYCLES = 0
"""Value of the cycle field that means "as the protocol says"."""
LARGEST_CYCLE_NUMBER = 12


if TYPE_CHECKING:
    from app.plans.giving import ApprovedPlan
    from app.plans.plan_signing import PlanFile
    from app.steps.course_overview import CourseOverview
    from app.steps.giving_page import GivingPage


class CourseStep(Step):
    """Course overview; protocol and planned cycles are edited here."""

    key = "course"
    title = "Course"

    open_requested = Signal()
    demonstration_requested = Signal()
    follow_up_requested = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.column.addWidget(self._problems_card())
        self._pages = QStackedWidget()
        self.column.addWidget(self._pages, 1)
        self._pages.addWidget(self._welcome())
        self._overview: CourseOverview | None = None
        self._giving: GivingPage | None = None
        self._build_inspector()

    # --- layout -----------------------------------------------------------------------------------------------------

    def _welcome(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        card = Section("Open a case", name="welcome")
        card.add(
            text_label("A case is a folder with case.toml: patient, treatment and where the images are.", wrap=True)
        )
        open_button = push_button("Open case folder…", name="open_case", primary=True)
        open_button.clicked.connect(self.open_requested)
        demonstration = push_button("Demonstration case…", name="open_demonstration")
        demonstration.clicked.connect(self.demonstration_requested)
        card.add_row(open_button, demonstration)
        card.setMaximumWidth(620)
        column.addStretch(1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(card, 2)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(2)
        return page

    def set_welcome(self, page: QWidget) -> None:
        """Show this where no course is open, instead of the plain welcome."""
        before = self._pages.widget(0)
        self._pages.insertWidget(0, page)
        if before is not None:
            self._pages.removeWidget(before)
            before.deleteLater()
        self.refresh()

    def _problems_card(self) -> QWidget:
        self._problems = Section("This needs your attention", name="problems")
        self._problem_text = text_label(role="error", name="problem_text", wrap=True)
        self._problems.add(self._problem_text)
        self._problems.hide()
        return self._problems

    def _build_inspector(self) -> None:
        protocol = Section("Protocol")
        self.protocol = combo_box("protocol", bundled_protocols())
        self.protocol.activated.connect(
            lambda index: self.choose_protocol(self.protocol.itemData(index) or self.protocol.itemText(index))
        )
        self.newer = NewerProtocol(self.session)
        numbers = [str(n) for n in range(1, LARGEST_CYCLE_NUMBER + 1)]
        self.cycles = combo_box("planned_cycles", ["as the protocol says", *numbers])
        self.cycles.activated.connect(self.choose_cycles)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Protocol", self.protocol)
        form.addRow("Cycles", self.cycles)
        holder = QWidget()
        holder.setLayout(form)
        protocol.add(holder)
        self._protocol_text = text_label(role="dimmed", name="protocol_text", wrap=True)
        protocol.add(self._protocol_text)
        protocol.add(self.newer)
        self.limits = NumberGrid("protocol_limits")
        protocol.add(self.limits)
        self.inspector.add(protocol)
        self._given_card()
        patient = Section("Patient")
        self.patient = NumberGrid("patient_facts")
        patient.add(self.patient)
        self.inspector.add(patient)
        self.findings = Remarks("course_findings", "Remarks on the course")
        self.add_remarks(self.findings)

    def _given_card(self) -> None:
        """What was given: of the approved plan, or once more of the last cycle."""
        card = Section("What was given", name="given_card")
        self._given_text = text_label(role="dimmed", name="given_text", wrap=True)
        card.add(self._given_text)
        self.give = push_button("Enter what was given…", name="enter_given", primary=True)
        self.give.clicked.connect(self.enter_given)
        self.correct = push_button("Correct…", name="correct_given", tooltip="as a new revision, with a reason")
        self.correct.clicked.connect(self.correct_given)
        card.add_row(self.give, self.correct)
        self.inspector.add(card)
        self._values_card()

    def _values_card(self) -> None:
        """Ways to the window where values are entered by hand."""
        card = Section("Values and follow-up", name="values_card")
        buttons = []
        for page, text in (("samples", "Blood…"), ("laboratory", "Laboratory…"), ("safety", "Follow-up…")):
            button = push_button(text, name=f"enter_{page}", tooltip="Ctrl+E")
            button.clicked.connect(lambda _checked=False, page=page: self.follow_up_requested.emit(page))
            buttons.append(button)
        card.add_row(*buttons)
        self.inspector.add(card)

    # --- what was given ---------------------------------------------------------------------------------------------

    def giving_page(self) -> GivingPage:
        """The page for what was given, made when it is first needed."""
        if self._giving is None:
            from app.steps.giving_page import GivingPage

            self._giving = GivingPage(self.session)
            self._giving.left.connect(self._leave_giving)
            self._pages.addWidget(self._giving)
        return self._giving

    def enter_given(self) -> None:
        """Verify the approved plan, then ask for the readings."""
        from app.plans.giving import approved_plan_here

        plan = self.session.signed_plan
        if plan is None or not self.session.permission.asked():
            return
        job = self.session.jobs.start(
            approved_plan_here, plan.content, purpose="verify plan", title="Verifying the approved plan"
        )
        job.succeeded.connect(lambda found: self._begin_giving(found, plan))
        job.failed.connect(lambda error: self.told.emit(problems_of(error)[0].text()))

    def _begin_giving(self, found: ApprovedPlan, plan: PlanFile) -> None:
        if plan is self.session.signed_plan and self.session.staleness is None:
            self.giving_page().begin(found, plan)
            self._pages.setCurrentWidget(self.giving_page())

    def correct_given(self) -> None:
        """Ask for the readings of the last cycle once more."""
        if self.session.permission.asked() and self.session.document.case.cycles:
            self.giving_page().begin_correction(self.session.document.case.cycles[-1].number)
            self._pages.setCurrentWidget(self.giving_page())

    def _leave_giving(self) -> None:
        if self._overview is not None:
            self._pages.setCurrentWidget(self._overview)
        self.refresh()

    def _show_given(self, case: Case) -> None:
        from app.plans.giving import planned_of_cycle

        plan, why = self.session.signed_plan, self.session.staleness
        last = case.cycles[-1]
        may_give = plan is not None and plan.act == "approved" and why is None
        self.give.setEnabled(may_give)
        self.correct.setVisible(planned_of_cycle(case, last) is not None)
        self._given_text.setText(
            "No plan is approved: a cycle is given by a plan that a physicist signed and a physician approved."
            if plan is None or plan.act != "approved"
            else f"{plan.path.name} is stale: nothing is given by it."
            if why is not None
            else f"{plan.path.name}, cycle {plan.cycle}: approved by {plan.signer}."
            if plan.signer
            else f"{plan.path.name} is approved."
        )

    # --- edits ------------------------------------------------------------------------------------------------------

    def choose_protocol(self, name: str) -> None:
        """Plan by another protocol."""
        self.session.document.apply(
            f"Choose protocol {name}",
            lambda case: (
                case
                if case.course.protocol == name
                else replace(case, course=replace(case.course, protocol=name, protocol_text=protocol_text_of(name)))
            ),
        )

    def choose_cycles(self, number: int) -> None:
        """Plan another number of cycles; 0 takes the protocol's own."""
        planned = None if number == _OPEN_CYCLES else number
        self.session.document.apply(
            "Set planned cycles",
            lambda case: (
                case
                if case.course.planned_cycles == planned
                else replace(case, course=replace(case.course, planned_cycles=planned))
            ),
        )

    # --- showing ----------------------------------------------------------------------------------------------------

    def show_problems(self, lines: Sequence[str]) -> None:
        """Show what prevents the case from being opened or computed; nothing hides it."""
        self._problem_text.setText("\n".join(lines))
        self._problems.setVisible(bool(lines))

    def summary(self) -> str:
        """Protocol and number of cycles."""
        protocol = protocol_of(self.session.case)
        return protocol.title if protocol is not None else ""

    def refresh(self) -> None:
        """Show the course."""
        case = self.session.case
        self.has_inspector = bool(case.cycles)
        self.keys = () if case.cycles else PATIENT_LIST_KEYS
        if not case.cycles:
            self._pages.setCurrentIndex(0)
            return
        if self._overview is None:
            # Plots take a while to load, and before a case is open there is nothing to plot.
            from app.steps.course_overview import CourseOverview

            self._overview = CourseOverview(self.session)
            self._pages.addWidget(self._overview)
        if self._giving is None or not self._giving.keeps_to(self.session.document.case):
            self._pages.setCurrentWidget(self._overview)
        self._overview.refresh()
        self._show_given(case)
        self._show_protocol(case)
        self._show_patient(case)
        self.findings.show_findings(self._findings())

    def _findings(self) -> tuple[Finding, ...]:
        evaluation = self.session.evaluation
        if evaluation is None:
            return ()
        return tuple(finding for cycle in evaluation.cycles for finding in cycle.safety.findings)

    def _show_protocol(self, case: Case) -> None:
        protocol = protocol_of(case)
        show_choices(self.protocol, case.course.protocol)
        self.newer.show_course(case.course, protocol)
        self.cycles.setCurrentIndex(case.course.planned_cycles or _OPEN_CYCLES)
        if protocol is None:
            self._protocol_text.setText("The protocol can't be read.")
            self.limits.show_rows([], [])
            return
        given = ", ".join(
            f"{GIGABECQUEREL.text(n.standard_activity_bq)} {nuclide_symbol(n.name)} ({n.role})"
            for n in protocol.nuclides
        )
        count = planned_cycles(case, protocol)
        cycles = f"{count} cycles" if count is not None else "as many cycles as the limits allow"
        self._protocol_text.setText(f"{given}; {cycles}. {protocol.source}")
        self.limits.show_rows(
            [GridColumn("name", "Limit"), GridColumn("value", "Gy")],
            [
                GridRow(
                    key,
                    {"name": in_words(key), "value": Number(f"case.protocol.limits_gy.{key}", limit, GRAY, digits=1)},
                )
                for key, limit in protocol.limits_gy.items()
            ],
        )

    def _show_patient(self, case: Case) -> None:
        patient = case.patient
        facts: list[tuple[str, Number | str]] = [("Sex (reference phantom)", {"F": "female", "M": "male"}[patient.sex])]
        for name, path, value, unit in (
            ("Height", "patient.height_mm", patient.height_mm, _CENTIMETRE),
            ("Weight", "patient.weight_kg", patient.weight_kg, _KILOGRAM),
            ("Haematocrit", "case.patient.haematocrit", patient.haematocrit, PERCENT),
        ):
            facts.append((name, "not entered" if value is None else Number(path, value, unit, with_symbol=True)))
        known = {True: "yes", False: "no", None: "not known"}
        facts.append(("Bone metastases", known[patient.bone_metastases]))
        facts.append(("Time zone", patient.time_zone))
        rows = [GridRow(name, {"name": name, "value": value}) for name, value in facts]
        self.patient.show_rows([GridColumn("name", ""), GridColumn("value", "")], rows)
