from __future__ import annotations

import math

import pytest

from dosimetry_core.errors import FitError
from dosimetry_core.kinetics import single_time_point as stp
from dosimetry_core.nuclide import LU177, decay_constant_per_s, nuclide
from dosimetry_core.units import SECONDS_PER_HOUR

HALF_LIFE_S = 51 * SECONDS_PER_HOUR


@pytest.mark.parametrize("x", [1.0, 2.0])
def test_that_haenscheid_is_exact_at_one_and_two_half_lives(x: float) -> None:
    rate = decay_constant_per_s(HALF_LIFE_S)
    time = x * HALF_LIFE_S
    estimate = stp.haenscheid_time_integrated_activity_bq_s(math.exp(-rate * time), time)
    assert estimate == pytest.approx(1 / rate, rel=1e-12)
    assert stp.haenscheid_true_over_estimate(x) == pytest.approx(1.0, rel=1e-12)


def test_that_the_right_half_life_gives_the_right_integral_at_any_time() -> None:
    rate = decay_constant_per_s(HALF_LIFE_S)
    for time in (1.0, HALF_LIFE_S, 4 * HALF_LIFE_S):
        found = stp.known_half_life_time_integrated_activity_bq_s(math.exp(-rate * time), time, HALF_LIFE_S)
        assert found == pytest.approx(1 / rate, rel=1e-12)


def test_that_a_wrong_population_half_life_matters_least_at_the_mean_life() -> None:
    # Methods 2.4: the ratio to truth is stationary at t = 1/λ, so a 1 % wrong half-life errs by second order only.
    rate = decay_constant_per_s(HALF_LIFE_S)
    time = 1 / rate
    found = stp.known_half_life_time_integrated_activity_bq_s(math.exp(-rate * time), time, 1.01 * HALF_LIFE_S)
    assert found * rate == pytest.approx(1.0, abs=1e-4)


def test_that_two_points_slower_than_decay_are_refused() -> None:
    with pytest.raises(FitError, match="more slowly than physical decay"):
        stp.two_point_curve(
            (0.0, 24 * SECONDS_PER_HOUR), (10.0, 9.9), physical_half_life_s=nuclide(LU177).physical_half_life_s
        )


@pytest.mark.parametrize("activities", [(0.0, 5.0), (10.0, 0.0), (10.0, -1.0)])
def test_that_two_points_need_positive_activities(activities: tuple[float, float]) -> None:
    with pytest.raises(FitError, match="not positive"):
        stp.two_point_curve(
            (0.0, 24 * SECONDS_PER_HOUR), activities, physical_half_life_s=nuclide(LU177).physical_half_life_s
        )
