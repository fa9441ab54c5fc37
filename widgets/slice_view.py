"""One plane of the patient that takes the pointer's gestures: slice, cursor, window, zoom and tool strokes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QMoveEvent,
    QResizeEvent,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.geometry import VolumeGeometry
from widgets.display_scale import WindowLevel
from widgets.framing import Framing
from widgets.mouse_table import mouse_bindings
from widgets.slice_annotation import SliceCorner
from widgets.slice_hand import SliceHand
from widgets.slice_picture import Layer, value_at
from widgets.view_keys import CURSOR_MOVES, view_act
from widgets.voi_shown import VoiShown

__all__ = ["Layer", "SliceCorner", "SliceView", "VoiShown", "value_at"]

# Direction of the next slice (wheel down, key Down) in the patient: towards the feet, the back, the left.
_NEXT: dict[Plane, tuple[int, int]] = {"axial": (2, -1), "coronal": (1, +1), "sagittal": (0, +1)}
_ZOOM_STEP = 1.15
_CLICK_MOVES_LESS_THAN = 4
_WHEEL_NOTCH = 120
_DRAGS = {"pan_space": "pan"}
_STEPS = {"next_slice": 1, "previous_slice": -1, "slices_on": 10, "slices_back": -10}


class SliceView(SliceHand):
    """A slice of the declared grid.

    What wheel and buttons do is in `mouse_table`, as the user chose it. A pen draws as the left button does, the harder
    the wider.
    """

    cursor_moved = Signal(object)
    slice_changed = Signal(int)
    window_level_changed = Signal(object)
    spect_scale_changed = Signal(object)
    probe_moved = Signal(object)
    maximise_requested = Signal()
    time_point_step_requested = Signal(int)
    overlay_toggle_requested = Signal()
    confirm_requested = Signal()
    """Enter without an outline in progress: what is previewed shall be done."""
    context_menu_requested = Signal(object, object)

    def __init__(self, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(plane, parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._right_layer: str | None = None
        self._pressed_at = QPointF()
        self._last = QPointF()
        self._space = False
        self._space_used = False
        self._wheel = 0
        self._pressed_button = Qt.MouseButton.NoButton

    def set_right_drag_layer(self, layer: str | None) -> None:
        """``ct`` or ``spect``: what a right drag changes; None: the CT where it is seen, else the SPECT."""
        self._right_layer = layer

    # Acts of the user that keys or buttons also trigger

    def step_slices(self, steps: int) -> None:
        """Go on by slices: towards the feet, the back, the left for positive steps; counts as the user's act."""
        if self.axes is None:
            return
        axis, sign = _NEXT[self.plane]
        along = self.axes.geometry.directions[axis, self.axes.normal] * sign
        self._go_to_slice(self.slice_index + (steps if along > 0 else -steps))

    def to_first_slice(self) -> None:
        """First slice in the order of `step_slices`."""
        self.step_slices(-self.slice_count)

    def to_last_slice(self) -> None:
        """Last slice in the order of `step_slices`."""
        self.step_slices(self.slice_count)

    def step_cursor(self, columns: int, rows: int) -> None:
        """Move the linked cursor on the slice by voxels, to the right and down; it stays on the picture."""
        axes = self.axes
        if axes is None:
            return
        high, wide = axes.spacing_mm
        steps = np.array([columns * wide, rows * high])
        half = np.array([wide, high]) / 2
        u, v = np.clip(axes.picture_mm(self.cursor_mm) + steps, half, np.array(axes.size_mm) - half)
        self._at_cursor = True
        self._place_cursor(axes.patient_point(u, v, self.slice_index))

    def _go_to_slice(self, index: int) -> None:
        axes = self.axes
        if axes is None:
            return
        index = min(max(index, 0), axes.slice_count - 1)
        if index == self.slice_index:
            return
        position = axes.geometry.point_to_index(self.cursor_mm)
        position[axes.normal] = index
        self._place_cursor(axes.geometry.index_to_point(position))

    def set_cursor(self, point_mm: ArrayLike) -> None:
        """The linked cursor; on another slice something else lies under a pointer that rests."""
        before = self.slice_index
        super().set_cursor(point_mm)
        if self.slice_index != before:
            self._send_probe()

    def set_framing(self, framing: Framing) -> None:
        """Show this part of the body: something else lies under a pointer that rests."""
        super().set_framing(framing)
        self._send_probe()

    def set_reference(self, geometry: VolumeGeometry | None) -> None:
        """The declared grid: something else lies under a pointer that rests."""
        super().set_reference(geometry)
        self._send_probe()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The pointer rests on the screen, not in the view."""
        super().resizeEvent(event)
        self._stay_on_screen()

    def moveEvent(self, event: QMoveEvent) -> None:
        """The pointer rests on the screen, not in the view."""
        super().moveEvent(event)
        self._stay_on_screen()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing is pointed at in a view that is not there, and no hand draws in it."""
        super().hideEvent(event)
        # An outline of several clicks outlives a window that is made small.
        if self._drag or not event.spontaneous():
            self.cancel_stroke()
            self._drag = ""
        self._point_at_nothing()

    def _stay_on_screen(self) -> None:
        if self._hover is None:
            return
        here = QPointF(self.mapFromGlobal(self._hover_on_screen))
        if QRectF(self.rect()).contains(here):
            self._hover = here
            self._send_probe()
        else:
            self._point_at_nothing()

    def _point_at_nothing(self) -> None:
        if self._hover is not None:
            self._hover = None
            self.probe_moved.emit(None)
            self.update()

    def _place_cursor(self, point_mm: NDArray[np.float64]) -> None:
        before = self.slice_index
        self.set_cursor(point_mm)
        self.cursor_moved.emit(self.cursor_mm)
        if self.slice_index != before:
            self.slice_changed.emit(self.slice_index)

    # Pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke, cursor move, pan, zoom, or window and level."""
        if self.axes is None or self._drag:
            return
        self._words.drop()
        self._pressed_at = self._last = event.position()
        self._pressed_button = event.button()
        # While the overlay's key is held, it is no tap.
        self._space_used = self._space_used or self._space
        bindings = mouse_bindings()
        act = next(iter(bindings.of_press(event.button(), event.modifiers(), overlay_key=self._space)), "")
        if act != "tool":
            self._drag = _DRAGS.get(act, act)
        elif self._tool is None:
            self._drag = "cursor"
            self._place_cursor(self.point_at(event.position()))
        elif not self._blocked:
            self._press_tool(event.position(), inverted=bindings.is_held("invert", event.modifiers()))
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with what the button began; tell where the pointer is."""
        if self.axes is None:
            return
        if self._drag not in ("", "keys") and not event.buttons() & self._pressed_button:
            # The button came up where this view was not told of it: in a dialog, or on another desktop.
            self._let_go(self._last)
        position = event.position()
        moved = position - self._last
        self._hover, self._hover_on_screen, self._at_cursor = position, event.globalPosition(), False
        if self._drag == "tool" and self._stroke is not None:
            self._stroke.set_pressure(self._pen.pressure)
            self._stroke.move(self.point_at(position))
            self._after_stroke_event(False)
        elif self._drag == "cursor" or (not self._drag and mouse_bindings().of_move(event.modifiers()) == "follow"):
            self._place_cursor(self.point_at(position))
        elif self._drag == "pan":
            self.pan_by(moved)
        elif self._drag == "zoom_drag":
            self.zoom_at(self._pressed_at, float(np.exp(-moved.y() / 150)))
        elif self._drag == "window" and (position - self._pressed_at).manhattanLength() >= _CLICK_MOVES_LESS_THAN:
            self._drag_window(moved)
        elif not self._drag:
            self._inverted = mouse_bindings().is_held("invert", event.modifiers())
            if self._stroke is not None:
                self._stroke.hover(self.point_at(position))
        self._last = position
        self._send_probe()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End what the button began."""
        if self._drag == "keys" or (self._drag and event.button() != self._pressed_button):
            return
        still = (event.position() - self._pressed_at).manhattanLength() < _CLICK_MOVES_LESS_THAN
        clicks = still and self._drag != "cursor" and event.button() == self._pressed_button
        if not self._let_go(event.position()) and clicks and self.axes is not None:
            self._click(event)
        self.update()

    def _let_go(self, at: QPointF) -> bool:
        """End what is dragged; returns whether it was a stroke."""
        drag, self._drag = self._drag, ""
        self._pressed_button = Qt.MouseButton.NoButton
        if drag != "tool" or self._stroke is None:
            return False
        self._after_stroke_event(self._stroke.release(self.point_at(at)))
        return True

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """What a double click does; else a second press."""
        if self.axes is not None and not self._click(event, double=True):
            self.mousePressEvent(event)

    def _click(self, event: QMouseEvent, *, double: bool = False) -> bool:
        """Do what a click does; returns whether it does anything."""
        bindings = mouse_bindings()
        act = bindings.of_click(event.button(), event.modifiers(), double=double)
        if act == "menu":
            self.context_menu_requested.emit(self.point_at(event.position()), event.globalPosition().toPoint())
        elif act == "maximise" and self._stroke is not None:
            self._after_stroke_event(self._stroke.close())
        elif act == "maximise" and (self._tool is None or event.button() != bindings.button("tool")):
            self.maximise_requested.emit()
        else:
            return False
        return True

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The context menu is asked for by its gesture, not by the system's."""
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Slice, zoom, brush size or time point."""
        # With Alt some systems turn the wheel sideways.
        turned = event.angleDelta().y() or event.angleDelta().x()
        event.accept()
        act = mouse_bindings().of_wheel(event.modifiers())
        if act == "zoom":
            self.zoom_at(event.position(), _ZOOM_STEP ** (turned / _WHEEL_NOTCH))
            return
        self._wheel += turned
        notches = int(self._wheel / _WHEEL_NOTCH)
        if not notches:
            return
        self._wheel -= notches * _WHEEL_NOTCH
        if act == "size":
            if self._tool is None or not self._tool.resize_by_steps(notches):
                self.time_point_step_requested.emit(-notches)
        elif act == "slice":
            self.step_slices(-notches)

    def tabletEvent(self, event: QTabletEvent) -> None:
        """A pen does what the left button does; how hard it is pressed goes to the stroke."""
        self._pen.act_as_mouse(event, self.mousePressEvent, self.mouseMoveEvent, self.mouseReleaseEvent)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the tool at the pointer."""
        self._hover, self._hover_on_screen = event.position(), event.globalPosition()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer points at nothing now."""
        self._point_at_nothing()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What the keys of the view do (`view_keys`); Esc drops a stroke where nobody takes it before."""
        act = view_act(event)
        if act in _STEPS:
            self.step_slices(_STEPS[act])
        elif act in ("first_slice", "last_slice"):
            self.step_slices(self.slice_count if act == "last_slice" else -self.slice_count)
        elif act in ("previous_time_point", "next_time_point"):
            self.time_point_step_requested.emit(1 if act == "next_time_point" else -1)
        elif act == "overlay":
            if not event.isAutoRepeat():
                self._space, self._space_used = True, False
        elif act == "close":
            if not self.close_stroke():
                self.confirm_requested.emit()
        elif act == "use_tool":
            if not event.isAutoRepeat():
                self.use_tool_at_cursor()
        elif act in CURSOR_MOVES:
            self.step_cursor(*CURSOR_MOVES[act])
        elif not (event.key() == Qt.Key.Key_Escape and self.cancel_stroke()):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """A tap of the overlay's key asks for the overlay on or off; held, it pans."""
        if view_act(event) == "overlay" and not event.isAutoRepeat():
            self._space = False
            if not self._space_used:
                self.overlay_toggle_requested.emit()
        else:
            super().keyReleaseEvent(event)

    def _send_probe(self) -> None:
        if self._hover is not None and self.axes is not None:
            self.probe_moved.emit(self.point_at(self._hover))

    def _drag_window(self, moved: QPointF) -> None:
        layer = self._right_layer or ("ct" if self.shows_ct else "spect")
        if layer == "ct":
            width = min(max(self.window_level.width_hu * float(np.exp(moved.x() / 200)), 1.0), 8000.0)
            level = self.window_level.level_hu - moved.y() * self.window_level.width_hu / 300
            self.set_window_level(WindowLevel(width, level))
            self.window_level_changed.emit(self.window_level)
        elif self.spect_scale is not None:
            span = (self.spect_scale.upper - self.spect_scale.lower) * float(np.exp(moved.x() / 200))
            self.set_spect_scale(replace(self.spect_scale, upper=self.spect_scale.lower + span))
            self.spect_scale_changed.emit(self.spect_scale)
