"""VTK data from values: surface of a VOI, volume of an image, without copying where possible."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkCommonTransforms import vtkTransform
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D, vtkPolyDataNormals, vtkWindowedSincPolyDataFilter
from vtkmodules.vtkFiltersGeneral import vtkTransformPolyDataFilter

from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, VoiMask

_SMOOTHING_PASSES = 18
_PASS_BAND = 0.06
# Larger masks are thinned to about this many voxels; a surface needs no more.
_MOST_VOXELS = 500_000


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


def surface(mask: VoiMask) -> vtkPolyData:
    """Smoothed surface of a VOI at half coverage in patient coordinates; empty for an empty mask."""
    if mask.is_empty:
        return vtkPolyData()
    step = max(1, round((mask.coverage.size / _MOST_VOXELS) ** (1 / 3)))
    coverage = mask.coverage[::step, ::step, ::step]
    padded = np.pad(coverage, 1)
    edges = vtkFlyingEdges3D()
    edges.SetInputData(image_data(padded))
    edges.SetValue(0, FULL_COVERAGE / 2)
    edges.ComputeNormalsOff()
    edges.ComputeScalarsOff()
    start = np.array(mask.start) - step
    spacing = tuple(s * step for s in mask.geometry.spacing_mm)
    origin = mask.geometry.index_to_point(start)
    box = VolumeGeometry(padded.shape, origin, (spacing[0], spacing[1], spacing[2]), mask.geometry.directions)
    transform = vtkTransform()
    transform.SetMatrix(index_to_patient(box))
    placed = vtkTransformPolyDataFilter()
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
