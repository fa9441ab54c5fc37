"""DICOM segmentations (SEG), binary, fractional or label map: regions on the grid of their own frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.dicom.grid import Plane, image_plane
from dosimetry_core.dicom.header import Header, element_name
from dosimetry_core.dicom.pixels import frame_shape, is_uncompressed, stored_values
from dosimetry_core.dicom.region import Region
from dosimetry_core.errors import Finding
from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import FloatArray, VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, VoiMask

_EXPORT_AGAIN = "export the segmentation again"
_SAME_DIRECTION = 1e-3
_IN_PLANE_MM = 0.1
_ON_STEP = 0.05
# Thinner than any CT over the length of any patient.
_MOST_SLICES = 10000
# Each bit of a binary segmentation becomes a byte.
_MOST_PIXELS = 2 * 1024**3


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A segmentation: where it lies and its regions."""

    frame_of_reference_uid: str
    series_uids: frozenset[str]
    regions: tuple[Region, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class _Frame:
    """Position of one frame, and the segment it shows (0 in a label map)."""

    plane: Plane
    segment: int


def read_segmentation(file: DicomFile) -> Segmentation:
    """Regions of a DICOM segmentation, each named by its segment label.

    Raises
    ------
    DicomReadError
        If frames are damaged, of several orientations, unevenly placed, or of segments that are not described.
    """
    header = file.header
    kind = header.required_text("SegmentationType").upper()
    if kind not in ("BINARY", "FRACTIONAL", "LABELMAP"):
        raise header.error(f"{element_name('SegmentationType')} is {kind!r}", _EXPORT_AGAIN)
    findings: list[Finding] = []
    if kind == "FRACTIONAL" and header.text("SegmentationFractionalType").upper() != "OCCUPANCY":
        text = "holds probabilities, not occupied fractions; they are taken as the covered fraction of each voxel"
        findings.append(Finding("segmentation-probability", "warning", text, header.where))
    names: dict[int, str] = {}
    for item in header.items("SegmentSequence"):
        number = item.required_integer("SegmentNumber")
        if number in names:
            raise header.error(f"describes segment {number} twice", _EXPORT_AGAIN)
        if number or kind != "LABELMAP":
            names[number] = item.text("SegmentLabel")
    frames = _frames(header, label_map=kind == "LABELMAP")
    coverage = _coverage(file, kind)
    if len(frames) != len(coverage):
        raise header.error(f"describes {len(frames)} frames but holds {len(coverage)}", _EXPORT_AGAIN)
    geometry, slices = _geometry(header, frames, coverage.shape[1:])
    regions = []
    for number, name in names.items():
        if kind == "LABELMAP":
            layers = [(s, np.where(c == number, FULL_COVERAGE, 0)) for s, c in zip(slices, coverage, strict=True)]
        else:
            layers = [(s, c) for s, c, f in zip(slices, coverage, frames, strict=True) if f.segment == number]
        if len({s for s, _ in layers}) != len(layers):
            raise header.error(f"has two frames of segment {name or number} at one place", _EXPORT_AGAIN)
        mask = _mask(geometry, layers)
        if mask.is_empty:
            text = f"segment {name or number} is empty and is left out"
            findings.append(Finding("voi-empty", "info", text, header.where))
        else:
            regions.append(Region(number, name, mask))
    unknown = sorted({f.segment for f in frames} - set(names) - {0})
    if unknown:
        raise header.error(f"has frames of segments that it doesn't describe: {unknown}", _EXPORT_AGAIN)
    series = {item.text("SeriesInstanceUID") for item in header.items("ReferencedSeriesSequence")}
    return Segmentation(header.text("FrameOfReferenceUID"), frozenset(series), tuple(regions), tuple(findings))


def _coverage(file: DicomFile, kind: str) -> NDArray[Any]:
    """Bytes per frame, shape (frame, row, column): coverage up to `FULL_COVERAGE`, or labels of a label map."""
    header = file.header
    if kind != "BINARY":
        values = stored_values(file)
        if kind == "LABELMAP":
            return values
        full = header.required_integer("MaximumFractionalValue")
        if full < 1 or values.max() > full:
            raise header.error(f"{element_name('MaximumFractionalValue')} is {full}, pixels reach {values.max()}")
        return np.rint(values * (FULL_COVERAGE / full)).astype(np.uint8)
    shape = frame_shape(file)
    if header.required_integer("BitsAllocated") != 1:
        return (stored_values(file) > 0).astype(np.uint8) * np.uint8(FULL_COVERAGE)
    content = header.content("PixelData")
    count = int(np.prod(shape, dtype=np.int64))
    if count > _MOST_PIXELS:
        raise header.error(f"announces {count} pixels", "take it out of the folder")
    needed = (count + 7) // 8
    if not is_uncompressed(file):
        raise header.error("is compressed", "export it uncompressed")
    if len(content) not in (needed, needed + needed % 2):
        raise header.error(f"holds {len(content)} bytes of pixels where {needed} are needed", _EXPORT_AGAIN)
    bits = np.unpackbits(np.frombuffer(content[:needed], np.uint8), bitorder="little", count=count)
    return bits.reshape(shape) * np.uint8(FULL_COVERAGE)


def _frames(header: Header, *, label_map: bool) -> list[_Frame]:
    shared = header.first_item("SharedFunctionalGroupsSequence")
    frames = []
    for own in header.items("PerFrameFunctionalGroupsSequence"):

        def group(keyword: str, own: Header = own) -> Header:
            found = own.first_item(keyword) or (shared.first_item(keyword) if shared else None)
            if found is None:
                raise header.missing(keyword, _EXPORT_AGAIN)
            return found

        # The functional groups together are what a single-frame header would say.
        joined = Dataset()
        for keyword in ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence"):
            joined.update(group(keyword).dataset)
        plane = image_plane(Header(joined, header.where))
        segment = 0 if label_map else group("SegmentIdentificationSequence").required_integer("ReferencedSegmentNumber")
        frames.append(_Frame(plane, segment))
    if not frames:
        raise header.missing("PerFrameFunctionalGroupsSequence", _EXPORT_AGAIN)
    return frames


def _step_mm(header: Header, heights: FloatArray) -> float:
    """Distance of the planes: as stated, else the smallest one met."""
    shared = header.first_item("SharedFunctionalGroupsSequence")
    groups = [shared, header.first_item("PerFrameFunctionalGroupsSequence")]
    measures = next(
        (g.first_item("PixelMeasuresSequence") for g in groups if g and g.has("PixelMeasuresSequence")), None
    )
    stated = measures.number("SpacingBetweenSlices") if measures else None
    if stated:
        return abs(stated)
    gaps = np.diff(heights)
    if len(gaps):
        return float(gaps.min())
    thickness = measures.number("SliceThickness") if measures else None
    if not thickness:
        raise header.missing("SpacingBetweenSlices", _EXPORT_AGAIN)
    return thickness


def _geometry(header: Header, frames: list[_Frame], shape: tuple[int, ...]) -> tuple[VolumeGeometry, list[int]]:
    """Grid that all frames lie on, and the slice of each frame on it."""
    first = frames[0].plane
    for frame in frames[1:]:
        plane = frame.plane
        if (
            np.abs(plane.row_direction - first.row_direction).max() > _SAME_DIRECTION
            or np.abs(plane.column_direction - first.column_direction).max() > _SAME_DIRECTION
            or not np.allclose(plane.pixel_spacing_mm, first.pixel_spacing_mm, rtol=_SAME_DIRECTION)
        ):
            raise header.error("its frames differ in orientation or pixel size", _EXPORT_AGAIN)
    positions = np.array([frame.plane.position_mm for frame in frames])
    heights = positions @ first.normal
    lowest = positions[int(np.argmin(heights))]
    shift = (positions - lowest) - np.outer(heights - heights.min(), first.normal)
    if np.linalg.norm(shift, axis=1).max() > _IN_PLANE_MM:
        raise header.error("its frames are shifted against each other in their plane", _EXPORT_AGAIN)
    step = _step_mm(header, np.unique(np.round(heights, 2)))
    numbers = (heights - heights.min()) / step
    if not np.isfinite(numbers).all() or np.abs(numbers - np.rint(numbers)).max() > _ON_STEP:
        raise header.error(f"its frames are not placed in steps of {step:g} mm", _EXPORT_AGAIN)
    if numbers.max() > _MOST_SLICES:
        raise header.error(f"its frames are {numbers.max() * step:g} mm apart", _EXPORT_AGAIN)
    slices = np.rint(numbers).astype(int)
    directions = np.stack([first.normal, first.column_direction, first.row_direction], axis=1)
    grid = VolumeGeometry(
        (int(slices.max()) + 1, int(shape[0]), int(shape[1])), lowest, (step, *first.pixel_spacing_mm), directions
    )
    return grid, [int(s) for s in slices]


def _mask(geometry: VolumeGeometry, layers: list[tuple[int, NDArray[Any]]]) -> VoiMask:
    """Mask of planes of bytes, cropped to what is covered."""
    used = [(number, plane) for number, plane in layers if plane.any()]
    if not used:
        return VoiMask(geometry, (0, 0, 0), np.zeros((0, 0, 0), np.uint8))
    any_plane = np.logical_or.reduce([plane > 0 for _, plane in used])
    rows, columns = (np.flatnonzero(any_plane.any(axis=axis)) for axis in (1, 0))
    low, high = min(number for number, _ in used), max(number for number, _ in used)
    box = np.zeros((high - low + 1, rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1), np.uint8)
    for number, plane in used:
        box[number - low] = plane[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return VoiMask(geometry, (low, int(rows[0]), int(columns[0])), read_only(box))
