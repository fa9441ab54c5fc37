"""Acts of the VOI step around proposals: ask for them off the UI thread, take them as one undoable step, review one."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.proposals.taking import new_ones, proposals_for, with_proposals, with_voi_reviewed
from app.proposals.total_segmentator import PROGRAM, found_program, proposals_of_total_segmentator
from app.session import Session
from dosimetry_core.case import Cycle
from dosimetry_core.errors import DosimetryError


class ProposalActs(QObject):
    """Proposals for the current cycle; ``told`` says in words what came of them."""

    told = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session

    @property
    def has_total_segmentator(self) -> bool:
        """Whether the program is installed here."""
        return found_program() is not None

    def propose(self) -> None:
        """From SPECT and CT, by the methods of this program."""
        cycle = self._session.cycle
        if cycle is not None and cycle.time_points:
            index = self._session.view_state.cycle
            taken = tuple(
                voi.name for n, other in enumerate(self._session.case.cycles) if n != index for voi in other.vois
            )
            self._run(proposals_for, cycle, taken)

    def propose_by_total_segmentator(self) -> None:
        """By TotalSegmentator, as a program of its own."""
        cycle, command = self._session.cycle, found_program()
        if cycle is None or not cycle.time_points:
            return
        if command is None:
            self.told.emit(f"{PROGRAM} is not installed")
            return
        self._run(proposals_of_total_segmentator, cycle, command)

    def _run(self, function: Any, cycle: Cycle, *inputs: Any) -> None:
        index = self._session.view_state.cycle
        job = self._session.jobs.start(
            function, cycle, *inputs, purpose=("propose", index), title=f"Proposing VOIs, cycle {cycle.number}"
        )
        job.succeeded.connect(partial(self._take, index, cycle))
        job.failed.connect(self._failed)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, DosimetryError):
            self.told.emit(error.line())

    def _take(self, index: int, asked: Cycle, proposals: Any) -> None:
        document = self._session.document
        if document.case is None or index >= len(document.case.cycles):
            return
        reference = asked.time_points[asked.reference_time_point]
        before = document.case.cycles[index]
        added = new_ones(before, proposals.vois)
        label = f"Propose VOIs, cycle {asked.number}"
        if not document.apply(label, lambda case: with_proposals(case, index, proposals, reference)):
            self.told.emit("Nothing new is proposed: the cycle has all that was found")
            return
        doubts = f"; {proposals.findings[0].text}" if proposals.findings else ""
        said = "1 VOI is proposed, look at it" if len(added) == 1 else f"{len(added)} VOIs are proposed, look at each"
        self.told.emit(f"{said} and press Reviewed{doubts}")
        if added:
            self._session.view_state.set_voi(added[0].voi_id)
            self._session.view_state.set_cursor(added[0].mask.centroid_mm())

    def review(self) -> None:
        """The active VOI, if it is a proposal, is accepted; one undoable step."""
        voi, index = self._session.voi, self._session.view_state.cycle
        if voi is not None and voi.proposed:
            self._session.document.apply(f"Review {voi.name}", lambda case: with_voi_reviewed(case, index, voi.voi_id))
