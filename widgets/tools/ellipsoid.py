"""Ball and ellipsoid with handles: drawn from the middle outwards, then moved and stretched by their handles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.voi_primitives import Ellipsoid
from widgets.theme import ERROR
from widgets.tools.stroke import Point, Stroke, Tool, ToPixels

SMALLEST_MM = 1.0
HANDLE_PIXELS = 4.0
# Patient axes across each plane, and the one along its normal.
ACROSS: dict[Plane, tuple[int, int, int]] = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}
CENTRE = -1
"""Number of the centre's handle; 0 … 5 are the ends of the axes in the order of `Ellipsoid.surface_points_mm`."""


@dataclass(frozen=True, eq=False)
class EllipsoidGesture:
    """An ellipsoid drawn, or one that was drawn and is now changed.

    Parameters
    ----------
    ellipsoid
        As it is now.
    erase
        Take it away instead of adding it.
    changes
        It takes the place of the one whose handles are shown.
    """

    ellipsoid: Ellipsoid
    erase: bool
    changes: bool


def pulled(ellipsoid: Ellipsoid, handle: int, to_mm: Point, *, uniform: bool) -> Ellipsoid:
    """The ellipsoid with a handle pulled to a point; ``uniform`` keeps a ball a ball."""
    if handle == CENTRE:
        return Ellipsoid(to_mm, ellipsoid.half_axes_mm)
    axis = handle // 2
    length = max(abs(float(to_mm[axis] - ellipsoid.centre_mm[axis])), SMALLEST_MM)
    axes = ellipsoid.half_axes_mm.copy()
    if uniform:
        axes[:] = length
    else:
        axes[axis] = length
    return Ellipsoid(ellipsoid.centre_mm, axes)


class EllipsoidTool(Tool):
    """``uniform``: a ball. ``shown`` is the one whose handles can be taken; whoever owns the VOIs sets it."""

    def __init__(self, *, uniform: bool) -> None:
        super().__init__()
        self.uniform = uniform
        self.shown: Ellipsoid | None = None
        self.erases = False

    def show(self, ellipsoid: Ellipsoid | None, *, erases: bool = False) -> None:
        """Offer the handles of an ellipsoid, or none."""
        if ellipsoid is not self.shown or erases != self.erases:
            self.shown, self.erases = ellipsoid, erases
            self.changed.emit()

    def begin(self, plane: Plane, *, inverted: bool) -> EllipsoidStroke:
        """A new ellipsoid, or a pull at a handle; where the button goes down decides."""
        return EllipsoidStroke(self, plane, erase=inverted)

    def paint_hover(
        self, painter: QPainter, position: QPointF, pixels_per_mm: float, colour: QColor, *, inverted: bool
    ) -> None:
        """A small circle where the middle would be."""
        painter.setPen(QPen(QColor(ERROR) if inverted else colour, 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(position, 6, 6 if self.uniform else 4)

    def paint_resting(
        self, painter: QPainter, to_pixels: ToPixels, plane: Plane, slice_point_mm: Point, colour: QColor
    ) -> None:
        """Outline and handles where the slice meets the ellipsoid."""
        if self.shown is None:
            return
        normal = ACROSS[plane][2]
        ellipsoid = self.shown
        away = float(slice_point_mm[normal] - ellipsoid.centre_mm[normal]) / float(ellipsoid.half_axes_mm[normal])
        if abs(away) >= 1:
            return
        paint_ellipse(painter, to_pixels, plane, ellipsoid, float(np.sqrt(1 - away**2)), QColor(colour))
        for place in handles_on(ellipsoid, plane).values():
            paint_handle(painter, to_pixels(place), QColor(colour))


class EllipsoidStroke(Stroke):
    """One drag: from the middle outwards, or of a handle."""

    def __init__(self, tool: EllipsoidTool, plane: Plane, *, erase: bool) -> None:
        self._tool, self._plane, self._erase = tool, plane, erase
        self._handle: int | None = None
        self._made: Ellipsoid | None = None
        self._begin: Point = np.zeros(3)

    def press(self, point_mm: Point, *, reach_mm: float) -> bool:
        """Take the handle under the pointer, or set the middle of a new one."""
        self._begin = point_mm
        shown = self._tool.shown
        if shown is not None:
            across = list(ACROSS[self._plane][:2])
            away_mm = {
                number: float(np.linalg.norm((place - point_mm)[across]))
                for number, place in handles_on(shown, self._plane).items()
            }
            # Of a small one several are within reach.
            nearest = min(away_mm, key=lambda number: away_mm[number])
            if away_mm[nearest] <= reach_mm:
                self._handle, self._erase = nearest, self._tool.erases
        return False

    def move(self, point_mm: Point) -> None:
        """Pull."""
        shown = self._tool.shown
        if self._handle is not None and shown is not None:
            target = point_mm.copy()
            if self._handle == CENTRE:
                # Along the slice's normal it stays where it is.
                normal = ACROSS[self._plane][2]
                target[normal] = shown.centre_mm[normal]
            self._made = pulled(shown, self._handle, target, uniform=self._tool.uniform)
            return
        first, second, _normal = ACROSS[self._plane]
        offset = np.abs(point_mm - self._begin)
        radius = max(float(np.linalg.norm(offset)), SMALLEST_MM)
        axes = np.full(3, radius)
        if not self._tool.uniform:
            axes[[first, second]] = np.maximum(offset[[first, second]], SMALLEST_MM)
            # What the slice doesn't show is the mean of what it does, until its handle is pulled.
            axes[_normal] = float(np.mean(axes[[first, second]]))
        self._made = Ellipsoid(self._begin, axes)

    def release(self, point_mm: Point) -> bool:
        """The end."""
        return True

    def gesture(self) -> EllipsoidGesture | None:
        """As pulled so far; None without a pull."""
        return None if self._made is None else EllipsoidGesture(self._made, self._erase, self._handle is not None)

    def paint(self, painter: QPainter, to_pixels: ToPixels, pixels_per_mm: float, colour: QColor) -> None:
        """Its outline through the middle."""
        if self._made is not None:
            line = QColor(ERROR) if self._erase else QColor(colour)
            paint_ellipse(painter, to_pixels, self._plane, self._made, 1.0, line)


def handles_on(ellipsoid: Ellipsoid, plane: Plane) -> dict[int, Point]:
    """Handles that lie in the plane through the centre: the centre and four ends."""
    first, second, _normal = ACROSS[plane]
    ends = ellipsoid.surface_points_mm()
    numbers = (2 * first, 2 * first + 1, 2 * second, 2 * second + 1)
    return {CENTRE: ellipsoid.centre_mm, **{number: ends[number] for number in numbers}}


def paint_ellipse(
    painter: QPainter, to_pixels: ToPixels, plane: Plane, ellipsoid: Ellipsoid, share: float, colour: QColor
) -> None:
    """The section parallel to a plane, ``share`` of the one through the centre."""
    first, second, _normal = ACROSS[plane]
    low, high = ellipsoid.centre_mm.copy(), ellipsoid.centre_mm.copy()
    for axis in (first, second):
        low[axis] -= share * ellipsoid.half_axes_mm[axis]
        high[axis] += share * ellipsoid.half_axes_mm[axis]
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, 1.4, Qt.PenStyle.DashLine))
    painter.drawEllipse(QRectF(to_pixels(low), to_pixels(high)).normalized())


def paint_handle(painter: QPainter, at: QPointF, colour: QColor) -> None:
    """A square that can be taken hold of."""
    painter.setPen(QPen(QColor(0, 0, 0, 180), 1))
    painter.setBrush(colour)
    painter.drawRect(QRectF(at.x() - HANDLE_PIXELS, at.y() - HANDLE_PIXELS, 2 * HANDLE_PIXELS, 2 * HANDLE_PIXELS))
