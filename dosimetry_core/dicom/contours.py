"""RT structure sets: closed planar contours to fractional voxel coverage, by a stated contour convention."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.case import ContourConvention
from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.dicom.header import Header
from dosimetry_core.dicom.polygon import PixelCoverage, pixel_centres_inside, pixel_coverage
from dosimetry_core.dicom.region import Region, clipped_mask, outside_finding
from dosimetry_core.errors import Finding, GeometryMismatchError
from dosimetry_core.geometry import FloatArray, VolumeGeometry
from dosimetry_core.units import MILLILITRE, volume_ml_from_mm3
from dosimetry_core.voi import FULL_COVERAGE, VoiMask

_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_DRAW_AGAIN = "export the structure set again with closed planar contours on the slices of the CT"
# A contour lies in one plane, and on a slice, if it does to this: printed coordinates have two or three decimals.
_IN_PLANE_MM = 0.1
_ON_SLICE = 0.05
_CONVENTIONS_DIFFER = 0.05
# Contours of a hole or of a touching part share a little by rounding.
_SHARED = 0.02


@dataclass(frozen=True, eq=False)
class ContouredRegion:
    """One region of a structure set: closed contours, each of shape (n, 3), (x, y, z) in mm."""

    number: int
    name: str
    contours_mm: tuple[FloatArray, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class StructureSet:
    """An RT structure set: where it lies and what it outlines."""

    frame_of_reference_uid: str
    series_uids: frozenset[str]
    regions: tuple[ContouredRegion, ...] = ()
    findings: tuple[Finding, ...] = field(default=())


def read_structure_set(file: DicomFile) -> StructureSet:
    """Contours of an RT structure set.

    Raises
    ------
    DicomReadError
        If contours are damaged, doubled, or of several frames of reference.
    """
    header = file.header
    frames = {header.text("FrameOfReferenceUID")} if header.has("FrameOfReferenceUID") else set()
    series: set[str] = set()
    for frame in header.items("ReferencedFrameOfReferenceSequence"):
        frames.add(frame.text("FrameOfReferenceUID"))
        for study in frame.items("RTReferencedStudySequence"):
            series |= {item.text("SeriesInstanceUID") for item in study.items("RTReferencedSeriesSequence")}
    names: dict[int, str] = {}
    said: set[str] = set()
    for roi in header.items("StructureSetROISequence"):
        number = roi.required_integer("ROINumber")
        if number in names:
            raise header.error(f"two regions have the number {number}", _DRAW_AGAIN)
        names[number] = roi.text("ROIName")
        said.add(roi.text("ReferencedFrameOfReferenceUID"))
    said.discard("")
    if said:
        frames = said
    frames.discard("")
    if len(frames) > 1:
        raise header.error(
            "its regions are of several frames of reference", "export one structure set per image series"
        )
    drawn: dict[int, Header] = {}
    for roi in header.items("ROIContourSequence"):
        number = roi.required_integer("ReferencedROINumber")
        if number not in names:
            raise header.error(f"has contours of a region {number} that it doesn't name", _DRAW_AGAIN)
        if number in drawn:
            raise header.error(f"has the contours of region {number} twice", _DRAW_AGAIN)
        drawn[number] = roi
    regions: list[ContouredRegion] = []
    findings: list[Finding] = []
    for number, name in names.items():
        region = _region(drawn[number], number, name) if number in drawn else ContouredRegion(number, name, ())
        if region.contours_mm:
            regions.append(region)
        else:
            text = f"{name or number} has no closed contours and is left out"
            findings.append(Finding("voi-without-contours", "warning", text, header.where))
    return StructureSet(next(iter(frames), ""), frozenset(series), tuple(regions), tuple(findings))


def _region(item: Header, number: int, name: str) -> ContouredRegion:
    contours: list[FloatArray] = []
    kinds: set[str] = set()
    for contour in item.items("ContourSequence"):
        kind = contour.text("ContourGeometricType").upper()
        if kind not in _CLOSED:
            kinds.add(kind or "unknown")
            continue
        numbers = contour.numbers("ContourData")
        count = contour.integer("NumberOfContourPoints")
        if numbers is None or len(numbers) % 3 or (count is not None and len(numbers) != 3 * count):
            held = 0 if numbers is None else len(numbers)
            raise item.error(f"a contour of {name} holds {held} coordinates for {count} points", _DRAW_AGAIN)
        contours.append(numbers.reshape(-1, 3))
    seen: set[bytes] = set()
    for points in contours:
        key = np.round(points, 2).tobytes()
        if key in seen:
            raise item.error(
                f"a contour of {name} is there twice, at z = {points[0, 2]:g} mm; by the even-odd rule they cancel",
                _DRAW_AGAIN,
            )
        seen.add(key)
    findings: tuple[Finding, ...] = ()
    if kinds:
        text = f"contours of {name} that are not closed ({', '.join(sorted(kinds))}) are left out"
        findings = (Finding("contours-not-closed", "warning" if contours else "info", text, item.where),)
    return ContouredRegion(number, name, tuple(contours), findings)


def contour_planes_apart_mm(regions: Sequence[ContouredRegion], grid: VolumeGeometry) -> float | None:
    """Smallest distance between contour planes within one region, in mm; None if every region has one plane."""
    gaps = []
    for region in regions:
        heights = np.unique(np.round([_height(points, grid) * grid.spacing_mm[0] for points in region.contours_mm], 2))
        gaps += [gap for gap in np.diff(heights) if gap > _IN_PLANE_MM]
    return float(min(gaps)) if gaps else None


def _height(points: FloatArray, grid: VolumeGeometry) -> float:
    """Fractional slice index of a contour."""
    return float(grid.point_to_index(points)[:, 0].mean())


def region_from_contours(
    region: ContouredRegion,
    grid: VolumeGeometry,
    convention: ContourConvention,
    *,
    planes_apart_mm: float | None,
    where: str,
) -> Region:
    """Mask of contours on a grid.

    Parameters
    ----------
    convention
        ``outline``: the area of the polygon, with fractional coverage; ``pixel-centres``: the pixels whose centres lie
        inside or on it. Even-odd over the contours of a slice, slab of one slice spacing, both.
    planes_apart_mm
        Distance of the planes in the rest of the structure set, for a region with one plane between two slices.
    where
        File that errors name.

    Raises
    ------
    GeometryMismatchError
        If contours aren't parallel to the slices, lie wholly outside the grid, or lie between its slices without
        another plane that tells their distance.
    """
    place = f"{where}, {region.name}"
    own_distance_mm = contour_planes_apart_mm((region,), grid)
    slabs, findings = _slabs(region, grid, own_distance_mm or planes_apart_mm, place)
    other: ContourConvention = "pixel-centres" if convention == "outline" else "outline"
    mask, total_ml, inside_ml = _mask(slabs, grid, convention)
    other_ml = _mask(slabs, grid, other)[1]
    findings += outside_finding(total_ml, inside_ml, place) + _overlap_findings(slabs, place)
    if mask.is_empty and total_ml > 0:
        raise GeometryMismatchError(
            "lies wholly outside the reference image", where=place, remedy="export it with the image it was drawn on"
        )
    if total_ml > 0 and abs(other_ml / total_ml - 1) > _CONVENTIONS_DIFFER:
        text = (
            f"{MILLILITRE.text(total_ml, digits=2)} as {convention}, {MILLILITRE.text(other_ml, digits=2)} as {other}: "
            "the contour convention matters"
        )
        findings += (Finding("contour-convention", "warning", text, place),)
    return Region(region.number, region.name, mask, region.findings + findings)


@dataclass(frozen=True, eq=False)
class _Slab:
    """Contours of one plane as (row, column), and from which to which fractional slice they reach (faces at ±0.5)."""

    lower: float
    upper: float
    polygons: tuple[FloatArray, ...]


def _slabs(
    region: ContouredRegion, grid: VolumeGeometry, planes_apart_mm: float | None, place: str
) -> tuple[list[_Slab], tuple[Finding, ...]]:
    spacing = grid.spacing_mm[0]
    by_plane: dict[float, list[FloatArray]] = {}
    for points in region.contours_mm:
        index = grid.point_to_index(points)
        if np.ptp(index[:, 0]) * spacing > _IN_PLANE_MM:
            raise GeometryMismatchError(
                "a contour is not parallel to the slices of the reference image", where=place, remedy=_DRAW_AGAIN
            )
        sizes = np.array(grid.shape)
        if np.any(index < -sizes) or np.any(index > 2 * sizes):
            raise GeometryMismatchError(
                "a contour reaches far outside the reference image",
                where=place,
                remedy="export it with the image it was drawn on",
            )
        height = float(index[:, 0].mean())
        plane = next((p for p in by_plane if abs(p - height) * spacing < _IN_PLANE_MM), height)
        by_plane.setdefault(plane, []).append(index[:, 1:])
    heights = np.array(sorted(by_plane))
    if np.abs(heights - np.rint(heights)).max() <= _ON_SLICE:
        slabs = [_Slab(round(h) - 0.5, round(h) + 0.5, tuple(by_plane[h])) for h in by_plane]
        return slabs, _gap_findings(np.rint(heights), place)
    if planes_apart_mm is None:
        raise GeometryMismatchError(
            "its contour lies between the slices of the reference image, and no other tells how thick it is",
            where=place,
            remedy=_DRAW_AGAIN,
        )
    half = planes_apart_mm / spacing / 2
    text = (
        f"its contours lie between the slices of the reference image; each was given a slab of "
        f"{planes_apart_mm:.2f} mm, the distance of its planes"
    )
    finding = Finding("contours-between-slices", "warning", text, place)
    return [_Slab(h - half, h + half, tuple(by_plane[h])) for h in by_plane], (finding,)


def _overlap_findings(slabs: list[_Slab], place: str) -> tuple[Finding, ...]:
    """The doubt about contours of one slice that cross: what both enclose counts as outside by the even-odd rule."""
    crossing = sum(any(_cross(one, other) for one, other in itertools.combinations(slab.polygons, 2)) for slab in slabs)
    if not crossing:
        return ()
    text = (
        f"contours of one slice cross each other on {crossing} slice(s); what both enclose is left out (even-odd rule)"
    )
    return (Finding("contours-cross", "warning", text, place),)


def _cross(one: FloatArray, other: FloatArray) -> bool:
    """Whether two polygons share some area, but neither lies within the other."""
    if np.any(one.max(axis=0) <= other.min(axis=0)) or np.any(other.max(axis=0) <= one.min(axis=0)):
        return False
    areas = [float(pixel_coverage([polygon]).fraction.sum()) for polygon in (one, other)]
    shared = (sum(areas) - float(pixel_coverage([one, other]).fraction.sum())) / 2
    smaller = min(areas)
    return _SHARED < shared / smaller < 1 - _SHARED if smaller > 0 else False


def _gap_findings(slices: FloatArray, place: str) -> tuple[Finding, ...]:
    gaps = np.diff(slices)
    if not len(gaps) or gaps.max() <= 1:
        return ()
    if gaps.min() > 1:
        text = f"has contours on every {gaps.min():.0f}. slice at most; the slices between count as empty"
        return (Finding("slices-without-contour", "error", text, place),)
    text = f"has no contour on {int((gaps - 1).sum())} slice(s) between its first and last; they count as empty"
    return (Finding("slices-without-contour", "warning", text, place),)


def _mask(slabs: list[_Slab], grid: VolumeGeometry, convention: ContourConvention) -> tuple[VoiMask, float, float]:
    """Mask on the grid, volume in mL with what lies outside the grid, and volume inside it."""
    cover = pixel_coverage if convention == "outline" else pixel_centres_inside
    parts = [(slab, cover(slab.polygons)) for slab in slabs]
    parts = [(slab, part) for slab, part in parts if part.fraction.size]
    nothing = VoiMask(grid, (0, 0, 0), np.zeros((0, 0, 0), np.uint8))
    if not parts:
        return nothing, 0.0, 0.0
    pixel_mm2 = grid.spacing_mm[1] * grid.spacing_mm[2]
    total_mm3 = sum(p.fraction.sum() * pixel_mm2 * (s.upper - s.lower) * grid.spacing_mm[0] for s, p in parts)
    low = np.min([(np.floor(s.lower + 0.5), *p.start) for s, p in parts], axis=0).astype(int)
    high = np.max([(np.ceil(s.upper + 0.5), *np.add(p.start, p.fraction.shape)) for s, p in parts], axis=0).astype(int)
    low_in, high_in = np.clip(low, 0, grid.shape), np.clip(high, 0, grid.shape)
    if np.any(high_in <= low_in):
        return nothing, volume_ml_from_mm3(float(total_mm3)), 0.0
    box = np.zeros(high_in - low_in, np.float32)
    for slab, part in parts:
        for number in range(
            max(0, int(np.floor(slab.lower + 0.5))), min(grid.shape[0], int(np.ceil(slab.upper + 0.5)))
        ):
            share = min(slab.upper, number + 0.5) - max(slab.lower, number - 0.5)
            _add(box[number - low_in[0]], low_in[1:], part, share)
    coverage = np.rint(np.clip(box, 0, 1) * FULL_COVERAGE).astype(np.uint8)
    mask = clipped_mask(grid, (int(low_in[0]), int(low_in[1]), int(low_in[2])), coverage)
    inside_ml = float(box.sum(dtype=np.float64)) * grid.voxel_volume_ml
    return mask, volume_ml_from_mm3(float(total_mm3)), inside_ml


def _add(plane: NDArray[np.float32], start: FloatArray, part: PixelCoverage, share: float) -> None:
    """Add a part, weighted, to a plane of pixels that begins at ``start``; what lies outside is dropped."""
    offset = np.array(part.start) - start
    low = np.clip(offset, 0, plane.shape)
    high = np.clip(offset + part.fraction.shape, 0, plane.shape)
    if share <= 0 or np.any(high <= low):
        return
    source = part.fraction[low[0] - offset[0] : high[0] - offset[0], low[1] - offset[1] : high[1] - offset[1]]
    plane[low[0] : high[0], low[1] : high[1]] += share * source
