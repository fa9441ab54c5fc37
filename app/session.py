"""What the steps share: document, view state, jobs, results, reviews."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.document import Document
from app.jobs import Jobs
from app.plan_choice import PlanChoice
from app.plan_signing import PlanFile
from app.preferences import Preferences
from app.recomputation import Recomputation
from app.reviews import Reviews
from app.second_opinion_watch import SecondOpinionWatch
from app.view_state import ViewState
from dosimetry_core.case import Case, Cycle
from dosimetry_core.image import TimePoint
from dosimetry_core.voi import Voi

if TYPE_CHECKING:
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
    preferences: Preferences = field(default_factory=Preferences)
    plan_files: list[PlanFile] = field(default_factory=list)
    """Plans signed or approved in this session, newest last."""

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
