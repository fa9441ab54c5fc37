"""A slice with a dose map over the CT: colour wash, and lines of equal absorbed dose at chosen values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from contourpy import LineType, contour_generator
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath
from PySide6.QtWidgets import QWidget

from dosimetry_core.anatomical_plane import Plane, PlaneAxes
from widgets.fine_lines import draw_outline
from widgets.slice_picture import Layer, plane_values
from widgets.slice_view import SliceView

_WIDTH = 1.6
_RIM = QColor(0, 0, 0, 170)
_RIM_WIDTH = 3.4


@dataclass(frozen=True)
class Isodose:
    """A line of equal absorbed dose: its value in Gy and its colour, ``"#rrggbb"``."""

    dose_gy: float
    colour: str


class IsodoseView(SliceView):
    """Shows isodoses of the layer that `show_spect` was given, which has to be an absorbed dose."""

    def __init__(self, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(plane, parent)
        self.setObjectName(f"dose_slice_{plane}")
        self._isodoses: tuple[Isodose, ...] = ()
        self._lines: dict[float, QPainterPath] = {}
        self._made_for: tuple[object, ...] = ()

    def show_isodoses(self, isodoses: Sequence[Isodose]) -> None:
        """Lines to draw, the last on top."""
        self._isodoses = tuple(isodoses)
        self.update()

    def isodose_path(self, dose_gy: float) -> QPainterPath:
        """The line of a dose on the slice in view, in (u, v) mm of its picture; empty where the dose is nowhere."""
        layer, axes = self._spect, self.axes
        if layer is None or axes is None:
            return QPainterPath()
        made_for = (layer, axes, self.slice_index)
        if made_for != self._made_for:
            self._made_for, self._lines = made_for, {}
        if dose_gy not in self._lines:
            self._lines[dose_gy] = _path(layer, axes, self.slice_index, dose_gy)
        return self._lines[dose_gy]

    def _paint_above(self, painter: QPainter) -> None:
        painter.save()
        painter.setTransform(self._to_pixels(), combine=True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for isodose in self._isodoses:
            path = self.isodose_path(isodose.dose_gy)
            draw_outline(painter, path, _RIM, _RIM_WIDTH)
            draw_outline(painter, path, QColor(isodose.colour), _WIDTH)
        painter.restore()
        super()._paint_above(painter)


def _path(layer: Layer, axes: PlaneAxes, slice_index: int, dose_gy: float) -> QPainterPath:
    path = QPainterPath()
    values = np.asarray(plane_values(layer, axes, slice_index), np.float64)
    if min(values.shape) < 2 or not np.nanmax(values, initial=-np.inf) > dose_gy:
        return path
    # Samples stand in the middle of their share of the picture.
    width, height = axes.size_mm
    u = (np.arange(values.shape[1]) + 0.5) * width / values.shape[1]
    v = (np.arange(values.shape[0]) + 0.5) * height / values.shape[0]
    made = contour_generator(u, v, np.ma.masked_invalid(values), line_type=LineType.Separate)
    for line in made.lines(dose_gy):
        points = [QPointF(x, y) for x, y in np.asarray(line).tolist()]
        path.moveTo(points[0])
        for point in points[1:]:
            path.lineTo(point)
    return path
