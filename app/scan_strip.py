"""The scans of the current cycle below the images: one cell per time point."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.display import ct_layer, spect_layer, spect_scale, voi_colour_of
from app.scan_reviews import Placing, placing_of
from app.scan_words import delay_s, is_aligned, is_well_registered, registration_text
from app.session import Session
from app.window_texts import time_text
from dosimetry_core.case import Case, Cycle
from dosimetry_core.image import TimePoint
from dosimetry_core.scan_vois import review_on
from dosimetry_core.voi import Voi
from widgets.display_scale import WindowLevel
from widgets.thumbnail import fused_thumbnail
from widgets.time_strip import TickState, TimeCell, TimeStrip, TimeTick

THUMBNAIL_PX = (72, 72)
_TICKS: dict[Placing, TickState] = {
    "propagated": "unreviewed",
    "reference": "drawn",
    "shifted": "drawn",
    "redrawn": "drawn",
}


def _tick(cycle: Cycle, index: int, voi: Voi) -> TimeTick:
    """State of a VOI on a scan: drawn there, only propagated, or looked at."""
    placing, review = placing_of(cycle, index, voi), review_on(cycle.time_points[index], voi)
    words = f"{voi.name}: {placing}, " + ("not reviewed" if review is None else f"reviewed by {review.reviewed_by}")
    state = _TICKS[placing] if review is None else "reviewed"
    return TimeTick(voi_colour_of(cycle, voi.voi_id), state, words)


def _key(point: TimePoint) -> tuple[int, int, int]:
    """What a picture is made of; holds as long as the time point does."""
    return id(point.spect), id(point.ct), id(point.registration)


class ScanStrip(QWidget):
    """Time strip bound to the session: shows its scans, follows and moves its current time point."""

    compare_requested = Signal(int, int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._pictures: dict[tuple[object, ...], QImage] = {}
        self._shown: tuple[Case, Cycle | None] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.strip = TimeStrip(self)
        column.addWidget(self.strip)
        self.strip.current_changed.connect(lambda key: session.view_state.set_time_point(int(key)))
        self.strip.compare_requested.connect(lambda a, b: self.compare_requested.emit(int(a), int(b)))

    def refresh(self) -> None:
        """Show the scans of the current cycle; cells of the case that is shown already stay as they are."""
        cycle, case = self._session.cycle, self._session.case
        if self._shown is None or self._shown[0] is not case or self._shown[1] is not cycle:
            self._shown = case, cycle
            self._show_cells(cycle)
        if cycle is not None and cycle.time_points:
            self.strip.set_current(str(min(self._session.view_state.time_point, len(cycle.time_points) - 1)))

    def _show_cells(self, cycle: Cycle | None) -> None:
        points = cycle.time_points if cycle is not None else ()
        cells = [
            TimeCell(
                str(index),
                time_text(self._session.case, point.spect.acquisition_start, short=True),
                delay_s(cycle, point),
                scanner=point.spect.manufacturer,
                registration=registration_text(point),
                registered=is_well_registered(point),
                image=self._picture(cycle, point),
                ticks=tuple(_tick(cycle, index, voi) for voi in cycle.vois) if is_aligned(cycle, point) else (),
            )
            for index, point in enumerate(points)
            if cycle is not None
        ]
        self.strip.show_cells(cells)
        # Another object may have the identity of one that is no more: only pictures of what is shown are kept.
        present = {_key(point) for each in self._session.case.cycles for point in each.time_points}
        self._pictures = {key: picture for key, picture in self._pictures.items() if key in present}

    def _picture(self, cycle: Cycle, point: TimePoint) -> QImage | None:
        reference = self._session.reference
        if reference is None:
            return None
        key = _key(point)
        if key not in self._pictures:
            geometry = (reference.ct or reference.spect).volume.geometry
            self._pictures[key] = fused_thumbnail(
                ct_layer(point),
                spect_layer(cycle, point),
                geometry,
                "coronal",
                geometry.centre_mm(),
                WindowLevel(*self._session.view_state.window_hu),
                spect_scale(cycle),
                THUMBNAIL_PX,
            )
        return self._pictures[key]
