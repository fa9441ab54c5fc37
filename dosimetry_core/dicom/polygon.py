"""How much of each pixel lies inside closed polygons, by the even-odd rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.geometry import FloatArray

# Strips per pixel row between which edges are straight: the area is exact whatever their number (see Notes of
# `pixel_coverage`); their number only limits how exactly it is shared between the pixels of a row.
_STRIPS_PER_ROW = 8
# A contour printed with two decimals in mm, on 1 mm pixels, still runs "through" a pixel centre.
_ON_CONTOUR_PIXELS = 0.02


@dataclass(frozen=True, eq=False)
class PixelCoverage:
    """Coverage of a box of pixels.

    Parameters
    ----------
    start
        Index (row, column) of the box's first pixel; may be negative: the box is not limited to an image.
    fraction
        Shape (row, column), 0 … 1.
    """

    start: tuple[int, int]
    fraction: NDArray[np.float64]


def pixel_coverage(polygons: Sequence[FloatArray]) -> PixelCoverage:
    """Fraction of each pixel's area inside the polygons.

    Parameters
    ----------
    polygons
        Each of shape (n, 2), vertices as (row, column) in pixels, pixel centres at integers; closed by themselves.
        A point inside an even number of them is outside: holes and keyholes are left out.

    Notes
    -----
    Rows are cut at every vertex. Between two cuts no edge begins or ends, so the width covered between two edges is
    linear in the row and its value half-way, times the height, is the exact area (unless edges cross there).
    """
    loops = [np.asarray(polygon, dtype=np.float64) + 0.5 for polygon in polygons if len(polygon) > 2]
    if not loops:
        return PixelCoverage((0, 0), np.zeros((0, 0)))
    begin = np.concatenate(loops)
    end = np.concatenate([np.roll(loop, -1, axis=0) for loop in loops])
    low = np.floor(begin.min(axis=0)).astype(int)
    shape = np.ceil(begin.max(axis=0)).astype(int) - low + 1
    begin, end = begin - low, end - low
    strips = np.arange(shape[0] * _STRIPS_PER_ROW + 1) / _STRIPS_PER_ROW
    cuts = np.unique(np.concatenate([begin[:, 0], strips]))
    middle, height = (cuts[1:] + cuts[:-1]) / 2, np.diff(cuts)
    strip, column = _crossings(begin, end, cuts, middle)
    order = np.lexsort((column, strip))
    strip, column = strip[order], column[order]
    sign = np.where(np.arange(len(strip)) % 2 == 0, -1.0, 1.0)  # each strip has an even number of crossings
    amount = sign * height[strip]
    pixel = np.floor(column).astype(np.int64)
    place = np.floor(middle[strip]).astype(np.int64) * shape[1] + pixel
    size = int(shape[0] * shape[1])
    whole = np.bincount(place, amount, minlength=size).reshape(shape)
    part = np.bincount(place, amount * (column - pixel), minlength=size).reshape(shape)
    left_of = np.cumsum(whole[:, ::-1], axis=1)[:, ::-1] - whole
    return PixelCoverage((int(low[0]), int(low[1])), np.clip(part + left_of, 0.0, 1.0))


def _crossings(
    begin: FloatArray, end: FloatArray, cuts: FloatArray, middle: FloatArray
) -> tuple[NDArray[np.int64], FloatArray]:
    """Strip and column of every crossing of an edge with the middle line of a strip."""
    upper, lower = np.minimum(begin[:, 0], end[:, 0]), np.maximum(begin[:, 0], end[:, 0])
    first, last = np.searchsorted(cuts, upper), np.searchsorted(cuts, lower)
    edge, strip = _ranges(first, last)
    slope = (end[edge, 1] - begin[edge, 1]) / (end[edge, 0] - begin[edge, 0])
    return strip, begin[edge, 1] + (middle[strip] - begin[edge, 0]) * slope


def _ranges(first: NDArray[np.int64], stop: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For every i the numbers first[i] … stop[i] − 1, with i beside each."""
    count = np.maximum(stop - first, 0)
    owner = np.repeat(np.arange(len(first)), count)
    before = np.repeat(np.cumsum(count) - count, count)
    return owner, np.arange(int(count.sum())) - before + np.repeat(first, count)


def pixel_centres_inside(polygons: Sequence[FloatArray]) -> PixelCoverage:
    """Pixels whose centre lies inside the polygons or on one of them: 1, others 0.

    For contours that run through the centres of the border pixels. Parameters as in `pixel_coverage`; loops of one or
    two points count, as the pixels they pass.
    """
    loops = [np.asarray(polygon, dtype=np.float64) for polygon in polygons if len(polygon)]
    if not loops:
        return PixelCoverage((0, 0), np.zeros((0, 0)))
    begin = np.concatenate(loops)
    end = np.concatenate([np.roll(loop, -1, axis=0) for loop in loops])
    low = np.floor(begin.min(axis=0)).astype(int) - 1
    shape = np.ceil(begin.max(axis=0)).astype(int) - low + 2
    begin, end = begin - low, end - low
    upper, lower = np.minimum(begin[:, 0], end[:, 0]), np.maximum(begin[:, 0], end[:, 0])
    edge, row = _ranges(np.ceil(upper).astype(np.int64), np.ceil(lower).astype(np.int64))
    column = begin[edge, 1] + (row - begin[edge, 0]) * (
        (end[edge, 1] - begin[edge, 1]) / (end[edge, 0] - begin[edge, 0])
    )
    # A crossing changes the parity of every centre to its right.
    toggles = np.bincount(row * shape[1] + np.ceil(column).astype(np.int64), minlength=int(shape.prod()))
    inside = np.cumsum(toggles.reshape(shape), axis=1) % 2 == 1
    _mark_centres_on(inside, begin, end)
    return PixelCoverage((int(low[0]), int(low[1])), inside.astype(np.float64))


def _mark_centres_on(inside: NDArray[np.bool_], begin: FloatArray, end: FloatArray) -> None:
    """Set the pixels whose centre lies on an edge, walking each edge along its longer axis."""
    steep = np.abs(end[:, 0] - begin[:, 0]) >= np.abs(end[:, 1] - begin[:, 1])
    for along, across in ((0, 1), (1, 0)):
        chosen = steep if along == 0 else ~steep
        a, b = begin[chosen], end[chosen]
        low, high = np.minimum(a[:, along], b[:, along]), np.maximum(a[:, along], b[:, along])
        first = np.ceil(low - _ON_CONTOUR_PIXELS).astype(np.int64)
        edge, step = _ranges(first, np.floor(high + _ON_CONTOUR_PIXELS).astype(np.int64) + 1)
        run = b[edge, along] - a[edge, along]
        share = np.divide(step - a[edge, along], run, out=np.zeros(len(edge)), where=run != 0)
        place = a[edge, across] + np.clip(share, 0, 1) * (b[edge, across] - a[edge, across])
        nearest = np.rint(place).astype(np.int64)
        on = np.abs(place - nearest) <= _ON_CONTOUR_PIXELS
        rows, columns = (step[on], nearest[on]) if along == 0 else (nearest[on], step[on])
        inside[rows, columns] = True
