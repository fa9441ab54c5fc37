from __future__ import annotations

import pytest

from dosimetry_core.dose.local_deposition import electron_absorbed_dose_gy
from dosimetry_core.dose.organ_level import (
    KidneySide,
    kidney_absorbed_doses,
    mass_weighted_mean_gy,
    organ_absorbed_dose,
    self_absorbed_dose_gy,
)
from dosimetry_core.dose.s_values import s_value
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.units import MEGABECQUEREL_HOUR

LEFT = KidneySide(MEGABECQUEREL_HOUR.to_core(7800.0), 0.172)
RIGHT = KidneySide(MEGABECQUEREL_HOUR.to_core(7300.0), 0.158)
OTHERS = {"liver": MEGABECQUEREL_HOUR.to_core(20000.0), "spleen": MEGABECQUEREL_HOUR.to_core(5000.0)}


@pytest.mark.parametrize("name", [LU177, Y90])
def test_that_the_mean_of_the_sides_by_mass_is_the_dose_of_both(name: str) -> None:
    doses = kidney_absorbed_doses(
        name, "M", {"left": LEFT, "right": RIGHT}, other_time_integrated_activities_bq_s=OTHERS
    )
    sides = {side: dose.absorbed_dose_gy for side, dose in doses.sides.items()}
    assert mass_weighted_mean_gy(sides, {"left": 0.172, "right": 0.158}) == pytest.approx(
        doses.both.absorbed_dose_gy, rel=1e-12
    )
    assert sides["right"] > sides["left"]


def test_that_the_kidney_dose_of_the_published_example_is_met() -> None:
    # KID-01 with the OLINDA 2 value is 3.963 Gy; ICRP 133 counts 1.1 % less absorbed energy per decay.
    doses = kidney_absorbed_doses(LU177, "M", {"l": LEFT, "r": RIGHT}, other_time_integrated_activities_bq_s={})
    assert doses.both.absorbed_dose_gy == pytest.approx(3.9627, rel=0.015)


def test_that_the_reference_mass_gives_the_tables_own_dose() -> None:
    s = s_value(LU177, "F", target="Liver", source="Liver")
    dose = organ_absorbed_dose(
        LU177, "F", "liver", mass_kg=s.target_mass_kg, time_integrated_activities_bq_s={"liver": 1e15}
    )
    assert dose.absorbed_dose_gy == pytest.approx(1e15 * s.total_gy_per_bq_s, rel=1e-12)
    assert dose.self_fraction == 1.0


def test_that_electrons_scale_with_mass_and_photons_by_the_two_thirds_power() -> None:
    constants = {"electron_s_gy_per_bq_s": 1.0, "photon_s_gy_per_bq_s": 0.0, "reference_mass_kg": 0.4}
    assert self_absorbed_dose_gy(1.0, mass_kg=0.05, **constants) == pytest.approx(8.0)
    photons = {"electron_s_gy_per_bq_s": 0.0, "photon_s_gy_per_bq_s": 1.0, "reference_mass_kg": 0.4}
    assert self_absorbed_dose_gy(1.0, mass_kg=0.05, **photons) == pytest.approx(4.0)


def test_that_contributions_add_to_the_dose_and_cross_terms_do_not_scale_with_mass() -> None:
    sources = {"kidneys": 5e13, "remainder": 4e14, **OTHERS}
    light, heavy = (
        organ_absorbed_dose(LU177, "F", "kidneys", mass_kg=mass, time_integrated_activities_bq_s=sources)
        for mass in (0.25, 0.5)
    )
    assert set(light.contributions_gy) == {"self", "liver", "spleen", "remainder"}
    assert sum(light.contributions_gy.values()) == pytest.approx(light.absorbed_dose_gy)
    assert light.contributions_gy["liver"] == heavy.contributions_gy["liver"]
    # Electrons halve; photons (2 %) fall by 2^(2/3) only.
    ratio = light.contributions_gy["self"] / heavy.contributions_gy["self"]
    assert 1.98 < ratio < 2.0
    # Cross dose to kidneys is a few per mille to a per cent of the self dose, never comparable to it.
    cross = light.absorbed_dose_gy - light.contributions_gy["self"]
    assert 0.0 < cross < 0.05 * light.contributions_gy["self"]


@pytest.mark.parametrize(("name", "low", "high"), [(LU177, 0.99, 1.03), (Y90, 0.88, 0.94)])
def test_that_organ_level_and_local_deposition_differ_by_escape_and_photons_only(
    name: str, low: float, high: float
) -> None:
    organ = organ_absorbed_dose(
        name, "M", "kidneys", mass_kg=0.33, time_integrated_activities_bq_s={"kidneys": 5e13}
    ).absorbed_dose_gy
    assert low < organ / electron_absorbed_dose_gy(name, 5e13, mass_kg=0.33) < high


def test_that_a_single_kidney_gets_the_pairs_formula_and_a_horseshoe_none() -> None:
    single = kidney_absorbed_doses(
        LU177, "M", {"left": LEFT}, other_time_integrated_activities_bq_s={}, anatomy="single"
    )
    assert single.sides["left"].absorbed_dose_gy == pytest.approx(single.both.absorbed_dose_gy)
    with pytest.raises(InconsistentCaseError) as caught:
        kidney_absorbed_doses(
            LU177, "M", {"kidneys": LEFT}, other_time_integrated_activities_bq_s={}, anatomy="horseshoe"
        )
    assert "local-deposition" in caught.value.remedy


def test_that_missing_activity_or_voi_is_said() -> None:
    with pytest.raises(MissingDataError, match="spleen"):
        organ_absorbed_dose(LU177, "M", "spleen", mass_kg=0.2, time_integrated_activities_bq_s={"liver": 1.0})
    with pytest.raises(MissingDataError, match="no VOI"):
        kidney_absorbed_doses(LU177, "M", {}, other_time_integrated_activities_bq_s={})
    with pytest.raises(ValueError, match="unknown source"):
        organ_absorbed_dose(
            LU177, "M", "liver", mass_kg=1.8, time_integrated_activities_bq_s={"liver": 1.0, "heart": 1.0}
        )
    with pytest.raises(ValueError, match="positive"):
        organ_absorbed_dose(LU177, "M", "liver", mass_kg=0.0, time_integrated_activities_bq_s={"liver": 1.0})


@pytest.mark.parametrize(("mass_kg", "reference_mass_kg"), [(0.0, 0.3), (0.3, 0.0), (-0.3, 0.3), (0.3, -0.3)])
def test_that_a_mass_that_is_not_positive_is_a_broken_contract(mass_kg: float, reference_mass_kg: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        self_absorbed_dose_gy(
            1e12,
            electron_s_gy_per_bq_s=1e-13,
            photon_s_gy_per_bq_s=1e-14,
            mass_kg=mass_kg,
            reference_mass_kg=reference_mass_kg,
        )
