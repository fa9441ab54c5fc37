"""A dose map of another system against this program's voxel doses: by VOI, and as gamma index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from dosimetry_core.case import Cycle
from dosimetry_core.comparison.gamma import GammaCriteria, GammaMap, gamma_map
from dosimetry_core.dicom.dose_object import DoseObject
from dosimetry_core.dose.dose_volume import DoseVolume, dose_volume
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.pipeline.voxel_doses import CycleVoxelDoses
from dosimetry_core.pipeline.voxel_engine import VoxelEngine
from dosimetry_core.pipeline.voxel_sources import FineVoi
from dosimetry_core.progress import Progress, no_progress, part_of
from dosimetry_core.volume import Volume

_LEAST_COVERED = 0.999
"""Part of a VOI's volume that must lie inside the other map."""


@dataclass(frozen=True, eq=False)
class VoiComparison:
    """One VOI: dose–volume numbers of both maps over the same voxels, and γ in it.

    ``gamma_pass`` is None where no voxel of it is looked at.
    """

    name: str
    own: DoseVolume
    other: DoseVolume
    gamma_pass: float | None
    gamma_count: int

    @property
    def mean_difference(self) -> float | None:
        """(other − own)/own of the mean doses; None where the own is 0."""
        own = self.own.mean_gy
        return (self.other.mean_gy - own) / own if own > 0 else None


@dataclass(frozen=True, eq=False)
class DoseMapComparison:
    """Both maps on this program's grid.

    Parameters
    ----------
    left_out
        VOIs that the other map does not cover.
    placed_by
        Number of the scan whose registration the other map was placed by; None if it lies on the reference scan.
    """

    cycle: int
    nuclide: str | None
    vois: FrozenMap[str, VoiComparison]
    left_out: tuple[str, ...]
    gamma: GammaMap
    own: Volume
    other_here: Volume
    placed_by: int | None = None


def compare_dose_map(
    result: CycleResult,
    other: DoseObject,
    *,
    patient_id: str,
    nuclide: str | None = None,
    criteria: GammaCriteria | None = None,
    progress: Progress = no_progress,
) -> DoseMapComparison:
    """Hold another system's dose map against the voxel doses of a cycle.

    Parameters
    ----------
    patient_id
        Of the case.
    nuclide
        Of which the other map is; None if of all together.
    criteria
        Of the gamma index.

    Raises
    ------
    InconsistentCaseError
        If the map is of another patient, holds no dose, or lies in a frame of reference that no registered scan of the
        cycle has.
    MissingDataError
        If the cycle has no voxel doses, or the map covers none of its VOIs.
    """
    where = other.source.path
    if other.patient_id != patient_id:
        raise InconsistentCaseError(
            f"is of patient {other.patient_id or 'unknown'}, not of {patient_id}",
            where=where,
            remedy="choose this patient's dose",
        )
    doses = voxel_doses_of(result)
    cycle = result.cycle
    placed, placed_by = _placed(other, cycle)
    names = list(doses.maps) if nuclide is None else [nuclide]
    if nuclide is not None and nuclide not in doses.maps:
        raise MissingDataError(
            f"the cycle has no dose map of {nuclide}", where=where, remedy=f"choose {', '.join(doses.maps)}"
        )
    grid = doses.curve_maps.grid
    own = Volume(sum_of(doses, names), grid, "absorbed_dose_gy")
    for volume, place in ((own, f"cycle {cycle.number}"), (placed, where)):
        if not float(np.max(volume.values)) > 0:
            raise InconsistentCaseError("holds no dose anywhere", where=place, remedy="compare a map that holds doses")
    here, known = on_grid(placed, grid)
    gamma = gamma_map(own, placed, criteria, progress=part_of(progress, 0.0, 0.9))
    vois, left_out = {}, []
    for name, one in doses.vois.items():
        compared = _voi(name, one.fine, own, here, known, gamma)
        if compared is None:
            left_out.append(name)
        else:
            vois[name] = compared
    if not vois:
        raise MissingDataError(
            "covers no VOI of the cycle", where=where, remedy="export a dose map that holds the organs"
        )
    return DoseMapComparison(
        cycle.number,
        nuclide,
        FrozenMap(vois),
        tuple(left_out),
        gamma,
        own,
        Volume(here, grid, "absorbed_dose_gy"),
        placed_by,
    )


def _placed(other: DoseObject, cycle: Cycle) -> tuple[Volume, int | None]:
    """The other map in the frame of the reference scan, and the scan (from 1) whose registration put it there.

    Other systems may take another scan of the cycle for their reference; its registration is known here.
    """
    frame = other.frame_of_reference_uid
    reference = cycle.reference_time_point
    order = [reference, *(number for number in range(len(cycle.time_points)) if number != reference)]
    for number in order:
        point = cycle.time_points[number]
        frames = {one.frame_of_reference_uid for one in (point.spect, point.ct) if one is not None}
        if not frame or frame not in frames:
            continue
        if number == reference:
            return other.absorbed_dose, None
        if point.registration.method != "none":
            return _moved(other.absorbed_dose, point.registration.transform.inverse()), number + 1
    raise InconsistentCaseError(
        "lies in the frame of reference of no scan of the cycle" if frame else "names no frame of reference",
        where=other.source.path,
        remedy="export the dose on a scan of the cycle, or register it there in the other system",
    )


def _moved(volume: Volume, motion: RigidTransform) -> Volume:
    grid = volume.geometry
    moved = VolumeGeometry(grid.shape, motion.apply(grid.origin_mm), grid.spacing_mm, motion.rotation @ grid.directions)
    return Volume(volume.values, moved, volume.quantity)


def voxel_doses_of(result: CycleResult) -> CycleVoxelDoses:
    """Voxel doses of an evaluated cycle.

    Raises
    ------
    MissingDataError
        If there are none.
    """
    state = result.voxels
    if not isinstance(state, VoxelEngine) or state.doses is None or not state.doses.maps:
        raise MissingDataError(
            "has no voxel doses to compare with",
            where=f"cycle {result.cycle.number}",
            remedy="choose voxel S values for a VOI, and give at least two scans with CT",
        )
    return state.doses


def sum_of(doses: CycleVoxelDoses, names: list[str]) -> NDArray[np.float64]:
    """Dose of several nuclides together in Gy, shape of the grid."""
    total = np.zeros(doses.curve_maps.grid.shape)
    for name in names:
        total += doses.maps[name].absorbed_dose.values
    return total


def on_grid(volume: Volume, grid: VolumeGeometry) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A map at the voxel centres of another grid, linearly, and where it says anything."""
    indices = np.indices(grid.shape, dtype=np.float64).reshape(3, -1).T
    index = volume.geometry.point_to_index(grid.index_to_point(indices))
    last = np.array(volume.geometry.shape) - 1
    # Half a voxel beyond the centres of its outermost voxels a map still speaks.
    known = np.all((index >= -0.5) & (index <= last + 0.5), axis=1).reshape(grid.shape)
    found = map_coordinates(np.asarray(volume.values), index.T, output=np.float64, order=1, mode="nearest")
    return np.where(known, found.reshape(grid.shape), 0.0), known


def _voi(
    name: str, fine: FineVoi, own: Volume, here: NDArray[np.float64], known: NDArray[np.bool_], gamma: GammaMap
) -> VoiComparison | None:
    region, box = fine.region, fine.box
    coverage = region.block_sum(region.inside).astype(np.float64) / region.parts**3
    if float(coverage[known[box]].sum()) < _LEAST_COVERED * float(coverage.sum()):
        return None
    size = own.geometry.voxel_volume_ml
    both = [dose_volume(values[box], coverage, voxel_volume_ml=size, where=name) for values in (own.values, here)]
    inside = gamma.values[box][coverage >= 0.5]
    looked_at = inside[np.isfinite(inside)]
    passed = float((looked_at <= 1).mean()) if looked_at.size else None
    return VoiComparison(name, both[0], both[1], passed, int(looked_at.size))
