"""Plans as witnesses of the chain: whether the head printed on a plan stands in this store at that place.

A chain alone can't show that its tail was cut, nor that the whole file was replaced by an older copy. A plan that left
the store carries the head of the moment it was made, so that the store can be held against it years later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Literal

from app.store.course_history import replayed
from app.store.events import FIRST_PREVIOUS, Digest, EventKind, Head, StoredEvent
from app.store.storage import Storage, StoreDamagedError
from dosimetry_core.plan_record import AuditHead

PLAN_EVENTS: Final[frozenset[EventKind]] = frozenset({"plan-signed", "plan-approved"})
_SHOWN: Final = 16
Ended = Literal["returned", "revoked", "stale", "superseded"]
"""States of a plan that is not to be used, whatever its signatures say."""


@dataclass(frozen=True)
class StoreTestimony:
    """What a store says of a plan: remarks, and problems where the store contradicts it.

    ``ended`` is what became of the plan where it must not be used any more, and ``ended_words`` says it.
    """

    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    ended: Ended | None = None
    ended_words: str = ""


def store_identity(storage: Storage) -> Digest | None:
    """Digest of the first event, which no other store shares; None for a store without events."""
    first = next(iter(storage.events(limit=1)), None)
    return None if first is None else first.digest


def chain_problem(storage: Storage, head: Head) -> str | None:
    """Why a head does not stand in this store's chain at its place; None if it does.

    Raises
    ------
    StoreError
        If the store can't be read.
    """
    if head.sequence == 0:
        return None if head.digest == FIRST_PREVIOUS else "a head without events has a digest"
    end = storage.head()
    if head.sequence > end.sequence:
        return (
            f"the plan was made after event {head.sequence:,}, but the chain of this store ends at event "
            f"{end.sequence:,}: its tail was cut, or an older copy was put in its place"
        )
    try:
        found = _event_at(storage, head.sequence)
    except StoreDamagedError as error:
        return error.line()
    if found is None:
        return f"event {head.sequence:,} is missing in the chain of this store"
    if found.digest != head.digest:
        return (
            f"event {head.sequence:,} of this store has digest {found.digest[:_SHOWN]}…, the plan states "
            f"{head.digest[:_SHOWN]}…: the history before the plan was replaced by another"
        )
    return None


def testimony(storage: Storage, stated: AuditHead | None, file_digest: Digest, *, patient_id: str) -> StoreTestimony:
    """What this store says of a plan file.

    Parameters
    ----------
    stated
        The head that the plan record states; None if it was made outside a store.
    file_digest
        SHA-256 of the whole file.
    patient_id
        Whose plan it is: the events of this patient's courses are looked through first.

    Raises
    ------
    StoreError
        If the store can't be read.
    """
    if stated is None or stated.store != store_identity(storage):
        kept = _kept(storage, file_digest, patient_id, after=0)
        other = ("the plan was made in another store than that of this data folder",) if stated is not None else ()
        return StoreTestimony(other) if kept is None else _of_kept(storage, kept, other)
    problem = chain_problem(storage, Head(stated.events, stated.head_sha256))
    if problem is not None:
        return StoreTestimony(problems=(f"the store of this computer contradicts the plan: {problem}",))
    end = storage.head().sequence
    stands = f"the plan's head stands in the chain of this store, at event {stated.events:,} of {end:,}"
    try:
        kept = _kept(storage, file_digest, patient_id, after=stated.events) or next(
            _naming(storage.events(after=stated.events), file_digest), None
        )
    except StoreDamagedError as error:
        return StoreTestimony((stands, f"the chain after it is damaged: {error.line()}"))
    if kept is None:
        return StoreTestimony((stands, "this file is not among the signed and approved plans of the chain"))
    return _of_kept(storage, kept, (stands,))


def _kept_words(kept: StoredEvent) -> str:
    act = "approved" if kept.event.kind == "plan-approved" else "signed"
    when = kept.event.time.isoformat(sep=" ", timespec="seconds")
    return f"this very file was {act} as event {kept.sequence:,} on {when} by {kept.event.who}"


def _of_kept(storage: Storage, kept: StoredEvent, remarks: tuple[str, ...]) -> StoreTestimony:
    """What became of a plan since, where it is not what its signatures say any more.

    Its signatures hold all the same; but what was taken back, replaced or left behind by its inputs is not to be used.
    """
    remarks = (*remarks, _kept_words(kept))
    if kept.event.course_id is None:
        return StoreTestimony(remarks)
    from app.store.course_file import history_events

    try:
        history = replayed(history_events(storage, kept.event.course_id))
    except (ValueError, KeyError, TypeError) as error:
        unknown = f"the history of its course can't be followed ({error}): its state is not known"
        return StoreTestimony((*remarks, unknown))
    plan = history.plan_of_file(str(kept.event.data.get("file_sha256", "")))
    if plan is None:
        return StoreTestimony(remarks)
    words: dict[Ended, str] = {
        "stale": "STALE: inputs of the course were changed since; it must not be used any more",
        "returned": f"RETURNED: it must not be used ({plan.end_said})",
        "revoked": f"REVOKED: it must not be used any more ({plan.end_said})",
        "superseded": "superseded by a newer plan of its cycle",
    }
    state = history.standing(plan).state
    if state == "administered":
        return StoreTestimony((*remarks, "in the course it is administered"))
    ended = next((each for each in words if each == state), None)
    return StoreTestimony(remarks, (), ended, f"in the course it is {words[ended]}" if ended else "")


def _event_at(storage: Storage, sequence: int) -> StoredEvent | None:
    found = next(iter(storage.events(after=sequence - 1, limit=1)), None)
    return found if found is not None and found.sequence == sequence else None


def _kept(storage: Storage, file_digest: Digest, patient_id: str, *, after: int) -> StoredEvent | None:
    """The event of this file among those of the patient's courses and of no course."""
    courses = [course.course_id for course in storage.courses() if course.summary.patient_id == patient_id]
    parts = [storage.events(course_id=course_id, after=after) for course_id in courses]
    return next(_naming(chain(*parts, storage.events(of_store=True, after=after)), file_digest), None)


def _naming(events: Iterable[StoredEvent], file_digest: Digest) -> Iterator[StoredEvent]:
    """Plan events whose data hold the digest."""
    return (stored for stored in events if stored.event.kind in PLAN_EVENTS and _holds(stored.event.data, file_digest))


def _holds(tree: Any, text: str) -> bool:
    if isinstance(tree, Mapping):
        return any(_holds(value, text) for value in tree.values())
    if isinstance(tree, list | tuple):
        return any(_holds(value, text) for value in tree)
    return bool(tree == text)
