"""Biologically effective dose of one organ over the course: what was delivered, and what activities would add.

The coefficients q_nm of the predicted cycle are those of the last cycle that knows them for every nuclide of the
protocol; its absorbed doses follow the protocol's predictor. Every cycle is repaired before the next one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dosimetry_core.dose.radiobiology import ProtractionPerGy, bed_of_doses_gy, covers
from dosimetry_core.errors import MissingDataError
from dosimetry_core.frozen import FrozenMap


@dataclass(frozen=True)
class CycleDose:
    """Absorbed dose by nuclide of one delivered cycle, and on which measurement each rests."""

    number: int
    absorbed_dose_gy: FrozenMap[str, float]
    measurement: FrozenMap[str, int]
    protraction_per_gy: ProtractionPerGy


@dataclass(frozen=True)
class BedBasis:
    """What BED forecasts of one organ share.

    Parameters
    ----------
    delivered_gy
        BED so far, cycle by cycle.
    delivered_slope_gy
        By measurement: change of ``delivered_gy`` per relative error of what it measured; shape (n_measurements,).
    protraction_per_gy
        Coefficients of the predicted cycle.
    predicted_gy_per_bq
        Predicted absorbed dose per administered activity by nuclide.
    predicted_by_measurement_gy_per_bq
        Nuclide → part of the prediction that rests on each measurement.
    """

    delivered_gy: float
    delivered_slope_gy: tuple[float, ...]
    protraction_per_gy: ProtractionPerGy
    predicted_gy_per_bq: FrozenMap[str, float]
    predicted_by_measurement_gy_per_bq: FrozenMap[str, tuple[float, ...]]

    def parts_gy(self, activities_bq: Mapping[str, float]) -> tuple[float, float]:
        """Absorbed dose of one cycle with these activities, and what protraction makes BED of beyond it."""
        doses = {name: activity * self.predicted_gy_per_bq[name] for name, activity in activities_bq.items()}
        linear = math.fsum(doses.values())
        return linear, math.fsum(
            self.protraction_per_gy[n][m] * doses[n] * doses[m] for n in doses for m in doses if doses[n] and doses[m]
        )

    def future_slopes_gy(
        self, activities_bq: Mapping[str, float], *, linear: float, quadratic: float
    ) -> tuple[float, ...]:
        """By measurement: change of the future BED per relative error of what it measured.

        ``linear`` and ``quadratic`` are how often the next cycle's absorbed dose, and its square, count.
        """
        doses = {name: activity * self.predicted_gy_per_bq[name] for name, activity in activities_bq.items()}
        slopes = []
        for index in range(len(self.delivered_slope_gy)):
            total = 0.0
            for name, activity in activities_bq.items():
                if not activity:
                    continue
                part = activity * self.predicted_by_measurement_gy_per_bq[name][index]
                others = math.fsum(self.protraction_per_gy[name][m] * doses[m] for m in doses if doses[m])
                total += part * (linear + 2.0 * quadratic * others)
            slopes.append(total)
        return tuple(slopes)

    def largest_activity_bq(
        self, free: str, fixed_bq: Mapping[str, float], room_gy: float, *, linear: float, quadratic: float
    ) -> float:
        """Activity of one nuclide, beside the fixed ones, that uses up the room.

        Notes
        -----
        linear · D + quadratic · Q = room, a quadratic equation in the activity. Where the fixed nuclides alone exceed
        the room the answer is negative, on the tangent at 0: how much too much they are.
        """
        d = self.predicted_gy_per_bq[free]
        fixed = {name: activity for name, activity in fixed_bq.items() if name != free}
        base_linear, base_quadratic = self.parts_gy(fixed)
        mixed = math.fsum(
            2.0 * self.protraction_per_gy[free][name] * d * activity * self.predicted_gy_per_bq[name]
            for name, activity in fixed.items()
            if activity
        )
        left = room_gy - linear * base_linear - quadratic * base_quadratic
        slope = linear * d + quadratic * mixed
        if left < 0:
            return left / slope
        curvature = quadratic * self.protraction_per_gy[free][free] * d * d
        return 2.0 * left / (slope + math.sqrt(slope * slope + 4.0 * curvature * left))


def bed_basis(
    organ: str,
    nuclides: Sequence[str],
    cycles: Sequence[CycleDose],
    predicted_gy_per_bq: FrozenMap[str, float],
    predicted_by_measurement_gy_per_bq: FrozenMap[str, tuple[float, ...]],
    *,
    measurements: int,
    prior_absorbed_dose_gy: float,
) -> BedBasis:
    """Gather what is known of an organ's BED.

    Parameters
    ----------
    nuclides
        Of the protocol.
    cycles
        All delivered cycles.

    Raises
    ------
    MissingDataError
        If no curve tells the protraction of a delivered or of the predicted cycle, or if earlier courses gave absorbed
        dose whose BED nobody knows.
    """
    title = organ.replace("_", " ")
    if prior_absorbed_dose_gy > 0:
        raise MissingDataError(
            f"the BED of earlier courses to the {title} is not known, only their absorbed dose",
            where="course.prior_absorbed_dose_gy",
            remedy="plan with a protocol whose limits are absorbed doses",
        )
    total = 0.0
    slopes = [0.0] * measurements
    for cycle in cycles:
        doses = {name: dose for name, dose in cycle.absorbed_dose_gy.items() if dose}
        if not covers(cycle.protraction_per_gy, doses):
            raise MissingDataError(
                f"no curve of {' with '.join(doses)} tells the BED of the {title}",
                where=f"cycle {cycle.number}",
                remedy="measure the curves of a cycle with these nuclides, or plan with limits of absorbed dose",
            )
        total += bed_of_doses_gy(doses, cycle.protraction_per_gy)
        for name, dose in doses.items():
            others = math.fsum(cycle.protraction_per_gy[name][m] * doses[m] for m in doses)
            slopes[cycle.measurement[name]] += dose * (1.0 + 2.0 * others)
    known = [cycle.protraction_per_gy for cycle in cycles if covers(cycle.protraction_per_gy, nuclides)]
    if not known:
        raise MissingDataError(
            f"no cycle has curves of {' with '.join(nuclides)}, so the BED of the {title} can't be predicted",
            where="cycle",
            remedy="measure the curves of a cycle with these nuclides, or plan with limits of absorbed dose",
        )
    return BedBasis(total, tuple(slopes), known[-1], predicted_gy_per_bq, predicted_by_measurement_gy_per_bq)
