"""The four decisions about the next cycle: standard activity, up to the limit, hold, stop."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton

from app.plans.chosen_plan import is_open_to_choice
from app.session import Session
from app.steps.step import Section, push_button
from dosimetry_core.planning.next_cycle import NextCyclePlan
from dosimetry_core.planning.plan_decision import PlanDecision
from dosimetry_core.report.words import limiting_words, nuclide_symbol
from dosimetry_core.units import GIGABECQUEREL


class PlanDecisions:
    """One button each; the one that is in force is pressed in. What is decided is printed and signed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.standard = _button("Standard activity", "plan_standard", "what the protocol begins with")
        self.limit = _button("Up to the limit", "plan_limit", "the proposal: largest allowed, rounded down")
        self.hold = _button("Hold", "plan_hold", "nothing is given in the next cycle; the course goes on")
        self.stop = _button("Stop", "plan_stop", "the treatment ends: nothing is given any more")
        self.standard.clicked.connect(self.choose_standard)
        self.limit.clicked.connect(lambda: self._choose(None))
        self.hold.clicked.connect(self.choose_hold)
        self.stop.clicked.connect(self.choose_stop)

    @property
    def buttons(self) -> tuple[QPushButton, ...]:
        """In their order."""
        return self.standard, self.limit, self.hold, self.stop

    def add_to(self, section: Section) -> None:
        """Put the buttons into a section, in one row."""
        section.add_row(*self.buttons)

    def _choose(self, activities_bq: dict[str, float] | None, *, ends_treatment: bool = False) -> None:
        self._session.plan_choice.choose(activities_bq, ends_treatment=ends_treatment)
        self.show_decision()

    def choose_standard(self) -> None:
        """The protocol's standard activities."""
        evaluation = self._session.evaluation
        if evaluation is not None:
            self._choose({n.name: n.standard_activity_bq for n in evaluation.protocol.nuclides})

    def choose_hold(self) -> None:
        """Nothing in the next cycle."""
        self._choose_nothing(ends_treatment=False)

    def choose_stop(self) -> None:
        """Nothing any more."""
        self._choose_nothing(ends_treatment=True)

    def _choose_nothing(self, *, ends_treatment: bool) -> None:
        evaluation = self._session.evaluation
        if evaluation is not None:
            nothing = {n.name: 0.0 for n in evaluation.protocol.nuclides}
            self._choose(nothing, ends_treatment=ends_treatment)

    def show_decision(self) -> None:
        """Press in the button of the decision in force; those that would have no effect can't be pressed."""
        proposed, planned = self._session.evaluation, self._session.planned
        plan = None if proposed is None else proposed.plan
        nothing_open = plan is not None and is_open_to_choice(plan, {})
        other_open = nothing_open and plan is not None and not plan.stop
        for button in (self.hold, self.stop):
            button.setEnabled(nothing_open)
        self.standard.setEnabled(other_open)
        self.limit.setEnabled(nothing_open)
        decided: PlanDecision | None = None if planned is None else planned.plan.decision
        for button, decision in zip(self.buttons, ("standard", "proposal", "hold", "stop"), strict=True):
            button.setChecked(nothing_open and decided == decision)


def _button(text: str, name: str, tooltip: str) -> QPushButton:
    button = push_button(text, name=name, tooltip=tooltip)
    button.setCheckable(True)
    return button


def verdict(plan: NextCyclePlan) -> str:
    """The plan in one sentence: what is decided, and whether the limits are kept."""
    if plan.next_cycle is None:
        return "All planned cycles are done."
    if plan.decision == "stop":
        return "Decided: the treatment ends; nothing is given any more."
    if plan.decision == "hold":
        return f"Decided: nothing is given in cycle {plan.next_cycle}."
    if plan.stop:
        return f"Stop: {limiting_words(plan.limiting)}."
    given = " + ".join(f"{GIGABECQUEREL.text(a)} {nuclide_symbol(n)}" for n, a in plan.activities_bq.items())
    kept = "keeps all limits" if plan.feasible else "exceeds a limit"
    if plan.feasible and plan.delivered_exceeds:
        kept = "keeps all limits in the coming cycles (a delivered one exceeded the red marrow limit per cycle)"
    if plan.decision == "proposal":
        return f"Proposed: {given}. It {kept}; limited by {limiting_words(plan.limiting)}."
    return f"{'Standard' if plan.decision == 'standard' else 'Chosen'}: {given}. It {kept}."
