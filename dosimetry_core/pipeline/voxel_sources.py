"""Which source gives how much of a VOI's voxel dose: electrons on split voxels, photons between the VOIs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.case import Cycle
from dosimetry_core.cores import at_once
from dosimetry_core.dose.convolution import FloatMap, Shape, kernel_spectrum, map_of, padded_shape, spectrum
from dosimetry_core.dose.engine import DoseRegion, role_group
from dosimetry_core.dose.media import SOFT_TISSUE
from dosimetry_core.dose.region_electrons import (
    FineRegion,
    RegionElectrons,
    RegionResponse,
    parts_for,
    region_electrons,
    region_response,
)
from dosimetry_core.dose.voxel_dose import VoxelDose
from dosimetry_core.dose.voxel_s_values import electron_radial_energy, electron_range_mm, electron_voxel_kernel
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.partial_volume.voxel_correction import DividedImage
from dosimetry_core.quantification import CycleMeasurement
from dosimetry_core.voi import Role, VoiMask
from dosimetry_core.voi_sampling import COARSE_CELL_SHARE, Box, GridCoverage, box_within, common_box, coverage_on_grid

REMAINDER = "remainder"
AT_ONCE: Final = 2
"""Nuclides, or targets of photons, computed at the same time: each takes room of its own, and the window a core."""


def source_name(role: Role) -> str:
    """Source that a VOI's activity counts to, by the names of the organ-level engine."""
    group = role_group(role)
    if group in ("kidneys", "liver", "spleen"):
        return group
    return "lesions" if group == "lesion" else REMAINDER


def with_margin(part: GridCoverage, grid: VolumeGeometry, density_g_per_ml: float, nuclides: tuple[str, ...]) -> Box:
    """A VOI's box with the range of the electrons around it, as far as the grid goes."""
    reach = max(electron_range_mm(nuclide, density_g_per_ml) for nuclide in nuclides)
    a, b, c = (
        slice(max(0, at.start - (n := math.ceil(reach / size))), min(count, at.stop + n))
        for at, size, count in zip(part.slices, grid.spacing_mm, grid.shape, strict=True)
    )
    return a, b, c


@dataclass(frozen=True, eq=False)
class FineVoi:
    """A VOI on split voxels, and what that rests on."""

    region: FineRegion
    mask: VoiMask
    transform: RigidTransform
    box: Box


def fine_voi(
    name: str, box: Box, cycle: Cycle, measurement: CycleMeasurement, *, previous: FineVoi | None = None
) -> FineVoi:
    """A VOI, without the VOIs it encloses, on split voxels of a box of the reference scan; the previous if the same."""
    scan = measurement.time_points[cycle.reference_time_point]
    grid, transform = scan.image.concentration.geometry, scan.time_point.registration.transform
    mask = measurement.exclusive.masks[measurement.vois[name].voi.voi_id]
    if previous is not None and previous.mask is mask and previous.transform is transform and previous.box == box:
        return previous
    a, b, c = (at.stop - at.start for at in box)
    parts = parts_for((a, b, c))
    shift = (1 / parts - 1) / 2
    s, r, w = (size / parts for size in grid.spacing_mm)
    fine = VolumeGeometry(
        (a * parts, b * parts, c * parts),
        grid.index_to_point(np.array([at.start + shift for at in box])),
        (s, r, w),
        grid.directions,
    )
    covered = coverage_on_grid(mask, transform, fine, cell_share=COARSE_CELL_SHARE)
    return FineVoi(FineRegion(parts, covered.whole_grid_fraction()), mask, transform, box)


def electron_shares(
    region: DoseRegion,
    box: Box,
    fine: FineRegion,
    grid: VolumeGeometry,
    nuclide: str,
    activity: DividedImage,
    coverages: Mapping[str, GridCoverage],
    groups: Mapping[str, str],
    *,
    previous: RegionResponse | None = None,
) -> tuple[RegionElectrons, RegionResponse]:
    """Electron energy in a VOI from its own activity, from every other source near it, and from the remainder.

    With it what of that rests on outline and density alone: the ``previous`` where they are the same.
    """
    others: dict[str, FloatMap] = {REMAINDER: np.ascontiguousarray(activity.around[box])}
    own = np.zeros(fine.shape, np.float32)
    for name, values in activity.own.items():
        here = _cut(values, coverages[name].slices, box)
        if here is None:
            continue
        if name == region.name:
            own = here
        else:
            group = groups[name]
            others[group] = others[group] + here if group in others else here
    spacing = tuple(size / fine.parts for size in grid.spacing_mm)
    density = region.density_g_per_ml
    kernel = electron_voxel_kernel(
        nuclide, (spacing[0], spacing[1], spacing[2]), medium=SOFT_TISSUE, density_g_per_ml=density
    )
    radial = electron_radial_energy(nuclide, medium=SOFT_TISSUE, density_g_per_ml=density)
    same = previous is not None and previous.is_of(fine, kernel, radial)
    response = previous if previous is not None and same else region_response(fine, kernel, radial)
    return region_electrons(response, own, others), response


def _cut(values: NDArray[np.float32], where: Box, box: Box) -> NDArray[np.float32] | None:
    """The part of an array that lies in a box, on the box; None where they don't meet."""
    low = [max(a.start, b.start) for a, b in zip(where, box, strict=True)]
    high = [min(a.stop, b.stop) for a, b in zip(where, box, strict=True)]
    if any(lo >= hi for lo, hi in zip(low, high, strict=True)):
        return None
    found = np.zeros([b.stop - b.start for b in box], np.float32)
    there = tuple(slice(lo - b.start, hi - b.start) for lo, hi, b in zip(low, high, box, strict=True))
    here = tuple(slice(lo - a.start, hi - a.start) for lo, hi, a in zip(low, high, where, strict=True))
    found[there] = values[here]
    return found


def photon_shares_gy(
    dose: VoxelDose,
    coverages: Mapping[str, GridCoverage],
    own: Mapping[str, NDArray[np.float32]],
    groups: Mapping[str, str],
    *,
    look: Callable[[], None],
) -> dict[str, dict[str, float]]:
    """VOI → source → mean photon dose, Gy: ``self``, each other source, and the remainder as what is left of the map.

    Between VOIs by the response of each target, summed once over the box that holds all VOIs; photons reach so far that
    voxels shared at an edge don't matter. ``look`` is called before each target: to make way, or to stop.
    """
    kernel = dose.photon_kernel
    if kernel is None or not coverages:
        return {name: {"self": 0.0} for name in coverages}
    box = common_box(coverages.values())
    shape: Shape = (box[0].stop - box[0].start, box[1].stop - box[1].start, box[2].stop - box[2].start)
    padded = padded_shape(shape, [kernel.kernel])
    response = kernel_spectrum(kernel.kernel, shape, padded)
    inside = {name: (box_within(coverages[name].slices, box), values) for name, values in own.items()}

    def of_target(target: str) -> dict[str, float]:
        look()
        part = coverages[target]
        weight = np.zeros(shape, np.float32)
        weight[box_within(part.slices, box)] = part.fraction
        transform = spectrum(weight, padded)
        transform *= response
        reached = map_of(transform, padded, shape)
        per_decay = 1 / (float(part.fraction.sum()) * kernel.voxel_mass_kg)
        by_source = {"self": 0.0}
        for source, (where, values) in inside.items():
            gray = float(np.einsum("ijk,ijk->", values, reached[where], dtype=np.float64)) * per_decay
            key = "self" if source == target else groups[source]
            by_source[key] = by_source.get(key, 0.0) + gray
        whole = float((dose.photon_absorbed_dose_gy[part.slices] * part.fraction).sum(dtype=np.float64))
        mean = whole / float(part.fraction.sum())
        by_source[REMAINDER] = by_source.get(REMAINDER, 0.0) + mean - sum(by_source.values())
        return by_source

    return dict(zip(coverages, at_once(of_target, coverages, most=AT_ONCE), strict=True))
