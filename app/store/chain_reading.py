"""Reading events from a database: each against its digest, its predecessor's, and the course it is listed under."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import apsw

from app.store.connection import rows, typed
from app.store.database_faults import RESTORE
from app.store.events import FIRST_PREVIOUS, StoredEvent, chained, event_from_body
from app.store.storage import ListedCourse, StoreDamagedError
from dosimetry_core.errors import DosimetryError

BATCH: Final = 1000
"""Events read at a time, so that no reading transaction stays open while the caller works."""

_EVENTS: Final = """
    SELECT
        event.sequence, before.digest, event.digest, CAST(event.body AS BLOB), behind.digest, CAST(behind.body AS BLOB)
    FROM event
    LEFT JOIN event AS before ON before.sequence = event.sequence - 1
    LEFT JOIN event AS behind ON behind.sequence = event.sequence + 1
"""
_ROW: Final = (int, bytes | None, bytes, bytes, bytes | None, bytes | None)
_COURSES: Final = """
    WITH RECURSIVE listed(course) AS (
        SELECT min(course) FROM event WHERE json_extract(body, '$.summary') IS NOT NULL
        UNION ALL
        SELECT (
            SELECT min(course) FROM event
            WHERE json_extract(body, '$.summary') IS NOT NULL AND event.course > listed.course
        )
        FROM listed WHERE listed.course IS NOT NULL
    )
    SELECT
        (SELECT max(sequence) FROM event
            WHERE event.course = listed.course AND json_extract(body, '$.summary') IS NOT NULL),
        (SELECT max(sequence) FROM event WHERE event.course = listed.course)
    FROM listed WHERE listed.course IS NOT NULL
"""


@dataclass(frozen=True)
class EventPart:
    """Which events: of one course, of none, or all; behind a number in the order they are read."""

    course_id: str | None
    of_store: bool
    after: int
    newest_first: bool
    before: int | None = None

    def behind(self, sequence: int) -> EventPart:
        """What is left when all up to a number were read."""
        return replace(self, before=sequence) if self.newest_first else replace(self, after=sequence)

    def condition(self) -> tuple[str, tuple[int | str, ...]]:
        """For a statement, with its values."""
        condition = "event.sequence > ?"
        values: tuple[int | str, ...] = (self.after,)
        if self.before is not None:
            condition, values = f"{condition} AND event.sequence < ?", (*values, self.before)
        if self.of_store:
            return f"{condition} AND event.course IS NULL", values
        if self.course_id is not None:
            return f"{condition} AND event.course = ?", (*values, self.course_id)
        return condition, values


def event_rows(connection: apsw.Connection, part: EventPart, most: int) -> list[Any]:
    """Number, previous digest, digest and body of the next events; digest and body of the event behind each."""
    condition, values = part.condition()
    order = "DESC" if part.newest_first else "ASC"
    found = rows(connection, f"{_EVENTS} WHERE {condition} ORDER BY event.sequence {order} LIMIT ?", (*values, most))
    return [typed(row, *_ROW) for row in found]


def checked_event(row: Any, path: Path, *, course_id: str | None = None) -> StoredEvent:
    """An event as it was written.

    Raises
    ------
    StoreDamagedError
        If it is another one, or belongs to another course than asked.
    """
    sequence, before, digest, body, digest_behind, body_behind = row
    previous = FIRST_PREVIOUS if sequence == 1 else (before or b"").hex()
    if not previous or chained(previous, body) != digest.hex():
        raise damaged(f"event {sequence} is not what was written", path)
    if digest_behind is not None and chained(digest.hex(), body_behind or b"") != digest_behind.hex():
        # What was changed together with its digest no longer carries the chain.
        raise damaged(f"event {sequence}, or the one behind it, is not what was written", path)
    try:
        event = event_from_body(body, where=f"{path.name}, event {sequence}")
    except (DosimetryError, ValueError, KeyError, TypeError) as error:
        raise damaged(f"event {sequence} can't be read", path) from error
    if course_id is not None and event.course_id != course_id:
        raise damaged(f"event {sequence} is listed under another course than its own", path)
    return StoredEvent(int(sequence), previous, digest.hex(), event)


def listed_courses(connection: apsw.Connection, path: Path) -> tuple[ListedCourse, ...]:
    """The newest summary and the newest event of every course, the last changed first."""
    pairs = [typed(pair, int, int) for pair in rows(connection, _COURSES)]
    found = {
        sequence: checked_event(typed(row, *_ROW), path)
        for sequence in sorted({sequence for pair in pairs for sequence in pair})
        for row in rows(connection, f"{_EVENTS} WHERE event.sequence = ?", (sequence,))
    }
    listed = []
    for with_summary, last in pairs:
        if with_summary not in found or last not in found:
            raise damaged("the list of courses names events that are not there", path)
        told, newest = found[with_summary].event, found[last].event
        if told.summary is None or told.course_id is None or told.course_id != newest.course_id:
            raise damaged(f"event {with_summary} is listed under another course than its own", path)
        listed.append(ListedCourse(told.course_id, told.summary, last, newest.time, newest.who))
    return tuple(sorted(listed, key=lambda course: course.last_sequence, reverse=True))


def damaged(what: str, path: Path) -> StoreDamagedError:
    """The error of a store that is not what was written."""
    return StoreDamagedError(what, where=str(path), remedy=RESTORE)
