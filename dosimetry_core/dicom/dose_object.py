"""Absorbed dose of other systems: DICOM RT Dose in Gy, on whatever regular grid it has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.uid import RTDoseStorage

from dosimetry_core.dicom.files import DicomFile, read_dicom
from dosimetry_core.dicom.pixels import stored_values
from dosimetry_core.errors import DicomReadError
from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import SourceFile
from dosimetry_core.volume import Volume

# Positions are written with six digits or more; uneven planes differ by millimetres.
_EVEN_MM = 0.05
_PERPENDICULAR = 1e-3


@dataclass(frozen=True, eq=False)
class DoseObject:
    """A dose map as another system wrote it.

    Parameters
    ----------
    absorbed_dose
        In Gy.
    patient_id, frame_of_reference_uid
        As written; the frame is empty if not said.
    made_by
        Manufacturer, model and version as far as they are said.
    summation
        What the dose is of: ``PLAN``, ``FRACTION``, ``RECORD`` …
    """

    absorbed_dose: Volume
    patient_id: str
    frame_of_reference_uid: str
    made_by: str
    description: str
    summation: str
    source: SourceFile


def read_dose_object(path: Path) -> DoseObject:
    """An RT Dose object with a map of absorbed dose in Gy.

    Raises
    ------
    DicomReadError
        If it is another object, its dose is relative, effective or an error, its planes are uneven, or elements are
        missing.
    """
    file = read_dicom(path)
    header = file.header
    if file.sop_class_uid != RTDoseStorage:
        raise header.error("is no RT Dose object", "choose the dose object of the other system")
    units = header.required_text("DoseUnits")
    if units != "GY":
        raise header.error(f"holds {units} instead of Gy", "export the dose in Gy")
    kind = header.text("DoseType") or "PHYSICAL"
    if kind != "PHYSICAL":
        raise header.error(f"holds a dose of the type {kind}", "export the physical (absorbed) dose")
    scaling = header.number("DoseGridScaling")
    if scaling is None or not scaling > 0:
        raise header.missing("DoseGridScaling")
    grid = _grid(file)
    stored = stored_values(file).reshape(grid.shape)
    values = np.asarray(stored, dtype=np.float64) * scaling
    if values.min() < 0:
        raise header.error("holds negative doses", "export the dose again, or compare a map without differences")
    made_by = " ".join(
        text
        for text in (
            header.text("Manufacturer"),
            header.text("ManufacturerModelName"),
            header.text("SoftwareVersions"),
        )
        if text
    )
    return DoseObject(
        Volume(read_only(values), grid, "absorbed_dose_gy"),
        header.text("PatientID"),
        header.text("FrameOfReferenceUID"),
        made_by,
        header.text("SeriesDescription"),
        header.text("DoseSummationType"),
        file.source,
    )


def _grid(file: DicomFile) -> VolumeGeometry:
    header = file.header
    frames = header.integer("NumberOfFrames") or 1
    shape = (frames, header.required_integer("Rows"), header.required_integer("Columns"))
    start = header.vector("ImagePositionPatient", 3)
    cosines = header.vector("ImageOrientationPatient", 6)
    spacing = header.vector("PixelSpacing", 2)
    for value, keyword in (
        (start, "ImagePositionPatient"),
        (cosines, "ImageOrientationPatient"),
        (spacing, "PixelSpacing"),
    ):
        if value is None:
            raise header.missing(keyword)
    assert start is not None
    assert cosines is not None
    assert spacing is not None
    row, column = cosines[:3], cosines[3:]
    if abs(float(row @ column)) > _PERPENDICULAR or not np.allclose(
        [np.linalg.norm(row), np.linalg.norm(column)], 1, atol=_PERPENDICULAR
    ):
        raise header.error("has rows and columns that are not perpendicular")
    normal = np.cross(row, column)
    step = _plane_step_mm(file, frames, float(start[2]), float(normal[2]))
    if step < 0:
        normal = -normal
    return VolumeGeometry(
        shape,
        start,
        (abs(step), float(spacing[0]), float(spacing[1])),
        np.stack([normal, column, row], axis=1),
    )


def _plane_step_mm(file: DicomFile, frames: int, z_mm: float, normal_z: float) -> float:
    """Distance of planes along the normal of the image, with its sign.

    Offsets are distances from the first plane along the normal, the first of them 0; or else they are the planes' z in
    the patient system, of axial planes, the first of them that of Image Position (PS3.3 C.8.8.3.2).
    """
    header = file.header
    offsets = header.numbers("GridFrameOffsetVector")
    if frames == 1:
        thickness = header.number("SliceThickness")
        if thickness is None or not thickness > 0:
            raise header.missing("SliceThickness", "export the dose with the thickness of its plane")
        return thickness
    if offsets is None or len(offsets) != frames:
        raise header.missing("GridFrameOffsetVector")
    steps = np.diff(offsets)
    if float(np.ptp(steps)) > _EVEN_MM or abs(float(steps[0])) < _EVEN_MM:
        raise header.error("has uneven planes", "export the dose on a regular grid")
    first, step = float(offsets[0]), float(steps.mean())
    if first == 0.0:
        return step
    if abs(first - z_mm) > _EVEN_MM or abs(abs(normal_z) - 1.0) > _PERPENDICULAR:
        raise _contradictory(header.where, first)
    return step if normal_z > 0 else -step


def _contradictory(where: str, first: float) -> DicomReadError:
    return DicomReadError(
        f"names {first:g} mm for its first plane, which is neither 0 nor the z of its own position",
        where=where,
        remedy="export the dose again: Grid Frame Offset Vector and Image Position contradict each other",
    )
