"""A storage in memory, for tests of what reads one: the same chain, nothing on disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from app.store.events import (
    FIRST_PREVIOUS,
    CourseSummary,
    Digest,
    Event,
    Head,
    StoredEvent,
    chained,
    event_from_body,
)
from app.store.storage import Holder, ListedCourse, StoreCheck, StoreDamagedError, StoreError
from dosimetry_core.progress import Progress


class MemoryStorage:
    """Bodies and digests in lists that a test may spoil; events are checked as they are read."""

    def __init__(self, *, read_only: bool = False) -> None:
        self.bodies: list[bytes] = []
        self.digests: list[Digest] = []
        self.objects: dict[Digest, bytes] = {}
        self.is_read_only = read_only
        self.is_closed = False
        self.threads: set[int] = set()
        self.read = 0

    @property
    def folder(self) -> Path:
        return Path("memory")

    def append(
        self,
        events: Sequence[Event],
        *,
        objects: Mapping[Digest, bytes] | None = None,
        expected: Mapping[str, int] | None = None,
    ) -> tuple[StoredEvent, ...]:
        if self.is_read_only:
            raise StoreError("can't be written", where="memory")
        self.objects |= objects or {}
        made = []
        for event in events:
            previous = self.digests[-1] if self.digests else FIRST_PREVIOUS
            body = event.body()
            self.bodies.append(body)
            self.digests.append(chained(previous, body))
            made.append(StoredEvent(len(self.bodies), previous, self.digests[-1], event))
        return tuple(made)

    def get(self, digest: Digest) -> bytes:
        return self.objects[digest]

    def has(self, digest: Digest) -> bool:
        return digest in self.objects

    def events(
        self,
        *,
        course_id: str | None = None,
        of_store: bool = False,
        after: int = 0,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[StoredEvent]:
        self.threads.add(threading.get_ident())
        numbers = range(after, len(self.bodies))
        given = 0
        for number in reversed(numbers) if newest_first else numbers:
            if given == limit:
                return
            if course_id is not None and f'"course":"{course_id}"'.encode() not in self.bodies[number]:
                continue
            if of_store and b'"course":null' not in self.bodies[number]:
                continue
            stored = self._stored(number)
            given += 1
            yield stored

    def _stored(self, number: int) -> StoredEvent:
        self.read += 1
        previous = self.digests[number - 1] if number else FIRST_PREVIOUS
        if chained(previous, self.bodies[number]) != self.digests[number]:
            raise StoreDamagedError(f"event {number + 1} is not what was written", where="memory")
        event = event_from_body(self.bodies[number], where="memory")
        return StoredEvent(number + 1, previous, self.digests[number], event)

    def courses(self) -> tuple[ListedCourse, ...]:
        listed: dict[str, ListedCourse] = {}
        for stored in self.events():
            event = stored.event
            known = listed.get(event.course_id or "")
            summary: CourseSummary | None = event.summary or (known.summary if known else None)
            if event.course_id is not None and summary is not None:
                listed[event.course_id] = ListedCourse(event.course_id, summary, stored.sequence, event.time, event.who)
        return tuple(sorted(listed.values(), key=lambda course: -course.last_sequence))

    def head(self) -> Head:
        return Head(len(self.digests), self.digests[-1]) if self.digests else Head(0, FIRST_PREVIOUS)

    def hold(self, course_id: str, who: str) -> Holder | None:
        return None

    def release(self, course_id: str) -> None:
        pass

    def view_note(self, course_id: str) -> bytes | None:
        return None

    def keep_view_note(self, course_id: str, note: bytes) -> None:
        pass

    def check(self, *, progress: Progress) -> StoreCheck:
        problems = []
        for number in range(len(self.bodies)):
            progress(number / len(self.bodies), "Events")
            try:
                self._stored(number)
            except StoreDamagedError as error:
                problems.append(error.line())
        return StoreCheck(self.head(), len(self.bodies), 0, len(self.objects), tuple(problems), 0.0)

    def back_up(self, target: Path, *, progress: Progress) -> None:
        raise StoreError("has no file", where="memory")

    def close(self) -> None:
        self.is_closed = True


def small_chain(count: int, **changes: object) -> MemoryStorage:
    """A store whose first event made it and whose others are of one course, a minute apart."""
    storage = MemoryStorage()
    start = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    first = Event("store-created", None, "A. Kowalska", "Store created", start)
    edits = [
        replace(
            Event("edited", "course-1", "A. Kowalska", f"Paint Kidney L {number}", start.replace(minute=number % 60)),
            **changes,  # type: ignore[arg-type]
        )
        for number in range(1, count)
    ]
    storage.append([first, *edits])
    return storage
