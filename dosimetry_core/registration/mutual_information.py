"""Rigid alignment of SPECT images by mutual information (SimpleITK)."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from dosimetry_core.geometry import FloatArray, RigidTransform
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.volume import Volume

# The library carries no types.
sitk: Any = importlib.import_module("SimpleITK")

_WORK_UNITS = 4  # fixed, so that sums are split alike on every computer
_LEVEL_SHRINK = (4, 2, 1)
_LEVEL_SAMPLED_SHARE = (1.0, 0.5, 0.1)
_LEVEL_ITERATIONS = (100, 60, 40)
_LEVEL_FIRST_STEP_MM = (4.0, 2.0, 0.5)
_LEVEL_SMOOTHING_MM = (12.0, 8.0, 4.0)
_START_SHIFTS_MM = (-40.0, 0.0, 40.0)
_BODY_SHARE = 0.02
_SEEN_SHARE = 0.002
_MARGIN_MM = 20.0
# Of the voxel's side: what repeated registrations have in common. On torsos and virtual patients with changed uptake
# and noise the truth then lies within twice the stated residual in at least 95 %.
_SHARED_VOXEL_SHARE = 0.08


def register_by_mutual_information(
    reference: Volume, moving: Volume, *, seed: int = 0, progress: Progress = no_progress
) -> tuple[RigidTransform, float, float, float]:
    """Transform, residual in mm, overlap share and correlation of aligned square roots.

    The residual is the root mean square scatter, over the voxels with uptake, of three registrations: two from the
    reference to the moving image with different smoothing and sample points, and one the other way round, which sees
    changed uptake with other eyes. What all three share is not seen by that, so a share of the voxel is added.
    """
    progress(0.0, "Aligning SPECT")
    fixed, other = _image(_around_uptake(reference)), _image(moving)
    coarse = _coarsely_registered(fixed, other, seed)
    progress(0.4, "Aligning SPECT")
    first = _finely_registered(fixed, other, coarse, seed + 1, levels=(1, 2))
    progress(0.6, "Aligning SPECT")
    second = _finely_registered(fixed, other, coarse, seed + 2, levels=(1,))
    progress(0.75, "Aligning SPECT")
    there, back = _image(_around_uptake(moving)), _image(reference)
    third = _finely_registered(there, back, _euler(first.inverse()), seed + 3, levels=(1, 2)).inverse()
    progress(0.9, "Judging the alignment")
    values = np.sqrt(np.clip(reference.values.astype(np.float64), 0, None))
    index = np.argwhere(values > math.sqrt(_BODY_SHARE) * values.max())
    points = reference.geometry.index_to_point(index)
    placed = np.stack([found.apply(points) for found in (first, second, third)])
    scatter = ((placed - placed.mean(axis=0)) ** 2).sum(axis=2).sum(axis=0) / (len(placed) - 1)
    shared_mm = _SHARED_VOXEL_SHARE * float(np.prod(moving.geometry.spacing_mm) ** (1 / 3))
    residual = math.sqrt(float(scatter.mean()) + shared_mm**2)
    moved_index = np.rint(moving.geometry.point_to_index(first.apply(points))).astype(int)
    inside = np.all((moved_index >= 0) & (moved_index < moving.geometry.shape), axis=1)
    moved = np.sqrt(np.clip(moving.values[tuple(moved_index[inside].T)].astype(np.float64), 0, None))
    own = values[tuple(index[inside].T)]
    varied = inside.sum() > 1 and np.ptp(moved) > 0 and np.ptp(own) > 0
    agreement = float(np.corrcoef(own, moved)[0, 1]) if varied else 0.0
    progress(1.0, "Aligned")
    return first, residual, float(inside.mean()), agreement


def _image(volume: Volume) -> Any:
    # Square roots even out a scale that spans from blood to a hot lesion.
    image = sitk.GetImageFromArray(np.sqrt(np.clip(volume.values, 0, None)).astype(np.float32))
    slice_mm, row_mm, column_mm = volume.geometry.spacing_mm
    image.SetSpacing((column_mm, row_mm, slice_mm))
    image.SetOrigin(tuple(float(x) for x in volume.geometry.origin_mm))
    image.SetDirection(tuple(float(x) for x in volume.geometry.directions[:, ::-1].ravel()))
    return image


def _around_uptake(volume: Volume) -> Volume:
    """The image cropped to where anything is seen, with a margin; sample points in air say nothing."""
    seen = volume.values > _SEEN_SHARE * volume.values.max()
    box = []
    for axis, spacing in enumerate(volume.geometry.spacing_mm):
        used = np.flatnonzero(seen.any(axis=tuple(a for a in range(3) if a != axis)))
        margin = round(_MARGIN_MM / spacing)
        box.append(slice(max(0, int(used[0]) - margin), min(volume.values.shape[axis], int(used[-1]) + 1 + margin)))
    values = volume.values[box[0], box[1], box[2]]
    grid = volume.geometry.cropped((box[0].start, box[1].start, box[2].start), values.shape)
    return Volume(values, grid, volume.quantity)


def _coarsely_registered(fixed: Any, moving: Any, seed: int) -> Any:
    start = sitk.Euler3DTransform(
        sitk.CenteredTransformInitializer(
            fixed, moving, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.MOMENTS
        )
    )
    best, best_value = start, math.inf
    base = np.array(start.GetTranslation())
    for shift in _START_SHIFTS_MM:
        candidate = sitk.Euler3DTransform(start)
        candidate.SetTranslation(tuple(float(x) for x in base + np.array([0.0, 0.0, shift])))
        end, value = _optimised(fixed, moving, candidate, seed, level=0)
        if value < best_value:
            best, best_value = end, value
    return best


def _finely_registered(fixed: Any, moving: Any, start: Any, seed: int, *, levels: tuple[int, ...]) -> RigidTransform:
    end = start
    for level in levels:
        end, _ = _optimised(fixed, moving, end, seed, level=level)
    matrix = np.array(end.GetMatrix()).reshape(3, 3)
    centre = np.array(end.GetCenter())
    translation: FloatArray = np.array(end.GetTranslation()) + centre - matrix @ centre
    return RigidTransform(matrix, translation)


def _euler(transform: RigidTransform) -> Any:
    start = sitk.Euler3DTransform()
    start.SetMatrix(tuple(float(x) for x in transform.rotation.ravel()), 1e-6)
    start.SetTranslation(tuple(float(x) for x in transform.translation_mm))
    return start


def _optimised(fixed: Any, moving: Any, start: Any, seed: int, *, level: int) -> tuple[Any, float]:
    transform = sitk.Euler3DTransform(start)
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(_WORK_UNITS)
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(_LEVEL_SAMPLED_SHARE[level], seed + 1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetShrinkFactorsPerLevel([_LEVEL_SHRINK[level]])
    method.SetSmoothingSigmasPerLevel([_LEVEL_SMOOTHING_MM[level]])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetOptimizerAsRegularStepGradientDescent(
        _LEVEL_FIRST_STEP_MM[level],
        0.005,
        _LEVEL_ITERATIONS[level],
        relaxationFactor=0.5,
        gradientMagnitudeTolerance=1e-6,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(fixed, moving)
    return transform, float(method.GetMetricValue())
