from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from dosimetry_core.errors import FitError
from dosimetry_core.kinetics.integrate import TrapezoidCurve

PHYSICAL = 0.0043
TIMES = np.array([4.0, 24.0, 48.0, 192.0])


def test_that_log_trapezoid_is_exact_for_a_mono_exponential_but_for_the_head() -> None:
    rate = 0.0136
    curve = TrapezoidCurve(TIMES, 100 * np.exp(-rate * TIMES), PHYSICAL, head="back-extrapolated")
    assert curve.time_integrated_activity_bq_s == pytest.approx(100 / rate, rel=1e-12)


def test_that_the_linear_rule_overestimates_a_falling_exponential() -> None:
    values = 100 * np.exp(-0.0136 * TIMES)
    linear = TrapezoidCurve(TIMES, values, PHYSICAL, middle="linear").middle_bq_s
    assert linear > 1.1 * TrapezoidCurve(TIMES, values, PHYSICAL).middle_bq_s


def test_that_the_tail_never_falls_more_slowly_than_physical_decay() -> None:
    flat = TrapezoidCurve(TIMES, np.array([10.0, 10.0, 10.0, 10.0]), PHYSICAL)
    assert flat.tail_decay_constant_per_s == PHYSICAL
    assert flat.tail_bq_s == pytest.approx(10 / PHYSICAL)


def test_that_a_rising_start_takes_a_straight_line_from_zero() -> None:
    rising = TrapezoidCurve(TIMES, np.array([5.0, 10.0, 8.0, 2.0]), PHYSICAL)
    assert rising.head_bq_s == pytest.approx(4.0 * 5.0 / 2)
    falling = TrapezoidCurve(TIMES, np.array([10.0, 8.0, 6.0, 1.0]), PHYSICAL)
    assert falling.head_bq_s == pytest.approx(4.0 * 10.0)


def test_that_the_evaluated_curve_passes_through_its_points_and_integrates_to_its_parts() -> None:
    values = np.array([5.0, 10.0, 8.0, 2.0])
    curve = TrapezoidCurve(TIMES, values, PHYSICAL)
    np.testing.assert_allclose(curve.activity_at_bq(TIMES), values, rtol=1e-12)
    numeric = quad(
        lambda t: float(curve.activity_at_bq(np.array(t))), 0.0, 192.0, points=[4.0, 24.0, 48.0], epsrel=1e-10
    )[0]
    assert curve.head_bq_s + curve.middle_bq_s == pytest.approx(numeric, rel=1e-9)


def test_that_the_gradient_is_linear_in_scale() -> None:
    # The integral is homogeneous of degree one in the activities (Euler): Σ A_i ∂Ã/∂A_i = Ã.
    values = np.array([118.0, 88.0, 65.0, 9.1])
    curve = TrapezoidCurve(TIMES, values, PHYSICAL)
    assert float(curve.gradient() @ values) == pytest.approx(curve.time_integrated_activity_bq_s, rel=1e-4)


def test_that_one_point_or_a_negative_end_is_refused() -> None:
    with pytest.raises(FitError, match="two time points"):
        TrapezoidCurve(TIMES[:1], np.array([1.0]), PHYSICAL)
    with pytest.raises(FitError, match="positive"):
        TrapezoidCurve(TIMES, np.array([5.0, 4.0, 3.0, -1.0]), PHYSICAL)


def test_that_equal_neighbours_are_joined_by_a_straight_line() -> None:
    curve = TrapezoidCurve(TIMES, np.array([10.0, 10.0, 10.0, 5.0]), PHYSICAL)
    expected = 10 * 44 + 144 * 5 / math.log(2)
    assert curve.middle_bq_s == pytest.approx(expected)


def test_that_ends_far_below_the_largest_activity_still_have_a_gradient() -> None:
    # A step of one per mille of the largest activity would take either of the last two below zero: they count whole.
    values = np.array([1000.0, 300.0, 0.8, 0.5])
    curve = TrapezoidCurve(TIMES, values, PHYSICAL)
    np.testing.assert_allclose(curve.gradient()[2:], curve.time_integrated_activity_bq_s / values[2:], rtol=1e-12)
