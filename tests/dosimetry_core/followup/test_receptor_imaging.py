from __future__ import annotations

import pytest

from dosimetry_core.followup.receptor_imaging import (
    GA68_HALF_LIFE_S,
    ReceptorLesion,
    krenning_score,
    receptor_tumour_volume_ml,
    reference_activity_bq,
    suv_body_weight_g_per_ml,
    total_lesion_activity_ml,
    tumour_to_liver_ratio,
    whole_body_suv_mean,
)


def test_that_uniform_uptake_has_an_suv_of_one() -> None:
    # all activity evenly in 70 kg of 1 g/mL
    assert suv_body_weight_g_per_ml(100e6 / 70_000, reference_activity_bq=100e6, weight_kg=70) == pytest.approx(1.0)


def test_that_one_half_life_halves_the_reference_activity() -> None:
    options = {"uptake_s": GA68_HALF_LIFE_S, "half_life_s": GA68_HALF_LIFE_S}
    assert reference_activity_bq(148e6, decay_reference="scan-start", **options) == pytest.approx(74e6)
    assert reference_activity_bq(148e6, decay_reference="administration", **options) == 148e6


def test_that_volumes_and_activities_of_lesions_add() -> None:
    lesions = [ReceptorLesion(10.0, 3.0), ReceptorLesion(4.0, 1.0)]
    assert receptor_tumour_volume_ml(lesions) == 4.0
    assert total_lesion_activity_ml(lesions) == 34.0
    assert whole_body_suv_mean(lesions) == 8.5


def test_that_higher_uptake_has_a_higher_score() -> None:
    assert krenning_score("none") < krenning_score("equal to liver") < krenning_score("greater than spleen or kidneys")


def test_that_a_missing_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="reference"):
        tumour_to_liver_ratio(30.0, 0.0)
    with pytest.raises(ValueError, match="positive"):
        suv_body_weight_g_per_ml(1.0, reference_activity_bq=0.0, weight_kg=70)
