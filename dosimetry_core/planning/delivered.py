"""What was delivered so far, organ by organ, and on which measurement each absorbed dose rests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dosimetry_core.dose.radiobiology import ProtractionPerGy
from dosimetry_core.errors import Finding, InconsistentCaseError, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.bed import BedBasis, CycleDose, bed_basis
from dosimetry_core.planning.prediction import TREND_NEEDS_CYCLES, predictor_weights, weighted_sum
from dosimetry_core.planning.protocol import LIMIT_ORGANS, Protocol
from dosimetry_core.uncertainty import Effects, ErrorSource


@dataclass(frozen=True)
class DeliveredOrganDose:
    """Absorbed dose to one organ in one delivered cycle.

    Parameters
    ----------
    absorbed_dose_gy
        By nuclide, for what was administered.
    absorbed_dose_per_administered_activity_gy_per_bq
        By nuclide; may hold a nuclide that was not administered in this cycle.
    random_relative_uncertainty, common_relative_uncertainty
        Relative standard uncertainty (k = 1) that is independent between cycles, and that all cycles share
        (calibration, method), alike for nuclides without ``relative_effects``; None if unknown.
    estimated
        Not measured in this cycle: the value of another cycle was taken. Such a cycle is no measurement; the
        planner takes its absorbed dose per activity from the last measured cycle again.
    protraction_per_gy
        What makes BED of the nuclides' doses in this cycle; empty where no curves are known.
    relative_effects
        By nuclide: relative change of its absorbed dose by one standard deviation of each source of error.
    """

    absorbed_dose_gy: FrozenMap[str, float]
    absorbed_dose_per_administered_activity_gy_per_bq: FrozenMap[str, float]
    random_relative_uncertainty: float | None = None
    common_relative_uncertainty: float | None = None
    estimated: bool = False
    protraction_per_gy: ProtractionPerGy = field(default_factory=FrozenMap)
    relative_effects: FrozenMap[str, Effects] = field(default_factory=FrozenMap)

    def __post_init__(self) -> None:
        values = (*self.absorbed_dose_gy.values(), *self.absorbed_dose_per_administered_activity_gy_per_bq.values())
        uncertainties = (self.random_relative_uncertainty, self.common_relative_uncertainty)
        if not all(math.isfinite(v) and v >= 0 for v in (*values, *(u for u in uncertainties if u is not None))):
            raise ValueError(f"absorbed doses and uncertainties must be finite and not negative: {self}")

    def effects(self, nuclide: str, cycle: int) -> Effects | None:
        """Relative effects on the absorbed dose of a nuclide in this cycle; None if they are unknown."""
        if nuclide in self.relative_effects:
            return self.relative_effects[nuclide]
        random, common = self.random_relative_uncertainty, self.common_relative_uncertainty
        if random is None or common is None:
            return None
        return FrozenMap({ErrorSource("entered", "", cycle): random, ErrorSource("entered"): common})


@dataclass(frozen=True)
class DeliveredCycle:
    """One cycle that was given: administered activity by nuclide, and what it delivered to each organ."""

    number: int
    administered_activity_bq: FrozenMap[str, float]
    organs: FrozenMap[str, DeliveredOrganDose]


@dataclass(frozen=True)
class OrganBasis:
    """One organ's past and predicted future, split by the measurement each part rests on.

    Parameters
    ----------
    organ
        ``kidneys`` or ``red_marrow``.
    prior_absorbed_dose_gy
        Of earlier courses; taken as exact.
    delivered_absorbed_dose_gy
        Of this course, without the earlier ones.
    highest_cycle_absorbed_dose_gy
        Highest absorbed dose of one delivered cycle.
    predicted_gy_per_bq
        Predicted absorbed dose per administered activity by nuclide of the protocol.
    measurements
        (number of the cycle, nuclide) of everything that was measured or entered.
    covariance
        Relative covariance of the measurements, shape (n_measurements, n_measurements); not a number (NaN) where an
        uncertainty is unknown.
    delivered_by_measurement_gy
        Delivered absorbed dose that rests on each measurement; shape (n_measurements,).
    predicted_by_measurement_gy_per_bq
        Nuclide → part of the prediction that rests on each measurement.
    bed
        Its BED, if the protocol limits it.
    """

    organ: str
    prior_absorbed_dose_gy: float
    delivered_absorbed_dose_gy: float
    highest_cycle_absorbed_dose_gy: float
    predicted_gy_per_bq: FrozenMap[str, float]
    measurements: tuple[tuple[int, str], ...]
    covariance: tuple[tuple[float, ...], ...]
    delivered_by_measurement_gy: tuple[float, ...]
    predicted_by_measurement_gy_per_bq: FrozenMap[str, tuple[float, ...]]
    bed: BedBasis | None = None

    @property
    def total_absorbed_dose_gy(self) -> float:
        """Delivered so far, earlier courses included."""
        return self.prior_absorbed_dose_gy + self.delivered_absorbed_dose_gy

    def next_absorbed_dose_gy(self, activities_bq: FrozenMap[str, float] | dict[str, float]) -> float:
        """Predicted absorbed dose of one cycle with these activities."""
        return math.fsum(activity * self.predicted_gy_per_bq[name] for name, activity in activities_bq.items())

    def measured_bed_standard_uncertainty_gy(
        self, activities_bq: FrozenMap[str, float] | dict[str, float], *, linear: float, quadratic: float
    ) -> float | None:
        """As `measured_standard_uncertainty_gy`, of BED: its change per relative error stands for the absorbed dose."""
        if self.bed is None:
            return None
        future = self.bed.future_slopes_gy(activities_bq, linear=linear, quadratic=quadratic)
        return self._combined([a + b for a, b in zip(self.bed.delivered_slope_gy, future, strict=True)])

    def measured_standard_uncertainty_gy(
        self, activities_bq: FrozenMap[str, float] | dict[str, float], *, delivered: float, future: float
    ) -> float | None:
        """Standard uncertainty by what was measured, past and future resting on the same; None if a part is unknown.

        ``delivered`` and ``future`` are how often the delivered absorbed dose and the next cycle's count.
        """
        return self._combined(
            [
                delivered * self.delivered_by_measurement_gy[index]
                + future
                * math.fsum(
                    activity * self.predicted_by_measurement_gy_per_bq[name][index]
                    for name, activity in activities_bq.items()
                )
                for index in range(len(self.measurements))
            ]
        )

    def _combined(self, parts_gy: Sequence[float]) -> float | None:
        """√(gᵀVg) over the measurements that count at all."""
        used = [index for index, part in enumerate(parts_gy) if part != 0]
        variance = math.fsum(parts_gy[i] * parts_gy[j] * self.covariance[i][j] for i in used for j in used)
        return None if math.isnan(variance) else math.sqrt(max(variance, 0.0))


def check_delivered(delivered: Sequence[DeliveredCycle]) -> None:
    """Refuse a course whose cycles are not numbered 1, 2, 3 …; without cycles there is nothing to plan from."""
    if not delivered:
        raise MissingDataError(
            "no cycle was delivered yet", where="cycle", remedy="the first cycle gets the protocol's standard activity"
        )
    numbers = [cycle.number for cycle in delivered]
    if numbers != list(range(1, len(numbers) + 1)):
        raise InconsistentCaseError(
            f"cycles are numbered {', '.join(map(str, numbers))}", where="cycle", remedy="list every cycle from 1"
        )


def organ_basis(
    organ: str, protocol: Protocol, delivered: Sequence[DeliveredCycle], *, prior_absorbed_dose_gy: float
) -> OrganBasis | None:
    """Gather what is known of one organ; None if no cycle has a measurement of it for a nuclide that is needed.

    An absorbed dose per activity that a cycle lacks is taken from the last measured cycle before it, or from the
    first one after it.
    """
    needed = [n.name for n in protocol.nuclides]
    given = {name for cycle in delivered for name, activity in cycle.administered_activity_bq.items() if activity > 0}
    sources: dict[str, list[int]] = {}
    for name in dict.fromkeys([*needed, *sorted(given)]):
        sources[name] = [
            index
            for index, cycle in enumerate(delivered)
            if (dose := cycle.organs.get(organ)) is not None
            and not dose.estimated
            and name in dose.absorbed_dose_per_administered_activity_gy_per_bq
        ]
        if not sources[name]:
            return None
    measured = sorted((index, name) for name, indices in sources.items() for index in indices)
    place = {pair: position for position, pair in enumerate(measured)}
    by_measurement = [0.0] * len(measured)
    per_cycle: list[float] = []
    cycle_doses: list[CycleDose] = []
    for index, cycle in enumerate(delivered):
        doses: dict[str, float] = {}
        rests_on: dict[str, int] = {}
        for name, activity in cycle.administered_activity_bq.items():
            if activity == 0:
                continue
            source = _source(index, sources[name])
            own = cycle.organs[organ].absorbed_dose_gy if source == index else FrozenMap[str, float]()
            doses[name] = own[name] if name in own else activity * _per_activity(delivered[source], organ, name)
            rests_on[name] = place[source, name]
            by_measurement[place[source, name]] += doses[name]
        per_cycle.append(math.fsum(doses.values()))
        quadratic = cycle.organs[organ].protraction_per_gy if organ in cycle.organs else ProtractionPerGy()
        cycle_doses.append(CycleDose(cycle.number, FrozenMap(doses), FrozenMap(rests_on), quadratic))
    predicted = {name: _prediction(organ, protocol, delivered, name, sources[name], place) for name in needed}
    predicted_sum = FrozenMap({name: math.fsum(parts) for name, parts in predicted.items()})
    bed = None
    if any(LIMIT_ORGANS[key] == organ for key in protocol.bed_limits_gy):
        bed = bed_basis(
            organ,
            needed,
            cycle_doses,
            predicted_sum,
            FrozenMap(predicted),
            measurements=len(measured),
            prior_absorbed_dose_gy=prior_absorbed_dose_gy,
        )
    return OrganBasis(
        organ,
        prior_absorbed_dose_gy,
        math.fsum(per_cycle),
        max(per_cycle),
        predicted_sum,
        tuple((delivered[index].number, name) for index, name in measured),
        _covariance(
            [delivered[index].organs[organ].effects(name, delivered[index].number) for index, name in measured]
        ),
        tuple(by_measurement),
        FrozenMap(predicted),
        bed,
    )


def _covariance(measurements: Sequence[Effects | None]) -> tuple[tuple[float, ...], ...]:
    """Relative covariance of measurements with these effects."""

    def of(one: Effects | None, other: Effects | None) -> float:
        if one is None or other is None:
            return math.nan
        return math.fsum(effect * other[source] for source, effect in one.items() if source in other)

    return tuple(tuple(of(one, other) for other in measurements) for one in measurements)


def _source(index: int, measured: Sequence[int]) -> int:
    before = [other for other in measured if other <= index]
    return before[-1] if before else measured[0]


def _per_activity(cycle: DeliveredCycle, organ: str, nuclide: str) -> float:
    return cycle.organs[organ].absorbed_dose_per_administered_activity_gy_per_bq[nuclide]


def _prediction(
    organ: str,
    protocol: Protocol,
    delivered: Sequence[DeliveredCycle],
    nuclide: str,
    measured: Sequence[int],
    place: dict[tuple[int, str], int],
) -> tuple[float, ...]:
    values = [_per_activity(delivered[index], organ, nuclide) for index in measured]
    activities = [delivered[index].administered_activity_bq.get(nuclide, 0.0) for index in measured]
    predictor = protocol.predictor
    if predictor == "activity-weighted-mean" and not math.fsum(activities) > 0:
        predictor = "mean"  # entered for a nuclide that was never given: there is no activity to weight with
    weights = predictor_weights(
        predictor,
        [delivered[index].number for index in measured],
        activities,
        values,
        next_cycle=delivered[-1].number + 1,
        linear_trend_may_fall=protocol.linear_trend_may_fall,
    )
    if not weighted_sum(weights, values) >= 0:
        raise InconsistentCaseError(
            f"the linear trend predicts a negative absorbed dose of {nuclide} to the {organ.replace('_', ' ')}",
            where=f"protocol {protocol.name}, predictor",
            remedy="use another predictor, or set linear_trend_may_fall = false",
        )
    parts = [0.0] * len(place)
    for index, weight, value in zip(measured, weights, values, strict=True):
        parts[place[index, nuclide]] = weight * value
    return tuple(parts)


def basis_findings(protocol: Protocol, bases: Iterable[OrganBasis]) -> tuple[Finding, ...]:
    """Remarks on what the prediction rests on."""
    findings = []
    for basis in bases:
        known = len({number for number, _ in basis.measurements})
        if protocol.predictor == "linear-trend" and known < TREND_NEEDS_CYCLES:
            findings.append(
                Finding(
                    "predictor-needs-cycles",
                    "warning",
                    f"A linear trend needs {TREND_NEEDS_CYCLES} measured cycles, there are "
                    f"{known}; the latest value is used.",
                    basis.organ.replace("_", " "),
                )
            )
    return tuple(findings)
