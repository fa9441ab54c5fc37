"""What CT registration is measured against: SimpleITK's Mattes mutual information as its guide has it."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import ImageSeries

sitk: Any = importlib.import_module("SimpleITK")

HISTOGRAM_BINS = 50
SAMPLED_SHARE = 0.2
SHRINK_OF_LEVELS = (4, 2, 1)
SMOOTHING_OF_LEVELS_MM = (2.0, 1.0, 0.0)
LARGEST_STEP, SMALLEST_STEP, ITERATIONS = 1.0, 1e-4, 200


def _image(series: ImageSeries) -> Any:
    grid = series.volume.geometry
    image = sitk.GetImageFromArray(np.asarray(series.volume.values, dtype=np.float32))
    image.SetSpacing(tuple(reversed(grid.spacing_mm)))
    image.SetOrigin(tuple(float(x) for x in grid.origin_mm))
    image.SetDirection(tuple(float(x) for x in grid.directions[:, ::-1].ravel()))
    return image


def mattes_rigid_ct(reference: ImageSeries, moving: ImageSeries, *, seed: int = 1, threads: int = 2) -> RigidTransform:
    """Rigid motion by Mattes mutual information: three levels, 20 % random sampling, regular step descent."""
    fixed, other = _image(reference), _image(moving)
    start = sitk.CenteredTransformInitializer(
        fixed, other, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.GEOMETRY
    )
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(threads)
    method.SetMetricAsMattesMutualInformation(HISTOGRAM_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(SAMPLED_SHARE, seed)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(LARGEST_STEP, SMALLEST_STEP, ITERATIONS)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(SHRINK_OF_LEVELS)
    method.SetSmoothingSigmasPerLevel(SMOOTHING_OF_LEVELS_MM)
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(start, inPlace=False)
    found = sitk.Euler3DTransform(sitk.CompositeTransform(method.Execute(fixed, other)).GetBackTransform())
    matrix = np.array(found.GetMatrix()).reshape(3, 3)
    centre = np.array(found.GetCenter())
    u, _, v = np.linalg.svd(matrix)
    return RigidTransform(u @ v, np.array(found.GetTranslation()) + centre - matrix @ centre)
