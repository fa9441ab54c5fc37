"""Voxel S values made for a voxel size, electrons and photons apart, from the bundled Monte Carlo point kernels.

The electron table holds the bremsstrahlung too. Within the range of the electrons (``electron range`` below) it is
taken as electron energy; beyond, where only bremsstrahlung gets, it is carried like the photons. The electron part is
scaled once, so that both parts together are the electron energy of the nuclide table; the factor is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.cores import made_once
from dosimetry_core.dose.convolution import Kernel, whole_sum
from dosimetry_core.dose.media import KERNEL_TABLES, SOFT_TISSUE
from dosimetry_core.dose.point_kernel import PointKernel, point_kernel
from dosimetry_core.dose.voxel_kernel import (
    RadialEnergy,
    Spacing,
    lags_within,
    voxel_energies_j,
)
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.units import mass_kg as mass_of_volume_kg
from dosimetry_core.units import volume_ml_from_mm3

# Mass ranges, g/cm² times 10, beyond the CSDA range of the most energetic electrons (0.498 MeV: 1.79 mm, 2.28 MeV:
# 11.1 mm in water, NIST ESTAR); the fine shells of the tables end there.
ELECTRON_RANGE_MM_G_PER_ML: Final[dict[str, float]] = {LU177: 2.0, Y90: 12.0}
_DENSITY_STEP_G_PER_ML: Final = 1e-3
_SIZE_STEP_MM: Final = 1e-4


@dataclass(frozen=True, eq=False)
class VoxelKernel:
    """Energy per decay in a voxel, by lag, in a homogeneous medium.

    Parameters
    ----------
    kernel
        Energies, J per decay, by lag along (slice, row, column).
    density_g_per_ml
        Of the medium; the table's radii were scaled to it.
    """

    nuclide: str
    medium: str
    density_g_per_ml: float
    spacing_mm: Spacing
    kernel: Kernel

    @property
    def energy_j(self) -> NDArray[np.float64]:
        """Shape (largest lag + 1) along (slice, row, column), J per decay; negative lags mirror them."""
        return self.kernel.values

    @property
    def lags(self) -> tuple[int, int, int]:
        """Largest lag along each axis."""
        slices, rows, columns = (n - 1 for n in self.energy_j.shape)
        return slices, rows, columns

    @property
    def voxel_mass_kg(self) -> float:
        """Mass of one voxel of the medium."""
        return mass_of_volume_kg(volume_ml_from_mm3(float(np.prod(self.spacing_mm))), self.density_g_per_ml)

    @property
    def s_gy_per_bq_s(self) -> NDArray[np.float64]:
        """Voxel S values: absorbed dose per decay by lag, in the homogeneous medium."""
        return self.energy_j / self.voxel_mass_kg

    @property
    def whole_energy_j(self) -> float:
        """Energy per decay summed over all lags: the sum of S × voxel mass."""
        return whole_sum(self.energy_j)


@dataclass(frozen=True, eq=False)
class VoxelSValues:
    """Voxel S values of one nuclide in one homogeneous medium.

    Parameters
    ----------
    electron
        What electrons leave within their range.
    bremsstrahlung
        What the electrons' bremsstrahlung leaves beyond that range.
    photon
        What the emitted photons leave, up to the end of the table (200 mm at 1 g/mL).
    electron_scale
        Factor on the electron energies of the point kernel.
    """

    electron: VoxelKernel
    bremsstrahlung: VoxelKernel
    photon: VoxelKernel
    electron_scale: float


def _grid(spacing_mm: Spacing) -> tuple[int, int, int]:
    slices, rows, columns = (round(size / _SIZE_STEP_MM) for size in spacing_mm)
    return slices, rows, columns


def electron_range_mm(nuclide_name: str, density_g_per_ml: float) -> float:
    """Radius beyond which only bremsstrahlung gets, at a density."""
    return ELECTRON_RANGE_MM_G_PER_ML[nuclide_name] / density_g_per_ml


def electron_voxel_kernel(
    nuclide_name: str, spacing_mm: Spacing, *, medium: str, density_g_per_ml: float
) -> VoxelKernel:
    """Electron energy by lag within the electrons' range, in a medium at a density (to 0.001 g/mL; cached)."""
    return _electron(nuclide_name, _grid(spacing_mm), medium, round(density_g_per_ml / _DENSITY_STEP_G_PER_ML))


def electron_scale(nuclide_name: str, medium: str) -> float:
    """Factor on the energies of the electron kernel of a medium (1.001 to 1.004).

    It makes its part within the electrons' range, plus the soft-tissue bremsstrahlung beyond, the electron energy of
    the nuclide table.
    """
    kernel = point_kernel(nuclide_name, KERNEL_TABLES[medium])
    within, _ = _parts(nuclide_name, kernel)
    _, beyond = _parts(nuclide_name, point_kernel(nuclide_name, KERNEL_TABLES[SOFT_TISSUE]))
    energy = nuclide(nuclide_name).electron_energy_j
    return kernel.electron_scale * (energy - float(beyond.sum())) / float(within.sum())


def electron_radial_energy(nuclide_name: str, *, medium: str, density_g_per_ml: float) -> RadialEnergy:
    """Electron energy per decay by distance, within the electrons' range, in a medium at a density."""
    kernel = point_kernel(nuclide_name, KERNEL_TABLES[medium])
    within, _ = _parts(nuclide_name, kernel)
    factor = electron_scale(nuclide_name, medium) / kernel.electron_scale
    return _radial(kernel, within * factor, density_g_per_ml)


def wide_voxel_kernel(
    nuclide_name: str,
    spacing_mm: Spacing,
    *,
    density_g_per_ml: float,
    lags: tuple[int, int, int],
    photons: bool = True,
    bremsstrahlung: bool = True,
) -> VoxelKernel:
    """Energy by lag of photons and of bremsstrahlung beyond the electrons' range, in soft tissue (cached)."""
    density = round(density_g_per_ml / _DENSITY_STEP_G_PER_ML)
    return _wide(nuclide_name, _grid(spacing_mm), density, lags, photons, bremsstrahlung)


def voxel_s_values(
    nuclide_name: str,
    spacing_mm: Spacing,
    *,
    medium: str = SOFT_TISSUE,
    density_g_per_ml: float = 1.0,
    lags: tuple[int, int, int] | None = None,
) -> VoxelSValues:
    """Voxel S values for a voxel size (slice, row, column) in mm.

    Parameters
    ----------
    medium
        Of the electron part; photons and bremsstrahlung are those of soft tissue at the same density.
    lags
        Largest lags of the photon parts; by default as far as the table goes.

    Raises
    ------
    MissingDataError
        If there is no point kernel of the nuclide.
    """
    kernel = point_kernel(nuclide_name, KERNEL_TABLES[SOFT_TISSUE])
    edges = np.append(kernel.inner_radius_mm[:1], kernel.outer_radius_mm) * kernel.density_g_per_ml / density_g_per_ml
    reach = RadialEnergy(edges, np.ones(kernel.outer_radius_mm.size))
    wanted = lags if lags is not None else lags_within(reach, spacing_mm)
    bremsstrahlung, photon = (
        wide_voxel_kernel(
            nuclide_name,
            spacing_mm,
            density_g_per_ml=density_g_per_ml,
            lags=wanted,
            photons=photons,
            bremsstrahlung=not photons,
        )
        for photons in (False, True)
    )
    return VoxelSValues(
        electron_voxel_kernel(nuclide_name, spacing_mm, medium=medium, density_g_per_ml=density_g_per_ml),
        bremsstrahlung,
        photon,
        electron_scale(nuclide_name, medium),
    )


def _parts(nuclide_name: str, kernel: PointKernel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Electron energies of the shells within and beyond the electrons' range, zero elsewhere."""
    within = kernel.outer_radius_mm <= electron_range_mm(nuclide_name, kernel.density_g_per_ml) * (1 + 1e-4)
    return np.where(within, kernel.electron_energy_j, 0.0), np.where(within, 0.0, kernel.electron_energy_j)


def _radial(kernel: PointKernel, energy_j: NDArray[np.float64], density_g_per_ml: float) -> RadialEnergy:
    edges = np.append(kernel.inner_radius_mm[:1], kernel.outer_radius_mm)
    return RadialEnergy(edges * (kernel.density_g_per_ml / density_g_per_ml), energy_j)


@made_once(256)
def _electron(nuclide_name: str, grid: tuple[int, int, int], medium: str, density: int) -> VoxelKernel:
    spacing = (grid[0] * _SIZE_STEP_MM, grid[1] * _SIZE_STEP_MM, grid[2] * _SIZE_STEP_MM)
    density_g_per_ml = density * _DENSITY_STEP_G_PER_ML
    radial = electron_radial_energy(nuclide_name, medium=medium, density_g_per_ml=density_g_per_ml)
    energies = voxel_energies_j(radial, spacing, lags_within(radial, spacing))
    return VoxelKernel(nuclide_name, medium, density_g_per_ml, spacing, Kernel(energies))


@made_once(32)
def _wide(
    nuclide_name: str,
    grid: tuple[int, int, int],
    density: int,
    lags: tuple[int, int, int],
    photons: bool,
    bremsstrahlung: bool,
) -> VoxelKernel:
    spacing = (grid[0] * _SIZE_STEP_MM, grid[1] * _SIZE_STEP_MM, grid[2] * _SIZE_STEP_MM)
    density_g_per_ml = density * _DENSITY_STEP_G_PER_ML
    kernel = point_kernel(nuclide_name, KERNEL_TABLES[SOFT_TISSUE])
    _, beyond = _parts(nuclide_name, kernel)
    energy = kernel.photon_energy_j * float(photons) + beyond * float(bremsstrahlung)
    radial = _radial(kernel, energy, density_g_per_ml)
    energies = np.zeros([n + 1 for n in lags])
    if energy.any():
        energies = voxel_energies_j(radial, spacing, lags, smooth_far_away=True)
    return VoxelKernel(nuclide_name, SOFT_TISSUE, density_g_per_ml, spacing, Kernel(energies))
