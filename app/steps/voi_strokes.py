"""Strokes on the active VOI: what they may reach, how they look while the hand is down, the edit they become."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from app.case_edits import with_mask
from app.display import ct_layer, spect_layer
from app.session import Session
from dosimetry_core.case import Case
from dosimetry_core.voi_editing import BrushGesture, PolygonGesture
from dosimetry_core.voi_range import ValueRange, apply_gesture_within
from widgets.range_chip import RangeChip

_NOTHING_PREVIEWED = (None, None, None)


class VoiStrokes:
    """Makes edits of gestures; ``chip`` holds the range that they are kept to."""

    def __init__(self, session: Session, chip: RangeChip) -> None:
        self._session, self._chip = session, chip
        self._previewed: tuple[Case | None, BrushGesture | None, Case | None] = _NOTHING_PREVIEWED

    def _limits(self) -> ValueRange | None:
        """The constraint of the chip on the scan in view; none while Alt is held."""
        chosen, cycle, point = self._chip.limits(), self._session.cycle, self._session.time_point
        held = QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.AltModifier
        if chosen is None or cycle is None or point is None or held:
            return None
        layer = ct_layer(point) if chosen.layer == "ct" else spect_layer(cycle, point)
        if layer is None:
            return None
        low = -math.inf if chosen.low is None else chosen.low
        high = math.inf if chosen.high is None else chosen.high
        return ValueRange(layer.volume, layer.from_reference, low, high)

    def _edit(self, gesture: BrushGesture | PolygonGesture) -> Any:
        index, voi_id = self._session.view_state.cycle, self._session.view_state.voi_id
        limits = self._limits()

        def edit(case: Case) -> Case:
            if voi_id is None:
                return case
            return with_mask(case, index, voi_id, lambda mask: apply_gesture_within(mask, gesture, limits))

        return edit

    def preview(self, gesture: BrushGesture) -> None:
        """Show what the stroke does so far; the numbers follow."""
        case = self._session.document.case
        self._previewed = (case, gesture, self._session.document.preview(self._edit(gesture)))

    def finish(self, gesture: BrushGesture | PolygonGesture) -> None:
        """Make the stroke one undoable edit."""
        voi, cycle = self._session.voi, self._session.cycle
        if voi is None or cycle is None:
            self._session.document.cancel_preview()
            return
        base, last, provisional = self._previewed
        self._previewed = _NOTHING_PREVIEWED
        computed = self._edit(gesture)

        def edit(case: Case) -> Case:
            # The very case that was previewed, so that results computed during the stroke are its results.
            same = provisional is not None and case is base and _same_stroke(last, gesture)
            return provisional if same and provisional is not None else computed(case)

        act = "Erase" if gesture.erase else "Paint" if isinstance(gesture, BrushGesture) else "Outline"
        self._session.document.apply(f"{act} {voi.name}, cycle {cycle.number}", edit)


def _same_stroke(first: BrushGesture | None, second: BrushGesture | PolygonGesture) -> bool:
    return (
        first is not None
        and isinstance(second, BrushGesture)
        and (first.plane, first.radius_mm, first.spherical, first.erase)
        == (second.plane, second.radius_mm, second.spherical, second.erase)
        and np.array_equal(first.points_mm, second.points_mm)
    )
