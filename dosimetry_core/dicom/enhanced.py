"""Enhanced multi-frame CT and PET objects, and those converted from single-frame series: each frame as a slice."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    EnhancedCTImageStorage,
    EnhancedPETImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    LegacyConvertedEnhancedPETImageStorage,
)

from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.dicom.header import Header, element_name
from dosimetry_core.dicom.pixels import frame_shape, stored_values
from dosimetry_core.dicom.slices import Slice
from dosimetry_core.dicom.timing import seconds_between
from dosimetry_core.errors import DicomReadError
from dosimetry_core.units import SECONDS_PER_MINUTE

ENHANCED_CT = (EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
"""CT in one object."""
ENHANCED_PET = (EnhancedPETImageStorage, LegacyConvertedEnhancedPETImageStorage)
"""PET or SPECT in one object."""
# What the readers of slices look for, and an enhanced object says once for all frames.
_FOR_ALL = (
    "SOPClassUID", "Modality", "Manufacturer", "ManufacturerModelName", "PatientID", "PatientName",
    "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "FrameOfReferenceUID",
    "PatientPosition", "PatientOrientationCodeSequence", "AcquisitionDateTime", "AcquisitionDate", "AcquisitionTime",
    "TimezoneOffsetFromUTC", "Rows", "Columns", "RadiopharmaceuticalInformationSequence",
    "EnergyWindowInformationSequence", "Units", "DecayCorrection", "CorrectedImage", "NumberOfDetectors",
    "RotationInformationSequence", "RealWorldValueMappingSequence", "SeriesType", "StationName",
    "DetectorInformationSequence", "CollimatorType", "EnergyWindowRangeSequence", "TypeOfDetectorMotion",
    "AttenuationCorrectionMethod", "ScatterCorrectionMethod", "ReconstructionMethod", "ConvolutionKernel",
)  # fmt: skip
# Functional groups whose elements a single-frame header has at its top level.
_GROUPS = (
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "PixelMeasuresSequence",
    "PixelValueTransformationSequence",
    "PETFrameCorrectionFactorsSequence",
    "UnassignedPerFrameConvertedAttributesSequence",
    "UnassignedSharedConvertedAttributesSequence",
)
_CORRECTIONS = {
    "DecayCorrected": "DECY",
    "AttenuationCorrected": "ATTN",
    "ScatterCorrected": "SCAT",
    "DeadTimeCorrected": "DTIM",
    "RandomsCorrected": "RAN",
}
_UNITS = ("BQML", "CNTS", "CPS")
_SAME_INSTANT_S = SECONDS_PER_MINUTE


def is_enhanced(file: DicomFile) -> bool:
    """Whether the file is an enhanced or converted multi-frame CT or PET."""
    return file.sop_class_uid in (*ENHANCED_CT, *ENHANCED_PET)


def states_activity_in_mbq(file: DicomFile) -> bool:
    """The enhanced PET isotope module states MBq (PS3.3 C.8.22.4), the single-frame one, which is converted, Bq."""
    return file.sop_class_uid == EnhancedPETImageStorage


def frames_of(files: Sequence[DicomFile]) -> list[Slice]:
    """Every frame of the files of one object (several if it was split into a concatenation), as a slice.

    Raises
    ------
    DicomReadError
        If functional groups are missing or are not as many as frames, if the frames are of several times or stacks, or
        parts of a concatenation are missing.
    """
    announced = files[0].header.integer("InConcatenationTotalNumber")
    if announced is not None and announced != len(files):
        what = f"{len(files)} of the {announced} files of this object (concatenation) are there"
        raise files[0].header.error(what, "copy all of them", rule="concatenation-incomplete")
    slices = [part for file in files for part in _frames(file)]
    _check_one_volume(slices)
    return slices


def frame_header(file: DicomFile, number: int = 0) -> Header:
    """Elements of one frame as a single-frame file would have them.

    Raises
    ------
    DicomReadError
        If functional groups are missing.
    """
    return _headers(file, [number])[0]


def _frames(file: DicomFile) -> list[Slice]:
    count = frame_shape(file)[0]
    headers = _headers(file, range(count))

    @functools.cache
    def stored() -> NDArray[Any]:
        return stored_values(file)

    def plane(number: int) -> Callable[[], NDArray[Any]]:
        return lambda: stored()[number]

    stored()
    return [Slice(file, header, plane(number)) for number, header in enumerate(headers)]


def _headers(file: DicomFile, numbers: Iterable[int]) -> list[Header]:
    header = file.header
    frames = header.items("PerFrameFunctionalGroupsSequence")
    count = frame_shape(file)[0]
    if len(frames) != count:
        what = f"{element_name('PerFrameFunctionalGroupsSequence')} describes {len(frames)} of {count} frames"
        raise header.error(what, rule="functional-groups-incomplete")
    shared = header.first_item("SharedFunctionalGroupsSequence")
    return [_header(header, [frames[number], shared] if shared else [frames[number]]) for number in numbers]


def _header(file_header: Header, groups: Sequence[Header]) -> Header:
    joined = Dataset()
    for keyword in _FOR_ALL:
        if file_header.has(keyword):
            joined[keyword] = file_header.dataset[keyword]
    for keyword in _GROUPS:
        item = next((found for group in groups if (found := group.first_item(keyword))), None)
        if item is not None:
            for element in item.elements():
                if element.keyword and element.keyword not in joined:
                    joined[element.tag] = element
    mapped = next((group for group in groups if group.has("RealWorldValueMappingSequence")), None)
    if mapped is not None:
        joined["RealWorldValueMappingSequence"] = mapped.dataset["RealWorldValueMappingSequence"]
    content = next((found for group in groups if (found := group.first_item("FrameContentSequence"))), None)
    if content is not None:
        _add_content(joined, content)
    if "Units" not in joined and (scaled := str(joined.get("RescaleType", "")).upper()) in _UNITS:
        joined.Units = scaled
    _add_corrections(joined, file_header)
    return Header(joined, file_header.where)


def _add_content(joined: Dataset, content: Header) -> None:
    start = content.text("FrameAcquisitionDateTime")
    if start:
        for keyword in ("AcquisitionDate", "AcquisitionTime"):
            if keyword in joined:
                del joined[keyword]
        joined.AcquisitionDateTime = start
    duration_ms = content.number("FrameAcquisitionDuration")
    if duration_ms:
        joined.ActualFrameDuration = str(round(duration_ms))
    for keyword in ("TemporalPositionIndex", "StackID"):
        if content.has(keyword):
            joined[keyword] = content.dataset[keyword]


def _add_corrections(joined: Dataset, header: Header) -> None:
    """Corrected Image and Decay Correction from the flags and the instant of the enhanced corrections module.

    Raises
    ------
    DicomReadError
        If values are corrected to an instant that is neither the start of the scan nor of the administration.
    """
    said = {code: header.text(keyword).upper() for keyword, code in _CORRECTIONS.items() if header.has(keyword)}
    if said and "CorrectedImage" not in joined:
        joined.CorrectedImage = [code for code, applied in said.items() if applied == "YES"]
    if "DECY" not in said or "DecayCorrection" in joined:
        return
    if said["DECY"] != "YES":
        joined.DecayCorrection = "NONE"
        return
    item = header.first_item("RadiopharmaceuticalInformationSequence")
    instants = {
        "START": header.text("AcquisitionDateTime") or str(joined.get("AcquisitionDateTime", "")),
        "ADMIN": item.text("RadiopharmaceuticalStartDateTime") if item else "",
    }
    to = header.required_text("DecayCorrectionDateTime", rule="decay-reference-missing")
    for name, instant in instants.items():
        if instant and abs(seconds_between(header, to, instant)) <= _SAME_INSTANT_S:
            joined.DecayCorrection = name
            return
    what = f"{element_name('DecayCorrectionDateTime')} {to} is neither the start of the scan nor of the administration"
    raise header.error(what, "reconstruct it corrected to one of them", rule="decay-reference-unknown")


def _check_one_volume(slices: Sequence[Slice]) -> None:
    for keyword in ("TemporalPositionIndex", "StackID"):
        said = {part.header.text(keyword) for part in slices}
        if len(said) > 1:
            raise _several(slices[0].header, keyword, len(said))


def _several(header: Header, keyword: str, count: int) -> DicomReadError:
    what = f"{element_name(keyword)} tells {count} volumes in one object"
    return header.error(what, "export one volume per object", rule="several-volumes")
