"""Closed forms for a uniform sphere seen with a Gaussian point spread: recovery, edge response, volume sensitivity."""

from __future__ import annotations

import math

from dosimetry_core.partial_volume.point_spread import FWHM_PER_STANDARD_DEVIATION
from dosimetry_core.units import MM3_PER_ML


def sphere_radius_mm(volume_ml: float) -> float:
    """Radius of the sphere of a volume."""
    if not volume_ml > 0:
        raise ValueError("the volume must be positive")
    return math.cbrt(3 * volume_ml * MM3_PER_ML / (4 * math.pi))


def sphere_edge_response(radius_mm: float, fwhm_mm: float) -> float:
    """φ: twice the blurred density at the sphere's surface over the true density inside.

    φ = erf(√2 r/s) − (2 s/(r √(2π))) (1 − exp(−2 r²/s²)), s the standard deviation of the point spread; 1 for a sphere
    that is large against it (methods 7.2, after Gear et al. 2018, doi:10.1007/s00259-018-4136-7).
    """
    ratio = _ratio(radius_mm, fwhm_mm)
    return math.erf(math.sqrt(2) * ratio) + (2 / (ratio * math.sqrt(2 * math.pi))) * math.expm1(-2 * ratio**2)


def sphere_recovery(radius_mm: float, fwhm_mm: float) -> float:
    """Share of a uniform sphere's activity that its blurred image keeps inside its outline.

    Notes
    -----
    Integral of the Gaussian over the normalised self-overlap 1 − 3d/(4r) + d³/(16r³) of a sphere displaced by d:
    R = √(2/π) (I₂ − 3/(4a) I₃ + I₅/(16a³)), a = r/s, Iₙ = ∫₀²ᵃ xⁿ exp(−x²/2) dx.
    """
    ratio = _ratio(radius_mm, fwhm_mm)
    second, third, fifth = _moments(ratio)
    return math.sqrt(2 / math.pi) * (second - 3 / (4 * ratio) * third + fifth / (16 * ratio**3))


def sphere_recovery_volume_sensitivity(radius_mm: float, fwhm_mm: float) -> float:
    """d ln R/d ln V of `sphere_recovery`: one third of its sensitivity to the radius."""
    ratio = _ratio(radius_mm, fwhm_mm)
    _, third, fifth = _moments(ratio)
    slope = math.sqrt(2 / math.pi) * (3 / (4 * ratio**2) * third - 3 / (16 * ratio**4) * fifth)
    return ratio * slope / sphere_recovery(radius_mm, fwhm_mm) / 3


def sphere_count_volume_sensitivity(radius_mm: float, fwhm_mm: float) -> float:
    """d ln C/d ln V: relative change of the counts inside an outline that is drawn too large or too small.

    φ/(2R): a shell added at the surface holds φ/2 of the true density, the VOI R of it on average.
    """
    return sphere_edge_response(radius_mm, fwhm_mm) / (2 * sphere_recovery(radius_mm, fwhm_mm))


def sphere_edge_density(radius_mm: float, fwhm_mm: float) -> float:
    """Blurred density at the sphere's surface over the true density inside: φ/2."""
    return sphere_edge_response(radius_mm, fwhm_mm) / 2


def _ratio(radius_mm: float, fwhm_mm: float) -> float:
    if not radius_mm > 0 or not fwhm_mm > 0:
        raise ValueError("radius and full width at half maximum must be positive")
    return radius_mm * FWHM_PER_STANDARD_DEVIATION / fwhm_mm


def _moments(ratio: float) -> tuple[float, float, float]:
    end = 2 * ratio
    tail = math.exp(-(end**2) / 2)
    second = math.sqrt(math.pi / 2) * math.erf(end / math.sqrt(2)) - end * tail
    third = 2 - (end**2 + 2) * tail
    fifth = 8 - (end**4 + 4 * end**2 + 8) * tail
    return second, third, fifth
