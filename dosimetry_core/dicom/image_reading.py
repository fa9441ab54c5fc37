"""One `ImageSeries` from the files of one series: NM multi-frame, or single-frame slices of CT, PET class or NM."""

from __future__ import annotations

import itertools
import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import CTImageStorage, NuclearMedicineImageStorage

from dosimetry_core.dicom.acquisition import CountingTime, correction_findings, counting_time, identity
from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.dicom.grid import image_plane, sorted_geometry, stacked_geometry
from dosimetry_core.dicom.header import EXPORT_AGAIN, Header, element_name
from dosimetry_core.dicom.pixels import frame_shape, stored_values
from dosimetry_core.dicom.radionuclide import Radiopharmaceutical, radiopharmaceutical
from dosimetry_core.dicom.timing import Clock, Timing, acquisition_start, stated_administration_start
from dosimetry_core.dicom.values import SpectQuantity, ValueScale, decay_reference, rescale, value_scale
from dosimetry_core.errors import DicomReadError, Finding
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import DecayReference, ImageSeries
from dosimetry_core.units import HOUR, SECONDS_PER_HOUR
from dosimetry_core.volume import Quantity, Volume

# Slices of one acquisition may start bed by bed; further apart they are different scans.
_LONGEST_ACQUISITION_S = 2 * SECONDS_PER_HOUR
# Lengths that agree to this are one length.
_SAME_LENGTH = 0.01
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
_COMPLETE = "export the complete series again"


def is_multi_frame(file: DicomFile) -> bool:
    """Whether the file holds all slices itself."""
    return (file.header.integer("NumberOfFrames") or 1) > 1


def place_of(files: list[DicomFile]) -> str:
    """How errors name a series: the file, or the folder with the series' number and description."""
    if len(files) == 1:
        return str(files[0].path)
    header = files[0].header
    name = " ".join(part for part in (header.text("SeriesNumber"), header.text("SeriesDescription")) if part)
    return f"{files[0].path.parent} (series {name or header.text('SeriesInstanceUID')})"


def read_image(files: list[DicomFile], clock: Clock, stated_quantity: SpectQuantity | None) -> ImageSeries:
    """The image that the files of one series hold.

    Raises
    ------
    DicomReadError
        As `read_multi_frame` and `read_slices`.
    """
    if is_multi_frame(files[0]):
        return read_multi_frame(files[0], clock, stated_quantity)
    return read_slices(files, clock, stated_quantity)


def read_multi_frame(file: DicomFile, clock: Clock, stated_quantity: SpectQuantity | None) -> ImageSeries:
    """A reconstructed NM SPECT in one file (RECON TOMO).

    Raises
    ------
    DicomReadError
        If geometry, values, times or pixels are missing or contradict each other.
    """
    header = file.header
    frames, rows, columns = frame_shape(file)
    findings: list[Finding] = []
    _check_slice_vector(header, frames)
    step_mm = _slice_step(header, findings)
    geometry, reverse = stacked_geometry(image_plane(header), frames, rows, columns, step_mm)
    scale = value_scale(header, is_nm=True, stated_quantity=stated_quantity)
    stored = stored_values(file)
    _check_mapped(stored, scale, header)
    values = np.empty(stored.shape, np.float32)
    _scale_into(values, stored, scale.slope, scale.intercept)
    if reverse:
        values = values[::-1]
    timing = acquisition_start(header, clock)
    return _spect([file], values, geometry, scale, timing, clock, findings)


def _check_slice_vector(header: Header, frames: int) -> None:
    slices = header.integer("NumberOfSlices")
    if slices is not None and slices != frames:
        raise header.error(f"has {frames} frames for {slices} slices", "export one reconstructed volume per file")
    vector = header.numbers("SliceVector")
    if vector is not None and not np.array_equal(vector, np.arange(1, frames + 1)):
        raise header.error(f"{element_name('SliceVector')} does not count the slices from 1 to {frames}")
    for keyword in ("EnergyWindowVector", "DetectorVector"):
        several = header.numbers(keyword)
        if several is not None and len(np.unique(several)) > 1:
            raise header.error(
                f"{element_name(keyword)} lists several volumes in one file", "export one reconstructed volume per file"
            )


def _slice_step(header: Header, findings: list[Finding]) -> float:
    """Signed distance between frames along the normal, in mm (PS3.3 C.8.4.15: the sign gives the direction)."""
    step, thickness = header.number("SpacingBetweenSlices"), header.number("SliceThickness")
    if step is None:
        if not thickness or thickness < 0:
            raise header.missing("SpacingBetweenSlices", "export it with its geometry")
        text = (
            f"no {element_name('SpacingBetweenSlices')}: the slice thickness of {thickness:g} mm is taken, stacked "
            "along the image normal; check head and feet against the CT"
        )
        findings.append(Finding("slice-spacing-from-thickness", "warning", text, header.where))
        return thickness
    if step == 0:
        raise header.error(f"{element_name('SpacingBetweenSlices')} is 0")
    if thickness and abs(abs(step) / thickness - 1) > _SAME_LENGTH:
        text = f"slices are {thickness:g} mm thick but {abs(step):g} mm apart; their distance is used"
        findings.append(Finding("slice-thickness-differs", "warning", text, header.where))
    return step


def read_slices(files: list[DicomFile], clock: Clock, stated_quantity: SpectQuantity | None) -> ImageSeries:
    """A CT, or a SPECT stored as single frames of the PET or NM class.

    Raises
    ------
    DicomReadError
        If slices are missing, doubled, uneven or disagree, or if values or times are missing.
    """
    place = place_of(files)
    headers = [file.header for file in files]
    _check_agreement(headers, place)
    _check_count(headers, place)
    planes = [image_plane(header) for header in headers]
    _, rows, columns = frame_shape(files[0])
    geometry, order = sorted_geometry(planes, rows, columns, where=place)
    ordered = [files[index] for index in order]
    findings = list(_order_findings(ordered, place))
    timings = [acquisition_start(header, clock) for header in headers]
    timing = _earliest(timings, place)
    first = headers[0]
    is_ct = files[0].sop_class_uid == CTImageStorage
    values = np.empty(geometry.shape, np.float32)
    if is_ct:
        for number, file in enumerate(ordered):
            factors = rescale(file.header)
            if factors is None:
                raise file.header.missing("RescaleSlope")
            _scale_into(values[number], stored_values(file)[0], *factors)
        findings += timing.findings
        return _series("ct", "ct_number_hu", ordered, values, geometry, timing, tuple(findings))
    is_nm = files[0].sop_class_uid == NuclearMedicineImageStorage
    _check_series_type(first, place)
    scales = [value_scale(file.header, is_nm=is_nm, stated_quantity=stated_quantity) for file in ordered]
    for number, (file, scale) in enumerate(zip(ordered, scales, strict=True)):
        stored = stored_values(file)
        _check_mapped(stored, scale, file.header)
        _scale_into(values[number], stored[0], scale.slope, scale.intercept)
    findings += _spread_findings(timings, place)
    findings += _thickness_findings(first, geometry, place)
    return _spect(ordered, values, geometry, scales[0], timing, clock, findings)


def _check_agreement(headers: list[Header], place: str) -> None:
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
            )


def _check_count(headers: list[Header], place: str) -> None:
    announced = headers[0].integer("NumberOfSlices")
    if announced is not None and announced != len(headers):
        raise DicomReadError(
            f"{len(headers)} slices of {announced} announced in {element_name('NumberOfSlices')}",
            where=place,
            remedy=_COMPLETE,
        )


def _check_series_type(header: Header, place: str) -> None:
    kind = header.texts("SeriesType")
    if kind and kind[0].upper() in ("DYNAMIC", "GATED"):
        raise DicomReadError(
            f"is a {kind[0].lower()} series", where=place, remedy="reconstruct one volume of the whole acquisition"
        )


def _order_findings(ordered: list[DicomFile], place: str) -> tuple[Finding, ...]:
    numbers = [file.header.integer("InstanceNumber") for file in ordered]
    known = [number for number in numbers if number is not None]
    if len(known) == len(numbers) and len(set(known)) == len(known):
        rising = all(a < b for a, b in itertools.pairwise(known))
        falling = all(a > b for a, b in itertools.pairwise(known))
        if not rising and not falling:
            text = "slice numbers don't follow the slice positions; slices are placed by their positions"
            return (Finding("slice-order", "warning", text, place),)
    return ()


def _earliest(timings: list[Timing], place: str) -> Timing:
    spread_s = (max(t.instant for t in timings) - min(t.instant for t in timings)).total_seconds()
    if spread_s > _LONGEST_ACQUISITION_S:
        raise DicomReadError(
            f"acquisition times within one series are {HOUR.text(spread_s)} apart",
            where=place,
            remedy="export one series per acquisition",
        )
    return min(timings, key=lambda timing: timing.instant)


def _spread_findings(timings: list[Timing], place: str) -> tuple[Finding, ...]:
    instants = {timing.instant for timing in timings}
    if len(instants) == 1:
        return ()
    spread_s = (max(instants) - min(instants)).total_seconds()
    text = f"its slices were acquired at {len(instants)} times within {spread_s:.0f} s; the first is used for all"
    return (Finding("acquisition-in-steps", "warning", text, place),)


def _thickness_findings(header: Header, geometry: VolumeGeometry, place: str) -> tuple[Finding, ...]:
    thickness = header.number("SliceThickness")
    step = geometry.spacing_mm[0]
    if thickness and abs(step / thickness - 1) > _SAME_LENGTH:
        text = f"slices are {thickness:g} mm thick but {step:.4g} mm apart; their distance is used"
        return (Finding("slice-thickness-differs", "warning", text, place),)
    return ()


def _check_mapped(stored: NDArray[Any], scale: ValueScale, header: Header) -> None:
    if scale.first_stored == -math.inf and scale.last_stored == math.inf:
        return
    if stored.min() < scale.first_stored or stored.max() > scale.last_stored:
        raise header.error("pixel values lie outside the range of its real-world value mapping", EXPORT_AGAIN)


def _scale_into(values: NDArray[np.float32], stored: NDArray[Any], slope: float, intercept: float) -> None:
    """Real values of stored ones, in single precision (exact for stored values below 2²⁴ and a slope of 1)."""
    np.multiply(stored, np.float32(slope), out=values, dtype=np.float32, casting="unsafe")
    if intercept:
        values += np.float32(intercept)


def _spect(
    files: list[DicomFile],
    values: NDArray[np.float32],
    geometry: VolumeGeometry,
    scale: ValueScale,
    timing: Timing,
    clock: Clock,
    findings: list[Finding],
) -> ImageSeries:
    header = files[0].header
    is_nm = files[0].sop_class_uid == NuclearMedicineImageStorage
    if not values.any():
        raise DicomReadError("holds no counts at all", where=place_of(files), remedy=EXPORT_AGAIN)
    given = radiopharmaceutical(header, activity_in_mbq=is_nm)
    decay = decay_reference(header, scale.quantity)
    administered = stated_administration_start(header, given.item, clock) if given.item else None
    if decay == "administration" and administered is None:
        raise header.missing(
            "RadiopharmaceuticalStartDateTime",
            "the image is decay-corrected to the administration: export with its date and time, or corrected to START",
        )
    findings = [*findings, *timing.findings, *given.findings, *correction_findings(header)]
    if administered and administered.instant > timing.instant:
        text = "the image was acquired before the administration that it states; check both clocks"
        findings.append(Finding("acquired-before-administration", "warning", text, header.where))
    counting = counting_time(header)
    if counting.counting_duration_s is None and decay == "none" and scale.quantity != "counts_per_s":
        text = "the file doesn't say how long the camera counted, which is needed to get activity from it"
        findings.append(Finding("counting-duration-unknown", "warning", text, header.where))
    findings += counting.findings
    if header.text("PatientPosition") == "" and header.first_item("PatientOrientationCodeSequence") is None:
        text = "the file doesn't say how the patient lay; its geometry is taken as it stands"
        findings.append(Finding("patient-position-unknown", "info", text, header.where))
    return _series(
        "spect",
        scale.quantity,
        files,
        values,
        geometry,
        timing,
        tuple(findings),
        counting=counting,
        decay=decay,
        given=given,
        administered=administered,
    )


def _series(
    kind: Literal["spect", "ct"],
    quantity: Quantity,
    files: list[DicomFile],
    values: NDArray[np.float32],
    geometry: VolumeGeometry,
    timing: Timing,
    findings: tuple[Finding, ...],
    *,
    counting: CountingTime | None = None,
    decay: DecayReference = "none",
    given: Radiopharmaceutical | None = None,
    administered: Timing | None = None,
) -> ImageSeries:
    who = identity(files[0].header)
    counting = counting or CountingTime()
    given = given or Radiopharmaceutical(None)
    return ImageSeries(
        kind=kind,
        volume=Volume(values, geometry, quantity),
        patient_id=who.patient_id,
        patient_name=who.patient_name,
        study_uid=who.study_uid,
        series_uid=who.series_uid,
        frame_of_reference_uid=who.frame_of_reference_uid,
        description=who.description,
        acquisition_start=timing.instant,
        counting_duration_s=counting.counting_duration_s,
        frame_duration_s=counting.frame_duration_s,
        frames_per_head=counting.frames_per_head,
        number_of_heads=counting.number_of_heads,
        decay_reference=decay,
        nuclide=given.nuclide,
        stated_administered_activity_bq=given.stated_administered_activity_bq,
        stated_administration_start=administered.instant if administered else None,
        manufacturer=who.manufacturer,
        sop_class_uid=who.sop_class_uid,
        source_files=tuple(file.source for file in files),
        findings=findings,
    )
