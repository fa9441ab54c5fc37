"""Projection of a scan from any side, turned like the cine display of a camera; a click moves the cursor there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from widgets.annotation_layout import LEAST_HEIGHT
from widgets.crosshair import Crosshair
from widgets.display_scale import ColourScale
from widgets.flat_projection import COLOURS, TURN_DEG, FlatProjection
from widgets.mouse_table import mouse_bindings
from widgets.pointer_words import PointerWords, paint_words
from widgets.slice_annotation import SliceAnnotation, SliceCorner, SliceTexts, limit_text
from widgets.slice_picture import Layer
from widgets.theme import ACCENT, IMAGE_BACKGROUND
from widgets.view_keys import view_act

_CLICK_MOVES_LESS_THAN = 4
_WHEEL_NOTCH = 120
_PIXELS_PER_TURN = 8
_DRAGS = {"mip_turn_drag": "turn", "mip_scale": "window"}
_NO_TOOLS = "tools work on slices and in 3D; here the pointer turns and picks"
_SIDES = {0: "from the front", 90: "from the left", 180: "from the back", 270: "from the right"}


class MipView(QWidget):
    """The maximum along every line of sight, black on white.

    What wheel and buttons do is in `mouse_table`, as the user chose it: turn, move the linked cursor to the hottest
    place seen at a click, change the upper limit of the colour scale, maximise. Tools do nothing here; that is said.
    """

    cursor_moved = Signal(object)
    spect_scale_changed = Signal(object)
    maximise_requested = Signal()
    time_point_step_requested = Signal(int)
    turned = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mip_view")
        self.setMinimumSize(110, LEAST_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("projection")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._projection = FlatProjection()
        self._annotation = SliceAnnotation()
        self._crosshair_arms = Crosshair()
        self._layer: Layer | None = None
        self._scale: ColourScale | None = None
        self._corner = SliceCorner()
        self._cursor: NDArray[np.float64] | None = None
        self._crosshair = True
        self._drag = ""
        self._has_tool = False
        self._words = PointerWords(self)
        self._words.changed.connect(self.update)
        self._pressed_button = Qt.MouseButton.NoButton
        self._pressed = self._last = QPointF()
        self._turned_by = 0.0
        self._wheel = 0

    # What is shown

    def show_spect(self, layer: Layer | None) -> None:
        """The SPECT, or None."""
        self._layer = layer
        self._show()

    def set_spect_scale(self, scale: ColourScale | None) -> None:
        """Limits; the colours are always black on white."""
        self._scale = None if scale is None else replace(scale, colour_map=COLOURS)
        self._show()

    def set_corner(self, corner: SliceCorner) -> None:
        """Facts written in the corners."""
        self._corner = corner
        self.update()

    def set_cursor(self, point_mm: ArrayLike) -> None:
        """The linked cursor: a patient point in the reference frame."""
        self._cursor = np.array(point_mm, dtype=np.float64)
        self.update()

    def set_crosshair_visible(self, visible: bool) -> None:
        """Cross-hair on or off."""
        self._crosshair = visible
        self.update()

    def set_tool_in_hand(self, has_tool: bool) -> None:
        """Whether a tool is chosen, which has nothing to act on here."""
        self._has_tool = has_tool
        self.say_at_pointer("")

    def say_at_pointer(self, words: str) -> None:
        """Words beside the pointer for some seconds."""
        self._words.say(words)

    def words_at_pointer(self) -> str:
        """What is written beside the pointer."""
        return self._words.text

    def turn_to(self, angle_deg: int) -> None:
        """From where the patient is seen: 0 from the front, 90 from his left."""
        self._projection.turn_to(angle_deg)
        self.update()

    def reset_view(self) -> None:
        """From the front."""
        self.turn_to(0)

    def _show(self) -> None:
        self._projection.show(self._layer, self._scale)
        self.update()

    # What is asked

    @property
    def angle_deg(self) -> int:
        """From where the patient is seen."""
        return self._projection.angle_deg

    @property
    def spect_scale(self) -> ColourScale | None:
        """Limits and colours."""
        return self._scale

    def letters(self) -> tuple[str, str, str, str]:
        """Orientation letters: left, right, top, bottom."""
        return self._projection.letters()

    def pixel_of(self, point_mm: ArrayLike) -> QPointF:
        """Where a patient point is seen."""
        return self._projection.pixel_of(point_mm)

    def shown_text(self) -> dict[str, str]:
        """Every text drawn, by name."""
        return self._texts().as_dict()

    def _texts(self) -> SliceTexts:
        unit = self._layer.display_unit if self._layer is not None else None
        scale = self._scale
        return SliceTexts(
            self._corner,
            "MIP",
            _SIDES.get(self.angle_deg, f"turned {self.angle_deg}°"),
            "",
            limit_text(scale.upper * scale.factor, unit) if scale and unit else "",
            limit_text(scale.lower * scale.factor, unit) if scale and unit else "",
            unit.symbol if unit else "",
            self.letters(),
        )

    # Pointer and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to turn, or to change the scale."""
        if self._drag:
            return
        self._pressed = self._last = event.position()
        self._pressed_button = event.button()
        self._turned_by = 0.0
        bindings = mouse_bindings()
        act = next(iter(bindings.of_press(event.button(), event.modifiers(), "mip")), "")
        self._drag = _DRAGS.get(act, "")
        if self._has_tool and event.button() == bindings.button("tool"):
            self.say_at_pointer(_NO_TOOLS)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with what the button began."""
        moved = event.position() - self._last
        self._last = event.position()
        far = (event.position() - self._pressed).manhattanLength() >= _CLICK_MOVES_LESS_THAN
        if self._drag == "turn" and far:
            # As if the patient were taken by the hand: what is nearest goes along.
            self._turned_by -= moved.x() / _PIXELS_PER_TURN
            steps = int(self._turned_by)
            self._turned_by -= steps
            self._turn(steps)
        elif self._drag == "window" and far and self._scale is not None:
            span = (self._scale.upper - self._scale.lower) * float(np.exp(moved.x() / 200))
            self.set_spect_scale(replace(self._scale, upper=self._scale.lower + span))
            self.spect_scale_changed.emit(self._scale)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End what the button began; a click without a drag moves the cursor to the hottest place seen there."""
        self._drag = ""
        pressed, self._pressed_button = self._pressed_button, Qt.MouseButton.NoButton
        still = (event.position() - self._pressed).manhattanLength() < _CLICK_MOVES_LESS_THAN
        if still and event.button() == pressed:
            self._click(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """What a double click does; else a second press."""
        if not self._click(event, double=True):
            self.mousePressEvent(event)

    def _click(self, event: QMouseEvent, *, double: bool = False) -> bool:
        """Do what a click does; returns whether it does anything."""
        act = mouse_bindings().of_click(event.button(), event.modifiers(), "mip", double=double)
        if act == "mip_maximise":
            self.maximise_requested.emit()
        elif act == "mip_pick":
            point = self._projection.point_at(event.position())
            if point is not None:
                self.set_cursor(point)
                self.cursor_moved.emit(point)
        else:
            return False
        return True

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer points at nothing now."""
        self.say_at_pointer("")

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A notch is a step round the patient; with the gesture for it, another time point."""
        event.accept()
        self._wheel += event.angleDelta().y() or event.angleDelta().x()
        notches = int(self._wheel / _WHEEL_NOTCH)
        self._wheel -= notches * _WHEEL_NOTCH
        if not notches:
            return
        act = mouse_bindings().of_wheel(event.modifiers(), "mip")
        if act == "mip_time_point":
            self.time_point_step_requested.emit(-notches)
        elif act == "mip_turn":
            self._turn(-notches)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of slices: the next slice is the next side here; Left and Right change the scan."""
        act = view_act(event)
        turns = {"next_slice": 1, "previous_slice": -1, "slices_on": 6, "slices_back": -6}
        if act in turns:
            self._turn(turns[act])
        elif act in ("first_slice", "last_slice"):
            self._turn_to_side(0 if act == "first_slice" else 180)
        elif act in ("previous_time_point", "next_time_point"):
            self.time_point_step_requested.emit(1 if act == "next_time_point" else -1)
        else:
            super().keyPressEvent(event)

    def _turn(self, steps: int) -> None:
        if steps:
            self._turn_to_side(self.angle_deg + steps * TURN_DEG)

    def _turn_to_side(self, angle_deg: int) -> None:
        self.turn_to(angle_deg)
        self.turned.emit(self.angle_deg)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The frame shows where the keys go."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keys go elsewhere."""
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        """In full what is shortened where the pointer rests on it."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            at = event.pos()
            QToolTip.showText(event.globalPos(), self._annotation.told_at(at.x(), at.y()), self)
            return True
        return super().event(event)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the projection, the cursor and the texts."""
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), QColor(IMAGE_BACKGROUND))
            if self._layer is None or self._scale is None:
                return
            self._projection.paint(painter, QRectF(self.rect()), with_letters=False)
            if self._crosshair and self._cursor is not None:
                at = self._projection.pixel_of(self._cursor)
                self._crosshair_arms.paint(painter, round(at.x()), round(at.y()), self.size())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            scale = self._projection.pixels_per_mm()
            self._annotation.paint(painter, self.rect(), self._texts(), self._scale, scale)
            if self._words.text:
                paint_words(painter, self._last, self._words.text, self.width(), self.height())
            if self.hasFocus():
                painter.setPen(QPen(QColor(ACCENT), 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        finally:
            painter.end()
