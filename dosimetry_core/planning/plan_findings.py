"""Remarks on a proposed cycle: what is exceeded, what needs a reason, what is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from dosimetry_core.errors import Finding
from dosimetry_core.planning.delivered import DeliveredCycle
from dosimetry_core.planning.forecast import LIMIT_RELATIVE_TOLERANCE, CourseBasis, Forecast
from dosimetry_core.planning.protocol import LIMIT_ORGANS, LimitKey
from dosimetry_core.units import GIGABECQUEREL, GRAY, PERCENT

LIMIT_NAMES: Mapping[LimitKey, str] = {
    "kidneys": "kidneys",
    "red_marrow_per_cycle": "red marrow in one cycle",
    "red_marrow_total": "red marrow",
    "kidneys_bed": "kidneys (BED)",
}

RISK_STEPS: Final = (0.5, 0.75, 0.9)
"""Probabilities of exceeding a limit above each of which it has to be acknowledged anew: what the risk slider offers,
seen from the other side, and an even chance."""
_MOST_DIGITS: Final = 2
DELIVERED_EXCEEDED: Final = "marrow-per-cycle-exceeded"
"""Code of the finding that a delivered cycle broke a limit that no later cycle can keep for it."""

NO_STOP_RULES: Final = "no-stop-rules"
"""Code of the finding that no laboratory value can stop the treatment; it stands on page 1 though it is no warning."""


def proposal_findings(
    basis: CourseBasis,
    delivered: Sequence[DeliveredCycle],
    activities_bq: Mapping[str, float],
    proposed_bq: Mapping[str, float],
    unrounded_bq: Mapping[str, float],
    limiting: str,
    stop_criteria_met: Sequence[str],
    confirmations: list[str],
    *,
    grave_grades: Mapping[str, str],
    gives_nothing: bool,
) -> list[Finding]:
    """Remarks on how the activities came about; codes that need a typed reason are added to ``confirmations``.

    A stop rule stands against giving anything: where it is decided to give nothing it is a warning.
    """
    protocol = basis.protocol
    findings = [
        Finding("stop-rule", "warning" if gives_nothing else "error", f"A stop rule is met: {criterion}.", "laboratory")
        for criterion in stop_criteria_met
    ]
    for organ in basis.missing_organs:
        findings.append(
            Finding(
                f"{organ.split('_')[-1]}-dose-missing",
                "error",
                f"The absorbed dose to the {organ.replace('_', ' ')} is not known, so its limits can't be applied.",
                organ,
            )
        )
    if basis.next_cycle is None:
        findings.append(Finding("course-complete", "info", "All planned cycles were given.", "course"))
        return findings
    if protocol.stop_rules is None:
        findings.append(
            Finding("no-stop-rules", "info", f"Protocol {protocol.name} has no laboratory stop rules.", "protocol")
        )
        findings += [
            Finding(
                "laboratory-grade",
                "warning" if gives_nothing else "error",
                f"{phrase}, and protocol {protocol.name} has no laboratory stop rules.",
                f"laboratory, {name}",
            )
            for name, phrase in grave_grades.items()
        ]
    if limiting == "minimum_activity" and protocol.free_nuclide is not None:
        free = protocol.free_nuclide
        findings.append(
            Finding(
                "below-minimum-activity",
                "warning",
                f"Only {GIGABECQUEREL.text(unrounded_bq[free.name], digits=3)} of {free.name} would be allowed, less "
                f"than can be dispensed ({GIGABECQUEREL.text(free.minimum_dispensable_activity_bq)}): not given.",
                f"cycle {basis.next_cycle}",
            )
        )
    for name, activity in activities_bq.items():
        if activity != proposed_bq[name]:
            findings.append(
                Finding(
                    "chosen-activity",
                    "info",
                    f"{GIGABECQUEREL.text(activity)} of {name} was chosen; {GIGABECQUEREL.text(proposed_bq[name])} "
                    "would be proposed.",
                    f"cycle {basis.next_cycle}, {name}",
                )
            )
    findings += _high_activity(basis, delivered, activities_bq, confirmations)
    if protocol.allocation == "front-loaded" and basis.remaining_cycles > 1 and any(activities_bq.values()):
        confirmations.append("front-loaded")
        findings.append(
            Finding(
                "front-loaded",
                "warning",
                f"The whole remaining allowance goes to cycle {basis.next_cycle}; nothing is left for the "
                f"{basis.remaining_cycles - 1} after it.",
                f"cycle {basis.next_cycle}",
            )
        )
    return findings


def _high_activity(
    basis: CourseBasis,
    delivered: Sequence[DeliveredCycle],
    activities_bq: Mapping[str, float],
    confirmations: list[str],
) -> list[Finding]:
    protocol = basis.protocol
    findings = []
    for item in protocol.nuclides:
        activity = activities_bq[item.name]
        given = [a for cycle in delivered if (a := cycle.administered_activity_bq.get(item.name, 0.0)) > 0]
        references = [("the standard", item.standard_activity_bq, protocol.confirm_above_relative_to_standard)]
        if given:
            references.append(("the last", given[-1], protocol.confirm_above_relative_to_last))
        for name, reference, factor in references:
            if activity > factor * reference * (1.0 + LIMIT_RELATIVE_TOLERANCE):
                findings.append(
                    Finding(
                        "high-activity",
                        "warning",
                        f"{GIGABECQUEREL.text(activity)} of {item.name} is {activity / reference:.2f} times {name} "
                        f"activity ({GIGABECQUEREL.text(reference)}); above {factor:g} times it needs a reason.",
                        f"cycle {basis.next_cycle}, {item.name}",
                    )
                )
    if findings:
        confirmations.append("high-activity")
    return findings


def forecast_findings(basis: CourseBasis, outcome: Forecast, limiting: str) -> list[Finding]:
    """Remarks on what the activities are predicted to do."""
    protocol = basis.protocol
    findings = []
    for key in outcome.exceeded:
        findings.append(_exceeded(basis, outcome, key, limiting))
    if limiting in LIMIT_ORGANS and protocol.activity_rule == "fixed-while-limits-allow":
        name = LIMIT_NAMES[cast(LimitKey, limiting)]
        findings.append(
            Finding(
                "limit-reached",
                "warning",
                f"One more cycle would pass the limit of the {name}: the treatment ends here.",
                name,
            )
        )
    for organ, organ_data in basis.organs.items():
        limit = protocol.limits_gy.get("red_marrow_per_cycle")
        highest = organ_data.highest_cycle_absorbed_dose_gy
        if organ == "red_marrow" and limit is not None and highest > limit * (1.0 + LIMIT_RELATIVE_TOLERANCE):
            findings.append(
                Finding(
                    "marrow-per-cycle-exceeded",
                    "warning",
                    f"A delivered cycle gave the red marrow {GRAY.text(highest, digits=3)}, above the limit of "
                    f"{GRAY.text(limit)} per cycle.",
                    "red marrow",
                )
            )
    if any(outcome.probability_of_exceeding[key] is None for key in basis.applicable_limits):
        findings.append(
            Finding(
                "probability-unknown",
                "warning",
                "The uncertainty of an absorbed dose is not known, so the probability of exceeding its limit is not.",
                "plan",
            )
        )
    allowed = protocol.warn_above_probability
    for key, probability in outcome.probability_of_exceeding.items():
        if probability is not None and probability > allowed:
            findings.append(
                Finding(
                    "probability-of-exceeding",
                    "warning",
                    f"The probability of exceeding the limit of the {LIMIT_NAMES[key]} "
                    f"({GRAY.text(protocol.all_limits_gy[key])}) is {_above(probability, allowed)}.",
                    risk_place(key, probability),
                )
            )
    return findings


def risk_place(key: LimitKey, probability: float) -> str:
    """Where a probability of exceeding a limit stands: the limit, and the step above which the probability is.

    A reason for going on is for a finding at its place: what was accepted at 26 % is not accepted at 60 %.
    """
    step = max((step for step in RISK_STEPS if probability > step), default=None)
    name = LIMIT_NAMES[key]
    return name if step is None else f"{name}, above {PERCENT.text(step, digits=0)}"


def _above(probability: float, allowed: float) -> str:
    """Both probabilities, with as many digits as tell them apart."""
    for digits in range(_MOST_DIGITS + 1):
        texts = PERCENT.text(probability, digits=digits), PERCENT.text(allowed, digits=digits)
        if texts[0] != texts[1]:
            return f"{texts[0]}, above {texts[1]}"
    return f"just above {PERCENT.text(allowed, digits=0)}"


def _exceeded(basis: CourseBasis, outcome: Forecast, key: LimitKey, limiting: str) -> Finding:
    limit = basis.protocol.all_limits_gy[key]
    dose = outcome.predicted[LIMIT_ORGANS[key]]
    reached = dose.next_cycle_gy if key == "red_marrow_per_cycle" else dose.course_gy
    if key in outcome.predicted_bed:
        reached = outcome.predicted_bed[key].course_gy
    excess = (
        f"the predicted {GRAY.text(reached)} to the {LIMIT_NAMES[key]} is {GRAY.text(reached - limit)} above the limit "
        f"of {GRAY.text(limit)}"
    )
    place = LIMIT_NAMES[key]
    if basis.next_cycle is None:
        return Finding("limit-exceeded", "warning", f"{excess[0].upper()}{excess[1:]}.", place)
    if basis.protocol.activity_rule == "fixed":
        return Finding(
            "predicted-excess", "warning", f"The activity is never modified in this arm, and {excess}.", place
        )
    if limiting == "fixed_nuclide":
        names = " and ".join(n.name for n in basis.protocol.fixed_nuclides)
        return Finding(
            "fixed-nuclide-exceeds",
            "error",
            f"The fixed {names} alone exceeds the allocation: {excess}. Decide whether to go on.",
            place,
        )
    if not any(outcome.activities_bq.values()):
        excess = f"even without further activity, {excess}"
    return Finding("limit-exceeded", "error", f"{excess[0].upper()}{excess[1:]}. Decide whether to go on.", place)
