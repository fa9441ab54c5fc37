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
_NO_CHORD_MM2 = 1e-18
_BOX_STEP = 16


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
    plane = np.ascontiguousarray(
        mask.coverage[tuple(local if axis == axes.normal else slice(None) for axis in range(3))]
    )
    rows = np.bitwise_or.reduce(plane, axis=1).nonzero()[0]
    if rows.size == 0:
        return path
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.bitwise_or.reduce(plane[top:bottom], axis=0).nonzero()[0]
    left, right = int(columns[0]), int(columns[-1]) + 1
    # Only what the VOI covers is looked at, with empty voxels around it so that every outline closes.
    box = np.zeros((_box_side(bottom - top + 2), _box_side(right - left + 2)))
    box[1 : bottom - top + 1, 1 : right - left + 1] = plane[top:bottom, left:right]
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
        u, v = np.ascontiguousarray(axes.picture_mm_of_index(index).T)
        path.addPolygon(arrayToQPolygonF(*_without_straight_corners(u, v)))
    return path


def _box_side(voxels: int) -> int:
    """Side of the box that is looked at: few sizes, so that their places are made once."""
    return -(-voxels // _BOX_STEP) * _BOX_STEP


@functools.lru_cache(maxsize=256)
def _places(rows: int, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Column and row of each voxel of a box, and that none is masked; boxes of one size come again and again."""
    x, y = np.meshgrid(np.arange(float(columns)), np.arange(float(rows)))
    return read_only(x), read_only(y), np.zeros((rows, columns), bool)


def _without_straight_corners(
    u: NDArray[np.float64], v: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every other corner left out where the outline hardly bends there: half the painting, the same picture."""
    for _ in range(2):
        if len(u) < 8:
            break
        chord_u, chord_v = u[2::2] - u[:-2:2], v[2::2] - v[:-2:2]
        # Distance of the corner between from the chord, times the chord's length.
        apart = chord_u * (v[1:-1:2] - v[:-2:2]) - chord_v * (u[1:-1:2] - u[:-2:2])
        bends = apart * apart > _STRAIGHT_MM**2 * np.maximum(chord_u * chord_u + chord_v * chord_v, _NO_CHORD_MM2)
        keep = np.ones(len(u), bool)
        keep[1 : 2 * len(bends) : 2] = bends
        u, v = u[keep], v[keep]
    return u, v
