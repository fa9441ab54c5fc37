"""What the steps share: document, view state, jobs, results, reviews."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.courses.courses import Courses
from app.courses.journal import CourseJournal
from app.document import Document
from app.jobs import Jobs
from app.permission import Permission
from app.plans.plan_choice import PlanChoice
from app.plans.plan_signing import PlanFile
from app.preferences import Preferences
from app.recomputation import Recomputation
from app.reviews import Reviews
from app.second_opinion_watch import SecondOpinionWatch
from app.store.plan_anchor import store_identity
from app.view_state import ViewState
from dosimetry_core.case import Case, Course, Cycle, Patient
from dosimetry_core.image import TimePoint
from dosimetry_core.voi import Voi

if TYPE_CHECKING:
    from app.plans.staleness import Staleness
    from dosimetry_core.evaluation import CycleResult, Evaluation


@dataclass
class Session:
    """One open window's shared objects. It has no behaviour but short ways to what is shown now."""

    document: Document
    view_state: ViewState
    jobs: Jobs
    recomputation: Recomputation
    second_opinion: SecondOpinionWatch
    reviews: Reviews
    plan_choice: PlanChoice
    permission: Permission
    preferences: Preferences = field(default_factory=Preferences)
    plan_files: list[PlanFile] = field(default_factory=list)
    """Plans of the course that were signed or approved and are neither revoked nor given, newest last."""
    courses: Courses | None = None
    """The store; None for a window that keeps nothing."""
    journal: CourseJournal | None = None
    """What keeps the open course; None while none is open, or it is only read."""
    reading_course: str | None = None
    """The course that is open read-only, or None."""
    openings: int = 0
    """How many times a case was put into the window."""

    @property
    def whose(self) -> tuple[int, str]:
        """What tells an opened course and its patient from any other; what was typed for one belongs to it alone."""
        return self.openings, self.document.case.patient.patient_id

    @property
    def case(self) -> Case:
        """The case as shown: provisional while a gesture is in progress."""
        return self.document.shown_case

    @property
    def evaluation(self) -> Evaluation | None:
        """The newest results; `is_current` tells whether they belong to the case as shown."""
        latest: Evaluation | None = self.document.latest_evaluation
        return latest

    @property
    def planned(self) -> Evaluation | None:
        """The newest results with the activities as chosen."""
        evaluation = self.evaluation
        return None if evaluation is None else self.plan_choice.applied_to(evaluation)

    @property
    def is_current(self) -> bool:
        """Whether the newest results belong to the case as shown."""
        return self.document.evaluation is not None

    @property
    def signed_plan(self) -> PlanFile | None:
        """The newest plan that was signed or approved and is neither revoked nor given; None without one."""
        return self.plan_files[-1] if self.plan_files else None

    @property
    def staleness(self) -> Staleness | None:
        """Why the newest signed plan is not about the course as it is; None if it is, or there is none."""
        if self.signed_plan is None:
            return None
        from app.plans.staleness import staleness

        return staleness(self.signed_plan, self.document.case, self.planned, self.reviews.reasons)

    def plan_to_send(self) -> tuple[bytes | None, str]:
        """The newest signed plan as written, if it is about the course as it is; else None, and why it stays here."""
        signed, why = self.signed_plan, self.staleness
        if signed is None:
            return None, ""
        return (signed.content, "") if why is None else (None, f"The plan is not sent: it is stale, {why.sentence()}")

    def audit(self) -> dict[str, Any]:
        """End of the audit chain and identity of the store, as printed on a plan; nothing where nothing is kept."""
        if self.journal is None:
            return {}
        self.journal.flush()
        storage = self.journal.storage
        return {"audit_head": storage.head(), "audit_store": store_identity(storage)}

    @property
    def cycle(self) -> Cycle | None:
        """The current cycle, or None if there is none."""
        cycles = self.case.cycles
        return cycles[self.view_state.cycle] if self.view_state.cycle < len(cycles) else None

    @property
    def cycle_result(self) -> CycleResult | None:
        """Results of the current cycle, or None."""
        evaluation = self.evaluation
        if evaluation is None or self.view_state.cycle >= len(evaluation.cycles):
            return None
        return evaluation.cycles[self.view_state.cycle]

    @property
    def time_point(self) -> TimePoint | None:
        """The current time point, or None."""
        cycle = self.cycle
        if cycle is None or self.view_state.time_point >= len(cycle.time_points):
            return None
        return cycle.time_points[self.view_state.time_point]

    @property
    def reference(self) -> TimePoint | None:
        """The reference time point of the current cycle, or None."""
        cycle = self.cycle
        if cycle is None or cycle.reference_time_point >= len(cycle.time_points):
            return None
        return cycle.time_points[cycle.reference_time_point]

    @property
    def voi(self) -> Voi | None:
        """The active VOI as shown, or None."""
        cycle = self.cycle
        if cycle is None:
            return None
        return next((voi for voi in cycle.vois if voi.voi_id == self.view_state.voi_id), None)


def empty_case() -> Case:
    """What is shown before a case is opened."""
    return Case(Patient("", "", "F", "UTC"), Course(""), ())


def show_case(session: Session, case: Case) -> None:
    """Put a case into the window with nothing left of the one before; no results are computed yet."""
    session.recomputation.set_enabled(False)
    for key in ("held", "images", "unkept", "changed"):
        session.permission.allow(key)
    session.reading_course = None
    session.reviews.forget_all()
    session.plan_files.clear()
    session.plan_choice.restore(None)
    session.openings += 1
    session.view_state.set_decay_corrected(False)
    session.document.open(case)
    session.view_state.set_cycle(0)
    session.view_state.set_voi(None)
