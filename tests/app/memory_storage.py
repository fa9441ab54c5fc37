"""A storage in memory: the second implementation that the tests of the interface run against, and one to be spoilt."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from app.store.storage import CourseChangedError, Holder, ListedCourse, StoreCheck, StoreDamagedError, StoreError
from dosimetry_core.progress import Progress


@dataclass
class MemoryStore:
    """What several storages share, as a server would; bodies and digests are those of the events, in their order."""

    folder: Path = Path("memory")
    objects: dict[Digest, bytes] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    digests: list[Digest] = field(default_factory=list)
    held: dict[str, tuple[MemoryStorage, Holder]] = field(default_factory=dict)
    notes: dict[str, bytes] = field(default_factory=dict)
    threads: set[int] = field(default_factory=set)
    """Threads that asked for events."""


class MemoryStorage:
    """One process's view of a `MemoryStore`; events are checked as they are read.

    Parameters
    ----------
    store
        What it shares with others; one of its own if None.
    who
        Makes the store if there is nothing in it yet; without a name it stays empty.
    """

    def __init__(self, store: MemoryStore | None = None, *, who: str = "", read_only: bool = False) -> None:
        self._store = store or MemoryStore()
        self.bodies, self.digests, self.objects = self._store.bodies, self._store.digests, self._store.objects
        self._read_only = read_only
        self.is_closed = False
        self.threads = self._store.threads
        self.read = 0
        """Events that were read, and checked."""
        if who and not self.bodies and not read_only:
            self.append([Event("store-created", None, who, "Make the store", datetime.now().astimezone())])

    @property
    def folder(self) -> Path:
        return self._store.folder

    def another(self) -> MemoryStorage:
        """Opened once more, for reading."""
        return MemoryStorage(self._store, read_only=True)

    @property
    def is_read_only(self) -> bool:
        return self._read_only

    @property
    def warnings(self) -> tuple[str, ...]:
        return ()

    def _open(self) -> MemoryStore:
        if self.is_closed:
            raise StoreError("the store was closed", remedy="open the store again")
        return self._store

    def _writable(self) -> MemoryStore:
        if self._read_only:
            raise StoreError("is open for reading only", remedy="open the store for writing")
        return self._open()

    def append(
        self,
        events: Sequence[Event],
        *,
        objects: Mapping[Digest, bytes] | None = None,
        expected: Mapping[str, int] | None = None,
    ) -> tuple[StoredEvent, ...]:
        store = self._writable()
        if not events:
            raise ValueError("nothing is kept without an event")
        objects = objects or {}
        if any(hashlib.sha256(content).hexdigest() != digest for digest, content in objects.items()):
            raise ValueError("an object is not what its digest says")
        for course_id, sequence in (expected or {}).items():
            last = next(self.events(course_id=course_id, newest_first=True, limit=1), None)
            if (0 if last is None else last.sequence) != sequence:
                raise CourseChangedError("the course was changed in another window meanwhile")
        for event in events:
            if event.case is not None and event.case not in {**store.objects, **objects}:
                raise ValueError(f"the case {event.case} was never put")
        bodies = [event.body() for event in events]
        store.objects.update(objects)
        made = []
        for body, event in zip(bodies, events, strict=True):
            previous = self.head().digest
            store.bodies.append(body)
            store.digests.append(chained(previous, body))
            made.append(StoredEvent(len(store.bodies), previous, store.digests[-1], event))
        return tuple(made)

    def _stored(self, number: int) -> StoredEvent:
        self.read += 1
        previous = FIRST_PREVIOUS if number == 1 else self.digests[number - 2]
        digest, body = self.digests[number - 1], self.bodies[number - 1]
        if chained(previous, body) != digest:
            raise StoreDamagedError(f"event {number} is not what was written", where="memory")
        return StoredEvent(number, previous, digest, event_from_body(body, where="memory"))

    def get(self, digest: Digest) -> bytes:
        content = self._open().objects.get(digest)
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            raise StoreDamagedError(f"the object {digest} is missing or not what was written")
        return content

    def has(self, digest: Digest) -> bool:
        return digest in self._open().objects

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
        numbers = range(after + 1, len(self._open().bodies) + 1)
        own = b'"course":null' if of_store else f'"course":{json.dumps(course_id)}'.encode()
        found = 0
        for number in reversed(numbers) if newest_first else numbers:
            if limit is not None and found >= limit:
                return
            if (course_id is None and not of_store) or own in self.bodies[number - 1]:
                found += 1
                yield self._stored(number)

    def courses(self) -> tuple[ListedCourse, ...]:
        listed: dict[str, ListedCourse] = {}
        for stored in self.events():
            event, course_id = stored.event, stored.event.course_id
            known = listed.get(course_id or "")
            new: CourseSummary | None = event.summary or (known.summary if known else None)
            if course_id is not None and new is not None:
                listed[course_id] = ListedCourse(course_id, new, stored.sequence, event.time, event.who)
        return tuple(sorted(listed.values(), key=lambda course: course.last_sequence, reverse=True))

    def head(self) -> Head:
        digests = self._open().digests
        return Head(len(digests), digests[-1] if digests else FIRST_PREVIOUS)

    def hold(self, course_id: str, who: str) -> Holder | None:
        held = self._writable().held
        owner, holder = held.get(course_id, (self, None))
        if owner is not self and not owner.is_closed:
            return holder
        since = datetime.now().astimezone().replace(microsecond=0)
        held[course_id] = (self, Holder(who, socket.gethostname(), os.getpid(), since))
        return None

    def release(self, course_id: str) -> None:
        held = self._writable().held
        if course_id in held and held[course_id][0] is self:
            del held[course_id]

    def holders(self) -> Mapping[str, Holder]:
        held = self._open().held.items()
        return {course: holder for course, (owner, holder) in held if owner is not self and not owner.is_closed}

    def view_note(self, course_id: str) -> bytes | None:
        return self._open().notes.get(course_id)

    def keep_view_note(self, course_id: str, note: bytes) -> None:
        self._writable().notes[course_id] = note

    def check(self, *, progress: Progress) -> StoreCheck:
        begin = time.monotonic()
        problems = []
        for digest in self._open().objects:
            try:
                self.get(digest)
            except StoreDamagedError as error:
                problems.append(error.line())
        for number in range(1, len(self.bodies) + 1):
            progress(number / len(self.bodies), "Checking")
            try:
                self._stored(number)
            except StoreDamagedError as error:
                problems.append(error.line())
        # Courses are listed by their events: with damaged ones there is no whole list.
        counts = len(self.bodies), 0 if problems else len(self.courses()), len(self._store.objects)
        return StoreCheck(self.head(), *counts, tuple(problems), time.monotonic() - begin)

    def back_up(self, target: Path, *, progress: Progress) -> None:
        check = self.check(progress=progress)
        if check.problems:
            raise StoreDamagedError("is damaged", where=str(target))
        content = {"objects": {d: c.hex() for d, c in self._store.objects.items()}, "events": []}
        content["events"] = [body.decode() for body in self.bodies]  # type: ignore[assignment]
        try:
            with target.open("x") as stream:
                json.dump(content, stream)
        except FileExistsError as error:
            raise StoreError("is there already", where=str(target), remedy="choose another name") from error

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
