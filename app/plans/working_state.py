"""How far the plan of a window has come: draft, calculated, checked, signed, approved or stale, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosimetry_core.planning.plan_states import PlanRole, PlanState

if TYPE_CHECKING:
    from app.session import Session
    from app.store.course_history import KeptCheck
    from dosimetry_core.plan_record import PlanCheck


@dataclass(frozen=True)
class WorkingState:
    """State of the plan in the window, a sentence about it, and its role on the screen."""

    state: PlanState
    words: str
    role: str


def working_state(session: Session) -> WorkingState:
    """Where the plan stands: the signed one while it holds, else the one that is to be signed next."""
    plan, why = session.signed_plan, session.staleness
    if plan is not None and why is None:
        who = f" by {plan.signer}" if plan.signer else ""
        if plan.act == "approved":
            return WorkingState("approved", f"Approved{who}: {plan.path.name}. To be given.", "good")
        return WorkingState("signed", f"Signed{who}: {plan.path.name}. To be approved by a physician.", "good")
    before = "" if plan is None else f"{plan.path.name} is stale. "
    before += _said_of_the_last(session)
    if session.evaluation is None or not session.is_current:
        what = "nothing is computed yet" if session.evaluation is None else "results are being computed"
        return WorkingState("draft", f"{before}Draft: {what}.", "dimmed")
    check = kept_check(session)
    if check is not None:
        return WorkingState("checked", f"{before}Checked by {check.who} on {check.time:%d %b %Y %H:%M}.", "good")
    return WorkingState("calculated", f"{before}Calculated, not checked.", "warning" if before else "")


def kept_check(session: Session) -> KeptCheck | None:
    """The check of the plan as it is now; None if nobody checked it, or nothing is kept."""
    journal, choice = session.journal, session.plan_choice
    if journal is None or journal.holds_edit_back:
        return None
    # What was just chosen is kept a moment later: the choice in the window counts, not the one in the store.
    reasons, chosen = session.reviews.reasons, choice.activities_bq
    return journal.history.check_of(reasons, chosen, ends_treatment=choice.ends_treatment)


def check_for_record(session: Session) -> PlanCheck | None:
    """The same, as the record of a plan states it."""
    from dosimetry_core.plan_record import PlanCheck

    check = kept_check(session)
    return None if check is None else PlanCheck(check.who, check.time)


def _said_of_the_last(session: Session) -> str:
    """By whom and why the newest plan was returned or revoked; empty if it was not."""
    plans = () if session.journal is None else session.journal.history.plans
    last = plans[-1] if plans else None
    if last is None or last.ended not in ("returned", "revoked") or session.signed_plan is not None:
        return ""
    return f"{last.path} was {last.ended} by {last.end_said.rstrip('.')}. "


def role_of_person(person: str | None) -> PlanRole:
    """The role of who is working, as the table of states knows it; whoever said none, or another one, is staff."""
    from app.courses.person_at_work import person_of

    known = None if person is None else person_of(person)
    if known is not None and known.role in ("physicist", "physician"):
        return known.role
    return "staff"
