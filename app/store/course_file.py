"""One file for a whole course: what others use of its export, its import, and the history that comes along."""

from __future__ import annotations

from app.store.course_archive import COURSE_FILE_SUFFIX, CourseFileError
from app.store.course_export import export_course
from app.store.course_import import import_course
from app.store.travelled_events import as_made, history_events

__all__ = ["COURSE_FILE_SUFFIX", "CourseFileError", "as_made", "export_course", "history_events", "import_course"]
