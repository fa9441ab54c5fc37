"""Uncertainty of a VOI's volume from how sharply its outline could be drawn."""

from __future__ import annotations

import math

from dosimetry_core.partial_volume.blurred_sphere import sphere_radius_mm
from dosimetry_core.voi import VoiMask

CONTOUR_BLUR_FWHM_MM = 3.0
"""Full width of the blur of an edge as outlined on CT: reconstruction kernel and motion (methods 7)."""


def diameter_standard_uncertainty_mm(voxel_mm: float, edge_fwhm_mm: float) -> float:
    """u(d) of a diameter between two edges: u² = a²/6 + FWHM²/(4 ln 2).

    Each edge is rectangular over a voxel (a²/12) and Gaussian over the blur (FWHM²/(8 ln 2)); Gear et al. 2018,
    doi:10.1007/s00259-018-4136-7.
    """
    return math.sqrt(voxel_mm**2 / 6 + edge_fwhm_mm**2 / (4 * math.log(2)))


def sphere_volume_relative_standard_uncertainty(diameter_mm: float, voxel_mm: float, edge_fwhm_mm: float) -> float:
    """u(V)/V = 3 u(d)/d: the three diameters of a sphere are misjudged together."""
    if not diameter_mm > 0:
        raise ValueError("the diameter must be positive")
    return 3 * diameter_standard_uncertainty_mm(voxel_mm, edge_fwhm_mm) / diameter_mm


def volume_relative_standard_uncertainty(mask: VoiMask, *, edge_fwhm_mm: float = CONTOUR_BLUR_FWHM_MM) -> float:
    """u(V)/V of a drawn VOI, by its sphere of equal volume and the in-plane size of the voxels it is declared on."""
    _, row_mm, column_mm = mask.geometry.spacing_mm
    diameter = 2 * sphere_radius_mm(mask.volume_ml)
    return sphere_volume_relative_standard_uncertainty(diameter, math.sqrt(row_mm * column_mm), edge_fwhm_mm)
