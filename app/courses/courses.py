"""The courses that are kept, for one window: the store, who is working, and which course lies in which folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.operations.site_configuration import SiteConfiguration
from app.store.case_tree import CaseTree
from app.store.storage import ListedCourse, Storage
from dosimetry_core.errors import MissingDataError


class Courses(QObject):
    """What a window knows of the store.

    ``changed`` comes when the list of courses may be another one; ``person_changed`` when somebody said who is working.
    """

    changed = Signal()
    person_changed = Signal()

    def __init__(self, storage: Storage, configuration: SiteConfiguration, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.storage = storage
        self.configuration = configuration
        self.tree = CaseTree()
        self._person: str | None = None

    @property
    def copies(self) -> Path | None:
        """Where image files are copied to; None where the site keeps them by reference."""
        return self.storage.folder if self.configuration.copy_images else None

    @property
    def person(self) -> str | None:
        """Who said they were working; None until somebody did."""
        return self._person

    def set_person(self, name: str | None) -> None:
        """Somebody said who is working; None asks again."""
        if name != self._person:
            self._person = name
            self.person_changed.emit()

    def who(self) -> str:
        """Who is working. Raises MissingDataError if nobody said."""
        if self._person is None:
            raise MissingDataError("nobody said who is working", where="window", remedy="say it in the status line")
        return self._person

    def replace_storage(self, storage: Storage) -> None:
        """Go on with the store as it was opened again, after a backup had been restored."""
        self.storage, self.tree = storage, CaseTree()
        self.changed.emit()

    def listed(self) -> tuple[ListedCourse, ...]:
        """All courses, archived ones included."""
        return self.storage.courses()

    def holders(self) -> dict[str, str]:
        """Who has which course open elsewhere, in words, by course."""
        return {course_id: holder.text() for course_id, holder in self.storage.holders().items()}

    def course_in(self, folder: str) -> str | None:
        """The course that was made from this case folder, or None; the last changed one of several."""
        wanted = Path(folder).resolve()
        for course in self.storage.courses():
            first = next(iter(self.storage.events(course_id=course.course_id, limit=1)), None)
            if first is None or first.event.kind != "course-created":
                continue
            if Path(str(first.event.data["folder"])) == wanted:
                return course.course_id
        return None
