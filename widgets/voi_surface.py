"""VTK data from values: surface of a VOI, volume of an image, without copying where possible."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkCommonTransforms import vtkTransform
from vtkmodules.vtkFiltersCore import (
    vtkFlyingEdges3D,
    vtkPolyDataNormals,
    vtkWindowedSincPolyDataFilter,
)
from vtkmodules.vtkFiltersGeneral import vtkTransformFilter

from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, VoiMask

_SMOOTHING_PASSES = 18
_PASS_BAND = 0.06
# Larger masks are thinned to about this many voxels; a surface needs no more.
_MOST_VOXELS = 500_000
_BORDER = 2
_BLUR_VOXELS = 0.6
# While a picture turns: a processor that draws in place of a graphics card takes as long as there are triangles.
_MOST_VOXELS_AT_HAND = 20_000


def image_data(values: NDArray[np.generic]) -> vtkImageData:
    """VTK image with axes (column, row, slice) and unit spacing; shares the memory of contiguous values.

    The array must live as long as the image; VTK keeps a reference to it.
    """
    image = vtkImageData()
    image.SetDimensions(*values.shape[::-1])
    array = numpy_to_vtk(np.ascontiguousarray(values).reshape(-1), deep=False)  # type: ignore[no-untyped-call]
    image.GetPointData().SetScalars(array)
    return image


def index_to_patient(geometry: VolumeGeometry) -> vtkMatrix4x4:
    """Matrix from VTK (column, row, slice) indices to patient points."""
    matrix = vtkMatrix4x4()
    values = geometry.index_to_point_matrix[:, [2, 1, 0, 3]]
    for row in range(4):
        for column in range(4):
            matrix.SetElement(row, column, float(values[row, column]))
    return matrix


def surface(mask: VoiMask, *, at_hand: bool = False) -> vtkPolyData:
    """Smoothed surface of a VOI at half coverage in patient coordinates; empty for an empty mask.

    ``at_hand``: of far fewer triangles if the VOI is large, for pictures that follow a hand.
    """
    if mask.is_empty:
        return vtkPolyData()
    spacing = np.array(mask.geometry.spacing_mm)
    most = _MOST_VOXELS_AT_HAND if at_hand else _MOST_VOXELS
    edge_mm = max((mask.coverage.size / most * float(np.prod(spacing))) ** (1 / 3), float(spacing.min()))
    steps = np.maximum(1, np.rint(edge_mm / spacing)).astype(int)
    coverage = mask.coverage[:: steps[0], :: steps[1], :: steps[2]]
    padded = np.pad(coverage, _BORDER).astype(np.float32)
    # Drawn slices are steps; a blur of half a voxel turns them into a surface.
    blur = _BLUR_VOXELS * float((spacing * steps).max()) / (spacing * steps)
    padded = ndimage.gaussian_filter(padded, blur)
    edges = vtkFlyingEdges3D()
    edges.SetInputData(image_data(padded))
    edges.SetValue(0, FULL_COVERAGE / 2)
    edges.ComputeNormalsOff()
    edges.ComputeScalarsOff()
    origin = mask.geometry.index_to_point(np.array(mask.start) - _BORDER * steps)
    a_mm, b_mm, c_mm = (float(length) for length in spacing * steps)
    box = VolumeGeometry(padded.shape, origin, (a_mm, b_mm, c_mm), mask.geometry.directions)
    transform = vtkTransform()
    transform.SetMatrix(index_to_patient(box))
    placed = vtkTransformFilter()
    placed.SetInputConnection(edges.GetOutputPort())
    placed.SetTransform(transform)
    smooth = vtkWindowedSincPolyDataFilter()
    smooth.SetInputConnection(placed.GetOutputPort())
    smooth.SetNumberOfIterations(_SMOOTHING_PASSES)
    smooth.SetPassBand(_PASS_BAND)
    smooth.NormalizeCoordinatesOn()
    smooth.BoundarySmoothingOff()
    normals = vtkPolyDataNormals()
    normals.SetInputConnection(smooth.GetOutputPort())
    normals.SplittingOff()
    normals.AutoOrientNormalsOn()
    normals.Update()
    result: vtkPolyData = normals.GetOutput()
    return result
