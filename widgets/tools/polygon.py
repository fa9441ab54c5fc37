"""Polygon: an outline on one slice, clicked corner by corner or drawn freehand, adding or erasing."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.voi_editing import PolygonGesture
from widgets.theme import ERROR
from widgets.tools.stroke import Point, Stroke, Tool, ToPixels

_FREEHAND_STEP_MM = 0.7


class PolygonTool(Tool):
    """Settings of the polygon; emits ``changed`` when they change."""

    def __init__(self, *, erase: bool = False) -> None:
        super().__init__()
        self.erase = erase

    def set_erase(self, erase: bool) -> None:
        """Take away instead of adding."""
        if erase != self.erase:
            self.erase = erase
            self.changed.emit()

    def begin(self, plane: Plane, *, inverted: bool) -> PolygonStroke:
        """A new outline."""
        return PolygonStroke(plane, erase=self.erase != inverted)

    def paint_hover(
        self, painter: QPainter, position: QPointF, pixels_per_mm: float, colour: QColor, *, inverted: bool
    ) -> None:
        """A small square where the next corner would be."""
        painter.setPen(QPen(QColor(ERROR) if self.erase != inverted else colour, 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(int(position.x()) - 3, int(position.y()) - 3, 6, 6)


class PolygonStroke(Stroke):
    """One outline: click for corners (double click, Enter or the first corner closes it), or drag and let go."""

    def __init__(self, plane: Plane, *, erase: bool) -> None:
        self._plane = plane
        self._erase = erase
        self._corners: list[Point] = []
        self._dragged = 0

    def press(self, point_mm: Point, *, reach_mm: float) -> bool:
        """A corner; at the first corner again, the end."""
        self._dragged = 0
        if len(self._corners) >= 3 and float(np.linalg.norm(point_mm - self._corners[0])) <= reach_mm:
            return True
        self._corners.append(point_mm)
        return False

    def move(self, point_mm: Point) -> None:
        """Freehand drawing."""
        if float(np.linalg.norm(point_mm - self._corners[-1])) >= _FREEHAND_STEP_MM:
            self._corners.append(point_mm)
            self._dragged += 1

    def release(self, point_mm: Point) -> bool:
        """A freehand outline ends here; a clicked corner doesn't end it."""
        return self._dragged > 2 and len(self._corners) >= 3

    def close(self) -> bool:
        """Close with the corners so far, if they enclose an area."""
        return len(self._corners) >= 3

    def gesture(self) -> PolygonGesture | None:
        """The outline so far, closed."""
        if len(self._corners) < 3:
            return None
        return PolygonGesture(self._plane, np.array(self._corners), self._erase)

    def paint(self, painter: QPainter, to_pixels: ToPixels, pixels_per_mm: float, colour: QColor) -> None:
        """The outline so far, filled lightly."""
        line = QColor(ERROR) if self._erase else QColor(colour)
        fill = QColor(line)
        fill.setAlphaF(0.25)
        polygon = QPolygonF([to_pixels(corner) for corner in self._corners])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawPolygon(polygon)
        painter.setPen(QPen(line, 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(polygon)
        painter.drawRect(int(polygon.first().x()) - 3, int(polygon.first().y()) - 3, 6, 6)
