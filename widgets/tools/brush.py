"""Brush: a ball or disc moved along a path, adding or erasing."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.voi_editing import BrushGesture
from widgets.theme import ERROR
from widgets.tools.stroke import Point, ToPixels

SMALLEST_RADIUS_MM = 1.0
LARGEST_RADIUS_MM = 100.0
_SIZE_STEP = 1.2
# A new path point is kept once the pointer moved by this part of the radius: no visible effect, shorter paths.
_LEAST_STEP = 0.05


class BrushTool(QObject):
    """Settings of the brush; emits ``changed`` when any of them changes."""

    changed = Signal()

    def __init__(self, radius_mm: float = 8.0, *, spherical: bool = True, erase: bool = False) -> None:
        super().__init__()
        self.radius_mm = radius_mm
        self.spherical = spherical
        self.erase = erase

    def set_radius(self, radius_mm: float) -> None:
        """Radius in mm; outside 1 … 100 mm it stays at that end."""
        self._set(radius_mm=min(max(radius_mm, SMALLEST_RADIUS_MM), LARGEST_RADIUS_MM))

    def set_spherical(self, spherical: bool) -> None:
        """Ball through neighbouring slices, or a disc on the slice alone."""
        self._set(spherical=spherical)

    def set_erase(self, erase: bool) -> None:
        """Take away instead of adding."""
        self._set(erase=erase)

    def resize_by_steps(self, steps: int) -> bool:
        """Radius larger or smaller by 20 % for each step."""
        self.set_radius(self.radius_mm * _SIZE_STEP**steps)
        return True

    def _set(self, **settings: float | bool) -> None:
        if any(getattr(self, name) != value for name, value in settings.items()):
            for name, value in settings.items():
                setattr(self, name, value)
            self.changed.emit()

    def begin(self, plane: Plane, *, inverted: bool) -> BrushStroke:
        """A stroke with the present settings."""
        return BrushStroke(plane, self.radius_mm, spherical=self.spherical, erase=self.erase != inverted)

    def paint_hover(
        self, painter: QPainter, position: QPointF, pixels_per_mm: float, colour: QColor, *, inverted: bool
    ) -> None:
        """Circle of the brush, dashed where it would erase, with a plus or minus in the middle."""
        erasing = self.erase != inverted
        radius = self.radius_mm * pixels_per_mm
        for pen in _outline_pens(QColor(ERROR) if erasing else colour, dashed=erasing):
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(position, radius, radius)
            painter.drawLine(position - QPointF(3, 0), position + QPointF(3, 0))
            if not erasing:
                painter.drawLine(position - QPointF(0, 3), position + QPointF(0, 3))


class BrushStroke:
    """One path of the brush."""

    def __init__(self, plane: Plane, radius_mm: float, *, spherical: bool, erase: bool) -> None:
        self._plane = plane
        self._radius_mm = radius_mm
        self._spherical = spherical
        self._erase = erase
        self._points: list[Point] = []

    def press(self, point_mm: Point, *, reach_mm: float) -> bool:
        """First point of the path."""
        self._points.append(point_mm)
        return False

    def move(self, point_mm: Point) -> None:
        """Lengthen the path; between the points the brush sweeps, so a fast pointer leaves no gap."""
        if float(np.linalg.norm(point_mm - self._points[-1])) >= _LEAST_STEP * self._radius_mm:
            self._points.append(point_mm)

    def release(self, point_mm: Point) -> bool:
        """End of the path."""
        self.move(point_mm)
        return True

    def close(self) -> bool:
        """A brush has nothing to close."""
        return False

    def gesture(self) -> BrushGesture | None:
        """The whole path so far."""
        if not self._points:
            return None
        return BrushGesture(self._plane, np.array(self._points), self._radius_mm, self._spherical, self._erase)

    def paint(self, painter: QPainter, to_pixels: ToPixels, pixels_per_mm: float, colour: QColor) -> None:
        """The swept area."""
        path = QPainterPath(to_pixels(self._points[0]))
        # A path of one point has no stroke; a hair of length gives it its round ends.
        path.lineTo(to_pixels(self._points[0]) + QPointF(0.01, 0))
        for point in self._points[1:]:
            path.lineTo(to_pixels(point))
        fill = QColor(ERROR) if self._erase else QColor(colour)
        fill.setAlphaF(0.35)
        width = 2 * self._radius_mm * pixels_per_mm
        painter.setPen(QPen(fill, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)


def _outline_pens(colour: QColor, *, dashed: bool) -> list[QPen]:
    """Dark rim, then the colour, so that the circle is seen on any background."""
    rim = QPen(QColor(0, 0, 0, 150), 3)
    line = QPen(colour, 1.4, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine)
    return [rim, line]
