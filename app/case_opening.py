"""Opens a case: reads the case file, then imports and aligns its images as jobs, then lets the results follow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.case_reading import demonstration_written, prepared
from app.courses.opening import CourseOpening
from app.first_images import FirstImages
from app.session import Session, empty_case, show_case
from app.step_states import names_images
from dosimetry_core.case import Case
from dosimetry_core.case_file import CASE_FILE_NAME, read_case
from dosimetry_core.errors import InconsistentCaseError

COURSE_FILE_SUFFIX = ".lutetia"


class CaseOpening(QObject):
    """Puts cases into the document: from a case folder, or as courses of the store where the window has one.

    ``opened`` when the case is shown, ``ready`` when its images are there too and aligned, ``failed`` with the error
    that stopped either; ``person_needed`` when somebody has to say who is working before it goes on.
    """

    opened = Signal()
    ready = Signal()
    failed = Signal(object)
    person_needed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._waiting: Callable[[], None] | None = None
        self.courses = CourseOpening(session, self)
        self.courses.opened.connect(self.opened)
        self.courses.ready.connect(self.ready)
        self.courses.failed.connect(self.failed)

    def open_path(self, path: Path) -> None:
        """Open a folder with a case file, the file itself, or a course file of another store."""
        if path.suffix == COURSE_FILE_SUFFIX:
            self._with_person(lambda: self.courses.import_file(path))
            return
        try:
            case = read_case(path)
        except Exception as error:
            self.failed.emit(error)
            return
        self.open_case(case)

    def open_demonstration(self, folder: Path) -> None:
        """Write the demonstration case into a folder, unless it is there already, and open it."""
        if (folder / CASE_FILE_NAME).exists():
            self.open_path(folder)
            return
        if folder.exists() and any(folder.iterdir()):
            self.failed.emit(
                InconsistentCaseError("holds other files", where=folder.name, remedy="choose an empty or a new folder")
            )
            return
        job = self._session.jobs.start(
            demonstration_written, folder, purpose="open", title="Writing the demonstration case"
        )
        job.succeeded.connect(self.open_path)
        job.failed.connect(self.failed)

    def open_case(self, case: Case) -> None:
        """Open a case that was read from its file; where there is a store, its course, which is made if need be."""
        if self._session.courses is None:
            self._open_unkept(case)
        elif not self.courses.open_known(case.folder):
            self._with_person(lambda: self.courses.create(case))

    def open_course(self, course_id: str) -> None:
        """Open a course of the store; read-only until somebody says who is working."""
        self.courses.open_course(course_id)

    def leave_course(self) -> bool:
        """Close what is open and show no case; False if something of it could not be kept, which ``failed`` says."""
        if not self.courses.close():
            return False
        show_case(self._session, empty_case())
        self.opened.emit()
        return True

    def person_is_known(self) -> None:
        """Somebody said who is working: go on with what waited for it."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting()
        else:
            self.courses.begin_editing()

    def _with_person(self, act: Callable[[], None]) -> None:
        courses = self._session.courses
        if courses is not None and courses.person is None:
            self._waiting = act
            self.person_needed.emit()
        else:
            act()

    def _open_unkept(self, case: Case) -> None:
        show_case(self._session, case)
        self.opened.emit()
        if not names_images(case) or any(cycle.time_points for cycle in case.cycles):
            self._begin()
            return
        job = self._session.jobs.start(prepared, case, purpose="open", title="Reading and aligning images", shows=True)
        images = FirstImages(self._session, job, case)
        job.succeeded.connect(lambda result: self._take(images, result))
        job.failed.connect(self.failed)

    def _take(self, images: FirstImages, after: Case) -> None:
        if images.replace_by(after):
            self._begin()

    def _begin(self) -> None:
        self._session.recomputation.set_enabled(True)
        self.ready.emit()
