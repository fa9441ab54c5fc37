"""Keeps results in step with the case: evaluates every new case off the UI thread, one at a time, newest first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.completion import Complete, Completion, Stopped
from app.document import Document
from app.jobs import Job, Jobs
from dosimetry_core.case import Case

Evaluate = Callable[..., Any]
"""``evaluate(case, *, previous, progress)``; incremental where ``previous`` allows it."""

PATIENCE_S = 0.3
"""While a gesture is in progress, a running evaluation of an older case is let finish unless it has taken this long, so
that results are seen on its way; when the gesture ended, only its own result is wanted."""

GESTURE_AFTER_MS = 30
"""A gesture in progress is evaluated on its way once it has lasted this long: one that is over before has one result,
and no other computation slows it down."""


class Recomputation(QObject):
    """Evaluates the shown case whenever it changes.

    ``finished`` comes after results were attached to the document; ``failed`` carries the error that stopped the
    evaluation of the current case; ``busy_changed`` tells whether one is under way. ``stopped`` says that what is
    pending of the results does not come by itself.
    """

    finished = Signal(object)
    failed = Signal(object)
    stopped = Signal()
    busy_changed = Signal(bool)

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        evaluate: Evaluate,
        parent: QObject | None = None,
        *,
        complete: Complete | None = None,
    ) -> None:
        super().__init__(parent)
        self._completion: Completion | None = None
        if complete is not None:
            self._completion = Completion(document, jobs, complete, self)
            self._completion.finished.connect(self._take_over)
            self._completion.stopped.connect(self.stopped)
        self._document, self._jobs, self._evaluate = document, jobs, evaluate
        self._enabled = False
        self._gesture_lasts = False
        self._gesture = QTimer(self)
        self._gesture.setSingleShot(True)
        self._gesture.setInterval(GESTURE_AFTER_MS)
        self._gesture.timeout.connect(self._follow_gesture)
        self._job: Job | None = None
        self._case: Case | None = None
        self._begun_s = 0.0
        self._previous: Any | None = None
        self._failure: tuple[Case, Exception] | None = None
        self.last_duration_s: float | None = None
        """How long the evaluation finished last took, from request to results attached."""
        document.changed.connect(lambda _change: self._look())
        document.previewed.connect(lambda _case: self._look())

    @property
    def failure(self) -> Exception | None:
        """Why the current case has no results; None if it has, or they are on their way."""
        if self._failure is not None and self._failure[0] is self._document.shown_case:
            return self._failure[1]
        return None

    @property
    def is_busy(self) -> bool:
        """Whether an evaluation is under way, or about to be."""
        return self._job is not None or self._gesture.isActive()

    @property
    def is_completing(self) -> bool:
        """Whether what an evaluation left pending is being computed, or is about to be."""
        return self._completion is not None and self._completion.is_under_way

    @property
    def completion_stop(self) -> Stopped | None:
        """Why what an evaluation left pending does not come by itself; None while it is on its way, or nothing is."""
        return None if self._completion is None else self._completion.stop

    def _take_over(self, evaluation: Any) -> None:
        self._previous = evaluation
        self.finished.emit(evaluation)

    def set_enabled(self, enabled: bool) -> None:
        """Begin, or stop, following the document; off while a case is still being imported."""
        self._enabled = enabled
        if enabled:
            self._look()
        elif self._job is not None:
            self._job.cancel()

    def again(self) -> None:
        """Evaluate anew even if the case has results or failed before."""
        self._failure = None
        self._previous = None
        self._look(force=True)

    def _look(self, *, force: bool = False) -> None:
        case = self._document.shown_case
        if not self._document.is_previewing:
            self._gesture.stop()
            self._gesture_lasts = False
        if not self._enabled or (not force and (self._document.evaluation_of(case) is not None or self.failure)):
            return
        if self._document.is_previewing and not self._gesture_lasts:
            if not self._gesture.isActive():
                self._gesture.start()
            return
        if self._job is not None:
            waited = time.monotonic() - self._begun_s > PATIENCE_S
            if self._case is case or (self._document.is_previewing and not waited):
                return
            # It stops at its next look; nobody waits for it.
            self._job.cancel()
        was_busy = self._job is not None
        self._case, self._begun_s = case, time.monotonic()
        job = self._jobs.start(
            self._evaluate, case, previous=self._previous, purpose="evaluate", title="Computing doses and plan"
        )
        self._job = job
        job.succeeded.connect(lambda evaluation: self._keep(job, case, evaluation))
        job.failed.connect(lambda error: self._note_failure(case, error))
        job.finished.connect(lambda: self._go_on(job))
        if not was_busy:
            self.busy_changed.emit(True)

    def _follow_gesture(self) -> None:
        self._gesture_lasts = True
        self._look()

    def _keep(self, job: Job, case: Case, evaluation: Any) -> None:
        self._previous = evaluation
        if job is self._job:
            self.last_duration_s = time.monotonic() - self._begun_s
        self._document.attach(case, evaluation)
        self.finished.emit(evaluation)

    def _note_failure(self, case: Case, error: Exception) -> None:
        self._failure = (case, error)
        if case is self._document.shown_case:
            self.failed.emit(error)

    def _go_on(self, job: Job) -> None:
        if job is not self._job:
            return
        self._job = None
        self._look()
        if self._job is None:
            self.busy_changed.emit(False)
