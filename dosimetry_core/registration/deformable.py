"""Optional deformable alignment of two CT images (B-splines), from which single VOIs get a motion of their own.

Activity is never measured through a deformed grid: what is taken from the deformation is, for each VOI, the rigid
motion that is nearest to it, marked as made by a deformable alignment. A deformation that folds space is refused.
"""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.errors import Finding, InconsistentCaseError
from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import FloatArray, RigidTransform, VolumeGeometry
from dosimetry_core.image import ImageSeries, VoiMotion
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.registration.landmarks import fit_landmarks
from dosimetry_core.registration.least_squares import CoarseImage, coarse_images
from dosimetry_core.voi import FULL_COVERAGE, Voi

# The library carries no types.
sitk: Any = importlib.import_module("SimpleITK")

CONTROL_SPACING_MM = 40.0
"""Distance of the B-spline's control points: a kidney's length holds three."""
JACOBIAN_REMARKABLE = (0.5, 2.0)
"""Local change of volume beyond which a finding is raised: organs slide and turn, they don't halve."""
_IMAGE_SPACING_MM = 5.0
_LEVEL_SHRINK = (2, 1)
_ITERATIONS = 15
_SAMPLED_SHARE = 0.33
_SEED = 1
_WORK_UNITS = 4  # fixed, so that sums are split alike on every computer
_MARGIN_MM = 40.0
_AIR_HU = -250.0
_BODY_ABOVE_HU = -200.0
_POINTS_OF_VOI = 2_000


@dataclass(frozen=True, eq=False)
class Deformation:
    """A deformation of the reference on top of a rigid motion.

    Parameters
    ----------
    rigid
        From the reference to the scan.
    grid, displacement_mm
        Displacements (slice, row, column, 3) of reference points before the rigid motion, at voxels of a grid of the
        reference: a point p of the reference lies at rigid(p + u(p)) in the scan.
    smallest_jacobian, largest_jacobian
        Local change of volume in the body; positive everywhere, else the deformation would have been refused.
    """

    rigid: RigidTransform
    grid: VolumeGeometry
    displacement_mm: NDArray[np.float32]
    smallest_jacobian: float
    largest_jacobian: float
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "displacement_mm", read_only(self.displacement_mm))

    def at(self, points_mm: FloatArray) -> FloatArray:
        """Displacements at reference points (n, 3); 0 outside the grid."""
        index = self.grid.point_to_index(points_mm).T
        parts = [ndimage.map_coordinates(self.displacement_mm[..., k], index, order=1, cval=0.0) for k in range(3)]
        return np.stack(parts, axis=-1).astype(np.float64)

    def motion_of(self, voi: Voi) -> VoiMotion | None:
        """The rigid motion of a VOI that is nearest to the deformation, in the scan's patient system.

        None for a VOI without volume. The uncertainty is what the rigid motion leaves of the deformation inside.
        """
        mask = voi.mask
        inside = np.argwhere(mask.coverage >= FULL_COVERAGE / 2)
        if len(inside) < 4:
            return None
        index = inside[:: max(1, len(inside) // _POINTS_OF_VOI)] + np.array(mask.start)
        points = mask.geometry.index_to_point(index)
        first, second = self.rigid.apply(points), self.rigid.apply(points + self.at(points))
        fit = fit_landmarks(first, second, where=voi.name)
        centre = self.rigid.apply(mask.centroid_mm())
        x, y, z = (float(value) for value in fit.transform.apply(centre) - centre)
        return VoiMotion(fit.transform, "deformable", (x, y, z), fit.residual_mm)


def register_deformable_ct(
    reference: ImageSeries,
    moving: ImageSeries,
    rigid: RigidTransform,
    vois: Sequence[Voi],
    *,
    progress: Progress = no_progress,
    where: str = "",
) -> Deformation:
    """Deformation of the reference CT around VOIs towards another CT that is already aligned rigidly.

    Parameters
    ----------
    rigid
        From the reference to the other CT.
    vois
        What it is about; 40 mm around their common box are deformed.

    Raises
    ------
    InconsistentCaseError
        If the deformation folds: somewhere in the body its Jacobian determinant is not positive.

    Notes
    -----
    Cubic B-spline with control points every 40 mm on images of 5 mm in a soft-tissue and bone window; least mean
    squares at a third of the voxels, two levels, limited-memory quasi-Newton steps (SimpleITK). Rueckert et al. 1999,
    doi:10.1109/42.796284.
    """
    if reference.kind != "ct" or moving.kind != "ct":
        raise ValueError("both series must be CT")
    progress(0.0, "Reading CT for the deformable alignment")
    own = _around(coarse_images(reference, (_IMAGE_SPACING_MM,))[0], vois)
    other = _on_grid(coarse_images(moving, (_IMAGE_SPACING_MM,))[0], rigid, own.geometry)
    fixed, floating = _image(own.values, own.geometry), _image(other, own.geometry)
    mesh = [max(1, round(n * s / CONTROL_SPACING_MM)) for n, s in zip(fixed.GetSize(), fixed.GetSpacing(), strict=True)]
    start = sitk.BSplineTransformInitializer(fixed, mesh, 3)
    found = _optimised(fixed, floating, start, progress)
    progress(0.9, "Looking for folds")
    field = sitk.TransformToDisplacementField(
        found, sitk.sitkVectorFloat64, fixed.GetSize(), fixed.GetOrigin(), fixed.GetSpacing(), fixed.GetDirection()
    )
    jacobian = sitk.GetArrayFromImage(sitk.DisplacementFieldJacobianDeterminant(field))
    body = own.values > _BODY_ABOVE_HU
    smallest, largest = float(jacobian[body].min()), float(jacobian[body].max())
    if not smallest > 0:
        raise InconsistentCaseError(
            f"the deformable alignment folds the body (smallest Jacobian determinant {smallest:.2f}) and is refused",
            where=where,
            remedy="align rigidly, organ by organ",
        )
    values = np.asarray(sitk.GetArrayFromImage(field), dtype=np.float32)
    progress(1.0, "Aligned")
    return Deformation(rigid, own.geometry, values, smallest, largest, _findings(smallest, largest, where))


def _findings(smallest: float, largest: float, where: str) -> tuple[Finding, ...]:
    low, high = JACOBIAN_REMARKABLE
    if low <= smallest and largest <= high:
        return ()
    return (
        Finding(
            "deformation-strong",
            "warning",
            f"The deformable alignment changes volumes locally by factors from {smallest:.2f} to {largest:.2f} "
            f"({low:.1f} to {high:.1f} is expected).",
            where,
        ),
    )


def deformed_positions(
    reference: ImageSeries,
    moving: ImageSeries,
    rigid: RigidTransform,
    vois: Sequence[Voi],
    *,
    progress: Progress = no_progress,
    where: str = "",
) -> tuple[dict[str, VoiMotion | None], Deformation]:
    """Rigid motions of VOIs nearest to a deformable alignment, by voi_id, and the deformation.

    See `register_deformable_ct`.
    """
    deformation = register_deformable_ct(reference, moving, rigid, vois, progress=progress, where=where)
    return {voi.voi_id: deformation.motion_of(voi) for voi in vois}, deformation


def _around(image: CoarseImage, vois: Sequence[Voi]) -> CoarseImage:
    """The image around VOIs."""
    corners = []
    for voi in vois:
        start = np.array(voi.mask.start)
        stop = start + np.array(voi.mask.coverage.shape) - 1
        corners += [voi.mask.geometry.index_to_point(c) for c in itertools.product(*zip(start, stop, strict=True))]
    if not corners:
        raise ValueError("there is no VOI to align around")
    index = image.geometry.point_to_index(np.array(corners))
    margin = _MARGIN_MM / np.array(image.geometry.spacing_mm)
    low = np.clip(np.floor(index.min(axis=0) - margin), 0, np.array(image.values.shape) - 4).astype(int)
    high = np.minimum(np.ceil(index.max(axis=0) + margin).astype(int) + 1, image.values.shape)
    box = tuple(slice(int(a), int(max(b, a + 4))) for a, b in zip(low, high, strict=True))
    values = image.values[box]
    start_index = (int(low[0]), int(low[1]), int(low[2]))
    shape = (values.shape[0], values.shape[1], values.shape[2])
    return CoarseImage(np.ascontiguousarray(values), image.geometry.cropped(start_index, shape))


def _on_grid(image: CoarseImage, rigid: RigidTransform, grid: VolumeGeometry) -> NDArray[np.float32]:
    """The scan's image where the rigid motion puts the reference's voxels; air outside."""
    corners = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
    indices = image.geometry.point_to_index(rigid.apply(grid.index_to_point(corners)))
    found: NDArray[np.float32] = ndimage.affine_transform(
        image.values,
        (indices[1:] - indices[0]).T,
        offset=indices[0],
        output_shape=grid.shape,
        output=np.float32,
        order=1,
        cval=_AIR_HU,
    )
    return found


def _image(values: NDArray[np.float32], grid: VolumeGeometry) -> Any:
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(tuple(reversed(grid.spacing_mm)))
    image.SetOrigin(tuple(float(x) for x in grid.origin_mm))
    image.SetDirection(tuple(float(x) for x in grid.directions[:, ::-1].ravel()))
    return image


def _optimised(fixed: Any, floating: Any, start: Any, progress: Progress) -> Any:
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(_WORK_UNITS)
    method.SetMetricAsMeanSquares()
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(_SAMPLED_SHARE, _SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetShrinkFactorsPerLevel(list(_LEVEL_SHRINK))
    method.SetSmoothingSigmasPerLevel([4.0, 0.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetOptimizerAsLBFGSB(numberOfIterations=_ITERATIONS, maximumNumberOfFunctionEvaluations=2 * _ITERATIONS)
    method.SetInitialTransform(start, inPlace=False)
    trouble: list[BaseException] = []
    steps = len(_LEVEL_SHRINK) * _ITERATIONS
    done = [0]

    def step() -> None:
        done[0] += 1
        try:
            progress(min(0.9, 0.1 + 0.8 * done[0] / steps), "Aligning CT, deformable")
        except BaseException as stopped:
            # Errors don't pass through the library: it is stopped, and the error raised afterwards.
            trouble.append(stopped)
            method.StopRegistration()

    method.AddCommand(sitk.sitkIterationEvent, step)
    found = method.Execute(fixed, floating)
    if trouble:
        raise trouble[0]
    if not math.isfinite(float(method.GetMetricValue())):
        raise InconsistentCaseError("the deformable alignment came to nothing", remedy="align rigidly, organ by organ")
    return found
