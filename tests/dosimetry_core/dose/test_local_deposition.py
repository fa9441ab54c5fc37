from __future__ import annotations

import pytest

from dosimetry_core.dose import local_deposition as local
from dosimetry_core.nuclide import LU177, nuclide


def test_that_one_decay_in_one_kilogram_gives_its_energy() -> None:
    assert local.electron_absorbed_dose_gy(LU177, 1.0, mass_kg=1.0) == nuclide(LU177).electron_energy_j


def test_that_doubling_the_mass_halves_the_dose() -> None:
    one, two = (local.electron_absorbed_dose_gy(LU177, 1e12, mass_kg=m) for m in (0.1, 0.2))
    assert one == pytest.approx(2 * two)


def test_that_the_dose_rate_of_a_concentration_is_that_of_its_mass() -> None:
    rate = local.local_deposition_absorbed_dose_rate_gy_per_s(1e6, energy_per_decay_j=1e-14, density_g_per_ml=1.05)
    assert rate == pytest.approx(1e6 * 1e-14 / 1.05e-3)


def test_that_impossible_masses_and_densities_are_refused() -> None:
    with pytest.raises(ValueError, match="mass"):
        local.electron_absorbed_dose_gy(LU177, 1.0, mass_kg=0.0)
    with pytest.raises(ValueError, match="density"):
        local.local_deposition_absorbed_dose_rate_gy_per_s(1.0, energy_per_decay_j=1.0, density_g_per_ml=0.0)
