from __future__ import annotations

from typing import get_args

import pytest

from dosimetry_core.planning.prediction import predictor_weights, weighted_sum
from dosimetry_core.planning.protocol import Predictor

RISING = (0.50, 0.56, 0.59)
ACTIVITIES = (7.4, 10.0, 9.0)


def _predicted(predictor: Predictor, values: tuple[float, ...], **options: bool) -> float:
    numbers = tuple(range(1, len(values) + 1))
    activities = ACTIVITIES[: len(values)]
    weights = predictor_weights(predictor, numbers, activities, values, next_cycle=len(values) + 1, **options)
    return weighted_sum(weights, values)


@pytest.mark.parametrize("predictor", get_args(Predictor))
def test_that_every_predictor_returns_a_constant(predictor: Predictor) -> None:
    assert _predicted(predictor, (0.5, 0.5, 0.5)) == pytest.approx(0.5, rel=1e-14)


@pytest.mark.parametrize("predictor", get_args(Predictor))
def test_that_weights_sum_to_one(predictor: Predictor) -> None:
    weights = predictor_weights(predictor, (1, 2, 3), ACTIVITIES, RISING, next_cycle=4)
    assert sum(weights) == pytest.approx(1.0, rel=1e-14)


def test_that_a_straight_line_is_continued() -> None:
    assert _predicted("linear-trend", (0.50, 0.55, 0.60)) == pytest.approx(0.65, rel=1e-12)


def test_that_a_falling_trend_stays_at_the_last_value_unless_allowed() -> None:
    assert _predicted("linear-trend", (0.60, 0.55, 0.50)) == 0.50
    assert _predicted("linear-trend", (0.60, 0.55, 0.50), linear_trend_may_fall=True) == pytest.approx(0.45)


def test_that_a_trend_is_followed_while_it_is_not_below_the_last_value() -> None:
    # A flat line through 0.5, 0.9, 0.5: above the last value, below the one before.
    assert _predicted("linear-trend", (0.5, 0.9, 0.5)) == pytest.approx(1.9 / 3, rel=1e-12)


def test_that_a_trend_of_two_cycles_is_the_latest() -> None:
    assert _predicted("linear-trend", (0.50, 0.56)) == 0.56


def test_that_no_measurement_is_refused() -> None:
    with pytest.raises(ValueError, match="measured cycle"):
        predictor_weights("latest", (), (), (), next_cycle=1)
