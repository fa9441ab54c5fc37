"""Gaussian point spread of a reconstruction on an image grid, applied to small boxes."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from dosimetry_core.errors import GeometryMismatchError
from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import FloatArray, VolumeGeometry

FWHM_PER_STANDARD_DEVIATION = 2 * math.sqrt(2 * math.log(2))
# The kernel ends here; what lies beyond 4 standard deviations in one axis is 6e-5 of it.
_TRUNCATED_AT_STANDARD_DEVIATIONS = 4.0
# Correlation between image axes that an anisotropic point spread may have on a slightly rotated grid.
_LARGEST_AXIS_CORRELATION = 0.05


@dataclass(frozen=True, eq=False)
class Box:
    """Values in a part of a grid; outside it they are zero.

    Parameters
    ----------
    start
        Index (slice, row, column) of the first voxel.
    values
        float64, made read-only.
    """

    start: tuple[int, int, int]
    values: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", read_only(self.values))

    @property
    def stop(self) -> tuple[int, int, int]:
        """Index after the last voxel."""
        (a, b, c), (k, j, i) = self.start, self.values.shape
        return a + k, b + j, c + i

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The box as index ranges on the whole grid."""
        a, b, c = (slice(lo, hi) for lo, hi in zip(self.start, self.stop, strict=True))
        return a, b, c

    def within(self, start: tuple[int, ...], stop: tuple[int, ...]) -> FloatArray:
        """View of the values between two indices that lie inside the box."""
        return self.values[self.index_of(start, stop)]

    def index_of(self, start: tuple[int, ...], stop: tuple[int, ...]) -> tuple[slice, slice, slice]:
        """Where two grid indices lie in the box's own array."""
        a, b, c = self.start
        return slice(start[0] - a, stop[0] - a), slice(start[1] - b, stop[1] - b), slice(start[2] - c, stop[2] - c)


def common_range(a: Box, b: Box) -> tuple[tuple[int, int, int], tuple[int, int, int]] | None:
    """First index and index after the last of the part two boxes share; None if there is none.

    Asked some hundred times for every scan and edit, hence axis by axis.
    """
    (a0, a1, a2), (n0, n1, n2) = a.start, a.values.shape
    (b0, b1, b2), (m0, m1, m2) = b.start, b.values.shape
    low0, high0 = a0 if a0 > b0 else b0, a0 + n0 if a0 + n0 < b0 + m0 else b0 + m0
    if low0 >= high0:
        return None
    low1, high1 = a1 if a1 > b1 else b1, a1 + n1 if a1 + n1 < b1 + m1 else b1 + m1
    if low1 >= high1:
        return None
    low2, high2 = a2 if a2 > b2 else b2, a2 + n2 if a2 + n2 < b2 + m2 else b2 + m2
    if low2 >= high2:
        return None
    return (low0, low1, low2), (high0, high1, high2)


def added(a: Box, b: Box) -> Box:
    """Sum of two boxes on the smallest box that holds both."""
    if not a.values.size:
        return b
    if not b.values.size:
        return a
    start = tuple(min(x, y) for x, y in zip(a.start, b.start, strict=True))
    stop = tuple(max(x, y) for x, y in zip(a.stop, b.stop, strict=True))
    total = np.zeros([hi - lo for lo, hi in zip(start, stop, strict=True)])
    for box in (a, b):
        total[tuple(slice(lo - s, hi - s) for lo, hi, s in zip(box.start, box.stop, start, strict=True))] += box.values
    return Box((start[0], start[1], start[2]), total)


@dataclass(frozen=True, eq=False)
class PointSpread:
    """Separable Gaussian on one grid.

    Parameters
    ----------
    grid
        Image grid.
    standard_deviation_voxels
        Along (slice, row, column).
    """

    grid: VolumeGeometry
    standard_deviation_voxels: tuple[float, float, float]

    @staticmethod
    def on_grid(grid: VolumeGeometry, fwhm_mm: tuple[float, float, float], *, where: str = "") -> PointSpread:
        """Point spread from its full widths at half maximum along (x, y, z) of the patient system.

        Grids with permuted or flipped axes are followed; an anisotropic point spread on an oblique grid is refused.
        """
        if not all(math.isfinite(f) and f > 0 for f in fwhm_mm):
            raise ValueError("the full widths at half maximum must be positive")
        variance = np.diag((np.array(fwhm_mm) / FWHM_PER_STANDARD_DEVIATION) ** 2)
        rotated = grid.directions.T @ variance @ grid.directions
        deviation = np.sqrt(np.diag(rotated))
        correlation = rotated / np.outer(deviation, deviation)
        if np.abs(correlation - np.diag(np.diag(correlation))).max() > _LARGEST_AXIS_CORRELATION:
            raise GeometryMismatchError(
                "the image axes are oblique to the axes of the point spread",
                where=where,
                remedy="give one full width for all directions, or resample the image to straight axes",
            )
        slices, rows, columns = (float(d / s) for d, s in zip(deviation, grid.spacing_mm, strict=True))
        return PointSpread(grid, (slices, rows, columns))

    @staticmethod
    def none(grid: VolumeGeometry) -> PointSpread:
        """A perfect reconstruction: nothing is blurred."""
        return PointSpread(grid, (0.0, 0.0, 0.0))

    @property
    def effective_fwhm_mm(self) -> float:
        """Geometric mean of the full widths of point spread and voxel together.

        Per axis FWHM² + 8 ln 2 · h²/12, the voxel's box counted by its variance (methods 1.5b).
        """
        variance = np.array(self.standard_deviation_mm) ** 2 + np.array(self.grid.spacing_mm) ** 2 / 12
        return float(FWHM_PER_STANDARD_DEVIATION * np.exp(0.5 * np.log(variance).mean()))

    @property
    def standard_deviation_mm(self) -> tuple[float, float, float]:
        """Along (slice, row, column)."""
        a, b, c = (d * s for d, s in zip(self.standard_deviation_voxels, self.grid.spacing_mm, strict=True))
        return a, b, c

    @property
    def reach_voxels(self) -> tuple[int, int, int]:
        """How far the kernel reaches along (slice, row, column)."""
        a, b, c = (max(1, math.ceil(_TRUNCATED_AT_STANDARD_DEVIATIONS * d)) for d in self.standard_deviation_voxels)
        return a, b, c

    def blurred(self, box: Box) -> Box:
        """Box convolved with the point spread, grown by its reach as far as the grid goes: that of `summed_within`."""
        return self.summed_within(box, *self.reached_from(box)) if box.values.size else box

    def reached_from(self, box: Box) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """First index that a blurred box reaches, and the index after the last, as far as the grid goes."""
        (a, b, c), (i, j, k), (r, s, t) = box.start, box.stop, self.reach_voxels
        n, m, o = self.grid.shape
        return (max(0, a - r), max(0, b - s), max(0, c - t)), (min(n, i + r), min(m, j + s), min(o, k + t))

    def blurred_within(self, box: Box, start: tuple[int, ...], stop: tuple[int, ...]) -> Box:
        """The blurred box in a given part of the grid only.

        Convolution along each axis is one product with a small matrix, which beats a filter for boxes of this size.
        """
        values = np.asarray(box.values)
        for axis, (deviation, reach) in enumerate(zip(self.standard_deviation_voxels, self.reach_voxels, strict=True)):
            weights = _blur_matrix(
                deviation, reach, start[axis] - box.start[axis], stop[axis] - start[axis], box.values.shape[axis]
            )
            values = np.moveaxis(np.tensordot(weights, values, axes=(1, axis)), 0, axis)
        return Box((start[0], start[1], start[2]), np.ascontiguousarray(values))

    def summed_within(self, box: Box, start: tuple[int, int, int], stop: tuple[int, int, int]) -> Box:
        """The blurred box in a given part of the grid, each voxel to the bit the same whatever the part is.

        Nearly as fast as `blurred_within`, the last digit of whose products depends on the sizes of box and part.
        """
        reach = self.reach_voxels
        first = tuple(max(s, a - r) for s, a, r in zip(box.start, start, reach, strict=True))
        last = tuple(min(s, a + r) for s, a, r in zip(box.stop, stop, reach, strict=True))
        if any(a >= b for a, b in zip(first, last, strict=True)):
            return Box(start, np.zeros([b - a for a, b in zip(start, stop, strict=True)]))
        values = np.asarray(box.within(first, last))
        for axis, (deviation, r) in enumerate(zip(self.standard_deviation_voxels, reach, strict=True)):
            rows = stop[axis] - start[axis]
            shape = list(values.shape)
            shape[axis] = rows + 2 * r
            padded = np.zeros(shape)
            at = first[axis] - start[axis] + r
            along = (slice(None),) * axis
            padded[(*along, slice(at, at + values.shape[axis]))] = values
            weights = _kernel(deviation, r)
            values = padded[(*along, slice(r, r + rows))] * weights[r]
            for n in range(1, r + 1):
                pair = padded[(*along, slice(r - n, r - n + rows))] + padded[(*along, slice(r + n, r + n + rows))]
                pair *= weights[r + n]
                values += pair
        return Box(start, values)

    def width_derivative(self, blurred: Box) -> Box:
        """Change of a blurred box per relative change of the full widths, by the heat equation.

        ∂g/∂(σ²) = ½ ∂²g/∂x², so dB/d ln F = Σ σ² ∂²B/∂x² over the axes.
        """
        return self.width_derivative_within(blurred, blurred.start, blurred.stop)

    def width_derivative_within(self, blurred: Box, start: tuple[int, ...], stop: tuple[int, ...]) -> Box:
        """The same in a part of the box only."""
        padded = np.zeros([hi - lo + 2 for lo, hi in zip(start, stop, strict=True)])
        around = Box((start[0] - 1, start[1] - 1, start[2] - 1), padded)
        known = common_range(around, blurred)
        if known is not None:
            padded[around.index_of(*known)] = blurred.within(*known)
        centre = padded[1:-1, 1:-1, 1:-1]
        s, r, c = (d**2 for d in self.standard_deviation_voxels)
        change = s * (padded[2:, 1:-1, 1:-1] + padded[:-2, 1:-1, 1:-1] - 2 * centre)
        change += r * (padded[1:-1, 2:, 1:-1] + padded[1:-1, :-2, 1:-1] - 2 * centre)
        change += c * (padded[1:-1, 1:-1, 2:] + padded[1:-1, 1:-1, :-2] - 2 * centre)
        return Box((start[0], start[1], start[2]), change)


# Scans of one size and boxes of one edit ask for the same few again and again.
@functools.lru_cache(maxsize=256)
def _blur_matrix(deviation: float, reach: int, first: int, rows: int, columns: int) -> FloatArray:
    """Weights of ``columns`` voxels in ``rows`` ones, the first of which lies ``first`` after the first column."""
    offset = np.arange(first, first + rows)[:, None] - np.arange(columns)[None, :]
    kernel = gaussian_weights(deviation, reach)
    return read_only(np.where(np.abs(offset) <= reach, kernel[np.clip(offset + reach, 0, 2 * reach)], 0.0))


@functools.lru_cache(maxsize=64)
def _kernel(deviation: float, reach: int) -> tuple[float, ...]:
    """Weights at −reach … reach."""
    return tuple(gaussian_weights(deviation, reach).tolist())


def gaussian_weights(standard_deviation_voxels: float, reach_voxels: int) -> FloatArray:
    """Normalised Gaussian at integer offsets −reach … reach, shape (2 · reach + 1,)."""
    offset = np.arange(-reach_voxels, reach_voxels + 1)
    if standard_deviation_voxels == 0:
        return np.asarray(offset == 0, dtype=np.float64)
    weights = np.exp(-0.5 * (offset / standard_deviation_voxels) ** 2)
    result: FloatArray = weights / weights.sum()
    return result
