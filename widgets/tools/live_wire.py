"""Live wire: corners are clicked, and between them the outline runs along the edges of the image by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.livewire import EdgeMap
from dosimetry_core.voi_editing import PolygonGesture
from widgets.theme import ERROR
from widgets.tools.stroke import Point, Stroke, Tool, ToPixels

Edges = Callable[[Plane, Point], EdgeMap | None]
"""The edges around a point on a slice; None where there is no image."""


class LiveWireTool(Tool):
    """``edges`` says where the edges are."""

    def __init__(self, edges: Edges) -> None:
        super().__init__()
        self._edges = edges

    def begin(self, plane: Plane, *, inverted: bool) -> LiveWireStroke:
        """A new outline."""
        return LiveWireStroke(plane, self._edges, erase=inverted)

    def paint_hover(
        self, painter: QPainter, position: QPointF, pixels_per_mm: float, colour: QColor, *, inverted: bool
    ) -> None:
        """A small diamond where the next corner would be."""
        painter.setPen(QPen(QColor(ERROR) if inverted else colour, 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        sides = (QPointF(0, -5), QPointF(5, 0), QPointF(0, 5), QPointF(-5, 0))
        painter.drawPolygon(QPolygonF([position + side for side in sides]))


class LiveWireStroke(Stroke):
    """One outline: click for corners; the first corner, a double click or Enter closes it, along the edges too."""

    def __init__(self, plane: Plane, edges: Edges, *, erase: bool) -> None:
        self._plane, self._edges, self._erase = plane, edges, erase
        self._map: EdgeMap | None = None
        self._corners: list[Point] = []
        self._wire: list[Point] = []
        self._loose: list[Point] = []

    def press(self, point_mm: Point, *, reach_mm: float) -> bool:
        """A corner; at the first corner again, the end."""
        if not self._corners:
            self._map = self._edges(self._plane, point_mm)
            self._corners, self._wire = [point_mm], [point_mm]
            return False
        if len(self._wire) > 2 and float(np.linalg.norm(point_mm - self._corners[0])) <= reach_mm:
            return self.close()
        self._wire += self._path(self._corners[-1], point_mm)
        self._corners.append(point_mm)
        self._loose = []
        return False

    def move(self, point_mm: Point) -> None:
        """With the button down too, the wire follows the pointer."""
        self.hover(point_mm)

    def hover(self, point_mm: Point) -> None:
        """The loose end follows the pointer along the edges."""
        self._loose = self._path(self._corners[-1], point_mm)

    def release(self, point_mm: Point) -> bool:
        """A corner doesn't end it."""
        return False

    def close(self) -> bool:
        """Close along the edges, if that encloses an area."""
        if len(self._corners) < 2:
            return False
        self._wire += self._path(self._corners[-1], self._corners[0])
        self._loose = []
        return len(self._wire) >= 3

    def _path(self, begin: Point, end: Point) -> list[Point]:
        if self._map is None:
            return [end]
        return list(self._map.path(begin, end)[1:])

    def gesture(self) -> PolygonGesture | None:
        """The outline so far, closed straight."""
        if len(self._wire) < 3:
            return None
        return PolygonGesture(self._plane, np.array(self._wire), self._erase)

    def paint(self, painter: QPainter, to_pixels: ToPixels, pixels_per_mm: float, colour: QColor) -> None:
        """The wire, its corners, and the loose end dashed."""
        line = QColor(ERROR) if self._erase else QColor(colour)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(line, 1.6))
        painter.drawPolyline(QPolygonF([to_pixels(point) for point in self._wire]))
        if self._loose:
            painter.setPen(QPen(line, 1.6, Qt.PenStyle.DashLine))
            painter.drawPolyline(QPolygonF([to_pixels(point) for point in (self._wire[-1], *self._loose)]))
        painter.setPen(QPen(line, 1.4))
        for corner in self._corners:
            at = to_pixels(corner)
            painter.drawRect(int(at.x()) - 3, int(at.y()) - 3, 6, 6)
