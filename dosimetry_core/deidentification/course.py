"""A whole course for research: its images and VOIs as DICOM, its case file; reports are made anew from these."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pydicom
import tomli_w

from dosimetry_core.case import Case, Cycle
from dosimetry_core.deidentification.case_content import (
    case_without_identity,
    images_folder,
    plain_shape,
    shapes_file,
    vois_file,
)
from dosimetry_core.deidentification.dates import fitting_shift_days
from dosimetry_core.deidentification.objects import Disguise, pseudonym_of, without_identity
from dosimetry_core.dicom.files import read_dicom
from dosimetry_core.dicom.pixels import stored_values
from dosimetry_core.dicom_export.case_lines import shape_name, shapes_on_scans
from dosimetry_core.dicom_export.objects import ExportFacts, file_bytes
from dosimetry_core.dicom_export.segmentation import segmentation
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError
from dosimetry_core.image import ImageSeries
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.voi import Role, Voi

_NAMES: Mapping[Role, str] = {
    "kidney_left": "Kidney L",
    "kidney_right": "Kidney R",
    "kidneys": "Kidneys",
    "liver": "Liver",
    "spleen": "Spleen",
    "lesion": "Lesion",
    "remainder": "Remainder",
    "whole_body": "Whole body",
    "red_marrow": "Red marrow",
    "background": "Background",
    "other": "VOI",
}
_SINGLE = frozenset(("kidney_left", "kidney_right", "kidneys", "liver", "spleen", "remainder", "whole_body"))


@dataclass(frozen=True)
class CourseFile:
    """One file of the course: path inside its folder, and content."""

    path: str
    content: bytes


@dataclass(frozen=True)
class Prepared:
    """How a course is disguised, and what is left out."""

    disguise: Disguise
    findings: tuple[Finding, ...]


def prepared(case: Case, key: bytes) -> Prepared:
    """The disguise of an imported case.

    Raises
    ------
    DosimetryError
        If no shift of dates keeps every interval.
    """
    shift = fitting_shift_days(key, _instants(case), case.patient.time_zone)
    nuclides = {
        series.series_uid: series.nuclide
        for cycle in case.cycles
        for point in cycle.time_points
        for series in (point.spect, point.ct)
        if series is not None and series.nuclide is not None
    }
    names = _voi_names(case)
    shapes = {
        shape.name: (plain_shape(names[voi.name], index + 1), shape.role)
        for cycle in case.cycles
        for index, point in enumerate(cycle.time_points)
        for voi in cycle.vois
        for shape in shapes_on_scans(cycle)
        if shape.name == shape_name(voi, index) and voi.voi_id in point.redrawn_vois
    }
    disguise = Disguise(
        key,
        pseudonym_of(key, case.patient.patient_id),
        shift,
        names | {name: plain for name, (plain, _role) in shapes.items()},
        nuclides,
        dict(shapes.values()),
    )
    findings = [
        Finding("follow-up-left-out", "info", "what became of the patient is left out", "course")
        for _one in [case.follow_up]
        if case.follow_up != type(case.follow_up)()
    ]
    findings += [
        Finding("registration-left-out", "info", "registrations of files are left out; scans are aligned again", where)
        for cycle in case.cycles
        if any(stated.path is not None for stated in cycle.stated_registrations)
        for where in (f"cycle {cycle.number}",)
    ]
    return Prepared(disguise, tuple(findings))


def _instants(case: Case) -> list[datetime]:
    found: list[datetime] = []
    for cycle in case.cycles:
        for given in cycle.administrations:
            found.append(given.start)
            if given.vial is not None:
                found += [given.vial.vial_time, given.vial.residual_time]
        found += [point.spect.acquisition_start for point in cycle.time_points]
        for sample in cycle.blood_samples:
            found += [sample.time, *(one.counted_at for one in sample.counted.values())]
        found += list(cycle.whole_body.times)
        found += [datetime.combine(one.date, time(12), UTC) for one in cycle.laboratory]
    return found


def _voi_names(case: Case) -> dict[str, str]:
    """A plain name for each VOI of the course; the same VOI has the same name in every cycle."""
    found: dict[str, str] = {}
    counts: dict[Role, int] = {}
    roles: dict[str, Role] = {}
    for cycle in case.cycles:
        for voi in cycle.vois:
            if voi.name in found:
                if roles[voi.name] != voi.role:
                    raise InconsistentCaseError(
                        f"{voi.name} is {roles[voi.name]} in one cycle and {voi.role} in another",
                        where=f"cycle {cycle.number}",
                        remedy="give VOIs of different organs different names",
                    )
                continue
            roles[voi.name] = voi.role
            counts[voi.role] = counts.get(voi.role, 0) + 1
            number = counts[voi.role]
            plain = _NAMES[voi.role]
            found[voi.name] = plain if voi.role in _SINGLE and number == 1 else f"{plain} {number}"
    return found


def course_files(
    case: Case,
    content: Mapping[str, Any],
    disguise: Disguise,
    *,
    protocols: frozenset[str],
    progress: Progress = no_progress,
) -> Iterator[CourseFile]:
    """The files of the de-identified course, one after the other.

    Parameters
    ----------
    case
        Imported, so that it holds what was read: only images that the case uses go out.
    content
        Of its case file, as read from TOML.

    Raises
    ------
    DosimetryError
        If a source file is gone, or an object can't go out; nothing of it is written then.
    """
    yield CourseFile(
        "case.toml", tomli_w.dumps(case_without_identity(content, disguise, protocols=protocols)).encode("utf-8")
    )
    total = sum(
        len(series.source_files)
        for cycle in case.cycles
        for point in cycle.time_points
        for series in (point.spect, point.ct)
        if series is not None
    )
    done = 0
    for cycle in case.cycles:
        for number, point in enumerate(cycle.time_points, start=1):
            for series in (point.spect, point.ct):
                if series is None:
                    continue
                for index, source in enumerate(series.source_files, start=1):
                    progress(done / max(total, 1), f"Image {done + 1} of {total}")
                    done += 1
                    name = f"{images_folder(cycle.number)}/scan{number}/{series.kind}-{index:04d}.dcm"
                    yield CourseFile(name, _image(Path(source.path), disguise))
        if any(not voi.mask.is_empty for voi in cycle.vois):
            drawn = [voi for voi in cycle.vois if not voi.mask.is_empty]
            yield CourseFile(vois_file(cycle.number), _vois(cycle, drawn, disguise))
            shapes = list(shapes_on_scans(cycle))
            if shapes:
                yield CourseFile(shapes_file(cycle.number), _vois(cycle, shapes, disguise))


def _image(path: Path, disguise: Disguise) -> bytes:
    try:
        original = pydicom.dcmread(path)
        pixels = stored_values(read_dicom(path))
    except OSError as error:
        raise DosimetryError(
            f"can't be read ({error.strerror})", where=str(path), remedy="put the case's images back"
        ) from error
    return _bytes(without_identity(original, disguise, where=str(path), pixels=pixels))


def _bytes(dataset: pydicom.Dataset) -> bytes:
    target = io.BytesIO()
    pydicom.dcmwrite(target, dataset, enforce_file_format=True)
    return target.getvalue()


def _vois(cycle: Cycle, drawn: list[Voi], disguise: Disguise) -> bytes:
    """VOIs as a segmentation under plain names, made of the masks and then treated as any other object.

    It is dated like the scan it lies on: today, moved like every other date, would tell by how much they moved.
    """
    point = cycle.time_points[cycle.reference_time_point]
    series: list[ImageSeries] = [one for one in (point.ct, point.spect) if one is not None]
    grid = drawn[0].mask.geometry
    beside = next((one for one in series if grid.is_same_grid(one.volume.geometry)), series[0])
    what = f"{disguise.pseudonym}/{cycle.number}/{', '.join(voi.name for voi in drawn)}"
    facts = ExportFacts(beside, beside.acquisition_start, what)
    made = segmentation(facts, drawn, label=f"CYCLE_{cycle.number}")
    return _bytes(without_identity(pydicom.dcmread(io.BytesIO(file_bytes(made))), disguise, where="VOIs"))
