"""What a folder holds, what it would be read as, and every problem: lists, changes nothing, never raises for a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dosimetry_core.dicom.files import is_nifti, read_dicom
from dosimetry_core.dicom.series import read_series
from dosimetry_core.dicom.study import group_time_points
from dosimetry_core.dicom.vois import read_vois
from dosimetry_core.errors import DosimetryError, Finding, InputProblems, Level
from dosimetry_core.image import ImageSeries
from dosimetry_core.progress import Progress, no_progress

_UNITS = {
    "ct_number_hu": "HU",
    "counts": "counts",
    "counts_per_s": "counts/s",
    "activity_concentration_bq_per_ml": "Bq/mL",
}
_ZONE_UNKNOWN = "time-zone-unknown"
# What to do about a doubt; problems carry their own remedy.
_REMEDIES = {
    "acquired-before-administration": "correct the scanner's or the dose calibrator's clock (clock_offset_s)",
    "acquisition-in-steps": "export one acquisition per series if minutes matter",
    "acquisition-times-differ": "export it with one acquisition time",
    "contour-convention": "say contour_convention as the contouring program draws",
    "contours-between-slices": "draw on the slices of the CT",
    "contours-not-closed": "close the contours and export again",
    "correction-missing": "reconstruct with attenuation and scatter correction",
    "counting-duration-unknown": "export with the rotation information, or enter the counting time",
    "ct-missing": "add the CT of the visit",
    "ct-other-frame-of-reference": "check SPECT and CT against each other",
    "ct-shared": "add the missing CT, or check which one belongs",
    "energy-window": "check which nuclide and window were acquired",
    "frames-of-all-heads": "compare with the clock time of the acquisition",
    "frames-per-head-ambiguous": "compare with the clock time of the acquisition",
    "frames-and-arc-differ": "compare with the clock time of the acquisition",
    "kidney-sides": "check the names and the orientation of the images",
    "mixed-cameras": "calibrate each camera, or leave the other series out",
    "mixed-quantities": "check that only one cycle is in the folder, and calibration and corrections of both kinds",
    "mixed-voxel-sizes": "reconstruct all time points alike",
    "nuclide-unknown": "check the nuclide against the record",
    "other-nuclide": "take it out of the folder if it is not wanted",
    "patient-differs": "check whose files these are",
    "patient-id-missing": "check whose files these are",
    "reference-time-point": "check the reference time point",
    "segmentation-probability": "export it as binary, or with occupied fractions",
    "slice-order": "check the image from head to feet",
    "slice-spacing-from-thickness": "check head and feet against the CT",
    "slice-thickness-differs": "check the slice distance",
    "slices-without-contour": "draw or interpolate the missing contours",
    "spect-close-together": "join bed positions before export, or leave one out",
    "stated-activity-unit": "compare with the dose calibrator's record",
    _ZONE_UNKNOWN: "say --time-zone, for example Europe/Warsaw",
    "time-zone-differs": "check the scanner's time zone",
    "voi-empty": "draw it, or delete it",
    "voi-without-contours": "draw it and export again, or delete it",
    "voi-outside-image": "use an image that holds the whole VOI",
    "voi-role-twice": "say roles in voi_roles",
    "voi-role-unknown": "say its role in voi_roles",
}


@dataclass(frozen=True)
class Remark:
    """A finding or a problem, with what to do about it."""

    code: str
    level: Level
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class CheckEntry:
    """One thing met in a folder.

    Parameters
    ----------
    path
        File, or folder of a series' files.
    what
        ``SPECT``, ``CT``, ``VOIs``, another kind of DICOM object, or ``problem``.
    time
        Acquisition start in ISO 8601; without an offset if the time zone is unknown.
    shape, spacing_mm
        (slices, rows, columns) and their distances.
    """

    path: str
    what: str
    nuclide: str | None = None
    time: str | None = None
    shape: tuple[int, int, int] | None = None
    spacing_mm: tuple[float, float, float] | None = None
    units: str | None = None
    findings: tuple[Remark, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The entry as ``lutetia check --json`` prints it."""
        return {
            "path": self.path,
            "what": self.what,
            "nuclide": self.nuclide,
            "time": self.time,
            "shape": list(self.shape) if self.shape else None,
            "spacing_mm": [round(spacing, 6) for spacing in self.spacing_mm] if self.spacing_mm else None,
            "units": self.units,
            "findings": [{"code": r.code, "level": r.level, "text": r.text, "remedy": r.remedy} for r in self.findings],
        }


def check_folder(folder: Path, *, time_zone: str | None, progress: Progress = no_progress) -> list[CheckEntry]:
    """Everything a folder holds, as the import would read it.

    Parameters
    ----------
    time_zone
        IANA name for times without an offset; None: such times are listed as wall-clock times and the finding says so.
    """
    try:
        reading = read_series([folder], time_zone=time_zone, strict=False, progress=progress)
    except DosimetryError as error:
        return [_problem(error, str(folder))]
    entries = [_series_entry(image) for image in reading.series]
    entries += _grouping(reading.series, reading.voi_paths, folder)
    for what, paths in _by_kind((ignored.what, ignored.why, ignored.path) for ignored in reading.ignored).items():
        remark = Remark("not-used", "info", f"{len(paths)} file(s) not used: {what[1]}")
        entries.append(CheckEntry(str(paths[0]), what[0], findings=(remark,)))
    entries += [_problem(problem, str(folder)) for problem in reading.problems]
    entries += [CheckEntry(f.place or str(folder), "remark", findings=(_remark(f),)) for f in reading.findings]
    return entries


def _by_kind(items: Iterable[tuple[str, str, Path]]) -> dict[tuple[str, str], list[Path]]:
    kinds: dict[tuple[str, str], list[Path]] = {}
    for what, why, path in items:
        kinds.setdefault((what, why), []).append(path)
    return kinds


def _remark(finding: Finding) -> Remark:
    return Remark(finding.code, finding.level, finding.text, _REMEDIES.get(finding.code, ""))


def _problem(error: DosimetryError, otherwise: str) -> CheckEntry:
    code = {
        "DicomReadError": "unreadable",
        "GeometryMismatchError": "geometry-mismatch",
        "MissingDataError": "missing-data",
        "InconsistentCaseError": "inconsistent",
    }.get(type(error).__name__, "problem")
    return CheckEntry(error.where or otherwise, "problem", findings=(Remark(code, "error", error.what, error.remedy),))


def _series_entry(image: ImageSeries) -> CheckEntry:
    zone_unknown = any(finding.code == _ZONE_UNKNOWN for finding in image.findings)
    start = image.acquisition_start.replace(tzinfo=None) if zone_unknown else image.acquisition_start
    paths = [Path(source.path) for source in image.source_files]
    return CheckEntry(
        str(paths[0] if len(paths) == 1 else paths[0].parent),
        "SPECT" if image.kind == "spect" else "CT",
        image.nuclide,
        start.isoformat(),
        image.volume.geometry.shape,
        image.volume.geometry.spacing_mm,
        _UNITS[image.volume.quantity],
        tuple(_remark(finding) for finding in image.findings),
    )


def _grouping(series: Sequence[ImageSeries], voi_paths: Sequence[Path], folder: Path) -> list[CheckEntry]:
    """Remarks on time points, and the VOI files on them."""
    try:
        points = group_time_points(series, where=str(folder))
    except DosimetryError as error:
        problems = error.problems if isinstance(error, InputProblems) else (error,)
        entries = [_problem(problem, str(folder)) for problem in problems]
        return entries + [CheckEntry(str(path), _voi_kind(path)) for path in voi_paths]
    own = {id(finding) for image in series for finding in image.findings}
    entries = [
        CheckEntry(finding.place or str(folder), "time point", findings=(_remark(finding),))
        for point in points
        for finding in point.spect.findings
        if id(finding) not in own
    ]
    for path in voi_paths:
        try:
            vois = read_vois([path], time_points=points)
        except DosimetryError as error:
            problems = error.problems if isinstance(error, InputProblems) else (error,)
            remarks = tuple(_problem(problem, str(path)).findings[0] for problem in problems)
            entries.append(CheckEntry(str(path), _voi_kind(path), findings=remarks))
            continue
        grid = vois.vois[0].mask.geometry if vois.vois else None
        names = ", ".join(f"{voi.name} ({voi.role}, {voi.mask.volume_ml:.1f} mL)" for voi in vois.vois)
        listed = Remark("vois", "info", f"on time point {vois.reference_time_point + 1}: {names or 'nothing'}")
        entries.append(
            CheckEntry(
                str(path),
                _voi_kind(path),
                shape=grid.shape if grid else None,
                spacing_mm=grid.spacing_mm if grid else None,
                findings=(listed, *(_remark(finding) for finding in vois.findings)),
            )
        )
    return entries


def _voi_kind(path: Path) -> str:
    if is_nifti(path):
        return "VOIs (label volume)"
    modality = read_dicom(path).header.text("Modality")
    return f"VOIs ({modality})" if modality else "VOIs"
