"""A second phase that is barely seen, or seen in one point only."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from dosimetry_core.kinetics.exponential_fit import fit_family
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.fit_findings import other_minimum_finding
from dosimetry_core.kinetics.models import BI
from tests.dosimetry_core.kinetics.test_exponential_fit import EIGHT, PHYSICAL, cost, noisy, rate
from tests.dosimetry_core.kinetics.test_fit import BI as TWO_PHASES
from tests.dosimetry_core.kinetics.test_fit import SEVEN, curve


@pytest.mark.parametrize("seed", [246, 253, 325])
def test_that_no_point_of_a_fine_grid_is_better_where_minima_lie_side_by_side(seed: int) -> None:
    """Noise in which a second phase is barely seen; a search from one start or two stops short there."""
    y = noisy(seed, EIGHT)
    w = 1 / (0.05 * y) ** 2
    found = fit_family(BI, EIGHT, y, w, smallest_decay_constant_per_s=PHYSICAL)
    rates = np.geomspace(PHYSICAL, math.log(20) / EIGHT[0], 400)
    shapes = np.exp(-np.multiply.outer(rates, EIGHT))
    gram, right = (shapes * w) @ shapes.T, (shapes * w) @ y
    own = np.diag(gram)
    determinant = np.outer(own, own) - gram**2
    np.fill_diagonal(determinant, np.inf)
    slow = (own[None, :] * right[:, None] - gram * right[None, :]) / determinant
    costs = float(w @ y**2) - slow * right[:, None] - slow.T * right[None, :]
    assert found.family is BI
    assert cost(BI, found.natural, EIGHT, y, w) <= costs[(slow > 0) & (slow.T > 0)].min() + 1e-6


def test_that_a_fast_phase_seen_in_the_first_point_only_is_held_at_the_fastest_it_can_show() -> None:
    # One point can't tell amplitude and rate: drawn back to time zero the phase is at most 20 times what is seen.
    y = np.exp(-rate(60.0) * EIGHT)
    y[0] *= 1.5
    found = fit_family(BI, EIGHT, y, y**-2, smallest_decay_constant_per_s=PHYSICAL)
    _, slow_amplitude, fast, slow = found.natural
    assert found.fixed == ("fast_decay_constant_per_s",)
    assert math.exp(fast * EIGHT[0]) == pytest.approx(20.0)
    # The fast phase adds 0.5/20³ to the second point.
    assert slow == pytest.approx(rate(60.0), rel=1e-3)
    assert slow_amplitude == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize(("above", "seen"), [(5e-5, False), (5e-3, True)])
def test_that_a_fast_phase_of_less_than_a_ten_thousandth_at_the_first_point_is_left_out(
    above: float, seen: bool
) -> None:
    y = np.exp(-rate(60.0) * EIGHT)
    y[0] *= 1 + above
    found = fit_family(BI, EIGHT, y, y**-2, smallest_decay_constant_per_s=PHYSICAL)
    assert (found.family is BI) == seen
    assert found.unseen_phases == (() if seen else ("fast phase",))


def test_that_another_curve_is_told_only_if_the_points_allow_it_and_it_differs() -> None:
    fit = fit_curve(curve(TWO_PHASES, SEVEN), model="bi-exponential")
    own = np.array([fit.parameters[name] for name in BI.parameter_names])
    alike, other = own * [1, 1, 1, 1.001], own * [1, 0.8, 1, 0.7]

    def told(natural: NDArray[np.float64], excess: float) -> list[str]:
        return [finding.code for finding in other_minimum_finding(fit, [(natural, excess)], "Kidney L")]

    assert told(other, 3.8) == ["curve-not-determined"]
    assert told(other, 3.9) == []
    assert told(alike, 0.0) == []
    # A half-life a tenth away is told even where the integral is the same.
    for factor in (0.7, 1.4):
        same_integral = own * [1, factor, 1, factor]
        assert told(same_integral, 0.0) == ["curve-not-determined"]
