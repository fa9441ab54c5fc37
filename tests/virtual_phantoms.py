"""Phantoms whose truth is known: drawn on a fine grid, blurred, averaged over voxels, counted with Poisson noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.geometry import VolumeGeometry
from tests.phantoms import AXIAL

FINE_MM = 1.1
PARTS = 4
VOXEL_MM = FINE_MM * PARTS
RING_MM = 57.2
DIAMETERS_MM = (10.0, 13.0, 17.0, 22.0, 28.0, 37.0)
"""Spheres of the IEC body phantom and the radius of the circle on which they stand."""
DEVIATION_PER_FWHM = 1 / (2 * math.sqrt(2 * math.log(2)))


@dataclass(frozen=True, eq=False)
class VirtualPhantom:
    """Concentration relative to 1, blurred, on the voxels of a camera; ``fine`` is the same on the fine grid."""

    values: NDArray[np.float64]
    grid: VolumeGeometry
    fine: NDArray[np.float64]
    fine_points_mm: NDArray[np.float64]

    def counts(self, expected: float, seed: int) -> NDArray[np.int64]:
        """Counts of an image that holds so many in all."""
        mean = np.clip(self.values, 0, None) * expected / self.values.sum()
        return np.random.default_rng(seed).poisson(mean)


def _fine_points(half_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """Fine voxel centres (z, y, x, 3) of a box around the origin, a whole number of camera voxels long."""
    axes = []
    for half in half_mm:
        count = PARTS * math.ceil(2 * half / VOXEL_MM)
        axes.append((np.arange(count) - (count - 1) / 2) * FINE_MM)
    z, y, x = np.meshgrid(*axes, indexing="ij")
    return np.stack([x, y, z], axis=-1)


def _blurred(fine: NDArray[np.float64], points: NDArray[np.float64], fwhm_mm: float) -> VirtualPhantom:
    sigma = fwhm_mm * DEVIATION_PER_FWHM / FINE_MM
    smooth = ndimage.gaussian_filter(fine, sigma, truncate=5.0)
    a, b, c = (n // PARTS for n in fine.shape)
    values = smooth.reshape(a, PARTS, b, PARTS, c, PARTS).mean(axis=(1, 3, 5))
    origin = points[:PARTS, :PARTS, :PARTS].reshape(-1, 3).mean(axis=0)
    return VirtualPhantom(values, VolumeGeometry((a, b, c), origin, (VOXEL_MM,) * 3, AXIAL), smooth, points)


def sphere_centres_mm() -> list[tuple[float, float, float]]:
    """(x, y, z) of the spheres in the order of their diameters, beside the axes of the grid."""
    angles = [math.radians(60 * n + 7) for n in range(len(DIAMETERS_MM))]
    return [(RING_MM * math.cos(a) + 1.3, RING_MM * math.sin(a) - 0.7, 2.1) for a in angles]


def sphere_phantom(fwhm_mm: float, background: float = 0.0) -> VirtualPhantom:
    """Six spheres of concentration 1 in a cylinder of 120 mm radius with a background."""
    points = _fine_points((70.0, 140.0, 140.0))
    inside = (np.hypot(points[..., 0], points[..., 1]) < 120) & (np.abs(points[..., 2]) < 60)
    fine = np.where(inside, background, 0.0)
    for diameter, centre in zip(DIAMETERS_MM, sphere_centres_mm(), strict=True):
        fine[np.linalg.norm(points - np.array(centre), axis=-1) < diameter / 2] = 1.0
    return _blurred(fine, points, fwhm_mm)


def true_recoveries(phantom: VirtualPhantom, background: float = 0.0) -> list[float]:
    """Mean of the camera's voxels in each ball, over what is in it without blur; the background taken off both.

    The voxels are cut into fine ones, so that the share of each that lies in a ball is that of its parts.
    """
    voxels = phantom.values.repeat(PARTS, 0).repeat(PARTS, 1).repeat(PARTS, 2)
    found = []
    for diameter, centre in zip(DIAMETERS_MM, sphere_centres_mm(), strict=True):
        ball = np.linalg.norm(phantom.fine_points_mm - np.array(centre), axis=-1) < diameter / 2
        found.append((float(voxels[ball].mean()) - background) / (1 - background))
    return found


def cylinder_phantom(fwhm_mm: float, *, radius_mm: float = 90.0, length_mm: float = 140.0) -> VirtualPhantom:
    """A uniform cylinder along z with flat ends."""
    points = _fine_points((length_mm / 2 + 45.0, radius_mm + 30.0, radius_mm + 30.0))
    inside = (np.hypot(points[..., 0], points[..., 1]) < radius_mm) & (np.abs(points[..., 2] - 0.6) < length_mm / 2)
    return _blurred(inside.astype(float), points, fwhm_mm)


def point_phantom(fwhm_mm: tuple[float, float, float]) -> VirtualPhantom:
    """A point whose blur differs along x, y and z."""
    points = _fine_points((60.0, 60.0, 60.0))
    sigma = np.array(fwhm_mm) * DEVIATION_PER_FWHM
    fine = np.exp(-0.5 * (((points - np.array((2.2, -3.1, 1.4))) / sigma) ** 2).sum(axis=-1))
    a, b, c = (n // PARTS for n in fine.shape)
    values = fine.reshape(a, PARTS, b, PARTS, c, PARTS).mean(axis=(1, 3, 5))
    origin = points[:PARTS, :PARTS, :PARTS].reshape(-1, 3).mean(axis=0)
    return VirtualPhantom(values, VolumeGeometry((a, b, c), origin, (VOXEL_MM,) * 3, AXIAL), fine, points)
