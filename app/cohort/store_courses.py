"""The courses of a store and what is kept of each: computed, changed since, failed, or never computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from app.cohort.computing import CourseTask, compute_record, failure_words
from app.cohort.engines import Engine, ProcessEnded
from app.cohort.kept_records import FILE_NAME, KeptRecord, keep_record, read_kept_records, rewrite_records
from app.store.storage import ListedCourse, Storage
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.version import SOFTWARE_VERSION

RecordState = Literal["current", "changed", "older-version", "failed", "missing"]
STATE_WORDS: dict[RecordState, str] = {
    "current": "computed",
    "changed": "changed since it was computed",
    "older-version": "computed by another version",
    "failed": "could not be computed",
    "missing": "not computed yet",
}


@dataclass(frozen=True)
class StoreCourse:
    """One course of the store as the cohort knows it."""

    listed: ListedCourse
    kept: KeptRecord | None
    state: RecordState

    @property
    def record(self) -> CourseRecord | None:
        """What is known of it, also if it is no longer up to date."""
        return None if self.kept is None else self.kept.record


def store_courses(storage: Storage) -> tuple[StoreCourse, ...]:
    """Every course of the store, in the order of the patient list; nothing is computed.

    Raises
    ------
    DosimetryError
        If the store or the kept records can't be read.
    """
    listed = storage.courses()
    kept = read_kept_records(storage.folder)
    found = []
    for course in listed:
        one = kept.get(course.course_id)
        if one is not None and one.sequence < course.last_sequence and _is_same_case(storage, one):
            one = replace(one, sequence=course.last_sequence)
        found.append(StoreCourse(course, one, _state(one, course)))
    return tuple(found)


def _is_same_case(storage: Storage, kept: KeptRecord) -> bool:
    from app.store.kept_history import history_of

    return history_of(storage, kept.course_id).case == kept.case


def _state(kept: KeptRecord | None, course: ListedCourse) -> RecordState:
    if kept is None:
        return "missing"
    if kept.sequence != course.last_sequence:
        return "changed"
    if kept.record is None:
        return "failed"
    return "current" if kept.software_version == SOFTWARE_VERSION else "older-version"


def recompute(
    storage: Storage,
    courses: Iterable[StoreCourse],
    engine: Engine,
    *,
    folders: Sequence[str] = (),
    anchor: Path | None = None,
    progress: Progress = no_progress,
) -> tuple[KeptRecord, ...]:
    """Compute the records of these courses and keep each as soon as it is there, so that a stop loses nothing.

    Parameters
    ----------
    courses
        Those that are current are left as they are: going on after a stop computes the rest only.
    folders
        Where image files are looked for that are not where they were.
    progress
        May raise to stop.

    Returns
    -------
    tuple of KeptRecord
        What was computed, failures included, in the order of the courses.

    Raises
    ------
    DosimetryError
        If the store can't be read, a record can't be kept, or the engine is not to be had.
    """
    wanted = [course.listed for course in courses if course.state != "current"]
    folder, other = str(storage.folder.resolve()), None if anchor is None else str(anchor)
    tasks = [CourseTask(folder, one.course_id, one.last_sequence, tuple(folders), other) for one in wanted]
    found: dict[int, KeptRecord] = {}

    def pause() -> None:
        progress(len(found) / max(len(tasks), 1), f"{len(found)} of {len(tasks)} courses, {engine.name}")

    for number, result in engine.run(compute_record, tasks, pause=pause):
        if isinstance(result, Exception):
            task = tasks[number]
            words = str(result) if isinstance(result, ProcessEnded) else failure_words(result)
            result = KeptRecord(task.course_id, "", task.sequence, None, words)
        keep_record(storage.folder, result)
        found[number] = result
        pause()
    _tidy(storage)
    return tuple(found[number] for number in sorted(found))


def _tidy(storage: Storage) -> None:
    kept = read_kept_records(storage.folder)
    path = storage.folder / FILE_NAME
    if path.exists() and path.read_bytes().count(b"\n") > 2 * len(kept):
        rewrite_records(storage.folder, kept.values())
