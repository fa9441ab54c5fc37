"""From the paths of a case to its images, VOIs and registrations."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from dosimetry_core.case import Case, Cycle
from dosimetry_core.dicom.person_names import contradict
from dosimetry_core.dicom.series import read_series
from dosimetry_core.dicom.study import group_time_points
from dosimetry_core.dicom.vois import read_vois
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError, MissingDataError, raise_problems
from dosimetry_core.image import ImageSeries, TimePoint
from dosimetry_core.nuclide import nuclide
from dosimetry_core.pipeline.clock_findings import with_clock_findings
from dosimetry_core.pipeline.stated_registrations import with_stated_registrations
from dosimetry_core.pipeline.stated_vois_on_scans import with_stated_vois_on_scans
from dosimetry_core.progress import Progress, no_progress, part_of
from dosimetry_core.registration import register_time_points
from dosimetry_core.units import SECOND

_SAME_DURATION = 0.005


LATEST_SCAN_HALF_LIVES = 10
"""After that less than a thousandth is left."""


class ReadCycle(Protocol):
    """Reads the images and VOIs of one cycle of a case, as `import_cycle` does."""

    def __call__(self, case: Case, cycle: Cycle, *, progress: Progress = ...) -> Cycle:
        """The cycle with its images and VOIs."""


def import_case(case: Case, *, read_cycle: ReadCycle | None = None, progress: Progress = no_progress) -> Case:
    """The case with the images and VOIs of every cycle that names some.

    Parameters
    ----------
    read_cycle
        What reads one cycle; by default `import_cycle`, in this process.

    Raises
    ------
    DosimetryError
        Every problem of all cycles together, each with file or field and a remedy.
    """
    read = import_cycle if read_cycle is None else read_cycle
    problems: list[DosimetryError] = []
    cycles = []
    for number, cycle in enumerate(case.cycles):
        part = part_of(progress, number / len(case.cycles), (number + 1) / len(case.cycles))
        try:
            cycles.append(read(case, cycle, progress=part) if cycle.image_paths else cycle)
        except DosimetryError as error:
            problems.append(error)
    raise_problems(problems)
    imported = replace(case, cycles=tuple(cycles))
    raise_problems(_unknown_names(imported))
    return imported


def _unknown_names(case: Case) -> Sequence[DosimetryError]:
    """Settings for VOIs that no cycle has."""
    known = {voi.name for cycle in case.cycles for voi in cycle.vois}
    fit = case.settings.fit
    asked = [("fit.exclude", item.voi) for item in fit.exclude]
    asked += [("fit.model_by_voi", name) for name in fit.model_by_voi]
    asked += [("engine.vois", name) for name in case.settings.engine_by_voi]
    numbers = [cycle.number for cycle in case.cycles]
    return [
        InconsistentCaseError(
            f"there is no cycle {item.cycle}", where="settings.fit.exclude", remedy="correct its number"
        )
        for item in fit.exclude
        if item.cycle is not None and item.cycle not in numbers
    ] + [
        InconsistentCaseError(
            f"there is no VOI {name!r}", where=f"settings.{key}", remedy=f"use one of {', '.join(sorted(known))}"
        )
        for key, name in asked
        if known and name not in known
    ]


def import_cycle(case: Case, cycle: Cycle, *, progress: Progress = no_progress) -> Cycle:
    """One cycle with its images grouped into time points, and its VOIs on the grid of the reference time point."""
    images = import_images(case, cycle, progress=part_of(progress, 0.0, 0.8))
    return import_vois(case, images, progress=part_of(progress, 0.8, 1.0))


def import_images(
    case: Case,
    cycle: Cycle,
    *,
    show: Callable[[Cycle], None] | None = None,
    progress: Progress = no_progress,
) -> Cycle:
    """One cycle with its images, read, checked and grouped into time points.

    Parameters
    ----------
    show
        Called with the cycle and its first scan alone before the other scans are read, where that scan is in order by
        itself. Doubts that come of several scans are not known then.
    """
    where = f"cycle {cycle.number}"

    def show_first(images: Sequence[ImageSeries]) -> None:
        with contextlib.suppress(DosimetryError):  # whatever is wrong is raised when all are read
            points = _checked_points(case, cycle, images)
            if show is not None and points[0].ct is not None:
                show(replace(cycle, time_points=points[:1]))

    reading = read_series(
        _existing(case, cycle.image_paths, f"{where}, images"),
        time_zone=case.patient.time_zone,
        clock_offset_s=cycle.clock_offset_s.get("scanner", 0.0),
        stated_quantity=cycle.calibration.image_quantity,
        stated_decay_reference=cycle.calibration.image_decay_reference,
        stated_position_mm=cycle.calibration.image_position_mm,
        show_first=show_first if show is not None else None,
        progress=progress,
    )
    if not any(series.kind == "spect" for series in reading.series):
        raise_problems(
            InconsistentCaseError(f"SPECT {finding.text}", where=finding.place, remedy="name the images of the therapy")
            for finding in reading.findings
            if finding.code == "other-nuclide"
        )
    time_points = _checked_points(case, cycle, reading.series)
    findings = tuple(_within(case, finding) for finding in reading.findings)
    read = replace(cycle, time_points=time_points, import_findings=findings)
    return replace(read, import_findings=with_clock_findings(read))


def _checked_points(case: Case, cycle: Cycle, series: Sequence[ImageSeries]) -> tuple[TimePoint, ...]:
    where = f"cycle {cycle.number}"
    time_points = _named_within(case, group_time_points(series, where=f"{where}, images"))
    if cycle.calibration.counting_duration_s is not None:
        time_points = tuple(_counted_for(point, cycle.calibration.counting_duration_s) for point in time_points)
    _check_patient(case, where, time_points)
    _check_times(case, cycle, where, time_points)
    return time_points


def import_vois(case: Case, cycle: Cycle, *, progress: Progress = no_progress) -> Cycle:
    """A cycle that has its images with the VOIs and registrations that its case file names."""
    where = f"cycle {cycle.number}"
    if not cycle.voi_paths:
        progress(1.0, f"Cycle {cycle.number} is read")
        return with_stated_registrations(case, cycle)
    progress(0.0, "Reading VOIs")
    voi_paths = _existing(case, cycle.voi_paths, f"{where}, vois")
    vois = read_vois(
        voi_paths,
        time_points=cycle.time_points,
        roles=cycle.voi_roles,
        contour_convention=cycle.contour_convention,
    )
    progress(1.0, f"Cycle {cycle.number} is read")
    read = replace(
        cycle,
        reference_time_point=vois.reference_time_point,
        vois=tuple(replace(voi, source=_path_within(case, voi.source)) for voi in vois.vois),
        voi_files=vois.source_files,
        import_findings=cycle.import_findings + tuple(_within(case, finding) for finding in vois.findings),
    )
    return with_stated_registrations(case, read)


def _counted_for(point: TimePoint, stated_s: float) -> TimePoint:
    """The time point with the counting duration that the user states, and a remark where the file says another."""
    spect = point.spect
    if spect.volume.quantity != "counts" or spect.counting_duration_s == stated_s:
        return point
    own = spect.counting_duration_s
    differs = own is not None and abs(own / stated_s - 1) > _SAME_DURATION
    text = f"The counting duration of {SECOND.text(stated_s)} was entered" + (
        f"; the file says {SECOND.text(own)}." if differs and own is not None else "."
    )
    finding = Finding("counting-duration-entered", "warning" if differs else "info", text, spect.description)
    return replace(point, spect=replace(spect, counting_duration_s=stated_s, findings=(*spect.findings, finding)))


def _path_within(case: Case, text: str) -> str:
    """The text with paths of files in the case's folder as the case file would name them."""
    folder = case.folder.rstrip("/\\")
    return text.replace(f"{folder}/", "").replace(f"{folder}\\", "") if folder else text


def _within(case: Case, finding: Finding) -> Finding:
    return replace(finding, text=_path_within(case, finding.text), place=_path_within(case, finding.place))


def _named_within(case: Case, time_points: tuple[TimePoint, ...]) -> tuple[TimePoint, ...]:
    """The time points with findings that name files as the case file would."""
    return tuple(
        replace(
            point,
            spect=replace(point.spect, findings=tuple(_within(case, f) for f in point.spect.findings)),
            ct=point.ct and replace(point.ct, findings=tuple(_within(case, f) for f in point.ct.findings)),
        )
        for point in time_points
    )


def _existing(case: Case, names: tuple[str, ...], where: str) -> list[Path]:
    paths = [Path(case.folder) / name for name in names]
    raise_problems(
        MissingDataError(f"{path} does not exist", where=where, remedy="correct the path in case.toml")
        for path in paths
        if not path.exists()
    )
    return paths


def _check_patient(case: Case, where: str, time_points: tuple[TimePoint, ...]) -> None:
    images = [series for point in time_points for series in (point.spect, point.ct) if series is not None]
    for series in images:
        if series.patient_id and series.patient_id != case.patient.patient_id:
            raise InconsistentCaseError(
                f"the images are of patient {series.patient_id!r} ({series.patient_name}), "
                f"the case is of {case.patient.patient_id!r}",
                where=f"{where}, images, {series.source_files[0].path if series.source_files else series.series_uid}",
                remedy="use the images of this patient, or correct [patient] id",
            )
        if not series.patient_id and contradict(series.patient_name, case.patient.name):
            raise InconsistentCaseError(
                f"the images carry no patient ID, but the name {series.patient_name}; "
                f"the case is of {case.patient.name}",
                where=f"{where}, images, {series.source_files[0].path if series.source_files else series.series_uid}",
                remedy="use the images of this patient, or correct [patient] name",
            )


def _check_times(case: Case, cycle: Cycle, where: str, time_points: tuple[TimePoint, ...]) -> None:
    given = cycle.administrations[0]
    longest_s = max(nuclide(a.nuclide).physical_half_life_s for a in cycle.administrations)
    latest = given.start + timedelta(seconds=LATEST_SCAN_HALF_LIVES * longest_s)
    following = [a.start for other in case.cycles if other.number > cycle.number for a in other.administrations]
    raise_problems(
        InconsistentCaseError(
            f"the SPECT of {point.spect.acquisition_start.isoformat()} was acquired "
            + (
                "after the next cycle began"
                if following and point.spect.acquisition_start >= min(following)
                else f"more than {LATEST_SCAN_HALF_LIVES} half-lives after the administration"
            ),
            where=f"{where}, images",
            remedy="correct the dates, or name the images under their own cycle",
        )
        for point in time_points
        if point.spect.acquisition_start >= min([latest, *following])
    )
    raise_problems(
        InconsistentCaseError(
            f"the SPECT of {point.spect.acquisition_start.isoformat()} began before the middle of the infusion of "
            f"{given.nuclide} ({given.time_zero.isoformat()})",
            where=f"{where}, images",
            remedy="correct the administration's start, or the scanner's clock offset, or leave the scan out",
        )
        for point in time_points
        if point.spect.acquisition_start < given.time_zero
    )


def align_case(case: Case, *, progress: Progress = no_progress) -> Case:
    """The case with every time point registered to its cycle's reference; registered ones are left as they are.

    Then VOIs are placed on single scans as the case file states.
    """
    cycles = tuple(
        with_stated_vois_on_scans(
            align_cycle(cycle, progress=part_of(progress, number / len(case.cycles), (number + 1) / len(case.cycles)))
        )
        for number, cycle in enumerate(case.cycles)
    )
    return case if cycles == case.cycles else replace(case, cycles=cycles)


def align_cycle(cycle: Cycle, *, progress: Progress = no_progress) -> Cycle:
    """One cycle with its time points registered to the reference; the same object if they all are."""
    if all(point.registration.method != "none" for point in cycle.time_points):
        return cycle
    aligned = register_time_points(cycle.time_points, cycle.reference_time_point, progress=progress)
    kept = tuple(
        old if old.registration.method != "none" else new for old, new in zip(cycle.time_points, aligned, strict=True)
    )
    return replace(cycle, time_points=kept)
