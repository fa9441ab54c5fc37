"""Computes what results left pending while something was edited, once the case rests.

That is doses by voxel S values, and where the uptake of edited kidneys lies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.document import Document
from app.jobs import Job, Jobs
from dosimetry_core.case import Case

Complete = Callable[..., Any]
"""``complete(evaluation, *, progress)``: the same results with nothing pending."""

VOXELS = "voxel doses"
"""Purpose of the job where voxel doses are pending."""
KIDNEYS = "kidney positions"
"""Purpose of the job where nothing but these is pending: it takes a moment after every stroke."""
REST_MS = 100
"""Results that stayed current this long are completed: they are on the screen by then. A next stroke gives it up."""


@dataclass(frozen=True)
class Stopped:
    """What is pending does not come by itself: the user cancelled its computation, or it failed with an error."""

    error: Exception | None = None


class Completion(QObject):
    """Completes each current result that rests; the job is given up as soon as the case changes.

    ``finished`` carries the complete results after they were attached to the document; ``stopped`` says that they do
    not come, because the user cancelled the job or it failed. They are begun anew once other results were current.
    """

    finished = Signal(object)
    stopped = Signal()

    def __init__(self, document: Document, jobs: Jobs, complete: Complete, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._complete = document, jobs, complete
        self._job: Job | None = None
        self._cycles: Any = None
        self._stopped: Stopped | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST_MS)
        self._timer.timeout.connect(self._begin)
        document.evaluation_changed.connect(self._look)
        document.previewed.connect(lambda _case: self._look())

    @property
    def is_under_way(self) -> bool:
        """Whether something is being completed, or is about to be."""
        return self._job is not None or self._timer.isActive()

    @property
    def stop(self) -> Stopped | None:
        """Why what is pending of the current results does not come; None while it is on its way, or nothing is."""
        return self._stopped

    def _look(self) -> None:
        evaluation: Any = self._document.evaluation
        if self._stopped is not None:
            # What the second opinion heard of them is attached to the same cycles: no reason to begin again.
            if evaluation is not None and evaluation.cycles is self._cycles:
                return
            self._stopped = None
        pending = evaluation is not None and has_pending(evaluation) and not self._document.is_previewing
        if self._job is not None:
            # The second opinion attaches new results with the same cycles: those are the same computation.
            if pending and evaluation.cycles is self._cycles:
                return
            self._job.cancel()
            self._job = None  # The same results may come back before it has ended: they are begun anew.
        if pending:
            self._timer.start()
        else:
            self._timer.stop()

    def _begin(self) -> None:
        case, evaluation = self._document.case, self._document.evaluation
        if evaluation is None or self._document.is_previewing or not has_pending(evaluation):
            return
        purpose = VOXELS if any(result.voxels_pending for result in evaluation.cycles) else KIDNEYS
        job = self._jobs.start(self._complete, evaluation, purpose=purpose, title=purpose.capitalize())
        self._job, self._cycles = job, evaluation.cycles
        job.succeeded.connect(lambda result: self._keep(job, case, result))
        job.cancelled.connect(lambda: self._end(job, Stopped()))
        job.failed.connect(lambda error: self._end(job, Stopped(error)))

    def _keep(self, job: Job, case: Case, result: Any) -> None:
        if self._job is job:
            self._job = None
        known = self._document.evaluation_of(case)
        if known is not None and known.cycles is self._cycles:
            self._document.attach(case, result)
            self.finished.emit(result)

    def _end(self, job: Job, stopped: Stopped) -> None:
        if self._job is job:
            self._job, self._stopped = None, stopped
            self.stopped.emit()


def has_pending(evaluation: Any) -> bool:
    """Whether voxel doses, or where the uptake of edited kidneys lies, are still to be computed for any cycle."""
    return any(result.pending for result in getattr(evaluation, "cycles", ()))
