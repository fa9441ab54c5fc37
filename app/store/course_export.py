"""Export of a whole course into one file: its cases, its history, its plans, its images where asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from app.store.case_tree import files_named
from app.store.course_archive import EVENTS, IMAGES, OBJECTS, CourseWriter, EventPlace, Manifest
from app.store.course_history import replayed
from app.store.events import Digest, Event, StoredEvent
from app.store.image_files import ImageFiles, content_if, missing_file
from app.store.nodes import reachable
from app.store.plan_anchor import store_identity
from app.store.storage import Storage, StoreDamagedError, StoreError
from app.store.travelled_events import objects_named, objects_required
from dosimetry_core.errors import DosimetryError, raise_problems
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.image import SourceFile
from dosimetry_core.progress import Progress, no_progress, part_of


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
    require_writable(storage)
    stored = list(storage.events(course_id=course_id))
    head, identity = storage.head(), store_identity(storage)
    if not stored or identity is None:
        raise StoreError("there is no such course", where=course_id, remedy="choose one of the list")
    events = [item.event for item in stored]
    with CourseWriter(target) as writer:
        writer.put(EVENTS, b"".join(event.body() + b"\n" for event in events))
        found = _put_objects(storage, events, writer, part_of(progress, 0.0, 0.4 if with_images else 0.9))
        if with_images:
            _put_images(found, storage.folder, folders, writer, part_of(progress, 0.4, 0.9))
        of_events = tuple(EventPlace(item.sequence, item.previous, item.digest) for item in stored)
        digest = writer.seal(Manifest(course_id, identity, head, of_events, with_images))
        patient = next((e.summary.patient_id for e in reversed(events) if e.summary is not None), course_id)
        event = Event(
            "course-exported",
            None,
            who,
            f"Export the course of {patient}, {'with' if with_images else 'without'} images",
            datetime.now().astimezone(),
            new=target.name,
            data=FrozenMap({"course": course_id, "course_file_sha256": digest, "images": with_images}),
        )
        (kept,) = storage.append([event])
        writer.finish()
    progress(1.0, "The course is exported")
    return kept


def _put_objects(
    storage: Storage, events: Sequence[Event], writer: CourseWriter, progress: Progress
) -> dict[SourceFile, None]:
    """Put every object that the events rest on; return the image files that were met."""
    seen: set[Digest] = set()
    image_files: dict[SourceFile, None] = {}
    try:
        required = objects_required(replayed(events))
    except (ValueError, KeyError, TypeError) as error:
        raise StoreDamagedError(
            f"the history of the course can't be followed ({error})",
            where=str(storage.folder),
            remedy="check the store with lutetia doctor",
        ) from error
    named = [*(objects_named(event, storage.has) for event in events), required]
    for number, digests in enumerate(named):
        progress(number / len(named), "Exporting the course")
        for digest, content in reachable(digests, storage.get, seen):
            image_files |= dict.fromkeys(files_named(content, digest))
            writer.put(OBJECTS + digest, content)
    return image_files


def _put_images(
    wanted: Mapping[SourceFile, None],
    store_folder: Path,
    folders: Sequence[Path],
    writer: CourseWriter,
    progress: Progress,
) -> None:
    done = 0.0
    places = ImageFiles(store_folder, folders, progress=lambda fraction, message: progress(done, message))
    problems: list[DosimetryError] = []
    written: set[Digest] = set()
    for number, file in enumerate(wanted):
        done = number / len(wanted)
        progress(done, "Exporting image files")
        if file.sha256 in written:
            continue
        content = next((read for path in places.places(file) if (read := content_if(path, file.sha256))), None)
        if content is None:
            problems.append(missing_file(file, "to be exported"))
        elif not problems:
            writer.put(IMAGES + file.sha256, content)
            written.add(file.sha256)
    raise_problems(problems)


def require_writable(storage: Storage) -> None:
    """Refuse a store that is open for reading only."""
    if storage.is_read_only:
        raise StoreError(
            "the store is open for reading only, and this is written into its audit trail",
            where=str(storage.folder),
            remedy="open it for writing",
        )
