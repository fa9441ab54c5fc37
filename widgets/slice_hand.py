"""The tool in hand on a slice: its stroke in progress, by pointer or by keys, and what is said about it."""

from __future__ import annotations

from numpy.typing import ArrayLike
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.geometry import VolumeGeometry
from widgets.pen import Pen
from widgets.pointer_words import PointerWords, paint_words
from widgets.slice_canvas import SliceCanvas
from widgets.tools.stroke import Stroke, Tool

_NEAR_PIXELS = 8.0
NO_TOOL = "no tool in hand here"


class SliceHand(SliceCanvas):
    """A slice on which a tool draws; which events begin and end its strokes is for a subclass.

    ``_drag`` is what goes on: ``tool`` for a stroke by the pointer, ``keys`` for one by keys, or what a subclass drags.
    """

    stroke_started = Signal()
    stroke_moved = Signal(object)
    stroke_finished = Signal(object)
    stroke_cancelled = Signal()

    def __init__(self, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(plane, parent)
        self._tool: Tool | None = None
        self._blocked = ""
        self._stroke: Stroke | None = None
        self._hover: QPointF | None = None
        self._hover_on_screen = QPointF()
        self._at_cursor = False
        self._inverted = False
        self._drag = ""
        self._pen = Pen()
        self._words = PointerWords(self)
        self._words.changed.connect(self.update)

    def set_reference(self, geometry: VolumeGeometry | None) -> None:
        """The declared grid, whose planes are shown; another grid drops an unfinished stroke."""
        if geometry is not self.reference:
            self.cancel_stroke()
        super().set_reference(geometry)

    def set_cursor(self, point_mm: ArrayLike) -> None:
        """The linked cursor; a stroke by keys goes along."""
        super().set_cursor(point_mm)
        if self._drag == "keys" and self._stroke is not None:
            self._stroke.move(self.cursor_mm)
            self._after_stroke_event(False)

    def set_tool(self, tool: Tool | None) -> None:
        """The active tool; None lets the left button move the cursor."""
        if tool is self._tool:
            return
        self.cancel_stroke()
        if self._tool is not None:
            self._tool.changed.disconnect(self.update)
        self._tool = tool
        if tool is not None:
            tool.changed.connect(self.update)
        self._show_pointer()
        self.update()

    def set_tool_blocked(self, reason: str) -> None:
        """Why the tool can't be used now; empty frees it. The pointer says so in words."""
        if reason and self._stroke is not None:
            self.cancel_stroke()
        if reason != self._blocked:
            self._blocked = reason
            self._show_pointer()
            self.update()

    def say_at_pointer(self, words: str) -> None:
        """Words beside the pointer until the next press, or for some seconds."""
        self._words.say(words)

    def cancel_stroke(self) -> bool:
        """Drop an unfinished stroke; returns whether there was one."""
        if self._stroke is None:
            return False
        self._stroke = None
        self._drag = ""
        self.update()
        self.stroke_cancelled.emit()
        return True

    def close_stroke(self) -> bool:
        """Close an outline in progress; returns whether there was one."""
        if self._stroke is None:
            return False
        self._after_stroke_event(self._stroke.close())
        return True

    def use_tool_at_cursor(self) -> None:
        """Put the tool down at the linked cursor, which draws on where it moves; the next time lift it."""
        if self.axes is None or self._drag not in ("", "keys"):
            return
        self._at_cursor = True
        if self._drag == "keys":
            self._drag = ""
            if self._stroke is not None:
                self._after_stroke_event(self._stroke.release(self.cursor_mm))
        elif self._tool is None:
            self.say_at_pointer(NO_TOOL)
        elif not self._blocked:
            self._press_tool(self.pixel_of(self.cursor_mm), inverted=False)
            if self._drag:
                self._drag = "keys"
        self.update()

    def _press_tool(self, position: QPointF, *, inverted: bool) -> None:
        if self._tool is None:
            return
        self._drag, self._inverted = "tool", inverted
        if self._stroke is None:
            self._stroke = self._tool.begin(self.plane, inverted=inverted)
            self.stroke_started.emit()
        self._stroke.set_pressure(self._pen.pressure)
        finished = self._stroke.press(self.point_at(position), reach_mm=_NEAR_PIXELS / self.pixels_per_mm())
        self._after_stroke_event(finished)

    def _after_stroke_event(self, finished: bool) -> None:
        if self._stroke is None:
            return
        gesture = self._stroke.gesture()
        if finished:
            self._stroke = None
            self._drag = ""
            if gesture is None:
                self.stroke_cancelled.emit()
            else:
                self.stroke_finished.emit(gesture)
        elif gesture is not None:
            self.stroke_moved.emit(gesture)
        self.update()

    # Tool preview

    def words_at_pointer(self) -> str:
        """What is written beside the pointer: why the tool can't act, or what it was told last."""
        return (self._blocked if self._tool is not None else "") or self._words.text

    def _pointer(self) -> QPointF | None:
        """Where the tool is shown: at the pointer, or at the linked cursor while it is moved by keys."""
        if self._at_cursor and self.hasFocus() and self.axes is not None:
            return self.pixel_of(self.cursor_mm)
        return self._hover

    def _paint_above(self, painter: QPainter) -> None:
        colour = QColor(self.active_colour)
        if self._tool is not None and not self._blocked and self._stroke is None:
            middle = self.point_at(QPointF(self.width() / 2, self.height() / 2))
            self._tool.paint_resting(painter, self.pixel_of, self.plane, middle, colour)
        if self._stroke is not None:
            self._stroke.paint(painter, self.pixel_of, self.pixels_per_mm(), colour)
        at = self._pointer()
        if at is None:
            return
        words = self.words_at_pointer()
        if words:
            paint_words(painter, at, words, self.width(), self.height())
        if self._tool is not None and not self._blocked and self._drag in ("", "tool", "keys"):
            self._tool.paint_hover(painter, at, self.pixels_per_mm(), colour, inverted=self._inverted)

    def _show_pointer(self) -> None:
        blocked = self._tool is not None and self._blocked
        self.setCursor(Qt.CursorShape.ForbiddenCursor if blocked else Qt.CursorShape.CrossCursor)
