"""Events of a course that came from another store: the very events, each marked with where it stood there.

The mark is ``data.original`` with ``sequence``, ``previous`` and ``digest``. Without it the event has the very body
that was hashed in its own store, so that the digest can be checked for ever, and a history replayed over it is the
same. An event that travelled before has its earlier mark inside the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from app.store.course_archive import EventPlace
from app.store.course_history import CourseHistory
from app.store.events import Digest, Event
from app.store.single_values import is_digest
from app.store.storage import Storage
from dosimetry_core.frozen import FrozenMap

_ORIGINAL: Final = "original"


def as_made(event: Event) -> Event:
    """The event as the store had it that it was imported from; itself if it was made here."""
    mark = event.data.get(_ORIGINAL)
    if mark is None:
        return event
    data = {key: value for key, value in event.data.items() if key != _ORIGINAL}
    if _ORIGINAL in mark:
        data[_ORIGINAL] = mark[_ORIGINAL]
    return replace(event, data=FrozenMap(data))


def marked(event: Event, place: EventPlace) -> Event:
    """The event with the mark where it stood in the store that it comes from."""
    mark = place.as_json()
    if _ORIGINAL in event.data:
        mark[_ORIGINAL] = event.data[_ORIGINAL]
    return replace(event, data=FrozenMap({**event.data, _ORIGINAL: mark}))


def history_events(storage: Storage, course_id: str) -> Iterator[Event]:
    """All events of a course in order, those that came from other stores as they were first made."""
    for stored in storage.events(course_id=course_id):
        event = stored.event
        while _ORIGINAL in event.data:
            event = as_made(event)
        yield event


def objects_named(event: Event, has: Callable[[Digest], bool]) -> tuple[Digest, ...]:
    """Digests of the objects that an event names: its case, and what its data names."""
    found = [] if event.case is None else [event.case]
    waiting: list[Any] = [dict(event.data)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            waiting += [value for key, value in item.items() if key != _ORIGINAL]
        elif isinstance(item, list | tuple):
            waiting += item
        elif is_digest(item) and has(item):
            found.append(item)
    return tuple(dict.fromkeys(found))


def objects_required(history: CourseHistory) -> tuple[Digest, ...]:
    """Objects without which a history is not whole: the files of its plans, and the masks that were looked at."""
    return tuple(plan.file_sha256 for plan in history.plans) + tuple(sorted(history.reviewed_masks))
