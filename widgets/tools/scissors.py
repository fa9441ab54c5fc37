"""Scissors: an outline drawn on a picture cuts the active VOI through all depth."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.voi_cutting import OutlineCut
from widgets.theme import ERROR
from widgets.tools.stroke import Point, Stroke, Tool, ToPixels

_STEP_MM = 0.7
# Patient axes (u, v) of the picture of a plane; the third is the depth that is cut through.
_ACROSS: dict[Plane, tuple[int, int]] = {"axial": (0, 1), "coronal": (0, 2), "sagittal": (1, 2)}


def plane_projection(plane: Plane) -> np.ndarray:
    """Shape (3, 4): patient point to (u, v, 1) across a plane of the patient."""
    projection = np.zeros((3, 4))
    for row, axis in enumerate(_ACROSS[plane]):
        projection[row, axis] = 1.0
    projection[2, 3] = 1.0
    return projection


class ScissorsTool(Tool):
    """Takes away what lies inside the outline, or with ``keeps_inside`` what lies outside."""

    def __init__(self, *, keeps_inside: bool = False) -> None:
        super().__init__()
        self.keeps_inside = keeps_inside

    def begin(self, plane: Plane, *, inverted: bool) -> ScissorsStroke:
        """A new outline; ``inverted`` swaps inside and outside."""
        return ScissorsStroke(plane, keeps_inside=self.keeps_inside != inverted)

    def paint_hover(
        self, painter: QPainter, position: QPointF, pixels_per_mm: float, colour: QColor, *, inverted: bool
    ) -> None:
        """Two crossed blades, with what they would take away in a word."""
        painter.setPen(QPen(QColor(ERROR), 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawLine(position, position + QPointF(9, 12))
        painter.drawLine(position + QPointF(9, 0), position + QPointF(0, 12))
        word = "outside" if self.keeps_inside != inverted else "inside"
        painter.drawText(position + QPointF(14, 14), word)


class ScissorsStroke(Stroke):
    """One outline, drawn freehand while the button is down."""

    def __init__(self, plane: Plane, *, keeps_inside: bool) -> None:
        self._plane, self._keeps_inside = plane, keeps_inside
        self._corners: list[Point] = []

    def press(self, point_mm: Point, *, reach_mm: float) -> bool:
        """The first corner."""
        self._corners = [point_mm]
        return False

    def move(self, point_mm: Point) -> None:
        """Further corners."""
        if float(np.linalg.norm(point_mm - self._corners[-1])) >= _STEP_MM:
            self._corners.append(point_mm)

    def release(self, point_mm: Point) -> bool:
        """The end; the outline closes itself."""
        return True

    def gesture(self) -> OutlineCut | None:
        """The outline so far; None while it encloses nothing."""
        if len(self._corners) < 3:
            return None
        outline = np.array(self._corners)[:, list(_ACROSS[self._plane])]
        return OutlineCut(plane_projection(self._plane), outline, self._keeps_inside)

    def paint(self, painter: QPainter, to_pixels: ToPixels, pixels_per_mm: float, colour: QColor) -> None:
        """The outline so far."""
        paint_outline(painter, [to_pixels(corner) for corner in self._corners])


def paint_outline(painter: QPainter, corners: list[QPointF]) -> None:
    """A cut being drawn: closed by a dashed line."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(ERROR), 1.6))
    painter.drawPolyline(QPolygonF(corners))
    painter.setPen(QPen(QColor(ERROR), 1.2, Qt.PenStyle.DashLine))
    painter.drawLine(corners[-1], corners[0])
