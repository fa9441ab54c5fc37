"""State of each step in words, from the case, its results and what was confirmed."""

from __future__ import annotations

from typing import Literal

from app.operations.counted import counted
from app.plans.plan_signing import PlanFile
from app.registration_holds import waiting_scans
from app.reviews import STEP_KEYS, StepKey, differences
from app.session import Session
from dosimetry_core.case import Case

StepState = Literal["empty", "in progress", "attention", "confirmed", "stale"]


def has_images(case: Case) -> bool:
    """Whether any cycle has time points."""
    return any(cycle.time_points for cycle in case.cycles)


def names_images(case: Case) -> bool:
    """Whether any cycle names image files."""
    return any(cycle.image_paths for cycle in case.cycles)


def step_state(step: StepKey, session: Session) -> tuple[StepState, str]:
    """State of a step and the note that explains it."""
    case = session.document.case
    reviews = session.reviews
    if step == "report" and session.signed_plan is not None:
        # A signature decides what the report is, whatever was confirmed of the step.
        return _signed_state(session, session.signed_plan)
    if reviews.is_stale(step, case):
        kept = reviews.confirmation(step)
        changed = differences(kept.evaluation if kept else None, session.document.evaluation)
        return "stale", "changed since it was confirmed" + (": " + ", ".join(changed) if changed else "")
    if reviews.is_confirmed(step, case):
        kept = reviews.confirmation(step)
        return "confirmed", f"confirmed {kept.time:%H:%M}" if kept else "confirmed"
    return _unconfirmed(step, session, case)


def _unconfirmed(step: StepKey, session: Session, case: Case) -> tuple[StepState, str]:
    evaluation = session.document.evaluation
    if step == "course":
        return (
            ("in progress", f"{len(case.cycles)} cycle{'s' if len(case.cycles) > 1 else ''}")
            if case.cycles
            else ("empty", "no case is open")
        )
    if step == "import":
        if not names_images(case) and not has_images(case):
            return "empty", "no images are named in the case"
        if not has_images(case):
            return "in progress", "images are not read yet"
        doubts = [
            finding
            for cycle in case.cycles
            for point in cycle.time_points
            for series in (point.spect, point.ct)
            if series is not None
            for finding in series.findings
            if finding.level != "info"
        ]
        return ("attention", f"{len(doubts)} remarks on the images") if doubts else ("in progress", "images read")
    if step == "align":
        if not has_images(case):
            return "empty", "no images"
        points = [point for cycle in case.cycles for point in cycle.time_points]
        open_points = [point for point in points if point.registration.method == "none"]
        if open_points:
            tried = any(finding.level == "error" for point in open_points for finding in point.registration.findings)
            words = f"{len(open_points)} of {len(points)} time points not registered"
            return ("attention", f"{words}; align by hand") if tried else ("in progress", words)
        findings = [f for p in points for f in p.registration.findings if f.level != "info"]
        if findings:
            remarks = "one remark" if len(findings) == 1 else f"{len(findings)} remarks"
            return "attention", f"{remarks}; {_waiting_words(case)}" if waiting_scans(case) else remarks
        return ("in progress", _waiting_words(case)) if waiting_scans(case) else ("in progress", "registered")
    if step == "voi":
        if not has_images(case):
            return "empty", "no images"
        count = sum(len(cycle.vois) for cycle in case.cycles)
        if not count:
            return "attention", "no VOI is drawn"
        # Images are here by now, and with them the libraries that this needs.
        from app.scan_reviews import reviewed_count

        looks = sum(len(cycle.vois) * len(cycle.time_points) for cycle in case.cycles)
        seen = sum(reviewed_count(cycle, voi) for cycle in case.cycles for voi in cycle.vois)
        return "in progress", f"{counted(count, 'VOI')}; {looks - seen} of {looks} not reviewed on their scans"
    if session.recomputation.failure is not None:
        return "attention", str(session.recomputation.failure)
    if evaluation is None:
        return ("in progress", "computing") if session.recomputation.is_busy else ("empty", "nothing computed yet")
    if step == "curves":
        failed = [name for cycle in evaluation.cycles for name, voi in cycle.vois.items() if voi.failure]
        if failed:
            return "attention", "no result: " + ", ".join(failed)
        return ("in progress", "fitted") if any(cycle.vois for cycle in evaluation.cycles) else ("empty", "no curves")
    if step == "dose":
        if evaluation.disagreements:
            return "attention", f"second opinion differs in {len(evaluation.disagreements)} numbers"
        return "in progress", "computed"
    if step == "plan":
        from app.plans.signing_gate import reasons_missing

        count = len(reasons_missing(session.plan_choice.applied_to(evaluation), session.reviews.reasons))
        if count:
            words = "one finding needs" if count == 1 else f"{count} findings need"
            return "attention", f"{words} a reason before signing"
        return "in progress", "proposal computed"
    return "in progress", "draft"


def _signed_state(session: Session, plan: PlanFile) -> tuple[StepState, str]:
    why = session.staleness
    if why is None:
        return "confirmed", f"{plan.act}: {plan.path.name}"
    return "stale", f"{plan.path.name} is stale: {why.sentence()}"


def _waiting_words(case: Case) -> str:
    moved = sum(p.registration.method != "reference" for cycle in case.cycles for p in cycle.time_points)
    return f"{len(waiting_scans(case))} of {moved} registrations not confirmed"


def first_open_step(session: Session) -> StepKey:
    """The first step that is not confirmed."""
    case = session.document.case
    return next((step for step in STEP_KEYS if not session.reviews.is_confirmed(step, case)), "report")


def rail_note(state: StepState, note: str) -> str:
    """What stands under the step's name in the rail: short, and only where the sign alone does not tell."""
    if state == "confirmed":
        return note.rpartition(" ")[2]
    return "stale" if state == "stale" else ""
