"""Where edits of a VOI go: to the VOI on all scans, or to its shape on the scan in view alone."""

from __future__ import annotations

import getpass
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.case_edits import with_mask, with_time_point
from app.display import placed_mask_of
from app.scan_words import NOT_ALIGNED, is_aligned
from app.session import Session
from dosimetry_core.case import Case
from dosimetry_core.errors import MissingDataError
from dosimetry_core.scan_vois import with_redrawn
from dosimetry_core.voi import Voi, VoiMask

NO_REASON = "say first why this scan has a shape of its own: Because, under On each scan"


def who_works(session: Session) -> str:
    """Who is working; raises MissingDataError if a store is open and nobody said."""
    return session.courses.who() if session.courses is not None else getpass.getuser()


class EditTarget(QObject):
    """``here``: strokes and acts change the VOI on the scan in view only, for the given reason."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._here = False
        self._reason = ""

    @property
    def here(self) -> bool:
        """Whether edits stay on the scan in view."""
        return self._here

    @property
    def reason(self) -> str:
        """Why the scan in view differs."""
        return self._reason

    def set_here(self, here: bool) -> None:
        """Edit the scan in view only, or the VOI on all scans."""
        if here != self._here:
            self._here = here
            self.changed.emit()

    def set_reason(self, reason: str) -> None:
        """Say why the scan in view differs."""
        if reason != self._reason:
            self._reason = reason
            self.changed.emit()

    def blocked(self) -> str:
        """Why nothing can be drawn now; empty if it can."""
        cycle, point = self._session.cycle, self._session.time_point
        if cycle is not None and point is not None and not is_aligned(cycle, point):
            return NOT_ALIGNED
        return NO_REASON if self._here and not self._reason.strip() else ""

    def check(self) -> None:
        """Raise MissingDataError where nothing can be drawn now."""
        reason = self.blocked()
        if reason:
            raise MissingDataError(reason)

    def words(self) -> str:
        """What the history adds to an act: the scan that alone it is about."""
        return f", scan {self._session.view_state.time_point + 1} alone" if self._here else ""

    def mask_of(self, voi: Voi) -> VoiMask:
        """The mask that edits change: the VOI's own, or as it lies on the scan in view."""
        point = self._session.time_point
        return placed_mask_of(voi, point) if self._here and point is not None else voi.mask

    def with_mask(self, case: Case, voi_id: str, change: Callable[[VoiMask], VoiMask]) -> Case:
        """The case with a mask changed in the cycle in view; the very same case if the mask comes back unchanged.

        Raises
        ------
        MissingDataError
            If a scan shall differ without a reason, or the one in view is not aligned.
        """
        self.check()
        c, p = self._session.view_state.cycle, self._session.view_state.time_point
        if not self._here:
            return with_mask(case, c, voi_id, change)
        point = case.cycles[c].time_points[p]
        voi = next(known for known in case.cycles[c].vois if known.voi_id == voi_id)
        before = placed_mask_of(voi, point)
        after = change(before)
        if after is before:
            return case
        redrawn = with_redrawn(point, voi, after, self._reason, by=who_works(self._session))
        return with_time_point(case, c, p, redrawn)
