"""Keeps results in step with the case: evaluates every new case off the UI thread, one at a time, newest first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.document import Document
from app.jobs import Job, Jobs
from dosimetry_core.case import Case

Evaluate = Callable[..., Any]
"""``evaluate(case, *, previous, progress)``; incremental where ``previous`` allows it."""

PATIENCE_S = 0.3
"""A running evaluation of an older case that has taken this long is cancelled; a shorter one is let finish, so that a
continuous gesture keeps showing results on its way."""


class Recomputation(QObject):
    """Evaluates the shown case whenever it changes.

    ``finished`` comes after results were attached to the document; ``failed`` carries the error that stopped the
    evaluation of the current case; ``busy_changed`` tells whether one is under way.
    """

    finished = Signal(object)
    failed = Signal(object)
    busy_changed = Signal(bool)

    def __init__(self, document: Document, jobs: Jobs, evaluate: Evaluate, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._evaluate = document, jobs, evaluate
        self._enabled = False
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
        """Whether an evaluation is under way."""
        return self._job is not None

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
        if not self._enabled or (not force and (self._document.evaluation_of(case) is not None or self.failure)):
            return
        if self._job is not None:
            if self._case is not case and time.monotonic() - self._begun_s > PATIENCE_S:
                self._job.cancel()
            return
        self._case, self._begun_s = case, time.monotonic()
        job = self._jobs.start(
            self._evaluate, case, previous=self._previous, purpose="evaluate", title="Computing doses and plan"
        )
        self._job = job
        job.succeeded.connect(self._keep)
        job.failed.connect(self._note_failure)
        job.finished.connect(self._go_on)
        self.busy_changed.emit(True)

    def _keep(self, evaluation: Any) -> None:
        case = self._case
        if case is None:
            return
        self._previous = evaluation
        self.last_duration_s = time.monotonic() - self._begun_s
        self._document.attach(case, evaluation)
        self.finished.emit(evaluation)

    def _note_failure(self, error: Exception) -> None:
        if self._case is not None:
            self._failure = (self._case, error)
            if self._case is self._document.shown_case:
                self.failed.emit(error)

    def _go_on(self) -> None:
        self._job = None
        self._look()
        if self._job is None:
            self.busy_changed.emit(False)
