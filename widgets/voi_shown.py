"""A VOI as the image views show it, and its outline on a slice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from contourpy import LineType, contour_generator
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath, QPolygonF

from dosimetry_core.anatomical_plane import PlaneAxes
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


def outline_path(mask: VoiMask, axes: PlaneAxes, slice_index: int) -> QPainterPath:
    """Outline of a VOI at half coverage on one slice, in (u, v) mm of its picture; empty where it isn't."""
    path = QPainterPath()
    local = slice_index - mask.start[axes.normal]
    if mask.coverage.size == 0 or not 0 <= local < mask.coverage.shape[axes.normal]:
        return path
    # Only the VOI's own box is looked at, with an empty voxel around it so that every outline closes.
    box = np.pad(np.take(mask.coverage, local, axis=axes.normal).astype(np.float32), 1)
    if not box.any():
        return path
    first, second = sorted((axes.vertical, axes.horizontal))
    generator = contour_generator(z=box, line_type=LineType.Separate)
    for corner_list in generator.lines(FULL_COVERAGE / 2):
        line = np.asarray(corner_list)
        index = np.zeros((len(line), 3))
        index[:, first] = line[:, 1] - 1 + mask.start[first]
        index[:, second] = line[:, 0] - 1 + mask.start[second]
        corners = _without_straight_corners(axes.picture_mm(axes.geometry.index_to_point(index)))
        path.addPolygon(QPolygonF([QPointF(u, v) for u, v in corners.tolist()]))
    return path


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
