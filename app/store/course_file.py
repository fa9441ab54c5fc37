"""Export of a whole course into one file, and import into another store: its case, its history, its plans.

The events of the course come along as they are. In the store that takes them in they follow an event that says who
imported what, and each carries in ``data.original`` where it stood in its own store's chain: ``sequence``, ``previous``
and ``digest``. Without that mark it has the very body that was hashed there, so that the digest can be checked for
ever, and a history replayed over it is the same. An event that was imported before has its earlier mark inside the new
one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.store import files
from app.store.case_tree import CaseTree, files_named, image_references
from app.store.course_archive import (
    COURSE_FILE_SUFFIX,
    EVENTS,
    IMAGES,
    OBJECTS,
    CourseFileError,
    CourseReader,
    CourseWriter,
    EventPlace,
    Manifest,
)
from app.store.course_history import CourseHistory, replayed
from app.store.events import Digest, Event, Head, StoredEvent, chained, event_from_body
from app.store.image_files import ImageFiles, content_if, copy_path, missing_file, put_copies
from app.store.node_values import is_digest
from app.store.nodes import Get, reachable
from app.store.plan_anchor import store_identity
from app.store.storage import Storage, StoreError
from dosimetry_core.case import Case
from dosimetry_core.errors import DosimetryError, raise_problems
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.image import SourceFile
from dosimetry_core.progress import Progress, no_progress, part_of

__all__ = ["COURSE_FILE_SUFFIX", "CourseFileError", "as_made", "export_course", "history_events", "import_course"]

_ORIGINAL: Final = "original"
_OF_THE_STORE: Final = ("store-", "anchor-", "backup-", "settings-")
"""How the kinds of events begin that no course has."""


# --- history ----------------------------------------------------------------------------------------------------------


def as_made(event: Event) -> Event:
    """The event as the store had it that it was imported from; itself if it was made here."""
    mark = event.data.get(_ORIGINAL)
    if mark is None:
        return event
    data = {key: value for key, value in event.data.items() if key != _ORIGINAL}
    if _ORIGINAL in mark:
        data[_ORIGINAL] = mark[_ORIGINAL]
    return replace(event, data=FrozenMap(data))


def _marked(event: Event, place: EventPlace) -> Event:
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


# --- export -----------------------------------------------------------------------------------------------------------


def export_course(
    storage: Storage,
    course_id: str,
    target: Path,
    *,
    with_images: bool = False,
    who: str,
    folders: Sequence[Path] = (),
    progress: Progress = no_progress,
) -> StoredEvent:
    """Write a course with its whole history into one file; the audit trail says so.

    The event belongs to the store, not to the course (``data.course`` names it), so that an export disturbs nobody who
    has the course open. It is durable before the file gets its name.

    Parameters
    ----------
    target
        File to write, whole or not at all; one that is there is replaced.
    with_images
        Whether the image files go along.
    folders
        Where image files are looked for that are not where they were.

    Raises
    ------
    StoreError
        If there is no such course, or the file can't be written.
    DosimetryError
        If an image file is missing or another one now.
    """
    _require_writable(storage)
    stored = list(storage.events(course_id=course_id))
    head, identity = storage.head(), store_identity(storage)
    if not stored or identity is None:
        raise StoreError("there is no such course", where=course_id, remedy="choose one of the list")
    with CourseWriter(target) as writer:
        writer.put(EVENTS, b"".join(item.event.body() + b"\n" for item in stored))
        found = _put_objects(storage, stored, writer, part_of(progress, 0.0, 0.4 if with_images else 0.9))
        if with_images:
            places = ImageFiles(storage.folder, folders, progress=part_of(progress, 0.4, 0.4))
            _put_images(found, places, writer, part_of(progress, 0.4, 0.9))
        of_events = tuple(EventPlace(item.sequence, item.previous, item.digest) for item in stored)
        digest = writer.seal(Manifest(course_id, identity, head, of_events, with_images))
        event = Event(
            "course-exported",
            None,
            who,
            "Export the course with its images" if with_images else "Export the course",
            datetime.now().astimezone(),
            new=target.name,
            data=FrozenMap({"course": course_id, "course_file_sha256": digest, "images": with_images}),
        )
        (kept,) = storage.append([event])
        writer.finish()
    progress(1.0, "The course is exported")
    return kept


def _require_writable(storage: Storage) -> None:
    if storage.is_read_only:
        raise StoreError(
            "the store is open for reading only, and this is written into its audit trail",
            where=str(storage.folder),
            remedy="open it for writing",
        )


def _named(event: Event, has: Any) -> tuple[Digest, ...]:
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


def _required(history: CourseHistory) -> tuple[Digest, ...]:
    """Objects without which a history is not whole: the files of its plans, and the masks that were looked at."""
    return tuple(plan.file_sha256 for plan in history.plans) + tuple(sorted(history.reviewed_masks))


def _put_objects(
    storage: Storage, stored: Sequence[StoredEvent], writer: CourseWriter, progress: Progress
) -> dict[SourceFile, None]:
    """Put every object that the events rest on; return the image files that were met."""
    seen: set[Digest] = set()
    image_files: dict[SourceFile, None] = {}
    required = _required(replayed(item.event for item in stored))
    named = [*(_named(item.event, storage.has) for item in stored), required]
    for number, digests in enumerate(named):
        progress(number / len(named), "Exporting the course")
        for digest, content in reachable(digests, storage.get, seen):
            image_files |= dict.fromkeys(files_named(content, digest))
            writer.put(OBJECTS + digest, content)
    return image_files


def _put_images(
    wanted: Mapping[SourceFile, None], places: ImageFiles, writer: CourseWriter, progress: Progress
) -> None:
    problems: list[DosimetryError] = []
    written: set[Digest] = set()
    for number, file in enumerate(wanted):
        progress(number / len(wanted), "Exporting image files")
        if file.sha256 in written:
            continue
        content = next((read for path in places.places(file) if (read := content_if(path, file.sha256))), None)
        if content is None:
            problems.append(missing_file(file, "to be exported"))
        elif not problems:
            writer.put(IMAGES + file.sha256, content)
            written.add(file.sha256)
    raise_problems(problems)


# --- import -----------------------------------------------------------------------------------------------------------


class _Objects(Mapping[Digest, bytes]):
    """The objects of a course file, read and checked when they are asked for: a history may be larger than memory."""

    def __init__(self, reader: CourseReader) -> None:
        self._reader = reader
        self._digests = reader.names(OBJECTS)
        self.asked: set[Digest] = set()

    def __getitem__(self, digest: Digest) -> bytes:
        if not self._reader.has(OBJECTS + digest):
            self._reader.refuse(f"the object {digest} is missing")
        self.asked.add(digest)
        return self._reader.content(OBJECTS + digest)

    def __contains__(self, digest: object) -> bool:
        return isinstance(digest, str) and self._reader.has(OBJECTS + digest)

    def __iter__(self) -> Iterator[Digest]:
        return iter(self._digests)

    def __len__(self) -> int:
        return len(self._digests)


def import_course(storage: Storage, source: Path, *, who: str, progress: Progress = no_progress) -> str:
    """Take the course of a file into this store, all of it or nothing; return its id.

    Everything is checked before: sizes, names and digests of all entries, each event's own digest in the chain it comes
    from, that every case can be read and that the history can be replayed. A course that is there already is refused.

    Raises
    ------
    CourseFileError
        If the file is damaged, incomplete, of a newer version, or holds anything else.
    StoreError
        If the course is in this store already, or can't be written.
    """
    _require_writable(storage)
    with CourseReader(source, progress=part_of(progress, 0.0, 0.1)) as reader:
        manifest = reader.manifest
        if next(iter(storage.events(course_id=manifest.course_id, limit=1)), None) is not None:
            raise StoreError(
                "this course is in the store already; nothing was changed",
                where=source.name,
                remedy="open it from the list; two histories of one course can't be merged",
            )
        made = _events(reader)
        objects = _Objects(reader)
        image_files = _checked_objects(reader, made, objects, part_of(progress, 0.1, 0.5))
        images = _checked_images(reader, image_files, part_of(progress, 0.5, 0.6))
        announcement = Event(
            "course-imported",
            manifest.course_id,
            who,
            f"Import the course with its {len(made)} events of another store",
            datetime.now().astimezone(),
            new=source.name,
            data=FrozenMap(
                {
                    "store": manifest.store,
                    "head": {"sequence": manifest.head.sequence, "digest": manifest.head.digest},
                    "events": len(made),
                    "course_file_sha256": reader.sha256,
                }
            ),
        )
        events = [announcement, *(_marked(*pair) for pair in zip(made, manifest.events, strict=True))]
        copied: dict[Digest, int] = {}
        try:
            put_copies(storage.folder, _image_contents(reader, images, part_of(progress, 0.6, 0.8)), copied)
            progress(0.8, "Keeping the course")
            storage.append(events, objects=objects, expected={manifest.course_id: 0})
        except BaseException:
            for digest in copied:
                files.remove(copy_path(storage.folder, digest))
            raise
    progress(1.0, "The course is imported")
    return manifest.course_id


def _events(reader: CourseReader) -> list[Event]:
    """The events of the file, each checked against its digest and its neighbours."""
    manifest = reader.manifest
    lines = reader.content(EVENTS).split(b"\n")
    if lines.pop() != b"" or len(lines) != len(manifest.events) or not lines:
        reader.refuse("has other events than its manifest names")
    before: EventPlace | None = None
    made = []
    for body, place in zip(lines, manifest.events, strict=True):
        name = f"event {place.sequence}"
        if chained(place.previous, body) != place.digest:
            reader.refuse(f"{name} is not what was written")
        if before is not None and place.sequence <= before.sequence:
            reader.refuse(f"{name} is out of order")
        if before is not None and place.sequence == before.sequence + 1 and place.previous != before.digest:
            reader.refuse(f"{name} does not follow the one before it")
        before = place
        try:
            event = event_from_body(body, where=name)
        except (DosimetryError, ValueError, KeyError, TypeError, AttributeError) as error:
            reader.refuse(f"{name} can't be read ({error}); it may be of a newer version")
        if event.body() != body or as_made(_marked(event, place)).body() != body:
            reader.refuse(f"{name} is not as this program writes it")
        if event.course_id != manifest.course_id or event.kind.startswith(_OF_THE_STORE):
            reader.refuse(f"{name} is not of this course")
        made.append(event)
    end = Head(before.sequence, before.digest) if before else manifest.head
    if end.sequence > manifest.head.sequence or (end.sequence == manifest.head.sequence and end != manifest.head):
        reader.refuse("its last event does not stand in the chain it names")
    if not any(event.summary for event in made):
        reader.refuse("names no patient")
    try:
        replayed(made)
    except (ValueError, KeyError, TypeError) as error:
        reader.refuse(f"its history can't be followed ({error})")
    return made


def _checked_objects(
    reader: CourseReader, made: Sequence[Event], objects: _Objects, progress: Progress
) -> dict[SourceFile, None]:
    """Read every object once, as the case or file it has to be; return the image files that are named."""
    image_files: dict[SourceFile, None] = {}
    tree = CaseTree()

    def get(digest: Digest) -> bytes:
        content = objects[digest]
        nonlocal image_files
        image_files |= dict.fromkeys(files_named(content, digest))
        return content

    case: Case | None = None
    root: Digest | None = None
    blank = _BlankImages(get)
    for number, event in enumerate(made):
        progress(number / len(made), "Checking the course file")
        if event.case is not None and event.case != root:
            try:
                # Each case is read while the one before it is alive: it shares what did not change.
                root = blank.root = event.case
                case = tree.decode(root, get, blank)
            except CourseFileError:
                raise
            except StoreError as error:
                reader.refuse(f"a case in it can't be read: {error.what}")
        for digest in _named(event, objects.__contains__):
            if digest not in objects.asked:
                get(digest)
    del case
    for digest in _required(replayed(made)):
        if digest not in objects.asked:
            get(digest)
    if objects.asked != set(objects):
        reader.refuse("holds objects that no event names")
    return image_files


class _BlankImages:
    """Images of the right shapes without values or memory: enough to see that a case can be read."""

    def __init__(self, get: Get) -> None:
        self._get = get
        self._known: dict[Digest, NDArray[Any]] = {}
        self.root: Digest = ""

    def __call__(self, digest: Digest) -> NDArray[Any]:
        if digest not in self._known:
            for item in image_references(self.root, self._get):
                self._known[item.array_digest] = np.broadcast_to(np.zeros(1, item.dtype), item.shape)
        return self._known[digest]


def _image_contents(
    reader: CourseReader, images: Sequence[Digest], progress: Progress
) -> Iterator[tuple[Digest, Callable[[], bytes]]]:
    for number, digest in enumerate(images):
        progress(number / len(images), "Copying image files")
        yield digest, functools.partial(reader.content, IMAGES + digest)


def _checked_images(reader: CourseReader, named: Mapping[SourceFile, None], progress: Progress) -> tuple[Digest, ...]:
    """Digests of the image files in the file, each checked."""
    images = reader.names(IMAGES)
    wanted = {file.sha256 for file in named}
    if set(images) != (wanted if reader.manifest.with_images else set()):
        reader.refuse("holds other image files than its cases name")
    for number, digest in enumerate(images):
        progress(number / len(images), "Checking image files")
        reader.content(IMAGES + digest)
    return images
