"""What a folder holds, what it would be read as, and every problem: lists, changes nothing, never raises for a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pydicom.uid import RTStructureSetStorage

from dosimetry_core.dicom.check_entries import CheckEntry, Remark
from dosimetry_core.dicom.contours import read_structure_set
from dosimetry_core.dicom.description import ImageFacts, facts_of
from dosimetry_core.dicom.files import DicomFile, is_nifti, read_dicom
from dosimetry_core.dicom.making import IMAGE_CLASSES, DescribedImage
from dosimetry_core.dicom.rules import RULES
from dosimetry_core.dicom.segmentation import read_segmentation
from dosimetry_core.dicom.series import read_series
from dosimetry_core.dicom.study import group_time_points
from dosimetry_core.dicom.vois import read_vois
from dosimetry_core.errors import DosimetryError, Finding, InputProblems
from dosimetry_core.image import ImageSeries
from dosimetry_core.progress import Progress, no_progress

_UNITS = {
    "ct_number_hu": "HU",
    "counts": "counts",
    "counts_per_s": "counts/s",
    "activity_concentration_bq_per_ml": "Bq/mL",
}
_WRITTEN = {"BQML": "Bq/mL", "CNTS": "counts", "CPS": "counts/s"}
_ZONE_UNKNOWN = "time-zone-unknown"
# What to do about a doubt; problems carry their own remedy.
_REMEDIES = {
    "acquired-before-administration": "correct the scanner's or the dose calibrator's clock (clock_offset_s)",
    "acquisition-in-steps": "export one acquisition per series if minutes matter",
    "acquisition-times-differ": "export it with one acquisition time",
    "contour-convention": "say contour_convention as the contouring program draws",
    "contours-between-slices": "draw on the slices of the CT",
    "contours-cross": "correct the contours where they were drawn",
    "contours-not-closed": "close the contours and export again",
    "correction-missing": "reconstruct with attenuation and scatter correction",
    "beds-joined": "look at the seam, and compare the starts with the acquisition protocol",
    "beds-overlap-differs": "look at the seam; join the beds at the scanner, or leave one out",
    "counting-duration-ambiguous": "enter the clock time of counting (counting_duration_s)",
    "ct-lossy-compression": "export the original CT",
    "count-rate-entered": "make sure that it is per clock second of all heads, or export counts",
    "decay-reference-entered": "check it against the reconstruction",
    "duplicate-slices": "find out why they were exported twice",
    "gantry-tilt-stated": "compare slice positions with a known length along the table",
    "voi-series-absent": "add the series, or check VOIs on the image",
    "counting-duration-unknown": "export with the rotation information, or enter the counting time",
    "ct-missing": "add the CT of the visit",
    "ct-other-frame-of-reference": "check SPECT and CT against each other",
    "ct-time-not-stated": "make sure that it is the CT of this visit",
    "ct-shared": "add the missing CT, or check which one belongs",
    "energy-window": "check which nuclide and window were acquired",
    "frames-of-all-heads": "compare with the clock time of the acquisition",
    "frames-per-head-ambiguous": "compare with the clock time of the acquisition",
    "frames-and-arc-differ": "compare with the clock time of the acquisition",
    "image-position-entered": "look at SPECT and CT fused, in three planes",
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
    "study-without-spect": "export the reconstructed SPECT of that study, or take its images out",
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


def check_folder(folder: Path, *, time_zone: str | None, progress: Progress = no_progress) -> list[CheckEntry]:
    """Everything a folder holds, as the import would read it.

    Parameters
    ----------
    time_zone
        IANA name for times without an offset; None: such times are listed as wall-clock times and the finding says so.
    """
    try:
        reading = read_series([folder], time_zone=time_zone, strict=False, describe=True, progress=progress)
    except DosimetryError as error:
        return [_problem(error, str(folder))]
    facts = {id(described.image): described.facts for described in reading.described if described.image}
    entries = [_series_entry(image, facts.get(id(image))) for image in reading.series]
    entries += _grouping(reading.series, reading.voi_paths, folder, reading.described)
    entries += [_unused_entry(described) for described in reading.described if described.ignored]
    shown = {path for described in reading.described if described.ignored for path in described.paths}
    rest = [ignored for ignored in reading.ignored if ignored.path not in shown]
    for what, paths in _by_kind((ignored.what, ignored.why, ignored.path) for ignored in rest).items():
        remark = Remark("not-used", "info", f"{len(paths)} file(s) not used: {what[1]}")
        entries.append(CheckEntry(str(paths[0]), what[0], findings=(remark,)))
    refused = {id(described.error): described for described in reading.described if described.error}
    entries += [
        _refused_entry(refused[id(problem)], problem)
        if id(problem) in refused
        else _with_facts(_problem(problem, str(folder)), problem)
        for problem in reading.problems
    ]
    entries += [CheckEntry(f.place or str(folder), "remark", findings=(_remark(f),)) for f in reading.findings]
    return entries


def _path_of(described: DescribedImage) -> str:
    return str(described.paths[0] if len(described.paths) == 1 else described.paths[0].parent)


def _unused_entry(described: DescribedImage) -> CheckEntry:
    """A series that is readable and of no use here."""
    assert described.ignored is not None
    ignored, facts = described.ignored, described.facts
    remarks = [Remark("not-used", "info", f"{len(described.paths)} file(s) not used: {ignored.why}")]
    if ignored.rule:
        remarks.append(Remark(ignored.rule, "info", ignored.why, RULES[ignored.rule].remedy))
    return CheckEntry(
        _path_of(described),
        ignored.what,
        described.image.nuclide if described.image else None,
        shape=facts.shape,
        spacing_mm=facts.spacing_mm,
        units=_written_units(facts),
        findings=tuple(remarks),
        facts=facts,
    )


def _refused_entry(described: DescribedImage, error: DosimetryError) -> CheckEntry:
    """A series that can't be used; one whose only fault is an open question is what it would be."""
    facts = described.facts
    (remark,) = _problem(error, "").findings
    return CheckEntry(
        _path_of(described),
        "SPECT" if described.questions else "problem",
        shape=facts.shape,
        spacing_mm=facts.spacing_mm,
        units=_written_units(facts),
        findings=(remark,),
        facts=facts,
    )


def _with_facts(entry: CheckEntry, error: DosimetryError) -> CheckEntry:
    """A file without its pixels, with what its header says all the same."""
    if error.rule != "file-truncated":
        return entry
    try:
        file = read_dicom(Path(error.where))
        if file.sop_class_uid not in IMAGE_CLASSES:
            return entry
        facts = facts_of([file])
    except DosimetryError:
        return entry
    return replace(entry, shape=facts.shape, spacing_mm=facts.spacing_mm, units=_written_units(facts), facts=facts)


def _written_units(facts: ImageFacts) -> str | None:
    return "HU" if facts.modality == "CT" else _WRITTEN.get(facts.units_as_written.upper())


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
    remark = Remark(code, "error", error.what, error.remedy)
    if error.rule:
        remark = replace(remark, code=error.rule, kind=code)
    return CheckEntry(error.where or otherwise, "problem", findings=(remark,))


def _series_entry(image: ImageSeries, facts: ImageFacts | None) -> CheckEntry:
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
        facts,
    )


def _grouping(
    series: Sequence[ImageSeries], voi_paths: Sequence[Path], folder: Path, described: Sequence[DescribedImage]
) -> list[CheckEntry]:
    """Remarks on time points, and the VOI files on them."""
    asked = any(one.questions for one in described)
    if asked and not any(image.kind == "spect" for image in series):
        # There is a SPECT; what it asks is said of it.
        return [_voi_alone(path, described) for path in voi_paths]
    try:
        points = group_time_points(series, where=str(folder))
    except DosimetryError as error:
        problems = error.problems if isinstance(error, InputProblems) else (error,)
        entries = [_problem(problem, str(folder)) for problem in problems]
        return entries + [_voi_alone(path, described) for path in voi_paths]
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


def _voi_alone(path: Path, described: Sequence[DescribedImage]) -> CheckEntry:
    """A VOI file in a folder that has no time point to put it on."""
    if is_nifti(path) and any(one.questions for one in described):
        text = "is looked at once the SPECT can be read"
        return CheckEntry(str(path), _voi_kind(path), findings=(Remark("vois", "info", text),))
    if is_nifti(path):
        remark = Remark(
            "voi-image-absent", "error", "no SPECT is here to use it with", RULES["voi-image-absent"].remedy
        )
        return CheckEntry(str(path), _voi_kind(path), findings=(remark,))
    try:
        names, frame_uid = _names_and_frame(read_dicom(path))
    except DosimetryError as error:
        return CheckEntry(str(path), _voi_kind(path), findings=_problem(error, str(path)).findings)
    listed = Remark("vois", "info", f"holds {', '.join(names) or 'no region'}")
    there = [one for one in described if frame_uid and one.facts.frame_of_reference == frame_uid]
    if any((one.image is not None and one.ignored is None) or one.questions for one in there):
        return CheckEntry(str(path), _voi_kind(path), findings=(listed,))
    text = "the images that it was drawn on are not here: none has its frame of reference"
    if there:
        text = f"the images of its frame of reference are not used: see {_path_of(there[0])}"
    absent = Remark("voi-image-absent", "error", text, RULES["voi-image-absent"].remedy)
    return CheckEntry(str(path), _voi_kind(path), findings=(listed, absent))


def _names_and_frame(file: DicomFile) -> tuple[list[str], str]:
    if file.sop_class_uid == RTStructureSetStorage:
        structures = read_structure_set(file)
        return [region.name for region in structures.regions], structures.frame_of_reference_uid
    segmentation = read_segmentation(file)
    return [region.name for region in segmentation.regions], segmentation.frame_of_reference_uid


def _voi_kind(path: Path) -> str:
    if is_nifti(path):
        return "VOIs (label volume)"
    modality = read_dicom(path).header.text("Modality")
    return f"VOIs ({modality})" if modality else "VOIs"
