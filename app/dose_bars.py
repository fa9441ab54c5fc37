"""Cumulative absorbed dose per organ as bars: delivered cycles, what the plan adds, limits."""

from __future__ import annotations

from typing import Literal

from dosimetry_core.evaluation import Evaluation
from dosimetry_core.planning.protocol import LIMIT_ORGANS
from dosimetry_core.report.words import in_words, organ_order
from widgets.dose_bars_view import DoseBarShown, DoseLimitShown, DoseSegmentShown

_PER_CYCLE = "red_marrow_per_cycle"


def organ_bars(evaluation: Evaluation, *, stale: bool, with_plan: bool = False) -> list[DoseBarShown]:
    """One bar per organ of the course, nuclides and cycles stacked.

    The number under a bar is the delivered absorbed dose with its uncertainty; ``with_plan`` adds what the planned
    cycle is predicted to deliver, says so in the name, and gives no uncertainty: that of the sum is not a result.
    """
    organs = organ_order(evaluation.course_organs)
    return [_organ_bar(evaluation, organ, stale, with_plan) for organ in organs]


def _organ_bar(evaluation: Evaluation, organ: str, stale: bool, with_plan: bool) -> DoseBarShown:
    segments: list[DoseSegmentShown] = []
    prior = evaluation.case.course.prior_absorbed_dose_gy.get(organ, 0.0)
    if prior > 0:
        segments.append(DoseSegmentShown("earlier courses", "", prior, "earlier"))
    for cycle in evaluation.cycles:
        result = cycle.organs.get(organ)
        if result is None:
            continue
        state: Literal["estimated", "delivered"] = "estimated" if result.estimated else "delivered"
        segments += [
            DoseSegmentShown(f"cycle {cycle.cycle.number}", nuclide, dose.absorbed_dose_gy, state)
            for nuclide, dose in result.doses.items()
        ]
    plan = evaluation.plan
    predicted = plan.forecast.predicted.get(organ)
    name, uncertainty = in_words(organ), evaluation.course_organs[organ].delivered.standard_uncertainty_gy
    if with_plan and predicted is not None and plan.next_cycle is not None:
        name, uncertainty = f"{name} after cycle {plan.next_cycle}", None
        segments.append(DoseSegmentShown(f"cycle {plan.next_cycle}", "", predicted.next_cycle_gy, "planned"))
    limits = tuple(
        DoseLimitShown("limit", limit, evaluation.protocol.source)
        for key, limit in evaluation.protocol.limits_gy.items()
        if LIMIT_ORGANS[key] == organ and key != _PER_CYCLE
    )
    return DoseBarShown(
        organ,
        name,
        tuple(segments),
        uncertainty,
        limits=limits,
        binding=any(key == plan.limiting and of == organ for key, of in LIMIT_ORGANS.items()),
        stale=stale,
    )


def voi_bars(evaluation: Evaluation, *, stale: bool) -> list[DoseBarShown]:
    """One bar per VOI that has a dose and is no limited organ: lesions and the like."""
    bars = []
    for name, total in evaluation.course_vois.items():
        segments = [
            DoseSegmentShown(f"cycle {cycle.cycle.number}", nuclide, dose.absorbed_dose_gy, "delivered")
            for cycle in evaluation.cycles
            if name in cycle.vois
            for nuclide, dose in cycle.vois[name].doses.items()
        ]
        bars.append(DoseBarShown(name, name, tuple(segments), total.standard_uncertainty_gy, stale=stale))
    return bars
