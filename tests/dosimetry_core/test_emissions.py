from __future__ import annotations

import pytest

from dosimetry_core.emissions import emissions, energy_per_decay_j
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.nuclide import LU177, Y90, nuclide


@pytest.mark.parametrize("name", [LU177, Y90])
def test_that_line_sums_reproduce_the_totals(name: str) -> None:
    lines, physics = emissions(name), nuclide(name)
    electrons = (
        lines.beta_energy_per_decay_j
        + energy_per_decay_j(lines.conversion_electrons)
        + energy_per_decay_j(lines.auger_electrons)
    )
    # The table rounds its totals to five digits.
    assert electrons == pytest.approx(physics.electron_energy_j, rel=1e-4)


def test_that_lutetium_photons_add_to_their_total() -> None:
    assert energy_per_decay_j(emissions(LU177).photons) == pytest.approx(nuclide(LU177).photon_energy_j, rel=2e-3)


def test_that_an_unknown_nuclide_is_refused() -> None:
    with pytest.raises(InconsistentCaseError, match="unknown nuclide"):
        emissions("Xx-1")
