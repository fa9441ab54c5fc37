"""3D view of VOIs and SPECT that takes the pointer's gestures: turning, picking, clip planes, and the tools."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from widgets.clip_box import ClipBox
from widgets.mouse_table import mouse_bindings
from widgets.opengl_probe import opengl_fault
from widgets.pointer_words import WORDS_STAY_MS, paint_words
from widgets.theme import ACCENT
from widgets.tools.brush import BrushTool
from widgets.tools.ellipsoid import EllipsoidTool
from widgets.tools.eye import Eye
from widgets.tools.move import MoveGesture
from widgets.tools.on_surface import SurfaceStroke, begin_on_surface, handle_at, paint_resting_on_surface
from widgets.tools.stroke import Tool
from widgets.volume_canvas import VolumeCanvas

__all__ = ["VolumeView", "opengl_fault"]

_DEGREES_PER_PIXEL = 0.5
_DEGREES_PER_KEY = 10.0
_ZOOM_STEP = 1.12
_CLICK_MOVES_LESS_THAN = 4


class VolumeView(VolumeCanvas):
    """Left drag turns, wheel or right drag zooms, middle or Shift + left drag pans, a click moves the linked cursor.

    With a tool a left drag that begins on the active VOI is a stroke; beside it, it turns. Ctrl + right drag always
    turns. With clip planes shown, their lettered squares can be dragged.
    """

    cursor_moved = Signal(object)
    maximise_requested = Signal()
    stroke_started = Signal()
    stroke_moved = Signal(object)
    stroke_finished = Signal(object)
    stroke_cancelled = Signal()

    def __init__(self, parent: QWidget | None = None, *, use_opengl: bool | None = None) -> None:
        super().__init__(parent, use_opengl=use_opengl)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._tool: Tool | None = None
        self._blocked = ""
        self._words = ""
        self._stroke: SurfaceStroke | None = None
        self._hover: QPointF | None = None
        self._inverted = False
        self._last = QPointF()
        self._pressed = QPointF()
        self._clip_from: tuple[ClipBox, int] | None = None
        self._forget_words = QTimer(self, singleShot=True, interval=WORDS_STAY_MS)
        self._forget_words.timeout.connect(self._drop_words)

    def set_tool(self, tool: Tool | None) -> None:
        """The active tool, the same that the slices have; None lets the left button turn."""
        if tool is self._tool:
            return
        self.cancel_stroke()
        if self._tool is not None:
            self._tool.changed.disconnect(self.update)
        self._tool = tool
        if tool is not None:
            tool.changed.connect(self.update)
        self._words = ""
        self.update()

    def set_tool_blocked(self, reason: str) -> None:
        """Why the tool can't be used now; empty frees it. The pointer says so in words."""
        if reason:
            self.cancel_stroke()
        self._blocked = reason
        self.setCursor(Qt.CursorShape.ForbiddenCursor if reason and self._tool else Qt.CursorShape.ArrowCursor)
        self.update()

    def say_at_pointer(self, words: str) -> None:
        """Words beside the pointer until the next press, or for some seconds."""
        self._words = words
        self._forget_words.start()
        self.update()

    def _drop_words(self) -> None:
        self._words = ""
        self.update()

    def cancel_stroke(self) -> bool:
        """Drop an unfinished stroke; returns whether there was one."""
        if self._stroke is None:
            return False
        self._stroke, self._drag = None, ""
        self._show_drag(None)
        self.stroke_cancelled.emit()
        self._redraw()
        return True

    # Pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to turn, zoom, pan, move a clip plane, or a stroke."""
        self._pressed = self._last = event.position()
        self._words = ""
        held = event.modifiers()
        control = bool(held & Qt.KeyboardModifier.ControlModifier)
        if event.button() == Qt.MouseButton.RightButton:
            self._drag = "turn" if control else "zoom"
        elif event.button() == Qt.MouseButton.MiddleButton:
            self._drag = "pan"
        elif event.button() == Qt.MouseButton.LeftButton:
            # Shift may have been given to the tools.
            pans = self._tool is None or not mouse_bindings().is_taken("Shift")
            if pans and held & Qt.KeyboardModifier.ShiftModifier:
                self._drag = "pan"
            else:
                self._drag = self._begin_left(event.position(), inverted=mouse_bindings().is_held("invert", held))
        self.update()

    def _begin_left(self, at: QPointF, *, inverted: bool) -> str:
        eye = self.eye()
        if eye is None:
            return "turn"
        face = None if self._clip is None else self._clip.face_at(eye, at)
        if face is not None and self._clip is not None:
            self._clip_from = (self._clip, face)
            return "clip"
        if self._tool is None:
            return "turn"
        if self._blocked:
            self._words = self._blocked
            return "turn"
        begun = begin_on_surface(
            self._tool, eye, lambda pixel: self.surface_at(pixel, self._active or ""), at, inverted=inverted
        )
        if isinstance(begun, str):
            self._words = begun
            return "turn"
        self._stroke, self._inverted = begun, inverted
        self.stroke_started.emit()
        self._tell_stroke()
        return "stroke"

    def _tell_stroke(self) -> None:
        gesture = None if self._stroke is None else self._stroke.gesture()
        if gesture is not None:
            self._show_drag(gesture)
            self.stroke_moved.emit(gesture)

    def _show_drag(self, gesture: object) -> None:
        """The surface of a VOI that is dragged goes along."""
        if self._active is not None:
            shift = gesture.shift_mm if isinstance(gesture, MoveGesture) else np.zeros(3)
            self.show_shifted(self._active, shift)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with what the button began, drawn coarsely meanwhile."""
        at = event.position()
        moved = at - self._last
        self._last = self._hover = at
        if not self._drag:
            self._inverted = mouse_bindings().is_held("invert", event.modifiers())
            self.update()
            return
        if self._scene is None or moved.isNull():
            return
        if self._drag == "stroke" and self._stroke is not None:
            self._stroke.move(at)
            self._tell_stroke()
            self.update()
            return
        if self._drag == "clip" and self._clip_from is not None:
            eye = self.eye()
            if eye is not None:
                box, face = self._clip_from
                self._set_clip(box.dragged(face, eye, self._pressed, at))
        elif self._drag == "turn":
            self._scene.rotate(moved.x() * _DEGREES_PER_PIXEL, moved.y() * _DEGREES_PER_PIXEL)
        elif self._drag == "zoom":
            self._scene.zoom(float(np.exp(-moved.y() / 150)))
        elif self._drag == "pan":
            self._scene.pan(moved.x() / self.height(), -moved.y() / self.height())
        self._redraw()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End what the button began; a click without a drag moves the cursor to what is seen there."""
        drag, self._drag = self._drag, ""
        still = (event.position() - self._pressed).manhattanLength() < _CLICK_MOVES_LESS_THAN
        if drag == "stroke" and self._stroke is not None:
            self._stroke.move(event.position())
            gesture, self._stroke = self._stroke.gesture(), None
            if gesture is None:
                self.stroke_cancelled.emit()
            else:
                self.stroke_finished.emit(gesture)
        elif drag == "turn" and still and event.button() == Qt.MouseButton.LeftButton:
            point = self.point_seen(event.position())
            if point is not None:
                self.cursor_moved.emit(point)
        self._redraw()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Maximise or restore; with a tool a second press."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self._tool is None:
            self.maximise_requested.emit()
        else:
            self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom, fine again shortly after the last notch; brush size as on the slices."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        event.accept()
        sizes = mouse_bindings().of_wheel(event.modifiers()) == "size"
        if sizes and self._tool is not None and self._tool.resize_by_steps(1 if turned > 0 else -1):
            return
        if self._scene is not None:
            self._scene.zoom(_ZOOM_STEP ** (turned / 120))
            self._redraw()
            self._refine.start()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer points at nothing now."""
        self._hover = None
        self._words = ""
        self.update()

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows turn, Page Up and Page Down zoom, Esc drops a stroke."""
        turns = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        zooms = {Qt.Key.Key_PageUp: _ZOOM_STEP, Qt.Key.Key_PageDown: 1 / _ZOOM_STEP}
        key = Qt.Key(event.key())
        if key in turns and self._scene is not None:
            right, up = turns[key]
            self._scene.rotate(right * _DEGREES_PER_KEY, up * _DEGREES_PER_KEY)
            self._redraw()
        elif key in zooms and self._scene is not None:
            self._scene.zoom(zooms[key])
            self._redraw()
        elif not (key == Qt.Key.Key_Escape and self.cancel_stroke()):
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The frame shows where the keys go."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keys go elsewhere."""
        super().focusOutEvent(event)
        self.update()

    # Tool preview

    def _paint_above(self, painter: QPainter) -> None:
        eye = self.eye()
        colour = QColor(next((voi.colour for voi in self._vois if voi.voi_id == self._active), "#ffffff"))
        if eye is not None and self._tool is not None and not self._blocked:
            if self._stroke is not None:
                self._stroke.paint(painter, eye, colour)
            else:
                paint_resting_on_surface(painter, self._tool, eye, colour)
        if self._hover is not None and eye is not None:
            self._paint_hover(painter, self._hover, eye, colour)
        if self.hasFocus():
            painter.setPen(QPen(QColor(ACCENT), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_hover(self, painter: QPainter, at: QPointF, eye: Eye, colour: QColor) -> None:
        words = (self._blocked if self._tool is not None else "") or self._words
        if words:
            paint_words(painter, at, words, self.width(), self.height())
        elif self._tool is None:
            return
        elif isinstance(self._tool, EllipsoidTool):
            taken = handle_at(self._tool, eye, at) is not None
            self.setCursor(Qt.CursorShape.SizeAllCursor if taken else Qt.CursorShape.ArrowCursor)
        elif self._drag in ("", "stroke"):
            middle = eye.point_at(at, self._middle_mm())
            scale = eye.pixels_per_mm(middle) if isinstance(self._tool, BrushTool) else 1.0
            self._tool.paint_hover(painter, at, scale, colour, inverted=self._inverted)

    def _middle_mm(self) -> np.ndarray:
        """About where the active VOI is, for the size of the brush beside its surface."""
        shown = next((voi for voi in self._vois if voi.voi_id == self._active and not voi.mask.is_empty), None)
        return np.zeros(3) if shown is None else shown.mask.centroid_mm()
