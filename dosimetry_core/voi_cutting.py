"""Scissors: a VOI cut with an outline drawn on a picture of it, through all depth."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.frozen import read_only
from dosimetry_core.voi import FULL_COVERAGE, VoiMask
from dosimetry_core.voi_boxes import mask_of_box
from dosimetry_core.voi_editing import polygon_coverage

_RASTER: Final = 768
"""Pixels across the longer side of the outline: finer than it can be drawn by hand."""
_PARTS: Final = (-0.25, 0.25)
# Middles of the eighths of a voxel: the cut goes through voxels, not only between them.


@dataclass(frozen=True, eq=False)
class OutlineCut:
    """What lies inside, or outside, an outline on a picture is taken away.

    Parameters
    ----------
    projection
        Shape (3, 4): patient point (x, y, z, 1) in mm to picture (u w, v w, w); w is positive before the eye.
    outline
        Corners (u, v) on the picture, shape (n, 2), n ≥ 3; it closes itself, overlaps count by the even-odd rule.
    keeps_inside
        Take away what lies outside instead.

    Raises
    ------
    ValueError
        If shapes or numbers don't make an outline on a picture.
    """

    projection: NDArray[np.float64]
    outline: NDArray[np.float64]
    keeps_inside: bool

    def __post_init__(self) -> None:
        projection = np.array(self.projection, dtype=np.float64)
        outline = np.array(self.outline, dtype=np.float64)
        if projection.shape != (3, 4) or not np.all(np.isfinite(projection)):
            raise ValueError("a projection is a finite matrix of three rows and four columns")
        if outline.ndim != 2 or outline.shape[1] != 2 or len(outline) < 3 or not np.all(np.isfinite(outline)):
            raise ValueError("an outline needs at least three finite corners (u, v)")
        object.__setattr__(self, "projection", read_only(projection))
        object.__setattr__(self, "outline", read_only(outline))


def cut(mask: VoiMask, by: OutlineCut) -> VoiMask:
    """Mask after the cut; the very same object where the outline doesn't meet it."""
    if mask.is_empty:
        return mask
    low, high = by.outline.min(axis=0), by.outline.max(axis=0)
    size = float((high - low).max())
    if size <= 0:
        return mask
    scale = (_RASTER - 1) / size
    corners = (by.outline - low) * scale
    rows, columns = (int(np.ceil(extent * scale)) + 1 for extent in (high - low)[::-1])
    inside = polygon_coverage(corners[:, 1], corners[:, 0], (0, rows), (0, columns)) >= 0.5
    covered = np.argwhere(mask.coverage > 0)
    to_patient = mask.geometry.index_to_point_matrix
    share = np.zeros(len(covered))
    for part in product(_PARTS, repeat=3):
        index = np.column_stack([covered + np.array(mask.start) + part, np.ones(len(covered))])
        seen = index @ (by.projection @ to_patient).T
        before = seen[:, 2] > 0
        u, v = ((seen[before, k] / seen[before, 2] - low[k]) * scale for k in (0, 1))
        column, row = np.rint(u).astype(np.int64), np.rint(v).astype(np.int64)
        on = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        hit = np.zeros(len(u), bool)
        hit[on] = inside[row[on], column[on]]
        share[before] += hit / len(_PARTS) ** 3
    left = share if by.keeps_inside else 1 - share
    # A voxel already partly covered keeps what fits beside the cut, as with the eraser.
    new = mask.coverage.copy()
    place = tuple(covered.T)
    new[place] = np.minimum(new[place], np.rint(left * FULL_COVERAGE).astype(np.uint8))
    if np.array_equal(new, mask.coverage):
        return mask
    return mask_of_box(mask.geometry, np.array(mask.start), new, 1)
