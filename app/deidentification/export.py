"""Writes a course without its patient, computes its results anew from that alone, and looks every file through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.deidentification.looked_through import LookedThrough, identifiers_of, look_through
from app.importing.files_read import read_cycle
from app.outputs import output_folder, require_folder
from app.reports.making import made_report
from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.deidentification.course import course_files, prepared
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError
from dosimetry_core.evaluation import require_complete
from dosimetry_core.pipeline import compute
from dosimetry_core.plan_record import results_bytes
from dosimetry_core.planning.protocol import bundled_protocols
from dosimetry_core.progress import Progress, no_progress, part_of
from dosimetry_core.results_json import results_json
from dosimetry_core.treatment_report import ReportOptions
from dosimetry_core.treatment_report.values import paper_of

if TYPE_CHECKING:
    from dosimetry_core.evaluation import Evaluation
    from dosimetry_core.results import OrganResult, VoiResult

LARGEST_CHANGE: Final = 1e-3
"""Of an organ's dose between the original and what was computed anew."""


@dataclass(frozen=True)
class Deidentified:
    """What went out: the pseudonym, each file as it was looked through, remarks, and why there is no report."""

    pseudonym: str
    folder: Path
    files: tuple[LookedThrough, ...]
    findings: tuple[Finding, ...]
    without_report: str

    @property
    def count(self) -> int:
        """Files of the course, without results and report."""
        return sum(1 for one in self.files if one.kind not in ("results", "report"))


def require_empty(target: Path) -> None:
    """Refuse a folder that holds other files.

    Raises
    ------
    DosimetryError
        If it does, or is none.
    """
    require_folder(target)
    if target.exists() and any(target.iterdir()):
        raise DosimetryError(
            "holds other files, which would be given away with the course",
            where=str(target),
            remedy="name a new folder",
        )


def write_deidentified(
    case: Case,
    content: Mapping[str, Any],
    original: Callable[[], Evaluation],
    target: Path,
    key: bytes,
    *,
    progress: Progress = no_progress,
) -> Deidentified:
    """The course in a folder of its own, whole or not at all; may run as a job.

    Parameters
    ----------
    case
        Imported.
    content
        Of its case file.
    original
        Gives the results of the original, whose doses those of the course must be.
    key
        That pseudonyms and the shift of dates are made with.

    Raises
    ------
    DosimetryError
        If the folder is not empty, something can't go out, a dose would be another, or a file still names the patient.
    """
    require_empty(target)
    made = prepared(case, key)
    identifiers = identifiers_of(case)
    with output_folder(target) as folder:
        for file in course_files(
            case,
            content,
            made.disguise,
            protocols=frozenset(bundled_protocols()),
            progress=part_of(progress, 0.0, 0.3),
        ):
            place = folder / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.content)
        evaluation = compute(read_case(folder), read_cycle=read_cycle, progress=part_of(progress, 0.3, 0.7))
        require_same_doses(original(), evaluation, made.disguise.voi_names)
        (folder / "results.json").write_bytes(results_bytes(results_json(evaluation)))
        plan = evaluation.plan
        if not plan.refused:
            options = ReportOptions("en", paper_of("a4"), True)
            report = made_report(evaluation, {}, options, progress=part_of(progress, 0.7, 0.9))
            (folder / "report.pdf").write_bytes(report)
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files = []
        for number, one in enumerate(look_through(paths, folder, identifiers), start=1):
            progress(0.9 + 0.1 * number / len(paths), f"Looking through file {number} of {len(paths)}")
            files.append(one)
    # A report holds a plan; that a course for research lacks what a plan needs is no reason to keep it back.
    without = " ".join(one.text for one in plan.findings) if plan.refused else ""
    return Deidentified(made.disguise.pseudonym, target, tuple(files), made.findings, without)


def write_open_course(
    case: Case, evaluation: Evaluation, target: Path, key: bytes, *, progress: Progress = no_progress
) -> Deidentified:
    """A course as it is in the window, with what was drawn, aligned and corrected there; runs as a job.

    Raises
    ------
    DosimetryError
        As `write_deidentified`; also if results are pending.
    """
    from dosimetry_core.deidentification.case_content import content_of_imported

    require_complete(evaluation, where="de-identified export")
    content = content_of_imported(case)
    # How scans were aligned goes out as matrices: no registration of a file is left behind.
    aligned = replace(case, cycles=tuple(replace(cycle, stated_registrations=()) for cycle in case.cycles))
    return write_deidentified(aligned, content, lambda: evaluation, target, key, progress=progress)


def require_same_doses(original: Evaluation, made: Evaluation, voi_names: Mapping[str, str]) -> None:
    """Refuse to give away a course that, without what was left out, has other doses than the original.

    Parameters
    ----------
    voi_names
        Name of a VOI → its name in the course that goes out.

    Raises
    ------
    InconsistentCaseError
        With organ, cycle and both doses.
    """
    for before, after in zip(original.cycles, made.cycles, strict=True):
        organs = {name: _gray(result) for name, result in after.organs.items()}
        vois = {name: _gray(result) for name, result in after.vois.items()}
        compared = [(organ, _gray(result), organs.get(organ, 0.0)) for organ, result in before.organs.items()]
        compared += [(name, _gray(voi), vois.get(voi_names.get(name, ""), 0.0)) for name, voi in before.vois.items()]
        for what, one, other in compared:
            if not abs(other - one) <= LARGEST_CHANGE * one:  # also refused if either is no number
                raise InconsistentCaseError(
                    f"the dose to {what} would be {other:.3f} instead of {one:.3f} Gy in cycle {before.cycle.number}",
                    where="de-identification",
                    remedy="something that the doses rest on can't go out, such as a stated registration",
                )


def _gray(result: OrganResult | VoiResult) -> float:
    return sum(dose.absorbed_dose_gy for dose in result.doses.values())
