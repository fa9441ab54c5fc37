"""Time-integrated activity of every voxel of one cycle: its scans brought onto one grid, closed against its VOIs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from dosimetry_core.case import Case, Cycle
from dosimetry_core.dose.ct_density import density_on_grid
from dosimetry_core.dose.media import medium_codes_of_density
from dosimetry_core.errors import Finding, MissingDataError
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.kinetics.voxel_curves import VoxelTimeIntegratedActivity, VoxelVoi, voxel_time_integrated_activity
from dosimetry_core.pipeline.course import administered_activity_bq
from dosimetry_core.pipeline.densities import curve_of
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.quantification.measurement import CycleMeasurement, TimePointMeasurement
from dosimetry_core.units import MILLIMETRE
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


@dataclass(frozen=True, eq=False)
class CycleVoxelMaps:
    """Time-integrated activity of every voxel as the voxels' own curves say it, Bq·s per voxel.

    ``density_g_per_ml`` and ``media`` are those of the reference scan's CT on the same grid, None without one.
    ``made_from``: the very objects and values that all of it rests on; outlines are not among them.
    """

    grid: VolumeGeometry
    maps: FrozenMap[str, NDArray[np.float32]]
    density_g_per_ml: NDArray[np.float32] | None
    media: NDArray[np.uint8] | None
    made_from: tuple[object, ...]
    density_findings: tuple[Finding, ...] = ()


def cycle_voxel_maps(
    case: Case,
    cycle: Cycle,
    measurement: CycleMeasurement,
    *,
    previous: CycleVoxelMaps | None = None,
    progress: Progress = no_progress,
) -> CycleVoxelMaps:
    """Maps of a measured cycle before anything is closed on its VOIs; the previous ones where they still hold.

    Raises
    ------
    MissingDataError
        If the cycle has one scan only.
    """
    inputs = made_from(case, cycle, measurement)
    if previous is not None and same_objects(previous.made_from, inputs):
        return previous
    images = _scans_on_grid(cycle, measurement, progress)
    scans = measurement.time_points
    base = scans[cycle.reference_time_point]
    given = administered_activity_bq(cycle)
    found = voxel_time_integrated_activity(
        images,
        [scan.time_after_own_administration_s for scan in scans],
        nuclide_name=base.nuclide,
        vois={},
        second_nuclides={name: bq / given[base.nuclide] for name, bq in given.items() if name != base.nuclide},
        place=f"cycle {cycle.number}",
    )
    grid, ct = base.image.concentration.geometry, base.time_point.ct
    density: NDArray[np.float32] | None = None
    media: NDArray[np.uint8] | None = None
    density_findings: tuple[Finding, ...] = ()
    if ct is not None:
        curve, density_findings = curve_of(case, ct, f"cycle {cycle.number}")
        density = read_only(density_on_grid(ct.volume, grid, curve))
        media = read_only(medium_codes_of_density(density))
    progress(1.0, f"Voxel curves of cycle {cycle.number}")
    return CycleVoxelMaps(grid, found.maps, density, media, inputs, density_findings)


def made_from(case: Case, cycle: Cycle, measurement: CycleMeasurement) -> tuple[object, ...]:
    """What the voxels' own curves rest on, to be compared with `same_objects`."""
    scans = measurement.time_points
    ct = scans[cycle.reference_time_point].time_point.ct
    return (
        cycle.reference_time_point,
        case.settings.density_curves,
        None if ct is None else ct.volume.values,
        *(scan.image.concentration.values for scan in scans),
        *(scan.time_point.registration.transform for scan in scans),
        *(scan.time_after_own_administration_s for scan in scans),
        *(value for pair in administered_activity_bq(cycle).items() for value in pair),
    )


def same_objects(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Whether all are the same objects; numbers, texts and tuples of them are compared by value."""
    return len(one) == len(other) and all(
        a is b or (isinstance(a, int | float | str | tuple) and a == b) for a, b in zip(one, other, strict=True)
    )


def own_motion_findings(cycle: Cycle, measurement: CycleMeasurement) -> tuple[Finding, ...]:
    """A remark on each VOI that was measured where it lies on a scan, while the maps follow the whole scan's motion."""
    place = f"cycle {cycle.number}"
    names = {voi.voi_id: voi.name for voi in cycle.vois}
    largest: dict[str, float] = {}
    for point in cycle.time_points:
        for key, moved in point.registration.voi_motions.items():
            if key in names:
                largest[key] = max(largest.get(key, 0.0), float(np.linalg.norm(moved.displacement_mm)))
    base = measurement.time_points[cycle.reference_time_point]
    voxel_mm = max(base.image.concentration.geometry.spacing_mm)
    return tuple(
        Finding(
            "own-motion-not-in-voxels",
            "warning" if shift_mm > voxel_mm else "info",
            f"{names[key]} has a motion of its own, up to {MILLIMETRE.text(shift_mm)}. Its activity and mean dose "
            "follow it; the voxel maps and the dose–volume histogram follow the registration of the whole scan.",
            f"{place}, {names[key]}",
        )
        for key, shift_mm in largest.items()
    )


def _scans_on_grid(cycle: Cycle, measurement: CycleMeasurement, progress: Progress) -> list[NDArray[np.float32]]:
    """Every scan on the grid of the reference scan, Bq per voxel."""
    scans = measurement.time_points
    if len(scans) < 2:
        raise _too_few_scans(cycle)
    base = scans[cycle.reference_time_point]
    grid = base.image.concentration.geometry
    images = []
    for number, scan in enumerate(scans):
        progress(number / (len(scans) + 1), f"Voxel curves of cycle {cycle.number}: time point {number + 1}")
        images.append(on_grid_bq(scan, base.time_point.registration.transform, grid))
    return images


def coverages_on_reference(
    cycle: Cycle, measurement: CycleMeasurement, names: Iterable[str]
) -> dict[str, GridCoverage]:
    """Coverage of the reference scan's voxels by VOIs, each without the VOIs it encloses; containers are left out."""
    base = measurement.time_points[cycle.reference_time_point]
    found = {}
    for name in names:
        key = measurement.vois[name].voi.voi_id
        if key in measurement.exclusive.containers:
            continue
        sampled, grid = base.regions.vois.get(key), base.image.concentration.geometry
        if sampled is not None and sampled.mask is measurement.exclusive.masks[key]:
            box = sampled.coverage
            covered = GridCoverage(grid, box.start, box.values, sampled.fraction_outside)
        else:
            covered = coverage_on_grid(measurement.exclusive.masks[key], base.time_point.registration.transform, grid)
        if covered.fraction.size:
            found[name] = covered
    return found


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
    images = _scans_on_grid(cycle, measurement, progress)
    scans = measurement.time_points
    base = scans[cycle.reference_time_point]
    coverages = coverages_on_reference(cycle, measurement, [name for name in measurement.vois if fits.get(name)])
    vois = {
        name: VoxelVoi(
            covered.slices,
            covered.fraction,
            {nuclide: fit.time_integrated_activity_bq_s for nuclide, fit in fits[name].items()},
        )
        for name, covered in coverages.items()
    }
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
    return CycleVoxelActivity(base.image.concentration.geometry, activity, FrozenMap(coverages))
