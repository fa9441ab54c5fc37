"""Computes the record of one course of the store; runs in a process of its own, on this computer or another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.cohort.kept_records import KeptRecord
from app.store.storage import StoreDamagedError
from dosimetry_core.errors import (
    DicomReadError,
    DosimetryError,
    InconsistentCaseError,
    InputProblems,
    MissingDataError,
)

if TYPE_CHECKING:
    from app.store.storage import Storage

_KINDS = (
    (StoreDamagedError, "the store is damaged here"),
    (DicomReadError, "an image file can't be read"),
    (MissingDataError, "something is missing, such as an image file"),
    (InconsistentCaseError, "something contradicts something else, such as an image file that was changed"),
)
KEY_LETTERS = 10
"""So much of a course's id, which is random, tells its record apart."""


@dataclass(frozen=True)
class CourseTask:
    """One course to compute.

    Parameters
    ----------
    folder
        Data folder with the store, as the computing process sees it.
    folders
        Where image files are looked for that are not where they were.
    anchor
        Another place of the store's anchor than in its folder.
    """

    folder: str
    course_id: str
    sequence: int
    folders: tuple[str, ...] = ()
    anchor: str | None = None


def compute_record(task: CourseTask) -> KeptRecord:
    """Read the course's newest case with its images, evaluate it, and keep what the cohort needs.

    A fault of the case or of its images is the record's ``failure``; only a store that can't be opened raises.

    Raises
    ------
    StoreError
        If the store can't be read.
    """
    from app.store import open_store

    anchor = None if task.anchor is None else Path(task.anchor)
    storage = open_store(Path(task.folder), who="cohort", read_only=True, anchor=anchor)
    try:
        return _computed(storage, task)
    finally:
        storage.close()


def failure_words(error: Exception) -> str:
    """What kind of fault it was. What it says in full may name the patient and is told when the course is opened."""
    if isinstance(error, InputProblems) and error.problems:
        error = error.problems[0]
    kind = next((words for known, words in _KINDS if isinstance(error, known)), "it could not be computed")
    return f"{kind}: open the course to read more"


def _computed(storage: Storage, task: CourseTask) -> KeptRecord:
    from app.importing.files_read import read_kept_images
    from app.store.case_tree import CaseTree, images_of_cases
    from app.store.kept_history import history_of
    from dosimetry_core.cohort.of_course import record_of
    from dosimetry_core.pipeline import evaluate

    digest = ""
    try:
        found = history_of(storage, task.course_id).case
        if found is None:
            return KeptRecord(task.course_id, digest, task.sequence, None, "nothing was read into the course yet")
        digest = found
        images = read_kept_images(
            images_of_cases([digest], storage.get),
            storage.folder,
            folders=tuple(Path(folder) for folder in task.folders),
        )
        case = CaseTree().decode(digest, storage.get, images)
        record = record_of(evaluate(case), key=task.course_id[:KEY_LETTERS])
    except DosimetryError as error:
        return KeptRecord(task.course_id, digest, task.sequence, None, failure_words(error))
    return KeptRecord(task.course_id, digest, task.sequence, record)
