"""How much of each image voxel a VOI covers, after the VOI was moved rigidly onto the image."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import FloatArray, RigidTransform, VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, VoiMask

# Side of a splatted cell, as a share of the image voxel's side along the same axis. Cells are deposited as boxes, so
# the share only limits what a rotated cell's box leaves out; at 1/2 the interior of a VOI rotated by 10° stays within
# 1 % of full coverage and its boundary keeps the resolution of the declared grid.
_LARGEST_CELL_SHARE = 0.5
COARSE_CELL_SHARE = 1.0
"""For VOIs of which only the sum matters, such as the body's outline: four to eight times as fast."""
_QUANTA = 2.0**50
"""Deposits are whole numbers of 1 / this, so that their sums are exact: what edits add and take away in any order is to
the bit what is deposited at once."""
ROUNDING = 1e-9
"""Coverage of a voxel below this is rounding: of an edge that coincides with a voxel's."""


Box = tuple[slice, slice, slice]
"""Index ranges along (slice, row, column)."""


@dataclass(frozen=True, eq=False)
class GridCoverage:
    """Fraction of each voxel of an image grid that a VOI covers, stored for the VOI's box only.

    Parameters
    ----------
    grid
        The whole image grid.
    start
        Index (slice, row, column) of the box's first voxel; the box may be empty. Made by `coverage_on_grid` it is the
        box of `close_box`.
    fraction
        Shape of the box; 1 for a voxel wholly inside. Rotated masks reach 1 to within a percent.
    fraction_outside
        Share of the VOI's volume that lies outside the grid, 0 … 1.
    """

    grid: VolumeGeometry
    start: tuple[int, int, int]
    fraction: NDArray[np.float64]
    fraction_outside: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "fraction", read_only(self.fraction))

    @property
    def slices(self) -> Box:
        """The box as index ranges on the whole grid."""
        a, b, c = (slice(s, s + n) for s, n in zip(self.start, self.fraction.shape, strict=True))
        return a, b, c

    @property
    def volume_ml(self) -> float:
        """Volume of the VOI inside the grid, in mL."""
        return float(self.fraction.sum()) * self.grid.voxel_volume_ml

    def whole_grid_fraction(self) -> NDArray[np.float32]:
        """Fractions on the whole grid, shape (slice, row, column)."""
        whole = np.zeros(self.grid.shape, np.float32)
        whole[self.slices] = self.fraction
        return whole


def common_box(coverages: Iterable[GridCoverage]) -> Box:
    """The smallest box of their grid that holds them all; there must be one at least."""
    every = [covered.slices for covered in coverages]
    a, b, c = (slice(min(at.start for at in axis), max(at.stop for at in axis)) for axis in zip(*every, strict=True))
    return a, b, c


def box_within(box: Box, outer: Box) -> Box:
    """A box as index ranges within another that holds it."""
    a, b, c = (slice(at.start - of.start, at.stop - of.start) for at, of in zip(box, outer, strict=True))
    return a, b, c


def coverage_on_grid(
    mask: VoiMask, transform: RigidTransform, grid: VolumeGeometry, *, cell_share: float = _LARGEST_CELL_SHARE
) -> GridCoverage:
    """Coverage of an image grid by a VOI declared on another grid.

    Parameters
    ----------
    mask
        The VOI on its declared grid.
    transform
        Maps a patient point of the declared grid to the point of the image.
    grid
        Grid of the image.
    cell_share
        Largest side of a deposited cell as a share of the image voxel's, at most 1.

    Returns
    -------
    GridCoverage
        Conserves volume: what is inside and the reported fraction outside add up to the VOI's volume exactly.

    Notes
    -----
    The mask is cut into cells no larger than half an image voxel along each image axis (voxels of a coarse mask are
    divided, wholly covered blocks of a fine mask are joined). Each cell is deposited as a box along the image axes with
    the volume and the second moments of the moved cell, so that grids with parallel axes are treated exactly whatever
    their sizes and offsets, and rotated ones without the moiré of counted points.
    """
    box = mask.coverage
    volume = float(box.sum(dtype=np.int64)) / FULL_COVERAGE
    if volume == 0:
        return GridCoverage(grid, (0, 0, 0), np.zeros((0, 0, 0)), 0.0)
    start, fraction = close_box(*splatted(box, mask.start, mask.geometry, transform, grid, cell_share=cell_share))
    inside = float(fraction.sum()) * grid.voxel_volume_ml / mask.geometry.voxel_volume_ml
    return GridCoverage(grid, start, fraction, max(0.0, 1.0 - inside / volume))


def close_box(
    start: tuple[int, int, int], fraction: NDArray[np.float64]
) -> tuple[tuple[int, int, int], NDArray[np.float64]]:
    """A coverage on the box of what is covered, with one voxel more on each side as far as it was given.

    What is computed on a box (a kidney's voxels are split more finely the smaller it is) must not rest on how large
    the VOI was before an edit, so the box follows from the coverage alone.

    Parameters
    ----------
    start, fraction
        With at least one voxel more on each side than is covered, or up to the grid's edge.
    """
    covered: NDArray[np.bool_] = fraction > ROUNDING
    across: NDArray[np.bool_] = np.logical_or.reduce(covered, axis=2)
    begin, cut = list(start), []
    deep: NDArray[np.bool_] = np.logical_or.reduce(covered, axis=0)
    for axis, along in enumerate((across.any(axis=1), across.any(axis=0), deep.any(axis=0))):
        used = np.flatnonzero(along)
        if not used.size:
            return (0, 0, 0), np.zeros((0, 0, 0))
        first = max(0, int(used[0]) - 1)
        begin[axis] += first
        cut.append(slice(first, int(used[-1]) + 2))
    return (begin[0], begin[1], begin[2]), fraction[tuple(cut)]


@dataclass(frozen=True, eq=False)
class Cells:
    """What is deposited of a mask: blocks of voxels that are wholly covered, and single voxels.

    Parameters
    ----------
    joined
        Voxels along each axis of a block.
    blocks, voxels
        Index of each one's middle on the declared grid, shape (cells, 3).
    block_signs
        1, or −1 where a block is taken away.
    voxel_weights
        In units of `FULL_COVERAGE`, negative where it is taken away.
    """

    joined: tuple[int, int, int]
    blocks: FloatArray
    block_signs: FloatArray
    voxels: FloatArray
    voxel_weights: FloatArray


def splatted(
    weights: NDArray[np.uint8],
    weights_start: tuple[int, int, int],
    geometry: VolumeGeometry,
    transform: RigidTransform,
    grid: VolumeGeometry,
    *,
    cell_share: float = _LARGEST_CELL_SHARE,
) -> tuple[tuple[int, int, int], NDArray[np.float64]]:
    """Deposit mask voxels, in units of `FULL_COVERAGE`, on an image grid: start of the box and its fractions.

    Additive over parts of a mask that are cut at multiples of `joined_voxels`.
    """
    joined = _cell_factors(_step_in_image_voxels(geometry, transform, grid), cell_share)[0]
    origin, full, left = _cut(weights, weights_start, joined)
    return deposited(_cells(joined, origin, [(1, full, left)]), geometry, transform, grid)


def changed_cells(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    weights_start: tuple[int, int, int],
    joined: tuple[int, int, int],
) -> Cells:
    """The cells by which two states of a part of a mask differ, those of before to be taken away.

    Deposited they are what `splatted` of that part changes by.
    """
    origin, full_before, left_before = _cut(before, weights_start, joined)
    _, full_after, left_after = _cut(after, weights_start, joined)
    differs = left_after != left_before
    gone = -1, full_before & ~full_after, np.where(differs, left_before, 0)
    new = 1, full_after & ~full_before, np.where(differs, left_after, 0)
    return _cells(joined, origin, [gone, new])


def _cells(
    joined: tuple[int, int, int],
    origin: NDArray[np.int_],
    cuts: Sequence[tuple[int, NDArray[np.bool_], NDArray[np.uint8]]],
) -> Cells:
    """Blocks and voxels of cut masks, each mask with a sign."""
    blocks = [np.argwhere(full) for _, full, _ in cuts]
    voxels = [np.argwhere(left) for _, _, left in cuts]
    return Cells(
        joined,
        np.concatenate(blocks) * np.array(joined) + (np.array(joined) - 1) / 2 + origin,
        np.concatenate([np.full(len(at), float(sign)) for (sign, _, _), at in zip(cuts, blocks, strict=True)]),
        (np.concatenate(voxels) + origin).astype(np.float64),
        np.concatenate([left[tuple(at.T)] * float(sign) for (sign, _, left), at in zip(cuts, voxels, strict=True)]),
    )


def deposited(
    cells: Cells, geometry: VolumeGeometry, transform: RigidTransform, grid: VolumeGeometry
) -> tuple[tuple[int, int, int], NDArray[np.float64]]:
    """Cells of a mask declared on a grid, moved onto an image grid: start of their box there, and its fractions.

    What a cell deposits must be to the bit the same whatever is deposited with it: no products of matrices here, whose
    last digit depends on how many rows they have.
    """
    step = _step_in_image_voxels(geometry, transform, grid)
    begin_at = grid.point_to_index(transform.apply(geometry.index_to_point(np.zeros(3))))
    divided = _cell_factors(step, _LARGEST_CELL_SHARE)[1]
    quanta = geometry.voxel_volume_ml / grid.voxel_volume_ml * _QUANTA
    moved, values, sides = [], [], []
    for centres, signed, unit, factor in (
        (cells.blocks, cells.block_signs, quanta * float(np.prod(cells.joined)), cells.joined),
        (cells.voxels, cells.voxel_weights, quanta / FULL_COVERAGE, (1, 1, 1)),
    ):
        if not len(centres):
            continue
        pieces = tuple(d if f == 1 else 1 for d, f in zip(divided, factor, strict=True))
        side = np.sqrt(((step * (np.array(factor) / pieces)) ** 2).sum(axis=1))
        offsets = _piece_offsets(pieces)
        for offset in offsets:
            x, y, z = (centres + offset * factor).T
            moved.append([a * x + b * y + c * z + at for (a, b, c), at in zip(step, begin_at, strict=True)])
            values.append(signed * unit / len(offsets))
            sides.append(np.broadcast_to(side[:, None], (3, len(centres))))
    if not moved:
        return (0, 0, 0), np.zeros((0, 0, 0))
    return _boxes_on_grid(
        np.concatenate(moved, axis=1), np.concatenate(values), np.concatenate(sides, axis=1), grid.shape
    )


@functools.lru_cache(maxsize=64)
def _piece_offsets(pieces: tuple[int, ...]) -> FloatArray:
    """Middles of the parts into which a cell is divided along each axis, from its own, in cells; shape (parts, 3)."""
    along = [(np.arange(n) + 0.5) / n - 0.5 for n in pieces]
    return read_only(np.stack(np.meshgrid(*along, indexing="ij"), axis=-1).reshape(-1, 3))


def joined_voxels(geometry: VolumeGeometry, transform: RigidTransform, grid: VolumeGeometry) -> tuple[int, int, int]:
    """How many mask voxels are joined into one block along each axis of the declared grid."""
    return _cell_factors(_step_in_image_voxels(geometry, transform, grid), _LARGEST_CELL_SHARE)[0]


def _step_in_image_voxels(geometry: VolumeGeometry, transform: RigidTransform, grid: VolumeGeometry) -> FloatArray:
    """Column k: how far one mask voxel along its axis k reaches, in voxels along each image axis."""
    moved = transform.rotation @ (geometry.directions * np.array(geometry.spacing_mm))
    steps: FloatArray = (grid.directions.T @ moved) / np.array(grid.spacing_mm)[:, None]
    return steps


def _cell_factors(step: FloatArray, share: float) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """How many mask voxels may be joined, or into how many one must be divided, along each mask axis."""
    reach = np.abs(step).max(axis=0)
    join = np.maximum(1, np.floor(share / reach)).astype(int)
    divide = np.maximum(1, np.ceil(reach / share)).astype(int)
    return (int(join[0]), int(join[1]), int(join[2])), (int(divide[0]), int(divide[1]), int(divide[2]))


def _cut(
    weights: NDArray[np.uint8], start: tuple[int, int, int], factor: tuple[int, int, int]
) -> tuple[NDArray[np.int_], NDArray[np.bool_], NDArray[np.uint8]]:
    """Origin on the declared grid, wholly covered blocks, and the single voxels left over.

    Blocks begin at multiples of the factor on the declared grid, so that a part of a mask is cut like the whole.
    """
    if max(factor) == 1:
        return np.array(start), np.zeros(weights.shape, bool), weights
    before = [s % f for s, f in zip(start, factor, strict=True)]
    after = [-(b + n) % f for b, n, f in zip(before, weights.shape, factor, strict=True)]
    left = np.pad(weights, list(zip(before, after, strict=True)))
    count = [n // f for n, f in zip(left.shape, factor, strict=True)]
    parts = left.reshape(count[0], factor[0], count[1], factor[1], count[2], factor[2])
    full: NDArray[np.bool_] = (parts == FULL_COVERAGE).all(axis=(1, 3, 5))
    parts *= ~full[:, None, :, None, :, None]
    return np.array(start) - np.array(before), full, left


def _boxes_on_grid(
    index: FloatArray, value: FloatArray, sides: FloatArray, grid_shape: tuple[int, int, int]
) -> tuple[tuple[int, int, int], NDArray[np.float64]]:
    """Sum of boxes in whole numbers, as fractions of the voxels that they reach on the grid.

    Parameters
    ----------
    index, sides
        Middles and sides in voxels, shape (3, boxes).
    value
        Of each box, in quanta.
    """
    lower = index - sides / 2 + 0.5
    # One voxel more on each side: rounding may put an edge that coincides with a voxel's into the next one.
    low = np.floor(lower.min(axis=1)).astype(int) - 1
    high = np.floor((index + sides / 2 + 0.5).max(axis=1)).astype(int) + 1
    begin = np.clip(low, 0, grid_shape)
    stop = np.clip(high + 1, 0, grid_shape)
    if np.any(stop <= begin):
        return (0, 0, 0), np.zeros((0, 0, 0))
    shape = high - low + 1
    total = (_summed_boxes(shape, low, lower, value, sides) / _QUANTA).reshape(shape)
    found = total[tuple(slice(b - lo, s - lo) for b, s, lo in zip(begin, stop, low, strict=True))]
    return (int(begin[0]), int(begin[1]), int(begin[2])), np.ascontiguousarray(found)


def _summed_boxes(
    shape: NDArray[np.int_], low: NDArray[np.int_], lower: FloatArray, value: FloatArray, sides: FloatArray
) -> FloatArray:
    """Sum of boxes on a flat array of voxels, the first of which has the index ``low``; ``lower`` are their edges."""
    places, shares = [], []
    for axis in range(3):
        first = np.floor(lower[axis]).astype(np.int64)
        # A box no wider than one voxel reaches at most two of them; wider ones (mask voxels larger than image
        # voxels are divided first, so this is the exception of oblique cells) reach three.
        widest = sides[axis].max()
        count = 2 if widest <= 1 else int(np.ceil(widest)) + 1
        upper = lower[axis] + sides[axis]
        covered = [
            np.clip(np.minimum(upper, first + n + 1) - np.maximum(lower[axis], first + n), 0, None) / sides[axis]
            for n in range(count)
        ]
        places.append(first - low[axis])
        shares.append(covered)
    voxels, amounts = [], []
    for a, share_a in enumerate(shares[0]):
        for b, share_b in enumerate(shares[1]):
            plane = value * share_a * share_b
            row = ((places[0] + a) * shape[1] + places[1] + b) * shape[2] + places[2]
            for c, share_c in enumerate(shares[2]):
                amount = np.rint(plane * share_c)
                used = amount != 0
                voxels.append((row + c)[used])
                amounts.append(amount[used])
    total = np.zeros(int(np.prod(shape)))
    total += np.bincount(np.concatenate(voxels), np.concatenate(amounts), minlength=total.size)
    return total
