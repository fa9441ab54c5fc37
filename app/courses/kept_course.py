"""A course out of the store, ready for the window: case with images, undo stack, what was confirmed and seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from app.case_reading import prepared
from app.document import Command
from app.plans.plan_signing import PlanFile
from app.reviews import Confirmation, StepKey, inputs_of
from app.store.case_tree import CaseTree, images_of_cases
from app.store.course_history import CourseHistory
from app.store.storage import Storage
from dosimetry_core.case import Case
from dosimetry_core.progress import Progress, part_of, show_nothing

RESTORED_STEPS = 300
"""So many undoable steps come back on reopening; all of them stay in the store and in the audit trail."""


@dataclass(frozen=True, eq=False)
class KeptCourse:
    """What the document and the reviews are restored from."""

    case: Case
    commands: tuple[Command, ...]
    position: int
    confirmations: tuple[Confirmation, ...]
    seen_masks: tuple[Any, ...]
    plan_files: tuple[PlanFile, ...]
    """Signed and approved plans in force, oldest first."""


def outline(storage: Storage, tree: CaseTree, history: CourseHistory) -> Case:
    """The case without its images: enough to show the course at once."""
    return tree.decode(_required(history), storage.get)


def read_kept_course(
    storage: Storage,
    tree: CaseTree,
    history: CourseHistory,
    folders: Sequence[Path] = (),
    *,
    progress: Progress,
) -> KeptCourse:
    """The course with its images read again and checked, and its history; runs as a job.

    Parameters
    ----------
    folders
        Where image files are looked for that are not where they were.

    Raises
    ------
    DosimetryError
        If an image file is missing or another one than was read, or the store is damaged.
    """
    from app.display import prepare_spect
    from app.importing.files_read import read_kept_images

    newest = _required(history)
    shown = history.shortened(RESTORED_STEPS)
    confirmed = {step: kept.case for step, kept in history.confirmations.items()}
    plans = [plan for plan in history.plans if plan.is_in_force]
    wanted = dict.fromkeys([newest, *shown.cases(), *confirmed.values(), *(plan.case for plan in plans if plan.case)])
    progress(0.0, "Reading images")
    images = read_kept_images(
        images_of_cases(wanted, storage.get), storage.folder, folders=folders, progress=part_of(progress, 0.0, 0.9)
    )
    cases: dict[str, Case] = {}
    for number, root in enumerate(wanted):
        progress(0.9 + 0.1 * number / len(wanted), "Restoring the history")
        cases[root] = tree.decode(root, storage.get, images)
    roots = shown.cases()
    commands = tuple(
        Command(step.label, cases[before], cases[step.after], why=step.why, is_final=step.is_final)
        for before, step in zip(roots, shown.steps, strict=False)
    )
    confirmations = tuple(
        Confirmation(cast(StepKey, step), kept.time, inputs_of(cast(StepKey, step), cases[kept.case]), None)
        for step, kept in history.confirmations.items()
    )
    masks = {
        tree.digest_of(voi.mask): voi.mask for case in cases.values() for cycle in case.cycles for voi in cycle.vois
    }
    seen = tuple(mask for digest, mask in masks.items() if digest in history.reviewed_masks)
    files = tuple(
        PlanFile(
            Path(history.folder) / plan.path,
            storage.get(plan.file_sha256),
            plan.signer,
            cases[plan.case] if plan.case else None,
            plan.activities_bq if plan.case else None,
            plan.cycle,
            plan.act,
            reasons=plan.reasons if plan.case else None,
            ends_treatment=plan.ends_treatment,
        )
        for plan in plans
    )
    # Made here, before the window asks for it on its own thread.
    for cycle in cases[newest].cycles:
        prepare_spect(cycle)
    return KeptCourse(cases[newest], commands, shown.position, confirmations, seen, files)


def registered_and_digested(
    case: Case,
    tree: CaseTree,
    copies: Path | None = None,
    *,
    show: Callable[[Case], None] = show_nothing,
    progress: Progress,
) -> Case:
    """The case with its images read, registered, and digested, so that keeping it is quick; runs as a job.

    Parameters
    ----------
    show
        See `prepared`.
    copies
        Data folder into which the image files are copied; None where they are kept by reference.
    """
    from app.store.images import copy_in, image_files_of

    made = prepared(case, show=show, progress=part_of(progress, 0.0, 0.8))
    tree.encode(made, progress=part_of(progress, 0.8, 0.9))
    if copies is not None:
        copy_in(image_files_of(made), copies, progress=part_of(progress, 0.9, 1.0))
    return made


def imported_course(storage: Storage, source: Path, who: str, *, progress: Progress) -> str:
    """Take a course file of another store into this one; returns the course's id."""
    from app.store.course_file import import_course

    return import_course(storage, source, who=who, progress=progress)


def _required(history: CourseHistory) -> str:
    if history.case is None:
        raise ValueError("the course has no case")
    return history.case
