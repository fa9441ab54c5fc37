"""What was decided instead of the proposal, applied to the results: other activities, hold, or the end of treatment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from dosimetry_core.errors import DosimetryError, InconsistentCaseError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.units import GIGABECQUEREL

if TYPE_CHECKING:
    from dosimetry_core.evaluation import Evaluation
    from dosimetry_core.planning.next_cycle import NextCyclePlan

ACTIVITY: Final = "--activity"
# Figures and a point only: a decimal number may else be written with an exponent, and 7_40 would be 740.
_FIGURES: Final = re.compile(r"[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True)
class Decision:
    """What the command line asks for instead of the proposal: activities in Bq by nuclide, hold, or stop."""

    activities_bq: FrozenMap[str, float] = field(default_factory=FrozenMap)
    holds: bool = False
    stops: bool = False

    @property
    def is_proposal(self) -> bool:
        """Whether the proposal stands."""
        return not (self.activities_bq or self.holds or self.stops)


def decision_of(activities: Sequence[str], *, holds: bool, stops: bool) -> Decision:
    """Read ``NUCLIDE=GBQ`` of each ``--activity``, beside ``--hold`` and ``--stop``.

    Raises
    ------
    DosimetryError
        For what is no activity, a nuclide named twice, and decisions that contradict each other.
    """
    found: dict[str, float] = {}
    for text in activities:
        name, _, number = (part.strip() for part in text.partition("="))
        if not name or _FIGURES.fullmatch(number) is None:
            raise DosimetryError(
                f"{text!r} is no activity", where=ACTIVITY, remedy="write NUCLIDE=GBQ, for example Lu-177=7.40"
            )
        if name in found:
            raise DosimetryError(f"{name} is given twice", where=ACTIVITY, remedy="give one activity")
        found[name] = float(Decimal(number) * Decimal(int(GIGABECQUEREL.core_per_display)))
    if [bool(found), holds, stops].count(True) > 1:
        raise InconsistentCaseError("contradict each other", where=f"{ACTIVITY}, --hold, --stop", remedy="give one")
    return Decision(FrozenMap(found), holds, stops)


def decided(evaluation: Evaluation, decision: Decision) -> Evaluation:
    """The results with the plan as decided, computed by the second opinion too; the same results for the proposal.

    Nuclides that no activity is given for keep the proposed one.

    Raises
    ------
    InconsistentCaseError
        If nothing can be chosen, or a nuclide is not of the protocol.
    """
    from dosimetry_core.second_check import second_check

    if decision.is_proposal:
        return evaluation
    proposed = dict(evaluation.plan.activities_bq)
    unknown = sorted(set(decision.activities_bq) - set(proposed))
    if unknown:
        raise InconsistentCaseError(
            f"{', '.join(unknown)} is not given in protocol {evaluation.protocol.name}",
            where=ACTIVITY,
            remedy=f"its nuclides are {', '.join(proposed)}" if proposed else "nothing can be planned",
        )
    gives_nothing = decision.holds or decision.stops
    chosen = dict.fromkeys(proposed, 0.0) if gives_nothing else proposed | dict(decision.activities_bq)
    if not is_open_to_choice(evaluation.plan, chosen):
        raise InconsistentCaseError(
            f"nothing can be chosen: {evaluation.plan.limiting.replace('_', ' ')}",
            where="plan",
            remedy="leave the decision out, and read the findings",
        )
    plan = planned_as_chosen(evaluation, chosen, ends_treatment=decision.stops)
    return second_check(with_plan(evaluation, plan))


def is_open_to_choice(plan: NextCyclePlan, activities_bq: Mapping[str, float]) -> bool:
    """Whether something can be chosen beside a proposal: nothing but to give nothing where it stops or is refused."""
    if plan.next_cycle is None or plan.refused:
        return False
    return not plan.stop or not any(activities_bq.values())


def planned_as_chosen(
    evaluation: Evaluation, activities_bq: Mapping[str, float], *, ends_treatment: bool = False
) -> NextCyclePlan:
    """The plan of an evaluation with chosen activities, or with the end of the treatment."""
    from dosimetry_core.pipeline import plan_with_activities

    return plan_with_activities(evaluation, activities_bq, ends_treatment=ends_treatment)


def with_plan(evaluation: Evaluation, plan: NextCyclePlan) -> Evaluation:
    """The evaluation with another plan; the findings of the earlier plan give way to those of this one."""
    earlier = set(evaluation.plan.findings)
    kept = tuple(finding for finding in evaluation.findings if finding not in earlier)
    return replace(evaluation, plan=plan, findings=tuple(dict.fromkeys((*kept, *plan.findings))))
