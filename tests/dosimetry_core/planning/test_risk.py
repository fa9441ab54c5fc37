from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.planning.risk import (
    combined_standard_uncertainty_gy,
    probability_limited_activity_bq,
    probability_limited_activity_common_bq,
    probability_of_exceeding,
)


def test_that_the_probability_at_the_limit_is_one_half_and_two_sided_symmetric() -> None:
    assert probability_of_exceeding(23.0, 2.0, 23.0) == 0.5
    assert probability_of_exceeding(21.0, 2.0, 23.0) == pytest.approx(0.158655254, rel=1e-8)  # one sigma, tables
    assert probability_of_exceeding(25.0, 2.0, 23.0) == pytest.approx(1 - 0.158655254, rel=1e-8)


def test_that_a_dose_known_exactly_exceeds_or_not() -> None:
    assert probability_of_exceeding(22.0, 0.0, 23.0) == 0.0
    assert probability_of_exceeding(24.0, 0.0, 23.0) == 1.0


def test_that_random_parts_add_in_quadrature_and_common_parts_linearly() -> None:
    four = [(4.0, 0.1, 0.0)] * 4
    assert combined_standard_uncertainty_gy(four) == pytest.approx(0.8)
    four_common = [(4.0, 0.0, 0.1)] * 4
    assert combined_standard_uncertainty_gy(four_common) == pytest.approx(1.6)


def test_that_the_combined_uncertainty_agrees_with_sampling() -> None:
    rng = np.random.default_rng(7)
    doses, random, common = np.array([6.0, 5.0, 12.0]), np.array([0.06, 0.05, 0.08]), np.array([0.1, 0.1, 0.12])
    shared = rng.standard_normal((200_000, 1))
    draws = (doses * (1 + random * rng.standard_normal((200_000, 3)) + common * shared)).sum(axis=1)
    stated = combined_standard_uncertainty_gy(zip(doses, random, common, strict=True))
    assert draws.std() == pytest.approx(stated, rel=0.01)  # sampling error of a deviation: 0.16 %


@pytest.mark.parametrize("u_per_bq", [0.0, 0.08, 0.3344, 0.9])
def test_that_the_probability_limited_activity_has_just_that_probability(u_per_bq: float) -> None:
    # 0.3344 × 1.645 is the absorbed dose per activity itself: the quadratic becomes linear; 0.9 makes it turn over.
    activity = probability_limited_activity_bq(12.0, 1.2, 0.55, u_per_bq, limit_gy=23.0, allowed_probability=0.05)
    assert activity is not None
    uncertainty = math.hypot(1.2, activity * u_per_bq)
    assert probability_of_exceeding(12.0 + activity * 0.55, uncertainty, 23.0) == pytest.approx(0.05, rel=1e-9)


def test_that_no_activity_is_given_where_the_past_alone_is_too_likely_to_exceed() -> None:
    assert probability_limited_activity_bq(22.0, 1.2, 0.55, 0.08, limit_gy=23.0, allowed_probability=0.05) is None
    assert probability_limited_activity_common_bq(20.0, 0.55, 0.13, limit_gy=23.0, allowed_probability=0.05) is None


def test_that_a_common_error_scales_the_whole_sum() -> None:
    activity = probability_limited_activity_common_bq(10.0, 0.5, 0.1, limit_gy=23.0, allowed_probability=0.05)
    assert activity is not None
    total = 10.0 + 0.5 * activity
    assert probability_of_exceeding(total, 0.1 * total, 23.0) == pytest.approx(0.05, rel=1e-9)


@pytest.mark.parametrize("allowed", [0.0, 0.6])
def test_that_a_meaningless_allowed_probability_is_refused(allowed: float) -> None:
    with pytest.raises(ValueError, match="allowed probability"):
        probability_limited_activity_bq(1.0, 0.1, 0.5, 0.0, limit_gy=23.0, allowed_probability=allowed)
