"""The store in the window: patient list, who is working, notices about the open course, and when it was saved."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QWidget

from app.courses.acts import archived, exported
from app.courses.courses import Courses
from app.courses.person_at_work import known_people
from app.courses.view_notes import ViewNotes
from app.operations.data_folder import DataFolder
from app.problems import problems_of
from app.store.storage import StoreCheck, StoreError
from dosimetry_core.errors import Level
from dosimetry_core.units import SECONDS_PER_MINUTE
from dosimetry_core.version import SOFTWARE_NAME
from widgets.notice_bar import Notice

if TYPE_CHECKING:
    from app.courses.patient_list import PatientList
    from app.main_window import MainWindow

KNOWN_FROM_EVENTS = 1000
"""People of the last so many events are offered while a name is typed."""
SAY_WHO = "Say first who is working: above, or in the status line."
_ACTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "held": (("reopen", "Try again"),),
    "images": (("find", "Find the images…"),),
    "unread": (("read", "Read the images"),),
    "case-file": (("keep", "Keep the course"), ("take", "Take the file")),
    "unsaved": (("retry", "Try again"),),
    "changed": (("reopen", "Reopen the course"),),
}
_LASTING = ("unsaved", "unkept", "held", "images", "unread", "changed")


class WindowKeeping(QObject):
    """Connects a window with a store; made when the store is open, which is after the window was first painted."""

    def __init__(self, window: MainWindow, courses: Courses, folder: DataFolder) -> None:
        super().__init__(window)
        self._folder = folder
        self._window, self._session, self.courses = window, window.session, courses
        self._session.courses = courses
        self._refusals: set[str] = set()
        self.list: PatientList | None = None
        self._build()
        self._connect()
        self.show_courses()
        self._show_warnings()

    def _build(self) -> None:
        from app.courses.patient_list import PatientList
        from app.courses.working_panel import WorkingPanel

        window, configuration = self._window, self.courses.configuration
        self.list = PatientList()
        window.step("course").set_welcome(self.list)  # type: ignore[attr-defined]
        self.panel = WorkingPanel(ask_again_after_s=configuration.ask_again_after_min * SECONDS_PER_MINUTE)
        self.panel.watch(window)
        window.frame.add_working_panel(self.panel, self.panel.note)
        self._session.permission.forbid("person", SAY_WHO)
        recent = self.courses.storage.events(newest_first=True, limit=KNOWN_FROM_EVENTS)
        self.panel.set_known(known_people(stored.event.who for stored in recent if stored.event.who != SOFTWARE_NAME))
        # After the list has come into view, which takes the keyboard.
        QTimer.singleShot(0, self.panel.ask)

    def _connect(self) -> None:
        window, opening = self._window, self._window.opening
        patients = self.list
        if patients is None:
            raise ValueError("the patient list is made first")
        patients.open_requested.connect(opening.open_course)
        patients.folder_requested.connect(window.acts.choose_folder)
        patients.demonstration_requested.connect(window.acts.choose_demonstration)
        patients.import_requested.connect(self.choose_course_file)
        patients.export_requested.connect(self.choose_export)
        patients.archive_requested.connect(self.archive)
        self.panel.person_given.connect(self._take_person)
        self.panel.person_left.connect(self._lose_person)
        opening.person_needed.connect(lambda: self.panel.demand("Say who is working, then the course is opened."))
        self._session.permission.refused.connect(self._demand_person)
        self._session.permission.changed.connect(self._forget_refusal)
        opening.courses.notes = ViewNotes(self._session, lambda: window.current_step, self)
        window.rail.step_clicked.connect(opening.courses.notes.moved)
        opening.courses.noticed.connect(self.notice)
        opening.courses.place_known.connect(window.go_to)
        opening.courses.journal_changed.connect(self._follow_journal)
        opening.opened.connect(self._forget_notices)
        window.notices.action_chosen.connect(self._act)
        self.courses.changed.connect(self.show_courses)

    # --- who is working -----------------------------------------------------------------------------------------------

    def _take_person(self, name: str) -> None:
        self.courses.set_person(name)
        self._session.permission.allow("person")
        self._window.opening.person_is_known()

    def _demand_person(self, _reason: str) -> None:
        if self.courses.person is None:
            self.panel.demand()

    def _forget_refusal(self) -> None:
        strip, reason = self._window.job_strip, self._session.permission.reason
        if strip.message() in self._refusals and strip.message() != reason:
            strip.set_message("")
        if reason is not None:
            self._refusals.add(reason)

    def _lose_person(self) -> None:
        if self._session.journal is not None:
            self._session.journal.flush()
        self._session.permission.forbid("person", SAY_WHO)
        self.courses.set_person(None)

    # --- the list -----------------------------------------------------------------------------------------------------

    def show_courses(self) -> None:
        """Show the courses as they are in the store now."""
        if self.list is None:
            return
        try:
            self.list.show_courses(self.courses.listed(), self.courses.holders())
        except StoreError as error:
            self._window.show_problem(error)

    def choose_course_file(self) -> None:
        """Ask for a course file of another store and take it in."""
        start = self._session.preferences.last_folder
        title = "Import a course file"
        chosen, _kind = QFileDialog.getOpenFileName(self._window, title, start, "Course file (*.lutetia)")
        if chosen:
            self._window.opening.open_path(Path(chosen))

    def choose_export(self, course_id: str) -> None:
        """Ask where to write a course as one file, with its images or without."""
        plain, whole = "Course file without images (*.lutetia)", "Course file with images (*.lutetia)"
        chosen, kind = QFileDialog.getSaveFileName(
            self._window, "Export the course", f"{course_id[:8]}.lutetia", f"{plain};;{whole}"
        )
        if chosen:
            self.export(course_id, Path(chosen), with_images=kind == whole)

    def export(self, course_id: str, target: Path, *, with_images: bool) -> None:
        """Write a course as one file; runs as a job."""
        if self.courses.person is None:
            self.panel.ask()
            return
        if self._session.journal is not None:
            self._session.journal.flush()
        job = self._session.jobs.start(
            exported,
            self.courses.storage,
            course_id,
            target,
            self.courses.who(),
            with_images=with_images,
            purpose="export",
            title="Exporting the course",
        )
        job.succeeded.connect(self._exported)
        job.failed.connect(self._window.show_problem)

    def _exported(self, target: Path) -> None:
        self._window.job_strip.set_message(f"Exported {target.name}")
        self.show_courses()

    def archive(self, course_id: str, away: bool) -> None:
        """Put a course away, or take it back into the list."""
        if self.courses.person is None:
            self.panel.ask()
            return
        try:
            archived(self.courses.storage, course_id, away, who=self.courses.who())
        except StoreError as error:
            self._window.show_problem(error)
        self.show_courses()

    # --- the store as a whole -----------------------------------------------------------------------------------------

    def show_store(self) -> None:
        """Data folder, backup and restore, check, site configuration."""
        from app.operations.store_window import StoreWindow

        courses = self.courses
        shown = StoreWindow(
            self._folder, courses.configuration, self._session.jobs, lambda: courses.person, self._window
        )
        shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shown.restore_confirmed.connect(lambda backup: self.restore(backup, shown))
        shown.person_needed.connect(self.panel.demand)
        if self._session.journal is not None:
            self._session.journal.flush()
        shown.show()

    def restore(self, backup: Path, shown: QWidget | None = None) -> None:
        """Put a backup in the place of the store: what is open is closed, and the list is that of the backup."""
        from app.operations.restoration import restored

        who = self.courses.person
        if who is None:
            self.panel.demand()
            return
        if not self._window.opening.leave_course():
            return
        if shown is not None:
            shown.close()
        self._session.permission.forbid("restore", "A backup is being restored.")
        self.courses.storage.close()
        job = self._session.jobs.start(
            restored,
            backup,
            self._folder.path,
            self.courses.configuration,
            who=who,
            purpose="restore",
            title="Restoring the backup",
        )
        job.succeeded.connect(lambda done: self._window.job_strip.set_message(restored_words(done.check.events)))
        job.failed.connect(self._window.show_problem)
        job.finished.connect(self._open_again)

    def _open_again(self) -> None:
        from app.store import open_store

        configuration = self.courses.configuration
        try:
            storage = open_store(self._folder.path, who=SOFTWARE_NAME, anchor=configuration.anchor_file)
        except StoreError as error:
            self._session.permission.forbid("restore", "The store is closed: start the program again.")
            self._window.show_problem(error)
            self.notice("store", "error", f"NOTHING IS SAVED: {error.line()}")
            return
        self._session.permission.allow("restore")
        self.courses.replace_storage(storage)

    # --- notices ------------------------------------------------------------------------------------------------------

    def notice(self, key: str, level: Level, text: str) -> None:
        """Say something about the open course in the bar under the banner."""
        self._window.notices.put(Notice(key, level, text, _ACTIONS.get(key, ()), dismissable=key not in _LASTING))

    def _forget_notices(self) -> None:
        for key in self._window.notices.keys():  # noqa: SIM118 a method of the bar, which is no mapping
            if not key.startswith("store"):
                self._window.notices.take(key)

    def _act(self, key: str, action: str) -> None:
        session, opening = self._session, self._window.opening
        if action == "retry" and session.journal is not None:
            session.journal.flush()
        elif action == "reopen" and self.courses.person is None:
            self.panel.demand("Say who is working, then the course is opened for editing.")
        elif action == "reopen":
            self._window.notices.take(key)
            if session.reading_course is not None:
                opening.courses.begin_editing()
            elif session.journal is not None:
                opening.open_course(session.journal.course_id)
        elif action == "find":
            chosen = QFileDialog.getExistingDirectory(self._window, "Where the images of this course are now")
            if chosen:
                self._window.notices.take(key)
                opening.courses.search_images_in(Path(chosen))
        elif action == "read":
            self._window.notices.take(key)
            opening.courses.read_images_again()
        elif action == "take":
            self._window.notices.take(key)
            opening.courses.take_changed_file()
        elif action == "keep":
            self._window.notices.take(key)

    # --- saving -------------------------------------------------------------------------------------------------------

    def _follow_journal(self) -> None:
        journal = self._session.journal
        if journal is None:
            self._window.saved_note.show_nothing()
            return
        journal.saved.connect(self._saved)
        journal.unsaved.connect(self._unsaved)
        journal.lost_race.connect(self._lost_race)
        self._saved(datetime.now().astimezone())

    def _saved(self, moment: datetime) -> None:
        self._window.saved_note.show_saved(moment)
        self._window.notices.take("unsaved")
        self._window.forget_unsaved()
        self._show_warnings()

    def _unsaved(self, error: Exception) -> None:
        text = problems_of(error)[0].text()
        self._window.saved_note.show_not_saved(text)
        self.notice("unsaved", "error", f"NOT SAVED: {text}")

    def _lost_race(self, error: Exception) -> None:
        text = problems_of(error)[0].text()
        self._session.permission.forbid("changed", "Another window changed this course: reopen it first.")
        self._window.saved_note.show_not_saved(text)
        self.notice("changed", "error", f"NOT SAVED: {text}")

    def _show_warnings(self) -> None:
        warnings = self.courses.storage.warnings
        if warnings:
            self.notice("store-warning", "warning", warnings[-1])
        else:
            self._window.notices.take("store-warning")

    def show_check(self, check: StoreCheck) -> None:
        """Say what the check of the store found; only what is wrong stands in the way."""
        if check.problems:
            self.notice("store", "error", f"The store is damaged: {check.problems[0]}")
        else:
            self._window.job_strip.set_message(f"Store checked: {_counted(check.events)} as written")


def _counted(events: int) -> str:
    return "one event" if events == 1 else f"all {events:,} events"


def restored_words(events: int) -> str:
    """What is said after a restore."""
    return f"Restored: {_counted(events)} of the backup are there"
