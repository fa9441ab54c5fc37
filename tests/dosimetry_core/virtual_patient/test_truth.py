from __future__ import annotations

import pytest

from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.units import GRAY_PER_GIGABECQUEREL, JOULE_PER_MEV, mass_kg
from dosimetry_core.virtual_patient.truth import CycleTruth
from tests.dosimetry_core.virtual_patient.conftest import Individual


@pytest.fixture(scope="module")
def truth(individual: Individual) -> CycleTruth:
    return CycleTruth(individual.cycles[0], individual.anatomy, individual.body.sex, 66.0)


def test_that_the_kidneys_are_the_mass_weighted_mean_of_both_sides(truth: CycleTruth) -> None:
    masses = [truth.mass_kg[f"Kidney {side}"] for side in "LR"]
    sides = [truth.voi_dose_gy(f"Kidney {side}")["total"] for side in "LR"]
    both = truth.organs()["kidneys"]["absorbed_dose_gy"]["total"]
    assert both == pytest.approx(sum(m * d for m, d in zip(masses, sides, strict=True)) / sum(masses), rel=1e-12)


def test_that_the_electron_energy_of_the_kidneys_is_absorbed_in_them(truth: CycleTruth) -> None:
    """147.9 keV electrons plus about 2 keV photons per decay (methods 3): 150 keV/m × time-integrated activity."""
    activity = sum(truth.time_integrated_activity_bq_s(LU177, f"Kidney {side}") for side in "LR")
    mass = sum(truth.mass_kg[f"Kidney {side}"] for side in "LR")
    dose = truth.organ_contributions_gy("kidneys")["self"][LU177]
    assert dose == pytest.approx(activity * 0.1501 * JOULE_PER_MEV / mass, rel=0.01)


def test_that_contributions_add_up(truth: CycleTruth) -> None:
    for organ, record in truth.organs().items():
        total = sum(part["total"] for part in record["contributions"].values())
        assert record["absorbed_dose_gy"]["total"] == pytest.approx(total, rel=1e-12), organ
        assert total == pytest.approx(sum(record["absorbed_dose_gy"][n] for n in (LU177, Y90)), rel=1e-12)


def test_that_organs_marrow_and_remainder_hold_the_whole_body(truth: CycleTruth) -> None:
    organs = ("Kidney L", "Kidney R", "Liver", "Spleen")
    in_organs = sum(truth.time_integrated_activity_bq_s(LU177, name) for name in organs)
    whole = sum(truth.time_integrated_activity_bq_s(LU177, name) for name in truth.cycle.kinetics)
    marrow = 5.0e10
    assert truth.remainder_bq_s(LU177, marrow) + in_organs + marrow == pytest.approx(whole, rel=1e-12)


def test_that_the_liver_with_its_lesions_holds_both(individual: Individual, truth: CycleTruth) -> None:
    record = truth.record()["vois"]["Liver"]
    lesions = [x.name for x in individual.anatomy.lesions if x.site == "liver"]
    volume = record["volume_ml"] + sum(truth.record()["vois"][name]["volume_ml"] for name in lesions)
    assert record["with_enclosed_vois"]["volume_ml"] == pytest.approx(volume, rel=1e-12)
    activity = sum(truth.time_integrated_activity_bq_s(LU177, name) for name in ("Liver", *lesions))
    assert record["with_enclosed_vois"]["time_integrated_activity_bq_s"][LU177] == pytest.approx(activity, rel=1e-12)
    assert record["with_enclosed_vois"]["mass_kg"] == pytest.approx(mass_kg(volume, 1.06), rel=1e-12)


def test_that_doses_per_activity_lie_where_they_are_published(truth: CycleTruth) -> None:
    organs = truth.organs()
    per_gbq = {
        organ: {
            n: GRAY_PER_GIGABECQUEREL.from_core(v)
            for n, v in r["absorbed_dose_per_administered_activity_gy_per_bq"].items()
        }
        for organ, r in organs.items()
    }
    # methods.md 11.
    assert 0.35 < per_gbq["kidneys"][LU177] < 0.75
    assert 1.5 < per_gbq["kidneys"][Y90] < 3.5
    assert 3 < per_gbq["kidneys"][Y90] / per_gbq["kidneys"][LU177] < 6
    assert 0.009 < per_gbq["red_marrow"][LU177] < 0.030
    assert 0.03 < per_gbq["red_marrow"][Y90] < 0.17


def test_that_every_s_value_is_named_with_its_line(truth: CycleTruth) -> None:
    record = truth.record()
    assert len(record["s_value_lines"]) == 2 * (3 * 4 + 5)
    assert all(line.startswith("resources/physics/s_values_icrp133.csv: ") for line in record["s_value_lines"].values())
    assert set(record["kinetics"]) == set(truth.cycle.kinetics)
