from __future__ import annotations

from datetime import date

import pytest

from dosimetry_core.safety.renal import (
    age_years,
    creatinine_clearance_cockcroft_gault_ml_per_min,
    egfr_ckd_epi_2021_ml_per_min_per_1_73m2,
)


def test_that_ckd_epi_2021_gives_the_published_check_value() -> None:
    assert round(egfr_ckd_epi_2021_ml_per_min_per_1_73m2(1.2 * 88.42, age_years=55, sex="M")) == 71


def test_that_both_branches_meet_at_kappa() -> None:
    below = egfr_ckd_epi_2021_ml_per_min_per_1_73m2(0.9 * 88.42 - 1e-6, age_years=50, sex="M")
    above = egfr_ckd_epi_2021_ml_per_min_per_1_73m2(0.9 * 88.42 + 1e-6, age_years=50, sex="M")
    assert below == pytest.approx(above, rel=1e-6)
    assert above == pytest.approx(142 * 0.9938**50, rel=1e-6)


def test_that_cockcroft_gault_is_the_hand_calculation() -> None:
    # (140 − 60) · 72 / (72 · 1.0) = 80 mL/min; 85 % of it for a woman
    options = {"age_years": 60.0, "weight_kg": 72.0}
    assert creatinine_clearance_cockcroft_gault_ml_per_min(88.42, sex="M", **options) == pytest.approx(80.0)
    assert creatinine_clearance_cockcroft_gault_ml_per_min(88.42, sex="F", **options) == pytest.approx(68.0)


def test_that_age_counts_completed_years() -> None:
    born = date(1957, 3, 4)
    assert age_years(born, date(2025, 3, 3)) == 67
    assert age_years(born, date(2025, 3, 4)) == 68


def test_that_children_and_impossible_values_are_refused() -> None:
    with pytest.raises(ValueError, match="adults"):
        egfr_ckd_epi_2021_ml_per_min_per_1_73m2(80, age_years=17, sex="F")
    with pytest.raises(ValueError, match="creatinine"):
        egfr_ckd_epi_2021_ml_per_min_per_1_73m2(0, age_years=50, sex="F")
    with pytest.raises(ValueError, match="weight"):
        creatinine_clearance_cockcroft_gault_ml_per_min(80, age_years=50, weight_kg=0, sex="F")
