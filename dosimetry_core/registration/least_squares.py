"""Rigid least-squares alignment of two images of the same kind, by Gauss–Newton steps on sample points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import FloatArray, RigidTransform, VolumeGeometry
from dosimetry_core.image import ImageSeries

# CT numbers outside this window say little about position and much about gas, contrast medium and metal.
_WINDOW_HU = (-250.0, 350.0)
_BODY_ABOVE_HU = -200.0
# Differences beyond this many robust standard deviations count as outliers (Tukey's biweight, 95 % efficiency).
_TUKEY = 4.685
_MAD_TO_STANDARD_DEVIATION = 1.4826
_BLOCK_MM = 60.0
_SMALLEST_BLOCK_SAMPLES = 200
_STEP_FINISHED_MM = 2e-3


@dataclass(frozen=True, eq=False)
class CoarseImage:
    """An image smoothed and thinned for registration.

    Parameters
    ----------
    values
        float32, shape (slice, row, column), clipped to the window.
    geometry
        Its grid.
    """

    values: NDArray[np.float32]
    geometry: VolumeGeometry

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", read_only(self.values))

    def at(self, points_mm: FloatArray, *, with_gradient: bool = False) -> tuple[FloatArray, FloatArray]:
        """Values (NaN outside) and gradients per mm, shape (…, 3), by trilinear interpolation."""
        index = self.geometry.point_to_index(points_mm).T
        value: FloatArray = ndimage.map_coordinates(
            self.values, index, output=np.float64, order=1, cval=np.nan, prefilter=False
        )
        if not with_gradient:
            return value, np.zeros((0, 3))
        slopes = np.empty((3, index.shape[1]))
        # Central differences over one voxel: the slope of what trilinear interpolation of a smooth image approximates.
        for axis in range(3):
            shift = np.zeros((3, 1))
            shift[axis] = 0.5
            ahead = ndimage.map_coordinates(self.values, index + shift, order=1, mode="nearest", prefilter=False)
            behind = ndimage.map_coordinates(self.values, index - shift, order=1, mode="nearest", prefilter=False)
            slopes[axis] = (ahead - behind) / self.geometry.spacing_mm[axis]
        gradient: FloatArray = slopes.T @ self.geometry.directions.T
        return value, gradient


def coarse_image(series: ImageSeries, spacing_mm: float) -> CoarseImage:
    """CT in its window, averaged over blocks of about the spacing and smoothed to a common resolution."""
    geometry = series.volume.geometry
    factor = [max(1, int(spacing_mm / s + 1e-6)) for s in geometry.spacing_mm]
    factor = [min(f, n) for f, n in zip(factor, geometry.shape, strict=True)]
    values = _block_means(series.volume.values, factor)
    start = (np.array(factor) - 1) / 2
    spacing = tuple(s * f for s, f in zip(geometry.spacing_mm, factor, strict=True))
    grid = VolumeGeometry(
        (values.shape[0], values.shape[1], values.shape[2]),
        geometry.index_to_point(start),
        (spacing[0], spacing[1], spacing[2]),
        geometry.directions,
    )
    # The block's own variance is part of the wanted smoothing, so that grids of different spacing end up equally sharp.
    wanted = (0.8 * spacing_mm) ** 2
    sigma = [np.sqrt(max(wanted - s**2 / 12, (0.4 * s) ** 2)) / s for s in spacing]
    return CoarseImage(ndimage.gaussian_filter(values, sigma, mode="nearest", truncate=3), grid)


def _block_means(values: NDArray[Any], factor: list[int]) -> NDArray[np.float32]:
    count = [n // f for n, f in zip(values.shape, factor, strict=True)]
    out = np.empty(count, np.float32)
    for k in range(count[0]):
        slab = np.clip(
            values[k * factor[0] : (k + 1) * factor[0], : count[1] * factor[1], : count[2] * factor[2]], *_WINDOW_HU
        )
        blocks = slab.reshape(factor[0], count[1], factor[1], count[2], factor[2])
        out[k] = blocks.mean(axis=(0, 2, 4), dtype=np.float32)
    return out


def surface_mask(image: CoarseImage) -> NDArray[np.bool_]:
    """The body: the largest connected part above air, without what is thinner than three voxels (the couch)."""
    opened = ndimage.binary_opening(image.values > _BODY_ABOVE_HU, np.ones((1, 3, 3), bool))
    labels, count = ndimage.label(opened)
    if count == 0:
        return opened
    largest = 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    return np.asarray(ndimage.binary_fill_holes(labels == largest), dtype=bool)


def sample_points(
    image: CoarseImage, largest_number: int, generator: np.random.Generator | None
) -> tuple[FloatArray, FloatArray]:
    """Voxel centres in and just around the body (all, or a random choice) and their values."""
    near = ndimage.binary_dilation(surface_mask(image), iterations=2)
    index = np.argwhere(near)
    if generator is not None and len(index) > largest_number:
        index = index[np.sort(generator.choice(len(index), largest_number, replace=False))]
    return image.geometry.index_to_point(index), image.values[tuple(index.T)].astype(np.float64)


def refined(
    transform: RigidTransform, points_mm: FloatArray, values: FloatArray, moving: CoarseImage, *, iterations: int
) -> RigidTransform:
    """The transform after Gauss–Newton steps on the robustly weighted squared differences."""
    reach_mm = float(np.sqrt(((points_mm - points_mm.mean(axis=0)) ** 2).sum(axis=1).mean()))
    for _ in range(iterations):
        matrix, slope, centre = _normal_equations(transform, points_mm, values, moving)
        if np.linalg.cond(matrix) > 1e12:
            return transform
        step = np.linalg.solve(matrix, -slope)
        # A step beyond the smoothing length has left the region where the images are linear.
        length = max(float(np.linalg.norm(step[3:])), float(np.linalg.norm(step[:3])) * reach_mm)
        longest = 2 * max(moving.geometry.spacing_mm)
        if length > longest:
            step *= longest / length
        transform = RigidTransform.from_rotation_vector(step[:3], step[3:], centre_mm=centre).after(transform)
        if length < _STEP_FINISHED_MM:
            break
    return _orthonormal(transform)


def _orthonormal(transform: RigidTransform) -> RigidTransform:
    u, _, v = np.linalg.svd(transform.rotation)
    return RigidTransform(u @ v, transform.translation_mm)


def _weighted_differences(
    transform: RigidTransform, points_mm: FloatArray, values: FloatArray, moving: CoarseImage
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Moved points inside the moving image, their differences, weights and gradients."""
    moved = transform.apply(points_mm)
    other, gradient = moving.at(moved, with_gradient=True)
    inside = np.isfinite(other)
    difference = other[inside] - values[inside]
    spread = _MAD_TO_STANDARD_DEVIATION * float(np.median(np.abs(difference))) if difference.size else 0.0
    # Never so narrow that an almost perfect match is thinned to nothing.
    limit = _TUKEY * max(spread, 0.02 * (_WINDOW_HU[1] - _WINDOW_HU[0]))
    weight = np.clip(1 - (difference / limit) ** 2, 0, None) ** 2
    return moved[inside], difference, weight, gradient[inside]


def _normal_equations(
    transform: RigidTransform, points_mm: FloatArray, values: FloatArray, moving: CoarseImage
) -> tuple[FloatArray, FloatArray, FloatArray]:
    moved, difference, weight, gradient = _weighted_differences(transform, points_mm, values, moving)
    if len(moved) == 0:
        return np.zeros((6, 6)), np.zeros(6), np.zeros(3)
    centre = moved.mean(axis=0)
    jacobian = np.hstack([np.cross(moved - centre, gradient), gradient])
    weighted = jacobian * weight[:, None]
    return weighted.T @ jacobian, weighted.T @ difference, centre


def squared_difference(
    transform: RigidTransform, points_mm: FloatArray, values: FloatArray, moving: CoarseImage
) -> float:
    """Mean squared difference; points outside the moving image count as the largest difference of the window / 4."""
    other, _ = moving.at(transform.apply(points_mm))
    inside = np.isfinite(other)
    outside_cost = ((_WINDOW_HU[1] - _WINDOW_HU[0]) / 4) ** 2
    total = float(((other[inside] - values[inside]) ** 2).sum()) + outside_cost * float((~inside).sum())
    return total / len(values)


def correlation(transform: RigidTransform, points_mm: FloatArray, values: FloatArray, moving: CoarseImage) -> float:
    """Pearson correlation of the aligned values; 0 where there is nothing to compare."""
    other, _ = moving.at(transform.apply(points_mm))
    inside = np.isfinite(other)
    if inside.sum() < 2 or np.ptp(other[inside]) == 0 or np.ptp(values[inside]) == 0:
        return 0.0
    return float(np.corrcoef(other[inside], values[inside])[0, 1])


def overlap_share(transform: RigidTransform, points_mm: FloatArray, moving: CoarseImage) -> float:
    """Share of the points that fall inside the moving image."""
    other, _ = moving.at(transform.apply(points_mm))
    return float(np.isfinite(other).mean())


def block_displacements_mm(
    transform: RigidTransform, points_mm: FloatArray, values: FloatArray, moving: CoarseImage
) -> FloatArray:
    """Translation that each 60 mm block of the reference would still make by itself, shape (blocks, 3).

    One Gauss–Newton step per block; blocks without structure in some direction are left out.
    """
    moved, difference, weight, gradient = _weighted_differences(transform, points_mm, values, moving)
    if len(moved) == 0:
        return np.zeros((0, 3))
    cell = np.floor((moved - moved.min(axis=0)) / _BLOCK_MM).astype(int)
    _, label = np.unique(cell, axis=0, return_inverse=True)
    label = label.reshape(-1)
    count = int(label.max()) + 1
    matrices = np.empty((count, 3, 3))
    slopes = np.empty((count, 3))
    for a in range(3):
        slopes[:, a] = np.bincount(label, weight * gradient[:, a] * difference, count)
        for b in range(3):
            matrices[:, a, b] = np.bincount(label, weight * gradient[:, a] * gradient[:, b], count)
    smallest = np.linalg.eigvalsh(matrices)[:, 0]
    enough = np.bincount(label, minlength=count) >= _SMALLEST_BLOCK_SAMPLES
    strong = enough & (smallest > 0.1 * np.median(smallest[enough])) if enough.any() else enough
    if not strong.any():
        return np.zeros((0, 3))
    displacement: FloatArray = np.linalg.solve(matrices[strong], -slopes[strong][..., None])[..., 0]
    return displacement
