from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.data_tables import table_rows
from dosimetry_core.dose.s_values import rest_of_body_s_value
from dosimetry_core.dose.sphere import sphere_s_value
from dosimetry_core.nuclide import nuclide
from dosimetry_core.second_opinion import doses, reference_data

_REGIONS = {
    "kidneys": "Kidneys",
    "liver": "Liver",
    "spleen": "Spleen",
    "red_marrow": "R-marrow",
    "remainder": "Rest_KLS_RM",
    "soft_remainder": "Rest_soft_KLS_RM",
    "total_body": "Total_body_tissue",
    "total_body_with_blood": "Total_body_incl_blood",
}
_PHANTOMS = {"M": "AM", "F": "AF"}


def test_that_the_copied_s_values_are_those_of_the_table() -> None:
    rows = {
        (r["nuclide"], r["phantom"], r["target"], r["source"]): r for r in table_rows("physics", "s_values_icrp133.csv")
    }
    for (name, sex, target, source), (electron, photon) in reference_data.S_VALUES.items():
        row = rows[name, _PHANTOMS[sex], _REGIONS[target], _REGIONS[source]]
        assert (electron, photon) == pytest.approx((float(row["S_electron"]), float(row["S_photon"])), rel=1e-5)
        own = reference_data.MASSES_KG.get((sex, source))
        if own is not None:
            assert own[1] == float(row["source_kg"])
        assert reference_data.MASSES_KG[sex, target][0] == float(row["target_kg"])


def test_that_half_lives_and_energies_are_those_of_the_table() -> None:
    for name, half_life in reference_data.HALF_LIFE_S.items():
        assert half_life == pytest.approx(nuclide(name).physical_half_life_s, rel=1e-12)
        assert reference_data.ELECTRON_ENERGY_J[name] == pytest.approx(nuclide(name).electron_energy_j, rel=1e-12)


@pytest.mark.parametrize("name", ["Lu-177", "Y-90"])
def test_that_the_thinned_sphere_table_agrees_between_its_points(name: str) -> None:
    for mass_g in np.geomspace(0.5, 1000.0, 97):
        for density in (0.95, 1.0, 1.04, 1.2):
            full = sphere_s_value(name, mass_g / 1000, density_g_per_ml=density).total_gy_per_bq_s
            # an eighth of the tolerance that doses are compared with
            assert doses.sphere_s_value(name, mass_g / 1000, density) == pytest.approx(full, rel=6e-4)


def test_that_a_sphere_outside_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        doses.sphere_s_value("Lu-177", 1e-5, 1.0)


@pytest.mark.parametrize("convention", ["icrp-other", "soft-tissue", "total-body-difference"])
def test_that_the_rest_of_body_conventions_agree(convention: str) -> None:
    for name in ("Lu-177", "Y-90"):
        for sex in ("F", "M"):
            s = rest_of_body_s_value(name, sex, target="R-marrow", convention=convention)  # type: ignore[arg-type]
            expected = s.electron_gy_per_bq_s + 0.9 * s.photon_gy_per_bq_s
            assert doses.remainder_s_value(name, sex, convention, 0.9) == pytest.approx(expected, rel=1e-4)


def test_that_an_infusion_dilutes_the_impulse_response() -> None:
    # oracle RM-08: factors 1.347939 and 1.0183516 for half-lives of 0.55 and 9.5 h and an infusion of half an hour
    for half_life_h, factor in ((0.55, 1.347939), (9.5, 1.0183516)):
        rate = math.log(2) / (half_life_h * 3600)
        assert doses.impulse_amplitude(1.0, rate, 1800.0) == pytest.approx(factor, rel=1e-6)
    assert doses.impulse_amplitude(3.0, 1e-4, 0.0) == 3.0
