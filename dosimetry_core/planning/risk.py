"""Probability that the absorbed dose passes a limit, and the activity that keeps that probability (methods 6.4)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import NormalDist


def probability_of_exceeding(absorbed_dose_gy: float, standard_uncertainty_gy: float, limit_gy: float) -> float:
    """Probability that the true absorbed dose is above the limit, for a normal distribution.

    Parameters
    ----------
    absorbed_dose_gy, standard_uncertainty_gy
        Mean and standard uncertainty (k = 1) of the absorbed dose; an uncertainty of 0 gives 0 or 1.
    limit_gy
        The limit.
    """
    if standard_uncertainty_gy < 0 or not math.isfinite(standard_uncertainty_gy):
        raise ValueError(f"a standard uncertainty can't be {standard_uncertainty_gy}")
    if standard_uncertainty_gy == 0:
        return 1.0 if absorbed_dose_gy > limit_gy else 0.0
    return 0.5 * math.erfc((limit_gy - absorbed_dose_gy) / (standard_uncertainty_gy * math.sqrt(2.0)))


def combined_standard_uncertainty_gy(
    parts: Iterable[tuple[float, float, float]], *, independent_gy: Iterable[float] = ()
) -> float:
    """Standard uncertainty of a sum of absorbed doses that rest on several measurements.

    Parameters
    ----------
    parts
        One (absorbed dose in Gy, random relative uncertainty, common relative uncertainty) per measurement: all
        absorbed dose that rests on it, delivered and predicted.
    independent_gy
        Further standard uncertainties, each independent of everything else.

    Notes
    -----
    u² = Σ (D_k r_k)² + (Σ D_k c_k)² + Σ v²: random parts are independent between measurements, the common part
    is fully correlated.
    """
    random: list[float] = list(independent_gy)
    common: list[float] = []
    for absorbed_dose_gy, random_relative, common_relative in parts:
        random.append(absorbed_dose_gy * random_relative)
        common.append(absorbed_dose_gy * common_relative)
    return math.hypot(*random, math.fsum(common))


def probability_limited_activity_bq(
    cumulative_absorbed_dose_gy: float,
    cumulative_standard_uncertainty_gy: float,
    absorbed_dose_per_administered_activity_gy_per_bq: float,
    standard_uncertainty_gy_per_bq: float,
    *,
    limit_gy: float,
    allowed_probability: float,
) -> float | None:
    """Highest activity that keeps the probability of passing the limit at the allowed one.

    Parameters
    ----------
    cumulative_absorbed_dose_gy, cumulative_standard_uncertainty_gy
        Absorbed dose so far and its standard uncertainty, independent of the prediction.
    absorbed_dose_per_administered_activity_gy_per_bq, standard_uncertainty_gy_per_bq
        Predicted absorbed dose per activity, above 0, and its standard uncertainty.
    limit_gy
        Limit of the total.
    allowed_probability
        Above 0 and at most 0.5.

    Returns
    -------
    float or None
        Activity in Bq; None if the probability is above the allowed one without any further activity.

    Notes
    -----
    L − D − A d = z sqrt(u_D² + A² u_d²); the smaller root of A²(d² − z²u_d²) − 2A(L − D)d + (L − D)² − z²u_D² = 0,
    in the form c/(b + sqrt(b² − a c)) that stays right when a is 0 or negative.
    """
    if not 0 < allowed_probability <= 0.5:
        raise ValueError(f"an allowed probability must be above 0 and at most 0.5, not {allowed_probability}")
    if not absorbed_dose_per_administered_activity_gy_per_bq > 0:
        raise ValueError("the absorbed dose per activity must be positive")
    z = NormalDist().inv_cdf(1.0 - allowed_probability)
    room_gy = limit_gy - cumulative_absorbed_dose_gy
    if room_gy < z * cumulative_standard_uncertainty_gy:
        return None
    d, u = absorbed_dose_per_administered_activity_gy_per_bq, z * standard_uncertainty_gy_per_bq
    a, b = d * d - u * u, room_gy * d
    c = room_gy * room_gy - (z * cumulative_standard_uncertainty_gy) ** 2
    return 0.0 if c == 0 else c / (b + math.sqrt(b * b - a * c))


def probability_limited_activity_common_bq(
    cumulative_absorbed_dose_gy: float,
    absorbed_dose_per_administered_activity_gy_per_bq: float,
    common_relative_standard_uncertainty: float,
    *,
    limit_gy: float,
    allowed_probability: float,
) -> float | None:
    """The same when one relative error is fully common to past and future: A = (L/(1 + z u) − D)/d."""
    if not 0 < allowed_probability <= 0.5:
        raise ValueError(f"an allowed probability must be above 0 and at most 0.5, not {allowed_probability}")
    z = NormalDist().inv_cdf(1.0 - allowed_probability)
    room_gy = limit_gy / (1.0 + z * common_relative_standard_uncertainty) - cumulative_absorbed_dose_gy
    return None if room_gy < 0 else room_gy / absorbed_dose_per_administered_activity_gy_per_bq
