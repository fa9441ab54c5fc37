"""The audit trail: who changed what, from what to what, why and when; read, filtered, checked, copied and printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from app.audit.detail import AuditDetail
from app.audit.document import AuditVerdict
from app.audit.filters import AuditFilters
from app.audit.jobs import AuditReader, checked_apart, csv_apart, page_lent, pdf_apart, reader_of
from app.audit.lines import COLUMNS, AuditFilter, AuditLine, course_words, local_time, short_digest
from app.audit.reading import PAGE, AuditPage
from app.jobs import Job, Jobs
from app.problems import problems_of
from app.steps.step import push_button, text_label
from app.store.events import CourseSummary
from app.store.storage import Storage
from dosimetry_core.errors import DosimetryError
from dosimetry_core.frozen import FrozenMap
from widgets.elided_label import ElidedLabel
from widgets.event_table import EventColumn, EventRow, EventTable
from widgets.job_strip import JobStrip
from widgets.theme import set_role

_LETTERS = {"Time": 24, "Who": 17, "Course": 21, "Old": 14, "New": 14, "Software": 11}
_TIPS = {
    "Time": "By the clock of the place where it was done, with its zone; newest first",
    "Who": "Who said they were working",
    "Course": "Patient ID and name; store for the store as a whole",
    "Old": "Before; empty where the change is of a shape",
    "New": "After; empty where the change is of a shape",
    "Why": "The typed reason, where one was asked",
}
_SHOWN_AFTER_MS = 400
"""A job that is done sooner is not told."""
_MOST_FAULTS_SHOWN = 4


class AuditWindow(QDialog):
    """Events above, the whole of one below, whether the chain holds at the bottom; nothing here changes anything.

    Parameters
    ----------
    storage
        The store as the window has it open; used on this thread only, and only to ask for the end of the chain.
    course_id
        Whose events are shown first; None for those of the whole store.
    who
        Asked when something is printed; empty while nobody said who is working.
    open_reader
        Opens the store once more for reading beside the user's work; by default from the storage's folder.
    """

    def __init__(
        self,
        storage: Storage,
        course_id: str | None = None,
        *,
        who: Callable[[], str] | str = "",
        open_reader: Callable[[], Storage] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("audit")
        self.setWindowTitle("Audit trail")
        self.setWindowFlags(self.windowFlags() | Qt.WindowType.WindowMinMaxButtonsHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(1280, 700)
        self._storage = storage
        self._who: Callable[[], str] = (lambda: who) if isinstance(who, str) else who
        self._open_reader = open_reader or reader_of(storage)
        self._reader = AuditReader(self._open_reader)
        self.jobs = Jobs(self)
        self._lines: dict[int, AuditLine] = {}
        self._courses: FrozenMap[str, CourseSummary] | None = None
        self._course_id = course_id
        self._wanted = AuditFilter()
        self._before: int | None = None
        self._missing = 0
        self._known_end = 0
        self._verdict: AuditVerdict | None = None
        self._build(course_id)
        self._connect()
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)
        self.reload()
        self.verify()

    # --- layout -------------------------------------------------------------------------------------------------------

    def _build(self, course_id: str | None) -> None:
        self.filters = AuditFilters(course_id)
        self.table = EventTable([EventColumn(title, _LETTERS.get(title, 0), _TIPS.get(title, "")) for title in COLUMNS])
        self.table.setObjectName("audit_table")
        self.table.setAccessibleName("Events, newest first")
        self.detail = AuditDetail()
        self.chain = text_label("", role="dimmed", name="audit_chain", wrap=True)
        self.chain.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.count = ElidedLabel(object_name="audit_count", role="dimmed")
        self.strip = JobStrip()
        self.strip.setObjectName("audit_jobs")
        self.verify_button = push_button(
            "Verify chain", name="audit_verify", tooltip="Check every event, object and the anchor again (F6)"
        )
        self.reload_button = push_button("Reload", name="audit_reload", tooltip="Read the newest events (F5)")
        self.csv_button = push_button(
            "Export CSV…", name="audit_csv", tooltip="The events that fit the filter, for a spreadsheet (Ctrl+E)"
        )
        self.pdf_button = push_button(
            "Print PDF…", name="audit_pdf", tooltip="The events that fit the filter, as pages to sign or file (Ctrl+P)"
        )
        split = QSplitter(Qt.Orientation.Vertical)
        split.setObjectName("audit_split")
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(self.detail)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 1)
        split.setSizes([410, 210])
        chain_row = QHBoxLayout()
        chain_row.setSpacing(8)
        chain_row.addWidget(self.chain, 1)
        chain_row.addWidget(self.verify_button, 0, Qt.AlignmentFlag.AlignTop)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.count, 1)
        foot.addWidget(self.strip, 1)
        for button in self._buttons():
            button.setAutoDefault(False)
            if button is not self.verify_button:
                foot.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        column.addWidget(self.filters)
        column.addWidget(split, 1)
        column.addLayout(chain_row)
        column.addLayout(foot)

    def _buttons(self) -> tuple[QPushButton, ...]:
        return (self.verify_button, self.reload_button, self.csv_button, self.pdf_button)

    def _connect(self) -> None:
        self.filters.changed.connect(self.reload)
        self.filters.misread.connect(self.count.set_text)
        self.table.row_selected.connect(lambda number: self.detail.show_line(self._lines.get(number)))
        self.table.more_wanted.connect(self._read_more)
        self.verify_button.clicked.connect(self.verify)
        self.reload_button.clicked.connect(self.reload)
        self.csv_button.clicked.connect(self.choose_csv)
        self.pdf_button.clicked.connect(self.choose_pdf)
        self.strip.cancel_clicked.connect(self._cancel)
        for name, key, act in (
            ("audit_find_key", QKeySequence(QKeySequence.StandardKey.Find), self._find),
            ("audit_reload_key", QKeySequence(Qt.Key.Key_F5), self.reload),
            ("audit_verify_key", QKeySequence(Qt.Key.Key_F6), self.verify),
            ("audit_csv_key", QKeySequence("Ctrl+E"), self.choose_csv),
            ("audit_pdf_key", QKeySequence(QKeySequence.StandardKey.Print), self.choose_pdf),
        ):
            action = QAction(self)
            action.setObjectName(name)
            action.setShortcut(key)
            action.triggered.connect(act)
            self.addAction(action)

    def _find(self) -> None:
        self.filters.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filters.text.selectAll()

    # --- reading ------------------------------------------------------------------------------------------------------

    @property
    def shown_lines(self) -> tuple[AuditLine, ...]:
        """Events read so far, newest first."""
        return tuple(self._lines.values())

    def reload(self) -> None:
        """Read anew from the newest event, by the filter as it is."""
        wanted = self.filters.wanted
        if wanted is None:
            return
        self._wanted = wanted
        self._courses = None
        self._before = None
        self._read(is_first=True)

    def _read_more(self) -> None:
        self._read(is_first=False)

    def _read(self, *, is_first: bool, missing: int = PAGE) -> None:
        self._missing = missing
        job = self.jobs.start(
            page_lent,
            self._reader,
            self._wanted,
            before=self._before,
            courses=self._courses,
            lines=missing,
            purpose="read",
            title="Reading events",
        )
        self._tell_if_long(job)
        job.succeeded.connect(lambda page: self._show(page, is_first=is_first))
        job.failed.connect(self._fail)
        job.cancelled.connect(lambda: self._stopped(job))

    def _show(self, page: AuditPage, *, is_first: bool) -> None:
        if is_first:
            self._lines = {}
            self._known_end = page.end
        self._courses, self._before = page.courses, page.before
        rows = [EventRow(line.sequence, line.cells(), line.is_damaged) for line in page.lines]
        self._lines |= {line.sequence: line for line in page.lines}
        missing = self._missing - len(page.lines)
        goes_on = page.before is not None and missing > 0
        has_more = page.before is not None and not goes_on
        if is_first:
            self.table.show_rows(rows, has_more=has_more)
            if rows and self.table.current() is None:
                self.table.set_current(rows[0].number)
            current = self.table.current()
            self.detail.show_line(None if current is None else self._lines.get(current))
        else:
            self.table.add_rows(rows, has_more=has_more)
            if self.table.current() is None and self._lines:
                first = next(iter(self._lines))
                self.table.set_current(first)
                self.detail.show_line(self._lines[first])
        self._tell_title()
        self._tell_count(page, goes_on=goes_on)
        if goes_on:
            self._read(is_first=False, missing=missing)

    def _tell_title(self) -> None:
        course_id = next(iter(self._wanted.course_ids or ()), None)
        summary = None if course_id is None or self._courses is None else self._courses.get(course_id)
        name = f": {course_words(summary, course_id)}" if course_id is not None else ""
        self.setWindowTitle(f"Audit trail{name}")

    def _tell_count(self, page: AuditPage, *, goes_on: bool) -> None:
        shown = len(self._lines)
        plural = "" if shown == 1 else "s"
        if goes_on:
            text = f"{shown:,} event{plural} found back to {page.reached[:10]}; looking further …"
        elif page.before is not None:
            text = f"{shown:,} newest events; older ones come as you scroll"
        elif shown == 0:
            text = "No event fits the filter" if self._wanted.looks_into_events else "No event yet"
        else:
            text = (
                f"All {shown:,} event{plural} that fit" if self._wanted.looks_into_events else f"All {shown:,} events"
            )
        self.count.set_text(text)

    def _stopped(self, job: Job) -> None:
        if not any(running.purpose == "read" for running in self.jobs.running if running is not job):
            self.count.set_text(f"{len(self._lines):,} events; stopped before the end of the trail (F5 reads anew)")

    # --- checking -----------------------------------------------------------------------------------------------------

    def verify(self) -> None:
        """Check the whole store beside the user's work."""
        self._verdict = None
        self._tell_chain("The chain is being verified …", "dimmed")
        job = self.jobs.start(checked_apart, self._open_reader, purpose="verify", title="Verifying the chain")
        self._tell_if_long(job)
        job.succeeded.connect(self._show_verdict)
        job.failed.connect(lambda error: self._tell_chain(f"Not verified: {problems_of(error)[0].text()}", "error"))
        job.cancelled.connect(self._verification_stopped)

    def _verification_stopped(self) -> None:
        if not any(job.purpose == "verify" for job in self.jobs.running if job.is_running):
            self._tell_chain("The chain was not verified: stopped (F6 verifies it)", "warning")

    def _show_verdict(self, verdict: AuditVerdict) -> None:
        self._verdict = verdict
        count = f"{verdict.events:,} event{'' if verdict.events == 1 else 's'}"
        at = local_time(verdict.checked_at)[11:19]
        if not verdict.problems:
            head = f", head {short_digest(verdict.head.digest)}" if verdict.head.sequence else ""
            self._tell_chain(f"{count} verified {at}{head}", "good")
            self.chain.setToolTip(f"Head of the chain, SHA-256:\n{verdict.head.digest}")
            return
        faults = [f"• {problem}" for problem in verdict.problems[:_MOST_FAULTS_SHOWN]]
        if len(verdict.problems) > _MOST_FAULTS_SHOWN:
            faults.append(f"… and {len(verdict.problems) - _MOST_FAULTS_SHOWN:,} more, all in the printed trail")
        self._tell_chain("\n".join([f"The store is not what was written ({count} looked at {at}):", *faults]), "error")
        self.chain.setToolTip("\n".join(verdict.problems[:50]))

    def _tell_chain(self, text: str, role: str) -> None:
        self.chain.setText(text)
        self.chain.setToolTip("")
        set_role(self.chain, role)

    @property
    def verdict(self) -> AuditVerdict | None:
        """What the last check found; None while there is none."""
        return self._verdict

    # --- files --------------------------------------------------------------------------------------------------------

    def choose_csv(self) -> None:
        """Ask for a file and write the events that fit the filter for a spreadsheet."""
        chosen, _kind = QFileDialog.getSaveFileName(self, "Export the audit trail", "audit-trail.csv", "CSV (*.csv)")
        if chosen:
            self.save_csv(Path(chosen))

    def choose_pdf(self) -> None:
        """Ask for a file and print the events that fit the filter into it."""
        if not self._printing_person():
            return
        chosen, _kind = QFileDialog.getSaveFileName(self, "Print the audit trail", "audit-trail.pdf", "PDF (*.pdf)")
        if chosen:
            self.save_pdf(Path(chosen))

    def save_csv(self, target: Path) -> None:
        """Write the events that fit the filter, all of them, for a spreadsheet."""
        self._write(target, csv_apart, "Exporting events")

    def save_pdf(self, target: Path) -> None:
        """Print the events that fit the filter, all of them, with the verdict on the chain."""
        person = self._printing_person()
        if person:
            self._write(target, pdf_apart, "Printing events", printed_by=person)

    def _printing_person(self) -> str:
        person = self._who().strip()
        if not person:
            self.strip.set_message("Not printed: nobody said who is working; say it in the main window first")
        return person

    def _write(self, target: Path, function: Callable[..., Path], title: str, **named: Any) -> None:
        wanted = self.filters.wanted
        if wanted is None:
            self.strip.set_message("Not written: a day in the filter can't be read")
            return
        job = self.jobs.start(function, self._open_reader, wanted, target, purpose=title, title=title, **named)
        self._tell_if_long(job)
        job.succeeded.connect(lambda path: self.strip.set_message(f"Written: {path}"))
        job.failed.connect(self._fail)
        job.cancelled.connect(lambda: self.strip.set_message(f"{title}: cancelled, nothing was written"))

    def _fail(self, error: Exception) -> None:
        self.strip.set_message(problems_of(error)[0].text())

    # --- jobs ---------------------------------------------------------------------------------------------------------

    def _tell_if_long(self, job: Job) -> None:
        key = str(id(job))
        QTimer.singleShot(_SHOWN_AFTER_MS, self, lambda: self._tell_job(key, job))
        job.finished.connect(lambda: self.strip.finish(key))

    def _tell_job(self, key: str, job: Job) -> None:
        if job.is_running:
            self.strip.start(key, job.title)
            job.progressed.connect(lambda fraction, text: self.strip.set_progress(key, fraction, text))

    def _cancel(self, key: str) -> None:
        for job in self.jobs.running:
            if str(id(job)) == key:
                job.cancel()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 Qt override
        """Coming back to this window tells how many events have come since."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow() and self._known_end:
            self.look_for_newer()

    def look_for_newer(self) -> None:
        """Say how many events have come since the trail was read."""
        try:
            newer = self._storage.head().sequence - self._known_end
        except DosimetryError as error:
            self.strip.set_message(error.line())
            return
        if newer > 0:
            self.count.set_text(
                f"{newer:,} newer event{'' if newer == 1 else 's'}: F5 reads {'it' if newer == 1 else 'them'}"
            )

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 Qt override
        """Stop what is under way and give the store back."""
        self.jobs.close()
        self._reader.close()
        super().closeEvent(event)
