"""Shows running jobs and their outcome in the job strip."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.completion import KIDNEYS
from app.jobs import Job
from app.problems import problems_of
from app.session import Session
from widgets.job_strip import JobStrip

SILENT = ("second opinion", KIDNEYS)


class JobMessages(QObject):
    """Each job that takes long enough to be told has a line with progress and Cancel."""

    def __init__(self, session: Session, strip: JobStrip, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._strip = session, strip
        self._running: dict[str, Job] = {}
        session.jobs.started.connect(self._show)
        strip.cancel_clicked.connect(self._cancel)
        self._told = ""
        session.document.recorded.connect(lambda _step: self._forget())

    def tell(self, text: str) -> None:
        """What an act of the user came to; it goes with the next edit, of which it would not be true."""
        self._told = text
        self._strip.set_message(text)

    def _forget(self) -> None:
        if self._told and self._strip.message() == self._told:
            self.tell("")

    def _show(self, job: Job) -> None:
        # Results that follow an edit at once are too short to be told; the first ones of a case are not.
        self._forget_replaced(job)
        follows_edit = job.purpose == "evaluate" and self._session.document.latest_evaluation is not None
        if job.purpose == KIDNEYS:
            job.failed.connect(lambda error: self._strip.set_message(problems_of(error)[0].text()))
        if follows_edit or job.purpose in SILENT:
            return
        key = str(id(job))
        self._running[key] = job
        self._strip.start(key, job.title)
        job.progressed.connect(lambda fraction, text: self._strip.set_progress(key, fraction, text))
        job.succeeded.connect(lambda _result: self._end(key, ""))
        job.cancelled.connect(lambda: self._end(key, f"{job.title}: cancelled"))
        job.failed.connect(lambda error: self._fail(key, error))

    def _forget_replaced(self, job: Job) -> None:
        """A job that another one replaced is not of interest any more, however long it takes to stop."""
        for key in [key for key, running in self._running.items() if running.purpose == job.purpose]:
            self._end(key, "")

    def _end(self, key: str, message: str) -> None:
        if self._running.pop(key, None) is not None:
            self._strip.finish(key, message)

    def _fail(self, key: str, error: Exception) -> None:
        self._running.pop(key, None)
        self._strip.fail(key, problems_of(error)[0].text())

    def _cancel(self, key: str) -> None:
        if key in self._running:
            self._running[key].cancel()
