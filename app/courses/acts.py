"""What is done to a whole course from the list: put away, taken back, written as one file."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from app.store.events import Event
from app.store.storage import Storage, StoreError
from dosimetry_core.progress import Progress


def archived(storage: Storage, course_id: str, away: bool, *, who: str, why: str = "") -> None:
    """Archive a course, or take it back into the list; nothing is deleted.

    Raises
    ------
    StoreError
        If there is no such course, it is so already, somebody has it open, or it can't be written.
    """
    course = next((course for course in storage.courses() if course.course_id == course_id), None)
    if course is None:
        raise StoreError("there is no such course", where=course_id, remedy="choose one of the list")
    if course.summary.archived == away:
        state = "is archived already" if away else "is not archived"
        raise StoreError(state, where=course_id, remedy="nothing to do")
    words = ("listed", "archived")
    event = Event(
        "course-archived" if away else "course-unarchived",
        course_id,
        who,
        "Archive the course" if away else "Take the course back into the list",
        datetime.now().astimezone(),
        old=words[not away],
        new=words[away],
        why=" ".join(why.split()),
        summary=replace(course.summary, archived=away),
    )
    holder = storage.hold(course_id, who)
    if holder is not None:
        raise StoreError(f"is open elsewhere: {holder.text()}", where=course_id, remedy="close it there first")
    try:
        storage.append([event], expected={course_id: course.last_sequence})
    finally:
        storage.release(course_id)


def exported(
    storage: Storage, course_id: str, target: Path, who: str, *, with_images: bool, progress: Progress
) -> Path:
    """Write a course as one file and return it; runs as a job."""
    from app.store.course_file import export_course

    export_course(storage, course_id, target, with_images=with_images, who=who, progress=progress)
    return target
