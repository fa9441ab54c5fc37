"""`lutetia dicom`: VOIs, doses, registrations, measurements and the plan as DICOM objects for other systems."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dosimetry_core.errors import DosimetryError, InconsistentCaseError, MissingDataError

if TYPE_CHECKING:
    from dosimetry_core.dicom_export.course import CourseExport
    from dosimetry_core.dicom_export.objects import ExportedObject
    from dosimetry_core.evaluation import Evaluation
    from dosimetry_core.progress import Progress

DONE = 0


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    one = commands.add_parser("dicom", help="VOIs, doses, registrations and measurements as DICOM objects")
    one.add_argument("case", type=Path, metavar="CASE")
    one.add_argument("--plan", type=Path, metavar="FILE.pdf", help="a signed plan, encapsulated with its bytes intact")
    one.add_argument("--out", type=Path, required=True, metavar="DIR")


def dicom(arguments: argparse.Namespace) -> int:
    """Compute the case and write its objects."""
    from app.importing.files_read import read_cycle, reading_process
    from app.operations.terminal import terminal_progress
    from app.outputs import output_folder, require_folder

    reading_process().warm_up()
    from dosimetry_core.case_file import read_case
    from dosimetry_core.dicom_export.course import export_course
    from dosimetry_core.pipeline import compute

    require_folder(arguments.out)
    plan = _plan(arguments.plan)
    evaluation = compute(read_case(arguments.case), read_cycle=read_cycle, progress=terminal_progress())
    if plan is not None:
        _require_plan_of(plan, evaluation, arguments.plan)
    made = export_course(evaluation, made_at=datetime.now().astimezone(), plan_pdf=plan, progress=terminal_progress())
    with output_folder(arguments.out) as folder:
        write_objects(made.objects, folder)
        write_case_lines(evaluation, folder)
    _print_remarks(made)
    for one in made.objects:
        print(f"{arguments.out / one.name}: {one.what}")
    return DONE


def course_objects(evaluation: Evaluation) -> tuple[ExportedObject, ...]:
    """Objects beside the results of a computation; none, and why, where there are no images to file them beside."""
    from app.operations.terminal import terminal_progress
    from dosimetry_core.dicom_export.course import export_course

    try:
        made = export_course(evaluation, made_at=datetime.now().astimezone(), progress=terminal_progress())
    except MissingDataError:
        return ()
    _print_remarks(made)
    return made.objects


def export_to(
    folder: Path,
    evaluation: Evaluation,
    plan_pdf: bytes | None,
    *,
    made_at: datetime | None = None,
    progress: Progress,
) -> CourseExport:
    """Write a course's objects into a folder; runs as a job. ``made_at`` is now if it is not given."""
    from app.outputs import output_folder
    from dosimetry_core.dicom_export.course import export_course

    made_at = made_at or datetime.now().astimezone()
    made = export_course(evaluation, made_at=made_at, plan_pdf=plan_pdf, progress=progress)
    with output_folder(folder) as unfinished:
        write_objects(made.objects, unfinished)
        write_case_lines(evaluation, unfinished)
    return made


def write_case_lines(evaluation: Evaluation, folder: Path) -> None:
    """What case.toml needs to say so that the command line takes these VOIs and gives the same numbers."""
    from dosimetry_core.dicom_export.case_lines import FILE_NAME, case_lines

    text = case_lines(evaluation.case)
    if text:
        (folder / FILE_NAME).write_text(text, encoding="utf-8")


def write_objects(objects: Sequence[ExportedObject], folder: Path) -> None:
    """Write each object under its name; no folder is made for none."""
    if objects:
        folder.mkdir(exist_ok=True)
    for one in objects:
        (folder / one.name).write_bytes(one.content)


def _print_remarks(made: CourseExport) -> None:
    for finding in made.findings:
        print(f"{finding.level} [{finding.code}] {finding.place}: {finding.text}", file=sys.stderr)


def _require_plan_of(content: bytes, evaluation: Evaluation, path: Path) -> None:
    """Refuse a plan that is not a signed one of this patient's next cycle: it would be filed under the wrong name."""
    from app.plans.verification import verify_plan

    verdict = verify_plan(content, trust=None)
    if verdict.plan is None or verdict.state not in ("signed", "approved"):
        why = "; ".join(verdict.problems) or f"it is {verdict.state}"
        raise DosimetryError(f"is no signed plan: {why}", where=str(path), remedy="name the plan that was signed")
    record = verdict.plan.record
    of = (record["patient"]["id"], int(record["plan"]["next_cycle"]))
    wanted = (evaluation.case.patient.patient_id, evaluation.plan.next_cycle)
    if of != wanted:
        raise InconsistentCaseError(
            f"is the plan of patient {of[0]}, cycle {of[1]}, not of {wanted[0]}, cycle {wanted[1]}",
            where=str(path),
            remedy="name this patient's plan",
        )


def _plan(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DosimetryError(
            f"can't be read ({error.strerror})", where=str(path), remedy="check the path and the access rights"
        ) from error
    if not content.startswith(b"%PDF-"):
        raise DosimetryError("is no PDF", where=str(path), remedy="name the plan that was written")
    return content
