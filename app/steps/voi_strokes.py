"""Strokes on the active VOI: what they may reach, how they look while the hand is down, the edit they become."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from app.display import ct_layer, spect_layer
from app.edit_target import EditTarget
from app.primitives_drawn import PrimitivesDrawn
from app.session import Session
from app.tool_gestures import ToolGesture, gesture_change, gesture_words
from dosimetry_core.case import Case
from dosimetry_core.errors import DosimetryError
from dosimetry_core.voi_editing import BrushGesture
from dosimetry_core.voi_range import ValueRange
from dosimetry_core.voi_similarity import EdgeStop
from widgets.edge_chip import EdgeChip
from widgets.mouse_table import mouse_bindings
from widgets.range_chip import RangeChip
from widgets.slice_view import Layer

_NOTHING_PREVIEWED = (None, None, None)


class VoiStrokes(QObject):
    """Makes edits of gestures; the chips hold what they are kept to. ``told`` says why one was not made."""

    told = Signal(str)

    def __init__(
        self, session: Session, chip: RangeChip, edges: EdgeChip, target: EditTarget, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._chip, self._edges_chip, self.target = session, chip, edges, target
        self._previewed: tuple[Case | None, ToolGesture | None, Case | None] = _NOTHING_PREVIEWED
        self.drawn = PrimitivesDrawn()

    @property
    def is_of_this_scan(self) -> bool:
        """Whether a stroke would be another one on another scan."""
        kept_to = self._chip.limits() is not None or self._edges_chip.edges() is not None
        return self.target.here or kept_to

    def _limits(self) -> ValueRange | None:
        """The range of the chip on the scan in view; none while Alt is held."""
        chosen = self._chip.limits()
        layer = None if chosen is None or _anywhere_held() else self._layer(chosen.layer)
        if chosen is None or layer is None:
            return None
        low = -math.inf if chosen.low is None else chosen.low
        high = math.inf if chosen.high is None else chosen.high
        return ValueRange(layer.volume, layer.from_reference, low, high)

    def _edges(self) -> EdgeStop | None:
        """What the brush stops at on the scan in view; nothing while Alt is held."""
        chosen = self._edges_chip.edges()
        layer = None if chosen is None or _anywhere_held() else self._layer(chosen.layer)
        if chosen is None or layer is None:
            return None
        return EdgeStop(layer.volume, layer.from_reference, chosen.tolerance, chosen.relative)

    def _layer(self, name: str) -> Layer | None:
        cycle, point = self._session.cycle, self._session.time_point
        if cycle is None or point is None:
            return None
        return ct_layer(point) if name == "ct" else spect_layer(cycle, point)

    def _edit(self, gesture: ToolGesture) -> Any:
        voi_id = self._session.view_state.voi_id
        change = gesture_change(gesture, self._limits(), self._edges(), self.drawn)

        def edit(case: Case) -> Case:
            if voi_id is None:
                return case
            return self.target.with_mask(case, voi_id, change)

        return edit

    def _nothing_changed(self) -> str:
        """Why a stroke did nothing, as far as it is known."""
        if self._limits() is not None:
            held = mouse_bindings().held_word("anywhere")
            return f"Nothing changed: no value here lies in the range of “Only where” ({held} held: everywhere)"
        if self._edges() is not None:
            return "Nothing changed: “Adapt to edges” found nothing new that is like the place where the stroke began"
        return "Nothing changed: the stroke met nothing to add or take away"

    def preview(self, gesture: ToolGesture) -> None:
        """Show what the stroke does so far; the numbers follow."""
        document = self._session.document
        case = document.case
        try:
            self._previewed = (case, gesture, document.preview(self._edit(gesture)))
        except DosimetryError as error:
            self._previewed = _NOTHING_PREVIEWED
            document.cancel_preview()
            self.told.emit(error.line())

    def finish(self, gesture: ToolGesture) -> None:
        """Make the stroke one undoable edit."""
        document = self._session.document
        voi, cycle = self._session.voi, self._session.cycle
        if voi is None or cycle is None:
            document.cancel_preview()
            return
        base, last, provisional = self._previewed
        self._previewed = _NOTHING_PREVIEWED
        computed = self._edit(gesture)

        def edit(case: Case) -> Case:
            # The very case that was previewed, so that results computed during the stroke are its results.
            same = provisional is not None and case is base and _same_stroke(last, gesture)
            return provisional if same and provisional is not None else computed(case)

        try:
            words = f"{gesture_words(gesture)} {voi.name}, cycle {cycle.number}{self.target.words()}"
            if not document.apply(words, edit) and self._session.permission.reason is None:
                self.told.emit(self._nothing_changed())
        except DosimetryError as error:
            self.told.emit(error.line())


def _anywhere_held() -> bool:
    return mouse_bindings().is_held("anywhere", QGuiApplication.keyboardModifiers())


def _same_stroke(first: ToolGesture | None, second: ToolGesture) -> bool:
    """Whether two brush gestures are equal in every part."""
    if not isinstance(first, BrushGesture) or not isinstance(second, BrushGesture):
        return False
    return all(
        np.array_equal(getattr(first, field.name), getattr(second, field.name)) for field in dataclasses.fields(first)
    )
