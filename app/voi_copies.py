"""VOIs taken over from elsewhere as a start: from the cycle before, or the shape of another scan."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from app.case_edits import with_time_point, with_voi
from app.edit_target import NO_REASON, EditTarget, who_works
from app.session import Session
from dosimetry_core.case import Case, Cycle
from dosimetry_core.errors import DosimetryError
from dosimetry_core.scan_vois import placed_mask, with_redrawn
from dosimetry_core.voi_carrying import vois_from_cycle


class VoiCopies(QObject):
    """Undoable; ``told`` says what came of it, or why nothing did."""

    told = Signal(str)

    def __init__(self, session: Session, target: EditTarget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._target = session, target

    def source(self) -> Cycle | None:
        """The cycle whose VOIs would be taken: the nearest one before that has any, else the nearest after."""
        cycles, index = self._session.document.case.cycles, self._session.view_state.cycle
        order = [*reversed(range(index)), *range(index + 1, len(cycles))]
        return next((cycles[n] for n in order if cycles[n].vois), None)

    def copy_cycle(self) -> None:
        """Align both reference CTs off the UI thread, then take the VOIs over, marked as proposed."""
        session, source = self._session, self.source()
        target = session.cycle
        if target is None:
            return
        if source is None:
            self.told.emit("No other cycle has VOIs to copy")
            return
        index = session.view_state.cycle
        job = session.jobs.start(
            vois_from_cycle,
            source,
            target,
            purpose=("carry", index),
            title=f"Aligning cycle {source.number} to cycle {target.number}",
        )
        job.succeeded.connect(lambda carried: self._take(index, source, target, carried))
        job.failed.connect(self._failed)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, DosimetryError):
            self.told.emit(error.line())

    def _take(self, index: int, source: Cycle, target: Cycle, carried: Any) -> None:
        document = self._session.document

        def edit(case: Case) -> Case:
            # Only on the very images that were aligned.
            if index >= len(case.cycles) or _reference_ct(case.cycles[index]) is not _reference_ct(target):
                return case
            names = {voi.name for voi in case.cycles[index].vois}
            for voi in carried.vois:
                if voi.name not in names:
                    case = with_voi(case, index, voi)
            return case

        left = f"; left out: {', '.join(carried.left_out)}" if carried.left_out else ""
        if not document.apply(f"Copy VOIs of cycle {source.number} to cycle {target.number}", edit):
            self.told.emit(f"Nothing was copied from cycle {source.number}{left}")
            return
        number = len(carried.vois)
        start = "1 VOI is" if number == 1 else f"{number} VOIs are"
        self.told.emit(f"{start} a start from cycle {source.number}; look at each and press Reviewed{left}")
        self._session.view_state.set_voi(carried.vois[0].voi_id)
        self._session.view_state.set_cursor(carried.vois[0].mask.centroid_mm())

    def copy_scan(self, other: int) -> None:
        """Give the active VOI on the scan in view the shape and place that it has on another scan."""
        session = self._session
        c, p, voi = session.view_state.cycle, session.view_state.time_point, session.voi
        if voi is None or other == p:
            return
        if not self._target.reason.strip():
            self.told.emit(NO_REASON)
            return
        reason, who = self._target.reason, who_works(session)

        def edit(case: Case) -> Case:
            self._target.check()
            points = case.cycles[c].time_points
            mask = placed_mask(voi, points[other])
            return with_time_point(case, c, p, with_redrawn(points[p], voi, mask, reason, by=who))

        try:
            session.document.apply(f"{voi.name} on scan {p + 1} as on scan {other + 1}", edit)
        except DosimetryError as error:
            self.told.emit(error.line())


def _reference_ct(cycle: Cycle) -> object:
    points = cycle.time_points
    return points[cycle.reference_time_point].ct if points else None
