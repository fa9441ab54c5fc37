"""Plans the next cycle: the activity that the limits allow, rounded down, with what it predicts and what limits it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.certainty import CertainActivity, activities_by_certainty
from dosimetry_core.planning.delivered import DeliveredCycle, DeliveredOrganDose, basis_findings
from dosimetry_core.planning.forecast import (
    CourseBasis,
    Forecast,
    PredictedBed,
    PredictedDose,
    allowed_activity_bq,
    course_basis,
    forecast,
    predict,
)
from dosimetry_core.planning.plan_decision import GIVES_NOTHING, PlanDecision, decision_of
from dosimetry_core.planning.plan_findings import DELIVERED_EXCEEDED, forecast_findings, proposal_findings
from dosimetry_core.planning.protocol import LIMIT_ORGANS, LimitKey, Protocol, ProtocolNuclide

__all__ = [
    "DeliveredCycle",
    "DeliveredOrganDose",
    "Forecast",
    "Limiting",
    "NextCyclePlan",
    "PredictedBed",
    "PredictedDose",
    "allowed_activity_bq",
    "plan_next_cycle",
    "predict",
    "rounded_down_bq",
]

Limiting = Literal[
    "kidneys",
    "red_marrow_per_cycle",
    "red_marrow_total",
    "kidneys_bed",
    "fixed_nuclide",
    "activity_cap",
    "minimum_activity",
    "stop_rule",
    "protocol",
    "missing_data",
    "none",
]

# A multiple of the step must survive binary division: 12.85/0.05 is a hair below 257 (methods 6.2).
_STEP_TOLERANCE = 1e-9


def rounded_down_bq(activity_bq: float, step_bq: float) -> float:
    """Largest multiple of the dispensing step that is not above the activity: floor(x/step + 1e-9) steps."""
    return math.floor(activity_bq / step_bq + _STEP_TOLERANCE) * step_bq


@dataclass(frozen=True)
class NextCyclePlan:
    """The proposal for the next cycle.

    Parameters
    ----------
    protocol
        The protocol that was planned with.
    next_cycle
        Number of the planned cycle; None when all planned cycles are done.
    activities_bq, unrounded_activities_bq
        By nuclide; unrounded ones before cap, rounding and minimum, negative when the fixed nuclide alone exceeds.
    limiting
        What decided the activity.
    allocation_gy
        Absorbed dose by organ that the next cycle may deliver.
    forecast
        What the rounded activities would deliver.
    feasible
        All limits are kept by the proposed activities.
    stop
        A stop rule is met, or the next cycle would pass a limit of a protocol with an open number of cycles.
    findings
        Remarks, each with the code that an override names.
    confirmations
        Codes that need a typed reason though they are no error: ``high-activity``, ``front-loaded``.
    allocation_bed_gy
        By limit of BED: what the next cycle may deliver, in Gy of BED.
    by_certainty
        Activity of the free nuclide that keeps each limit with a chosen probability.
    refused
        Nothing can be planned, because what the limits rest on is not known; no reason overrides that.
    decision
        What is decided about the next cycle, see `PlanDecision`.
    """

    protocol: Protocol
    next_cycle: int | None
    activities_bq: FrozenMap[str, float]
    unrounded_activities_bq: FrozenMap[str, float]
    limiting: Limiting
    allocation_gy: FrozenMap[str, float]
    forecast: Forecast
    feasible: bool
    stop: bool
    findings: tuple[Finding, ...]
    confirmations: tuple[str, ...]
    allocation_bed_gy: FrozenMap[LimitKey, float] = field(default_factory=FrozenMap)
    refused: bool = False
    by_certainty: tuple[CertainActivity, ...] = ()
    decision: PlanDecision = "proposal"

    @property
    def free_nuclide(self) -> str | None:
        """Name of the adapted nuclide."""
        free = self.protocol.free_nuclide
        return None if free is None else free.name

    @property
    def delivered_exceeds(self) -> bool:
        """Whether a delivered cycle broke a limit of one cycle; ``feasible`` is about the coming ones."""
        return any(finding.code == DELIVERED_EXCEEDED for finding in self.findings)

    @property
    def codes_needing_reason(self) -> tuple[str, ...]:
        """Finding codes of which each needs a typed reason before signing: errors and confirmations."""
        errors = [finding.code for finding in self.findings if finding.level == "error"]
        return tuple(dict.fromkeys([*errors, *self.confirmations]))

    def to_json(self) -> dict[str, Any]:
        """The ``plan`` part of results.json: core units, unit in every name."""
        return {
            "protocol": self.protocol.name,
            "protocol_sha256": self.protocol.digest,
            "next_cycle": self.next_cycle,
            "activities_bq": dict(self.activities_bq),
            "unrounded_activities_bq": dict(self.unrounded_activities_bq),
            "free_nuclide": self.free_nuclide,
            "decision": self.decision,
            "limiting": self.limiting,
            "allocation": self.protocol.allocation,
            "predictor": self.protocol.predictor,
            "allocation_gy": dict(self.allocation_gy),
            "predicted_absorbed_dose_gy": {
                organ: {"next_cycle": dose.next_cycle_gy, "course": dose.course_gy}
                for organ, dose in self.forecast.predicted.items()
            },
            "predicted_absorbed_dose_standard_uncertainty_gy": {
                organ: {"course": dose.course_standard_uncertainty_gy}
                for organ, dose in self.forecast.predicted.items()
            },
            "probability_of_exceeding": dict(self.forecast.probability_of_exceeding),
            "activity_by_certainty": [item.to_json() for item in self.by_certainty],
            **self._bed_json(),
            "feasible": self.feasible,
            "stop": self.stop,
            "refused": self.refused,
            "confirmations": list(self.confirmations),
            "findings": [{"code": f.code, "level": f.level, "text": f.text, "place": f.place} for f in self.findings],
        }

    def _bed_json(self) -> dict[str, Any]:
        """Predictions under limits of BED, by organ; nothing without one."""
        beds = self.forecast.predicted_bed
        if not beds:
            return {}
        return {
            "allocation_bed_gy": {LIMIT_ORGANS[key]: gy for key, gy in self.allocation_bed_gy.items()},
            "predicted_bed_gy": {
                LIMIT_ORGANS[key]: {"next_cycle": bed.next_cycle_gy, "course": bed.course_gy}
                for key, bed in beds.items()
            },
            "predicted_bed_standard_uncertainty_gy": {
                LIMIT_ORGANS[key]: {"course": bed.course_standard_uncertainty_gy} for key, bed in beds.items()
            },
        }


@dataclass(frozen=True)
class _Proposal:
    activities_bq: dict[str, float]
    unrounded_bq: dict[str, float]
    limiting: Limiting
    stop: bool = False


def plan_next_cycle(
    protocol: Protocol,
    delivered: Sequence[DeliveredCycle],
    *,
    planned_cycles: int | None = None,
    prior_absorbed_dose_gy: Mapping[str, float] | None = None,
    stop_criteria_met: Sequence[str] = (),
    grave_grades: Mapping[str, str] | None = None,
    chosen_activities_bq: Mapping[str, float] | None = None,
    ends_treatment: bool = False,
) -> NextCyclePlan:
    """Propose the activities of the cycle after the last delivered one (methods 6.2).

    Parameters
    ----------
    protocol
        The protocol.
    delivered
        All delivered cycles, numbered from 1.
    planned_cycles
        Number of cycles of this patient; None: the protocol's own number.
    prior_absorbed_dose_gy
        Of earlier courses, by organ.
    stop_criteria_met
        Stop criteria that are met, as sentences; any makes the proposal a stop.
    grave_grades
        Laboratory values of CTCAE grade 3 or more, each with a phrase that says so; they need a reason where the
        protocol has no stop rules.
    chosen_activities_bq
        Activities that the physicist chose instead of the proposal, by nuclide; not rounded and not limited, but
        remarked on. Without effect when the course is complete; when a stop rule is met nothing but 0 has one.
    ends_treatment
        It is decided that no cycle follows: nothing is given any more.

    Raises
    ------
    MissingDataError, InconsistentCaseError
        See `course_basis`.

    Notes
    -----
    Allocation of an organ: (limit − delivered)/R for R remaining cycles, for the red marrow at most the limit per
    cycle. Free activity: smallest over the limits of (allocation − fixed)/d; then cap, then rounding down, then the
    minimum; predictions and limits are evaluated with the rounded activities.
    """
    basis = course_basis(
        protocol, delivered, planned_cycles=planned_cycles, prior_absorbed_dose_gy=prior_absorbed_dose_gy
    )
    proposal = _proposal(basis, bool(stop_criteria_met))
    activities, decision = _decided(protocol, basis, proposal, chosen_activities_bq, ends_treatment=ends_treatment)
    outcome = forecast(basis, activities)
    confirmations: list[str] = []
    findings = [
        *basis_findings(protocol, basis.organs.values()),
        *proposal_findings(
            basis,
            delivered,
            activities,
            proposal.activities_bq,
            proposal.unrounded_bq,
            proposal.limiting,
            stop_criteria_met,
            confirmations,
            grave_grades=grave_grades or {},
            gives_nothing=decision in GIVES_NOTHING,
        ),
        *forecast_findings(basis, outcome, proposal.limiting),
    ]
    return NextCyclePlan(
        protocol,
        basis.next_cycle,
        FrozenMap(activities),
        FrozenMap(proposal.unrounded_bq),
        proposal.limiting,
        FrozenMap(_allocation_gy(basis)),
        outcome,
        outcome.feasible,
        proposal.stop,
        tuple(findings),
        tuple(confirmations),
        FrozenMap(
            {
                key: basis.next_cycle_limit_gy(key)
                for key in basis.applicable_limits
                if key in protocol.bed_limits_gy and basis.next_cycle is not None
            }
        ),
        by_certainty=() if proposal.stop else activities_by_certainty(basis),
        decision=decision,
    )


def _decided(
    protocol: Protocol,
    basis: CourseBasis,
    proposal: _Proposal,
    chosen_bq: Mapping[str, float] | None,
    *,
    ends_treatment: bool,
) -> tuple[dict[str, float], PlanDecision]:
    """Activities of the next cycle and what they amount to."""
    proposed = proposal.activities_bq
    if basis.next_cycle is None:
        return proposed, "proposal"
    if ends_treatment:
        return dict.fromkeys(proposed, 0.0), "stop"
    if chosen_bq is None or (proposal.stop and any(chosen_bq.values())):
        return proposed, "proposal"
    activities = proposed | dict(chosen_bq)
    return activities, decision_of(protocol, activities, proposed)


def refused_plan(
    protocol: Protocol,
    delivered: Sequence[DeliveredCycle],
    reasons: Sequence[DosimetryError],
    *,
    planned_cycles: int | None = None,
) -> NextCyclePlan:
    """A plan that proposes nothing, because ``reasons`` say what is not known; it can't be signed."""
    planned = protocol.cycles if planned_cycles is None else planned_cycles
    last = delivered[-1].number if delivered else 0
    nothing = FrozenMap({n.name: 0.0 for n in protocol.nuclides})
    limits = tuple(protocol.all_limits_gy)
    unknown: FrozenMap[LimitKey, float | None] = FrozenMap(dict.fromkeys(limits))
    text = f"No next cycle can be planned: {'; '.join(reason.line() for reason in reasons)}."
    return NextCyclePlan(
        protocol,
        None if planned is not None and last >= planned else last + 1,
        nothing,
        nothing,
        "missing_data",
        FrozenMap(),
        Forecast(nothing, FrozenMap(), unknown, FrozenMap(), (), limits[0]),
        feasible=False,
        stop=True,
        findings=(Finding("planning-refused", "error", text, "plan"),),
        confirmations=(),
        refused=True,
    )


def _allocation_gy(basis: CourseBasis) -> dict[str, float]:
    allocation: dict[str, float] = {}
    for key in basis.applicable_limits if basis.next_cycle is not None else ():
        if key in basis.protocol.bed_limits_gy:
            continue
        organ = LIMIT_ORGANS[key]
        allocation[organ] = min(allocation.get(organ, math.inf), basis.next_cycle_limit_gy(key))
    return allocation


def _proposal(basis: CourseBasis, stop_rule_met: bool) -> _Proposal:
    protocol = basis.protocol
    nothing = dict.fromkeys((n.name for n in protocol.nuclides), 0.0)
    if basis.next_cycle is None:
        return _Proposal(nothing, nothing, "none", stop_rule_met)
    if stop_rule_met:
        return _Proposal(nothing, nothing, "stop_rule", stop=True)
    standard = {n.name: n.standard_activity_bq for n in protocol.nuclides}
    if protocol.activity_rule == "fixed":
        return _Proposal(standard, standard, "protocol")
    if protocol.activity_rule == "fixed-while-limits-allow":
        given = forecast(basis, standard)
        if given.exceeded:
            binding: LimitKey = max(given.exceeded, key=lambda key: given.used_fraction[key])
            return _Proposal(nothing, nothing, binding, stop=True)
        return _Proposal(standard, standard, "protocol")
    free = protocol.free_nuclide
    assert free is not None  # the protocol was checked on reading
    return _adapted(basis, free)


def _adapted(basis: CourseBasis, free: ProtocolNuclide) -> _Proposal:
    protocol = basis.protocol
    fixed = {n.name: n.standard_activity_bq for n in protocol.fixed_nuclides}
    allowed: dict[LimitKey, float] = {}
    for key in basis.applicable_limits:
        organ = basis.organs[LIMIT_ORGANS[key]]
        per_activity = organ.predicted_gy_per_bq[free.name]
        if per_activity == 0:
            raise InconsistentCaseError(
                f"the absorbed dose of {free.name} to the {organ.organ.replace('_', ' ')} is 0, so it limits nothing",
                where="cycle",
                remedy="enter the measured value, or leave the organ out",
            )
        allowed[key] = basis.largest_activity_bq(key, free.name, fixed)
    tightest: LimitKey = min(allowed, key=lambda key: allowed[key])
    unrounded = allowed[tightest]
    limiting: Limiting = tightest
    activity = unrounded
    if unrounded < -_STEP_TOLERANCE * protocol.rounding_step_bq:
        limiting = "fixed_nuclide" if fixed else tightest
        activity = 0.0
    elif free.activity_cap_bq is not None and unrounded > free.activity_cap_bq:
        limiting, activity = "activity_cap", free.activity_cap_bq
    activity = rounded_down_bq(activity, protocol.rounding_step_bq)
    if unrounded > 0 and activity < free.minimum_dispensable_activity_bq * (1.0 - _STEP_TOLERANCE):
        limiting, activity = "minimum_activity", 0.0
    names = [n.name for n in protocol.nuclides]
    return _Proposal(
        {name: fixed.get(name, activity) for name in names},
        {name: fixed.get(name, unrounded) for name in names},
        limiting,
    )
