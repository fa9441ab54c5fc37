"""Cumulative absorbed dose per organ and VOI as bars: delivered cycles, what the plan and later cycles add, limits."""

from __future__ import annotations

import math
from collections.abc import Mapping

from dosimetry_core.errors import DosimetryError
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.planning.forecast import course_basis
from dosimetry_core.planning.protocol import LIMIT_ORGANS
from dosimetry_core.report.words import in_words, nuclide_order, organ_order
from dosimetry_core.results import OrganResult
from widgets.dose_bar import SegmentState
from widgets.dose_bars_view import DoseBarShown, DoseLimitShown, DoseSegmentShown

_PER_CYCLE = "red_marrow_per_cycle"
LEAST_SHOWN_GY = 1e-9
"""Less than this is rounding of a sum."""


def organ_bars(
    evaluation: Evaluation, *, stale: bool, with_plan: bool = False, in_view: int | None = None
) -> list[DoseBarShown]:
    """One bar per organ of the course, nuclides and cycles stacked.

    The number under a bar is the delivered absorbed dose with its uncertainty; ``with_plan`` adds what the planned
    cycle is predicted to deliver, and what the later ones do if they are alike, with the uncertainty of the forecast.
    ``in_view`` is the number of the cycle whose parts are outlined.
    """
    ahead = next_cycle_by_nuclide_gy(evaluation) if with_plan else {}
    organs = organ_order(evaluation.course_organs)
    return [_organ_bar(evaluation, organ, ahead.get(organ, {}), stale, in_view) for organ in organs]


def next_cycle_by_nuclide_gy(evaluation: Evaluation) -> dict[str, dict[str, float]]:
    """Organ → nuclide → absorbed dose that the activities of the plan are predicted to deliver in the next cycle."""
    plan = evaluation.plan
    if plan.refused or plan.next_cycle is None:
        return {}
    try:
        basis = course_basis(
            evaluation.protocol,
            evaluation.delivered,
            planned_cycles=evaluation.case.course.planned_cycles,
            prior_absorbed_dose_gy=evaluation.case.course.prior_absorbed_dose_gy,
        )
    except DosimetryError:  # then the plan is refused, with its reason
        return {}
    return {
        organ: {
            name: activity * held.predicted_gy_per_bq[name]
            for name, activity in plan.activities_bq.items()
            if name in held.predicted_gy_per_bq
        }
        for organ, held in basis.organs.items()
    }


def _organ_bar(
    evaluation: Evaluation, organ: str, ahead: Mapping[str, float], stale: bool, in_view: int | None
) -> DoseBarShown:
    segments: list[DoseSegmentShown] = []
    prior = evaluation.case.course.prior_absorbed_dose_gy.get(organ, 0.0)
    if prior > 0:
        segments.append(DoseSegmentShown("earlier courses", "", prior, "earlier"))
    for cycle in evaluation.cycles:
        result = cycle.organs.get(organ)
        if result is None:
            continue
        segments += [
            DoseSegmentShown(
                f"cycle {cycle.cycle.number}",
                nuclide,
                dose.absorbed_dose_gy,
                state_of(cycle, result, nuclide),
                cycle.cycle.number == in_view,
            )
            for nuclide, dose in result.doses.items()
        ]
    plan, delivered = evaluation.plan, evaluation.course_organs[organ].delivered
    forecast = plan.forecast.predicted.get(organ)
    if ahead and forecast is not None:
        segments += [
            DoseSegmentShown(f"cycle {plan.next_cycle}", nuclide, ahead[nuclide], "planned")
            for nuclide in nuclide_order(ahead)
            if ahead[nuclide] > 0
        ]
        later = forecast.course_gy - delivered.absorbed_dose_gy - math.fsum(ahead.values())
        if later > LEAST_SHOWN_GY:
            segments.append(DoseSegmentShown("later cycles, as the protocol goes on", "", later, "forecast"))
    limits = tuple(
        DoseLimitShown("limit", limit, evaluation.protocol.source)
        for key, limit in evaluation.protocol.limits_gy.items()
        if LIMIT_ORGANS[key] == organ and key != _PER_CYCLE
    )
    return DoseBarShown(
        organ,
        in_words(organ),
        tuple(segments),
        delivered.standard_uncertainty_gy,
        limits=limits,
        binding=any(key == plan.limiting and of == organ for key, of in LIMIT_ORGANS.items()),
        stale=stale,
        ahead_standard_uncertainty_gy=forecast.course_standard_uncertainty_gy if ahead and forecast else None,
    )


def state_of(cycle: CycleResult, organ: OrganResult, nuclide: str) -> SegmentState:
    """How an organ's dose by a nuclide came to be in a cycle: measured, entered, or taken from another cycle."""
    if nuclide in organ.estimated_nuclides:
        return "estimated"
    own = cycle.own_organs.get(organ.organ)
    return "entered" if own is not None and own.origin == "entered" else "delivered"


def voi_bars(evaluation: Evaluation, *, stale: bool, in_view: int | None = None) -> list[DoseBarShown]:
    """One bar per VOI that has a dose: lesions and the like. Cycles that did not measure it are said."""
    bars = []
    for name, total in evaluation.course_vois.items():
        segments = []
        missing = []
        for cycle in evaluation.cycles:
            voi = cycle.vois.get(name)
            if voi is None or not voi.doses:
                missing.append(str(cycle.cycle.number))
                continue
            segments += [
                DoseSegmentShown(
                    f"cycle {cycle.cycle.number}",
                    nuclide,
                    dose.absorbed_dose_gy,
                    "delivered",
                    cycle.cycle.number == in_view,
                )
                for nuclide, dose in voi.doses.items()
            ]
        least = f"not measured in cycle {' and '.join(missing)}" if missing else ""
        bars.append(
            DoseBarShown(name, name, tuple(segments), total.standard_uncertainty_gy, stale=stale, lower_bound=least)
        )
    return bars
