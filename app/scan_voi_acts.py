"""What can be done to a VOI on one scan: shift it, let it follow again, say that it was looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from numpy.typing import ArrayLike
from PySide6.QtCore import QObject, Signal

from app.case_edits import with_time_point
from app.display import placed_mask_of
from app.edit_target import NO_REASON, EditTarget, who_works
from app.scan_reviews import VoiOnScan, open_reviews
from app.scan_words import NOT_ALIGNED, is_aligned
from app.session import Session
from dosimetry_core.case import Case, Cycle
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.image import TimePoint
from dosimetry_core.scan_vois import as_propagated, placed_mask, with_review, with_shift
from dosimetry_core.voi import Voi

_LAST = "This is the last VOI to look at"
_ALL = "Every VOI of this cycle was looked at on every scan"


def _but_unaligned(cycle: Cycle | None) -> str:
    """Words on scans where nobody could look; empty if there are none."""
    points = () if cycle is None else cycle.time_points
    numbers = [str(n) for n, point in enumerate(points, 1) if cycle is not None and not is_aligned(cycle, point)]
    if not numbers:
        return ""
    scans = f"scan {numbers[0]}, which is" if len(numbers) == 1 else f"scans {', '.join(numbers)}, which are"
    return f" but {scans} not registered: align in step 3"


class ScanVoiActs(QObject):
    """Undoable edits of the active VOI on the scan in view; ``told`` says in words why one was not made."""

    told = Signal(str)

    def __init__(self, session: Session, target: EditTarget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._target = session, target

    def shift(self, shift_mm: ArrayLike) -> bool:
        """Move the VOI on this scan, (x, y, z) in mm as it is seen; several clicks are one step of the history."""
        if not self._target.reason.strip():
            self.told.emit(NO_REASON)
            return False
        who = who_works(self._session)

        def moved(point: TimePoint, voi: Voi) -> TimePoint:
            there = with_shift(point, voi, shift_mm, self._target.reason, by=who)
            # A VOI that left the grid could no longer be drawn on.
            placed_mask(voi, there)
            return there

        return self._change("Shift {}, scan {} alone", moved, merging=True)

    def follow(self) -> bool:
        """Let the VOI follow the registration on this scan again."""
        return self._change(
            "{} follows the registration again, scan {}", lambda point, voi: as_propagated(point, voi.voi_id)
        )

    def review(self) -> bool:
        """The active VOI was looked at on the scan in view, as it lies there."""
        now, who = datetime.now().astimezone(), who_works(self._session)
        return self._change("Review {}, scan {}", lambda point, voi: with_review(point, voi, who, now))

    def go_to_next(self) -> None:
        """Go to the VOI and scan that differ most of those that nobody looked at, and centre on it."""
        state = self._session.view_state
        here = (state.voi_id, state.time_point)
        waiting = open_reviews(self._session)
        others = [one for one in waiting if (one.voi_id, one.time_point) != here]
        if not others:
            self.told.emit(_LAST if waiting else _ALL + _but_unaligned(self._session.cycle))
            return
        self.go_to(others[0])
        self.told.emit(f"{len(waiting)} still to look at in this cycle")

    def go_to(self, one: VoiOnScan) -> None:
        """Show a VOI on a scan, where it lies there."""
        session = self._session
        session.view_state.set_time_point(one.time_point)
        session.view_state.set_voi(one.voi_id)
        voi, point = session.voi, session.time_point
        if voi is not None and point is not None and not voi.mask.is_empty:
            session.view_state.set_cursor(placed_mask_of(voi, point).centroid_mm())

    def _change(self, label: str, change: Callable[[TimePoint, Voi], TimePoint], *, merging: bool = False) -> bool:
        session = self._session
        c, p, voi = session.view_state.cycle, session.view_state.time_point, session.voi
        if voi is None or session.time_point is None:
            self.told.emit("Choose a VOI first")
            return False

        def edit(case: Case) -> Case:
            point = case.cycles[c].time_points[p]
            if not is_aligned(case.cycles[c], point):
                raise MissingDataError(NOT_ALIGNED)
            return with_time_point(case, c, p, change(point, voi))

        try:
            return session.document.apply(
                label.format(voi.name, p + 1), edit, merge_key=("shift", c, p, voi.voi_id) if merging else None
            )
        except (DosimetryError, ValueError) as error:
            self.told.emit(error.line() if isinstance(error, DosimetryError) else "an empty VOI can't be moved")
            return False
