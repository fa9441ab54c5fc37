"""Registrations that the case file states: spatial registration objects and matrices, put where they belong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dosimetry_core.case import Case, Cycle, StatedRegistration
from dosimetry_core.dicom.spatial_registration import read_spatial_registration, registration_from, rigid_of_matrix
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, MissingDataError, raise_problems
from dosimetry_core.image import Registration, SourceFile


def with_stated_registrations(case: Case, cycle: Cycle) -> Cycle:
    """The cycle with the registrations that its case file states; the others are left to be aligned.

    Raises
    ------
    DosimetryError
        Every file that can't be read or relates no scan of the cycle to its reference, every matrix of a scan that is
        not there or is the reference, and every scan that is named twice.
    """
    if not cycle.stated_registrations:
        return cycle
    points = list(cycle.time_points)
    problems: list[DosimetryError] = []
    files: list[SourceFile] = []
    for number, stated in enumerate(cycle.stated_registrations, start=1):
        where = f"cycle {cycle.number}, registration {number}"
        try:
            found, source = _found(case, cycle, stated, where)
        except DosimetryError as error:
            problems.append(error)
            continue
        files += [source] if source is not None else []
        for index, registration in found.items():
            if points[index].registration.method != "none":
                problems.append(
                    InconsistentCaseError(
                        f"time point {index + 1} is registered twice", where=where, remedy="keep one of the two"
                    )
                )
            else:
                points[index] = replace(points[index], registration=registration)
    raise_problems(problems)
    return replace(cycle, time_points=tuple(points), registration_files=tuple(files))


def _found(
    case: Case, cycle: Cycle, stated: StatedRegistration, where: str
) -> tuple[dict[int, Registration], SourceFile | None]:
    chosen = _chosen(cycle, stated, where)
    if stated.path is None:
        motion = rigid_of_matrix(stated.matrix_from_reference, where=where)
        return {index: Registration(motion, "matrix", None, source="case file") for index in chosen}, None
    path = Path(case.folder) / stated.path
    if not path.is_file():
        raise MissingDataError(f"{path} does not exist", where=where, remedy="correct the path in case.toml")
    read = read_spatial_registration(path)
    reference = cycle.time_points[cycle.reference_time_point]
    found = {}
    for index in chosen:
        registration = registration_from(read, reference, cycle.time_points[index])
        if registration is not None:
            found[index] = replace(registration, source=stated.path)
    if not found:
        raise InconsistentCaseError(
            f"{stated.path} relates no scan of this cycle to its reference",
            where=where,
            remedy="name the object that belongs to these images",
        )
    return found, read.source


def _chosen(cycle: Cycle, stated: StatedRegistration, where: str) -> list[int]:
    """Indices of the scans that a stated registration may be about."""
    others = [n for n in range(len(cycle.time_points)) if n != cycle.reference_time_point]
    if stated.time_point is None:
        return others
    index = stated.time_point - 1
    if index == cycle.reference_time_point:
        raise InconsistentCaseError(
            f"time point {stated.time_point} is the reference", where=where, remedy="name another time point"
        )
    if index not in others:
        raise InconsistentCaseError(
            f"there is no time point {stated.time_point}", where=where, remedy="correct its number, 1 = first"
        )
    return [index]
