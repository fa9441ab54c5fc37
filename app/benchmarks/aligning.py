"""Registration of four time points beside SimpleITK's mutual information, each with its error against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from app.benchmarks.figure import Figure, Goal, timed
from app.benchmarks.machine import cores
from app.benchmarks.stage import Stage
from dosimetry_core.case import Cycle
from dosimetry_core.case_file import read_case
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import ImageSeries, Registration, TimePoint
from dosimetry_core.pipeline import import_case
from dosimetry_core.registration import register_time_points
from dosimetry_core.voi import FULL_COVERAGE

sitk: Any = SimpleITK
REPETITIONS = 3
LONGEST_S = 20.0
THINNED = (4, 4, 2)
"""Voxels (column, row, slice) that SimpleITK's images are averaged over first: about 4 mm cubes."""
SHRINK, SMOOTHING_MM = (4, 2, 1), (8.0, 4.0, 0.0)
SAMPLED, ITERATIONS = 0.2, 200
SEED = 1


def registration_figure(stage: Stage) -> Figure:
    """registration_four_time_points_s: three CT to the reference CT; alternative: SimpleITK on the same."""
    stage.progress(0.0, "Reading the study for registration")
    cycle = import_case(read_case(stage.study.small)).cycles[0]
    unaligned = tuple(
        replace(point, registration=Registration(RigidTransform.identity(), "none")) for point in cycle.time_points
    )
    points = kidney_points(cycle)
    found: list[Sequence[TimePoint]] = []
    stage.progress(0.2, "Aligning four time points")
    ours = timed(lambda: found.append(register_time_points(unaligned, cycle.reference_time_point)), REPETITIONS)
    errors = [
        error_mm(found[0][number].registration.transform, stage.study.true_transform(number), points)
        for number in range(len(unaligned))
        if number != cycle.reference_time_point
    ]
    stage.progress(0.6, "Aligning the same with SimpleITK")
    transforms: list[RigidTransform] = []

    def alternative() -> None:
        fixed = _thinned(_ct(unaligned[cycle.reference_time_point]))
        for number, point in enumerate(unaligned):
            if number != cycle.reference_time_point:
                transforms.append(_by_mutual_information(fixed, _thinned(_ct(point))))

    other = timed(alternative, 1)
    others = [number for number in range(len(unaligned)) if number != cycle.reference_time_point]
    other_errors = [
        error_mm(transform, stage.study.true_transform(number), points)
        for transform, number in zip(transforms, others, strict=True)
    ]
    reference_ct = _ct(unaligned[cycle.reference_time_point])
    return Figure(
        "registration_four_time_points_s",
        ours.median_s,
        "s",
        ours.wall_s,
        {
            "ct_shape": list(reference_ct.volume.geometry.shape),
            "registrations": len(others),
            "processor_s": list(ours.processor_s),
            "error_mm": errors,
            "alternative_error_mm": other_errors,
            "error_is": "mean displacement over the kidneys' voxels against where the patient truly lay",
            "alternative_processor_s": list(other.processor_s),
            "alternative_settings": {
                "thinned_by": list(THINNED),
                "shrink": list(SHRINK),
                "smoothing_mm": list(SMOOTHING_MM),
                "sampled": SAMPLED,
                "iterations": ITERATIONS,
                "start": "centres of mass",
            },
        },
        "SimpleITK: Mattes mutual information, three levels, 20 % random sampling, regular step",
        other.wall_s[0],
        Goal(
            f"under {LONGEST_S:.0f} s, and faster than the alternative at no larger error",
            ours.median_s < LONGEST_S and ours.median_s < other.wall_s[0] and max(errors) <= max(other_errors),
        ),
    )


def _ct(point: TimePoint) -> ImageSeries:
    if point.ct is None:
        raise ValueError("a time point has no CT")
    return point.ct


def kidney_points(cycle: Cycle) -> NDArray[np.float64]:
    """Patient points of the voxels that are mostly kidney, shape (n, 3)."""
    points = []
    for voi in cycle.vois:
        if voi.role in ("kidney_left", "kidney_right"):
            inside = np.argwhere(voi.mask.coverage > FULL_COVERAGE / 2)[::7] + np.array(voi.mask.start)
            points.append(voi.mask.geometry.index_to_point(inside))
    return np.concatenate(points)


def error_mm(found: RigidTransform, true: RigidTransform, points_mm: NDArray[np.float64]) -> float:
    """Mean distance between where two motions put the same points."""
    return float(np.linalg.norm(found.apply(points_mm) - true.apply(points_mm), axis=1).mean())


def _thinned(series: ImageSeries) -> Any:
    geometry = series.volume.geometry
    image = sitk.GetImageFromArray(series.volume.values.astype(np.float32))
    image.SetSpacing([float(s) for s in geometry.spacing_mm[::-1]])
    image.SetOrigin([float(x) for x in geometry.origin_mm])
    image.SetDirection([float(x) for x in geometry.directions[:, ::-1].reshape(-1)])
    return sitk.BinShrink(image, THINNED)


def _by_mutual_information(fixed: Any, moving: Any) -> RigidTransform:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(50)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(SAMPLED, SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=2.0, minStep=1e-3, numberOfIterations=ITERATIONS, relaxationFactor=0.6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(SHRINK)
    method.SetSmoothingSigmasPerLevel(SMOOTHING_MM)
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetNumberOfThreads(cores())
    start = sitk.CenteredTransformInitializer(
        fixed, moving, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.MOMENTS
    )
    method.SetInitialTransform(start, inPlace=False)
    transform = method.Execute(fixed, moving)
    zero = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    columns = [np.array(transform.TransformPoint(tuple(float(x) for x in axis))) - zero for axis in np.eye(3)]
    return RigidTransform(np.stack(columns, axis=1), zero)
