"""Stop rules over the whole course: what the latest values say, and which rules were met before and are no longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dosimetry_core.case import Case
from dosimetry_core.safety.assessment import SafetyAssessment, assess
from dosimetry_core.safety.rules import RuleOutcome, RuleSet


@dataclass(frozen=True)
class StopCriteria:
    """Each rule by the latest values, and what earlier values met that the latest do not."""

    latest: tuple[RuleOutcome, ...]
    met_earlier: tuple[RuleOutcome, ...]


def stop_criteria(cycles: Sequence[SafetyAssessment]) -> StopCriteria:
    """Stop criteria of a course from the assessments of its cycles, the last one last."""
    if not cycles:
        return StopCriteria((), ())
    latest = cycles[-1].outcomes
    met = {outcome.rule.name for outcome in latest if outcome.outcome == "met"}
    found: dict[tuple[str, str], RuleOutcome] = {}
    for assessment in cycles:
        of_cycle = [*assessment.earlier_met, *(o for o in assessment.outcomes if o.outcome == "met")]
        for outcome in of_cycle:
            if outcome.rule.name not in met:
                found.setdefault((outcome.rule.name, outcome.text), outcome)
    return StopCriteria(latest, tuple(found.values()))


def stop_criteria_of_case(case: Case, rules: RuleSet) -> StopCriteria:
    """Stop criteria from the laboratory values of a case alone, as each cycle is judged when it is computed."""
    return stop_criteria(
        [
            assess(
                case.patient,
                cycle.laboratory,
                case.laboratory_limits,
                rules,
                earlier=[result for past in case.cycles[:number] for result in past.laboratory],
            )
            for number, cycle in enumerate(case.cycles)
        ]
    )
