"""Import of a course file into another store: everything is checked before, and all of it is kept or nothing.

The events of the course follow an event that says who imported what; see `travelled_events` for how they are marked.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.store import files
from app.store.case_tree import CaseTree, files_named, image_references
from app.store.course_archive import EVENTS, IMAGES, OBJECTS, CourseFileError, CourseReader, EventPlace
from app.store.course_export import require_writable
from app.store.course_history import replayed
from app.store.events import Digest, Event, Head, chained, event_from_body
from app.store.image_files import copy_path, put_copies
from app.store.nodes import Get
from app.store.storage import Storage, StoreError
from app.store.travelled_events import as_made, marked, objects_named, objects_required
from dosimetry_core.case import Case
from dosimetry_core.errors import DosimetryError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.image import SourceFile
from dosimetry_core.progress import Progress, no_progress, part_of

_OF_THE_STORE: Final = ("store-", "anchor-", "backup-", "settings-")
"""How the kinds of events begin that no course has."""


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
    require_writable(storage)
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
        events = [announcement, *(marked(*pair) for pair in zip(made, manifest.events, strict=True))]
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
        if event.body() != body or as_made(marked(event, place)).body() != body:
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
        for digest in objects_named(event, objects.__contains__):
            if digest not in objects.asked:
                get(digest)
    del case
    for digest in objects_required(replayed(made)):
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
