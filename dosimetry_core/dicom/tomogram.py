"""A reconstructed NM tomogram, all slices in one file (RECON TOMO), as the vendors write it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dosimetry_core.dicom.assembly import Parts, Stated, check_mapped, scaled, spect_series
from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.dicom.grid import image_plane, is_placed, require_length, stacked_geometry
from dosimetry_core.dicom.header import Header, element_name
from dosimetry_core.dicom.pixels import frame_shape, stored_values
from dosimetry_core.dicom.room import room_for
from dosimetry_core.dicom.timing import Clock, acquisition_start
from dosimetry_core.dicom.values import value_scale
from dosimetry_core.errors import Finding
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import ImageSeries

# Lengths that agree to this are one length.
_SAME_LENGTH = 0.01
_ONE_VOLUME = "export one reconstructed volume per file"


def read_multi_frame(file: DicomFile, clock: Clock, stated: Stated) -> ImageSeries:
    """A reconstructed NM SPECT in one file (RECON TOMO).

    Raises
    ------
    DicomReadError
        If geometry, values, times or pixels are missing or contradict each other.
    """
    header = file.header
    geometry, reverse, findings = tomogram_geometry(file, stated.position_mm)
    scale = value_scale(header, is_nm=True, stated_quantity=stated.quantity)
    stored = stored_values(file)
    check_mapped(stored, scale, header)
    room = room_for(geometry.shape)
    for number, frame in enumerate(stored[::-1] if reverse else stored):
        room.put(number, scaled(frame, scale.slope, scale.intercept))
    timing = acquisition_start(header, clock)
    parts = Parts([file], header, [(header, timing.instant)], room.filled(), geometry, timing, header.where, findings)
    return spect_series(parts, scale, clock, stated, activity_in_mbq=True)


def tomogram_geometry(
    file: DicomFile, stated_mm: Sequence[float] | None = None
) -> tuple[VolumeGeometry, bool, tuple[Finding, ...]]:
    """Grid of a multi-frame NM image, whether its frames must be reversed to fit it, and doubts.

    Notes
    -----
    The first frame is where Image Position (Patient) says, at the top level or in the detector information; frame k is
    k × Spacing Between Slices further along the image normal, backwards if the spacing is negative (PS3.3 C.8.4.15).
    """
    header = file.header
    frames, rows, columns = frame_shape(file)
    if frames < 2:
        raise header.error("a single slice is no volume", rule="single-slice")
    findings: list[Finding] = []
    _check_slice_vector(header, frames)
    step_mm = _slice_step(header, findings)
    require_length(header, "SpacingBetweenSlices", step_mm)
    plane = image_plane(header, stated_mm)
    if not is_placed(header):
        words = ", ".join(f"{value:g}" for value in plane.position_mm)
        text = f"the file does not say where the image lies; the entered position ({words}) mm was taken"
        findings.append(Finding("image-position-entered", "warning", text, header.where))
    geometry, reverse = stacked_geometry(plane, frames, rows, columns, step_mm)
    return geometry, reverse, tuple(findings)


def _check_slice_vector(header: Header, frames: int) -> None:
    slices = header.integer("NumberOfSlices")
    if slices is not None and slices != frames:
        raise header.error(f"has {frames} frames for {slices} slices", _ONE_VOLUME, rule="frames-and-slices")
    for keyword in ("EnergyWindowVector", "DetectorVector", "PhaseVector", "TimeSlotVector", "TimeSliceVector"):
        several = header.numbers(keyword)
        if several is not None and len(np.unique(several)) > 1:
            what = f"{element_name(keyword)} lists several volumes in one file"
            raise header.error(what, _ONE_VOLUME, rule="several-volumes")
    vector = header.numbers("SliceVector")
    if vector is not None and not np.array_equal(vector, np.arange(1, frames + 1)):
        what = f"{element_name('SliceVector')} does not count the slices from 1 to {frames}"
        raise header.error(what, rule="slice-vector")


def _slice_step(header: Header, findings: list[Finding]) -> float:
    """Signed distance between frames along the normal, in mm (PS3.3 C.8.4.15: the sign gives the direction)."""
    step, thickness = header.number("SpacingBetweenSlices"), header.number("SliceThickness")
    if step is None:
        if not thickness or thickness < 0:
            raise header.missing("SpacingBetweenSlices", "export it with its geometry", rule="slice-spacing-missing")
        text = (
            f"no {element_name('SpacingBetweenSlices')}: the slice thickness of {thickness:g} mm is taken, stacked "
            "along the image normal; check head and feet against the CT"
        )
        findings.append(Finding("slice-spacing-from-thickness", "warning", text, header.where))
        return thickness
    if step == 0:
        raise header.error(f"{element_name('SpacingBetweenSlices')} is 0", rule="slice-spacing-zero")
    if thickness and abs(abs(step) / thickness - 1) > _SAME_LENGTH:
        text = f"slices are {thickness:g} mm thick but {abs(step):g} mm apart; their distance is used"
        findings.append(Finding("slice-thickness-differs", "warning", text, header.where))
    return step
