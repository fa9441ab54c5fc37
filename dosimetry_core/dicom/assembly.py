"""From the parts of an image, its voxels, places and times, to one `ImageSeries` with every doubt about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.dicom.acquisition import CountingTime, correction_findings, counting_time, identity
from dosimetry_core.dicom.acquisition_record import acquisition_record
from dosimetry_core.dicom.decay import decay_reference, of_unknown_administration, with_checked_factor
from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.dicom.header import EXPORT_AGAIN, Header
from dosimetry_core.dicom.origin import origin_of
from dosimetry_core.dicom.radionuclide import Radiopharmaceutical, radiopharmaceutical
from dosimetry_core.dicom.timing import Clock, Timing, stated_administration_start
from dosimetry_core.dicom.values import SpectQuantity, ValueScale
from dosimetry_core.errors import Finding
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import DecayReference, ImageSeries
from dosimetry_core.volume import Quantity, Volume


@dataclass(frozen=True)
class Stated:
    """What the user says of images whose files are silent or contradict themselves; never overrides a clear file."""

    quantity: SpectQuantity | None = None
    decay_reference: DecayReference | None = None
    position_mm: tuple[float, float, float] | None = None
    """Centre of the first voxel of a SPECT in one file."""


@dataclass(frozen=True, eq=False)
class Parts:
    """What an image was put together from.

    Parameters
    ----------
    header
        The elements that all parts share.
    slices
        Header and start of the acquisition of each slice, or of the whole.
    place
        How messages name the series.
    """

    files: Sequence[DicomFile]
    header: Header
    slices: Sequence[tuple[Header, datetime]]
    values: NDArray[Any]
    geometry: VolumeGeometry
    timing: Timing
    place: str
    findings: Sequence[Finding] = ()


def scaled(stored: NDArray[Any], slope: float, intercept: float) -> NDArray[np.float32]:
    """Real values of stored ones, in single precision (exact for stored values below 2²⁴ and a slope of 1)."""
    values: NDArray[np.float32] = np.multiply(stored, np.float32(slope), dtype=np.float32, casting="unsafe")
    if intercept:
        values += np.float32(intercept)
    return values


def check_mapped(stored: NDArray[Any], scale: ValueScale, header: Header) -> None:
    """Refuse stored values for which the file doesn't say what they mean."""
    if scale.first_stored == -math.inf and scale.last_stored == math.inf:
        return
    if stored.min() < scale.first_stored or stored.max() > scale.last_stored:
        what = "pixel values lie outside the range of its real-world value mapping"
        raise header.error(what, EXPORT_AGAIN, rule="values-outside-mapping")


def ct_series(parts: Parts) -> ImageSeries:
    """A CT in HU."""
    series = _series("ct", "ct_number_hu", parts, (*parts.findings, *parts.timing.findings))
    return replace(series, tube_voltage_kv=parts.header.number("KVP") or None)


def spect_series(
    parts: Parts, scale: ValueScale, clock: Clock, stated: Stated, *, activity_in_mbq: bool
) -> ImageSeries:
    """A SPECT, or a PET of the therapy, with nuclide, times and corrections.

    Parameters
    ----------
    activity_in_mbq
        Whether the file states the administered activity in MBq (NM and enhanced PET) or in Bq (PET).

    Raises
    ------
    DicomReadError
        If there is nothing in it, or its header contradicts itself about nuclide or decay correction.
    """
    header, timing = parts.header, parts.timing
    if not parts.values.any():
        raise header.error("holds no counts at all", EXPORT_AGAIN, rule="image-empty", where=parts.place)
    given = radiopharmaceutical(header, activity_in_mbq=activity_in_mbq)
    decay, asked = decay_reference(header, scale.quantity, stated.decay_reference)
    administered = stated_administration_start(header, given.item, clock) if given.item else None
    if decay == "administration" and administered is None and not asked:
        decay, asked = of_unknown_administration(header, stated.decay_reference)
    counting = counting_time(header)
    if not asked:
        decay, asked = with_checked_factor(
            decay,
            parts.slices,
            nuclide_name=given.nuclide,
            duration_s=counting.counting_duration_s,
            administered=administered.instant if administered else None,
            stated=stated.decay_reference,
        )
    findings = [*parts.findings, *timing.findings, *given.findings, *correction_findings(header), *asked]
    if administered and administered.instant > timing.instant:
        text = "the image was acquired before the administration that it states; check both clocks"
        findings.append(Finding("acquired-before-administration", "warning", text, header.where))
    if counting.counting_duration_s is None and decay == "none" and scale.quantity != "counts_per_s":
        text = "the file doesn't say how long the camera counted, which is needed to get activity from it"
        findings.append(Finding("counting-duration-unknown", "warning", text, header.where))
    findings += counting.findings
    if scale.quantity == "counts_per_s":
        text = "its values were taken as counts per clock second of all heads, because that was entered"
        findings.append(Finding("count-rate-entered", "warning", text, header.where))
    if header.text("PatientPosition") == "" and header.first_item("PatientOrientationCodeSequence") is None:
        text = "the file doesn't say how the patient lay; its geometry is taken as it stands"
        findings.append(Finding("patient-position-unknown", "info", text, header.where))
    return _series(
        "spect",
        scale.quantity,
        parts,
        tuple(findings),
        counting=counting,
        decay=decay,
        given=given,
        administered=administered,
    )


def _series(
    kind: Literal["spect", "ct"],
    quantity: Quantity,
    parts: Parts,
    findings: tuple[Finding, ...],
    *,
    counting: CountingTime | None = None,
    decay: DecayReference = "none",
    given: Radiopharmaceutical | None = None,
    administered: Timing | None = None,
) -> ImageSeries:
    who = identity(parts.header)
    counting = counting or CountingTime()
    given = given or Radiopharmaceutical(None)
    return ImageSeries(
        kind=kind,
        volume=Volume(parts.values, parts.geometry, quantity),
        patient_id=who.patient_id,
        patient_name=who.patient_name,
        study_uid=who.study_uid,
        series_uid=who.series_uid,
        frame_of_reference_uid=who.frame_of_reference_uid,
        description=who.description,
        acquisition_start=parts.timing.instant,
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
        source_files=tuple(file.source for file in parts.files),
        findings=findings,
        origin=origin_of(parts.files),
        acquisition=acquisition_record(parts.header),
    )
