"""Painting on VOI masks: old mask and a gesture in, new mask out, on the same declared grid.

Coverage stays fractional, so the boundary of a painted shape is no staircase and its volume is that of the shape. Only
the box that a gesture touches is computed. Whole-mask acts (margin, fill between slices …) are in `voi_shaping`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from dosimetry_core.anatomical_plane import Plane, PlaneAxes
from dosimetry_core.errors import GeometryMismatchError
from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, VoiMask

Bytes = NDArray[np.uint8]
Start = tuple[int, int, int]

HALF_COVERAGE = (FULL_COVERAGE + 1) // 2
"""Coverage from which a voxel counts as inside where a yes or no is needed."""
_POLYGON_LINES_PER_ROW = 8
# The linear edge model needs voxels of at most a quarter of the radius (volume within about 1 %); larger are divided.
_LEAST_VOXELS_PER_RADIUS = 4.0
# Points of a path that are this near to the straight line between their neighbours change nothing to be seen.
_STRAIGHT_PART_OF_RADIUS = 0.02
# Parts of strokes that are kept: more than a stroke has, small against an image.
_KEPT_PARTS = 128


@dataclass(frozen=True, eq=False)
class BrushGesture:
    """One stroke of a brush: everything within a radius of a path.

    Parameters
    ----------
    plane
        Family of slices on which it was drawn.
    points_mm
        Path, shape (n, 3), patient points in the reference frame, n ≥ 1.
    radius_mm
        Positive.
    spherical
        A ball is moved along the path; else a disc within the slice of the first point.
    erase
        Take away instead of adding.
    radii_mm
        Radius at each point of the path, shape (n,), at most ``radius_mm``, where a pen was pressed unevenly; each part
        of the path has the mean of its ends. None: ``radius_mm`` everywhere.
    """

    plane: Plane
    points_mm: NDArray[np.float64]
    radius_mm: float
    spherical: bool
    erase: bool
    radii_mm: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "points_mm", _path(self.points_mm, 1))
        if not (np.isfinite(self.radius_mm) and self.radius_mm > 0):
            raise ValueError("the brush radius must be positive")
        if self.radii_mm is not None:
            radii = np.array(self.radii_mm, dtype=np.float64)
            if radii.shape != (len(self.points_mm),) or not np.all((radii > 0) & (radii <= self.radius_mm)):
                raise ValueError("each point of the path needs a radius from 0 to the brush's")
            object.__setattr__(self, "radii_mm", read_only(radii))


@dataclass(frozen=True, eq=False)
class PolygonGesture:
    """A closed outline drawn on one slice.

    Parameters
    ----------
    plane
        Family of slices.
    points_mm
        Corners, shape (n, 3), n ≥ 3; the outline closes itself. Overlaps count by the even-odd rule.
    erase
        Take away instead of adding.
    """

    plane: Plane
    points_mm: NDArray[np.float64]
    erase: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "points_mm", _path(self.points_mm, 3))


Gesture = BrushGesture | PolygonGesture


def _path(points_mm: ArrayLike, least: int) -> NDArray[np.float64]:
    points = np.array(points_mm, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3 or len(points) < least or not np.all(np.isfinite(points)):
        raise ValueError(f"a path needs at least {least} finite points (x, y, z)")
    return read_only(points)


def empty_mask(geometry: VolumeGeometry) -> VoiMask:
    """A VOI with nothing drawn on a grid."""
    return VoiMask(geometry, (0, 0, 0), np.zeros((0, 0, 0), np.uint8))


def apply_gesture(mask: VoiMask, gesture: Gesture) -> VoiMask:
    """Mask after one gesture; the very same object where the gesture changes nothing."""
    return erase(mask, gesture) if gesture.erase else paint(mask, gesture)


def paint(mask: VoiMask, gesture: Gesture) -> VoiMask:
    """Mask with what the gesture covers added (its ``erase`` is not looked at)."""
    touched = gesture_mask(mask.geometry, gesture)
    return union(mask, touched)


def erase(mask: VoiMask, gesture: Gesture) -> VoiMask:
    """Mask with what the gesture covers taken away (its ``erase`` is not looked at); see `subtract`."""
    return subtract(mask, gesture_mask(mask.geometry, gesture))


def gesture_mask(geometry: VolumeGeometry, gesture: Gesture) -> VoiMask:
    """What a gesture covers on a grid; empty where it lies outside."""
    if isinstance(gesture, PolygonGesture):
        return _polygon_mask(geometry, gesture)
    return _brush_mask(geometry, gesture)


def union(a: VoiMask, b: VoiMask) -> VoiMask:
    """Covered by either; ``a`` itself where ``b`` adds nothing."""
    _require_same_grid(a, b)
    if b.is_empty:
        return a
    if a.coverage.size == 0:
        return b
    start = np.minimum(a.start, b.start)
    stop = np.maximum(np.add(a.start, a.coverage.shape), np.add(b.start, b.coverage.shape))
    of_b = tuple(slice(int(s), int(s) + n) for s, n in zip(np.subtract(b.start, start), b.coverage.shape, strict=True))
    if tuple(stop - start) == a.coverage.shape:
        if not np.any(b.coverage > a.coverage[of_b]):
            return a
        new = a.coverage.copy()
    else:
        new = np.zeros(tuple(stop - start), np.uint8)
        new[tuple(slice(int(s), int(s) + n) for s, n in zip(a.start - start, a.coverage.shape, strict=True))] = (
            a.coverage
        )
    np.maximum(new[of_b], b.coverage, out=new[of_b])
    return VoiMask(a.geometry, _start(start), new)


def subtract(a: VoiMask, b: VoiMask) -> VoiMask:
    """Covered by ``a`` and not by ``b``; ``a`` itself where they don't meet.

    A partly covered voxel that is left without a neighbour inside is dropped, so that nothing invisible remains.
    """
    _require_same_grid(a, b)
    common = _common_box(a, b)
    if common is None:
        return a
    of_a, of_b = common
    taken = b.coverage[of_b]
    met = (a.coverage[of_a] > 0) & (taken > 0)
    if not met.any():
        return a
    new = a.coverage.copy()
    np.minimum(new[of_a], FULL_COVERAGE - taken, out=new[of_a])
    # One voxel more on every side, to see the neighbours of the voxels that were met.
    around = new[tuple(slice(max(part.start - 1, 0), part.stop + 1) for part in of_a)]
    inner = tuple(slice(part.start - max(part.start - 1, 0), None) for part in of_a)
    beside_inside = ndimage.maximum_filter(around, 3, mode="constant")[inner] >= HALF_COVERAGE
    beside_inside = beside_inside[tuple(slice(n) for n in met.shape)]
    new[of_a][met & ~beside_inside] = 0
    return VoiMask(a.geometry, a.start, new) if new.any() else empty_mask(a.geometry)


def intersect(a: VoiMask, b: VoiMask) -> VoiMask:
    """Covered by both."""
    _require_same_grid(a, b)
    common = _common_box(a, b)
    if common is None:
        return empty_mask(a.geometry)
    of_a, of_b = common
    new = np.minimum(a.coverage[of_a], b.coverage[of_b])
    start = (a.start[0] + of_a[0].start, a.start[1] + of_a[1].start, a.start[2] + of_a[2].start)
    return VoiMask(a.geometry, start, new) if new.any() else empty_mask(a.geometry)


def _start(index: NDArray[np.int64]) -> Start:
    return int(index[0]), int(index[1]), int(index[2])


def _require_same_grid(a: VoiMask, b: VoiMask) -> None:
    if a.geometry is not b.geometry and not a.geometry.is_same_grid(b.geometry):
        raise GeometryMismatchError(
            "the two VOIs lie on different grids", remedy="draw or resample both on the reference grid of the cycle"
        )


Box = tuple[slice, slice, slice]


def _common_box(a: VoiMask, b: VoiMask) -> tuple[Box, Box] | None:
    begin = np.maximum(a.start, b.start)
    end = np.minimum(np.add(a.start, a.coverage.shape), np.add(b.start, b.coverage.shape))
    if a.coverage.size == 0 or b.coverage.size == 0 or np.any(end <= begin):
        return None

    def box(mask: VoiMask) -> Box:
        p, q, r = (slice(int(i - s), int(j - s)) for i, j, s in zip(begin, end, mask.start, strict=True))
        return p, q, r

    return box(a), box(b)


def _brush_mask(geometry: VolumeGeometry, gesture: BrushGesture) -> VoiMask:
    spacing = np.array(geometry.spacing_mm)
    index = geometry.point_to_index(gesture.points_mm)
    reach = gesture.radius_mm / spacing + 1
    divisions = np.maximum(1, np.ceil(_LEAST_VOXELS_PER_RADIUS * spacing / gesture.radius_mm)).astype(int)
    if not gesture.spherical:
        normal = PlaneAxes.of(geometry, gesture.plane).normal
        index[:, normal] = np.rint(index[0, normal])
        reach[normal] = 0
        divisions[normal] = 1
    if gesture.radii_mm is None:
        index = _simplified(index, spacing, _STRAIGHT_PART_OF_RADIUS * gesture.radius_mm)
        radii = np.full(len(index), gesture.radius_mm)
    else:
        radii = gesture.radii_mm
    box = _clipped(geometry, index.min(axis=0) - reach, index.max(axis=0) + reach)
    if box is None:
        return empty_mask(geometry)
    start, stop = box
    coverage = np.zeros(tuple(stop - start), np.uint8)
    if len(index) == 1:
        index, radii = index[[0, 0]], radii[[0, 0]]
    begins = np.maximum(np.floor(np.minimum(index[:-1], index[1:]) - reach + 0.5), 0).astype(np.int64)
    stops = np.floor(np.maximum(index[:-1], index[1:]) + reach + 0.5) + 1
    stops = np.minimum(stops, geometry.shape).astype(np.int64)
    corners = [tuple(corner) for corner in (index * spacing).tolist()]
    parts = zip(begins.tolist(), stops.tolist(), pairwise(corners), (radii[:-1] + radii[1:]).tolist(), strict=True)
    origin, steps, fineness = start.tolist(), tuple(spacing.tolist()), tuple(divisions.tolist())
    for begin, end, (a, b), diameter_mm in parts:
        if any(last <= first for first, last in zip(begin, end, strict=True)):
            continue
        dab = _kept_capsule(tuple(begin), tuple(end), a, b, steps, fineness, diameter_mm / 2)
        target = coverage[tuple(slice(p - o, q - o) for p, q, o in zip(begin, end, origin, strict=True))]
        np.maximum(target, dab, out=target)
    return _trimmed(geometry, start, coverage)


def _simplified(
    index: NDArray[np.float64], spacing_mm: NDArray[np.float64], tolerance_mm: float
) -> NDArray[np.float64]:
    """Path without the points that lie within a tolerance of the rest (Douglas and Peucker 1973)."""
    points = index * spacing_mm
    keep = np.zeros(len(points), bool)
    keep[[0, -1]] = True
    open_spans = [(0, len(points) - 1)]
    while open_spans:
        first, last = open_spans.pop()
        if last - first < 2:
            continue
        chord = points[last] - points[first]
        offset = points[first + 1 : last] - points[first]
        length_squared = float(chord @ chord)
        along = np.clip(offset @ chord / length_squared, 0, 1) if length_squared > 0 else np.zeros(len(offset))
        away = np.linalg.norm(offset - along[:, None] * chord, axis=1)
        farthest = int(np.argmax(away))
        if away[farthest] > tolerance_mm:
            middle = first + 1 + farthest
            keep[middle] = True
            open_spans += [(first, middle), (middle, last)]
    kept: NDArray[np.float64] = index[keep]
    return kept


def _clipped(
    geometry: VolumeGeometry, low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """First and one-past-last voxel of a box of fractional indices within the grid, or None."""
    start = np.maximum(np.floor(low + 0.5), 0).astype(np.int64)
    stop = np.minimum(np.floor(high + 0.5) + 1, geometry.shape).astype(np.int64)
    return None if np.any(stop <= start) else (start, stop)


@functools.lru_cache(maxsize=_KEPT_PARTS)
def _kept_capsule(
    begin: tuple[int, ...],
    end: tuple[int, ...],
    a_mm: tuple[float, ...],
    b_mm: tuple[float, ...],
    spacing_mm: tuple[float, ...],
    divisions: tuple[int, ...],
    radius_mm: float,
) -> Bytes:
    """Coverage by one part of a stroke; while the stroke grows its earlier parts are not computed again."""
    a, b, spacing = np.array(a_mm), np.array(b_mm), np.array(spacing_mm)
    return read_only(_capsule_coverage(np.array(begin), np.array(end), a, b, radius_mm, spacing, np.array(divisions)))


def _capsule_coverage(
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    a_mm: NDArray[np.float64],
    b_mm: NDArray[np.float64],
    radius_mm: float,
    spacing_mm: NDArray[np.float64],
    divisions: NDArray[np.int64],
) -> Bytes:
    """Coverage of the voxels ``begin`` … ``end`` by all points within a radius of the segment a–b.

    The share of a voxel that lies inside is taken as 1/2 + (radius − distance) / width, limited to 0 … 1, where width
    is the voxel's extent along the direction to the segment: exact for a plane face across a voxel axis.
    """
    step = spacing_mm / divisions
    counts = (end - begin) * divisions
    along_axes = []
    for axis in range(3):
        first = (begin[axis] - 0.5) * spacing_mm[axis] + step[axis] / 2
        shape = [1, 1, 1]
        shape[axis] = int(counts[axis])
        along_axes.append((first + step[axis] * np.arange(counts[axis]) - a_mm[axis]).astype(np.float32).reshape(shape))
    direction = (b_mm - a_mm).astype(np.float32)
    length_squared = float(direction @ direction)
    if length_squared > 0:
        share = sum(along_axes[axis] * (direction[axis] / length_squared) for axis in range(3))
        share = np.clip(share, 0, 1)
        offsets = [np.abs(along_axes[axis] - direction[axis] * share) for axis in range(3)]
    else:
        offsets = [np.abs(offset) for offset in along_axes]
    distance = np.sqrt(offsets[0] ** 2 + offsets[1] ** 2 + offsets[2] ** 2)
    width_times_distance = offsets[0] * step[0] + offsets[1] * step[1] + offsets[2] * step[2]
    ratio = np.full(distance.shape, np.inf, np.float32)
    np.divide((radius_mm - distance) * distance, width_times_distance, out=ratio, where=width_times_distance > 0)
    share_inside = np.clip(0.5 + ratio, 0, 1)
    if divisions.max() > 1:
        n, d = end - begin, divisions
        share_inside = share_inside.reshape(n[0], d[0], n[1], d[1], n[2], d[2]).mean(axis=(1, 3, 5))
    result: Bytes = np.rint(share_inside * FULL_COVERAGE).astype(np.uint8)
    return result


def _polygon_mask(geometry: VolumeGeometry, gesture: PolygonGesture) -> VoiMask:
    axes = PlaneAxes.of(geometry, gesture.plane)
    index = geometry.point_to_index(gesture.points_mm)
    slice_index = int(np.rint(index[0, axes.normal]))
    low, high = index.min(axis=0), index.max(axis=0)
    low[axes.normal] = high[axes.normal] = slice_index
    box = _clipped(geometry, low, high)
    if box is None:
        return empty_mask(geometry)
    start, stop = box
    first, second = sorted((axes.vertical, axes.horizontal))
    area = polygon_coverage(
        index[:, first], index[:, second], (start[first], stop[first]), (start[second], stop[second])
    )
    coverage = np.expand_dims(np.rint(area * FULL_COVERAGE).astype(np.uint8), axes.normal)
    return _trimmed(geometry, start, coverage)


def polygon_coverage(
    rows: NDArray[np.float64], columns: NDArray[np.float64], row_range: tuple[int, int], column_range: tuple[int, int]
) -> NDArray[np.float64]:
    """Share of each pixel that lies inside a closed outline, by the even-odd rule.

    Exact along columns, eight lines per row.

    Parameters
    ----------
    rows, columns
        Corners in fractional indices (pixel centres at whole numbers), shape (n,).
    row_range, column_range
        First and one-past-last pixel.

    Returns
    -------
    Shape (rows, columns), from 0 to 1.
    """
    n_rows = row_range[1] - row_range[0]
    lines = row_range[0] - 0.5 + (np.arange(n_rows * _POLYGON_LINES_PER_ROW) + 0.5) / _POLYGON_LINES_PER_ROW
    y0, y1 = rows, np.roll(rows, -1)
    x0, x1 = columns, np.roll(columns, -1)
    crosses = (y0[None, :] <= lines[:, None]) != (y1[None, :] <= lines[:, None])
    rise = np.where(y1 == y0, 1.0, y1 - y0)
    crossing = np.where(crosses, x0 + (lines[:, None] - y0) * ((x1 - x0) / rise), np.inf)
    crossing.sort(axis=1)
    left_edges = np.arange(column_range[0], column_range[1]) - 0.5
    inside = np.zeros((len(lines), len(left_edges)))
    # Entering counts the pixel's part to the right of the crossing, leaving takes it away again.
    for k in range(int(crosses.sum(axis=1).max(initial=0))):
        left_part = np.clip(crossing[:, k, None] - left_edges, 0, 1)
        inside += left_part if k % 2 else -left_part
    share: NDArray[np.float64] = inside.reshape(n_rows, _POLYGON_LINES_PER_ROW, -1).mean(axis=1)
    return share


def _trimmed(geometry: VolumeGeometry, start: NDArray[np.int64], coverage: Bytes) -> VoiMask:
    """Mask without empty border planes."""
    box = []
    for axis in range(3):
        occupied = np.flatnonzero(coverage.any(axis=tuple(a for a in range(3) if a != axis)))
        if occupied.size == 0:
            return empty_mask(geometry)
        box.append(slice(int(occupied[0]), int(occupied[-1]) + 1))
    return VoiMask(geometry, _start(start + np.array([part.start for part in box])), coverage[tuple(box)])
