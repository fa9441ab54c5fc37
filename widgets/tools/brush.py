"""Brush: a ball or disc moved along a path, adding or erasing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.voi_editing import BrushGesture
from widgets.brush_size import LARGEST_BRUSH_MM, SMALLEST_BRUSH_MM
from widgets.theme import ERROR
from widgets.tools.stroke import Point, Stroke, Tool, ToPixels

_SIZE_STEP = 1.2
LEAST_PRESSED = 0.25
"""Part of the radius that a pen has when it just touches."""
# A new path point is kept once the pointer moved by this part of the radius: no visible effect, shorter paths.
_LEAST_STEP = 0.05


class BrushTool(Tool):
    """Settings of the brush; emits ``changed`` when any of them changes."""

    def __init__(self, radius_mm: float = 8.0, *, spherical: bool = True, erase: bool = False) -> None:
        super().__init__()
        self.radius_mm = radius_mm
        self.spherical = spherical
        self.erase = erase

    def set_radius(self, radius_mm: float) -> None:
        """Radius in mm; outside its limits it stays at that end."""
        self._set(radius_mm=min(max(radius_mm, SMALLEST_BRUSH_MM), LARGEST_BRUSH_MM))

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


class BrushStroke(Stroke):
    """One path of the brush; a pen that is pressed less makes it narrower."""

    def __init__(self, plane: Plane, radius_mm: float, *, spherical: bool, erase: bool) -> None:
        self._plane = plane
        self._radius_mm = radius_mm
        self._spherical = spherical
        self._erase = erase
        self._points: list[Point] = []
        self._radii_mm: list[float] = []
        self._pressed_radius_mm = radius_mm

    def set_pressure(self, share: float) -> None:
        """Radius from here on: from a quarter of the brush at no pressure to the whole at full."""
        self._pressed_radius_mm = pressed_radius_mm(self._radius_mm, share)

    def press(self, point_mm: Point, *, reach_mm: float) -> bool:
        """First point of the path."""
        self._add(point_mm)
        return False

    def move(self, point_mm: Point) -> None:
        """Lengthen the path; between the points the brush sweeps, so a fast pointer leaves no gap."""
        if float(np.linalg.norm(point_mm - self._points[-1])) >= _LEAST_STEP * self._pressed_radius_mm:
            self._add(point_mm)

    def _add(self, point_mm: Point) -> None:
        self._points.append(point_mm)
        self._radii_mm.append(self._pressed_radius_mm)

    def release(self, point_mm: Point) -> bool:
        """End of the path."""
        self.move(point_mm)
        return True

    def gesture(self) -> BrushGesture | None:
        """The whole path so far."""
        if not self._points:
            return None
        return stroke_gesture(self._plane, self._points, self._radii_mm, spherical=self._spherical, erase=self._erase)

    def paint(self, painter: QPainter, to_pixels: ToPixels, pixels_per_mm: float, colour: QColor) -> None:
        """The swept area."""
        fill = QColor(ERROR) if self._erase else QColor(colour)
        fill.setAlphaF(0.35)
        paint_path(painter, [to_pixels(p) for p in self._points], [r * pixels_per_mm for r in self._radii_mm], fill)


def pressed_radius_mm(radius_mm: float, share: float) -> float:
    """Radius of a pen that is pressed with a part of its full pressure, 0 … 1."""
    return radius_mm * (LEAST_PRESSED + (1 - LEAST_PRESSED) * min(max(share, 0.0), 1.0))


def stroke_gesture(
    plane: Plane, points: Sequence[Point], radii_mm: Sequence[float], *, spherical: bool, erase: bool
) -> BrushGesture:
    """Gesture of a path; one radius for all where the pen was pressed evenly, or there is none."""
    varying = any(radius != radii_mm[0] for radius in radii_mm)
    radii = np.array(radii_mm) if varying else None
    return BrushGesture(plane, np.array(points), max(radii_mm), spherical, erase, radii)


def paint_path(painter: QPainter, path: Sequence[QPointF], radii: Sequence[float], fill: QColor) -> None:
    """The area that a round brush sweeps, in pixels; parts of different radius are drawn apart."""
    begin = 0
    for end in range(1, len(path) + 1):
        if end < len(path) and radii[end] == radii[begin]:
            continue
        part = QPainterPath(path[begin])
        # A path of one point has no stroke; a hair of length gives it its round ends.
        part.lineTo(path[begin] + QPointF(0.01, 0))
        for point in path[begin + 1 : end + 1]:
            part.lineTo(point)
        width = 2 * radii[begin]
        painter.setPen(QPen(fill, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(part)
        begin = end


def _outline_pens(colour: QColor, *, dashed: bool) -> list[QPen]:
    """Dark rim, then the colour, so that the circle is seen on any background."""
    rim = QPen(QColor(0, 0, 0, 150), 3)
    line = QPen(colour, 1.4, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine)
    return [rim, line]
