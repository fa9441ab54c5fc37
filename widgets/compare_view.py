"""A slice of two images on one another, and the hand that moves, turns or marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QWidget
from scipy import ndimage

from dosimetry_core.anatomical_plane import Plane, PlaneAxes
from widgets.display_scale import grey_levels
from widgets.slice_picture import Layer, overlay_image, plane_values
from widgets.slice_view import SliceView
from widgets.theme import BADGE, font

CompareMode = Literal["fused", "checkerboard", "difference", "swipe", "flicker", "isocontours"]
Hand = Literal["", "move", "turn", "landmark"]
Only = Literal["", "reference", "moving"]
_SQUARE_MM = 30.0
REFERENCE_COLOUR, MOVING_COLOUR = "#4fa3ff", "#ff9a3c"
# Lines of equal uptake, as shares of the upper display limit; lines of equal CT number: skin and bone.
_UPTAKE_SHARES = (0.1, 0.3, 0.6)
_CT_LINES_HU = (-300.0, 180.0)
_LINE_ZOOM = 3
_FINE, _COARSE = 0.1, 5.0
_MARK_WITHIN_MM = 4.0
# On the screen: to the right, down.
_WAYS = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, -1.0),
    Qt.Key.Key_Down: (0.0, 1.0),
}


@dataclass(frozen=True)
class Mark:
    """A marked point of the reference frame: its place in mm, what stands beside it, its colour."""

    point_mm: tuple[float, float, float]
    text: str
    colour: str


class CompareView(SliceView):
    """A slice view whose picture is made of two images.

    With a hand, a left drag moves the moving image or turns it about the turn centre, as do the arrow keys: one mm or
    degree, a tenth with Shift, five with Ctrl. Escape gives a drag up.
    """

    hand_moved = Signal(object, object, bool)
    hand_cancelled = Signal()
    landmark_set = Signal(object)

    def __init__(self, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(plane, parent)
        self.setObjectName(f"compare_{plane}")
        self._moving: Layer | None = None
        self._moving_spect: Layer | None = None
        self._mode: CompareMode = "fused"
        self._swipe = 0.5
        self._second = False
        self._hand: Hand = ""
        self._only: Only = ""
        self._turn_centre = np.zeros(3)
        self._from: NDArray[np.float64] | None = None
        self._marks: tuple[Mark, ...] = ()

    def show_pair(self, reference: Layer | None, moving: Layer | None) -> None:
        """The two images."""
        self._moving = moving
        self.show_ct(reference)

    def show_moving_spect(self, layer: Layer | None) -> None:
        """SPECT of the moving time point, laid over it."""
        self._moving_spect = layer
        self._redraw()

    def set_mode(self, mode: CompareMode) -> None:
        """How the two are laid on one another."""
        self._mode = mode
        self._redraw()

    def set_swipe(self, part: float) -> None:
        """Where the swipe line stands, from 0 to 1 of the width."""
        self._swipe = part
        self._redraw()

    def set_second(self, second: bool) -> None:
        """Flicker: whether the moving image is shown now."""
        if second != self._second:
            self._second = second
            self._redraw()

    def set_hand(self, hand: Hand) -> None:
        """What the left button does."""
        self._give_up()
        self._hand = hand
        shapes = {"move": Qt.CursorShape.SizeAllCursor, "turn": Qt.CursorShape.ClosedHandCursor}
        self.setCursor(shapes.get(hand, Qt.CursorShape.CrossCursor))

    def set_only(self, only: Only) -> None:
        """One of the two images alone."""
        if only != self._only:
            self._only = only
            self._redraw()

    def set_turn_centre(self, point_mm: ArrayLike) -> None:
        """About which point it turns."""
        self._turn_centre = np.array(point_mm, dtype=np.float64)

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Points to mark."""
        self._marks = tuple(marks)
        self.update()

    # The hand

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to move or turn, or set a landmark; otherwise as every slice."""
        if event.button() != Qt.MouseButton.LeftButton or not self._hand or self.axes is None or self._space:
            super().mousePressEvent(event)
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        point = self.point_at(event.position())
        if self._hand == "landmark":
            self._place_cursor(point)
            self.landmark_set.emit(point)
        else:
            self._from = point

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on moving or turning."""
        if self._from is None:
            super().mouseMoveEvent(event)
        else:
            self.hand_moved.emit(*self._since(self.point_at(event.position())), False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The image stays where it was put."""
        if self._from is None:
            super().mouseReleaseEvent(event)
            return
        moved = self._since(self.point_at(event.position()))
        self._from = None
        self.hand_moved.emit(*moved, True)

    def event(self, event: QEvent) -> bool:
        """With a hand the arrow keys belong to it, whatever they mean elsewhere in the window."""
        taken = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _WAYS
        if taken and self._hand in ("move", "turn"):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys of the hand; otherwise as every slice."""
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape and self._from is not None:
            self._give_up()
        elif key in _WAYS and self._hand in ("move", "turn") and self.axes is not None:
            self.hand_moved.emit(*self._step(*_WAYS[key], event.modifiers()), True)
        else:
            super().keyPressEvent(event)

    def _give_up(self) -> None:
        if self._from is not None:
            self._from = None
            self.hand_cancelled.emit()

    def _since(self, point: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Motion since the press: translation, rotation vector."""
        start = point if self._from is None else self._from
        if self._hand == "move":
            return point - start, np.zeros(3)
        # Only what lies in the plane turns: the centre's own depth doesn't count.
        normal = self._normal()
        first, second = (
            v - self._turn_centre - normal * float(normal @ (v - self._turn_centre)) for v in (start, point)
        )
        angle = math.atan2(float(normal @ np.cross(first, second)), float(first @ second))
        return np.zeros(3), normal * angle

    def _step(
        self, right: float, down: float, keys: Qt.KeyboardModifier
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        size = _FINE if keys & Qt.KeyboardModifier.ShiftModifier else 1.0
        size = _COARSE if keys & Qt.KeyboardModifier.ControlModifier else size
        along_u, along_v = self._plane_directions()
        if self._hand == "move":
            return (along_u * right + along_v * down) * size, np.zeros(3)
        # To the right or down: clockwise on the screen.
        return np.zeros(3), np.cross(along_u, along_v) * math.radians((right + down) * size)

    def _plane_directions(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        axes = self.axes
        if axes is None:
            return np.zeros(3), np.zeros(3)
        origin = axes.patient_point(0.0, 0.0, self._slice)
        ways = [axes.patient_point(*at, self._slice) - origin for at in ((1.0, 0.0), (0.0, 1.0))]
        return ways[0] / np.linalg.norm(ways[0]), ways[1] / np.linalg.norm(ways[1])

    def _normal(self) -> NDArray[np.float64]:
        u, v = self._plane_directions()
        return np.cross(u, v)

    # The picture

    def _paint_above(self, painter: QPainter) -> None:
        super()._paint_above(painter)
        normal = self._normal()
        painter.setFont(font(scale=0.95))
        for mark in self._marks:
            point = np.array(mark.point_mm)
            if abs(float(normal @ (point - self.cursor_mm))) > _MARK_WITHIN_MM:
                continue
            at = self.pixel_of(point)
            painter.setPen(QPen(QColor(mark.colour), 1.6))
            painter.drawLine(at + QPointF(-6, 0), at + QPointF(6, 0))
            painter.drawLine(at + QPointF(0, -6), at + QPointF(0, 6))
            painter.drawText(at + QPointF(7, -5), mark.text)

    def _draw_pictures(self, painter: QPainter, axes: PlaneAxes, target: QRectF) -> None:
        if self._only:
            self._draw_one(painter, axes, target)
            return
        reference = None if self._ct is None else self._grey(self._ct, axes)
        moving = None if self._moving is None else self._grey(self._moving, axes)
        if reference is None or moving is None:
            shown = reference if reference is not None else moving
            if shown is not None:
                painter.drawImage(target, _grey_image(shown))
        elif self._mode == "isocontours":
            painter.drawImage(target, _grey_image(reference))
        elif self._mode == "fused":
            painter.drawImage(target, _two_colours(*_same_size(reference, moving)))
        elif self._mode == "difference":
            painter.drawImage(target, _difference(*_same_size(reference, moving)))
        elif self._mode == "flicker":
            painter.drawImage(target, _grey_image(moving if self._second else reference))
        else:
            painter.drawImage(target, _grey_image(reference))
            painter.save()
            painter.setClipPath(self._moving_area(target))
            painter.drawImage(target, _grey_image(moving))
            painter.restore()
            if self._mode == "swipe":
                x = self.width() * self._swipe
                painter.setPen(QPen(QColor(BADGE), 1.4))
                painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        if self._mode == "isocontours":
            self._draw_lines(painter, axes, target)
        else:
            self._draw_spects(painter, axes, target)

    def _draw_one(self, painter: QPainter, axes: PlaneAxes, target: QRectF) -> None:
        """Reference or moving image alone, with its SPECT."""
        moving = self._only == "moving"
        layer, spect = (self._moving, self._moving_spect) if moving else (self._ct, self._spect)
        if layer is not None:
            painter.drawImage(target, _grey_image(self._grey(layer, axes)))
        if spect is not None and self._scale is not None:
            values = plane_values(spect, axes, self._slice).astype(np.float32, copy=False)
            painter.drawImage(target, overlay_image(values, self._scale, opacity=0.6, rising=True))

    def _draw_lines(self, painter: QPainter, axes: PlaneAxes, target: QRectF) -> None:
        """Lines of equal uptake of both SPECTs; of equal CT number where there is none."""
        with_uptake = self._spect is not None and self._moving_spect is not None and self._scale is not None
        pairs = (self._spect, self._moving_spect) if with_uptake else (self._ct, self._moving)
        levels: Sequence[float] = _CT_LINES_HU
        if with_uptake and self._scale is not None:
            levels = [share * self._scale.upper for share in _UPTAKE_SHARES]
        for layer, colour in zip(pairs, (REFERENCE_COLOUR, MOVING_COLOUR), strict=True):
            if layer is not None:
                values = plane_values(layer, axes, self._slice).astype(np.float32, copy=False)
                painter.drawImage(target, _lines(values, levels, colour))

    def _draw_spects(self, painter: QPainter, axes: PlaneAxes, target: QRectF) -> None:
        moving_only = self._mode == "flicker" and self._second
        for layer in (self._moving_spect,) if moving_only else (self._spect,):
            if layer is not None and self._scale is not None and self._mode != "difference":
                values = plane_values(layer, axes, self._slice).astype(np.float32, copy=False)
                painter.drawImage(target, overlay_image(values, self._scale, opacity=0.6, rising=True))

    def _grey(self, layer: Layer, axes: PlaneAxes) -> NDArray[np.uint8]:
        return grey_levels(plane_values(layer, axes, self._slice), self._window)

    def _moving_area(self, target: QRectF) -> QPainterPath:
        path = QPainterPath()
        if self._mode == "swipe":
            path.addRect(QRectF(self.width() * self._swipe, 0, self.width(), self.height()))
            return path
        side = _SQUARE_MM * self.pixels_per_mm()
        rows, columns = int(target.height() / side) + 1, int(target.width() / side) + 1
        for row in range(rows):
            for column in range(row % 2, columns, 2):
                path.addRect(QRectF(target.left() + column * side, target.top() + row * side, side, side))
        return path


def _same_size(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Both pictures with as many rows and columns as the finer one; each covers the same area."""
    rows, columns = max(a.shape[0], b.shape[0]), max(a.shape[1], b.shape[1])

    def grown(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if levels.shape == (rows, columns):
            return levels
        size = _grey_image(levels).scaled(
            columns, rows, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        size = size.convertToFormat(QImage.Format.Format_Grayscale8)
        view = np.frombuffer(size.constBits(), np.uint8).reshape(rows, size.bytesPerLine())
        return view[:, :columns].copy()

    return grown(a), grown(b)


def _grey_image(levels: NDArray[np.uint8]) -> QImage:
    levels = np.ascontiguousarray(levels)
    rows, columns = levels.shape
    return QImage(levels.data, columns, rows, columns, QImage.Format.Format_Grayscale8).copy()


def _two_colours(reference: NDArray[np.uint8], moving: NDArray[np.uint8]) -> QImage:
    """Blue and orange that add up to grey where both are equal."""
    mean = ((reference.astype(np.uint16) + moving) // 2).astype(np.uint8)
    colours = np.ascontiguousarray(np.stack([moving, mean, reference], axis=-1))
    rows, columns = reference.shape
    return QImage(colours.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()


def _difference(reference: NDArray[np.uint8], moving: NDArray[np.uint8]) -> QImage:
    """Middle grey where both are equal, brighter where the moving image is denser."""
    change = (moving.astype(np.int16) - reference) // 2 + 128
    return _grey_image(change.astype(np.uint8))


def _lines(values: NDArray[np.float32], levels: Sequence[float], colour: str) -> QImage:
    """Lines where the values pass the levels, one screen-sized step wide; nothing outside the image (NaN)."""
    outside = np.isnan(values)
    filled = np.where(outside, np.float32(min(levels) - 1e3), values)
    fine = ndimage.zoom(filled, _LINE_ZOOM, order=1, grid_mode=True, mode="nearest")
    edge = np.zeros(fine.shape, bool)
    for level in levels:
        inside = fine >= level
        edge |= inside & ~ndimage.binary_erosion(inside, border_value=1)
    pixels = np.zeros(fine.shape, np.uint32)
    pixels[edge] = QColor(colour).rgba()
    height, width = int(fine.shape[0]), int(fine.shape[1])
    return QImage(pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32).copy()
