"""What chosen activities would deliver: absorbed doses of the next cycle and of the course, against the limits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.bed import BedBasis
from dosimetry_core.planning.delivered import DeliveredCycle, OrganBasis, check_delivered, organ_basis
from dosimetry_core.planning.protocol import LIMIT_ORGANS, LimitKey, Protocol
from dosimetry_core.planning.risk import probability_of_exceeding

# Sums of binary fractions differ from the exact sum in the last digits; a billionth of a gray is far below any meaning.
LIMIT_RELATIVE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class CourseBasis:
    """Everything a forecast needs that does not depend on the activities.

    Parameters
    ----------
    protocol
        The protocol.
    next_cycle
        Number of the cycle to plan; None when all planned cycles are done.
    remaining_cycles
        Cycles left, the next one included; 1 for an open number of cycles, 0 when done.
    next_cycles_in_course
        How often the next cycle's absorbed dose comes until the end of the course: ``remaining_cycles`` for an equal
        split, the sum of the remaining weights over the next one's for weights, 1 for front-loaded and for an open
        number of cycles; for an activity given while limits allow, as many of the planned cycles as they allow.
    future_variance_factor
        Sum of the squares of the same ratios, for variation from cycle to cycle and for BED.
    future_ratios
        The ratios themselves: absorbed dose of each future cycle over the next one's.
    organs
        Basis of each organ that has one.
    missing_organs
        Organs with a limit but without a known absorbed dose.
    """

    protocol: Protocol
    next_cycle: int | None
    remaining_cycles: int
    next_cycles_in_course: float
    future_variance_factor: float
    organs: FrozenMap[str, OrganBasis]
    missing_organs: tuple[str, ...]
    future_ratios: tuple[float, ...] = ()

    @property
    def applicable_limits(self) -> tuple[LimitKey, ...]:
        """Limits of organs whose absorbed dose is known."""
        return tuple(key for key in self.protocol.all_limits_gy if LIMIT_ORGANS[key] in self.organs)

    def next_cycle_limit_gy(self, key: LimitKey) -> float:
        """Absorbed dose (BED for a limit of BED) that the next cycle may deliver; negative when exceeded already."""
        limit = self.protocol.all_limits_gy[key]
        if key in self.protocol.bed_limits_gy:
            room = limit - self.organ_bed(key).delivered_gy
            return room / self.next_cycles_in_course if self.next_cycles_in_course else room
        if key == "red_marrow_per_cycle":
            return limit
        room = limit - self.organs[LIMIT_ORGANS[key]].total_absorbed_dose_gy
        return room / self.next_cycles_in_course if self.next_cycles_in_course else room

    def organ_bed(self, key: LimitKey) -> BedBasis:
        """Basis of the organ that a limit of BED is for."""
        bed = self.organs[LIMIT_ORGANS[key]].bed
        assert bed is not None  # gathered for every protocol with a limit of BED
        return bed

    def future_bed_gy(self, key: LimitKey, activities_bq: Mapping[str, float]) -> float:
        """BED of all future cycles: the ratio of a cycle multiplies its dose, its square what protraction adds."""
        linear, quadratic = self.organ_bed(key).parts_gy(activities_bq)
        return self.next_cycles_in_course * linear + self.future_variance_factor * quadratic

    def largest_activity_bq(self, key: LimitKey, free: str, fixed_bq: Mapping[str, float]) -> float:
        """Activity of the free nuclide that uses up a limit, beside fixed ones; negative if these alone exceed it."""
        organ = self.organs[LIMIT_ORGANS[key]]
        if key in self.protocol.bed_limits_gy:
            bed = self.organ_bed(key)
            return bed.largest_activity_bq(
                free,
                fixed_bq,
                self.protocol.bed_limits_gy[key] - bed.delivered_gy,
                linear=self.next_cycles_in_course,
                quadratic=self.future_variance_factor,
            )
        fixed_gy = organ.next_absorbed_dose_gy({name: a for name, a in fixed_bq.items() if name != free})
        return allowed_activity_bq(self.next_cycle_limit_gy(key), fixed_gy, organ.predicted_gy_per_bq[free])


def allowed_activity_bq(
    allocation_gy: float,
    fixed_absorbed_dose_gy: float,
    absorbed_dose_per_administered_activity_gy_per_bq: float,
) -> float:
    """Activity of the free nuclide that uses up an allocation: (a − D_fixed)/d.

    Negative when the fixed nuclides alone exceed the allocation. Raises ValueError unless the absorbed dose per
    activity is positive.
    """
    if not absorbed_dose_per_administered_activity_gy_per_bq > 0:
        raise ValueError("an activity can't be derived without an absorbed dose per activity")
    return (allocation_gy - fixed_absorbed_dose_gy) / absorbed_dose_per_administered_activity_gy_per_bq


def course_basis(
    protocol: Protocol,
    delivered: Sequence[DeliveredCycle],
    *,
    planned_cycles: int | None = None,
    prior_absorbed_dose_gy: Mapping[str, float] | None = None,
) -> CourseBasis:
    """Gather what forecasts of one course share.

    Raises
    ------
    MissingDataError
        Without a delivered cycle, or when the absorbed dose to the kidneys is known for no cycle.
    InconsistentCaseError
        If cycle numbers or the protocol's weights don't fit.
    """
    check_delivered(delivered)
    prior = prior_absorbed_dose_gy or {}
    last = delivered[-1].number
    planned = protocol.cycles if planned_cycles is None else planned_cycles
    done = planned is not None and last >= planned
    organs: dict[str, OrganBasis] = {}
    missing: list[str] = []
    for organ in protocol.limited_organs:
        basis = organ_basis(organ, protocol, delivered, prior_absorbed_dose_gy=prior.get(organ, 0.0))
        if basis is not None:
            organs[organ] = basis
        elif organ == "kidneys":
            names = ", ".join(n.name for n in protocol.nuclides)
            raise MissingDataError(
                f"the absorbed dose per administered activity to the kidneys is not known for each of {names}",
                where="cycle",
                remedy="measure it in a cycle, or enter it under "
                "[cycle.entered_absorbed_dose_per_administered_activity_gy_per_gbq]",
            )
        else:
            missing.append(organ)
    if done:
        ratios: tuple[float, ...] = ()
    elif planned is None:
        ratios = (1.0,)
    elif protocol.activity_rule == "fixed-while-limits-allow":
        ratios = (1.0,) * _cycles_within_limits(protocol, organs, planned - last)
    else:
        ratios = _ratios(protocol, last, planned)
    return CourseBasis(
        protocol,
        None if done else last + 1,
        0 if done else 1 if planned is None else planned - last,
        math.fsum(ratios),
        math.fsum(ratio * ratio for ratio in ratios),
        FrozenMap(organs),
        tuple(missing),
        ratios,
    )


def _cycles_within_limits(protocol: Protocol, organs: Mapping[str, OrganBasis], remaining: int) -> int:
    """How many of the remaining cycles a fixed activity can be given before a limit of the course; at least one."""
    standard = {n.name: n.standard_activity_bq for n in protocol.nuclides}
    allowed = [remaining]
    for organ, limit in protocol.total_limit_gy.items():
        if organ in organs and (following := organs[organ].next_absorbed_dose_gy(standard)) > 0:
            room = limit * (1.0 + LIMIT_RELATIVE_TOLERANCE) - organs[organ].total_absorbed_dose_gy
            allowed.append(math.floor(room / following))
    for key, limit in protocol.bed_limits_gy.items():
        bed = organs[LIMIT_ORGANS[key]].bed if LIMIT_ORGANS[key] in organs else None
        if bed is not None and (next_bed := math.fsum(bed.parts_gy(standard))) > 0:
            allowed.append(math.floor((limit * (1.0 + LIMIT_RELATIVE_TOLERANCE) - bed.delivered_gy) / next_bed))
    return max(1, min(allowed))


def _ratios(protocol: Protocol, last: int, planned: int) -> tuple[float, ...]:
    if protocol.allocation == "front-loaded":
        return (1.0,)
    if protocol.allocation == "weights":
        weights = protocol.allocation_weights
        if len(weights) != planned:
            raise InconsistentCaseError(
                f"the protocol has {len(weights)} weights for {planned} planned cycles",
                where=f"protocol {protocol.name}, allocation_weights",
                remedy="give one weight for each planned cycle",
            )
        return tuple(weight / weights[last] for weight in weights[last:])
    return (1.0,) * (planned - last)


@dataclass(frozen=True)
class PredictedDose:
    """Predicted absorbed dose to one organ.

    ``course_gy``: at the end of the planned cycles, earlier courses included, when the activities are repeated (as the
    allocation foresees) in all remaining cycles; after the next one for an open number of cycles.
    """

    next_cycle_gy: float
    course_gy: float
    course_standard_uncertainty_gy: float | None
    next_cycle_standard_uncertainty_gy: float | None = None


@dataclass(frozen=True)
class PredictedBed:
    """Predicted BED of one organ: of the next cycle, and at the end of the planned cycles, as `PredictedDose`.

    The uncertainty is that of the absorbed doses; those of α/β, repair and curve shape are not in it.
    """

    next_cycle_gy: float
    course_gy: float
    course_standard_uncertainty_gy: float | None


@dataclass(frozen=True)
class Forecast:
    """What chosen activities would do.

    Parameters
    ----------
    activities_bq
        The activities of the next cycle.
    predicted
        By organ.
    probability_of_exceeding
        By limit of the protocol; None where an uncertainty is unknown or the organ's absorbed dose is.
    used_fraction
        By applicable limit: the next cycle's absorbed dose over what it may deliver; infinite when nothing is left.
    exceeded
        Limits that would be passed.
    limiting
        The limit that is used most.
    predicted_bed
        By limit of BED.
    """

    activities_bq: FrozenMap[str, float]
    predicted: FrozenMap[str, PredictedDose]
    probability_of_exceeding: FrozenMap[LimitKey, float | None]
    used_fraction: FrozenMap[LimitKey, float]
    exceeded: tuple[LimitKey, ...]
    limiting: LimitKey
    predicted_bed: FrozenMap[LimitKey, PredictedBed] = field(default_factory=FrozenMap)

    @property
    def feasible(self) -> bool:
        """Whether all limits are kept."""
        return not self.exceeded


def forecast(basis: CourseBasis, activities_bq: Mapping[str, float]) -> Forecast:
    """Absorbed doses, probabilities and limits for chosen activities of the next cycle.

    Parameters
    ----------
    basis
        From `course_basis`.
    activities_bq
        By nuclide of the protocol, finite and not negative; a nuclide left out is not given.
    """
    names = [n.name for n in basis.protocol.nuclides]
    for name, activity in activities_bq.items():
        if name not in names or not math.isfinite(activity) or activity < 0:
            raise ValueError(f"{activity} Bq of {name} can't be given under protocol {basis.protocol.name}")
    activities = {name: float(activities_bq.get(name, 0.0)) for name in names}
    count = basis.next_cycles_in_course
    variation = basis.protocol.between_cycle_relative_standard_uncertainty
    predicted: dict[str, PredictedDose] = {}
    for organ, organ_data in basis.organs.items():
        following = organ_data.next_absorbed_dose_gy(activities) if basis.next_cycle is not None else 0.0
        uncertainty = organ_data.measured_standard_uncertainty_gy(activities, delivered=1.0, future=count)
        if uncertainty is not None:
            uncertainty = math.hypot(uncertainty, variation * following * math.sqrt(basis.future_variance_factor))
        predicted[organ] = PredictedDose(
            following,
            organ_data.total_absorbed_dose_gy + count * following,
            uncertainty,
            _next_cycle_uncertainty(basis, organ, activities, variation),
        )
    probabilities: dict[LimitKey, float | None] = {}
    used: dict[LimitKey, float] = {}
    exceeded: list[LimitKey] = []
    beds: dict[LimitKey, PredictedBed] = {}
    for key, limit in basis.protocol.all_limits_gy.items():
        organ = LIMIT_ORGANS[key]
        if organ not in predicted:
            probabilities[key] = None
            continue
        dose = predicted[organ]
        reached, uncertainty = dose.course_gy, dose.course_standard_uncertainty_gy
        allowed = basis.next_cycle_limit_gy(key)
        used[key] = dose.next_cycle_gy / allowed if allowed > 0 else math.inf
        if key == "red_marrow_per_cycle":
            reached, uncertainty = dose.next_cycle_gy, dose.next_cycle_standard_uncertainty_gy
        elif key in basis.protocol.bed_limits_gy:
            beds[key] = _predicted_bed(basis, key, activities, variation)
            reached, uncertainty = beds[key].course_gy, beds[key].course_standard_uncertainty_gy
            room = limit - basis.organ_bed(key).delivered_gy
            used[key] = basis.future_bed_gy(key, activities) / room if room > 0 else math.inf
        probabilities[key] = None if uncertainty is None else probability_of_exceeding(reached, uncertainty, limit)
        if reached > limit * (1.0 + LIMIT_RELATIVE_TOLERANCE):
            exceeded.append(key)
    return Forecast(
        FrozenMap(activities),
        FrozenMap(predicted),
        FrozenMap(probabilities),
        FrozenMap(used),
        tuple(exceeded),
        max(used, key=lambda key: used[key]),
        FrozenMap(beds),
    )


def _predicted_bed(
    basis: CourseBasis, key: LimitKey, activities_bq: dict[str, float], variation: float
) -> PredictedBed:
    bed = basis.organ_bed(key)
    linear, quadratic = bed.parts_gy(activities_bq) if basis.next_cycle is not None else (0.0, 0.0)
    uncertainty = basis.organs[LIMIT_ORGANS[key]].measured_bed_standard_uncertainty_gy(
        activities_bq, linear=basis.next_cycles_in_course, quadratic=basis.future_variance_factor
    )
    if uncertainty is not None:
        # A cycle's relative deviation changes its dose by as much, and twice what protraction adds.
        varied = (variation * (ratio * linear + 2.0 * ratio**2 * quadratic) for ratio in basis.future_ratios)
        uncertainty = math.hypot(uncertainty, *varied)
    future = basis.next_cycles_in_course * linear + basis.future_variance_factor * quadratic
    return PredictedBed(linear + quadratic, bed.delivered_gy + future, uncertainty)


def _next_cycle_uncertainty(
    basis: CourseBasis, organ: str, activities_bq: dict[str, float], variation: float
) -> float | None:
    if basis.next_cycle is None:
        return 0.0
    measured = basis.organs[organ].measured_standard_uncertainty_gy(activities_bq, delivered=0.0, future=1.0)
    if measured is None:
        return None
    return math.hypot(measured, variation * basis.organs[organ].next_absorbed_dose_gy(activities_bq))


def predict(
    protocol: Protocol,
    delivered: Sequence[DeliveredCycle],
    activities_bq: Mapping[str, float],
    *,
    planned_cycles: int | None = None,
    prior_absorbed_dose_gy: Mapping[str, float] | None = None,
) -> Forecast:
    """Forecast for activities chosen by hand; a slider keeps `course_basis` and calls `forecast`."""
    basis = course_basis(
        protocol, delivered, planned_cycles=planned_cycles, prior_absorbed_dose_gy=prior_absorbed_dose_gy
    )
    return forecast(basis, activities_bq)
