"""Images of a subject where it lies: blurred, noisy SPECT and CT, on any grid."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.geometry import RigidTransform, VolumeGeometry

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
POINTS_PER_VOXEL = 2
"""Along each axis of a SPECT voxel, over which its mean is taken."""


def blurred(
    values: NDArray[np.float32], geometry: VolumeGeometry, fwhm_mm: float, voxel_mm: float
) -> NDArray[np.float32]:
    """Values with the point spread, less the variance of the fine voxels, plus what n points leave out of a voxel.

    The mean over n points of a voxel of width h has the variance (1 − 1/n²) h²/12 instead of h²/12.
    """
    missing = voxel_mm**2 / (12 * POINTS_PER_VOXEL**2)
    sigma = [math.sqrt((fwhm_mm / FWHM_PER_SIGMA) ** 2 + missing - d**2 / 12) / d for d in geometry.spacing_mm]
    return ndimage.gaussian_filter(values, sigma, mode="constant", truncate=4.5)


def sampled(
    values: NDArray[np.float32],
    source: VolumeGeometry,
    target: VolumeGeometry,
    target_from_source: RigidTransform,
    *,
    order: int,
    outside: float,
) -> NDArray[np.float32]:
    """Values at the voxel centres of another grid, for a body that was moved."""
    inverse = target_from_source.inverse()
    moved = np.eye(4)
    moved[:3, :3], moved[:3, 3] = inverse.rotation, inverse.translation_mm
    matrix = np.linalg.inv(source.index_to_point_matrix) @ moved @ target.index_to_point_matrix
    return ndimage.affine_transform(
        values, matrix[:3, :3], matrix[:3, 3], target.shape, output=np.float32, order=order, cval=outside
    )


def spect_mean(
    blurred_values: NDArray[np.float32], source: VolumeGeometry, grid: VolumeGeometry, scanner_from_body: RigidTransform
) -> NDArray[np.float32]:
    """Mean concentration in each SPECT voxel."""
    coefficients = ndimage.spline_filter(blurred_values, order=3, output=np.float32)
    inverse = scanner_from_body.inverse()
    moved = np.eye(4)
    moved[:3, :3], moved[:3, 3] = inverse.rotation, inverse.translation_mm
    matrix = np.linalg.inv(source.index_to_point_matrix) @ moved @ grid.index_to_point_matrix
    corners = np.array(list(itertools.product(*[(0, n - 1) for n in source.shape])))
    index = grid.point_to_index(scanner_from_body.apply(source.index_to_point(corners)))
    low = np.clip(np.floor(index.min(axis=0)), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 1, 0, grid.shape).astype(int)
    box = np.zeros(high - low, np.float32)
    offsets = (np.arange(POINTS_PER_VOXEL) + 0.5) / POINTS_PER_VOXEL - 0.5
    for shift in itertools.product(offsets, repeat=3):
        box += ndimage.affine_transform(
            coefficients,
            matrix[:3, :3],
            matrix[:3, 3] + matrix[:3, :3] @ (low + np.array(shift)),
            box.shape,
            output=np.float32,
            order=3,
            prefilter=False,
        )
    image = np.zeros(grid.shape, np.float32)
    image[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = np.maximum(box / POINTS_PER_VOXEL**3, 0)
    return image


def with_noise(
    image: NDArray[np.float32],
    grid: VolumeGeometry,
    *,
    fwhm_mm: float,
    level: float,
    volume_ml: float,
    relative: float,
    generator: np.random.Generator,
) -> NDArray[np.float32]:
    """Image with additive correlated noise whose variance grows with the value; negative values become zero.

    Parameters
    ----------
    level, volume_ml, relative
        A region of this concentration and volume gets this relative standard deviation of its total.
    """
    sigma_mm = fwhm_mm / FWHM_PER_SIGMA
    field = ndimage.gaussian_filter(
        generator.standard_normal(image.shape, dtype=np.float32), [sigma_mm / h for h in grid.spacing_mm], mode="wrap"
    )
    field /= field.std()
    # White noise smoothed with a Gaussian has a Gaussian autocorrelation of twice the variance.
    correlation_ml = (4 * math.pi * sigma_mm**2) ** 1.5 / 1e3
    voxel = relative * math.sqrt(volume_ml / correlation_ml)
    return np.maximum(image + voxel * np.sqrt(np.maximum(image, 0) * np.float32(level)) * field, 0)
