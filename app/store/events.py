"""One change of a course or of the store: who, what, old, new, why, when; and its place in the chain.

An event is kept as canonical JSON (RFC 8785), the very text that is hashed. Nothing else in the store is believed: what
a course is called, which revision is its newest, and how far its history was undone all follow from its events.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, Literal, get_args

from dosimetry_core.canonical_json import canonical_bytes, parse_json
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

Digest = str
"""SHA-256, 64 hexadecimal digits in lower case."""

EventKind = Literal[
    "store-created",
    "store-migrated",
    "store-restored",
    "store-checked",
    "anchor-begun",
    "backup-made",
    "settings-changed",
    "course-created",
    "course-opened",
    "images-read",
    "edited",
    "moved",
    "step-confirmed",
    "reason-given",
    "activities-chosen",
    "voi-reviewed",
    "plan-checked",
    "plan-signed",
    "plan-approved",
    "plan-superseded",
    "plan-revoked",
    "plan-administered",
    "course-archived",
    "course-unarchived",
    "course-exported",
    "course-imported",
]
EVENT_KINDS: Final[tuple[EventKind, ...]] = get_args(EventKind)

FIRST_PREVIOUS: Final = "0" * 64
"""What the first event of a store is chained to."""

CourseState = Literal["draft", "checked", "signed", "approved", "administered", "returned", "stale", "revoked"]


@dataclass(frozen=True)
class CourseSummary:
    """What the patient list shows of a course; an event carries it when it changed.

    ``cycle`` is the number of the last listed cycle, ``planned_cycles`` None where it is open. ``state`` is that of the
    newest plan; ``checked`` where one was checked and not signed yet, ``draft`` without one.
    """

    patient_id: str
    name: str
    birth_date: str | None
    protocol: str
    cycle: int
    planned_cycles: int | None
    state: CourseState = "draft"
    archived: bool = False

    def as_json(self) -> dict[str, Any]:
        """As the event carries it."""
        return dict(vars(self))

    @staticmethod
    def from_json(tree: dict[str, Any]) -> CourseSummary:
        """From an event."""
        return CourseSummary(**tree)


@dataclass(frozen=True)
class Event:
    """A change that was made.

    Parameters
    ----------
    kind
        See `EventKind`.
    course_id
        Which course; None for the store as a whole.
    who
        Who said they were working, as they said it.
    what
        What was done, in the user's words: ``"Paint Kidney L"``.
    old, new
        Values before and after in the user's words where there are such; None where the change is of a shape (then
        ``case`` tells).
    why
        The typed reason; empty where none was asked.
    time
        With a time zone; kept to the microsecond in UTC, the zone's offset beside it.
    case
        Digest of the whole case after the event, where it has another one than before or starts from one.
    data
        What the program needs to go on from here; JSON.
    summary
        What the list shows from here on, if it changed.
    software
        Name and version.
    """

    kind: EventKind
    course_id: str | None
    who: str
    what: str
    time: datetime
    old: str | None = None
    new: str | None = None
    why: str = ""
    case: Digest | None = None
    data: FrozenMap[str, Any] = field(default_factory=FrozenMap)
    summary: CourseSummary | None = None
    software: str = f"{SOFTWARE_NAME} {SOFTWARE_VERSION}"

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise ValueError("an event's time needs a time zone")
        if self.kind not in EVENT_KINDS:
            raise ValueError(f"unknown kind of event: {self.kind}")
        if not self.who.strip():
            raise ValueError("an event needs a person")

    def body(self) -> bytes:
        """Canonical JSON in UTF-8: what is kept and hashed."""
        return canonical_bytes(
            {
                "kind": self.kind,
                "course": self.course_id,
                "who": self.who,
                "what": self.what,
                "time": self.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "zone": self.time.strftime("%z"),
                "old": self.old,
                "new": self.new,
                "why": self.why,
                "case": self.case,
                "data": dict(self.data),
                "summary": None if self.summary is None else self.summary.as_json(),
                "software": self.software,
            }
        )


@dataclass(frozen=True)
class StoredEvent:
    """An event in its place: ``sequence`` from 1 without gaps, ``digest`` over the one before and the body."""

    sequence: int
    previous: Digest
    digest: Digest
    event: Event


@dataclass(frozen=True)
class Head:
    """End of the chain: the number of events and the last one's digest."""

    sequence: int
    digest: Digest


def chained(previous: Digest, body: bytes) -> Digest:
    """Digest of an event after another: SHA-256 of the previous digest's 32 bytes followed by the body."""
    return hashlib.sha256(bytes.fromhex(previous) + body).hexdigest()


@functools.lru_cache(maxsize=64)
def _offset(text: str) -> tzinfo | None:
    return datetime.strptime(text, "%z").tzinfo


def event_from_body(body: bytes, *, where: str) -> Event:
    """The event of a kept body. Raises InconsistentCaseError if it is no event."""
    tree = parse_json(body, where=where)
    time = datetime.fromisoformat(tree["time"]).astimezone(_offset(tree["zone"]))
    summary = tree["summary"]
    return Event(
        kind=tree["kind"],
        course_id=tree["course"],
        who=tree["who"],
        what=tree["what"],
        time=time,
        old=tree["old"],
        new=tree["new"],
        why=tree["why"],
        case=tree["case"],
        data=FrozenMap(tree["data"]),
        summary=None if summary is None else CourseSummary.from_json(summary),
        software=tree["software"],
    )
