"""A VOI as the image views show it, and its outline on a slice."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from contourpy import FillType, LineType, SerialContourGenerator, ZInterp
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtGui import QPainterPath

from dosimetry_core.anatomical_plane import PlaneAxes
from dosimetry_core.frozen import read_only
from dosimetry_core.voi import FULL_COVERAGE, VoiMask

_STRAIGHT_MM = 0.04


@dataclass(frozen=True, eq=False)
class VoiShown:
    """A VOI with its looks.

    Parameters
    ----------
    voi_id, name, mask
        Of the VOI; the mask lies on the declared grid.
    colour
        ``"#rrggbb"``.
    dash
        Dash pattern in pen widths, empty for solid.
    visible
        Whether it is drawn.
    """

    voi_id: str
    name: str
    mask: VoiMask
    colour: str
    dash: tuple[float, ...] = ()
    visible: bool = True

    @property
    def looks(self) -> tuple[object, ...]:
        """What is seen of it in an image; two with the same look alike."""
        return self.voi_id, self.mask, self.colour, self.dash, self.visible


def outline_path(mask: VoiMask, axes: PlaneAxes, slice_index: int) -> QPainterPath:
    """Outline of a VOI at half coverage on one slice, in (u, v) mm of its picture; empty where it isn't."""
    path = QPainterPath()
    local = slice_index - mask.start[axes.normal]
    if mask.coverage.size == 0 or not 0 <= local < mask.coverage.shape[axes.normal]:
        return path
    plane = mask.coverage[tuple(local if axis == axes.normal else slice(None) for axis in range(3))]
    rows = np.flatnonzero(plane.any(axis=1))
    if rows.size == 0:
        return path
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(plane[top:bottom].any(axis=0))
    left, right = int(columns[0]), int(columns[-1]) + 1
    # Only what the VOI covers is looked at, with an empty voxel around it so that every outline closes.
    box = np.zeros((bottom - top + 2, right - left + 2))
    box[1:-1, 1:-1] = plane[top:bottom, left:right]
    # As `contourpy.contour_generator` makes it, but without its look for masked values, which takes far longer.
    x, y, unmasked = _places(*box.shape)
    generator = SerialContourGenerator(
        x,
        y,
        box,
        unmasked,
        corner_mask=False,
        line_type=LineType.Separate,
        fill_type=FillType.OuterCode,
        quad_as_tri=False,
        z_interp=ZInterp.Linear,
    )
    first, second = sorted((axes.vertical, axes.horizontal))
    for corner_list in generator.lines(FULL_COVERAGE / 2):
        line = np.asarray(corner_list)
        index = np.zeros((len(line), 3))
        index[:, first] = line[:, 1] - 1 + top + mask.start[first]
        index[:, second] = line[:, 0] - 1 + left + mask.start[second]
        corners = _without_straight_corners(axes.picture_mm_of_index(index))
        path.addPolygon(arrayToQPolygonF(*np.ascontiguousarray(corners.T)))
    return path


@functools.lru_cache(maxsize=256)
def _places(rows: int, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Column and row of each voxel of a box, and that none is masked; boxes of one size come again and again."""
    x, y = np.meshgrid(np.arange(float(columns)), np.arange(float(rows)))
    return read_only(x), read_only(y), np.zeros((rows, columns), bool)


def _without_straight_corners(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every other corner left out where the outline hardly bends there: half the painting, the same picture."""
    for _ in range(2):
        if len(corners) < 8:
            break
        middle, before, after = corners[1:-1:2], corners[0:-2:2], corners[2::2]
        count = min(len(middle), len(after))
        chord = after[:count] - before[:count]
        offset = middle[:count] - before[:count]
        length = np.maximum(np.hypot(chord[:, 0], chord[:, 1]), 1e-9)
        keep = np.ones(len(corners), bool)
        away = np.abs(chord[:, 0] * offset[:, 1] - chord[:, 1] * offset[:, 0]) / length
        keep[1 : 1 + 2 * count : 2] = away > _STRAIGHT_MM
        corners = corners[keep]
    return corners
