"""One VOI on one scan: how it covers the voxels, and how it looks through the point spread."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary, ref

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.geometry import RigidTransform
from dosimetry_core.partial_volume.point_spread import Box, PointSpread, added, common_range
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_sampling import (
    Cells,
    changed_cells,
    close_box,
    coverage_on_grid,
    deposited,
    joined_voxels,
)

NEGLIGIBLE_OUTSIDE = 1e-6
"""Share of a VOI's volume outside the field of view that is rounding."""
# When less than this share of a VOI's voxels changed, only they are deposited and blurred again.
_LARGEST_SHARE_UPDATED = 0.5


@dataclass(frozen=True, eq=False)
class _Difference:
    """Two masks on the box that holds both.

    Parameters
    ----------
    low
        First index of the box on the declared grid.
    before, after
        The masks.
    changed
        Range of the box in which they differ along each axis; None if they are the same.
    cells
        By the voxels joined into one block: the cells that differ, or None if most of the mask does.
    """

    low: tuple[int, ...]
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    changed: tuple[tuple[int, int], ...] | None
    cells: dict[tuple[int, int, int], Cells | None] = field(default_factory=dict)


_MOST_DIFFERENCES = 8
_differences: WeakKeyDictionary[VoiMask, tuple[ref[VoiMask], _Difference]] = WeakKeyDictionary()
"""By the new mask: the old one, and what differs."""


@dataclass(frozen=True, eq=False)
class SampledVoi:
    """One VOI on one scan: where it is, and how it looks with the point spread.

    Parameters
    ----------
    mask
        The exclusive mask it came from.
    coverage
        χ: fraction of each image voxel.
    blurred
        g ∗ χ.
    widened
        Change of ``blurred`` per relative change of the point spread's width.
    fraction_outside
        Share of the VOI's volume outside the field of view.
    """

    mask: VoiMask
    coverage: Box
    blurred: Box
    widened: Box
    fraction_outside: float

    @functools.cached_property
    def covered_voxels(self) -> float:
        """Volume inside the field of view, in image voxels."""
        return float(self.coverage.values.sum())


def sampled_voi(
    mask: VoiMask, known: SampledVoi | None, transform: RigidTransform, point_spread: PointSpread
) -> tuple[SampledVoi, Box]:
    """A VOI on a scan, and the part of the image where its blurred coverage is new.

    Parameters
    ----------
    known
        The same VOI on the same scan before an edit, or None.

    Notes
    -----
    Whatever ``known`` was, the VOI is to the bit what it is without: coverages are exact sums, and what is seen through
    the point spread is summed anew where an edit reaches, voxel by voxel as for the VOI as a whole.
    """
    change = _changed_coverage(mask, known, transform, point_spread) if known is not None else None
    if known is not None and change is not None:
        box = _changed(known.coverage, change)
        outside = _fraction_outside(mask, box, point_spread)
        if max(outside, known.fraction_outside) < NEGLIGIBLE_OUTSIDE:
            blurred, touched = _blurred_again(known.blurred, box, change, point_spread)
            widened = _widened_again(known, blurred, touched, point_spread)
            return SampledVoi(mask, box, blurred, widened, outside), touched
    coverage = coverage_on_grid(mask, transform, point_spread.grid)
    box = Box(coverage.start, coverage.fraction)
    outside = _fraction_outside(mask, box, point_spread)
    blurred = point_spread.blurred(box)
    if outside >= NEGLIGIBLE_OUTSIDE:
        blurred = _blurred_from_beyond(mask, transform, point_spread, blurred)
    touched = blurred if known is None else _hull(blurred, known.blurred)
    return SampledVoi(mask, box, blurred, point_spread.width_derivative(blurred), outside), touched


def _changed(known: Box, change: Box) -> Box:
    """Coverage after an edit, on the box that it would have without one before; the sum is exact."""
    if not change.values.size:
        return known
    coverage = added(known, change)
    return Box(*close_box(coverage.start, np.asarray(coverage.values)))


def _blurred_again(known: Box, coverage: Box, change: Box, point_spread: PointSpread) -> tuple[Box, Box]:
    """Blurred coverage after an edit, summed anew where the edit reaches only, and that part of the grid."""
    if not change.values.size:
        return known, change
    where, blurred = _zeros(*point_spread.reached_from(change)), _zeros(*point_spread.reached_from(coverage))
    values = np.array(blurred.values)
    kept, anew = common_range(known, blurred), common_range(where, blurred)
    if kept is not None:
        values[blurred.index_of(*kept)] = known.within(*kept)
    if anew is not None:
        values[blurred.index_of(*anew)] = point_spread.summed_within(coverage, *anew).values
    return Box(blurred.start, values), where


def _widened_again(known: SampledVoi, blurred: Box, touched: Box, point_spread: PointSpread) -> Box:
    """Change with the width after an edit, computed anew where the blurred coverage is new, and beside it."""
    if blurred is known.blurred:
        return known.widened
    if (known.blurred.start, known.blurred.stop) != (blurred.start, blurred.stop):
        return point_spread.width_derivative(blurred)
    start = tuple(max(a, b - 1) for a, b in zip(blurred.start, touched.start, strict=True))
    stop = tuple(min(a, b + 1) for a, b in zip(blurred.stop, touched.stop, strict=True))
    if any(a >= b for a, b in zip(start, stop, strict=True)):
        return known.widened
    values = np.array(known.widened.values)
    values[blurred.index_of(start, stop)] = point_spread.width_derivative_within(blurred, start, stop).values
    return Box(blurred.start, values)


def _zeros(start: tuple[int, int, int], stop: tuple[int, int, int]) -> Box:
    return Box(start, np.zeros([hi - lo for lo, hi in zip(start, stop, strict=True)]))


def _blurred_from_beyond(mask: VoiMask, transform: RigidTransform, point_spread: PointSpread, near: Box) -> Box:
    """Blurred coverage of a VOI that reaches beyond the grid: what lies outside is seen inside, too."""
    reach = point_spread.reach_voxels
    grid = point_spread.grid
    wide = grid.cropped(
        (-reach[0], -reach[1], -reach[2]),
        (grid.shape[0] + 2 * reach[0], grid.shape[1] + 2 * reach[1], grid.shape[2] + 2 * reach[2]),
    )
    coverage = coverage_on_grid(mask, transform, wide)
    start = tuple(s - r for s, r in zip(coverage.start, reach, strict=True))
    beyond = Box((start[0], start[1], start[2]), coverage.fraction)
    first = tuple(max(0, s - r) for s, r in zip(beyond.start, reach, strict=True))
    last = tuple(min(n, s + r) for n, s, r in zip(grid.shape, beyond.stop, reach, strict=True))
    if any(a >= b for a, b in zip(first, last, strict=True)):
        return near
    return point_spread.blurred_within(beyond, first, last)


def _changed_coverage(
    mask: VoiMask, known: SampledVoi, transform: RigidTransform, point_spread: PointSpread
) -> Box | None:
    """Change of the coverage, from the changed part of the mask only; None if most of it changed."""
    old = known.mask
    if old.geometry is not mask.geometry or old.is_empty or mask.is_empty:
        return None
    difference = _difference(old, mask)
    if difference.changed is None:
        return Box((0, 0, 0), np.zeros((0, 0, 0)))
    # Scans of one camera join voxels alike.
    joined = joined_voxels(mask.geometry, transform, point_spread.grid)
    if joined not in difference.cells:
        difference.cells[joined] = _cells_that_differ(difference, difference.changed, joined)
    cells = difference.cells[joined]
    return None if cells is None else Box(*deposited(cells, mask.geometry, transform, point_spread.grid))


def _cells_that_differ(
    difference: _Difference, changed: tuple[tuple[int, int], ...], joined: tuple[int, int, int]
) -> Cells | None:
    start, stop = [], []
    low, after = difference.low, difference.after
    for (first, end), lo, size, block in zip(changed, low, after.shape, joined, strict=True):
        # Whole blocks, so that the part is deposited exactly as it was within the whole mask.
        start.append(max((first + lo) // block * block, lo))
        stop.append(min(-(-(end + lo) // block) * block, lo + size))
    part = tuple(slice(a - lo, b - lo) for a, b, lo in zip(start, stop, low, strict=True))
    if after[part].size > _LARGEST_SHARE_UPDATED * after.size:
        return None
    return changed_cells(difference.before[part], after[part], (start[0], start[1], start[2]), joined)


def _difference(old: VoiMask, new: VoiMask) -> _Difference:
    """Two masks on the box that holds both: its first index, the masks, and the range of it that differs by axis.

    All scans of a cycle ask the same of the VOI that was edited, so the last ones are kept. Masks are compared as
    objects, which can't change; what is kept of one goes with it.
    """
    known = _differences.get(new)
    if known is not None and known[0]() is old:
        return known[1]
    found = _difference_anew(old, new)
    if len(_differences) >= _MOST_DIFFERENCES:
        _differences.clear()
    _differences[new] = ref(old), found
    return found


def _difference_anew(old: VoiMask, new: VoiMask) -> _Difference:
    low = tuple(min(a, b) for a, b in zip(old.start, new.start, strict=True))
    high = tuple(
        max(a + n, b + m)
        for a, n, b, m in zip(old.start, old.coverage.shape, new.start, new.coverage.shape, strict=True)
    )
    before, after = (_on_range(mask, low, high) for mask in (old, new))
    different = before != after
    if not different.any():
        return _Difference(low, before, after, None)
    flat = different.any(axis=2)
    changed = []
    for along in (flat.any(axis=1), flat.any(axis=0), different.any(axis=(0, 1))):
        used = np.flatnonzero(along)
        changed.append((int(used[0]), int(used[-1]) + 1))
    return _Difference(low, before, after, tuple(changed))


def _on_range(mask: VoiMask, low: tuple[int, ...], high: tuple[int, ...]) -> NDArray[np.uint8]:
    shape = tuple(hi - lo for lo, hi in zip(low, high, strict=True))
    if low == mask.start and shape == mask.coverage.shape:
        return mask.coverage
    out = np.zeros(shape, np.uint8)
    out[tuple(slice(s - lo, s - lo + n) for s, lo, n in zip(mask.start, low, mask.coverage.shape, strict=True))] = (
        mask.coverage
    )
    return out


def _fraction_outside(mask: VoiMask, coverage: Box, point_spread: PointSpread) -> float:
    inside_ml = float(coverage.values.sum()) * point_spread.grid.voxel_volume_ml
    return max(0.0, 1.0 - inside_ml / mask.volume_ml) if not mask.is_empty else 0.0


def _hull(a: Box, b: Box) -> Box:
    return added(Box(a.start, np.zeros(a.values.shape)), Box(b.start, np.zeros(b.values.shape)))
