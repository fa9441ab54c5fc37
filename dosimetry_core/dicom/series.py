"""Files and folders to checked image series, with every problem of the whole set reported together."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom.uid import (
    UID,
    CTImageStorage,
    NuclearMedicineImageStorage,
    PositronEmissionTomographyImageStorage,
    RTStructureSetStorage,
    SegmentationStorage,
)

from dosimetry_core.dicom.files import DicomFile, find_files, is_nifti, read_each, stem_of
from dosimetry_core.dicom.grid import is_axial
from dosimetry_core.dicom.image_reading import is_multi_frame, place_of, read_image
from dosimetry_core.dicom.timing import Clock
from dosimetry_core.dicom.values import SpectQuantity
from dosimetry_core.errors import DicomReadError, DosimetryError, Finding, raise_problems
from dosimetry_core.image import ImageSeries
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.progress import Progress, no_progress, part_of

IMAGE_CLASSES = (CTImageStorage, PositronEmissionTomographyImageStorage, NuclearMedicineImageStorage)
"""SOP classes of the images that are read."""
# PS3.4: Label Map Segmentation Storage, added in 2024.
LABEL_MAP_SEGMENTATION_STORAGE = UID("1.2.840.10008.5.1.4.1.1.66.7")
_VOIS = (RTStructureSetStorage, SegmentationStorage, LABEL_MAP_SEGMENTATION_STORAGE)
_WHO = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex")
_SIDECARS = (".json", ".txt")
_SHOWN_ALIKE = 20
# Shares of the time of a typical reading.
_READING, _BUILDING = 0.7, 0.3


@dataclass(frozen=True)
class IgnoredFile:
    """A readable file that is no SPECT, CT or VOI object: what it is, and why it is not used."""

    path: Path
    what: str
    why: str


@dataclass(frozen=True, eq=False)
class SeriesReading:
    """What a set of files holds.

    Parameters
    ----------
    series
        All SPECT and CT series that could be read, in order of acquisition.
    voi_paths
        RT structure sets, segmentations and label volumes met.
    ignored
        DICOM of other kinds.
    findings
        Remarks on the whole set; those on one series are with the series.
    problems
        Everything that couldn't be read right.
    """

    series: tuple[ImageSeries, ...]
    voi_paths: tuple[Path, ...]
    ignored: tuple[IgnoredFile, ...]
    findings: tuple[Finding, ...]
    problems: tuple[DosimetryError, ...]


def read_series(
    paths: Sequence[Path],
    *,
    time_zone: str | None,
    clock_offset_s: float = 0.0,
    stated_quantity: SpectQuantity | None = None,
    strict: bool = True,
    progress: Progress = no_progress,
) -> SeriesReading:
    """Read every SPECT and CT series among files and folders (searched recursively).

    Parameters
    ----------
    paths
        Files and folders.
    time_zone
        IANA name for times that carry no offset from UTC. With None such times are taken as UTC: for listing only.
    clock_offset_s
        Added to the times in the files: by how much the scanner's clock was late.
    stated_quantity
        What SPECT values are, where a file says nothing about it (``"counts"``); by default such a file is refused.
    strict
        Raise if anything can't be read right; else the problems are in the result.

    Raises
    ------
    DosimetryError
        The only problem, or all of them together, each with its file and remedy.
    """
    clock = Clock(time_zone, clock_offset_s)
    found, problems = find_files([Path(path) for path in paths])
    labels = [path for path in found if is_nifti(path)]
    beside = {(path.parent, stem_of(path)) for path in labels}
    candidates = [
        path
        for path in found
        if not is_nifti(path) and not (path.suffix.lower() in _SIDECARS and (path.parent, path.stem) in beside)
    ]
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        outcomes = read_each(
            candidates, keep_pixels_of=IMAGE_CLASSES, progress=part_of(progress, 0, _READING), message="Reading files"
        )
        files = [outcome for outcome in outcomes if isinstance(outcome, DicomFile)]
        problems += _shortened([outcome for outcome in outcomes if isinstance(outcome, DosimetryError)])
        reading = _sorted_out(files, clock, stated_quantity, part_of(progress, _READING, _READING + _BUILDING))
    odd = sorted({" ".join(str(remark.message).split()) for remark in remarks})
    findings = reading.findings + tuple(Finding("unusual-dicom", "info", text) for text in odd)
    if clock_offset_s:
        text = f"scanner times are corrected by {clock_offset_s:+g} s"
        findings += (Finding("clock-offset", "info", text),)
    reading = replace(
        reading,
        voi_paths=tuple(sorted((*reading.voi_paths, *labels))),
        findings=findings,
        problems=(*problems, *reading.problems),
    )
    if strict:
        raise_problems(reading.problems)
    progress(1.0, "Reading files")
    return reading


def _shortened(problems: list[DosimetryError]) -> list[DosimetryError]:
    """The first problems of one kind, and how many more there are."""
    by_kind: dict[str, list[DosimetryError]] = {}
    for problem in problems:
        by_kind.setdefault(problem.what, []).append(problem)
    shown: list[DosimetryError] = []
    for kind, alike in by_kind.items():
        shown += alike[:_SHOWN_ALIKE]
        if len(alike) > _SHOWN_ALIKE:
            rest = len(alike) - _SHOWN_ALIKE
            shown.append(DicomReadError(f"{rest} more: {kind}", where=alike[-1].where, remedy=alike[-1].remedy))
    return shown


def _sorted_out(
    files: list[DicomFile], clock: Clock, stated_quantity: SpectQuantity | None, progress: Progress
) -> SeriesReading:
    problems: list[DosimetryError] = []
    findings: list[Finding] = []
    ignored: list[IgnoredFile] = []
    vois: list[Path] = []
    groups: dict[tuple[str, ...], list[DicomFile]] = {}
    single = _without_copies(files, findings, problems)
    problems += patient_problems(single)
    findings += patient_findings(single)
    for file in single:
        try:
            if file.sop_class_uid in _VOIS:
                vois.append(file.path)
                continue
            why = _why_ignored(file)
            if why:
                ignored.append(IgnoredFile(file.path, why[0], why[1]))
                continue
            key: tuple[str, ...] = (file.sop_class_uid, file.header.required_text("SeriesInstanceUID"))
            if is_multi_frame(file):
                key = (*key, str(file.path))
            groups.setdefault(key, []).append(file)
        except DosimetryError as error:
            problems.append(error)
    series: list[ImageSeries] = []
    for number, group in enumerate(groups.values()):
        progress(number / len(groups), "Checking series")
        try:
            image = read_image(group, clock, stated_quantity)
        except DosimetryError as error:
            problems.append(error)
            continue
        if image.kind == "spect" and image.nuclide not in (LU177, Y90, None):
            why_not = f"an image of {image.nuclide}, not of the therapy"
            ignored += [IgnoredFile(file.path, f"SPECT or PET of {image.nuclide}", why_not) for file in group]
            findings.append(Finding("other-nuclide", "warning", f"not used: {why_not}", place_of(group)))
            continue
        series.append(image)
    series.sort(key=lambda image: (image.acquisition_start, image.series_uid))
    return SeriesReading(tuple(series), tuple(vois), tuple(ignored), tuple(findings), tuple(problems))


def _without_copies(files: list[DicomFile], findings: list[Finding], problems: list[DosimetryError]) -> list[DicomFile]:
    """Each object once: equal copies are dropped, different ones under one identity are a problem."""
    kept: dict[str, DicomFile] = {}
    copies = 0
    for file in files:
        try:
            uid = file.header.required_text("SOPInstanceUID")
            for keyword in _WHO:
                file.header.text(keyword)  # a damaged one is this file's problem, not the whole set's
        except DosimetryError as error:
            problems.append(error)
            continue
        first = kept.setdefault(uid, file)
        if first is file:
            continue
        if first.sha256 == file.sha256:
            copies += 1
        else:
            problems.append(
                DicomReadError(
                    f"has the identity (SOP Instance UID) of {first.path} but other content",
                    where=str(file.path),
                    remedy="keep the right one",
                )
            )
    if copies:
        findings.append(Finding("copies", "info", f"{copies} file(s) are copies of others and were read once"))
    return list(kept.values())


def patient_problems(files: Sequence[DicomFile]) -> list[DosimetryError]:
    """One problem that names both if the files are of different patients."""
    seen: dict[str, DicomFile] = {}
    for file in files:
        seen.setdefault(file.header.text("PatientID"), file)
    if len(seen) < 2:
        return []
    (first_id, first), (second_id, second) = list(seen.items())[:2]
    who = [
        f"{identity or 'no ID'} ({file.header.text('PatientName')}) in {file.path}"
        for identity, file in ((first_id, first), (second_id, second))
    ]
    return [
        DicomReadError(
            f"files of different patients: {who[0]} and {who[1]}",
            where="Patient ID (0010,0020)",
            remedy="keep one patient's files in the folder",
        )
    ]


def patient_findings(files: Sequence[DicomFile]) -> list[Finding]:
    """Doubts about identity: no patient ID; names or birth dates that differ under one ID."""
    if not files:
        return []
    findings = []
    if not files[0].header.text("PatientID"):
        text = "the images carry no patient ID; check by eye whose they are"
        findings.append(Finding("patient-id-missing", "warning", text, str(files[0].path)))
    for keyword, what in (("PatientName", "names"), ("PatientBirthDate", "birth dates"), ("PatientSex", "sexes")):
        seen: dict[str, DicomFile] = {}
        for file in files:
            text = file.header.text(keyword)
            if text:
                seen.setdefault(text.rstrip("^").casefold(), file)
        if len(seen) > 1:
            said = " and ".join(f"{file.header.text(keyword)!r} in {file.path}" for file in list(seen.values())[:2])
            findings.append(Finding("patient-differs", "error", f"different {what} under one patient ID: {said}"))
    return findings


def _why_ignored(file: DicomFile) -> tuple[str, str] | None:
    """What a file is and why it is not used, or None if it is a SPECT or CT image."""
    header = file.header
    uid = file.sop_class_uid
    kinds = [part.upper() for part in header.texts("ImageType")]
    if uid not in IMAGE_CLASSES:
        name = UID(uid).name if uid else "unknown object"
        if "Enhanced" in name and "Image" in name:
            return name, "enhanced multi-frame images are not read; export the classic single-frame series"
        return name, "holds no SPECT, CT or VOI"
    if uid == CTImageStorage:
        if "LOCALIZER" in kinds:
            return "CT localizer", "a localizer is no volume"
        cosines = header.vector("ImageOrientationPatient", 6)
        if cosines is not None and not is_axial(cosines):
            return "CT reformat", "not axial; the axial series is used"
        return None
    if uid == PositronEmissionTomographyImageStorage:
        if "REPROJECTION" in [part.upper() for part in header.texts("SeriesType")]:
            return "PET reprojection", "a projection is no volume"
        return None
    if len(kinds) < 3:
        raise header.missing("ImageType", "export it with its image type (RECON TOMO for reconstructed SPECT)")
    if "TRANSMISSION" in kinds:
        return "NM transmission image", "not an emission image"
    if kinds[2] != "RECON TOMO":
        return f"NM image ({kinds[2].lower()})", "not a reconstructed tomogram (RECON TOMO)"
    return None
