"""The store in the window: where it is, what is in it, whether all is well, backup and restore."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QDir, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QVBoxLayout,
    QWidget,
)

from app.jobs import Job, Jobs
from app.operations.backups import SUFFIX, Backup, backed_up, backup_text, is_old, suggested_file
from app.operations.counted import counted
from app.operations.data_folder import LOGS, DataFolder
from app.operations.doctor import examined
from app.operations.doctor_report import DoctorReport
from app.operations.folder_checks import size_text
from app.operations.restore_dialog import RestoreDialog
from app.operations.site_configuration import SiteConfiguration
from app.operations.store_facts import StoreFacts, store_facts
from app.operations.store_sections import FittedPage, ReportLines, breakable, progress_row, show_progress, site_section
from app.problems import problems_of
from app.steps.step import Section, push_button, text_label
from widgets.elided_label import ElidedLabel
from widgets.theme import set_role

BACKUP_FILTER = f"Backups (*{SUFFIX});;All files (*)"
SAY_WHO = "Say first who is working: every backup is noted with a name."
_ELIDE_MIDDLE = Qt.TextElideMode.ElideMiddle


class StoreWindow(QDialog):
    """One page: data folder, check, backup and restore, site configuration.

    Parameters
    ----------
    folder, configuration
        As the window found them at its start.
    jobs
        Runs what takes long; each job opens the store for itself.
    who
        Who is working, or None if nobody said.
    open_folder
        Shows a folder in the system's file manager; tests put something else here.
    """

    restore_confirmed = Signal(object)
    """Path of a backup that is to replace the store: close everything, run `restored`, open again."""
    backup_made = Signal(object)
    """A `Backup` was written and noted."""
    examined = Signal(object)
    """A `DoctorReport` is there."""
    person_needed = Signal()
    """Something was asked for that needs a name."""

    def __init__(
        self,
        folder: DataFolder,
        configuration: SiteConfiguration,
        jobs: Jobs,
        who: Callable[[], str | None],
        parent: QWidget | None = None,
        *,
        open_folder: Callable[[Path], object] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("store_window")
        self.setWindowTitle("Data folder and backups")
        self.resize(980, 660)
        self._folder, self._configuration, self._jobs, self._who = folder, configuration, jobs, who
        self._open_folder = open_folder or _show_folder
        self._facts: StoreFacts | None = None
        self._report: DoctorReport | None = None
        self._check_job: Job | None = None
        self._backup_job: Job | None = None
        self.page = QWidget()
        column = QVBoxLayout(self.page)
        column.setSpacing(10)
        self.sections = (
            self._folder_section(),
            self._backup_section(),
            self._check_section(),
            site_section(self._configuration),
        )
        for section in self.sections:
            column.addWidget(section)
        column.addStretch(1)
        scroll = FittedPage(self.page, column)
        scroll.setObjectName("store_scroll")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(6, 6, 6, 6)
        outer.addWidget(scroll)
        self.refresh()

    # --- data folder --------------------------------------------------------------------------------------------------

    def _folder_section(self) -> Section:
        self.logs_button = push_button("Open log folder", name="store_logs", tooltip="Logs hold no patient identity")
        self.logs_button.clicked.connect(self._show_logs)
        section = Section("Data folder", name="store_folder_section", actions=(self.logs_button,))
        self.path_label = ElidedLabel(str(self._folder.path), object_name="store_path", mode=_ELIDE_MIDDLE)
        self.path_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        section.add(self.path_label)
        source = ElidedLabel(f"named by: {self._folder.source}", object_name="store_source", role="dimmed")
        section.add(source)
        self.facts_label = text_label("…", name="store_facts", wrap=True)
        section.add(self.facts_label)
        self.warning_label = text_label(role="warning", name="store_warning", wrap=True)
        self.warning_label.hide()
        section.add(self.warning_label)
        return section

    def _show_logs(self) -> None:
        logs = self._folder.path / LOGS
        if logs.is_dir():
            self._open_folder(logs)
        else:
            self._say("There are no logs yet.", "dimmed")

    def refresh(self) -> None:
        """Look at the data folder again."""
        job = self._jobs.start(
            store_facts, self._folder, self._configuration, purpose="store-facts", title="Looking at the store"
        )
        job.succeeded.connect(self._show_facts)
        job.failed.connect(self._refuse_facts)

    def _refuse_facts(self, error: Exception) -> None:
        self.facts_label.setText("The store can't be read.")
        self.backup_label.setText("The last backup is noted in the store, which can't be read.")
        self._say(breakable(problems_of(error)[0].text()), "error")

    def _show_facts(self, facts: StoreFacts) -> None:
        self._facts = facts
        room = f"{size_text(facts.bytes)} in the data folder, {size_text(facts.free_bytes)} free"
        if facts.events == 0:
            self.facts_label.setText(f"No store yet. {room}.")
            self.backup_label.setText("Nothing to back up yet.")
        else:
            archived = f" and {facts.archived:,} archived" if facts.archived else ""
            changed = f"last change {facts.changed:%d %b %Y %H:%M} by {facts.changed_by}" if facts.changed else ""
            self.facts_label.setText(
                f"{counted(facts.courses, 'course')}{archived}, {counted(facts.events, 'event')}, {changed}. {room}."
            )
            now = datetime.now().astimezone()
            old = is_old(facts.backup, facts.events, self._configuration, now)
            self.backup_label.setText(f"Last backup: {backup_text(facts.backup, facts.events, now, with_file=False)}.")
            set_role(self.backup_label, "warning" if old else "")
            self.backup_file_label.set_text(str(facts.backup.file) if facts.backup is not None else "")
        self.backup_file_label.setVisible(facts.backup is not None)
        self.backup_button.setEnabled(facts.events > 0 and self._backup_job is None)
        if facts.warnings:
            self._say("\n".join(facts.warnings), "warning")

    def _say(self, text: str, role: str) -> None:
        self.warning_label.setText(text)
        set_role(self.warning_label, role)
        self.warning_label.setVisible(bool(text))

    # --- backup and restore -------------------------------------------------------------------------------------------

    def _backup_section(self) -> Section:
        self.backup_button = push_button("Back up…", name="store_back_up", tooltip="Write a whole, checked copy")
        self.backup_button.clicked.connect(self.choose_backup_file)
        self.backup_button.setEnabled(False)
        self.restore_button = push_button(
            "Restore…", name="store_restore", tooltip="Put a backup in the place of the store; says first what goes"
        )
        self.restore_button.clicked.connect(self.choose_backup_to_restore)
        section = Section("Backup", name="store_backup_section", actions=(self.backup_button, self.restore_button))
        self.backup_label = text_label("…", name="store_last_backup", wrap=True)
        section.add(self.backup_label)
        self.backup_file_label = ElidedLabel(object_name="store_backup_file", role="dimmed", mode=_ELIDE_MIDDLE)
        self.backup_file_label.hide()
        section.add(self.backup_file_label)
        self.backup_bar, self.backup_cancel, row = progress_row("store_backup")
        section.add(row)
        self.backup_row = row
        self.backup_cancel.clicked.connect(self._cancel_backup)
        self.backup_message = text_label(name="store_backup_message", wrap=True)
        self.backup_message.hide()
        section.add(self.backup_message)
        return section

    def choose_backup_file(self) -> None:
        """Ask where the backup shall go; the window goes on meanwhile."""
        if not self._who():
            self._tell_backup(SAY_WHO, "warning")
            self.person_needed.emit()
            return
        suggested = suggested_file(self._folder.path, self._configuration, datetime.now().astimezone())
        dialog = QFileDialog(self, "Back up the store", str(_existing(suggested.parent)), BACKUP_FILTER)
        dialog.setObjectName("store_backup_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setDefaultSuffix(SUFFIX.lstrip("."))
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # no backup is written over; that is said below
        dialog.selectFile(suggested.name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.back_up(Path(name)))
        dialog.open()

    def back_up(self, file: Path) -> None:
        """Write a backup into a new file; runs as a job that can be cancelled."""
        who = self._who()
        if not who:
            self._tell_backup(SAY_WHO, "warning")
            self.person_needed.emit()
            return
        job = self._jobs.start(
            backed_up,
            self._folder,
            self._configuration,
            file,
            who,
            purpose="store-backup",
            title="Backing up the store",
        )
        self._backup_job = job
        self.backup_button.setEnabled(False)
        self._tell_backup("", "")
        self.backup_row.show()
        self.backup_bar.setValue(0)
        job.progressed.connect(self._show_backup_progress)
        job.succeeded.connect(self._backup_done)
        job.failed.connect(self._refuse_backup)
        job.cancelled.connect(self._backup_cancelled)
        job.finished.connect(self._backup_ended)

    def _cancel_backup(self) -> None:
        if self._backup_job is not None:
            self._backup_job.cancel()

    def _backup_done(self, backup: Backup) -> None:
        said = (
            f"Backed up {counted(backup.head_sequence, 'event')} into {backup.file.name} ({size_text(backup.bytes)})."
        )
        self._tell_backup(said, "good")
        self.backup_made.emit(backup)

    def _show_backup_progress(self, fraction: float, text: str) -> None:
        show_progress(self.backup_bar, fraction, text)

    def _refuse_backup(self, error: Exception) -> None:
        self._tell_backup(breakable(problems_of(error)[0].text()), "error")

    def _backup_cancelled(self) -> None:
        self._tell_backup("The backup was cancelled; there is no file.", "warning")

    def _backup_ended(self) -> None:
        self._backup_job = None
        self.backup_row.hide()
        self.backup_button.setEnabled(True)
        self.refresh()

    def _tell_backup(self, text: str, role: str) -> None:
        self.backup_message.setText(text)
        set_role(self.backup_message, role)
        self.backup_message.setVisible(bool(text))

    def choose_backup_to_restore(self) -> None:
        """Ask for a backup; the window goes on meanwhile."""
        if not self._who():
            self._tell_backup("Say first who is working: a restore is noted with a name.", "warning")
            self.person_needed.emit()
            return
        suggested = suggested_file(self._folder.path, self._configuration, datetime.now().astimezone())
        dialog = QFileDialog(self, "Restore a backup", str(_existing(suggested.parent)), BACKUP_FILTER)
        dialog.setObjectName("store_restore_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.offer_restore(Path(name)))
        dialog.open()

    def offer_restore(self, file: Path) -> None:
        """Look into a backup, say what restoring it would take back, and ask."""
        dialog = RestoreDialog(file, self._folder, self._configuration, self._jobs, self)
        dialog.confirmed.connect(self.restore_confirmed)
        dialog.open()

    # --- check --------------------------------------------------------------------------------------------------------

    def _check_section(self) -> Section:
        self.check_button = push_button("Check now", name="store_check", tooltip="Look at everything; changes nothing")
        self.check_button.clicked.connect(self.check_now)
        self.copy_button = push_button("Copy", name="store_copy", tooltip="Copy what was found as text")
        self.copy_button.clicked.connect(self._copy)
        self.copy_button.setEnabled(False)
        section = Section("Check", name="store_check_section", actions=(self.copy_button, self.check_button))
        self.check_bar, self.check_cancel, self.check_row = progress_row("store_check")
        self.check_cancel.clicked.connect(self._cancel_check)
        section.add(self.check_row)
        self.verdict = text_label("Not checked yet in this window.", role="dimmed", name="store_verdict", wrap=True)
        section.add(self.verdict)
        self._lines = ReportLines()
        section.add(self._lines)
        return section

    def check_now(self) -> None:
        """Look at everything; runs as a job that can be cancelled."""
        job = self._jobs.start(examined, self._folder, purpose="store-check", title="Checking the store")
        self._check_job = job
        self.check_button.setEnabled(False)
        self.check_row.show()
        self.check_bar.setValue(0)
        job.progressed.connect(self._show_check_progress)
        job.succeeded.connect(self._show_report)
        job.failed.connect(self._refuse_check)
        job.cancelled.connect(self._check_cancelled)
        job.finished.connect(self._check_ended)

    def _cancel_check(self) -> None:
        if self._check_job is not None:
            self._check_job.cancel()

    def _show_check_progress(self, fraction: float, text: str) -> None:
        show_progress(self.check_bar, fraction, text)

    def _refuse_check(self, error: Exception) -> None:
        self._judge(breakable(problems_of(error)[0].text()), "error")

    def _check_cancelled(self) -> None:
        self._judge("The check was cancelled.", "warning")

    def _check_ended(self) -> None:
        self._check_job = None
        self.check_row.hide()
        self.check_button.setEnabled(True)

    def _show_report(self, report: DoctorReport) -> None:
        self._report = report
        self.copy_button.setEnabled(True)
        self._lines.show_lines(report.lines)
        role = "error" if report.problems else "good"
        self._judge(f"{report.verdict} Checked {datetime.now().astimezone():%d %b %Y %H:%M}.", role)
        self.examined.emit(report)

    def _judge(self, text: str, role: str) -> None:
        self.verdict.setText(text)
        set_role(self.verdict, role)

    def _copy(self) -> None:
        if self._report is not None:
            QGuiApplication.clipboard().setText(self._report.text)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    return next((path for path in (folder, *folder.parents) if path.is_dir()), Path(QDir.homePath()))


def _show_folder(folder: Path) -> bool:
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
