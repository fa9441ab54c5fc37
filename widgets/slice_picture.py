"""Pictures of one slice: an image layer sampled on a plane of the declared grid and turned into pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtGui import QImage

from dosimetry_core.anatomical_plane import PlaneAxes
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.units import GRAY, KILOBECQUEREL_PER_ML, DisplayUnit
from dosimetry_core.volume import Quantity, Volume
from widgets.display_scale import ColourScale, WindowLevel, grey_levels, map_positions, pixel_table

HOUNSFIELD = DisplayUnit("HU", 1.0, 0)
COUNTS = DisplayUnit("counts", 1.0, 0)
_UNITS: dict[Quantity, DisplayUnit] = {
    "ct_number_hu": HOUNSFIELD,
    "counts": COUNTS,
    "counts_per_s": DisplayUnit("counts/s", 1.0, 2),
    "activity_concentration_bq_per_ml": KILOBECQUEREL_PER_ML,
    "absorbed_dose_gy": GRAY,
}
# Voxels are sampled at least this finely, so that the screen's own smoothing between samples is not seen.
_SAMPLES_PER_VOXEL = 1.5
_SAME_AXES = 1e-6


@dataclass(frozen=True, eq=False)
class Layer:
    """An image and where it lies.

    Parameters
    ----------
    volume
        Values on their own grid.
    from_reference
        Maps points of the reference frame to points of the image (the transform of a `Registration`).
    unit
        Unit for people; None takes the usual one of the quantity.
    """

    volume: Volume
    from_reference: RigidTransform = field(default_factory=RigidTransform.identity)
    unit: DisplayUnit | None = None

    @property
    def display_unit(self) -> DisplayUnit:
        """The unit that values are shown in."""
        return self.unit or _UNITS.get(self.volume.quantity, DisplayUnit("", 1.0, 2))


def value_at(layer: Layer, point_mm: ArrayLike) -> float | None:
    """Trilinear image value at a point of the reference frame; None outside the image."""
    geometry = layer.volume.geometry
    index = geometry.point_to_index(layer.from_reference.apply(point_mm))
    last = np.array(geometry.shape) - 1
    if np.any(index < -0.5) or np.any(index > last + 0.5):
        return None
    index = np.clip(index, 0, last)
    low = np.minimum(np.floor(index).astype(int), np.maximum(last - 1, 0))
    part = index - low
    result = 0.0
    for corner in np.ndindex(2, 2, 2):
        weight = float(np.prod(np.where(corner, part, 1 - part)))
        if weight > 0:
            result += weight * float(layer.volume.values[tuple(np.minimum(low + corner, last))])
    return result


def plane_values(layer: Layer, axes: PlaneAxes, slice_index: int, *, least_step_mm: float = 0.0) -> NDArray[Any]:
    """Values of a layer on a slice, as rows and columns of its picture.

    A layer on the declared grid itself is not resampled. Otherwise trilinear, at steps of two thirds of the layer's
    voxel along each side of the picture (never below ``least_step_mm``); NaN outside the image.
    """
    geometry = layer.volume.geometry
    move = np.eye(4)
    move[:3, :3] = layer.from_reference.rotation
    move[:3, 3] = layer.from_reference.translation_mm
    if geometry is axes.geometry and np.abs(move - np.eye(4)).max() < _SAME_AXES:
        return axes.picture(layer.volume.values, slice_index)
    # (v, u, 1) in mm → reference index → reference point → image index
    matrix = (
        np.linalg.inv(geometry.index_to_point_matrix)
        @ move
        @ axes.geometry.index_to_point_matrix
        @ axes.picture_to_index_matrix(slice_index)
    )[:3]
    width, height = axes.size_mm
    voxels_per_mm = np.abs(matrix[:, :2]).max(axis=0)
    steps = np.maximum(1 / (_SAMPLES_PER_VOXEL * voxels_per_mm), least_step_mm)
    rows, columns = max(1, round(height / steps[0])), max(1, round(width / steps[1]))
    to_mm = np.array([[height / rows, 0, 0.5 * height / rows], [0, width / columns, 0.5 * width / columns], [0, 0, 1]])
    return _trilinear(layer.volume.values, matrix @ to_mm, rows, columns)


def _trilinear(values: NDArray[Any], matrix: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.float32]:
    """Values at indices ``matrix @ (row, column, 1)``; NaN more than half a voxel outside.

    VTK's image filters need no graphics; they take a fifth of the time of the same in NumPy, and use all cores.
    """
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.util.vtkConstants import VTK_FLOAT
    from vtkmodules.vtkCommonMath import vtkMatrix4x4
    from vtkmodules.vtkImagingCore import vtkImageReslice

    from widgets.voi_surface import image_data

    image = image_data(values)
    reslice = vtkImageReslice()
    reslice.SetInputData(image)
    reslice.SetOutputDimensionality(2)
    reslice.SetInterpolationModeToLinear()
    # Half a voxel beyond the outermost centres still belongs to the image.
    reslice.BorderOn()
    reslice.SetBackgroundLevel(float("nan"))
    reslice.SetOutputScalarType(VTK_FLOAT)
    axes = vtkMatrix4x4()
    # VTK counts (column, row, slice); a picture's first direction is its column.
    for place, axis in enumerate((2, 1, 0)):
        axes.SetElement(place, 0, float(matrix[axis, 1]))
        axes.SetElement(place, 1, float(matrix[axis, 0]))
        axes.SetElement(place, 3, float(matrix[axis, 2]))
    normal = np.cross(matrix[::-1, 1], matrix[::-1, 0])
    for place in range(3):
        axes.SetElement(place, 2, float(normal[place]))
    reslice.SetResliceAxes(axes)
    reslice.SetOutputSpacing(1, 1, 1)
    reslice.SetOutputOrigin(0, 0, 0)
    reslice.SetOutputExtent(0, columns - 1, 0, rows - 1, 0, 0)
    reslice.Update()
    scalars = reslice.GetOutput().GetPointData().GetScalars()
    result: NDArray[np.float32] = vtk_to_numpy(scalars).reshape(rows, columns)  # type: ignore[no-untyped-call]
    return result


def ct_image(values_hu: NDArray[Any], window: WindowLevel) -> QImage:
    """Grey picture of CT numbers, shape (row, column)."""
    levels = grey_levels(values_hu, window)
    height, width = levels.shape
    image = QImage(levels.data, width, height, width, QImage.Format.Format_Grayscale8)
    return image.copy()


def overlay_image(values: NDArray[Any], scale: ColourScale, *, opacity: float, rising: bool) -> QImage:
    """Coloured picture of an overlay, transparent outside its image (NaN), shape (row, column)."""
    outside = np.isnan(values)
    table = pixel_table(scale.colour_map, opacity, rising)
    pixels = table[map_positions(np.where(outside, np.float32(scale.lower), values), scale)]
    pixels[outside] = 0
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied)
    return image.copy()
