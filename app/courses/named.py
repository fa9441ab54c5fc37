"""Finds the one course that a person means: its id, the beginning of it, or the patient's id where it is unique."""

from __future__ import annotations

import unicodedata
from typing import Final

from app.store.storage import ListedCourse, Storage
from dosimetry_core.errors import DosimetryError, MissingDataError

SHORT_ID: Final = 8
"""How much of a course id is shown; any longer beginning that is unique will do as well."""
MOST_CANDIDATES: Final = 8


def course_named(storage: Storage, text: str) -> ListedCourse:
    """The course with this id, this beginning of an id, or of the patient with this id.

    Raises
    ------
    MissingDataError
        If there is none.
    DosimetryError
        If several fit; the message lists them.
    """
    wanted = unicodedata.normalize("NFC", text.strip())
    if not wanted:
        raise MissingDataError("no course was named", where="COURSE", remedy="lutetia list shows the courses")
    courses = storage.courses()
    for fitting in (
        [course for course in courses if course.course_id == wanted],
        [course for course in courses if unicodedata.normalize("NFC", course.summary.patient_id) == wanted],
        [course for course in courses if course.course_id.startswith(wanted)],
    ):
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise DosimetryError(
                f"{len(fitting)} courses are meant by this: {_candidates(fitting)}",
                where=wanted,
                remedy="name the course by its id",
            )
    raise MissingDataError(
        "there is no such course in this store", where=wanted, remedy="lutetia list --archived shows them all"
    )


def _candidates(courses: list[ListedCourse]) -> str:
    shown = [
        f"{course.course_id} (patient {course.summary.patient_id}, {course.summary.protocol}, "
        f"cycle {course.summary.cycle}{', archived' if course.summary.archived else ''})"
        for course in courses[:MOST_CANDIDATES]
    ]
    more = len(courses) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
