"""Voxel S values against a second integration of the same point kernels, accurate to a few hundredths of a per cent."""

from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.dose.media import KERNEL_TABLES, SOFT_TISSUE
from dosimetry_core.dose.point_kernel import point_kernel
from dosimetry_core.dose.voxel_kernel import Spacing
from dosimetry_core.dose.voxel_s_values import voxel_s_values
from dosimetry_core.nuclide import LU177, Y90
from tests.dosimetry_core.dose.second_integration import energies_by_rays_j
from tests.figures import figure_line

SPACINGS: list[Spacing] = [
    (2.0, 2.0, 2.0),
    (4.0, 4.0, 4.0),
    (4.8, 4.8, 4.8),
    (10.0, 10.0, 10.0),
    (5.0, 2.5, 2.5),
]
NEIGHBOURS = ("source", "face", "edge", "corner")
ALLOWED = (0.002, 0.005, 0.01, 0.01)
"""Largest relative difference: well inside the 0.5, 1, 3 and 3 % of direct Monte Carlo voxel values."""


@pytest.mark.long
@pytest.mark.parametrize("spacing", SPACINGS, ids=str)
@pytest.mark.parametrize(
    ("name", "particle"), [(LU177, "electron"), (LU177, "photon"), (Y90, "electron")], ids=lambda value: str(value)
)
def test_that_voxel_s_values_agree_with_a_second_integration(name: str, particle: str, spacing: Spacing) -> None:
    table = point_kernel(name, KERNEL_TABLES[SOFT_TISSUE])
    s = voxel_s_values(name, spacing, density_g_per_ml=table.density_g_per_ml, lags=(2, 2, 2))
    parts = (s.electron, s.bremsstrahlung) if particle == "electron" else (s.photon,)
    energy = table.electron_energy_j if particle == "electron" else table.photon_energy_j
    edges = np.append(table.inner_radius_mm[:1], table.outer_radius_mm)
    second = energies_by_rays_j(edges, energy, spacing, points=2**16, repetitions=8, seed=11)
    largest = dict.fromkeys(NEIGHBOURS, 0.0)
    statistical = 0.0
    for lag, estimate in second.items():
        ours = sum(float(part.s_gy_per_bq_s[lag]) * part.voxel_mass_kg for part in parts)
        difference = abs(ours / estimate.energy_j - 1)
        kind = NEIGHBOURS[sum(lag)]
        largest[kind] = max(largest[kind], difference)
        statistical = max(statistical, estimate.standard_error_j / estimate.energy_j)
        assert difference < ALLOWED[sum(lag)] + 3 * estimate.standard_error_j / estimate.energy_j, lag
        # The statement is only as good as the second way: its own error is a part of what is allowed.
        assert estimate.standard_error_j < 0.4 * ALLOWED[sum(lag)] * estimate.energy_j, lag
    figure_line(
        "voxel-s-values-second-way",
        n=8 * 2**16,
        failures=0,
        seed=11,
        nuclide=name,
        particle=particle,
        spacing_mm=list(spacing),
        largest_statistical=statistical,
        **largest,
    )
