from __future__ import annotations

from typing import Any

import pytest

from dosimetry_core.dose import red_marrow, s_values
from dosimetry_core.dose.red_marrow import MarrowSource, RedMarrowAbsorbedDose, red_marrow_absorbed_dose
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.uncertainty import RelativeUncertainty
from dosimetry_core.units import KILOBECQUEREL_PER_ML, MEGABECQUEREL_HOUR, SECONDS_PER_HOUR

SPREAD = RelativeUncertainty(0.02, 0.05)
BLOOD = MarrowSource(KILOBECQUEREL_PER_ML.to_core(1111.6) * SECONDS_PER_HOUR, SPREAD)
ORGANS = {
    "kidneys": MarrowSource(MEGABECQUEREL_HOUR.to_core(15000.0), SPREAD),
    "liver": MarrowSource(MEGABECQUEREL_HOUR.to_core(30000.0), SPREAD),
    "spleen": MarrowSource(MEGABECQUEREL_HOUR.to_core(12000.0), SPREAD),
}
REST = MarrowSource(MEGABECQUEREL_HOUR.to_core(120000.0), SPREAD)


def marrow(name: str = LU177, **changes: Any) -> RedMarrowAbsorbedDose:
    given: dict[str, Any] = {
        "blood": BLOOD,
        "organs": ORGANS,
        "remainder": REST,
        "blood_density_g_per_ml": 1.06,
        "marrow_to_blood_ratio": 1.0,
        "rest_of_body": "icrp-other",
        "body_mass_kg": 68.0,
        "scale_remainder_by_body_mass": True,
        "bone_metastases": False,
    }
    return red_marrow_absorbed_dose(name, "M", **(given | changes))


def test_that_items_add_to_the_dose_and_all_conventions_stand_beside_it() -> None:
    dose = marrow()
    assert set(dose.contributions_gy) == {"self", "kidneys", "liver", "spleen", "remainder"}
    assert dose.by_convention_gy["icrp-other"] == pytest.approx(dose.absorbed_dose_gy, rel=1e-12)
    assert dose.by_convention_gy["soft-tissue"] < dose.absorbed_dose_gy
    assert marrow(rest_of_body="soft-tissue").absorbed_dose_gy == pytest.approx(
        dose.by_convention_gy["soft-tissue"], rel=1e-12
    )


def test_that_the_convention_of_the_rest_decides_the_dose() -> None:
    # Methods 4.2: about a factor 2.5 between uniform and soft-tissue-only for a typical case.
    dose = marrow()
    ratio = dose.contributions_gy["remainder"] / (
        dose.by_convention_gy["soft-tissue"] - dose.absorbed_dose_gy + dose.contributions_gy["remainder"]
    )
    assert 5 < ratio < 12


def test_that_the_self_dose_is_the_tables_energy_per_mass_of_blood() -> None:
    s = s_values.s_value(LU177, "M", target="R-marrow", source="R-marrow")
    per_mass = red_marrow.blood_time_integrated_activity_bq_s_per_kg(
        BLOOD.time_integrated_activity_bq_s, blood_density_g_per_ml=1.06
    )
    assert marrow().contributions_gy["self"] == pytest.approx(per_mass * s.total_gy_per_bq_s * 1.394, rel=1e-12)


def test_that_the_ratio_scales_the_self_dose_only() -> None:
    one, third = marrow(), marrow(marrow_to_blood_ratio=1 / 3)
    assert third.contributions_gy["self"] == pytest.approx(one.contributions_gy["self"] / 3)
    assert third.contributions_gy["remainder"] == one.contributions_gy["remainder"]


def test_that_photons_of_the_rest_scale_with_body_mass_and_electrons_do_not() -> None:
    s = s_values.rest_of_body_s_value(LU177, "M", target="R-marrow", convention="icrp-other")
    reference = s_values.reference_body_mass_kg("M")
    heavy = marrow(body_mass_kg=2 * reference).contributions_gy["remainder"]
    expected = REST.time_integrated_activity_bq_s * (s.electron_gy_per_bq_s + s.photon_gy_per_bq_s / 2)
    assert heavy == pytest.approx(expected, rel=1e-12)
    unscaled = marrow(body_mass_kg=2 * reference, scale_remainder_by_body_mass=False).contributions_gy["remainder"]
    assert unscaled == pytest.approx(REST.time_integrated_activity_bq_s * s.total_gy_per_bq_s, rel=1e-12)


def test_that_doubts_are_findings() -> None:
    assert not marrow().findings
    codes = [finding.code for finding in marrow(remainder=None, bone_metastases=None).findings]
    assert codes == ["bone-metastases", "marrow-without-remainder"]
    assert "remainder" not in marrow(remainder=None).contributions_gy
    assert [f.code for f in marrow(body_mass_kg=None).findings] == ["marrow-remainder-unscaled"]
    without_spleen = {name: source for name, source in ORGANS.items() if name != "spleen"}
    assert [f.code for f in marrow(organs=without_spleen).findings] == ["marrow-organ-in-remainder"]


def test_that_each_item_carries_its_uncertainty_and_the_sum_its_quadrature() -> None:
    dose = marrow()
    spread = dose.relative_uncertainty
    assert spread.random == pytest.approx(
        sum((0.02 * d) ** 2 for d in dose.contributions_gy.values()) ** 0.5 / dose.absorbed_dose_gy
    )
    assert dose.contribution_uncertainties["remainder"].common == pytest.approx((0.05**2 + 0.10**2) ** 0.5)
    assert dose.absorbed_dose_standard_uncertainty_gy == pytest.approx(spread.total * dose.absorbed_dose_gy)


def test_that_yttrium_to_marrow_is_larger_per_decay() -> None:
    assert marrow(Y90).contributions_gy["self"] > 3 * marrow().contributions_gy["self"]


def test_that_unknown_sources_and_haematocrits_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown source"):
        marrow(organs={"brain": REST})
    with pytest.raises(ValueError, match="haematocrit"):
        red_marrow.marrow_to_blood_ratio_of_large_molecules(1.0)


def test_that_the_marrows_own_activity_uses_the_mass_that_cancels() -> None:
    assert red_marrow.marrow_time_integrated_activity_bq_s(2.0, marrow_to_blood_ratio=1.0, sex="F") == 2.0 * 1.064


def test_that_a_vertebra_with_the_concentration_of_blood_has_the_self_dose_of_blood() -> None:
    """Same concentration per mass: the image-based and the blood-based self dose are one."""
    per_ml, volume_ml = 4e9, 35.0
    by_image = red_marrow.image_based_self_absorbed_dose_gy("Lu-177", "M", per_ml * volume_ml, volume_ml=volume_ml)
    by_blood = red_marrow.marrow_self_absorbed_dose_gy(
        red_marrow.blood_time_integrated_activity_bq_s_per_kg(
            per_ml, blood_density_g_per_ml=red_marrow.MARROW_DENSITY_G_PER_ML
        ),
        marrow_to_blood_ratio=1.0,
        s_value_gy_per_bq_s=s_values.s_value("Lu-177", "M", target="R-marrow", source="R-marrow").total_gy_per_bq_s,
        phantom_marrow_mass_kg=1.394,
    )
    assert by_image == pytest.approx(by_blood, rel=1e-12)
    with pytest.raises(ValueError, match="volume"):
        red_marrow.image_based_self_absorbed_dose_gy("Lu-177", "M", 1.0, volume_ml=0.0)


def test_that_every_convention_is_itemised_with_the_lesions_within_the_remainder() -> None:
    lesions = 0.25 * REST.time_integrated_activity_bq_s
    dose = marrow(lesions_bq_s=lesions)
    table = dose.to_json()["by_convention_gy"]
    without_rest = dose.absorbed_dose_gy - dose.contributions_gy["remainder"]
    for parts in table.values():
        assert parts["total"] == pytest.approx(without_rest + parts["remainder"], rel=1e-12)
        assert parts["lesions_within_remainder"] == pytest.approx(0.25 * parts["remainder"], rel=1e-12)
    assert dose.absorbed_dose_gy == marrow().absorbed_dose_gy
