"""What voxel doses are timed on, and the plain ways of computing the same that they are timed beside."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from dosimetry_core.dose.media import BONE, CODES, LUNG, SOFT_TISSUE
from dosimetry_core.dose.voxel_s_values import electron_voxel_kernel, wide_voxel_kernel
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.volume import Volume

SHAPE = (128, 128, 128)
SPACING_MM = (4.0, 4.0, 4.0)
LAGS = 49
CROPPED = 6


GEOMETRY = VolumeGeometry(SHAPE, np.zeros(3), SPACING_MM, np.eye(3))


def activity() -> Volume:
    """Time-integrated activity without any order, always the same."""
    values = (np.random.default_rng(1).random(SHAPE) * 1e9).astype(np.float32)
    return Volume(values, GEOMETRY, "time_integrated_activity_bq_s")


def body(media_count: int) -> tuple[Volume, NDArray[np.uint8]]:
    """Density and medium: soft tissue, or with two lungs and a spine."""
    density, media = np.full(SHAPE, 1.04, np.float32), np.full(SHAPE, CODES[SOFT_TISSUE], np.uint8)
    if media_count == 3:
        for place, medium, value in (
            ((slice(64, 128), slice(20, 100), slice(10, 55)), LUNG, 0.26),
            ((slice(64, 128), slice(20, 100), slice(73, 118)), LUNG, 0.26),
            ((slice(0, 128), slice(90, 110), slice(58, 70)), BONE, 1.4),
        ):
            density[place], media[place] = value, CODES[medium]
    return Volume(density, GEOMETRY, "density_g_per_ml"), media


def mirrored(octant: NDArray[np.float64]) -> NDArray[np.float64]:
    """The whole of a kernel that is given for lags from zero on."""
    for axis in range(3):
        octant = np.concatenate([np.flip(np.delete(octant, 0, axis), axis), octant], axis)
    return octant


def in_double_precision(nuclide: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Absorbed dose in one medium by electrons and photons as two plain convolutions with whole kernels."""
    electrons = electron_voxel_kernel(nuclide, SPACING_MM, medium=SOFT_TISSUE, density_g_per_ml=1.04)
    wide = wide_voxel_kernel(nuclide, SPACING_MM, density_g_per_ml=1.04, lags=(LAGS,) * 3)
    dose = np.zeros(values.shape)
    for kernel in (electrons, wide):
        dose += fftconvolve(values, mirrored(kernel.s_gy_per_bq_s), mode="same")
    return dose


def scalar_loop_s(nuclide: str, values: NDArray[np.float32]) -> float:
    """Duration of a scalar loop over sources and targets, measured on a corner and scaled to the whole grid."""
    wide = wide_voxel_kernel(nuclide, SPACING_MM, density_g_per_ml=1.04, lags=(LAGS,) * 3)
    kernel, corner = wide.s_gy_per_bq_s.tolist(), values[:CROPPED, :CROPPED, :CROPPED].tolist()
    places = [(i, j, k) for i in range(CROPPED) for j in range(CROPPED) for k in range(CROPPED)]
    begin = time.perf_counter()
    for i, j, k in places:
        total = 0.0
        for a, b, c in places:
            total += corner[a][b][c] * kernel[abs(i - a)][abs(j - b)][abs(k - c)]
    duration_s = time.perf_counter() - begin
    # Each target has as many sources as the kernel has lags, cut at the edges of the grid.
    lags = np.arange(-LAGS, LAGS + 1)
    pairs = float(np.prod([np.maximum(0, size - np.abs(lags)).sum() for size in SHAPE], dtype=float))
    return duration_s / len(places) ** 2 * pairs
