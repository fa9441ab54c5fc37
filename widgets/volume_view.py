"""3D view of VOIs and SPECT that takes the pointer's gestures: turning, picking, clip planes, and the tools."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from widgets.clip_box import ClipBox
from widgets.mouse_table import mouse_bindings
from widgets.opengl_probe import opengl_fault
from widgets.pen import Pen
from widgets.pointer_words import PointerWords, paint_words
from widgets.theme import ACCENT
from widgets.tools.brush import BrushTool
from widgets.tools.ellipsoid import EllipsoidTool
from widgets.tools.eye import Eye
from widgets.tools.move import MoveGesture
from widgets.tools.on_surface import EMPTY_VOI, SurfaceStroke, begin_on_surface, handle_at, paint_resting_on_surface
from widgets.tools.stroke import Tool
from widgets.view_keys import view_act
from widgets.volume_canvas import VolumeCanvas

__all__ = ["VolumeView", "opengl_fault"]

_DEGREES_PER_PIXEL = 0.5
_DEGREES_PER_KEY = 10.0
_ZOOM_STEP = 1.12
_CLICK_MOVES_LESS_THAN = 4
_DRAGS = {
    "volume_turn": "turn",
    "volume_turn_always": "turn",
    "volume_pan": "pan",
    "volume_pan_too": "pan",
    "volume_zoom_drag": "zoom",
}
_TURNS = {
    "previous_time_point": (-1, 0),
    "next_time_point": (1, 0),
    "previous_slice": (0, -1),
    "next_slice": (0, 1),
}
_ZOOMS = {"slices_back": _ZOOM_STEP, "slices_on": 1 / _ZOOM_STEP}
_WITHOUT_OPENGL = "without OpenGL tools work on the slices only"


class VolumeView(VolumeCanvas):
    """What wheel and buttons do is in `mouse_table`, as the user chose it.

    As delivered the left button moves a clip plane where it takes its square, draws where a tool is in hand and the
    active VOI lies there, and turns elsewhere. A pen draws as the left button does, the harder the wider.
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
        self._words = PointerWords(self)
        self._stroke: SurfaceStroke | None = None
        self._hover: QPointF | None = None
        self._inverted = False
        self._last = QPointF()
        self._pressed = QPointF()
        self._pressed_button = Qt.MouseButton.NoButton
        self._pen = Pen()
        self._clip_from: tuple[ClipBox, int] | None = None
        self._words.changed.connect(self.update)

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
        self._words.drop()
        self._show_pointer()
        self.update()

    def set_tool_blocked(self, reason: str) -> None:
        """Why the tool can't be used now; empty frees it. The pointer says so in words."""
        if reason:
            self.cancel_stroke()
        if reason != self._blocked:
            self._blocked = reason
            self._show_pointer()
            self.update()

    def _show_pointer(self) -> None:
        can_not_act = self._blocked and self._tool is not None
        self.setCursor(Qt.CursorShape.ForbiddenCursor if can_not_act else Qt.CursorShape.ArrowCursor)

    def say_at_pointer(self, words: str) -> None:
        """Words beside the pointer until the next press, or for some seconds."""
        self._words.say(words)

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
        if self._drag:
            return
        self._pressed = self._last = event.position()
        self._pressed_button = event.button()
        self._words.drop()
        bindings = mouse_bindings()
        inverted = bindings.is_held("invert", event.modifiers())
        for act in bindings.of_press(event.button(), event.modifiers(), "volume"):
            self._drag = self._begin(act, event.position(), inverted=inverted)
            if self._drag:
                break
        self.update()

    def _begin(self, act: str, at: QPointF, *, inverted: bool) -> str:
        """What an act drags from here on; empty where it finds nothing to act on."""
        if act in _DRAGS:
            return _DRAGS[act]
        eye = self.eye()
        if eye is None:
            return ""
        if act == "volume_clip":
            face = None if self._clip is None else self._clip.face_at(eye, at)
            if face is None or self._clip is None:
                return ""
            self._clip_from = (self._clip, face)
            return "clip"
        if self._tool is None:
            return ""
        return self._begin_stroke(self._tool, eye, at, inverted=inverted)

    def _begin_stroke(self, tool: Tool, eye: Eye, at: QPointF, *, inverted: bool) -> str:
        if self._blocked:
            self._words.say(self._blocked)
            return ""
        if self._is_active_empty() and not isinstance(tool, EllipsoidTool):
            self._words.say(EMPTY_VOI)
            return ""
        begun = begin_on_surface(
            tool,
            eye,
            lambda pixel: self.surface_at(pixel, self._active or ""),
            at,
            inverted=inverted,
            pressure=self._pen.pressure,
        )
        if isinstance(begun, str):
            self._words.say(begun)
            return ""
        self._stroke, self._inverted = begun, inverted
        self.stroke_started.emit()
        self._tell_stroke()
        return "stroke"

    def _is_active_empty(self) -> bool:
        return any(voi.voi_id == self._active and voi.mask.is_empty for voi in self._vois)

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
        if self._drag and not event.buttons() & self._pressed_button:
            # The button came up where this view was not told of it: in a dialog, or on another desktop.
            self._let_go(self._last)
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
            self._stroke.set_pressure(self._pen.pressure)
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
        if self._drag and event.button() != self._pressed_button:
            return
        still = (event.position() - self._pressed).manhattanLength() < _CLICK_MOVES_LESS_THAN
        clicks = still and self._drag != "clip" and event.button() == self._pressed_button
        if not self._let_go(event.position()) and clicks:
            self._click(event)
        self._redraw()

    def _let_go(self, at: QPointF) -> bool:
        """End what is dragged; returns whether it was a stroke."""
        drag, self._drag = self._drag, ""
        self._pressed_button = Qt.MouseButton.NoButton
        if drag != "stroke" or self._stroke is None:
            return False
        self._stroke.move(at)
        gesture, self._stroke = self._stroke.gesture(), None
        if gesture is None:
            self.stroke_cancelled.emit()
        else:
            self.stroke_finished.emit(gesture)
        return True

    def hideEvent(self, event: QHideEvent) -> None:
        """No hand draws in a view that is not there."""
        super().hideEvent(event)
        self.cancel_stroke()
        self._drag = ""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """What a double click does; else a second press."""
        if not self._click(event, double=True):
            self.mousePressEvent(event)

    def _click(self, event: QMouseEvent, *, double: bool = False) -> bool:
        """Do what a click does; returns whether it does anything."""
        bindings = mouse_bindings()
        act = bindings.of_click(event.button(), event.modifiers(), "volume", double=double)
        if act == "volume_pick":
            point = self.point_seen(event.position())
            if point is not None:
                self.cursor_moved.emit(point)
        elif act == "volume_maximise" and (self._tool is None or event.button() != bindings.button("volume_tool")):
            self.maximise_requested.emit()
        else:
            return False
        return True

    def tabletEvent(self, event: QTabletEvent) -> None:
        """A pen does what the left button does; how hard it is pressed goes to the stroke."""
        self._pen.act_as_mouse(event, self.mousePressEvent, self.mouseMoveEvent, self.mouseReleaseEvent)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom, fine again shortly after the last notch; brush size as on the slices."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        event.accept()
        act = mouse_bindings().of_wheel(event.modifiers(), "volume")
        sizes = act == "volume_size"
        if sizes and self._tool is not None and self._tool.resize_by_steps(1 if turned > 0 else -1):
            return
        # Without a brush the wheel zooms, however it is turned.
        if act and self._scene is not None:
            self._scene.zoom(_ZOOM_STEP ** (turned / 120))
            self._redraw()
            self._refine.start()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer points at nothing now."""
        self._hover = None
        self._words.drop()
        self.update()

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys of slices and time points turn, those of ten slices zoom; Esc drops a stroke."""
        act = view_act(event)
        if act in _TURNS and self._scene is not None:
            right, up = _TURNS[act]
            self._scene.rotate(right * _DEGREES_PER_KEY, up * _DEGREES_PER_KEY)
            self._redraw()
        elif act in _ZOOMS and self._scene is not None:
            self._scene.zoom(_ZOOMS[act])
            self._redraw()
        elif not (event.key() == Qt.Key.Key_Escape and self.cancel_stroke()):
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
        if self._hover is not None:
            self._paint_hover(painter, self._hover, eye, colour)
        if self.hasFocus():
            painter.setPen(QPen(QColor(ACCENT), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def words_at_pointer(self) -> str:
        """What is written beside the pointer: why the tool can't act here, or what it was told last."""
        if self._tool is None:
            return self._words.text
        return self._blocked or (_WITHOUT_OPENGL if self.is_fallback else "") or self._words.text

    def _paint_hover(self, painter: QPainter, at: QPointF, eye: Eye | None, colour: QColor) -> None:
        words = self.words_at_pointer()
        if words:
            paint_words(painter, at, words, self.width(), self.height())
        elif self._tool is None or eye is None:
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
