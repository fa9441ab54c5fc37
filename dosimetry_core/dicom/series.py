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
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from dosimetry_core.dicom.assembly import Stated
from dosimetry_core.dicom.beds import joined_beds
from dosimetry_core.dicom.description import ImageFacts, facts_of, facts_of_image
from dosimetry_core.dicom.enhanced import ENHANCED_CT, ENHANCED_PET, frame_header, is_enhanced
from dosimetry_core.dicom.files import DicomFile, find_files, is_nifti, read_each, stem_of
from dosimetry_core.dicom.grid import is_axial
from dosimetry_core.dicom.image_reading import group_key, place_of, read_image
from dosimetry_core.dicom.timing import Clock
from dosimetry_core.dicom.values import SpectQuantity
from dosimetry_core.errors import DicomReadError, DosimetryError, Finding, InconsistentCaseError, raise_problems
from dosimetry_core.image import DecayReference, ImageSeries
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.progress import Progress, no_progress, part_of

IMAGE_CLASSES = (
    CTImageStorage,
    PositronEmissionTomographyImageStorage,
    NuclearMedicineImageStorage,
    *ENHANCED_CT,
    *ENHANCED_PET,
)
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
    """A readable file that is no SPECT, CT or VOI object: what it is, and why it is not used (with the rule's name)."""

    path: Path
    what: str
    why: str
    rule: str = ""


@dataclass(frozen=True, eq=False)
class DescribedImage:
    """Facts of one series, and what became of it: read, not used, or refused with an error."""

    paths: tuple[Path, ...]
    facts: ImageFacts
    image: ImageSeries | None = None
    ignored: IgnoredFile | None = None
    error: DosimetryError | None = None


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
    strict: bool = True,
    describe: bool = False,
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
    strict
        Raise if anything can't be read right; else the problems are in the result.
    describe
        Add the facts of every series, of those that are not used too.

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
            candidates,
            keep_pixels_of=(*IMAGE_CLASSES, SecondaryCaptureImageStorage) if describe else IMAGE_CLASSES,
            progress=part_of(progress, 0, _READING),
            message="Reading files",
        )
        files = [outcome for outcome in outcomes if isinstance(outcome, DicomFile)]
        problems += _shortened([outcome for outcome in outcomes if isinstance(outcome, DosimetryError)])
        sorting = _Sorting(clock, Stated(stated_quantity, stated_decay_reference), describe)
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

    def __init__(self, clock: Clock, stated: Stated, describe: bool) -> None:
        self._clock, self._stated, self._describe = clock, stated, describe
        self._problems: list[DosimetryError] = []
        self._findings: list[Finding] = []
        self._ignored: list[IgnoredFile] = []
        self._described: list[DescribedImage] = []
        self._nm_left_out: list[tuple[str, str, str]] = []

    def sorted_out(self, files: list[DicomFile], progress: Progress) -> SeriesReading:
        """All files of a reading."""
        single = _without_copies(files, self._findings, self._problems)
        self._problems += patient_problems(single)
        self._findings += patient_findings(single)
        bare = [file for file in single if file.is_bare]
        if bare:
            text = (
                f"{len(bare)} file(s) lack the mark of DICOM files and were read by their elements, as {bare[0].path}"
            )
            self._findings.append(Finding("file-without-mark", "info", text))
        vois: list[Path] = []
        groups: dict[tuple[str, ...], list[DicomFile]] = {}
        for file in single:
            try:
                if file.sop_class_uid in _VOIS:
                    vois.append(file.path)
                    continue
                why = _why_ignored(file)
                key = group_key(file) if _is_image(file) else (file.sop_class_uid,)
                groups.setdefault((*key, *(why or ())), []).append(file)
            except DosimetryError as error:
                self._problems.append(error)
                self._describe_as([file], error=error)
        series: list[ImageSeries] = []
        for number, group in enumerate(groups.values()):
            progress(number / len(groups), "Checking series")
            image = self._image_of(group, part_of(progress, number / len(groups), (number + 1) / len(groups)))
            if image is not None:
                series.append(image)
        joined = joined_beds(series)
        self._problems += joined.problems
        for image, beds in joined.beds:
            self._describe_joined(image, beds)
        self._findings += self._studies_without_spect(joined.series)
        return SeriesReading(
            joined.series,
            tuple(vois),
            tuple(self._ignored),
            tuple(self._findings),
            tuple(self._problems),
            tuple(self._described),
        )

    def _image_of(self, group: list[DicomFile], progress: Progress) -> ImageSeries | None:
        why = _why_ignored(group[0])
        if why:
            self._leave_out(group, *why)
            return None
        try:
            image = read_image(group, self._clock, self._stated, progress=progress)
        except DosimetryError as error:
            self._problems.append(error)
            self._describe_as(group, error=error)
            return None
        if image.kind == "spect" and image.nuclide not in (LU177, Y90, None):
            why_not = f"an image of {image.nuclide}, not of the therapy"
            self._leave_out(group, f"SPECT or PET of {image.nuclide}", why_not, "other-nuclide", image)
            self._findings.append(Finding("other-nuclide", "warning", f"not used: {why_not}", place_of(group)))
            return None
        self._describe_as(group, image=image)
        for file in group:
            file.release_pixels()
        return image

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

    def _leave_out(
        self, group: list[DicomFile], what: str, why: str, rule: str, image: ImageSeries | None = None
    ) -> None:
        ignored = [IgnoredFile(file.path, what, why, rule) for file in group]
        self._ignored += ignored
        if group[0].sop_class_uid == NuclearMedicineImageStorage and image is None:
            self._nm_left_out.append((group[0].header.text("StudyInstanceUID"), what, place_of(group)))
        if _is_image(group[0]):
            self._describe_as(group, image=image, ignored=ignored[0])

    def _describe_as(
        self,
        group: list[DicomFile],
        *,
        image: ImageSeries | None = None,
        ignored: IgnoredFile | None = None,
        error: DosimetryError | None = None,
    ) -> None:
        if self._describe:
            paths = tuple(file.path for file in group)
            self._described.append(DescribedImage(paths, facts_of(group, image), image, ignored, error))


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


def _is_image(file: DicomFile) -> bool:
    """Whether it is worth saying what the file shows: an image of use, or one that is not."""
    return file.sop_class_uid in IMAGE_CLASSES or (file.header.has("Rows") and file.header.has("SeriesInstanceUID"))


def _why_ignored(file: DicomFile) -> tuple[str, str, str] | None:
    """What a file is, why it is not used and by which rule, or None if it is a SPECT or CT image."""
    header = file.header
    uid = file.sop_class_uid
    kinds = [part.upper() for part in header.texts("ImageType")]
    if uid not in IMAGE_CLASSES:
        return UID(uid).name if uid else "unknown object", "holds no SPECT, CT or VOI", "no-image-of-use"
    if uid == CTImageStorage or uid in ENHANCED_CT:
        if "LOCALIZER" in kinds:
            return "CT localizer", "a localizer is no volume", "ct-localizer"
        place = frame_header(file) if is_enhanced(file) else header
        cosines = place.vector("ImageOrientationPatient", 6)
        if cosines is not None and not is_axial(cosines):
            return "CT reformat", "not axial; the axial series is used", "ct-reformat"
        return None
    if uid == PositronEmissionTomographyImageStorage or uid in ENHANCED_PET:
        if "REPROJECTION" in [part.upper() for part in header.texts("SeriesType")]:
            return "PET reprojection", "a projection is no volume", "pet-reprojection"
        return None
    if len(kinds) < 3:
        remedy = "export it with its image type (RECON TOMO for reconstructed SPECT)"
        raise header.missing("ImageType", remedy, rule="image-type-missing")
    if "TRANSMISSION" in kinds:
        return "NM transmission image", "not an emission image", "nm-transmission"
    if kinds[2] != "RECON TOMO":
        what = f"NM image ({kinds[2].lower()})"
        return what, "not a reconstructed tomogram (RECON TOMO)", "nm-not-reconstructed"
    return None
