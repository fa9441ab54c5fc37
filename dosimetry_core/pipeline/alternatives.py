"""What else could be given next: the basis of the plan, its risk along one activity, and other protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dosimetry_core.errors import DosimetryError
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline.course import delivered_cycles
from dosimetry_core.planning.forecast import CourseBasis, course_basis, forecast
from dosimetry_core.planning.next_cycle import NextCyclePlan, plan_next_cycle
from dosimetry_core.planning.protocol import LimitKey, Protocol


@dataclass(frozen=True)
class ProtocolAlternative:
    """What another protocol would propose for the same patient, or why it can't.

    Parameters
    ----------
    protocol
        The other protocol, with its own number of cycles and limits.
    plan
        Its proposal; None where it can't plan.
    reason
        Why it can't plan; None where it can.
    """

    protocol: Protocol
    plan: NextCyclePlan | None
    reason: str | None = None


def planning_basis(evaluation: Evaluation) -> CourseBasis | None:
    """Everything a forecast of this course needs; None where no cycle can be planned."""
    if evaluation.plan.refused or evaluation.plan.next_cycle is None:
        return None
    return course_basis(
        evaluation.protocol,
        evaluation.delivered,
        planned_cycles=evaluation.case.course.planned_cycles,
        prior_absorbed_dose_gy=evaluation.case.course.prior_absorbed_dose_gy,
    )


def risk_by_activity(
    basis: CourseBasis, nuclide: str, fixed_bq: Mapping[str, float], activities_bq: Sequence[float]
) -> FrozenMap[LimitKey, tuple[float, ...]]:
    """Probability of exceeding each limit at each activity of one nuclide, beside fixed activities of the others.

    A limit is left out where its uncertainty, and so the probability, is not known.
    """
    outcomes = [forecast(basis, {**fixed_bq, nuclide: activity}) for activity in activities_bq]
    risks: dict[LimitKey, tuple[float, ...]] = {}
    for key in basis.applicable_limits:
        along = [outcome.probability_of_exceeding.get(key) for outcome in outcomes]
        known = tuple(p for p in along if p is not None)
        if known and len(known) == len(along):
            risks[key] = known
    return FrozenMap(risks)


def plans_by_protocol(evaluation: Evaluation, protocols: Sequence[Protocol]) -> tuple[ProtocolAlternative, ...]:
    """What each protocol would propose after the cycles that this patient was given.

    Notes
    -----
    Each counts with its own number of cycles. A stop rule that the course's own protocol found met stops every
    alternative too: what it says of the patient does not change with the arm.
    """
    return tuple(_alternative(evaluation, protocol) for protocol in protocols)


def _alternative(evaluation: Evaluation, protocol: Protocol) -> ProtocolAlternative:
    try:
        plan = plan_next_cycle(
            protocol,
            delivered_cycles(evaluation.cycles, protocol),
            prior_absorbed_dose_gy=evaluation.case.course.prior_absorbed_dose_gy,
            stop_criteria_met=evaluation.cycles[-1].safety.stop_criteria_met,
        )
    except DosimetryError as error:
        return ProtocolAlternative(protocol, None, str(error))
    return ProtocolAlternative(protocol, plan)
