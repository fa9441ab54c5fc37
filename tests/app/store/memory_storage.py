"""A storage in memory: the second implementation that the tests of the interface run against."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from app.store.events import FIRST_PREVIOUS, Digest, Event, Head, StoredEvent, chained, event_from_body
from app.store.storage import CourseChangedError, Holder, ListedCourse, StoreCheck, StoreDamagedError, StoreError
from dosimetry_core.progress import Progress


@dataclass
class MemoryStore:
    """What several storages share, as a server would."""

    folder: Path
    objects: dict[Digest, bytes] = field(default_factory=dict)
    chain: list[tuple[Digest, bytes]] = field(default_factory=list)
    held: dict[str, tuple[MemoryStorage, Holder]] = field(default_factory=dict)
    notes: dict[str, bytes] = field(default_factory=dict)


class MemoryStorage:
    """One process's view of a `MemoryStore`."""

    def __init__(self, store: MemoryStore, *, who: str, read_only: bool = False) -> None:
        self._store = store
        self._read_only = read_only
        self._closed = False
        if not store.chain and not read_only:
            self.append([Event("store-created", None, who, "Make the store", datetime.now().astimezone())])

    @property
    def folder(self) -> Path:
        return self._store.folder

    @property
    def is_read_only(self) -> bool:
        return self._read_only

    @property
    def warnings(self) -> tuple[str, ...]:
        return ()

    def _open(self) -> MemoryStore:
        if self._closed:
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
        first = len(store.chain)
        for body in bodies:
            store.chain.append((chained(self.head().digest, body), body))
        return tuple(self._stored(number) for number in range(first + 1, len(store.chain) + 1))

    def _stored(self, number: int) -> StoredEvent:
        previous = FIRST_PREVIOUS if number == 1 else self._store.chain[number - 2][0]
        digest, body = self._store.chain[number - 1]
        if chained(previous, body) != digest:
            raise StoreDamagedError(f"event {number} is not what was written")
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
        numbers = range(after + 1, len(self._open().chain) + 1)
        found = 0
        for number in reversed(numbers) if newest_first else numbers:
            if limit is not None and found >= limit:
                return
            course = json.loads(self._store.chain[number - 1][1])["course"]
            if (course is None) if of_store else (course_id in (None, course)):
                found += 1
                yield self._stored(number)

    def courses(self) -> tuple[ListedCourse, ...]:
        listed: dict[str, ListedCourse] = {}
        for stored in self.events():
            event, course_id = stored.event, stored.event.course_id
            known = listed.get(course_id or "")
            new = event.summary or (known and known.summary)
            if course_id is not None and new is not None:
                listed[course_id] = ListedCourse(course_id, new, stored.sequence, event.time, event.who)
        return tuple(sorted(listed.values(), key=lambda course: course.last_sequence, reverse=True))

    def head(self) -> Head:
        chain = self._open().chain
        return Head(len(chain), chain[-1][0] if chain else FIRST_PREVIOUS)

    def hold(self, course_id: str, who: str) -> Holder | None:
        held = self._writable().held
        owner, holder = held.get(course_id, (self, None))
        if owner is not self and not owner._closed:
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
        return {course: holder for course, (owner, holder) in held if owner is not self and not owner._closed}

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
        for number in range(1, len(self._store.chain) + 1):
            try:
                self._stored(number)
            except StoreDamagedError as error:
                problems.append(error.line())
        progress(1.0, "Checking")
        counts = len(self._store.chain), len(self.courses()), len(self._store.objects)
        return StoreCheck(self.head(), *counts, tuple(problems), time.monotonic() - begin)

    def back_up(self, target: Path, *, progress: Progress) -> None:
        check = self.check(progress=progress)
        if check.problems:
            raise StoreDamagedError("is damaged", where=str(target))
        content = {"objects": {d: c.hex() for d, c in self._store.objects.items()}, "events": []}
        content["events"] = [body.decode() for _, body in self._store.chain]  # type: ignore[assignment]
        try:
            with target.open("x") as stream:
                json.dump(content, stream)
        except FileExistsError as error:
            raise StoreError("is there already", where=str(target), remedy="choose another name") from error

    def close(self) -> None:
        self._closed = True
