"""Events in the words of the audit trail: one line each, the whole of one, and the filter that chooses them."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from app.store.course_search import folded, search_words
from app.store.events import EVENT_KINDS, CourseSummary, EventKind, StoredEvent, chained
from dosimetry_core.canonical_json import sha256_hex
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.report.words import capitalised, patient_name

WHOLE_STORE: Final = "store"
SHORT_DIGEST: Final = 16
_NO_APOSTROPHES: Final = str.maketrans(dict.fromkeys("'`"))
_KIND_WORDS: Final[Mapping[str, str]] = {
    "edited": "Edit",
    "moved": "Undo or redo",
    "voi-reviewed": "VOI reviewed",
    "store-migrated": "Store upgraded",
    "course-unarchived": "Course restored from archive",
}


def kind_words(kind: EventKind) -> str:
    """A kind of event for reading."""
    return _KIND_WORDS.get(kind, capitalised(kind.replace("-", " ")))


def kinds_in_order() -> tuple[EventKind, ...]:
    """All kinds by their words."""
    return tuple(sorted(EVENT_KINDS, key=kind_words))


def local_time(moment: datetime) -> str:
    """As the clock of the event's own place showed it, with its zone: ``"2026-11-21 08:01:12 +01:00"``."""
    text = moment.isoformat(sep=" ", timespec="seconds")
    return f"{text[:19]} {text[19:]}"


def exact_time(moment: datetime) -> str:
    """In UTC to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")


def short_digest(digest: str) -> str:
    """The beginning of a digest."""
    return f"{digest[:SHORT_DIGEST]}…"


@functools.lru_cache(maxsize=10_000)
def course_words(summary: CourseSummary | None, course_id: str) -> str:
    """``"P-0012, Kowalska, Anna"``; the course's own identity where its patient is not known."""
    if summary is None:
        return course_id
    return ", ".join(text for text in (summary.patient_id, patient_name(summary.name)) if text)


@dataclass(frozen=True)
class AuditLine:
    """One event as the trail shows it.

    ``stored`` is None, and ``what`` says why, where the store holds something else than was written there.
    """

    sequence: int
    time: str
    who: str
    course: str
    what: str
    old: str
    new: str
    why: str
    software: str
    kind: str
    stored: StoredEvent | None

    @property
    def is_damaged(self) -> bool:
        """Whether the event can't be shown."""
        return self.stored is None

    def cells(self) -> tuple[str, ...]:
        """In the order of `COLUMNS`."""
        return (self.time, self.who, self.course, self.what, self.old, self.new, self.why, self.software)


COLUMNS: Final = ("Time", "Who", "Course", "What", "Old", "New", "Why", "Software")


def line_of(stored: StoredEvent, courses: Mapping[str, CourseSummary]) -> AuditLine:
    """An event in words."""
    event = stored.event
    course_id = event.course_id
    return AuditLine(
        sequence=stored.sequence,
        time=local_time(event.time),
        who=event.who,
        course=WHOLE_STORE if course_id is None else course_words(courses.get(course_id), course_id),
        what=event.what,
        old=event.old or "",
        new=event.new or "",
        why=event.why,
        software=event.software,
        kind=kind_words(event.kind),
        stored=stored,
    )


def damaged_line(sequence: int, why: str) -> AuditLine:
    """What stands where an event can't be read."""
    return AuditLine(sequence, f"event {sequence:,}", "", "", why, "", "", "", "", "Damaged", None)


def details(line: AuditLine) -> tuple[tuple[str, str], ...]:
    """Everything kept of an event, by name, in reading order; empty fields left out."""
    if line.stored is None:
        return (("Event", f"{line.sequence:,}"), ("Fault", line.what))
    event = line.stored.event
    fields = (
        ("Event", f"{line.sequence:,}: {line.kind}"),
        ("Time", f"{line.time}  ({exact_time(event.time)})"),
        ("Who", event.who),
        ("Course", line.course if event.course_id in (None, line.course) else f"{line.course}  ({event.course_id})"),
        ("What", event.what),
        ("Old", line.old),
        ("New", line.new),
        ("Why", event.why),
        ("Software", event.software),
        ("Summary", "" if event.summary is None else _json_text(event.summary.as_json())),
        ("Data", "" if not event.data else _json_text(event.data)),
        ("Case SHA-256", event.case or ""),
        ("Previous event SHA-256", line.stored.previous),
        ("This event SHA-256", line.stored.digest),
    )
    return tuple((name, text) for name, text in fields if text)


def _json_text(tree: Any) -> str:
    return json.dumps(_plain(tree), ensure_ascii=False, sort_keys=True)


def _plain(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {str(key): _plain(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_plain(value) for value in tree]
    return tree


def event_record(stored: StoredEvent) -> dict[str, Any]:
    """An event as a file carries it: the very text that is hashed, and both digests.

    Raises
    ------
    InconsistentCaseError
        If the text made anew is not the one that was hashed.
    """
    body = stored.event.body()
    if chained(stored.previous, body) != stored.digest:
        raise InconsistentCaseError(
            f"event {stored.sequence} can't be written out as it was kept",
            where="audit trail",
            remedy="use the version of the program that wrote it",
        )
    return {
        "sequence": stored.sequence,
        "previous": stored.previous,
        "body": body.decode("utf-8"),
        "body_sha256": sha256_hex(body),
        "digest": stored.digest,
    }


@dataclass(frozen=True)
class AuditFilter:
    """Which events are wanted; everything left empty lets all through.

    Parameters
    ----------
    course_ids
        Of these courses only; None for the whole store.
    person
        Part of the name of who did it, accents and case aside.
    kind
        One kind of event.
    text
        Words that all stand in who, course, what, old, new, why or software, accents and case aside.
    first_day, last_day
        By the clock of the event's own place, both included.
    """

    course_ids: frozenset[str] | None = None
    person: str = ""
    kind: EventKind | None = None
    text: str = ""
    first_day: date | None = None
    last_day: date | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it lets everything through."""
        return self == AuditFilter()

    @property
    def looks_into_events(self) -> bool:
        """Whether an event has to be read to know if it is wanted, its course aside."""
        return AuditFilter(self.course_ids) != self

    def lets_through(self, line: AuditLine) -> bool:
        """Whether an event is wanted; one that can't be read always is."""
        if line.stored is None:
            return True
        event = line.stored.event
        if self.course_ids is not None and event.course_id not in self.course_ids:
            return False
        if self.kind is not None and event.kind != self.kind:
            return False
        day = event.time.date()
        if (self.first_day is not None and day < self.first_day) or (self.last_day is not None and day > self.last_day):
            return False
        if not _has_words(self.person, line.who):
            return False
        return _has_words(
            self.text, line.who, line.course, line.what, line.old, line.new, line.why, line.software, line.kind
        )

    def in_words(self, courses: Mapping[str, CourseSummary]) -> str:
        """What is shown, in one line."""
        parts = []
        if self.course_ids is None:
            parts.append("all courses and the store itself")
        else:
            named = sorted(course_words(courses.get(course_id), course_id) for course_id in self.course_ids)
            parts.append("; ".join(named) if named else "no course")
        if self.person:
            parts.append(f"by {self.person!r}")
        if self.kind is not None:
            parts.append(f"only {kind_words(self.kind)!r}")
        if self.text:
            parts.append(f"with {self.text!r}")
        if self.first_day is not None:
            parts.append(f"from {self.first_day.isoformat()}")
        if self.last_day is not None:
            parts.append(f"to {self.last_day.isoformat()}")
        return ", ".join(parts)


def _has_words(wanted: str, *texts: str) -> bool:
    words = _search_words(wanted)
    if not words:
        return True
    kept = "\n".join(map(_folded, texts))
    return all(any(spelling in kept for spelling in spellings) for spellings in words)


_search_words = functools.lru_cache(maxsize=64)(search_words)


@functools.lru_cache(maxsize=50_000)
def _folded(text: str) -> str:
    # Names, acts and software come again and again; ASCII needs no decomposition.
    if text.isascii():
        return " ".join(text.lower().translate(_NO_APOSTROPHES).split())
    return folded(text)


def day_of(text: str, *, where: str) -> date | None:
    """A day as typed, ``2026-11-21``; None for nothing.

    Raises
    ------
    InconsistentCaseError
        If it is no day.
    """
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InconsistentCaseError(
            f"{text.strip()!r} is no day", where=where, remedy="write it as 2026-11-21"
        ) from error
