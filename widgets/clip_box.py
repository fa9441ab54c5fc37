"""Clip planes of the 3D view: a box along the patient's axes whose six faces can be dragged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from widgets.theme import font
from widgets.tools.eye import Eye

LETTERS = ("R", "L", "A", "P", "I", "S")
"""The faces in their order: low and high x, y, z."""
LEAST_MM = 5.0
_LEAST_SLANT = 0.25
# Sine of the angle between a face's normal and the line of sight from which on the face can be dragged.
_HANDLE = 8.0
_LINE = QColor("#9aa3ad")
_FACE = QColor("#ffd478")


@dataclass(frozen=True, eq=False)
class ClipBox:
    """What is shown lies between two corners, (x, y, z) in mm."""

    low_mm: NDArray[np.float64]
    high_mm: NDArray[np.float64]

    def handle_mm(self, face: int) -> NDArray[np.float64]:
        """Middle of a face."""
        middle = (self.low_mm + self.high_mm) / 2
        middle[face // 2] = (self.high_mm if face % 2 else self.low_mm)[face // 2]
        return middle

    def dragged(self, face: int, eye: Eye, begin: QPointF, end: QPointF) -> ClipBox:
        """The box with a face moved along its normal as the pointer moved; at least 5 mm stay."""
        axis = face // 2
        place = self.handle_mm(face)
        unit = np.zeros(3)
        unit[axis] = 1.0
        along = eye.pixel_of(place + unit) - eye.pixel_of(place)
        length = along.x() ** 2 + along.y() ** 2
        if length < 1e-6:
            # The face is looked at straight on: there is no way on the screen that moves it.
            return self
        moved = end - begin
        shift = (moved.x() * along.x() + moved.y() * along.y()) / length
        if face % 2:
            high = self.high_mm.copy()
            high[axis] = max(high[axis] + shift, self.low_mm[axis] + LEAST_MM)
            return replace(self, high_mm=high)
        low = self.low_mm.copy()
        low[axis] = min(low[axis] + shift, self.high_mm[axis] - LEAST_MM)
        return replace(self, low_mm=low)

    def _draggable(self, eye: Eye) -> list[int]:
        """Faces that are not looked at straight on: a drag on the screen can move those along their normal."""
        found = []
        for face in range(6):
            place = self.handle_mm(face)
            unit = np.zeros(3)
            unit[face // 2] = 1.0
            along = eye.pixel_of(place + unit) - eye.pixel_of(place)
            if np.hypot(along.x(), along.y()) > _LEAST_SLANT * eye.pixels_per_mm(place):
                found.append(face)
        return found

    def face_at(self, eye: Eye, pixel: QPointF) -> int | None:
        """The face whose handle is under the pointer, or None."""
        for face in self._draggable(eye):
            away = eye.pixel_of(self.handle_mm(face)) - pixel
            if max(abs(away.x()), abs(away.y())) <= _HANDLE + 2:
                return face
        return None

    def paint(self, painter: QPainter, eye: Eye) -> None:
        """Edges, and a lettered square on each face."""
        corners = {
            sides: eye.pixel_of([(self.high_mm if side else self.low_mm)[axis] for axis, side in enumerate(sides)])
            for sides in product((0, 1), repeat=3)
        }
        painter.setPen(QPen(_LINE, 1, Qt.PenStyle.DotLine))
        for sides, at in corners.items():
            for axis in range(3):
                if not sides[axis]:
                    other = tuple(1 if k == axis else side for k, side in enumerate(sides))
                    painter.drawLine(at, corners[other])
        painter.setFont(font(scale=0.8))
        for face in self._draggable(eye):
            letter, at = LETTERS[face], eye.pixel_of(self.handle_mm(face))
            box = QRectF(at.x() - _HANDLE, at.y() - _HANDLE, 2 * _HANDLE, 2 * _HANDLE)
            painter.setPen(QPen(QColor(0, 0, 0), 1))
            painter.setBrush(_FACE)
            painter.drawRect(box)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter)
