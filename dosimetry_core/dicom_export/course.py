"""Everything of a course that other systems can file, cycle by cycle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from dosimetry_core.dicom_export.cycle import digest_of_results, export_cycle, facts_of_cycle, voxel_doses_of
from dosimetry_core.dicom_export.objects import ExportedObject, file_bytes
from dosimetry_core.dicom_export.pdf import encapsulated_pdf
from dosimetry_core.errors import DosimetryError, Finding, MissingDataError
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.pipeline import evaluate
from dosimetry_core.progress import Progress, no_progress, part_of

_VOXEL_SHARE = 0.6


@dataclass(frozen=True)
class CourseExport:
    """Objects of all cycles, and remarks on what there is none of."""

    objects: tuple[ExportedObject, ...]
    findings: tuple[Finding, ...]


def export_course(
    evaluation: Evaluation, *, made_at: datetime, plan_pdf: bytes | None = None, progress: Progress = no_progress
) -> CourseExport:
    """VOIs, voxel doses, registrations, measurements, and the plan, as DICOM objects.

    Parameters
    ----------
    evaluation
        Voxel doses that it doesn't hold are computed; no other number changes.
    made_at
        Content date and time, with a time zone.
    plan_pdf
        The plan's file, as signed; it is filed with the newest cycle that has images.

    Raises
    ------
    MissingDataError
        If there is nothing to export at all.
    """
    digest = digest_of_results(evaluation)
    with_voxels = with_voxel_doses(evaluation, part_of(progress, 0.0, _VOXEL_SHARE))
    imaged = [result for result in with_voxels.cycles if result.cycle.time_points]
    if not imaged:
        raise MissingDataError("no cycle has images", where="course", remedy="there is nothing to file beside them")
    objects: list[ExportedObject] = []
    findings: list[Finding] = []
    for number, result in enumerate(imaged):
        progress(
            _VOXEL_SHARE + (1 - _VOXEL_SHARE) * number / len(imaged), f"DICOM objects of cycle {result.cycle.number}"
        )
        try:
            made = export_cycle(result, made_at=made_at, digest=digest)
        except DosimetryError as error:
            findings.append(Finding("dicom-not-exported", "warning", error.what, error.where))
            continue
        objects += made.objects
        findings += made.findings
    if plan_pdf is not None:
        facts = facts_of_cycle(imaged[-1], made_at=made_at, digest=digest)
        title = f"Plan of cycle {evaluation.plan.next_cycle}"
        content = file_bytes(encapsulated_pdf(facts, plan_pdf, title=title))
        objects.append(ExportedObject("plan.dcm", "the plan as encapsulated PDF", content))
    return CourseExport(tuple(objects), tuple(findings))


def with_voxel_doses(evaluation: Evaluation, progress: Progress) -> Evaluation:
    """The same evaluation with voxel doses beside every engine, for the maps alone."""
    if all(voxel_doses_of(result) is not None for result in evaluation.cycles if result.cycle.time_points):
        return evaluation
    settings = replace(evaluation.case.settings, voxel_s_values_beside=True)
    return evaluate(replace(evaluation.case, settings=settings), previous=evaluation, progress=progress)
