"""What follows from a kept course's events; read without the window's libraries, as processes that compute do."""

from __future__ import annotations

from app.store.course_history import CourseHistory, replayed
from app.store.storage import Storage
from app.store.travelled_events import history_events


def history_of(storage: Storage, course_id: str) -> CourseHistory:
    """What follows from a course's events, those from another store included."""
    return replayed(history_events(storage, course_id))
