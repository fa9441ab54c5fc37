"""What the overlay of the align step shows: the reference and one scan, put anew only where something is another."""

from __future__ import annotations

from typing import Any

from app.display import ct_layer, shown_spect, spect_layer, spect_scale
from app.registration_acts import turn_centre_mm
from app.session import Session
from dosimetry_core.case import Cycle
from dosimetry_core.image import TimePoint
from widgets.display_scale import WindowLevel
from widgets.overlay_compare import OverlayCompare


class AlignedPair:
    """Puts reference and scan of a cycle into the overlay."""

    def __init__(self, session: Session, compare: OverlayCompare) -> None:
        self._session, self._compare = session, compare
        self._shown: tuple[Any, ...] = ()

    def forget(self) -> None:
        """What is shown is another than what was put: put it again next time."""
        self._shown = ()

    def show(self, cycle: Cycle, reference: TimePoint, point: TimePoint) -> None:
        """Show a scan on the reference; nothing is done where both are there already."""
        shown = (reference, point, *(shown_spect(cycle, each.spect) for each in (reference, point)))
        if len(self._shown) == len(shown) and all(a is b for a, b in zip(self._shown, shown, strict=True)):
            return
        first = not self._shown or self._shown[0] is not reference
        self._shown = shown
        if first:
            self._compare.set_reference((reference.ct or reference.spect).volume.geometry)
            self._compare.set_window_level(WindowLevel(*self._session.view_state.window_hu))
        self.place(cycle, point)
        self._compare.set_turn_centre(turn_centre_mm(point))
        self._compare.set_spect_scale(spect_scale(cycle))
        self._compare.set_cursor(self._session.view_state.cursor_mm)

    def place(self, cycle: Cycle, point: TimePoint) -> None:
        """Reference and a scan, placed by its registration."""
        reference = cycle.time_points[cycle.reference_time_point]
        both_ct = reference.ct is not None and point.ct is not None
        pair = (ct_layer(reference), ct_layer(point)) if both_ct else (None, None)
        self._compare.show_pair(*pair)
        self._compare.show_spect(spect_layer(cycle, reference), spect_layer(cycle, point))
