"""Step 7: plan and sign. Activity of the next cycle, what it predicts, what limits it, findings, signature."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.dose_bars import organ_bars
from app.number_grid import NumberGrid
from app.plans import plan_tables
from app.plans.certainty_choice import CertaintyChoice
from app.plans.chosen_plan import is_open_to_choice
from app.plans.laboratory_gate import laboratory_gate
from app.plans.other_protocols import OTHER_COLUMNS, OtherProtocols
from app.plans.plan_room_shown import PlanRoom
from app.plans.plan_signing import PlanFile, keep_and_write, plan_file_name, signed, with_second_opinion
from app.plans.signature_form import SignatureForm
from app.plans.signing_gate import Reasons, reasons_missing
from app.plans.staleness import staleness
from app.plans.working_state import check_for_record, role_of_person, working_state
from app.problems import problems_of
from app.registration_holds import hold_text
from app.session import Session
from app.steps.plan_decisions import PlanDecisions, verdict
from app.steps.step import SPACING, ScrolledColumn, Section, Step, push_button, text_label
from dosimetry_core.errors import DosimetryError, Finding
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.planning.next_cycle import rounded_down_bq
from dosimetry_core.planning.plan_states import PlanRole
from dosimetry_core.planning.protocol import ProtocolNuclide
from dosimetry_core.report.words import limiting_words
from dosimetry_core.units import GIGABECQUEREL
from widgets.activity_slider import ActivitySlider
from widgets.dose_bars_view import DoseBarsView
from widgets.findings_panel import FindingsPanel
from widgets.plan_view import PlanView
from widgets.text_question import TextQuestion
from widgets.theme import set_role

SLIDER_REACH = 1.6
"""The slider reaches this multiple of the larger of standard and allowed activity: beyond every confirmation."""


class PlanStep(Step):
    """The proposal stands until the physicist moves the slider; every number below follows it."""

    key = "plan"
    title = "Plan and sign"
    keys = (("Arrows on the slider", "one dispensing step"),)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._choice = Section("Activity of the next cycle")
        self.proposal = NumberGrid("plan_activities")
        self._choice.add(self.proposal)
        self.slider = ActivitySlider(
            GIGABECQUEREL, minimum_bq=0.0, maximum_bq=GIGABECQUEREL.to_core(1.0), step_bq=GIGABECQUEREL.to_core(0.05)
        )
        self.slider.moved.connect(self.choose_free)
        self.slider.edited.connect(self.choose_free)
        self._choice.add(self.slider)
        self.decisions = PlanDecisions(session)
        self.decisions.add_to(self._choice)
        self.verdict = text_label(role="heading", name="plan_verdict", wrap=True)
        self._choice.add(self.verdict)
        self.certainty = CertaintyChoice()
        self.certainty.chosen.connect(self.choose_free)
        self._choice.add(self.certainty)
        self.room = PlanView(object_name="plan_room")
        self.room.chosen.connect(self.choose_place)
        self._choice.add(self.room, 1)
        self._room = PlanRoom()
        predicted = Section("What it predicts")
        self.predicted = NumberGrid("plan_predicted")
        predicted.add(self.predicted)
        self.probability = NumberGrid("plan_probability")
        predicted.add(self.probability)
        chosen = ScrolledColumn("plan_chosen")
        for section, stretch in ((self._choice, 1), (predicted, 0)):
            section.narrow()
            chosen.add(section, stretch)
        self._fill_columns(chosen)
        self._build_inspector()

    def _fill_columns(self, chosen: QWidget) -> None:
        """What is chosen and predicted, beside the course and the findings."""
        bars = Section("Course with this plan")
        self.bars = DoseBarsView()
        self.bars.setObjectName("plan_bars")
        # What is left to it, so that the findings keep their part on a low screen.
        self.bars.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        bars.add(self.bars, 1)
        remarks = Section("Findings")
        self.findings = FindingsPanel(object_name="plan_findings")
        self.findings.set_acknowledgeable(True)
        self.findings.acknowledge_requested.connect(self.acknowledge)
        self.findings.finding_clicked.connect(self.place_requested)
        self.findings.why_clicked.connect(self.explained)
        remarks.add(self.findings, 1)
        self.reason = TextQuestion("plan_reason")
        remarks.add(self.reason)
        beside = QVBoxLayout()
        beside.setSpacing(SPACING)
        beside.addWidget(bars, 3)
        beside.addWidget(remarks, 2)
        columns = QHBoxLayout()
        columns.setSpacing(SPACING)
        columns.addWidget(chosen, 3)
        columns.addLayout(beside, 4)
        self.column.addLayout(columns, 1)

    def _build_inspector(self) -> None:
        sign = Section("Sign as physicist")
        self.state = text_label(role="heading", name="plan_state", wrap=True)
        sign.add(self.state)
        self.check_button = push_button(
            "Check plan",
            name="plan_check",
            tooltip="have it computed again, and keep that you looked at everything here",
        )
        self.check_button.clicked.connect(self.check)
        sign.add_row(self.check_button)
        self.laboratory = text_label(name="laboratory_gate", wrap=True)
        sign.add(self.laboratory)
        self.blockers = text_label(role="warning", name="signing_blockers", wrap=True)
        sign.add(self.blockers)
        self.form = SignatureForm("sign", "Sign plan…", "Reason or remark", self.session.preferences.identity_file)
        self.form.submitted.connect(self.ask_and_sign)
        sign.add(self.form)
        self.inspector.add(sign)
        basis = Section("How it was found")
        self.basis = NumberGrid("plan_basis")
        basis.add(self.basis)
        self._limited = text_label(role="dimmed", name="plan_limited", wrap=True)
        basis.add(self._limited)
        self.inspector.add(basis)
        others = Section("Other protocols for this patient")
        self.others = NumberGrid("plan_other_protocols")
        others.add(self.others)
        self._others_note = text_label(role="dimmed", name="plan_other_protocols_note", wrap=True)
        others.add(self._others_note)
        self.inspector.add(others)
        self._other_protocols = OtherProtocols()

    # --- acts -------------------------------------------------------------------------------------------------------

    def _free(self) -> ProtocolNuclide | None:
        evaluation = self.session.evaluation
        return evaluation.protocol.free_nuclide if evaluation is not None else None

    def choose_free(self, activity_bq: float) -> None:
        """Choose the activity of the free nuclide; the fixed ones stay."""
        evaluation, free = self.session.evaluation, self._free()
        if evaluation is None or free is None:
            return
        self.session.plan_choice.choose({**evaluation.plan.activities_bq, free.name: activity_bq})

    def choose_place(self, activity_bq: float) -> None:
        """Choose what was pointed at in the plot, rounded down to what can be dispensed."""
        evaluation = self.session.evaluation
        if evaluation is not None:
            self.choose_free(rounded_down_bq(activity_bq, evaluation.protocol.rounding_step_bq))

    def acknowledge(self, finding: Finding, reason: str | None = None) -> None:
        """Give a reason for going on in spite of a finding; asked for unless given, an empty one takes it back."""
        if reason is not None:
            self.session.reviews.acknowledge(finding.code, finding.place, reason)
            return
        known = self.session.reviews.reasons.get((finding.code, finding.place), "")
        self.reason.ask(
            f"{finding.text} Reason for going on (printed on page 1):",
            lambda text: self.session.reviews.acknowledge(finding.code, finding.place, text),
            text=known,
        )

    def check(self) -> None:
        """Have the plan computed a second time and held against the gate; if all holds, keep who checked it."""
        evaluation, courses = self.session.planned, self.session.courses
        if evaluation is None or courses is None or not self.session.permission.asked():
            return
        role = role_of_person(courses.person)
        reasons = self.session.reviews.reasons
        job = self.session.jobs.start(
            with_second_opinion, evaluation, reasons, purpose="check", title="Checking the plan"
        )
        job.succeeded.connect(lambda _checked: self._take_checked(evaluation, reasons, role))
        job.failed.connect(lambda error: self.form.show_message(problems_of(error)[0].text(), failed=True))

    def _take_checked(self, evaluation: Evaluation, reasons: Reasons, role: PlanRole) -> None:
        session = self.session
        if session.journal is None:
            return
        if session.planned is not evaluation or session.reviews.reasons != reasons or not session.is_current:
            self.form.show_message("Not checked: changed meanwhile.", failed=True)
            return
        try:
            session.journal.keep_check(evaluation.plan.activities_bq, role)
        except DosimetryError as error:
            self.form.show_message(problems_of(error)[0].text(), failed=True)
            return
        session.reviews.changed.emit()

    def ask_and_sign(self, identity_file: str, passphrase: str, reason: str) -> None:
        """Ask where to write the plan, then sign it."""
        evaluation = self.session.planned
        if evaluation is None:
            return
        suggested = str(Path(self.session.case.folder) / plan_file_name(evaluation))
        chosen, _kind = QFileDialog.getSaveFileName(self, "Write the signed plan", suggested, "PDF (*.pdf)")
        if chosen:
            self.sign(Path(identity_file), passphrase, reason, Path(chosen))

    def sign(self, identity_file: Path, passphrase: str, reason: str, target: Path) -> None:
        """Sign the plan of the current results and write it; runs as a job."""
        if not self.session.permission.asked():
            self.form.show_message(str(self.session.permission.reason), failed=True)
            return
        evaluation = self.session.planned
        if evaluation is None or not self.session.is_current:
            self.form.show_message("The results are not up to date: wait until they are computed.", failed=True)
            return
        self.form.set_busy(True)
        job = self.session.jobs.start(
            signed,
            evaluation,
            self.session.reviews.reasons,
            identity_file,
            passphrase,
            reason,
            target,
            checked=check_for_record(self.session),
            **self.session.audit(),
            purpose="sign",
            title="Signing the plan",
        )
        reasons = self.session.reviews.reasons
        job.succeeded.connect(lambda plan: self._take_signed(replace(plan, reasons=reasons), reason))
        job.failed.connect(lambda error: self.form.show_message(problems_of(error)[0].text(), failed=True))
        job.finished.connect(lambda: self.form.set_busy(False))

    def _take_signed(self, plan: PlanFile, reason: str) -> None:
        changed = staleness(plan, self.session.document.case, self.session.planned, self.session.reviews.reasons)
        if changed is not None:
            self.form.show_message(f"Not signed: changed meanwhile: {changed.sentence()}.", failed=True)
            return
        try:
            keep_and_write(plan, "signed", self.session.journal, why=reason)
        except DosimetryError as error:
            self.form.show_message(problems_of(error)[0].text(), failed=True)
            if self.session.journal is None or self.session.journal.history.state != "signed":
                return
        else:
            self.form.show_message(f"Signed: {plan.path.name}", plan=plan)
        self.session.plan_files.append(plan)
        self.session.reviews.changed.emit()

    # --- showing ----------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """Protocol and next cycle."""
        evaluation = self.session.evaluation
        if evaluation is None:
            return ""
        cycle = evaluation.plan.next_cycle
        return evaluation.protocol.title + (f", cycle {cycle}" if cycle is not None else ", all planned cycles done")

    def refresh(self) -> None:
        """Show the plan as chosen."""
        evaluation, stale = self.session.planned, not self.session.is_current
        self.slider.setEnabled(evaluation is not None and is_open_to_choice(evaluation.plan, {"free": 1.0}))
        self.form.setEnabled(evaluation is not None and evaluation.plan.next_cycle is not None)
        self.decisions.show_decision()
        self._show_state()
        self.form.keep_to(self.session.plan_files)
        if evaluation is None:
            self.verdict.setText("Nothing computed yet.")
            for grid in (self.proposal, self.predicted, self.probability, self.basis, self.others):
                grid.show_rows([], [])
            self.certainty.show_choices((), None)
            self.room.show_room(None)
            self._others_note.hide()
            self.bars.show_bars([])
            self.findings.show_findings(())
            self.blockers.hide()
            self.laboratory.setText("")
            return
        plan, mark = evaluation.plan, "stale" if stale else ""
        for grid, table in (
            (self.proposal, plan_tables.activities),
            (self.predicted, plan_tables.predictions),
            (self.probability, plan_tables.probabilities),
            (self.basis, plan_tables.basis),
        ):
            grid.show_rows(*table(evaluation, mark))
        self._limited.setText(f"The proposal is limited by {limiting_words(plan.limiting)}.")
        self._show_slider(evaluation)
        self.verdict.setText(verdict(plan))
        limited = [bar for bar in organ_bars(evaluation, stale=stale, with_plan=True) if bar.limits]
        self.bars.show_bars(limited)
        shown = tuple(dict.fromkeys(f for f in evaluation.findings if f.level != "info"))
        self.findings.show_findings(shown, self.session.reviews.reasons)
        self._show_room(evaluation, stale=stale)
        self._show_others(mark)
        self._show_blockers(evaluation)

    def _show_state(self) -> None:
        shown = working_state(self.session)
        self.state.setText(shown.words)
        set_role(self.state, shown.role or "heading")
        self.check_button.setVisible(self.session.journal is not None)
        self.check_button.setEnabled(shown.state == "calculated" and self._may_sign())

    def _may_sign(self) -> bool:
        """Whether nothing stands before a signature, as far as it is known without the second opinion."""
        planned, session = self.session.planned, self.session
        if planned is None or not session.is_current or hold_text(planned.case):
            return False
        return not reasons_missing(planned, session.reviews.reasons)

    def _show_slider(self, evaluation: Evaluation) -> None:
        plan, free = evaluation.plan, evaluation.protocol.free_nuclide
        self.slider.setVisible(free is not None)
        if free is None:
            return
        allowed = plan.unrounded_activities_bq.get(free.name, 0.0)
        proposal = self.session.evaluation.plan.activities_bq.get(free.name, 0.0) if self.session.evaluation else 0.0
        top = SLIDER_REACH * max(free.standard_activity_bq, allowed)
        self.slider.set_range(0.0, top)
        self.slider.set_marks([(free.standard_activity_bq, "standard"), (proposal, "limit")])
        self.slider.set_value(plan.activities_bq.get(free.name, 0.0))

    def _show_room(self, evaluation: Evaluation, *, stale: bool) -> None:
        proposed, free = self.session.evaluation, evaluation.protocol.free_nuclide
        if proposed is None:
            return
        chosen = evaluation.plan.activities_bq
        self.certainty.show_choices(proposed.plan.by_certainty, None if free is None else chosen.get(free.name))
        shown, note = self._room.shown(proposed, chosen, highest_bq=self.slider.highest_bq(), stale=stale)
        self.room.show_room(shown, note)

    def _show_others(self, mark: str) -> None:
        proposed = self.session.evaluation
        if proposed is None:
            return
        rows, note = self._other_protocols.shown(proposed, mark)
        self.others.show_rows(OTHER_COLUMNS, rows)
        self._others_note.setText(note)
        self._others_note.show()

    def _show_blockers(self, evaluation: Evaluation) -> None:
        text, role = laboratory_gate(evaluation)
        self.laboratory.setText(text)
        set_role(self.laboratory, role)
        try:
            blockers = reasons_missing(evaluation, self.session.reviews.reasons)
        except DosimetryError as error:
            self.blockers.setText(error.line())
            self.blockers.show()
            return
        count = len(blockers)
        held = hold_text(evaluation.case)
        said = ["One finding needs a reason before signing: give it in the list of findings."] if count == 1 else []
        if count > 1:
            said = [f"{count} findings need a reason before signing: give them in the list of findings."]
        self.blockers.setText(" ".join([*said, held]).strip())
        self.blockers.setVisible(count > 0 or bool(held))
        self.form.set_allowed(count == 0 and not held and self.session.is_current)
