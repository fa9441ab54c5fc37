"""Has the course computed without each scan of the cycle in view, beside the user's work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.completion import has_pending
from app.document import Document
from app.jobs import Job, Jobs, let_others_go_first
from app.problems import problems_of
from app.second_opinion_watch import PURPOSE as SECOND_OPINION
from dosimetry_core.progress import Progress

if TYPE_CHECKING:
    from dosimetry_core.evaluation import Evaluation
    from dosimetry_core.pipeline.missing_scan import WithoutScan


STOPPED = "Stopped. What each scan is worth is computed again after the next change, or for another cycle."
REST_S = 0.25
"""What each scan is worth waits for everything else that follows an edit, and for a window that is being changed."""
WAITING = "Computed once the results are complete: something an edit left to be computed is pending."


def computed_without_each_scan(evaluation: Evaluation, cycle: int, *, progress: Progress) -> tuple[WithoutScan, ...]:
    """The course without each scan of a cycle; the pipeline is imported here, off the UI thread."""
    from dosimetry_core.pipeline.missing_scan import without_each_scan

    let_others_go_first(REST_S, progress, "Computing without each scan")
    return without_each_scan(evaluation, cycle, progress=progress)


class MissingScans(QObject):
    """Keeps what was computed last; ``changed`` says that there is more, or why there is none."""

    changed = Signal()

    def __init__(self, document: Document, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self._asked: tuple[Any, Any, int] | None = None
        self._found: tuple[WithoutScan, ...] | None = None
        self._job: Job | None = None
        self._behind: Job | None = None
        self.problem = ""
        """Why the last computation came to nothing, or waits; empty otherwise."""

    def without_each(self, cycle: int) -> tuple[WithoutScan, ...] | None:
        """The current results without each scan of a cycle; None until they are computed, which this sets going."""
        evaluation = self._document.evaluation
        if evaluation is None or self._document.is_previewing:
            return None
        if has_pending(evaluation):
            # Else it would be computed twice after every stroke, and what is pending would come later for it.
            if self._job is not None:
                self._job.cancel()
            self._job = self._asked = self._found = None
            self.problem = WAITING
            return None
        # The second opinion adds what it heard to the same results: that is nothing new here.
        asked = self._asked
        if asked is None or asked[0] is not evaluation.cycles or asked[1] is not evaluation.plan or asked[2] != cycle:
            if self._put_behind_second_opinion():
                return None
            self._begin(evaluation, cycle)
        return self._found

    def _put_behind_second_opinion(self) -> bool:
        """Let that go first where it is under way: it has to be seen before a signature. Returns whether it is.

        Python lets one thread work at a time: beside each other both would come later. `changed` asks again then.
        """
        checking = next((job for job in self._jobs.running if job.purpose == SECOND_OPINION and job.is_running), None)
        if checking is None:
            return False
        if checking is not self._behind:
            self._behind = checking
            checking.finished.connect(self.changed)
        self._asked = self._found = None
        self.problem = ""
        return True

    def _begin(self, evaluation: Any, cycle: int) -> None:
        asked = (evaluation.cycles, evaluation.plan, cycle)
        self._asked, self._found, self.problem = asked, None, ""
        job = self._jobs.start(
            computed_without_each_scan,
            evaluation,
            cycle,
            purpose="missing scans",
            title="Computing without each scan",
        )
        self._job = job
        job.succeeded.connect(lambda found: self._keep(asked, found, ""))
        job.cancelled.connect(lambda: self._keep(asked, (), STOPPED))
        job.failed.connect(lambda error: self._keep(asked, (), problems_of(error)[0].text()))

    def _keep(self, asked: tuple[Any, Any, int], found: tuple[WithoutScan, ...], problem: str) -> None:
        if asked is self._asked:
            self._found, self.problem = found, problem
            self.changed.emit()
