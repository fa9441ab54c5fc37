"""Propagates input uncertainties to the absorbed dose (methods 7, after Gear et al. 2018).

Relative standard uncertainties (k = 1) come in two parts: **random**, independent from scan to scan and cycle to cycle,
and **common**, the same in all (calibration, recovery, volume, S values). Over cycles random parts add in quadrature,
common ones linearly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# FWHM of a Gaussian over its standard deviation.
FWHM_PER_SIGMA: Final = 2 * math.sqrt(2 * math.log(2))
# Methods 7.6: S-value data 2 to 5 %. Self dose of an organ, cross dose between organs (agreement of independent
# computations 2.6 %), and the rest of the body, whose convention is printed beside it.
S_VALUE_SELF_RELATIVE_UNCERTAINTY: Final = 0.02
S_VALUE_CROSS_RELATIVE_UNCERTAINTY: Final = 0.05
S_VALUE_REMAINDER_RELATIVE_UNCERTAINTY: Final = 0.10
# Exponent c2 of S ∝ V^−c2 (methods 7.4).
S_VALUE_VOLUME_EXPONENT: Final = 0.99


@dataclass(frozen=True)
class RelativeUncertainty:
    """Relative standard uncertainty, random and common parts."""

    random: float
    common: float

    @property
    def total(self) -> float:
        """Both in quadrature."""
        return math.hypot(self.random, self.common)

    def of(self, value: float) -> float:
        """Standard uncertainty of a value, in its unit."""
        return self.total * value


def diameter_standard_uncertainty_mm(*, voxel_mm: float, fwhm_mm: float) -> float:
    """u(d)² = a²/6 + FWHM²/(4 ln 2): two edges, each rectangular over a voxel and Gaussian by resolution."""
    return math.sqrt(voxel_mm**2 / 6 + fwhm_mm**2 / (4 * math.log(2)))


def volume_relative_uncertainty(
    diameters_mm: tuple[float, float, float], *, voxel_mm: tuple[float, float, float], fwhm_mm: float
) -> float:
    """u(V)/V of an ellipsoid whose three diameters are measured independently: Σ (u(d)/d)² over the axes."""
    return math.sqrt(
        sum(
            (diameter_standard_uncertainty_mm(voxel_mm=voxel, fwhm_mm=fwhm_mm) / diameter) ** 2
            for diameter, voxel in zip(diameters_mm, voxel_mm, strict=True)
        )
    )


def sphere_volume_relative_uncertainty(diameter_mm: float, *, voxel_mm: float, fwhm_mm: float) -> float:
    """u(V)/V = 3 u(d)/d of a sphere, whose diameters err together (the upper limit for any shape)."""
    return 3 * diameter_standard_uncertainty_mm(voxel_mm=voxel_mm, fwhm_mm=fwhm_mm) / diameter_mm


def equivalent_sphere_radius_mm(volume_mm3: float) -> float:
    """Radius of the sphere of a volume."""
    return math.cbrt(3 * volume_mm3 / (4 * math.pi))


def edge_response(radius_mm: float, fwhm_mm: float) -> float:
    """φ = erf(√2 r/s) − (2s/(r√(2π)))(1 − exp(−2r²/s²)), s = FWHM/2.3548: twice a blurred edge's density."""
    sigma = fwhm_mm / FWHM_PER_SIGMA
    ratio = sigma / radius_mm
    return math.erf(math.sqrt(2) / ratio) + 2 * ratio / math.sqrt(2 * math.pi) * math.expm1(-2 / ratio**2)


def edge_density_over_true(radius_mm: float, fwhm_mm: float) -> float:
    """Blurred activity concentration at the sphere's surface over the true one inside: φ/2."""
    return edge_response(radius_mm, fwhm_mm) / 2


def _moments(k: float) -> tuple[float, float, float]:
    """∫ √(2/π) u^n exp(−u²/2) du from 0 to k for n = 2, 3, 5."""
    root, tail = math.sqrt(2 / math.pi), math.exp(-(k**2) / 2)
    second = math.erf(k / math.sqrt(2)) - root * k * tail
    third = root * (2 - (k**2 + 2) * tail)
    fifth = root * (8 - (k**4 + 4 * k**2 + 8) * tail)
    return second, third, fifth


def sphere_recovery(radius_mm: float, fwhm_mm: float) -> float:
    """Mean of a Gaussian-blurred uniform sphere within its own outline over the true value.

    The overlap 1 − 3x/2 + x³/2 of a sphere with itself after a step, averaged over the Maxwell-distributed length of a
    three-dimensional Gaussian step.
    """
    k = 2 * radius_mm * FWHM_PER_SIGMA / fwhm_mm
    second, third, fifth = _moments(k)
    return second - 1.5 * third / k + 0.5 * fifth / k**3


def sphere_recovery_volume_sensitivity(radius_mm: float, fwhm_mm: float) -> float:
    """d ln R/d ln V of `sphere_recovery`."""
    k = 2 * radius_mm * FWHM_PER_SIGMA / fwhm_mm
    _, third, fifth = _moments(k)
    slope = 1.5 * third / k**2 - 1.5 * fifth / k**4
    return k / 3 * slope / sphere_recovery(radius_mm, fwhm_mm)


def counts_volume_sensitivity(radius_mm: float, fwhm_mm: float) -> float:
    """d ln C/d ln V = φ/(2R): counts that an outline gains when it grows."""
    return edge_response(radius_mm, fwhm_mm) / (2 * sphere_recovery(radius_mm, fwhm_mm))


def dose_volume_sensitivity(
    *, counts_sensitivity: float, recovery_sensitivity: float, s_value_exponent: float = S_VALUE_VOLUME_EXPONENT
) -> float:
    """s_V = d ln C/d ln V − d ln R/d ln V − c2: volume enters three times with opposite signs, and counts once."""
    return counts_sensitivity - recovery_sensitivity - s_value_exponent


def dose_relative_uncertainty(
    *,
    time_integrated_activity_random: float,
    calibration: float,
    recovery: float,
    volume_sensitivity: float,
    volume: float,
    time_integrated_activity_common: float = 0.0,
    s_value: float = 0.0,
) -> RelativeUncertainty:
    """Relative standard uncertainty of an absorbed dose.

    Parameters
    ----------
    time_integrated_activity_random
        From the fit covariance.
    time_integrated_activity_common
        By model choice, and by the identity assumption of a second nuclide.
    calibration, recovery, s_value
        Of the calibration, the partial-volume correction and the S-value data.
    volume_sensitivity, volume
        `dose_volume_sensitivity`, and the relative uncertainty of the volume.
    """
    common = math.hypot(calibration, recovery, volume_sensitivity * volume, time_integrated_activity_common, s_value)
    return RelativeUncertainty(time_integrated_activity_random, common)


def dose_relative_uncertainty_with_independent_volume_terms(
    *,
    time_integrated_activity_random: float,
    calibration: float,
    recovery: float,
    volume: float,
    counts_sensitivity: float,
    recovery_sensitivity: float,
    s_value_exponent: float = S_VALUE_VOLUME_EXPONENT,
) -> float:
    """What it would seem if the volume's three effects were unrelated: only to show that this is too large."""
    return math.hypot(
        time_integrated_activity_random,
        calibration,
        recovery,
        counts_sensitivity * volume,
        recovery_sensitivity * volume,
        s_value_exponent * volume,
    )


def sum_standard_uncertainty(
    values: Sequence[float], uncertainties: Sequence[RelativeUncertainty]
) -> tuple[float, float]:
    """Random and common standard uncertainty of a sum, in the unit of the values.

    Random parts add in quadrature, common ones linearly: for doses over cycles, or over nuclides of one cycle.
    """
    random = math.sqrt(sum((value * u.random) ** 2 for value, u in zip(values, uncertainties, strict=True)))
    common = sum(value * u.common for value, u in zip(values, uncertainties, strict=True))
    return random, common


def sum_relative_uncertainty(
    values: Sequence[float], uncertainties: Sequence[RelativeUncertainty]
) -> RelativeUncertainty:
    """Relative uncertainty of a positive sum, random and common parts."""
    total = sum(values)
    if not total > 0:
        raise ValueError("the sum must be positive")
    random, common = sum_standard_uncertainty(values, uncertainties)
    return RelativeUncertainty(random / total, common / total)
