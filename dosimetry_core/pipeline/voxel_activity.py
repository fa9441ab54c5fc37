"""Time-integrated activity of every voxel of one cycle: its scans brought onto one grid, closed against its VOIs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from dosimetry_core.case import Cycle
from dosimetry_core.errors import MissingDataError
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.kinetics.voxel_curves import VoxelTimeIntegratedActivity, VoxelVoi, voxel_time_integrated_activity
from dosimetry_core.pipeline.course import administered_activity_bq
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.quantification.measurement import CycleMeasurement, TimePointMeasurement
from dosimetry_core.voi_sampling import GridCoverage, coverage_on_grid


@dataclass(frozen=True, eq=False)
class CycleVoxelActivity:
    """Maps of a cycle on the grid of its reference scan."""

    grid: VolumeGeometry
    activity: VoxelTimeIntegratedActivity
    coverages: FrozenMap[str, GridCoverage]
    """VOIs that the maps are closed against, on the grid."""


def on_grid_bq(scan: TimePointMeasurement, reference: RigidTransform, grid: VolumeGeometry) -> NDArray[np.float32]:
    """Activity of a scan in the voxels of another scan's grid, in Bq per voxel at the scan's own start.

    Parameters
    ----------
    scan
        Its image is interpolated linearly between voxel centres; outside it there is nothing.
    reference
        Registration of the scan whose grid it is: patient points of the cycle's reference to points of that scan.
    grid
        The other scan's grid.
    """
    image = scan.image.concentration
    to_image = scan.time_point.registration.transform.after(reference.inverse())
    corners = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
    indices = image.geometry.point_to_index(to_image.apply(grid.index_to_point(corners)))
    matrix = (indices[1:] - indices[0]).T
    values = affine_transform(
        np.asarray(image.values, dtype=np.float32),
        matrix,
        offset=indices[0],
        output_shape=grid.shape,
        order=1,
        mode="constant",
        cval=0.0,
    )
    return np.asarray(values * np.float32(grid.voxel_volume_ml))


def cycle_voxel_activity(result: CycleResult, *, progress: Progress = no_progress) -> CycleVoxelActivity:
    """Time-integrated activity of every voxel of a cycle, all its nuclides.

    Parameters
    ----------
    result
        With a measurement; VOIs without a curve, and those that hold organs, are not closed against.

    Raises
    ------
    MissingDataError
        If the cycle was not measured, or has one scan only.
    """
    if result.measurement is None:
        raise _too_few_scans(result.cycle)
    fits = {name: voi.fits for name, voi in result.vois.items()}
    return closed_voxel_activity(result.cycle, result.measurement, fits, progress=progress)


def _too_few_scans(cycle: Cycle) -> MissingDataError:
    return MissingDataError(
        "voxel curves need at least two scans",
        where=f"cycle {cycle.number}, images",
        remedy="add the other scans",
    )


def closed_voxel_activity(
    cycle: Cycle,
    measurement: CycleMeasurement,
    fits: Mapping[str, Mapping[str, FitResult]],
    *,
    progress: Progress = no_progress,
) -> CycleVoxelActivity:
    """Maps of a measured cycle, closed against the curves of its VOIs.

    Parameters
    ----------
    fits
        VOI → nuclide → its curve; VOIs without one are not closed against.
    """
    place = f"cycle {cycle.number}"
    if len(measurement.time_points) < 2:
        raise _too_few_scans(cycle)
    scans = measurement.time_points
    base = scans[cycle.reference_time_point]
    grid = base.image.concentration.geometry
    reference = base.time_point.registration.transform
    images = []
    for number, scan in enumerate(scans):
        progress(number / (len(scans) + 1), f"Voxel curves of {place}: time point {number + 1}")
        images.append(on_grid_bq(scan, reference, grid))
    vois: dict[str, VoxelVoi] = {}
    coverages: dict[str, GridCoverage] = {}
    for name, voi in measurement.vois.items():
        key = voi.voi.voi_id
        if not fits.get(name) or key in measurement.exclusive.containers:
            continue
        covered = coverage_on_grid(measurement.exclusive.masks[key], reference, grid)
        if covered.fraction.size:
            totals = {nuclide: fit.time_integrated_activity_bq_s for nuclide, fit in fits[name].items()}
            coverages[name] = covered
            vois[name] = VoxelVoi(covered.slices, covered.fraction, totals)
    given = administered_activity_bq(cycle)
    imaged = base.nuclide
    activity = voxel_time_integrated_activity(
        images,
        [scan.time_after_own_administration_s for scan in scans],
        nuclide_name=imaged,
        vois=vois,
        second_nuclides={name: bq / given[imaged] for name, bq in given.items() if name != imaged},
        place=place,
    )
    progress(1.0, f"Voxel curves of {place}")
    return CycleVoxelActivity(grid, activity, FrozenMap(coverages))
