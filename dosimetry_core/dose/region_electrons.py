"""Electron energy that a region gets from each source, on a grid finer than the image (methods 3.2).

Voxels of an image are wide against the range of electrons, so a voxel that two regions share would mix them: what one
of them holds would be dosed to the other. Here each region's activity stays inside its outline, on voxels split until
they are small against the region, and what does not leave a split voxel stays with its region. One sum over the
region's own kernel tells the energy that a decay anywhere leaves in it (the kernel is symmetric), so every source is
itemised at no further cost.

Split voxels still show a surface that is too large for short ranges. How much of even uptake stays is known without
them, from the region's covariogram; the share that crosses the surface, either way, is scaled to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.dose.convolution import FloatMap, Shape, kernel_spectrum, map_of, padded_shape, spectrum
from dosimetry_core.dose.covariogram import covariogram
from dosimetry_core.dose.voxel_kernel import RadialEnergy
from dosimetry_core.dose.voxel_s_values import VoxelKernel
from dosimetry_core.frozen import read_only

FINEST_PARTS: Final = 3
"""Most parts along each axis that a voxel is split into."""
MOST_FINE_VOXELS: Final = 400_000
"""Larger regions are split less: their surface matters less."""


@dataclass(frozen=True, eq=False)
class FineRegion:
    """A region on split voxels of a box of the image grid.

    Parameters
    ----------
    parts
        Split voxels per voxel and axis.
    inside
        Part of each split voxel that belongs to the region, 0 … 1, shape parts × the box's shape.
    """

    parts: int
    inside: FloatMap

    @property
    def shape(self) -> Shape:
        """Shape of the box in voxels of the image."""
        a, b, c = (n // self.parts for n in self.inside.shape)
        return a, b, c

    @cached_property
    def room_inside(self) -> FloatMap:
        """Split voxels of each voxel that belong to the region, shape of the box."""
        return read_only(self.block_sum(self.inside))

    @cached_property
    def room_outside(self) -> FloatMap:
        """Split voxels of each voxel that don't, shape of the box."""
        return read_only(self.block_sum(np.float32(1) - self.inside))

    def own_activity(self, per_voxel: FloatMap) -> FloatMap:
        """The region's own activity, given per voxel of the box, spread evenly over its part of each voxel.

        The sum is kept: what lies in voxels that the split region does not touch is put on the others in proportion.
        """
        spread = self._spread(per_voxel, self.inside, self.room_inside)
        kept, whole = float(spread.sum(dtype=np.float64)), float(per_voxel.sum(dtype=np.float64))
        return spread * np.float32(whole / kept) if kept > 0 else spread

    def other_activity(self, per_voxel: FloatMap) -> FloatMap:
        """Activity of others, spread evenly over what the region leaves of each voxel, or over a voxel it fills."""
        room = self.room_outside
        filled = (room < np.float32(1e-3) * self.parts**3) & (per_voxel > 0)
        spread = self._spread(per_voxel * ~filled, np.float32(1) - self.inside, room)
        if filled.any():
            spread += self._repeated(np.asarray(per_voxel * filled / np.float32(self.parts**3), dtype=np.float32))
        return spread

    def _spread(self, per_voxel: FloatMap, weight: FloatMap, room: FloatMap) -> FloatMap:
        per_weight: FloatMap = np.divide(per_voxel, room, out=np.zeros_like(room), where=room > 0)
        return self._repeated(per_weight) * weight

    def _repeated(self, per_voxel: FloatMap) -> FloatMap:
        values: FloatMap = np.asarray(per_voxel, dtype=np.float32)
        for axis in range(3):
            values = np.repeat(values, self.parts, axis=axis)
        return values

    def block_sum(self, values: FloatMap) -> FloatMap:
        """Sum of the split voxels of each voxel, shape of the box.

        Plane by plane: numpy's own sum over such short axes takes twenty times as long, for the same last digit.
        """
        (a, b, c), parts = self.shape, self.parts
        split = values.reshape(a, parts, b, parts, c, parts)
        across = split[..., 0].copy()
        for column in range(1, parts):
            across += split[..., column]
        found: FloatMap = across[:, 0, :, 0].copy()
        for part in range(1, parts**2):
            found += across[:, part // parts, :, part % parts]
        return found


@dataclass(frozen=True, eq=False)
class RegionElectrons:
    """Electron energy in a region, J.

    Parameters
    ----------
    by_source_j
        Source → energy; ``self`` is the region's own activity.
    even_self_j
        What its own activity would leave if it were spread evenly over the region.
    absorbed_fraction
        Part of the energy of even uptake that stays, by the covariogram.
    surface_factor
        What the share that crosses the surface was scaled by, after it was summed over split voxels.
    per_voxel_j
        Energy in the region's part of each voxel of the box, all sources together.
    """

    by_source_j: Mapping[str, float]
    even_self_j: float
    absorbed_fraction: float
    surface_factor: float
    per_voxel_j: NDArray[np.float64]


def parts_for(shape: Shape) -> int:
    """Parts per voxel and axis that a box of voxels is split into."""
    fitting = [parts for parts in range(1, FINEST_PARTS + 1) if np.prod(shape) * parts**3 <= MOST_FINE_VOXELS]
    return fitting[-1] if fitting else 1


@dataclass(frozen=True, eq=False)
class RegionResponse:
    """What a decay anywhere leaves in a region, by one nuclide; rests on the outline and the density alone.

    Parameters
    ----------
    from_own_j, from_others_j
        Energy in the region by a decay in each split voxel, J: of the region's own activity, and of that of others.
        What does not leave a split voxel stays with the region whose it is.
    absorbed_fraction, surface_factor
        As in `RegionElectrons`.
    """

    region: FineRegion
    kernel: VoxelKernel
    radial: RadialEnergy
    from_own_j: FloatMap
    from_others_j: FloatMap
    absorbed_fraction: float
    surface_factor: float

    def is_of(self, region: FineRegion, kernel: VoxelKernel, radial: RadialEnergy) -> bool:
        """Whether it is that of this very region and kernel."""
        return (
            self.region is region
            and self.kernel is kernel
            and np.array_equal(self.radial.edge_mm, radial.edge_mm)
            and np.array_equal(self.radial.energy_j, radial.energy_j)
        )


def region_response(region: FineRegion, kernel: VoxelKernel, radial: RadialEnergy) -> RegionResponse:
    """What a decay anywhere leaves in a region.

    Parameters
    ----------
    region
        With a margin of the electrons' range around it, or to the edge of the image.
    kernel, radial
        Electrons in the region's medium and density: by lag of split voxels, and by distance.
    """
    shape, padded, response = _transform_of(region, kernel)
    energy_j, staying_j = kernel.whole_energy_j, _staying_j(kernel)
    to_region = _summed(region.inside, response, padded, shape)
    from_own = to_region + staying_j * (np.float32(1) - region.inside)
    volume = float(region.inside.sum(dtype=np.float64))
    found = covariogram(region.inside, kernel.spacing_mm, longest_step_mm=radial.reach_mm)
    absorbed = found.absorbed_fraction(radial)
    split_absorbed = _product(region.inside, from_own) / volume / energy_j
    factor = (1 - absorbed) / (1 - split_absorbed) if split_absorbed < 1 else 1.0
    to_region -= staying_j * region.inside
    return RegionResponse(region, kernel, radial, from_own, to_region, absorbed, factor)


def region_electrons(found: RegionResponse, own: FloatMap, others: Mapping[str, FloatMap]) -> RegionElectrons:
    """Energy that a region gets from its own activity and from each other source.

    Parameters
    ----------
    own, others
        Decays per voxel of the box (not split), Bq·s; the region's, and those of each other source there.
    """
    region, kernel, factor = found.region, found.kernel, found.surface_factor
    fine_own = region.own_activity(own)
    fine_others = {name: region.other_activity(values) for name, values in others.items()}
    shape, padded, response = _transform_of(region, kernel)
    energy_j, staying_j = kernel.whole_energy_j, _staying_j(kernel)
    decays = float(fine_own.sum(dtype=np.float64))
    by_source = {"self": energy_j * decays + factor * (_product(fine_own, found.from_own_j) - energy_j * decays)}
    total, all_others = fine_own.copy(), np.zeros_like(fine_own)
    for name, values in fine_others.items():
        by_source[name] = factor * _product(values, found.from_others_j)
        total += values
        all_others += values
    arriving = region.inside * _summed(total, response, padded, shape)
    arriving += staying_j * ((np.float32(1) - region.inside) * fine_own - region.inside * all_others)
    local = energy_j * region.block_sum(fine_own).astype(np.float64)
    per_voxel = local + factor * (region.block_sum(arriving) - local)
    absorbed = found.absorbed_fraction
    return RegionElectrons(by_source, absorbed * energy_j * decays, absorbed, factor, per_voxel)


def _transform_of(region: FineRegion, kernel: VoxelKernel) -> tuple[Shape, Shape, FloatMap]:
    """Shape of the split box, that of its transforms, and the kernel's transform."""
    shape: Shape = (region.inside.shape[0], region.inside.shape[1], region.inside.shape[2])
    padded = padded_shape(shape, [kernel.kernel])
    return shape, padded, kernel_spectrum(kernel.kernel, shape, padded)


def _staying_j(kernel: VoxelKernel) -> np.float32:
    """Energy of a decay that doesn't leave its split voxel, J."""
    return np.float32(kernel.energy_j[0, 0, 0])


def _summed(source: FloatMap, response: FloatMap, padded: Shape, shape: Shape) -> FloatMap:
    transform = spectrum(np.ascontiguousarray(source, dtype=np.float32), padded)
    transform *= response
    return map_of(transform, padded, shape)


def _product(a: FloatMap, b: FloatMap) -> float:
    return float(np.einsum("ijk,ijk->", a, b, dtype=np.float64))
