"""Files and folders to checked image series, with every problem of the whole set reported together."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom.uid import (
    UID,
    RTStructureSetStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from dosimetry_core.dicom.assembly import Stated
from dosimetry_core.dicom.beds import joined_beds
from dosimetry_core.dicom.description import facts_of_image
from dosimetry_core.dicom.files import DicomFile, find_files, is_nifti, read_each, stem_of
from dosimetry_core.dicom.first_scan import FirstScan, ShowImages, first_scan_first, first_scan_of
from dosimetry_core.dicom.image_reading import group_key, place_of, read_image
from dosimetry_core.dicom.making import (
    IMAGE_CLASSES,
    DescribedImage,
    IgnoredFile,
    Making,
    Outcome,
    is_image,
    why_ignored,
)
from dosimetry_core.dicom.timing import Clock
from dosimetry_core.dicom.values import SpectQuantity
from dosimetry_core.errors import DicomReadError, DosimetryError, Finding, InconsistentCaseError, raise_problems
from dosimetry_core.image import DecayReference, ImageSeries
from dosimetry_core.progress import Progress, no_progress, part_of

# PS3.4: Label Map Segmentation Storage, added in 2024.
LABEL_MAP_SEGMENTATION_STORAGE = UID("1.2.840.10008.5.1.4.1.1.66.7")
_VOIS = (RTStructureSetStorage, SegmentationStorage, LABEL_MAP_SEGMENTATION_STORAGE)
_WHO = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex")
_SIDECARS = (".json", ".txt")
_SHOWN_ALIKE = 20
# Shares of the time of a typical reading.
_READING, _BUILDING = 0.7, 0.3


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
    described
        Facts of every series, if they were asked for.
    """

    series: tuple[ImageSeries, ...]
    voi_paths: tuple[Path, ...]
    ignored: tuple[IgnoredFile, ...]
    findings: tuple[Finding, ...]
    problems: tuple[DosimetryError, ...]
    described: tuple[DescribedImage, ...] = ()


def read_series(
    paths: Sequence[Path],
    *,
    time_zone: str | None,
    clock_offset_s: float = 0.0,
    stated_quantity: SpectQuantity | None = None,
    stated_decay_reference: DecayReference | None = None,
    stated_position_mm: tuple[float, float, float] | None = None,
    strict: bool = True,
    describe: bool = False,
    show_first: ShowImages | None = None,
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
    stated_decay_reference
        To what SPECT values are decay-corrected, where a file says nothing about it or contradicts itself; by default
        such a file is refused with the question.
    stated_position_mm
        Centre of the first voxel of a SPECT in one file that doesn't say it; by default such a file is refused.
    strict
        Raise if anything can't be read right; else the problems are in the result.
    describe
        Add the facts of every series, of those that are not used too.
    show_first
        Called with the images of the first scan before the others are read, where folders tell which it is, else before
        the others are made. They are the same objects in the result, unless more of a series turns up.

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
    ordered, ahead = first_scan_first(candidates) if show_first is not None else (candidates, 0)
    keep_pixels_of = (*IMAGE_CLASSES, SecondaryCaptureImageStorage) if describe else IMAGE_CLASSES
    making = Making(clock, Stated(stated_quantity, stated_decay_reference, stated_position_mm), describe)
    first = None if show_first is None else FirstScan(making, show_first)
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        outcomes: dict[Path, DicomFile | DosimetryError] = {}
        for part in (ordered[:ahead], ordered[ahead:]):
            done = len(outcomes)
            begin, end = (_READING * number / max(1, len(ordered)) for number in (done, done + len(part)))
            share = part_of(progress, begin, end)
            outcomes |= zip(
                part,
                read_each(part, keep_pixels_of=keep_pixels_of, progress=share, message="Reading files"),
                strict=True,
            )
            if first is not None and part and len(outcomes) == ahead:
                there = [outcome for outcome in outcomes.values() if isinstance(outcome, DicomFile)]
                first.make(_grouped(_without_copies(there, [], [])).groups, part_of(progress, end, end))
        # In the order of the paths again: which of two copies is read does not hang on what was shown first.
        files = [outcome for path in candidates if isinstance(outcome := outcomes[path], DicomFile)]
        problems += _shortened([o for path in candidates if isinstance(o := outcomes[path], DosimetryError)])
        sorting = _Sorting(making, first)
        reading = sorting.sorted_out(files, part_of(progress, _READING, _READING + _BUILDING))
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


def read_one(files: Sequence[DicomFile], clock: Clock, stated: Stated) -> ImageSeries:
    """The one image that files hold, several beds joined: for files that were read before and sorted out then.

    Raises
    ------
    DosimetryError
        If they can't be read right.
    InconsistentCaseError
        If they hold several images.
    """
    groups: dict[tuple[str, ...], list[DicomFile]] = {}
    for file in files:
        groups.setdefault(group_key(file), []).append(file)
    images = [read_image(group, clock, stated) for group in groups.values()]
    if len(images) == 1:
        return images[0]
    joined = joined_beds(images)
    raise_problems(joined.problems)
    if len(joined.series) != 1:
        raise InconsistentCaseError(
            f"{len(joined.series)} images in files that were one", where=place_of(files), remedy="import them again"
        )
    return joined.series[0]


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


class _Sorting:
    """Files into series, each read, not used, or refused."""

    def __init__(self, making: Making, first: FirstScan | None) -> None:
        self._making, self._first = making, first
        self._problems: list[DosimetryError] = []
        self._findings: list[Finding] = []
        self._ignored: list[IgnoredFile] = []
        self._described: list[DescribedImage] = []
        self._nm_left_out: list[tuple[str, str, str]] = []
        self._images: list[ImageSeries] = []

    def sorted_out(self, files: list[DicomFile], progress: Progress) -> SeriesReading:
        """All files of a reading."""
        self._ignored += [
            IgnoredFile(file.path, "DICOM directory", "lists files and holds no image", "no-image-of-use")
            for file in files
            if file.is_directory
        ]
        files = [file for file in files if not file.is_directory]
        single = _without_copies(files, self._findings, self._problems)
        self._problems += patient_problems(single)
        self._findings += patient_findings(single)
        bare = [file for file in single if file.is_bare]
        if bare:
            text = (
                f"{len(bare)} file(s) lack the mark of DICOM files and were read by their elements, as {bare[0].path}"
            )
            self._findings.append(Finding("file-without-mark", "info", text))
        sorted_ = _grouped(single)
        for file, error in sorted_.refused:
            self._take(self._making.refused([file], error))
        for outcome in self._outcomes(sorted_.groups, progress):
            self._take(outcome)
        joined = joined_beds(self._images)
        self._problems += joined.problems
        for image, beds in joined.beds:
            self._describe_joined(image, beds)
        self._findings += self._studies_without_spect(joined.series)
        return SeriesReading(
            joined.series,
            sorted_.vois,
            tuple(self._ignored),
            tuple(self._findings),
            tuple(self._problems),
            tuple(self._described),
        )

    def _outcomes(self, groups: list[list[DicomFile]], progress: Progress) -> list[Outcome]:
        """What becomes of each series; those of the first scan are made and shown before the others."""
        known: dict[int, Outcome] = {}
        if self._first is not None:
            if not self._first.is_made:
                self._first.make([groups[number] for number in first_scan_of(groups)], part_of(progress, 0.0, 0.0))
            made = ((number, self._first.outcome_of(group)) for number, group in enumerate(groups))
            known = {number: outcome for number, outcome in made if outcome is not None}
        rest = [number for number in range(len(groups)) if number not in known]
        known |= zip(rest, self._making.outcomes([groups[number] for number in rest], progress), strict=True)
        return [known[number] for number in range(len(groups))]

    def _take(self, outcome: Outcome) -> None:
        self._images += [outcome.image] if outcome.image is not None else []
        self._problems += [outcome.problem] if outcome.problem is not None else []
        self._findings += outcome.findings
        self._ignored += outcome.ignored
        self._described += outcome.described
        self._nm_left_out += outcome.nm_left_out

    def _studies_without_spect(self, read: Sequence[ImageSeries]) -> list[Finding]:
        """Studies of which nuclear-medicine images are there, but no SPECT was read: a time point may be missing."""
        with_spect = {image.study_uid for image in read if image.kind == "spect"}
        found: dict[str, Finding] = {}
        for study, what, place in self._nm_left_out:
            if study not in with_spect:
                text = f"a study holds a {what} but no reconstructed SPECT that can be used; it gives no time point"
                found.setdefault(study, Finding("study-without-spect", "warning", text, place))
        return list(found.values())

    def _describe_joined(self, image: ImageSeries, beds: Sequence[ImageSeries]) -> None:
        parts = [one for one in self._described if any(one.image is bed for bed in beds)]
        self._described = [one for one in self._described if all(one is not part for part in parts)]
        if parts:
            paths = tuple(path for part in parts for path in part.paths)
            self._described.append(DescribedImage(paths, facts_of_image(parts[0].facts, image), image))


@dataclass(frozen=True, eq=False)
class _Grouped:
    """Files by the series they belong to, those with VOIs, and those that don't say what they belong to."""

    groups: list[list[DicomFile]]
    vois: tuple[Path, ...]
    refused: list[tuple[DicomFile, DosimetryError]]


def _grouped(files: Sequence[DicomFile]) -> _Grouped:
    groups: dict[tuple[str, ...], list[DicomFile]] = {}
    vois: list[Path] = []
    refused: list[tuple[DicomFile, DosimetryError]] = []
    for file in files:
        try:
            if file.sop_class_uid in _VOIS:
                vois.append(file.path)
                continue
            why = why_ignored(file)
            key = group_key(file) if is_image(file) else (file.sop_class_uid,)
            groups.setdefault((*key, *(why or ())), []).append(file)
        except DosimetryError as error:
            refused.append((file, error))
    return _Grouped(list(groups.values()), tuple(vois), refused)


def _without_copies(files: list[DicomFile], findings: list[Finding], problems: list[DosimetryError]) -> list[DicomFile]:
    """Each object once: equal copies are dropped, different ones under one identity are a problem."""
    kept: dict[str, DicomFile] = {}
    copies = 0
    for file in files:
        try:
            uid = file.header.required_text("SOPInstanceUID", rule="identity-missing")
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
                    rule="object-twice",
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
            rule="patients-mixed",
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
