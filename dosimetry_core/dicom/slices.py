"""An image of separate slices: files of one frame each, or the frames of an enhanced object."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.cores import threads
from dosimetry_core.dicom.assembly import Parts, Stated, check_mapped, ct_series, scaled, spect_series
from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.dicom.grid import Plane, image_plane, sorted_geometry
from dosimetry_core.dicom.header import Header, element_name
from dosimetry_core.dicom.pixels import frame_shape, lossy_findings, stored_values
from dosimetry_core.dicom.room import Room, room_for
from dosimetry_core.dicom.timing import Clock, Timing, acquisition_start, ct_start
from dosimetry_core.dicom.values import rescale, value_scale
from dosimetry_core.errors import DicomReadError, Finding
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import ImageSeries
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.units import HOUR, SECONDS_PER_HOUR

# Slices of one acquisition may start bed by bed; further apart they are different scans.
_LONGEST_ACQUISITION_S = 2 * SECONDS_PER_HOUR
_SAME_LENGTH = 0.01
_SAME_PLACE_MM = 0.01
_TILTED_DEG = 0.1
_MUST_AGREE = (
    "StudyInstanceUID",
    "FrameOfReferenceUID",
    "Units",
    "DecayCorrection",
    "CorrectedImage",
    "Rows",
    "Columns",
    "Modality",
)
_LEAST_16_BITS, _GREATEST_16_BITS = -(2**15), 2**15 - 1
_SLICES_A_STEP = 16
_DECODING = "Decoding slices"
_COMPLETE = "export the complete series again"


@dataclass(frozen=True, eq=False)
class Slice:
    """One slice: its elements, and its stored values (row, column) when they are asked for."""

    file: DicomFile
    header: Header
    stored: Callable[[], NDArray[Any]]


def slice_of(file: DicomFile) -> Slice:
    """The slice that a single-frame file is."""
    return Slice(file, file.header, lambda: stored_values(file)[0])


def read_slices(
    slices: Sequence[Slice],
    place: str,
    clock: Clock,
    stated: Stated,
    *,
    is_ct: bool,
    is_nm: bool,
    activity_in_mbq: bool,
    progress: Progress = no_progress,
) -> ImageSeries:
    """A CT, or a SPECT or PET, of slices in any order.

    Parameters
    ----------
    place
        How messages name the series.
    is_ct, is_nm, activity_in_mbq
        What the SOP class says of the values.

    Raises
    ------
    DicomReadError
        If slices are missing, doubled, uneven or disagree, or if values or times are missing.
    """
    check_agreement([part.header for part in slices], place)
    _check_count([part.header for part in slices], place)
    planes = [image_plane(part.header) for part in slices]
    kept, findings = _each_once(slices, planes, place)
    rows, columns = frame_shape(slices[0].file)[1:]
    geometry, order = sorted_geometry([planes[number] for number in kept], rows, columns, where=place)
    ordered = [slices[kept[index]] for index in order]
    findings += _order_findings(ordered, place)
    starts_of = ct_start if is_ct and not any(_says_start(part.header) for part in ordered) else acquisition_start
    timings = [starts_of(part.header, clock) for part in ordered]
    timing = _earliest(timings, place)
    files = list(dict.fromkeys(part.file for part in ordered))
    first = slices[0].header
    starts: list[tuple[Header, datetime]] = [
        (part.header, time.instant) for part, time in zip(ordered, timings, strict=True)
    ]
    if is_ct:
        values = _ct_numbers(geometry.shape, ordered, progress)
        findings += [*_tilt_findings(first, place), *lossy_findings(slices[0].file)]
        return ct_series(Parts(files, first, starts, values, geometry, timing, place, findings))
    _check_series_type(first, place)
    scales = [value_scale(part.header, is_nm=is_nm, stated_quantity=stated.quantity) for part in ordered]

    def value(number: int) -> NDArray[np.float32]:
        part, scale = ordered[number], scales[number]
        stored = part.stored()
        check_mapped(stored, scale, part.header)
        return scaled(stored, scale.slope, scale.intercept)

    values = _filled(room_for(geometry.shape), value, len(ordered), progress)
    findings += [*_spread_findings(timings, place), *_thickness_findings(first, geometry, place)]
    parts = Parts(files, first, starts, values, geometry, timing, place, findings)
    return spect_series(parts, scales[0], clock, stated, activity_in_mbq=activity_in_mbq)


def slices_geometry(headers: Sequence[Header], shape: tuple[int, int], place: str) -> tuple[VolumeGeometry, list[int]]:
    """Grid of slices and the order that sorts them; errors as `sorted_geometry`."""
    return sorted_geometry([image_plane(header) for header in headers], *shape, where=place)


def _ct_scale(header: Header) -> tuple[float, float]:
    factors = rescale(header)
    if factors is None:
        raise header.missing("RescaleSlope", rule="rescale-slope-missing")
    return factors


class _NotWholeError(Exception):
    """A CT number that 16 bits don't hold."""


def _ct_numbers(shape: tuple[int, int, int], ordered: Sequence[Slice], progress: Progress) -> NDArray[Any]:
    """CT numbers of all slices: in 16 bits, as nearly every scanner writes them, where they are whole and fit."""
    factors = [_ct_scale(part.header) for part in ordered]

    def whole(number: int) -> NDArray[np.int16]:
        stored, offset = ordered[number].stored(), int(factors[number][1])
        if int(stored.min()) + offset < _LEAST_16_BITS or int(stored.max()) + offset > _GREATEST_16_BITS:
            raise _NotWholeError
        return np.add(stored, offset, dtype=np.int16, casting="unsafe") if offset else stored.astype(np.int16)

    def single(number: int) -> NDArray[np.float32]:
        return scaled(ordered[number].stored(), *factors[number])

    are_whole = all(slope == 1 and offset.is_integer() and abs(offset) < _GREATEST_16_BITS for slope, offset in factors)
    if are_whole:
        with contextlib.suppress(_NotWholeError):
            return _filled(room_for(shape, np.int16), whole, len(ordered), progress)
    return _filled(room_for(shape), single, len(ordered), progress)


def _filled(room: Room, values: Callable[[int], NDArray[Any]], count: int, progress: Progress) -> NDArray[Any]:
    """Decode and scale all slices on the cores there are; decoding and scaling release the interpreter lock."""

    def fill(number: int) -> None:
        room.put(number, values(number))

    with threads() as executor:
        try:
            for number, _ in enumerate(executor.map(fill, range(count)), start=1):
                if number % _SLICES_A_STEP == 0:
                    progress(number / count, _DECODING)
        finally:
            executor.shutdown(cancel_futures=True)
    return room.filled()


def check_agreement(headers: Sequence[Header], place: str) -> None:
    """Refuse slices that say different things of their series."""
    for keyword in _MUST_AGREE:
        said: dict[str, str] = {}
        for header in headers:
            said.setdefault(header.text(keyword), header.where)
        if len(said) > 1:
            (first, here), (second, there) = list(said.items())[:2]
            raise DicomReadError(
                f"files of one series differ in {element_name(keyword)}: {first!r} in {here}, {second!r} in {there}",
                where=place,
                remedy=_COMPLETE,
                rule="slices-disagree",
            )


def _check_count(headers: Sequence[Header], place: str) -> None:
    announced = headers[0].integer("NumberOfSlices")
    if announced is not None and announced != len(headers):
        raise DicomReadError(
            f"{len(headers)} slices of {announced} announced in {element_name('NumberOfSlices')}",
            where=place,
            remedy=_COMPLETE,
            rule="slice-count",
        )


def _each_once(slices: Sequence[Slice], planes: Sequence[Plane], place: str) -> tuple[list[int], list[Finding]]:
    """Numbers of the slices without those that are there twice, in place, times and pixels, and the remark on them.

    Different slices at one place are kept, to be refused.
    """
    by_place: dict[tuple[float, ...], list[int]] = {}
    kept = []
    for number, plane in enumerate(planes):
        there = by_place.setdefault(_place_of(plane), [])
        if not any(_is_copy(slices[number], slices[other]) for other in there):
            kept.append(number)
        there.append(number)
    dropped = len(slices) - len(kept)
    if not dropped:
        return kept, []
    text = f"{dropped} slice(s) are there twice, with equal pixels, and were used once"
    return kept, [Finding("duplicate-slices", "warning", text, place)]


def _place_of(plane: Plane) -> tuple[float, ...]:
    return tuple(float(v) for v in np.round(plane.position_mm / _SAME_PLACE_MM))


def _is_copy(one: Slice, other: Slice) -> bool:
    alike = ("AcquisitionDateTime", "AcquisitionDate", "AcquisitionTime", "RescaleSlope", "RescaleIntercept")
    if any(one.header.text(keyword) != other.header.text(keyword) for keyword in alike):
        return False
    return bool(np.array_equal(one.stored(), other.stored()))


def _check_series_type(header: Header, place: str) -> None:
    kind = header.texts("SeriesType")
    if kind and kind[0].upper() in ("DYNAMIC", "GATED"):
        raise DicomReadError(
            f"is a {kind[0].lower()} series",
            where=place,
            remedy="reconstruct one volume of the whole acquisition",
            rule="dynamic-or-gated",
        )


def _order_findings(ordered: Sequence[Slice], place: str) -> list[Finding]:
    numbers = [part.header.integer("InstanceNumber") for part in ordered]
    known = [number for number in numbers if number is not None]
    if len(known) == len(numbers) and len(set(known)) == len(known):
        rising = all(a < b for a, b in itertools.pairwise(known))
        falling = all(a > b for a, b in itertools.pairwise(known))
        if not rising and not falling:
            text = "slice numbers don't follow the slice positions; slices are placed by their positions"
            return [Finding("slice-order", "warning", text, place)]
    return []


def _says_start(header: Header) -> bool:
    """Whether a slice states its time of acquisition; if one does, all must."""
    return bool(header.text("AcquisitionDateTime") or header.text("AcquisitionTime"))


def _earliest(timings: Sequence[Timing], place: str) -> Timing:
    spread_s = (max(t.instant for t in timings) - min(t.instant for t in timings)).total_seconds()
    if spread_s > _LONGEST_ACQUISITION_S:
        raise DicomReadError(
            f"acquisition times within one series are {HOUR.text(spread_s)} apart",
            where=place,
            remedy="export one series per acquisition",
            rule="acquisition-spread",
        )
    return min(timings, key=lambda timing: timing.instant)


def _spread_findings(timings: Sequence[Timing], place: str) -> list[Finding]:
    instants = {timing.instant for timing in timings}
    if len(instants) == 1:
        return []
    spread_s = (max(instants) - min(instants)).total_seconds()
    text = f"its slices were acquired at {len(instants)} times within {spread_s:.0f} s; the first is used for all"
    return [Finding("acquisition-in-steps", "warning", text, place)]


def _thickness_findings(header: Header, geometry: VolumeGeometry, place: str) -> list[Finding]:
    thickness = header.number("SliceThickness")
    step = geometry.spacing_mm[0]
    if thickness and abs(step / thickness - 1) > _SAME_LENGTH:
        text = f"slices are {thickness:g} mm thick but {step:.4g} mm apart; their distance is used"
        return [Finding("slice-thickness-differs", "warning", text, place)]
    return []


def _tilt_findings(header: Header, place: str) -> list[Finding]:
    """A stated tilt of the gantry where positions and orientation show none, or a tilt that they do follow."""
    tilt_deg = header.number("GantryDetectorTilt")
    if not tilt_deg or abs(tilt_deg) < _TILTED_DEG:
        return []
    text = (
        f"states a gantry tilt of {tilt_deg:g}°, though its slices stand one behind the other; check "
        "them against the table"
    )
    return [Finding("gantry-tilt-stated", "warning", text, place)]
