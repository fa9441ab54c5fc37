"""Puts courses of the store into the document, and lets go of them again; a case folder becomes a course here."""

from __future__ import annotations

import contextlib
import uuid
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.courses.courses import Courses
from app.courses.journal import CourseJournal
from app.courses.kept_course import (
    KeptCourse,
    imported_course,
    outline,
    read_kept_course,
    registered_and_digested,
)
from app.courses.view_notes import ViewNote, ViewNotes, go_to_place
from app.first_images import IMAGES_ARE_READ, FirstImages
from app.session import Session, show_case
from app.step_states import names_images
from app.store.course_history import CourseHistory
from app.store.kept_history import history_of
from app.store.storage import Holder, Storage, StoreError
from dosimetry_core.case import Case
from dosimetry_core.case_file import CASE_FILE_NAME, read_case
from dosimetry_core.errors import DosimetryError

_UNREMARKABLE = ("course-created", "course-opened", "course-exported", "images-read", "voi-reviewed")


class CourseOpening(QObject):
    """Opens, makes, imports and closes courses.

    ``opened`` when a course is shown, ``ready`` when its images are there too, ``failed`` with what stopped either.
    ``noticed(key, level, text)`` is what the user should know while it is open: ``recovered``, ``held`` (somebody else
    has it), ``images`` (they are not where they were), ``unread`` (they were not read), ``case-file`` (it changed
    since), ``unkept`` (the store can't be written). ``place_known(step)`` says where the user was, ``journal_changed``
    that another course is being kept.
    """

    opened = Signal()
    ready = Signal()
    failed = Signal(object)
    noticed = Signal(str, str, str)
    place_known = Signal(str)
    journal_changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.notes: ViewNotes | None = None
        """Set by the window, which knows the step in view."""
        self._searched: list[Path] = []
        self._missing: tuple[CourseHistory, ViewNote | None] | None = None
        self._changed_file: Case | None = None
        self._read: tuple[CourseHistory, int] | None = None

    def _courses(self) -> Courses:
        if self._session.courses is None:
            raise ValueError("this window has no store")
        return self._session.courses

    # --- open, make, import, close ------------------------------------------------------------------------------------

    def open_known(self, folder: str) -> bool:
        """Open the course that was made from this case folder; False if there is none."""
        try:
            known = self._courses().course_in(folder)
        except StoreError as error:
            self.failed.emit(error)
            return True
        if known is not None:
            self.open_course(known)
        return known is not None

    def import_file(self, path: Path) -> None:
        """Take a course file of another store into this one, and open it."""
        courses = self._courses()
        job = self._session.jobs.start(
            imported_course, courses.storage, path, courses.who(), purpose="open", title="Importing the course"
        )
        job.succeeded.connect(self.open_course)
        job.failed.connect(self.failed)

    def close(self) -> bool:
        """Let go of the open course; False, and ``failed`` says why, if something of it is not durable yet."""
        session = self._session
        journal = session.journal
        if journal is None:
            return True
        if not journal.close():
            self.failed.emit(
                StoreError(
                    "something you did is not saved yet",
                    where="course",
                    remedy="mend what the red notice says; the course stays open until then",
                )
            )
            return False
        if self.notes is not None:
            self.notes.close()
        session.journal = None
        try:
            journal.storage.release(journal.course_id)
        except StoreError as error:
            self.failed.emit(error)
        journal.deleteLater()
        self.journal_changed.emit()
        self._courses().changed.emit()
        return True

    def create(self, case: Case) -> None:
        """Make a course of a case as it was read from its file; somebody must have said who is working."""
        courses, session = self._courses(), self._session
        if not self.close():
            return
        course_id = uuid.uuid4().hex
        journal = CourseJournal(courses.storage, courses.tree, course_id, courses.who, CourseHistory(), 0, self)
        digest = case.case_files[0].sha256 if case.case_files else ""
        try:
            courses.storage.hold(course_id, courses.who())
            journal.begin_course(case, folder=str(Path(case.folder).resolve()), case_file_sha256=digest)
        except StoreError as error:
            journal.deleteLater()
            self._open_unkept(case, error)
            return
        self._show(case)
        self._follow(journal, opened_at=0)
        courses.changed.emit()
        if names_images(case) and not any(cycle.time_points for cycle in case.cycles):
            self._read_first_images(case)
        else:
            session.permission.allow("images")
            self._begin()

    def _open_unkept(self, case: Case, error: StoreError) -> None:
        """Without the store the case can still be looked at and computed, but not changed."""
        self._show(case)
        self._session.permission.forbid("unkept", f"Nothing can be saved: {error}")
        self.noticed.emit("unkept", "error", f"NOT SAVED: {error}")
        self._read_first_images(case)

    def open_course(self, course_id: str) -> None:
        """Open a course of the store: to edit, or read-only while somebody else has it."""
        session, courses = self._session, self._courses()
        if not self.close():
            return
        storage, tree = courses.storage, courses.tree
        try:
            editing = courses.person is not None and not storage.is_read_only
            holder = storage.hold(course_id, courses.who()) if editing else storage.holders().get(course_id)
            last = next(iter(storage.events(course_id=course_id, limit=1, newest_first=True)), None)
            if last is None:
                raise StoreError("there is no such course", where=course_id, remedy="choose one of the list")
            history = history_of(storage, course_id)
            note = ViewNote.read(storage.view_note(course_id))
            case = outline(storage, tree, history)
        except (StoreError, ValueError) as error:
            with contextlib.suppress(StoreError):
                storage.release(course_id)
            self.failed.emit(error)
            return
        self._show(case)
        session.permission.forbid("images", IMAGES_ARE_READ)
        if holder is None:
            self._say_what_was_recovered(storage, course_id, note)
        if holder is not None or not editing:
            session.reading_course = course_id
            self._read = (history, last.sequence)
            self._say_who_holds(holder)
        else:
            self._edit(course_id, history, last.sequence)
        self._restore(history, note)

    def begin_editing(self) -> None:
        """Take the course that is open read-only for editing, if nobody else has it; if it changed, open it anew."""
        session, courses = self._session, self._courses()
        course_id, read = session.reading_course, self._read
        if course_id is None or read is None or courses.person is None or courses.storage.is_read_only:
            return
        history, sequence = read
        try:
            holder = courses.storage.hold(course_id, courses.who())
            last = next(iter(courses.storage.events(course_id=course_id, limit=1, newest_first=True)), None)
        except StoreError as error:
            self.failed.emit(error)
            return
        if holder is not None:
            self._say_who_holds(holder)
        elif last is None or last.sequence != sequence:
            self.open_course(course_id)
        else:
            session.reading_course = self._read = None
            session.permission.allow("held")
            self._edit(course_id, history, sequence)

    def _edit(self, course_id: str, history: CourseHistory, sequence: int) -> None:
        courses = self._courses()
        journal = CourseJournal(courses.storage, courses.tree, course_id, courses.who, history, sequence, self)
        self._follow(journal, opened_at=sequence)
        journal.note_opened()

    def _say_who_holds(self, holder: Holder | None) -> None:
        if holder is not None:
            text = f"Read only: this course is open elsewhere, by {holder.text()}."
            self._session.permission.forbid("held", text)
            self.noticed.emit("held", "info", text)

    # --- images and history -------------------------------------------------------------------------------------------

    def _read_first_images(self, case: Case) -> None:
        session, tree = self._session, self._courses().tree
        job = session.jobs.start(
            registered_and_digested,
            case,
            tree,
            self._courses().copies,
            purpose="open",
            title="Reading and aligning images",
            shows=True,
        )
        images = FirstImages(session, job, case)

        def take(made: Case) -> None:
            if not images.replace_by(made):
                return
            if session.journal is not None:
                session.journal.note_images_read(made)
            self._begin()

        def explain(error: Exception | None = None) -> None:
            if images.are_in_view:
                session.permission.forbid("images", "The images were not read: see the notice above.")
                self.noticed.emit("unread", "error", _unread(error))
                if error is not None:
                    self.failed.emit(error)

        job.succeeded.connect(take)
        job.failed.connect(explain)
        job.cancelled.connect(explain)

    def _restore(self, history: CourseHistory, note: ViewNote | None) -> None:
        session, courses = self._session, self._courses()
        shown = session.document.case
        job = session.jobs.start(
            read_kept_course,
            courses.storage,
            courses.tree,
            history,
            tuple(self._searched),
            purpose="open",
            title="Reading the images of the course",
        )

        def explain(error: Exception | None = None) -> None:
            if session.document.case is shown:
                self._missing = (history, note)
                session.permission.forbid("images", "The images were not read: see the notice above.")
                self.noticed.emit("unread" if error is None else "images", "error", _unread(error))
                if error is not None:
                    self.failed.emit(error)

        job.succeeded.connect(lambda kept: self._take_kept(shown, kept, history, note))
        job.failed.connect(explain)
        job.cancelled.connect(explain)

    def search_images_in(self, folder: Path) -> None:
        """Look for the images of the open course in this folder too, and go on opening it."""
        self._searched.append(folder)
        self.read_images_again()

    def read_images_again(self) -> None:
        """Try once more to read the images of the open course."""
        missing, self._missing = self._missing, None
        if missing is not None:
            self._session.permission.forbid("images", IMAGES_ARE_READ)
            self._restore(*missing)
        else:
            self._read_first_images(self._session.document.case)

    def _take_kept(self, shown: Case, kept: KeptCourse, history: CourseHistory, note: ViewNote | None) -> None:
        session = self._session
        if session.document.case is not shown:
            return
        session.document.restore(kept.case, kept.commands, kept.position)
        session.reviews.restore(kept.confirmations, history.reasons, kept.seen_masks)
        session.plan_choice.restore(history.activities_bq, ends_treatment=history.ends_treatment)
        session.plan_files[:] = kept.plan_files
        if note is not None:
            go_to_place(note, session)
            self.place_known.emit(note.step)
        if names_images(kept.case) and not any(cycle.time_points for cycle in kept.case.cycles):
            self._read_first_images(kept.case)
            return
        session.permission.allow("images")
        self._begin()
        self._look_at_case_file(history)

    # --- a case file that changed -------------------------------------------------------------------------------------

    def _look_at_case_file(self, history: CourseHistory) -> None:
        if not history.folder or not (Path(history.folder) / CASE_FILE_NAME).exists():
            return
        try:
            found = read_case(Path(history.folder))
        except DosimetryError:
            return
        taken = self._session.document.case.case_files
        if [file.sha256 for file in found.case_files] != [file.sha256 for file in taken]:
            self._changed_file = found
            text = (
                "The case file or its protocol has changed since it was taken. What was edited here is not in the file."
            )
            self.noticed.emit("case-file", "warning", text)

    def take_changed_file(self) -> None:
        """Put what the changed case file says in place of the case, as one undoable step."""
        session, found = self._session, self._changed_file
        if found is None or not session.permission.asked():
            return
        before = session.document.case
        session.permission.forbid("images", IMAGES_ARE_READ)
        job = session.jobs.start(
            registered_and_digested,
            found,
            self._courses().tree,
            self._courses().copies,
            purpose="open",
            title="Reading and aligning images",
        )

        def take(made: Case) -> None:
            session.permission.allow("images")
            if session.document.case is before:
                self._changed_file = None
                session.document.apply("Take the changed case file", lambda _case: made)

        def explain(error: Exception) -> None:
            session.permission.allow("images")
            self.failed.emit(error)

        job.succeeded.connect(take)
        job.failed.connect(explain)

    # --- common -------------------------------------------------------------------------------------------------------

    def _show(self, case: Case) -> None:
        self._missing = self._changed_file = self._read = None
        show_case(self._session, case)
        self.opened.emit()

    def _follow(self, journal: CourseJournal, *, opened_at: int) -> None:
        session = self._session
        session.journal = journal
        journal.follow(session.document, session.reviews, session.plan_choice)
        if self.notes is not None:
            self.notes.follow(journal.storage, journal.course_id, opened_at)
        self.journal_changed.emit()

    def _say_what_was_recovered(self, storage: Storage, course_id: str, note: ViewNote | None) -> None:
        if note is None or note.closed:
            return
        after = storage.events(course_id=course_id, after=note.opened_at)
        since = [stored.event for stored in after if stored.event.kind not in _UNREMARKABLE]
        words = "One change is" if len(since) == 1 else f"{len(since)} changes are"
        told = f"{words} back, the last one: {since[-1].what}." if since else "Nothing had been changed."
        self.noticed.emit("recovered", "info", f"The program ended unexpectedly last time. {told}")

    def _begin(self) -> None:
        self._session.recomputation.set_enabled(True)
        self.ready.emit()


def _unread(error: Exception | None) -> str:
    return "The images were not read: it was cancelled." if error is None else str(error).splitlines()[0]
