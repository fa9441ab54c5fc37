"""What the files of one series say of themselves, whether or not they can be used: for listing, never for computing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from dosimetry_core.dicom.acquisition import counting_time
from dosimetry_core.dicom.enhanced import frame_header, frames_of, is_enhanced
from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.dicom.grid import image_plane, pixel_spacing
from dosimetry_core.dicom.header import Header
from dosimetry_core.dicom.image_reading import is_multi_frame
from dosimetry_core.dicom.pixels import frame_shape, stored_values
from dosimetry_core.dicom.slices import Slice, slice_of, slices_geometry
from dosimetry_core.dicom.tomogram import tomogram_geometry
from dosimetry_core.dicom.values import rescale
from dosimetry_core.errors import DosimetryError
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import ImageSeries

_T = TypeVar("_T")


@dataclass(frozen=True)
class ImageFacts:
    """Facts of one series, None where the files don't say or can't be read.

    Parameters
    ----------
    modality, units_as_written, decay_correction, corrections
        As written in the files.
    shape, spacing_mm
        (slices, rows, columns) and their distances; a single slice has the thickness that it states.
    position_mm
        Centre of the first voxel (slice 0, row 0, column 0) of the grid as read, (x, y, z) in the patient system.
    orientation
        Unit vectors along which column, row and slice index grow, one after the other.
    total, minimum, maximum
        Of the voxel values after rescaling, in the stated units.
    """

    modality: str
    image_type: str
    manufacturer: str
    description: str
    series_uid: str
    frame_of_reference: str
    patient_position: str
    units_as_written: str
    decay_correction: str
    decay_factor: float | None
    corrections: str
    shape: tuple[int, int, int] | None = None
    spacing_mm: tuple[float, ...] | None = None
    position_mm: tuple[float, float, float] | None = None
    orientation: tuple[float, ...] | None = None
    total: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    counting_duration_s: float | None = None


def facts_of(files: Sequence[DicomFile], image: ImageSeries | None = None) -> ImageFacts:
    """Facts of the files of one series, and of the image that they were read as, if they were."""
    header = _tried(lambda: frame_header(files[0])) if is_enhanced(files[0]) else files[0].header
    header = header or files[0].header
    volume = image.volume if image else None
    grid = volume.geometry if volume else _tried(lambda: _geometry(files))
    values = (
        (float(volume.values.sum(dtype=np.float64)), float(volume.values.min()), float(volume.values.max()))
        if volume
        else _tried(lambda: _values(files)) or (None, None, None)
    )
    counting = _tried(lambda: counting_time(header))

    def text(keyword: str) -> str:
        return _tried(lambda: header.text(keyword)) or ""

    return ImageFacts(
        text("Modality"),
        text("ImageType"),
        " ".join(part for part in (text("Manufacturer"), text("ManufacturerModelName")) if part),
        text("SeriesDescription"),
        text("SeriesInstanceUID"),
        text("FrameOfReferenceUID"),
        text("PatientPosition"),
        text("Units"),
        text("DecayCorrection"),
        _tried(lambda: header.number("DecayFactor")),
        text("CorrectedImage"),
        grid.shape if grid else _tried(lambda: _shape(files)),
        grid.spacing_mm if grid else _tried(lambda: _spacing(header)),
        _vector(grid.origin_mm) if grid else _tried(lambda: _vector(image_plane(header).position_mm)),
        _orientation(grid) if grid else _tried(lambda: _plane_orientation(header)),
        values[0],
        values[1],
        values[2],
        image.counting_duration_s if image else counting.counting_duration_s if counting else None,
    )


def facts_of_image(facts: ImageFacts, image: ImageSeries) -> ImageFacts:
    """The facts of one part of an image, with grid and values of the whole."""
    grid, values = image.volume.geometry, image.volume.values
    return replace(
        facts,
        shape=grid.shape,
        spacing_mm=grid.spacing_mm,
        position_mm=_vector(grid.origin_mm),
        orientation=_orientation(grid),
        total=float(values.sum(dtype=np.float64)),
        minimum=float(values.min()),
        maximum=float(values.max()),
        counting_duration_s=image.counting_duration_s,
    )


def _tried(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except DosimetryError:
        return None


def _vector(values: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z


def _orientation(grid: VolumeGeometry) -> tuple[float, ...]:
    return tuple(float(v) for axis in (2, 1, 0) for v in grid.directions[:, axis])


def _plane_orientation(header: Header) -> tuple[float, ...]:
    plane = image_plane(header)
    return tuple(float(v) for axis in (plane.row_direction, plane.column_direction, plane.normal) for v in axis)


def _slices(files: Sequence[DicomFile]) -> list[Slice]:
    return frames_of(files) if is_enhanced(files[0]) else [slice_of(file) for file in files]


def _geometry(files: Sequence[DicomFile]) -> VolumeGeometry:
    if is_multi_frame(files[0]) and not is_enhanced(files[0]):
        return tomogram_geometry(files[0])[0]
    headers = [part.header for part in _slices(files)]
    return slices_geometry(headers, frame_shape(files[0])[1:], str(files[0].path))[0]


def _shape(files: Sequence[DicomFile]) -> tuple[int, int, int]:
    frames, rows, columns = frame_shape(files[0])
    return frames if is_multi_frame(files[0]) else len(files), rows, columns


def _spacing(header: Header) -> tuple[float, ...]:
    between = header.number("SpacingBetweenSlices") or header.number("SliceThickness")
    in_plane = pixel_spacing(header)
    return (abs(between), *in_plane) if between else in_plane


def _values(files: Sequence[DicomFile]) -> tuple[float, float, float]:
    """Total, minimum and maximum of the rescaled values."""
    total, low, high = 0.0, np.inf, -np.inf
    if is_multi_frame(files[0]) and not is_enhanced(files[0]):
        planes = [(files[0].header, stored_values(files[0]))]
    else:
        planes = [(part.header, part.stored()) for part in _slices(files)]
    for header, stored in planes:
        slope, intercept = rescale(header) or (1.0, 0.0)
        total += slope * float(stored.sum(dtype=np.float64)) + intercept * stored.size
        low, high = (
            min(low, slope * float(stored.min()) + intercept),
            max(high, slope * float(stored.max()) + intercept),
        )
    return total, low, high
