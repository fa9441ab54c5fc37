"""From image positions to a grid: sorted by projection on the normal; anything uneven is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.dicom.header import Header, element_name
from dosimetry_core.errors import DicomReadError
from dosimetry_core.geometry import FloatArray, VolumeGeometry

# Direction cosines and positions are written with a few decimals; these are the roundings that still mean "equal".
_COSINE_TOLERANCE = 1e-3
_IN_PLANE_TOLERANCE_MM = 0.1
_EVEN_SPACING_TOLERANCE = 0.02
_SAME_PLANE_MM = 0.01
_SAME_LENGTH = 1e-4
# No voxel is larger than a metre, and no scanner's room larger than a kilometre.
_LARGEST_VOXEL_MM, _FARTHEST_MM = 1e3, 1e6
# Within this cosine of the patient's long axis slices count as axial.
_AXIAL_COSINE = 0.9
_WITH_GEOMETRY = "export it with its geometry"
_OR_SAY_WHERE = ", or, if it is a SPECT in one file, say image_position_mm under [cycle.calibration]"


@dataclass(frozen=True, eq=False)
class Plane:
    """Where one image plane is.

    Parameters
    ----------
    position_mm
        Centre of the first pixel, (x, y, z).
    row_direction, column_direction
        Unit vectors along which the column index and the row index grow (DICOM's row and column cosines).
    pixel_spacing_mm
        Distance between rows, and between columns.
    """

    position_mm: FloatArray
    row_direction: FloatArray
    column_direction: FloatArray
    pixel_spacing_mm: tuple[float, float]
    where: str

    @property
    def normal(self) -> FloatArray:
        """Unit vector row direction × column direction."""
        normal: FloatArray = np.cross(self.row_direction, self.column_direction)
        return normal


def _oriented(header: Header, cosines: NDArray[np.float64]) -> tuple[FloatArray, FloatArray]:
    row, column = cosines[:3], cosines[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if max(abs(length - 1) for length in lengths) > _COSINE_TOLERANCE or abs(row @ column) > _COSINE_TOLERANCE:
        raise header.error(
            f"{element_name('ImageOrientationPatient')} is not two perpendicular unit vectors", rule="axes-skewed"
        )
    # Removes the rounding of the printed cosines only.
    row = row / lengths[0]
    column = column - (column @ row) * row
    return row, column / np.linalg.norm(column)


def is_axial(cosines: NDArray[np.float64]) -> bool:
    """Whether a plane with these row and column cosines (6,) is across the patient's long axis."""
    return abs(float(cosines[0] * cosines[4] - cosines[1] * cosines[3])) > _AXIAL_COSINE


def pixel_spacing(header: Header) -> tuple[float, float]:
    """Distances between rows and between columns in mm."""
    spacing = header.vector("PixelSpacing", 2)
    if spacing is None:
        raise header.missing("PixelSpacing", _WITH_GEOMETRY, rule="pixel-spacing-missing")
    if min(spacing) <= 0:
        what = f"{element_name('PixelSpacing')} is {spacing[0]:g} × {spacing[1]:g} mm"
        raise header.error(what, rule="pixel-spacing-not-positive")
    require_length(header, "PixelSpacing", max(spacing), _LARGEST_VOXEL_MM)
    return float(spacing[0]), float(spacing[1])


def require_length(header: Header, keyword: str, length_mm: float, largest_mm: float = _LARGEST_VOXEL_MM) -> None:
    """Refuse a length that no scanner has: sums and products with it are no places any more.

    Raises
    ------
    DicomReadError
        If it is larger than ``largest_mm``.
    """
    if abs(length_mm) > largest_mm:
        raise header.error(f"{element_name(keyword)} holds {length_mm:g} mm", rule="length-implausible")


def is_placed(header: Header) -> bool:
    """Whether the file says where the image lies."""
    return any(source.has("ImagePositionPatient") for source in _places(header))


def _places(header: Header) -> list[Header]:
    return [header, *header.items("DetectorInformationSequence")]


def placement(header: Header, stated_mm: Sequence[float] | None = None) -> tuple[FloatArray, FloatArray]:
    """Position (3,) and orientation cosines (6,), from the top level or from the detector information of NM images.

    Parameters
    ----------
    stated_mm
        Position by the user's word, followed only where the file doesn't say it.

    Raises
    ------
    DicomReadError
        If either is missing, or both places contradict each other.
    """
    sources = _places(header)
    if stated_mm is not None and not is_placed(header):
        position: FloatArray = np.array(stated_mm, np.float64)
    else:
        position = _said_alike(header, "ImagePositionPatient", 3, sources, _SAME_PLANE_MM, "image-position-missing")
    require_length(header, "ImagePositionPatient", float(np.abs(position).max()), _FARTHEST_MM)
    cosines = _said_alike(header, "ImageOrientationPatient", 6, sources, _COSINE_TOLERANCE, "image-orientation-missing")
    return position, cosines


def _said_alike(
    header: Header, keyword: str, count: int, sources: list[Header], tolerance: float, rule: str
) -> NDArray[np.float64]:
    """What every place says that says anything."""
    said = [numbers for numbers in (source.vector(keyword, count) for source in sources) if numbers is not None]
    if not said:
        remedy = _WITH_GEOMETRY + (_OR_SAY_WHERE if keyword == "ImagePositionPatient" else "")
        raise header.missing(keyword, remedy, rule=rule)
    for numbers in said[1:]:
        if np.abs(numbers - said[0]).max() > tolerance:
            what = "its header and its detector information place the image differently"
            raise header.error(what, rule="placed-twice")
    return said[0]


def image_plane(header: Header, stated_mm: Sequence[float] | None = None) -> Plane:
    """Plane of a single-frame image, or of the first frame of a multi-frame one."""
    position, cosines = placement(header, stated_mm)
    row, column = _oriented(header, cosines)
    return Plane(position, row, column, pixel_spacing(header), header.where)


def stacked_geometry(plane: Plane, slices: int, rows: int, columns: int, step_mm: float) -> tuple[VolumeGeometry, bool]:
    """Grid of frames stacked from a first plane along its normal, or against it where the step is negative.

    Returns the grid, whose slices ascend along the normal, and whether the frames must be reversed to fit it.
    """
    reverse = step_mm < 0
    origin = plane.position_mm + (slices - 1) * step_mm * plane.normal if reverse else plane.position_mm
    return _geometry(plane, origin, (slices, rows, columns), abs(step_mm)), reverse


def _geometry(plane: Plane, origin: FloatArray, shape: tuple[int, int, int], step_mm: float) -> VolumeGeometry:
    directions = np.stack([plane.normal, plane.column_direction, plane.row_direction], axis=1)
    return VolumeGeometry(shape, origin, (step_mm, *plane.pixel_spacing_mm), directions)


def sorted_geometry(planes: list[Plane], rows: int, columns: int, *, where: str) -> tuple[VolumeGeometry, list[int]]:
    """Grid of separate slices, and the order that sorts them along the normal.

    Parameters
    ----------
    where
        Series that errors name.

    Raises
    ------
    DicomReadError
        If there is only one slice; if slices differ in orientation or pixel size, lie twice at one place, are
        missing, unevenly spaced, or shifted in their plane (gantry tilt).
    """

    def error(
        rule: str, what: str, remedy: str = "export the complete series again", place: str = ""
    ) -> DicomReadError:
        return DicomReadError(what, where=f"{where} ({place})" if place else where, remedy=remedy, rule=rule)

    first = planes[0]
    if len(planes) < 2:
        raise error("single-slice", "a single slice is no volume")
    axes = np.array([(*plane.row_direction, *plane.column_direction) for plane in planes])
    for odd in np.flatnonzero(np.abs(axes - axes[0]).max(axis=1) > _COSINE_TOLERANCE):
        raise error(
            "slices-oriented-differently", "slices of one series are oriented differently", place=planes[odd].where
        )
    sizes = np.array([plane.pixel_spacing_mm for plane in planes])
    for odd in np.flatnonzero(np.abs(sizes / sizes[0] - 1).max(axis=1) > _SAME_LENGTH):
        raise error("pixel-sizes-differ", "slices of one series have different pixel sizes", place=planes[odd].where)
    positions = np.array([plane.position_mm for plane in planes])
    heights = positions @ first.normal
    order = np.argsort(heights, kind="stable")
    gaps = np.diff(heights[order])
    for twice in np.flatnonzero(gaps < _SAME_PLANE_MM):
        pair = planes[order[twice]].where, planes[order[twice + 1]].where
        what = f"two slices lie at the same place: {pair[0]} and {pair[1]}"
        raise error("slices-at-one-place", what, "keep one of them")
    shift = (positions - positions[order[0]]) - np.outer(heights - heights[order[0]], first.normal)
    if np.linalg.norm(shift, axis=1).max() > _IN_PLANE_TOLERANCE_MM:
        shear = (shift[order[-1]] - shift[order[0]]) / len(gaps)
        if np.linalg.norm(np.diff(shift[order], axis=0) - shear, axis=1).max() < _IN_PLANE_TOLERANCE_MM:
            what = "slices are sheared against each other (gantry tilt)"
            raise error("gantry-tilt", what, "reconstruct or resample it without gantry tilt")
        raise error("slices-shifted", "slices are shifted against each other in their plane")
    step = float(np.median(gaps))
    uneven = np.flatnonzero(np.abs(gaps - step) > _EVEN_SPACING_TOLERANCE * step)
    if len(uneven):
        number = int(uneven[0])
        below, above = heights[order[number]], heights[order[number + 1]]
        missed = gaps[number] / step
        if missed > 1.5 and abs(missed - round(missed)) < 2 * _EVEN_SPACING_TOLERANCE * round(missed):
            raise error(
                "slice-missing",
                f"{round(missed) - 1} slice(s) missing between {below:.2f} and {above:.2f} mm along the slice axis",
            )
        raise error(
            "slices-uneven",
            f"slices are unevenly spaced: {gaps[number]:.3f} mm between {below:.2f} and {above:.2f} mm, otherwise "
            f"{step:.3f} mm",
        )
    mean_step = float((heights[order[-1]] - heights[order[0]]) / len(gaps))
    return _geometry(first, positions[order[0]], (len(planes), rows, columns), mean_step), [int(i) for i in order]
