"""Reads files of another system and holds them against an evaluated case; runs as a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dosimetry_core.comparison.gamma import GammaCriteria
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.evaluation import require_complete
from dosimetry_core.progress import Progress, no_progress, part_of

if TYPE_CHECKING:
    from dosimetry_core.comparison.dose_maps import DoseMapComparison
    from dosimetry_core.comparison.number_comparison import NumberComparison
    from dosimetry_core.comparison.other_registrations import RegistrationsComparison
    from dosimetry_core.comparison.other_vois import VoiSetComparison
    from dosimetry_core.evaluation import CycleResult, Evaluation

TABLE_ENDINGS = (".csv", ".txt", ".tsv")
LABEL_ENDINGS = (".nii", ".nii.gz")


@dataclass(frozen=True)
class Compared:
    """One file of another system, and what it says beside ours: a dose map, VOIs, registrations, or numbers."""

    path: Path
    made_by: str
    dose_map: DoseMapComparison | None = None
    numbers: tuple[NumberComparison, ...] = ()
    vois: VoiSetComparison | None = None
    registrations: RegistrationsComparison | None = None


def compare_files(
    evaluation: Evaluation,
    paths: Sequence[Path],
    *,
    cycle: int | None = None,
    nuclide: str | None = None,
    criteria: GammaCriteria | None = None,
    progress: Progress = no_progress,
) -> tuple[Compared, ...]:
    """Every file beside the results.

    Parameters
    ----------
    cycle
        Of which dose maps, VOIs, registrations and organ tables are; may be left out where the case has only one.
    nuclide
        Of which doses are; a dose map without it is of all nuclides together, and so is the dose to VOIs.

    Raises
    ------
    DosimetryError
        If a file can't be read or is of another patient, frame of reference or nuclide, or if doses are pending.
    """
    require_complete(evaluation, where="cross-check")
    found = []
    for number, path in enumerate(paths):
        share = part_of(progress, number / len(paths), (number + 1) / len(paths))
        if path.suffix.lower() in TABLE_ENDINGS:
            found.append(_table(evaluation, path, cycle=cycle, nuclide=nuclide))
        else:
            found.append(_object(evaluation, path, cycle, nuclide=nuclide, criteria=criteria, progress=share))
    return tuple(found)


def _object(
    evaluation: Evaluation,
    path: Path,
    cycle: int | None,
    *,
    nuclide: str | None,
    criteria: GammaCriteria | None,
    progress: Progress,
) -> Compared:
    from pydicom.uid import (
        DeformableSpatialRegistrationStorage,
        RTStructureSetStorage,
        SegmentationStorage,
        SpatialRegistrationStorage,
    )

    from app.importing.files_read import kind_of_object
    from dosimetry_core.dicom.series import LABEL_MAP_SEGMENTATION_STORAGE

    result = _cycle(evaluation, cycle, path)
    if path.name.lower().endswith(LABEL_ENDINGS):
        return _vois(result, path, nuclide=nuclide, progress=progress)
    kind = kind_of_object(path, progress=part_of(progress, 0.0, 0.1))
    rest = part_of(progress, 0.1, 1.0)
    if kind in (RTStructureSetStorage, SegmentationStorage, LABEL_MAP_SEGMENTATION_STORAGE):
        return _vois(result, path, nuclide=nuclide, progress=rest)
    if kind in (SpatialRegistrationStorage, DeformableSpatialRegistrationStorage):
        return _registrations(result, path, progress=rest)
    # What is none of these is refused where doses are read, with what it is asked to be.
    return _dose_map(evaluation, result, path, nuclide=nuclide, criteria=criteria, progress=rest)


def _vois(result: CycleResult, path: Path, *, nuclide: str | None, progress: Progress) -> Compared:
    from app.importing.files_read import read_other_vois
    from dosimetry_core.comparison.other_vois import compare_vois

    cycle = result.cycle
    # The reference scan first: of scans that share a frame of reference, the one that ours are drawn on is meant.
    order = [cycle.reference_time_point]
    order += [number for number in range(len(cycle.time_points)) if number != cycle.reference_time_point]
    points = [cycle.time_points[number] for number in order]
    read = read_other_vois(path, points, progress=part_of(progress, 0.0, 0.5))
    read = replace(read, reference_time_point=order[read.reference_time_point])
    found = compare_vois(result, read, where=str(path), nuclide=nuclide, progress=part_of(progress, 0.5, 1.0))
    return Compared(path, path.name, vois=found)


def _registrations(result: CycleResult, path: Path, *, progress: Progress) -> Compared:
    from app.importing.files_read import read_registration
    from dosimetry_core.comparison.other_registrations import compare_registration

    read = read_registration(path, progress=progress)
    return Compared(path, read.description or path.name, registrations=compare_registration(result.cycle, read))


def _table(evaluation: Evaluation, path: Path, *, cycle: int | None, nuclide: str | None) -> Compared:
    from dosimetry_core.comparison.number_comparison import compare_numbers
    from dosimetry_core.comparison.other_tables import read_other_numbers

    try:
        content = path.read_bytes()
    except OSError as error:
        raise DosimetryError(
            f"can't be read ({error.strerror})", where=str(path), remedy="check the path and the access rights"
        ) from error
    only = evaluation.cycles[0].cycle.number if len(evaluation.cycles) == 1 else None
    numbers = read_other_numbers(content, where=str(path), cycle=cycle or only, nuclide=nuclide)
    return Compared(path, path.name, numbers=compare_numbers(evaluation, numbers))


def _dose_map(
    evaluation: Evaluation,
    result: CycleResult,
    path: Path,
    *,
    nuclide: str | None,
    criteria: GammaCriteria | None,
    progress: Progress,
) -> Compared:
    from app.importing.files_read import read_dose
    from dosimetry_core.comparison.dose_maps import compare_dose_map

    other = read_dose(path, progress=part_of(progress, 0.0, 0.2))
    found = compare_dose_map(
        result,
        other,
        patient_id=evaluation.case.patient.patient_id,
        nuclide=nuclide,
        criteria=criteria,
        progress=part_of(progress, 0.2, 1.0),
    )
    return Compared(path, other.made_by or path.name, dose_map=found)


def _cycle(evaluation: Evaluation, number: int | None, path: Path) -> CycleResult:
    known = {result.cycle.number: result for result in evaluation.cycles}
    if number is None and len(known) == 1:
        return next(iter(known.values()))
    if number not in known:
        raise MissingDataError(
            "does not say of which cycle it is" if number is None else f"the case has no cycle {number}",
            where=str(path),
            remedy=f"say one of {', '.join(str(one) for one in known)}",
        )
    return known[number]
