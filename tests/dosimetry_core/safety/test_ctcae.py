from __future__ import annotations

import pytest

from dosimetry_core.case import LaboratoryLimit
from dosimetry_core.safety.ctcae import ctcae_grade

ULN = LaboratoryLimit(upper=0.7)


@pytest.mark.parametrize(
    ("multiple_tenths", "grade"),
    [(10, 0), (11, 1), (30, 1), (31, 2), (50, 2), (51, 3), (200, 3), (201, 4)],
)
def test_that_a_boundary_of_alt_belongs_to_the_lower_grade(multiple_tenths: int, grade: int) -> None:
    # 0.7 is not a binary fraction: 3 × 0.7 must still equal 2.1 as typed.
    assert ctcae_grade("alt_u_per_l", round(0.07 * multiple_tenths, 6), limit=ULN) == grade


@pytest.mark.parametrize(("value", "grade"), [(60, 0), (89.9, 0), (90, 1), (180, 1), (181, 2), (300, 2), (301, 3)])
def test_that_an_abnormal_baseline_replaces_the_limit_for_alt(value: float, grade: int) -> None:
    assert ctcae_grade("alt_u_per_l", value, limit=LaboratoryLimit(upper=35), baseline=60) == grade


@pytest.mark.parametrize(("value", "grade"), [(30, 0), (30.1, 1), (45, 1), (46, 2), (90, 2), (91, 3), (301, 4)])
def test_that_an_abnormal_baseline_replaces_the_limit_for_bilirubin(value: float, grade: int) -> None:
    assert ctcae_grade("bilirubin_umol_per_l", value, limit=LaboratoryLimit(upper=21), baseline=30) == grade


def test_that_a_normal_baseline_leaves_the_limit() -> None:
    assert ctcae_grade("alt_u_per_l", 36, limit=LaboratoryLimit(upper=35), baseline=20) == 1


@pytest.mark.parametrize(
    ("value", "baseline", "grade"),
    [(90, None, 0), (91, None, 1), (135, None, 1), (136, None, 2), (270, None, 2), (271, None, 3), (541, None, 4),
     (85, 50, 2), (75, 50, 0), (151, 50, 3)],
)  # fmt: skip
def test_that_creatinine_is_graded_by_limit_or_rise_over_baseline(
    value: float, baseline: float | None, grade: int
) -> None:
    assert ctcae_grade("creatinine_umol_per_l", value, limit=LaboratoryLimit(upper=90), baseline=baseline) == grade


@pytest.mark.parametrize(("value", "grade"), [(60, 1), (59.9, 2), (30, 2), (29.9, 3), (15, 3), (14.9, 4)])
def test_that_kidney_disease_is_graded_by_egfr(value: float, grade: int) -> None:
    assert ctcae_grade("egfr_ml_per_min_per_1_73m2", value, limit=LaboratoryLimit(lower=90)) == grade


def test_that_without_limits_only_what_is_certain_is_graded() -> None:
    assert ctcae_grade("platelets_1e9_per_l", 70, limit=None) == 2
    assert ctcae_grade("platelets_1e9_per_l", 80, limit=None) is None
    assert ctcae_grade("alt_u_per_l", 1000, limit=None) is None


def test_that_what_ctcae_does_not_grade_is_refused() -> None:
    with pytest.raises(ValueError, match="karnofsky"):
        ctcae_grade("karnofsky", 80, limit=None)
    with pytest.raises(ValueError, match="can't be"):
        ctcae_grade("alt_u_per_l", float("nan"), limit=None)
