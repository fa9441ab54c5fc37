"""Reading the audit trail, newest first, a page at a time, past what is damaged; and all that a filter lets through."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from app.audit.lines import AuditFilter, AuditLine, damaged_line, line_of
from app.store.events import CourseSummary, StoredEvent
from app.store.storage import Storage, StoreDamagedError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.progress import Progress

PAGE: Final = 500
"""Lines that are wanted at a time."""
SEARCHED: Final = 5000
"""Events looked at before what was found so far is handed over."""
_CHUNK: Final = 250
_WIDEST: Final = 2**20
_REPORTED: Final = 100
_STRIDE: Final = 1000
_Item = StoredEvent | tuple[int, str]
_Events = Generator[_Item, None, None]


@dataclass(frozen=True)
class AuditPage:
    """Lines, newest first.

    ``before`` is where the next page begins; None at the end of the trail. ``reached`` is the time of the oldest event
    that was looked at, empty for none. ``end`` is the number of the newest event there was.
    """

    lines: tuple[AuditLine, ...]
    before: int | None
    reached: str
    end: int
    courses: FrozenMap[str, CourseSummary]


def course_summaries(storage: Storage) -> FrozenMap[str, CourseSummary]:
    """Summaries by course; none where the list can't be read, which is told where the chain is checked."""
    try:
        return FrozenMap({course.course_id: course.summary for course in storage.courses()})
    except StoreDamagedError:
        return FrozenMap()


def read_page(
    storage: Storage,
    wanted: AuditFilter,
    *,
    before: int | None = None,
    lines: int = PAGE,
    searched: int = SEARCHED,
    courses: FrozenMap[str, CourseSummary] | None = None,
    progress: Progress,
) -> AuditPage:
    """The next lines that a filter lets through.

    Parameters
    ----------
    before
        Only events with a smaller number; None to begin at the newest.
    lines, searched
        The page ends with so many lines, or after so many events.
    courses
        As the last page had them; None to read them anew.
    """
    known = course_summaries(storage) if courses is None else courses
    end = storage.head().sequence + 1
    start = end if before is None else min(before, end)
    found: list[AuditLine] = []
    reached, time, looked = start, "", 0
    with closing(_newest_first(storage, wanted, start)) as events:
        for item in events:
            line = damaged_line(*item) if isinstance(item, tuple) else line_of(item, known)
            reached, time = line.sequence, time if line.is_damaged else line.time
            if wanted.lets_through(line):
                found.append(line)
            looked += 1
            if looked % _REPORTED == 0:
                progress(1.0 - reached / max(end, 1), f"back to {time[:10]}")
            if len(found) >= lines or looked >= searched:
                break
        else:
            reached = 1
    return AuditPage(tuple(found), reached if reached > 1 else None, time, end - 1, known)


def all_lines(storage: Storage, wanted: AuditFilter, *, progress: Progress) -> Iterator[AuditLine]:
    """Every line that a filter lets through, newest first."""
    before: int | None = None
    courses: FrozenMap[str, CourseSummary] | None = None
    while True:
        page = read_page(storage, wanted, before=before, courses=courses, progress=progress)
        yield from page.lines
        if page.before is None:
            return
        before, courses = page.before, page.courses


def lines_in_order(storage: Storage, wanted: AuditFilter, *, progress: Progress) -> Iterator[AuditLine]:
    """Every line that a filter lets through, oldest first."""
    known = course_summaries(storage)
    course_id = _only_course(wanted)
    end = storage.head().sequence
    for after in range(0, end, _STRIDE):
        progress(after / end, f"event {after:,} of {end:,}")
        for item in _chunk(storage, course_id, after, min(after + _STRIDE, end) + 1):
            line = damaged_line(*item) if isinstance(item, tuple) else line_of(item, known)
            if wanted.lets_through(line):
                yield line


def _only_course(wanted: AuditFilter) -> str | None:
    return next(iter(wanted.course_ids)) if wanted.course_ids is not None and len(wanted.course_ids) == 1 else None


def _newest_first(storage: Storage, wanted: AuditFilter, before: int) -> _Events:
    """Events with smaller numbers; number and fault of one that is damaged."""
    course_id = _only_course(wanted)
    width = _CHUNK
    while before > 1:
        after = max(before - 1 - width, 0)
        chunk = _chunk(storage, course_id, after, before)
        yield from reversed(chunk)
        before = after + 1
        # A course that has few events among many is looked for in wider strides.
        width = min(2 * width, _WIDEST) if course_id is not None and len(chunk) < _CHUNK else _CHUNK


def _chunk(storage: Storage, course_id: str | None, after: int, before: int) -> list[_Item]:
    """Events with numbers between two, in order; halves are tried until what is damaged stands alone."""
    limit = before - 1 - after if course_id is None else None
    fault = f"event {after + 1} is missing"
    try:
        events = storage.events(course_id=course_id, after=after, limit=limit)
        found: list[_Item] = [*takewhile(lambda stored: stored.sequence < before, events)]
        if len(found) == limit or limit is None:
            return found
    except StoreDamagedError as error:
        fault = error.line()
    if course_id is not None and before - after <= _STRIDE:
        # What is damaged has no course, and reading a course looks one event beyond what is asked for.
        return [
            item
            for item in _chunk(storage, None, after, before)
            if isinstance(item, tuple) or item.event.course_id == course_id
        ]
    if before - after == 2:
        return [(after + 1, fault)]
    middle = (after + before) // 2
    return _chunk(storage, course_id, after, middle + 1) + _chunk(storage, course_id, middle, before)
