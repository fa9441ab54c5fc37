"""Has the independent second computation check results once they rest: too slow for every brush stroke."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.completion import has_pending
from app.document import Document
from app.jobs import Jobs
from dosimetry_core.case import Case
from dosimetry_core.progress import Progress
from dosimetry_core.units import MILLISECONDS_PER_SECOND

if TYPE_CHECKING:
    from dosimetry_core.evaluation import Evaluation


REST_MS = 600
"""Results of a case that stayed the same this long are checked, once nothing of them is on its way."""
PURPOSE = "second opinion"


def checked(evaluation: Evaluation, *, progress: Progress) -> Evaluation:
    """The evaluation with what the second opinion does not confirm."""
    from dosimetry_core.second_check import second_check

    progress(0.1, "Second opinion")
    return second_check(evaluation)


class SecondOpinionWatch(QObject):
    """Checks each current result that rests; ``failed`` carries the error of a check that could not be made.

    Results of which something is pending are checked once they are complete, or as they are where `hear_as_they_are`
    says that the rest does not come.
    """

    failed = Signal(object)

    def __init__(self, document: Document, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self._checked: list[Any] = []
        self._incomplete: Any = None
        self._failure: tuple[Any, Exception] | None = None
        self.rest_ms = REST_MS
        self._case: Case | None = None
        self._since_s = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._check)
        document.evaluation_changed.connect(self._wait)

    def is_checked(self, evaluation: Any) -> bool:
        """Whether the second opinion has been heard on these very results."""
        return any(evaluation is known for known in self._checked)

    def problem(self, evaluation: Any) -> Exception | None:
        """Why the second opinion could not be heard on these very results; None if it was, or will be."""
        return self._failure[1] if self._failure is not None and self._failure[0] is evaluation else None

    def hear_as_they_are(self) -> None:
        """What is pending of the current results does not come by itself: they are checked without it."""
        if self._document.evaluation is not None:
            self._incomplete = self._document.evaluation.cycles
            self._wait()

    @property
    def is_waiting(self) -> bool:
        """Whether a check is about to begin."""
        return self._timer.isActive()

    def _wait(self) -> None:
        case, evaluation = self._document.shown_case, self._document.evaluation
        if evaluation is None or self.is_checked(evaluation):
            self._timer.stop()
            return
        if case is not self._case:
            self._case, self._since_s = case, time.monotonic()
        # What completes the results of a case does not begin its rest anew.
        rested_ms = (time.monotonic() - self._since_s) * MILLISECONDS_PER_SECOND
        self._timer.start(max(0, round(self.rest_ms - rested_ms)))

    def _check(self) -> None:
        case, evaluation = self._document.case, self._document.evaluation
        if evaluation is None or self._document.is_previewing or self.is_checked(evaluation):
            return
        if has_pending(evaluation) and evaluation.cycles is not self._incomplete:
            return  # The complete results come, and are checked then.
        job = self._jobs.start(checked, evaluation, purpose=PURPOSE, title="Second opinion")
        job.succeeded.connect(lambda result: self._keep(case, evaluation, result))
        job.failed.connect(lambda error: self._note_failure(evaluation, error))

    def _note_failure(self, evaluation: Any, error: Exception) -> None:
        self._failure = (evaluation, error)
        self.failed.emit(error)

    def _keep(self, case: Case, evaluation: Any, result: Any) -> None:
        if self._document.evaluation_of(case) is evaluation:
            self._checked = [*self._checked[-15:], result]
            self._document.attach(case, result)
