"""The narrow interface to whatever keeps the courses: an embedded database here, a department's server elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from app.store.events import CourseSummary, Digest, Event, Head, StoredEvent
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Progress


class StoreError(DosimetryError):
    """The store can't be opened, read or written; nothing was half done."""


class StoreDamagedError(StoreError):
    """Something in the store is not what was written: a digest, the chain, or the database itself."""


class CourseChangedError(StoreError):
    """Another window wrote to the course meanwhile; nothing of this change was kept."""


@dataclass(frozen=True)
class Holder:
    """Who has a course open for editing, where and since when."""

    who: str
    host: str
    process: int
    since: datetime

    def text(self) -> str:
        """In words."""
        return f"{self.who} on {self.host} since {self.since:%d %b %H:%M}"


@dataclass(frozen=True)
class ListedCourse:
    """One line of the patient list: the newest summary and the newest event of a course."""

    course_id: str
    summary: CourseSummary
    last_sequence: int
    changed: datetime
    changed_by: str


@dataclass(frozen=True)
class StoreCheck:
    """What a check of the whole store found; ``problems`` empty if all is as it was written."""

    head: Head
    events: int
    courses: int
    objects: int
    problems: tuple[str, ...]
    seconds: float


class Storage(Protocol):
    """What keeps objects, events, locks and view notes.

    One process may use one storage from one thread at a time; several processes may each have their own on the same
    folder. Every method raises `StoreError` in words that name the file, the fault and the remedy; after an error the
    store is as it was before the call, or as it should be after it, never between.
    """

    @property
    def folder(self) -> Path:
        """The data folder."""

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be written."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should hear of the store now, though it can be used: an anchor that can't be written."""

    def append(
        self,
        events: Sequence[Event],
        *,
        objects: Mapping[Digest, bytes] | None = None,
        expected: Mapping[str, int] | None = None,
    ) -> tuple[StoredEvent, ...]:
        """Put objects and append events as one change: when this returns, all of it is durable.

        Parameters
        ----------
        objects
            By the SHA-256 of their content; one that is there already is left as it is.
        expected
            By course, the sequence of its last event as the caller knows it (0 for none); `CourseChangedError` if
            another event has come since.
        """

    def get(self, digest: Digest) -> bytes:
        """An object's content, checked against its digest; `StoreDamagedError` if missing or changed."""

    def has(self, digest: Digest) -> bool:
        """Whether an object is there."""

    def events(
        self,
        *,
        course_id: str | None = None,
        of_store: bool = False,
        after: int = 0,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[StoredEvent]:
        """Events in order; each is checked against its digest and its predecessor's.

        Parameters
        ----------
        course_id
            Of this course only.
        of_store
            Of no course: backups, restores, settings.
        after
            Only those with a higher number.
        """

    def courses(self) -> tuple[ListedCourse, ...]:
        """All courses, the last changed first."""

    def head(self) -> Head:
        """End of the chain; sequence 0 and `FIRST_PREVIOUS` for none."""

    def hold(self, course_id: str, who: str) -> Holder | None:
        """Hold a course for editing; None when it is ours now, else who holds it. A dead process holds nothing."""

    def release(self, course_id: str) -> None:
        """Give a held course back."""

    def holders(self) -> Mapping[str, Holder]:
        """Who else has which course open for editing, by course; dead processes and this one left out."""

    def view_note(self, course_id: str) -> bytes | None:
        """Where the user was in a course: convenience, not part of the record."""

    def keep_view_note(self, course_id: str, note: bytes) -> None:
        """Keep where the user is; loses at most the last note."""

    def check(self, *, progress: Progress) -> StoreCheck:
        """Look at everything: database, objects against digests, chain, anchor, courses against events."""

    def back_up(self, target: Path, *, progress: Progress) -> None:
        """Write a whole, checked copy of the database into one file that did not exist."""

    def close(self) -> None:
        """Release all that is held."""
