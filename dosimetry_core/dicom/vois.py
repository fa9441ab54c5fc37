"""VOI files of one cycle to `Voi`s on its one declared grid."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.uid import RTStructureSetStorage, SegmentationStorage

from dosimetry_core.case import ContourConvention
from dosimetry_core.dicom.contours import contour_planes_apart_mm, read_structure_set, region_from_contours
from dosimetry_core.dicom.files import DicomFile, find_files, is_nifti, read_dicom, stem_of
from dosimetry_core.dicom.labels import LabelVolume, read_label_volume
from dosimetry_core.dicom.reading_watch import reading
from dosimetry_core.dicom.region import Region, is_same_voxels, on_grid
from dosimetry_core.dicom.segmentation import read_segmentation
from dosimetry_core.dicom.series import LABEL_MAP_SEGMENTATION_STORAGE
from dosimetry_core.dicom.voi_names import normalised_name, role_of
from dosimetry_core.errors import (
    DicomReadError,
    DosimetryError,
    Finding,
    GeometryMismatchError,
    InconsistentCaseError,
    MissingDataError,
    raise_problems,
)
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import SourceFile, TimePoint
from dosimetry_core.progress import Progress, no_progress, part_of
from dosimetry_core.voi import ROLES, Role, Voi

_SINGLE_ROLES = ("kidney_left", "kidney_right", "kidneys", "liver", "spleen", "remainder", "whole_body", "red_marrow")
_EXPORT_WITH_IMAGE = "export the VOIs with the CT they were drawn on, and name that CT's folder in images"


@dataclass(frozen=True, eq=False)
class VoiReading:
    """VOIs on the declared grid of the reference time point (index into the time points given)."""

    vois: tuple[Voi, ...]
    reference_time_point: int
    findings: tuple[Finding, ...]
    source_files: tuple[SourceFile, ...]


@dataclass(frozen=True, eq=False)
class _Source:
    """One VOI file: the time points it may lie on with the frame of reference there, and its regions on a grid."""

    path: Path
    frames: dict[int, str]
    regions_on: Callable[[VolumeGeometry], Iterable[Region]]
    sources: tuple[SourceFile, ...]
    findings: tuple[Finding, ...]


def declared_grid(time_point: TimePoint, frame_of_reference_uid: str | None = None) -> VolumeGeometry:
    """The grid on which a time point's VOIs are declared: its CT's, or its SPECT's where it has none.

    With a frame of reference that only the SPECT has, the SPECT's.
    """
    ct = time_point.ct
    if ct is not None and frame_of_reference_uid in (None, ct.frame_of_reference_uid):
        return ct.volume.geometry
    return time_point.spect.volume.geometry


def read_vois(
    paths: Sequence[Path],
    *,
    time_points: Sequence[TimePoint],
    roles: Mapping[str, Role] | None = None,
    contour_convention: ContourConvention = "outline",
    progress: Progress = no_progress,
) -> VoiReading:
    """Read RT structure sets, DICOM segmentations and NIfTI label volumes onto one grid.

    Parameters
    ----------
    paths
        Files, or folders in which all VOI files are taken.
    time_points
        The cycle's time points. The VOI files decide by their frame of reference which one is the reference.
    roles
        Role by VOI name, for names that can't be told.
    contour_convention
        For contours; see `contours.region_from_contours`.

    Raises
    ------
    GeometryMismatchError
        If a file lies on no image of the cycle, or two files on different ones.
    InconsistentCaseError
        If a name occurs twice, or ``roles`` names an unknown VOI or role.
    DosimetryError
        The only problem met, or all of them together.
    """
    if not paths:
        return VoiReading((), 0, (), ())
    if not time_points:
        raise ValueError("VOIs need at least one time point")
    problems: list[DosimetryError] = []
    sources: list[_Source] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what pydicom finds unusual doesn't change contours or masks
        for number, path in enumerate(_voi_files(paths, problems)):
            progress(number / (number + 4), f"Reading {path.name}")
            try:
                with reading(path):
                    sources.append(_source(path, time_points, contour_convention))
            except DosimetryError as error:
                problems.append(error)
    raise_problems(problems)
    if not sources:
        raise MissingDataError(
            "no RT structure set, segmentation or label volume is among the VOI files",
            where=str(paths[0]),
            remedy="name the VOI files",
        )
    reference, findings = _reference(sources, time_points)
    grid = _grid(sources, reference, time_points)
    vois: list[Voi] = []
    report = part_of(progress, 0.5, 1.0)
    for number, source in enumerate(sources):
        report(number / len(sources), f"Reading {source.path.name}")
        findings += source.findings
        unknown: list[str] = []
        try:
            for region in _each_watched(source, grid):
                findings += region.findings
                name, place = _name_and_place(region, source)
                if region.mask.is_empty:
                    text = f"{name} covers nothing and is left out"
                    findings.append(Finding("voi-empty", "warning", text, place))
                    continue
                role = role_of(name, roles or {})
                if role is None:
                    unknown.append(name)
                identity = uuid.uuid5(uuid.NAMESPACE_OID, f"{source.sources[0].sha256}/{region.number}")
                vois.append(Voi(str(identity), name, role or "other", region.mask, str(source.path), region.proposed))
        except DosimetryError as error:
            problems.append(error)
        if unknown:
            text = f"the role can't be told from the name and is taken as other: {', '.join(unknown)}"
            findings.append(Finding("voi-role-unknown", "warning", text, str(source.path)))
    problems += _name_problems(vois) + _role_problems(vois, roles or {})
    raise_problems(problems)
    findings += _role_findings(vois)
    progress(1.0, "VOIs read")
    return VoiReading(tuple(vois), reference, tuple(findings), tuple(s for source in sources for s in source.sources))


def _each_watched(source: _Source, grid: VolumeGeometry) -> Iterator[Region]:
    """Regions of a file on the grid, each of them announced as a reading of the file."""
    regions = iter(source.regions_on(grid))
    while True:
        with reading(source.path):
            region = next(regions, None)
        if region is None:
            return
        yield region


def _voi_files(paths: Sequence[Path], problems: list[DosimetryError]) -> list[Path]:
    """Files to be read as VOIs: those named, and in folders those that can be."""
    files: list[Path] = []
    for path in (Path(path) for path in paths):
        found, missing = find_files([path])
        problems += missing
        if not path.is_dir():
            files += found
            continue
        beside = {(p.parent, stem_of(p)) for p in found if is_nifti(p)}
        files += [p for p in found if is_nifti(p) or ((p.parent, p.stem) not in beside and _is_voi_object(p, problems))]
    return files


def _is_voi_object(path: Path, problems: list[DosimetryError]) -> bool:
    try:
        return read_dicom(path).sop_class_uid in (
            RTStructureSetStorage,
            SegmentationStorage,
            LABEL_MAP_SEGMENTATION_STORAGE,
        )
    except DosimetryError as error:
        problems.append(error)
        return False


def _source(path: Path, time_points: Sequence[TimePoint], convention: ContourConvention) -> _Source:
    if is_nifti(path):
        volume = read_label_volume(path)
        return _Source(
            path,
            _frames_of_grid(path, volume, time_points),
            lambda grid: _transferred(volume.regions, grid, path),
            volume.source_files,
            volume.findings,
        )
    file = read_dicom(path)
    _check_patient(file, time_points)
    if file.sop_class_uid == RTStructureSetStorage:
        structures = read_structure_set(file)

        def outlined(grid: VolumeGeometry) -> Iterable[Region]:
            apart = contour_planes_apart_mm(structures.regions, grid)
            for region in structures.regions:
                yield region_from_contours(region, grid, convention, planes_apart_mm=apart, where=str(path))

        frames = _time_points_of_frame(path, structures.frame_of_reference_uid, structures.series_uids, time_points)
        absent = _absent_series(path, structures.series_uids, time_points)
        return _Source(path, frames, outlined, (file.source,), structures.findings + absent)
    if file.sop_class_uid in (SegmentationStorage, LABEL_MAP_SEGMENTATION_STORAGE):
        segmentation = read_segmentation(file)
        frames = _time_points_of_frame(path, segmentation.frame_of_reference_uid, segmentation.series_uids, time_points)
        return _Source(
            path,
            frames,
            lambda grid: _transferred(segmentation.regions, grid, path),
            (file.source,),
            segmentation.findings + _absent_series(path, segmentation.series_uids, time_points),
        )
    raise DicomReadError(
        "is no RT structure set, segmentation or label volume", where=str(path), remedy="name the VOI file"
    )


def _transferred(regions: Iterable[Region], grid: VolumeGeometry, path: Path) -> Iterable[Region]:
    for region in regions:
        mask, findings = on_grid(region.mask, grid, place=f"{path}, {region.name}")
        if mask.is_empty:
            raise GeometryMismatchError(
                "lies wholly outside the reference image", where=f"{path}, {region.name}", remedy=_EXPORT_WITH_IMAGE
            )
        yield Region(region.number, region.name, mask, region.findings + findings, region.proposed)


def _check_patient(file: DicomFile, time_points: Sequence[TimePoint]) -> None:
    spect = time_points[0].spect
    own = file.header.text("PatientID")
    if own != spect.patient_id:
        raise DicomReadError(
            f"is of patient {own or 'without ID'} ({file.header.text('PatientName')}), the images are of "
            f"{spect.patient_id or 'a patient without ID'} ({spect.patient_name})",
            where=str(file.path),
            remedy="name this patient's VOI file",
        )


def _time_points_of_frame(
    path: Path, frame_uid: str, series_uids: frozenset[str], time_points: Sequence[TimePoint]
) -> dict[int, str]:
    """Time points that have the frame of reference; only those whose series are named, if any are."""
    if not frame_uid:
        raise GeometryMismatchError(
            "names no frame of reference", where=str(path), remedy=_EXPORT_WITH_IMAGE, rule="voi-frame-missing"
        )
    found = [
        number
        for number, point in enumerate(time_points)
        if frame_uid in {s.frame_of_reference_uid for s in (point.spect, point.ct) if s is not None}
    ]
    if not found:
        raise GeometryMismatchError(
            f"lies in a frame of reference ({frame_uid}) that no image of the cycle has",
            where=str(path),
            remedy=_EXPORT_WITH_IMAGE,
            rule="voi-image-absent",
        )
    named = [
        number
        for number in found
        if series_uids & {s.series_uid for s in (time_points[number].spect, time_points[number].ct) if s is not None}
    ]
    return dict.fromkeys(named or found, frame_uid)


def _absent_series(path: Path, series_uids: frozenset[str], time_points: Sequence[TimePoint]) -> tuple[Finding, ...]:
    """The doubt that VOIs were drawn on a series that is not there, though one shares its frame of reference."""
    here = {s.series_uid for point in time_points for s in (point.spect, point.ct) if s is not None}
    if not series_uids or series_uids & here:
        return ()
    text = "was drawn on a series that is not among the images; an image of the same frame of reference is used"
    return (Finding("voi-series-absent", "warning", text, str(path)),)


def _frames_of_grid(path: Path, volume: LabelVolume, time_points: Sequence[TimePoint]) -> dict[int, str]:
    """Time points on one of whose grids a label volume lies; CTs before SPECTs."""
    frame = volume.frame_of_reference_uid
    for images in ([p.ct for p in time_points], [p.spect for p in time_points]):
        found = {
            number: image.frame_of_reference_uid
            for number, image in enumerate(images)
            if image is not None
            and is_same_voxels(volume.geometry, image.volume.geometry)
            and frame in ("", image.frame_of_reference_uid)
        }
        if found:
            return found
    size = " × ".join(str(n) for n in volume.geometry.shape)
    raise GeometryMismatchError(
        f"its grid ({size} voxels) is that of no image of the cycle",
        where=str(path),
        remedy="draw labels on a CT of the cycle, or convert them to a DICOM SEG",
    )


def _reference(sources: list[_Source], time_points: Sequence[TimePoint]) -> tuple[int, list[Finding]]:
    """The one time point that all files lie on."""
    common = set(sources[0].frames)
    for source in sources[1:]:
        if not common & set(source.frames):
            raise GeometryMismatchError(
                f"lies on time point {min(source.frames) + 1}, but {sources[0].path} on {min(common) + 1}",
                where=str(source.path),
                remedy="draw all VOIs of a cycle on one time point",
            )
        common &= set(source.frames)
    reference = min(common)
    if len(common) == 1:
        return reference, []
    numbers = " and ".join(str(number + 1) for number in sorted(common))
    frames = {sources[0].frames[number] for number in common}
    if len(frames) > 1 and all(is_nifti(source.path) for source in sources):
        raise GeometryMismatchError(
            f"its grid is that of time points {numbers} alike",
            where=str(sources[0].path),
            remedy='say which by "frame_of_reference_uid" in the file of names, or convert it to a DICOM SEG',
        )
    text = f"the VOIs fit time points {numbers}, which share a frame of reference; the first is the reference"
    return reference, [Finding("reference-time-point", "warning", text, str(sources[0].path))]


def _grid(sources: list[_Source], reference: int, time_points: Sequence[TimePoint]) -> VolumeGeometry:
    """The one grid that all files are put on."""
    for source in sources[1:]:
        if source.frames[reference] != sources[0].frames[reference]:
            raise GeometryMismatchError(
                f"lies in another frame of reference than {sources[0].path}, though on the same time point",
                where=str(source.path),
                remedy="draw all VOIs of a cycle on one image",
            )
    return declared_grid(time_points[reference], sources[0].frames[reference])


def _name_and_place(region: Region, source: _Source) -> tuple[str, str]:
    """Name in its normal form, and how messages name the region."""
    name = normalised_name(region.name)
    if not name:
        raise DicomReadError(
            f"region {region.number} has no name", where=str(source.path), remedy="name it where it was drawn"
        )
    return name, f"{source.path}, {name}"


def _name_problems(vois: list[Voi]) -> list[DosimetryError]:
    problems: list[DosimetryError] = []
    seen: dict[str, Voi] = {}
    for voi in vois:
        first = seen.setdefault(voi.name, voi)
        if first is not voi:
            problems.append(
                InconsistentCaseError(
                    f"the VOI name {voi.name!r} occurs twice: in {first.source} and in {voi.source}",
                    where=voi.source,
                    remedy="rename one of them",
                )
            )
    return problems


def _role_problems(vois: list[Voi], roles: Mapping[str, Role]) -> list[DosimetryError]:
    names = {voi.name for voi in vois}
    problems: list[DosimetryError] = []
    for name, role in roles.items():
        if role not in ROLES:
            problems.append(
                InconsistentCaseError(
                    f"unknown role {role!r}", where=f'voi_roles."{name}"', remedy=f"use one of {', '.join(ROLES)}"
                )
            )
        if normalised_name(name) not in names:
            known = ", ".join(sorted(names))
            problems.append(
                InconsistentCaseError("there is no such VOI", where=f'voi_roles."{name}"', remedy=f"use one of {known}")
            )
    return problems


def _role_findings(vois: list[Voi]) -> list[Finding]:
    """One role twice; left and right kidney on the wrong sides."""
    findings = []
    for role in _SINGLE_ROLES:
        several = [voi.name for voi in vois if voi.role == role]
        if len(several) > 1:
            text = f"several VOIs have the role {role}: {', '.join(several)}"
            findings.append(Finding("voi-role-twice", "error", text, several[0]))
    sides = {voi.role: voi for voi in vois if voi.role in ("kidney_left", "kidney_right")}
    if len(sides) == 2 and (sides["kidney_left"].mask.centroid_mm()[0] < sides["kidney_right"].mask.centroid_mm()[0]):
        text = f"{sides['kidney_left'].name} lies to the patient's right of {sides['kidney_right'].name}"
        findings.append(Finding("kidney-sides", "error", text, sides["kidney_left"].name))
    return findings
