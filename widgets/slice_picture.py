"""Pictures of one slice: an image layer sampled on a plane of the declared grid and turned into pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from dosimetry_core.anatomical_plane import PlaneAxes
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.units import GRAY, KILOBECQUEREL_PER_ML, DisplayUnit
from dosimetry_core.volume import Quantity, Volume
from widgets.display_scale import ColourScale, WindowLevel, grey_pixels, map_positions, pixel_table

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
# An image whose voxels lie within this of those of the declared grid lies on it.
_SAME_PLACE_VOXELS = 1e-3
# A hundredth of a voxel over the whole picture can't be seen.
_STRAIGHT_VOXELS = 0.01


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
    values = layer.volume.values
    index = layer.volume.geometry.point_to_index(layer.from_reference.apply(point_mm)).tolist()
    if any(not -0.5 <= i <= n - 0.5 for i, n in zip(index, values.shape, strict=True)):
        return None
    # Beyond the outermost centres their values are repeated.
    ways = []
    for i, n in zip(index, values.shape, strict=True):
        held = min(max(i, 0.0), n - 1.0)
        low = int(held)
        ways.append([(low, 1.0 - (held - low)), (min(low + 1, n - 1), held - low)])
    result = 0.0
    for (k, a), (j, b), (i, c) in product(*ways):
        if a * b * c > 0:
            result += a * b * c * float(values[k, j, i])
    return result


def plane_values(layer: Layer, axes: PlaneAxes, slice_index: int, *, least_step_mm: float = 0.0) -> NDArray[Any]:
    """Values of a layer on one slice; see `PlaneSampling`."""
    return PlaneSampling.of(layer, axes, least_step_mm=least_step_mm).values(slice_index)


@dataclass(frozen=True, eq=False)
class PlaneSampling:
    """How a layer is sampled on the slices of a plane, as rows and columns of its picture.

    A layer on the declared grid itself is not resampled. Otherwise trilinear, at steps of two thirds of the layer's
    voxel along each side of the picture (never below ``least_step_mm``); NaN outside the image.

    Parameters
    ----------
    layer, axes
        What is sampled, and where.
    rows, columns
        Numbers of samples.
    to_index
        Shape (3, 3): (row, column, 1) on slice 0 to the image's index.
    next_slice
        Change of the image's index from one slice to the next.
    on_grid
        Whether the layer lies on the declared grid.
    """

    layer: Layer
    axes: PlaneAxes
    rows: int
    columns: int
    to_index: NDArray[np.float64]
    next_slice: NDArray[np.float64]
    on_grid: bool

    @staticmethod
    def of(layer: Layer, axes: PlaneAxes, *, least_step_mm: float = 0.0) -> PlaneSampling:
        """Sampling of a layer on the slices of a plane."""
        move = np.eye(4)
        move[:3, :3] = layer.from_reference.rotation
        move[:3, 3] = layer.from_reference.translation_mm
        geometry = layer.volume.geometry
        # reference index → reference point → image index
        to_image = np.linalg.inv(geometry.index_to_point_matrix) @ move @ axes.geometry.index_to_point_matrix
        matrix = (to_image @ axes.picture_to_index_matrix(0))[:3]
        width, height = axes.size_mm
        voxels_per_mm = np.abs(matrix[:, :2]).max(axis=0)
        steps = np.maximum(1 / (_SAMPLES_PER_VOXEL * voxels_per_mm), least_step_mm)
        rows, columns = max(1, round(height / steps[0])), max(1, round(width / steps[1]))
        to_mm = np.array(
            [[height / rows, 0, 0.5 * height / rows], [0, width / columns, 0.5 * width / columns], [0, 0, 1]]
        )
        astray = np.abs(to_image - np.eye(4)) * (*geometry.shape, 1)
        on_grid = geometry.shape == axes.geometry.shape and bool(astray.max() < _SAME_PLACE_VOXELS)
        return PlaneSampling(layer, axes, rows, columns, matrix @ to_mm, to_image[:3, axes.normal], on_grid)

    def values(self, slice_index: int) -> NDArray[Any]:
        """Values on a slice."""
        if self.on_grid:
            return self.axes.picture(self.layer.volume.values, slice_index)
        matrix = self.to_index.copy()
        matrix[:, 2] += slice_index * self.next_slice
        if self._straight is not None:
            return self._along_axes(matrix, *self._straight)
        return _trilinear(self.layer.volume.values, matrix, self.rows, self.columns)

    @cached_property
    def _straight(self) -> tuple[int, _Between, _Between] | None:
        """Image axis across the slices, and the voxels between which its rows and columns lie; None where turned.

        Turned is what leaves an axis by more than `_STRAIGHT_VOXELS` anywhere.
        """
        matrix = self.to_index
        extent = np.abs(np.column_stack([matrix[:, :2], self.next_slice]))
        extent *= (self.rows, self.columns, self.axes.slice_count)
        down, right, across = (int(axis) for axis in extent.argmax(axis=0))
        extent[(down, right, across), (0, 1, 2)] = 0.0
        if {down, right, across} != {0, 1, 2} or extent.max() > _STRAIGHT_VOXELS:
            return None
        shape = self.layer.volume.geometry.shape
        rows = matrix[down, 0] * np.arange(self.rows) + matrix[down, 2]
        columns = matrix[right, 1] * np.arange(self.columns) + matrix[right, 2]
        return across, _Between.of(rows, shape[down]), _Between.of(columns, shape[right])

    def _along_axes(
        self, matrix: NDArray[np.float64], across: int, rows: _Between, columns: _Between
    ) -> NDArray[np.float32]:
        """What `_trilinear` gives for slices along the image's axes: one axis after the other, far sooner."""
        values = self.layer.volume.values
        place = _Between.of(matrix[across : across + 1, 2], values.shape[across])
        if not place.inside[0]:
            return np.full((self.rows, self.columns), np.nan, np.float32)
        plane, ahead = (np.take(values, n[0], axis=across).astype(np.float32) for n in (place.low, place.high))
        plane += place.part[0] * (ahead - plane)
        if np.abs(matrix[:, 0]).argmax() > np.abs(matrix[:, 1]).argmax():
            plane = plane.T
        along = plane[rows.low]
        along += (plane[rows.high] - along) * rows.part[:, None]
        sampled: NDArray[np.float32] = along.take(columns.low, axis=1)
        sampled += (along.take(columns.high, axis=1) - sampled) * columns.part
        sampled[~rows.inside] = np.nan
        sampled[:, ~columns.inside] = np.nan
        return sampled


@dataclass(frozen=True, eq=False)
class _Between:
    """Voxels next to fractional indices along one axis, the part of the way between them, and what is inside."""

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    part: NDArray[np.float32]
    inside: NDArray[np.bool_]

    @staticmethod
    def of(index: NDArray[np.float64], size: int) -> _Between:
        """Half a voxel beyond the outermost centres still belongs to the image and repeats their values."""
        held = np.clip(index, 0, size - 1)
        low = np.floor(held).astype(np.intp)
        inside = (index >= -0.5) & (index <= size - 0.5)
        return _Between(low, np.minimum(low + 1, size - 1), (held - low).astype(np.float32), inside)


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


def paint_ct(painter: QPainter, target: QRectF, values_hu: NDArray[Any], window: WindowLevel) -> None:
    """Draw CT numbers, shape (row, column), as greys into a rectangle."""
    # Four bytes a pixel: Qt scales these about twice as fast as single bytes.
    pixels = grey_pixels(values_hu, window)
    height, width = pixels.shape
    painter.drawImage(target, QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32))


def overlay_image(values: NDArray[Any], scale: ColourScale, *, opacity: float, rising: bool) -> QImage:
    """Coloured picture of an overlay, transparent outside its image (NaN), shape (row, column)."""
    return pixel_image(overlay_pixels(values, scale, opacity=opacity, rising=rising))


def overlay_pixels(values: NDArray[Any], scale: ColourScale, *, opacity: float, rising: bool) -> NDArray[np.uint32]:
    """Pre-multiplied ARGB pixels of an overlay, 0 outside its image (NaN), shape (row, column)."""
    outside = np.isnan(values)
    table = pixel_table(scale.colour_map, opacity, rising)
    pixels: NDArray[np.uint32] = table.take(map_positions(np.where(outside, np.float32(scale.lower), values), scale))
    pixels[outside] = 0
    return pixels


def pixel_image(pixels: NDArray[np.uint32]) -> QImage:
    """Picture of pre-multiplied ARGB pixels, with a memory of its own."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape
    return QImage(pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied).copy()
