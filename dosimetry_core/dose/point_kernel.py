"""Dose point kernels: energy deposited in shells around a point source, from the bundled Monte Carlo tables."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.data_tables import table_rows
from dosimetry_core.errors import MissingDataError
from dosimetry_core.frozen import read_only
from dosimetry_core.nuclide import nuclide
from dosimetry_core.units import JOULE_PER_MEV

SOFT_TISSUE: Final = "softtissue_icru4"
_FILE_NAMES: Final = {"Lu-177": "Lu177", "Y-90": "Y90"}


@dataclass(frozen=True, eq=False)
class PointKernel:
    """Radial energy deposition of one decay in a homogeneous medium.

    Parameters
    ----------
    inner_radius_mm, outer_radius_mm
        Shell limits at ``density_g_per_ml``, shape (n_shells,); radii scale with 1/density.
    electron_energy_j, photon_energy_j
        Energy deposited in each shell per decay by electrons (with their bremsstrahlung) and by photons. The electron
        part is scaled once, by ``electron_scale``, so that its sum is the electron energy of the nuclide table.
    electron_scale
        That factor (1.001 to 1.002; recorded because the kernel's own emissions are slightly lower).
    """

    nuclide: str
    medium: str
    density_g_per_ml: float
    inner_radius_mm: NDArray[np.float64]
    outer_radius_mm: NDArray[np.float64]
    electron_energy_j: NDArray[np.float64]
    photon_energy_j: NDArray[np.float64]
    electron_scale: float


@functools.cache
def point_kernel(nuclide_name: str, medium: str = SOFT_TISSUE) -> PointKernel:
    """Point kernel of a nuclide in a bundled medium; raises MissingDataError for another one."""
    if nuclide_name not in _FILE_NAMES:
        raise MissingDataError(f"there is no point kernel of {nuclide_name}", where="resources/physics/kernels")
    short = _FILE_NAMES[nuclide_name]
    name = f"dpk_{short}_{medium}.csv"
    summary = next(
        row
        for row in table_rows("physics", "kernels", "summary.csv")
        if (row["nuclide"], row["medium"]) == (short, medium)
    )
    rows = table_rows("physics", "kernels", name)

    def column(key: str) -> NDArray[np.float64]:
        return np.array([float(row[key]) for row in rows])

    electron = column("E_electron_MeV_per_decay") * JOULE_PER_MEV
    scale = nuclide(nuclide_name).electron_energy_j / float(electron.sum())
    return PointKernel(
        nuclide_name,
        medium,
        float(summary["density"]),
        read_only(column("r_in_mm")),
        read_only(column("r_out_mm")),
        read_only(electron * scale),
        read_only(column("E_photon_MeV_per_decay") * JOULE_PER_MEV),
        scale,
    )
