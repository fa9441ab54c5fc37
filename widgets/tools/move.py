"""Move: the active VOI is dragged as a whole, in the plane of the slice or of the screen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.frozen import read_only
from widgets.tools.stroke import Point, Stroke, Tool, ToPixels

_ARROW = 9


@dataclass(frozen=True, eq=False)
class MoveGesture:
    """How far a VOI was dragged: (x, y, z) in mm, patient axes."""

    shift_mm: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "shift_mm", read_only(np.array(self.shift_mm, dtype=np.float64)))


class MoveTool(Tool):
    """Drags the active VOI."""

    def begin(self, plane: Plane, *, inverted: bool) -> MoveStroke:
        """A new drag; there is nothing to invert."""
        return MoveStroke()

    def paint_hover(
        self, painter: QPainter, position: QPointF, pixels_per_mm: float, colour: QColor, *, inverted: bool
    ) -> None:
        """A cross of arrows."""
        painter.setPen(QPen(colour, 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for along, beside in ((QPointF(1, 0), QPointF(0, 1)), (QPointF(0, 1), QPointF(1, 0))):
            painter.drawLine(position - along * _ARROW, position + along * _ARROW)
            for sign in (-1, 1):
                tip = position + along * (sign * _ARROW)
                for side in (-3, 3):
                    painter.drawLine(tip, tip - along * (3 * sign) + beside * side)


class MoveStroke(Stroke):
    """One drag."""

    def __init__(self) -> None:
        self._begin: Point = np.zeros(3)
        self._end: Point = np.zeros(3)

    def press(self, point_mm: Point, *, reach_mm: float) -> bool:
        """Where it is taken hold of."""
        self._begin = self._end = point_mm
        return False

    def move(self, point_mm: Point) -> None:
        """Where it is dragged to."""
        self._end = point_mm

    def release(self, point_mm: Point) -> bool:
        """The end."""
        self._end = point_mm
        return True

    def gesture(self) -> MoveGesture | None:
        """The shift so far; None where it didn't move."""
        shift = self._end - self._begin
        return MoveGesture(shift) if np.any(shift) else None

    def paint(self, painter: QPainter, to_pixels: ToPixels, pixels_per_mm: float, colour: QColor) -> None:
        """A line from where it was taken to where it is; the outline itself moves in the view."""
        painter.setPen(QPen(colour, 1.4, Qt.PenStyle.DashLine))
        painter.drawLine(to_pixels(self._begin), to_pixels(self._end))
