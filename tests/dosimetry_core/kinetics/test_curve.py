from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.units import BQ_PER_MBQ, SECONDS_PER_HOUR

TIMES = np.array([4.0, 24.0, 48.0, 192.0]) * SECONDS_PER_HOUR
VALUES = np.array([118.0, 88.0, 65.0, 9.1]) * BQ_PER_MBQ


def test_that_a_curve_can_not_be_written_to() -> None:
    curve = TimeActivityCurve(TIMES, VALUES, LU177)
    with pytest.raises(ValueError, match="read-only"):
        curve.activity_bq[0] = 0.0


def test_that_later_changes_of_the_callers_arrays_do_not_reach_the_curve() -> None:
    values = VALUES.copy()
    curve = TimeActivityCurve(TIMES, values, LU177)
    values[0] = 0.0
    assert curve.activity_bq[0] == VALUES[0]


@pytest.mark.parametrize("times", [[4.0, 4.0], [24.0, 4.0], [4.0, 48.0, 24.0, 192.0], [4.0, 24.0, 24.0]])
def test_that_time_points_out_of_order_are_refused(times: list[float]) -> None:
    with pytest.raises(InconsistentCaseError, match="out of order"):
        TimeActivityCurve(np.array(times), np.ones(len(times)), LU177)


def test_that_a_scan_before_the_administration_is_refused() -> None:
    with pytest.raises(InconsistentCaseError, match="before the middle of the infusion"):
        TimeActivityCurve(np.array([-1.0, 4.0]), np.array([1.0, 1.0]), LU177)


def test_that_shapes_and_uncertainties_are_checked() -> None:
    with pytest.raises(ValueError, match="same shape"):
        TimeActivityCurve(TIMES, VALUES[:3], LU177)
    with pytest.raises(ValueError, match="positive"):
        TimeActivityCurve(TIMES, VALUES, LU177, np.zeros(4))
    with pytest.raises(ValueError, match="finite"):
        TimeActivityCurve(TIMES, np.array([1.0, np.nan, 1.0, 1.0]), LU177)


def test_that_an_excluded_point_stays_in_the_curve_but_not_in_the_fit() -> None:
    curve = TimeActivityCurve(TIMES, VALUES, LU177).excluding(2)
    assert curve.times_s.size == 4
    assert list(curve.fitted_activity_bq) == [VALUES[0], VALUES[2], VALUES[3]]
    with pytest.raises(InconsistentCaseError, match="no time point 5"):
        curve.excluding(5)


def test_that_redecaying_there_and_back_changes_nothing() -> None:
    change = nuclide(Y90).decay_constant_per_s - nuclide(LU177).decay_constant_per_s
    curve = TimeActivityCurve(TIMES, VALUES, LU177, 0.02 * VALUES)
    there = curve.redecayed(Y90, decay_constant_change_per_s=change, factor=0.5)
    back = there.redecayed(LU177, decay_constant_change_per_s=-change, factor=2.0)
    np.testing.assert_allclose(back.activity_bq, VALUES, rtol=1e-13)
    assert there.random_standard_uncertainty_bq is not None
    np.testing.assert_allclose(there.random_standard_uncertainty_bq / there.activity_bq, 0.02, rtol=1e-13)
