"""Time-integrated activity from one or two measurements (methods 2.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from dosimetry_core.errors import FitError
from dosimetry_core.nuclide import decay_constant_per_s, half_life_s
from dosimetry_core.units import BQ_PER_MBQ, GRAM_PER_KG, SECONDS_PER_HOUR

# 0.25 Gy g/(MBq h), the rounded constant of Hänscheid et al., J Nucl Med 2018;59:75–81 (to be confirmed there).
HAENSCHEID_PUBLISHED_CONSTANT_GY_KG_PER_BQ_S: Final = 0.25 / (GRAM_PER_KG * BQ_PER_MBQ * SECONDS_PER_HOUR)


def haenscheid_time_integrated_activity_bq_s(activity_bq: float, time_s: float) -> float:
    """Ã = A(t) · 2t/ln 2, without knowledge of the half-life (Hänscheid et al., J Nucl Med 2018;59:75–81)."""
    return activity_bq * 2 * time_s / math.log(2)


def haenscheid_dose_constant_gy_kg_per_bq_s(energy_per_decay_j: float, *, absorbed_fraction: float = 1.0) -> float:
    """Constant k of D = k c(t) t, c in Bq/kg: k = 2 E φ/ln 2."""
    return 2 * energy_per_decay_j * absorbed_fraction / math.log(2)


def haenscheid_true_over_estimate(time_over_effective_half_life: float) -> float:
    """True over estimated time-integrated activity of a mono-exponential at x = t/T_eff: 2^x/(2x)."""
    x = time_over_effective_half_life
    if not x > 0:
        raise ValueError("the time must be after the administration")
    return 2**x / (2 * x)


@dataclass(frozen=True)
class HaenscheidErrorRange:
    """Extremes of true/estimate − 1 over a range of x = t/T_eff."""

    lowest: float
    lowest_at: float
    highest: float

    @property
    def worst(self) -> float:
        """Largest absolute relative error in the range."""
        return max(abs(self.lowest), abs(self.highest))


def haenscheid_error_range(lowest_x: float, highest_x: float) -> HaenscheidErrorRange:
    """Extremes of the one-scan estimate's relative error for a range of x = t/T_eff; minimum at 1/ln 2."""
    at = min(max(1 / math.log(2), lowest_x), highest_x)
    highest = max(haenscheid_true_over_estimate(lowest_x), haenscheid_true_over_estimate(highest_x))
    return HaenscheidErrorRange(haenscheid_true_over_estimate(at) - 1, at, highest - 1)


def known_half_life_time_integrated_activity_bq_s(
    activity_bq: float, time_s: float, effective_half_life_s: float
) -> float:
    """Ã = A(t) exp(λ t)/λ with an effective half-life from a population (Madsen) or an earlier cycle."""
    rate = decay_constant_per_s(effective_half_life_s)
    return activity_bq * math.exp(rate * time_s) / rate


@dataclass(frozen=True)
class TwoPointCurve:
    """Mono-exponential through two points."""

    amplitude_bq: float
    decay_constant_per_s: float

    @property
    def effective_half_life_s(self) -> float:
        """Effective half-life."""
        return half_life_s(self.decay_constant_per_s)

    @property
    def time_integrated_activity_bq_s(self) -> float:
        """A(0)/λ."""
        return self.amplitude_bq / self.decay_constant_per_s


def two_point_curve(
    times_s: tuple[float, float], activity_bq: tuple[float, float], *, physical_half_life_s: float
) -> TwoPointCurve:
    """Mono-exponential λ = ln(A₁/A₂)/(t₂ − t₁) through two points.

    Raises
    ------
    FitError
        If an activity is not positive, or the fall is slower than physical decay: the fit with its bound (fit.py) says
        so and treats it, this function has nothing to average.
    """
    (first, second), (before, after) = times_s, activity_bq
    if not second > first:
        raise ValueError("the second time must be later than the first")
    if before <= 0 or after <= 0:
        raise FitError("an activity is not positive", remedy="check the VOI, or exclude the time point")
    rate = math.log(before / after) / (second - first)
    if rate < decay_constant_per_s(physical_half_life_s):
        raise FitError(
            "the activity falls more slowly than physical decay",
            remedy="fit the curve with its bound, or check the scans",
        )
    return TwoPointCurve(before * math.exp(rate * first), rate)
