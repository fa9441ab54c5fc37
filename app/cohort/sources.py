"""Where the records of a cohort come from: the store, and tables of earlier patients; who is who stays here."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.cohort.computing import KEY_LETTERS
from app.cohort.store_courses import StoreCourse
from app.operations.counted import counted
from dosimetry_core.cohort.csv_records import read_records
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.errors import DosimetryError

SHA_LETTERS = 12
"""So much of a table's digest tells it apart from any other in the methods."""


@dataclass(frozen=True)
class CohortSources:
    """What a cohort is made of.

    Parameters
    ----------
    courses
        Of the store; those without a record don't count yet.
    tables
        Records of each table of earlier patients, by its name.
    digests
        Beginning of the SHA-256 of each table, in the same order.
    """

    courses: tuple[StoreCourse, ...] = ()
    tables: tuple[tuple[str, tuple[CourseRecord, ...]], ...] = field(default=())
    digests: tuple[str, ...] = ()

    @property
    def records(self) -> tuple[CourseRecord, ...]:
        """Every record, those of the store first."""
        own = tuple(course.record for course in self.courses if course.record is not None)
        return own + tuple(record for _, records in self.tables for record in records)

    @functools.cached_property
    def _by_key(self) -> dict[str, StoreCourse]:
        return {course.record.key: course for course in self.courses if course.record is not None}

    def course_of(self, key: str) -> StoreCourse | None:
        """The course of the store that a record is of; None if it is of a table."""
        return self._by_key.get(key)

    def name_of(self, key: str) -> str:
        """What this department calls the patient of a record."""
        course = self.course_of(key)
        return key if course is None else course.listed.summary.patient_id

    def origin(self) -> str:
        """In words, as the end of "The courses are …"."""
        parts = []
        own = sum(course.record is not None for course in self.courses)
        if own:
            late = sum(course.record is not None and course.state != "current" for course in self.courses)
            remark = f", {counted(late, 'course')} of them as computed before their last change" if late else ""
            parts.append(f"those of this department's store ({counted(own, 'course')}{remark})")
        parts += [
            f"from the table {name} ({counted(len(records), 'course')}, SHA-256 {digest}…)"
            for (name, records), digest in zip(self.tables, self.digests, strict=True)
        ]
        return " and ".join(parts) or "none"

    def with_table(self, path: Path) -> CohortSources:
        """With one more table of earlier patients.

        Raises
        ------
        DosimetryError
            If it can't be read, holds faults, or a patient who is there already.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DosimetryError(
                f"can't be read ({error.strerror})", where=str(path), remedy="check the path and the access rights"
            ) from error
        records = tuple(read_records(content, where=str(path)))
        known = {record.key for record in self.records}
        twice = sorted({record.key for record in records} & known)
        if twice:
            raise DosimetryError(
                f"holds courses that are there already: {', '.join(twice)}",
                where=str(path),
                remedy="take each course in once",
            )
        digest = hashlib.sha256(content).hexdigest()[:SHA_LETTERS]
        return CohortSources(self.courses, (*self.tables, (path.name, records)), (*self.digests, digest))

    def with_courses(self, courses: Sequence[StoreCourse]) -> CohortSources:
        """With the store's courses as they are now."""
        return CohortSources(tuple(courses), self.tables, self.digests)


def require_distinct_keys(courses: Sequence[StoreCourse]) -> None:
    """Refuse a store two of whose courses can't be told apart by their keys, which chance does not make."""
    keys = [course.listed.course_id[:KEY_LETTERS] for course in courses]
    if len(set(keys)) != len(keys):
        raise DosimetryError(
            "two courses share the beginning of their ids", where="cohort", remedy="report this: ids are random"
        )
