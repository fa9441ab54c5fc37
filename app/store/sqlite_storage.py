"""Courses in an embedded SQLite database: every write is one transaction, durable on return and told to the anchor."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import apsw

from app.store import held_courses, instances
from app.store.anchor import Anchor
from app.store.chain_reading import BATCH, EventPart, checked_event, damaged, event_rows, listed_courses
from app.store.chaining import append_event, head_of
from app.store.checking import check_database
from app.store.connection import PAGES_BETWEEN_CHECKPOINTS, Access, connect, typed
from app.store.copying import back_up_to
from app.store.database_faults import spoken, store_error
from app.store.events import Digest, Event, Head, StoredEvent
from app.store.kept_objects import packed, unpacked
from app.store.storage import (
    CourseChangedError,
    Holder,
    ListedCourse,
    StoreCheck,
    StoreError,
)
from dosimetry_core.progress import Progress


class SqliteStorage:
    """A `Storage` in one SQLite database; made by `app.store.open_store`.

    Parameters
    ----------
    connection
        Set up and guarded, of a database in the newest version.
    access
        Its file.
    anchor
        Where the head goes after each commit.
    who
        Who opened it; stands in the events that the store itself writes.
    """

    def __init__(
        self, connection: apsw.Connection, access: Access, anchor: Anchor, *, who: str, read_only: bool
    ) -> None:
        self._connection = connection
        self.access = access
        self.anchor = anchor
        self.who = who
        self._read_only = read_only
        self._lock = threading.RLock()
        self._closed = ""
        self._anchor_problem = ""
        self._checkpoint_problem = ""
        self._opening_warnings: tuple[str, ...] = ()
        self._wal_pages = 0
        self._holds_something = False
        self._instance: instances.Instance | None = None
        self._file = self._file_identity()
        connection.set_wal_hook(self._count_pages)

    # --- state --------------------------------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self.access.path.parent

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be written."""
        return self._read_only

    @property
    def instances_folder(self) -> Path:
        """Where the files of the running processes are."""
        return self.folder / "instances"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should hear of the store now, though it can be used."""
        return (
            *self._opening_warnings,
            *(text for text in (self._anchor_problem, self._checkpoint_problem) if text),
        )

    def warn(self, text: str) -> None:
        """Add what was noticed while opening."""
        self._opening_warnings = (*self._opening_warnings, text)

    def _require_open(self) -> None:
        if self._closed:
            raise StoreError(self._closed, where=str(self.access.path), remedy="open the store again")

    def _file_identity(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self.access.path)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _require_writable(self) -> None:
        self._require_open()
        if self._read_only:
            raise StoreError(
                "is open for reading only", where=str(self.access.path), remedy="open the store for writing"
            )
        if self._file is not None and self._file_identity() != self._file:
            self.abandon("the store's file was moved, deleted or replaced while it was open; nothing more was written")
            self._require_open()

    @contextlib.contextmanager
    def _reading(self, doing: str) -> Iterator[apsw.Connection]:
        with self._lock:
            self._require_open()
            with spoken(self.access.path, doing):
                yield self._connection

    @contextlib.contextmanager
    def _writing(self, doing: str) -> Iterator[apsw.Connection]:
        """One transaction, kept as a whole or not at all; every write of the application goes through here."""
        with self._lock:
            self._require_writable()
            with spoken(self.access.path, doing):
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                except BaseException:
                    self._roll_back()
                    raise
            self._write_through()

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except apsw.Error:
            self.abandon("the store was closed after a failed write, which could not be taken back cleanly")

    def abandon(self, reason: str) -> None:
        """Close for good after a fault; later calls say the reason."""
        self._closed = reason
        with contextlib.suppress(apsw.Error):
            self._connection.close()

    # --- checkpoints --------------------------------------------------------------------------------------------------

    def _count_pages(self, connection: apsw.Connection, name: str, pages: int) -> int:
        del connection, name
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _write_through(self) -> None:
        """Bring the database file up to date now and then; what is committed is safe in the ``-wal`` file meanwhile."""
        if self._wal_pages < PAGES_BETWEEN_CHECKPOINTS:
            return
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._checkpoint_problem = ""
        except (apsw.BusyError, apsw.LockedError):
            return
        except (apsw.Error, OSError, MemoryError) as error:
            told = store_error(error, self.access.path, "bringing the database file up to date")
            self._checkpoint_problem = f"{told.line()}; what was saved is safe in {self.access.path.name}-wal"

    # --- writing ------------------------------------------------------------------------------------------------------

    def append(
        self,
        events: Sequence[Event],
        *,
        objects: Mapping[Digest, bytes] | None = None,
        expected: Mapping[str, int] | None = None,
    ) -> tuple[StoredEvent, ...]:
        """Put objects and append events as one change: when this returns, all of it is durable.

        Raises
        ------
        CourseChangedError
            If a course has other events than expected.
        StoreError
            If it can't be kept; nothing of it is.
        ValueError
            If there is no event, an object is not what its digest says, or an event names a case that nobody put.
        """
        if not events:
            raise ValueError("nothing is kept without an event")
        objects = objects or {}
        for digest, content in objects.items():
            if hashlib.sha256(content).hexdigest() != digest:
                raise ValueError(f"an object is not what its digest {digest} says")
        bodies = [event.body() for event in events]
        stored: tuple[StoredEvent, ...] = ()
        try:
            with self._writing("saving"):
                self._require_expected(expected or {})
                self._put(objects)
                for event in events:
                    if event.case is not None and not self._has(event.case):
                        raise ValueError(f"the case {event.case} of {event.what!r} was never put")
                stored = tuple(
                    append_event(self._connection, event, body=body) for event, body in zip(events, bodies, strict=True)
                )
        except StoreError:
            if not stored or not self._is_kept(stored[-1]):
                raise
        self.tell_anchor(Head(stored[-1].sequence, stored[-1].digest))
        return stored

    def _is_kept(self, last: StoredEvent) -> bool:
        """Whether a commit that complained is there nevertheless: then it is kept, whatever came after it."""
        if self._closed or self._connection.in_transaction:
            return False
        try:
            row = self._connection.execute("SELECT digest FROM event WHERE sequence = ?", (last.sequence,)).fetchone()
        except apsw.Error:
            self.abandon("the store was closed after a failed write; whether it was kept shows when it is opened again")
            return False
        return row is not None and row[0] == bytes.fromhex(last.digest)

    def _require_expected(self, expected: Mapping[str, int]) -> None:
        for course_id, sequence in expected.items():
            row = self._connection.execute("SELECT max(sequence) FROM event WHERE course = ?", (course_id,)).fetchone()
            last = 0 if row is None or row[0] is None else int(row[0])
            if last != sequence:
                raise CourseChangedError(
                    "the course was changed in another window meanwhile; this change was not kept",
                    where=str(self.access.path),
                    remedy="open the course again and repeat the change",
                )

    def _put(self, objects: Mapping[Digest, bytes]) -> None:
        for digest, content in objects.items():
            if not self._has(digest):
                self._connection.execute(
                    "INSERT INTO object(digest, size, packed, content) VALUES (?, ?, ?, ?)",
                    (bytes.fromhex(digest), *packed(content)),
                )

    def tell_anchor(self, head: Head, *, restored: bool = False) -> None:
        """Tell the anchor what was committed; where that fails the next commit's line says it too."""
        try:
            self.anchor.tell(head, restored=restored)
            self._anchor_problem = ""
        except OSError as error:
            told = store_error(error, self.anchor.path, "writing the anchor")
            self._anchor_problem = f"{told.line()}; what was saved is safe, but a roll-back might not be found"

    # --- reading ------------------------------------------------------------------------------------------------------

    def get(self, digest: Digest) -> bytes:
        """An object's content, checked against its digest; `StoreDamagedError` if missing or changed."""
        with self._reading("reading an object") as connection:
            row = connection.execute(
                "SELECT size, packed, content FROM object WHERE digest = ?", (bytes.fromhex(digest),)
            ).fetchone()
            if row is None:
                raise damaged(f"the object {digest} is missing", self.access.path)
            size, is_packed, kept = typed(row, int, int, bytes)
        content = unpacked(size, is_packed, kept)
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            raise damaged(f"the object {digest} is not what was written", self.access.path)
        return content

    def _has(self, digest: Digest) -> bool:
        row = self._connection.execute("SELECT 1 FROM object WHERE digest = ?", (bytes.fromhex(digest),)).fetchone()
        return row is not None

    def has(self, digest: Digest) -> bool:
        """Whether an object is there."""
        with self._reading("looking for an object"):
            return self._has(digest)

    def events(
        self,
        *,
        course_id: str | None = None,
        of_store: bool = False,
        after: int = 0,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[StoredEvent]:
        """Events of one course, of none, or all, in order; each is checked against its digest and its predecessor's."""
        part = EventPart(course_id, of_store, after, newest_first)
        left = limit
        while left is None or left > 0:
            most = BATCH if left is None else min(left, BATCH)
            with self._reading("reading events") as connection:
                batch = event_rows(connection, part, most)
            for row in batch:
                yield checked_event(row, self.access.path, course_id=course_id)
            if len(batch) < BATCH:
                return
            left = None if left is None else left - len(batch)
            part = part.behind(int(batch[-1][0]))

    def courses(self) -> tuple[ListedCourse, ...]:
        """All courses, the last changed first."""
        with self._reading("reading the list of courses") as connection:
            return listed_courses(connection, self.access.path)

    def head(self) -> Head:
        """End of the chain; sequence 0 and `FIRST_PREVIOUS` for none."""
        with self._reading("reading the end of the chain") as connection:
            return head_of(connection)

    def digest_at(self, sequence: int) -> Digest | None:
        """Digest of an event by its number; None if there is none."""
        with self._reading("reading the chain") as connection:
            row = connection.execute("SELECT digest FROM event WHERE sequence = ?", (sequence,)).fetchone()
            return None if row is None else typed(row, bytes)[0].hex()

    # --- locks and view notes -----------------------------------------------------------------------------------------

    def register(self) -> None:
        """Become known to the other processes of this store, and clear away what dead ones left."""
        with self._writing("opening") as connection:
            instances.clear_dead(self.instances_folder)
            self._instance = instances.Instance(self.instances_folder)
            held_courses.clear_held_by_dead(connection, self.instances_folder)

    def hold(self, course_id: str, who: str) -> Holder | None:
        """Hold a course for editing; None when it is ours now, else who holds it. A dead process holds nothing."""
        with self._writing("taking a course for editing") as connection:
            if self._instance is None:
                raise ValueError("the storage was not registered")
            self._holds_something = True
            return held_courses.hold(connection, self.instances_folder, self._instance, course_id, who)

    def release(self, course_id: str) -> None:
        """Give a held course back."""
        with self._writing("giving a course back") as connection:
            if self._instance is not None:
                held_courses.release(connection, self._instance, course_id)

    def holders(self) -> dict[str, Holder]:
        """Who else has which course open for editing, by course; dead processes and this one left out."""
        with self._reading("reading who has which course open") as connection:
            return held_courses.holders(connection, self.instances_folder, but=self._instance)

    def view_note(self, course_id: str) -> bytes | None:
        """Where the user was in a course: convenience, not part of the record."""
        with self._reading("reading a view note") as connection:
            row = connection.execute("SELECT note FROM view_note WHERE course = ?", (course_id,)).fetchone()
        return None if row is None else bytes(row[0])

    def keep_view_note(self, course_id: str, note: bytes) -> None:
        """Keep where the user is; loses at most the last note."""
        with self._writing("keeping a view note") as connection:
            connection.execute("DELETE FROM view_note WHERE course = ?", (course_id,))
            connection.execute("INSERT INTO view_note(course, note) VALUES (?, ?)", (course_id, note))

    # --- the whole ----------------------------------------------------------------------------------------------------

    def check(self, *, progress: Progress) -> StoreCheck:
        """Look at everything: database, foreign content, objects, chain, anchor; what is wrong is told, not raised."""
        if self.access.exclusive:
            with self._reading("checking") as connection:
                return check_database(self.access, anchor=self.anchor, progress=progress, connection=connection)
        self._require_open()
        return check_database(self.access, anchor=self.anchor, progress=progress)

    def back_up(self, target: Path, *, progress: Progress) -> None:
        """Write a whole, checked copy of the database into one file that did not exist."""
        with contextlib.ExitStack() as stack:
            if self.access.exclusive:
                connection = stack.enter_context(self._reading("backing up"))
            else:
                self._require_open()
                stack.enter_context(spoken(self.access.path, "backing up"))
                connection = connect(self.access, read_only=True, guarded=False)
                stack.callback(connection.close)
            back_up_to(connection, target, staging=self.folder, vfs=self.access.vfs, progress=progress)

    # --- the end ------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Release all that is held."""
        with self._lock:
            if self._instance is not None:
                if not self._closed and self._holds_something:
                    with contextlib.suppress(StoreError), self._writing("closing") as connection:
                        held_courses.release_all(connection, self._instance)
                with contextlib.suppress(OSError):
                    self._instance.close()
                self._instance = None
            if not self._closed:
                self._closed = "the store was closed"
                with spoken(self.access.path, "closing"):
                    self._connection.close()
