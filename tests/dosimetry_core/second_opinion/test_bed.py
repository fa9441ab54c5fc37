"""The second opinion's BED follows the unrepaired damage in time; closed forms are known apart from it."""

from __future__ import annotations

import math

import pytest

from dosimetry_core.dose import radiobiology as rb
from dosimetry_core.second_opinion import bed


def _exponential(rate: float) -> bed.Rate:
    return lambda time: math.exp(-rate * time)


def test_that_eqd2_is_the_dose_in_fractions_of_2_gy() -> None:
    # 20 fractions of 2 Gy.
    assert bed.eqd2_gy(20 * 2 * (1 + 2 / 3.1), 3.1) == pytest.approx(40.0)


@pytest.mark.parametrize("delay_s", [0.0, 3600.0, 86400.0])
def test_that_two_exponentials_have_the_closed_form(delay_s: float) -> None:
    a, b = (math.log(2) / (hours * 3600) for hours in (51.0, 34.5))
    found = bed.protraction_per_gy(
        {"Lu-177": _exponential(a), "Y-90": _exponential(b)},
        start_s={"Lu-177": 0.0, "Y-90": delay_s},
        slowest_per_s={"Lu-177": a, "Y-90": b},
        alpha_beta_gy=2.5,
        repair_half_life_s=2.8 * 3600,
    )
    repair = 2.8 * 3600
    terms = {"Lu-177": [rb.DoseRateTerm(a, a)], "Y-90": [rb.DoseRateTerm(b, b)]}
    for n, m, delay in (("Lu-177", "Lu-177", 0.0), ("Lu-177", "Y-90", delay_s), ("Y-90", "Y-90", 0.0)):
        expected = rb.protraction_integral_gy2(terms[n], terms[m], delay_s=delay, repair_half_life_s=repair) / 2.5
        # The check's own tolerance is 0.5 %.
        assert found[n][m] == pytest.approx(expected, rel=5e-4)
        assert found[n][m] == pytest.approx(found[m][n], rel=1e-12)
    # One exponential: G = T_rep/(T_rep + T_eff).
    assert found["Lu-177"]["Lu-177"] == pytest.approx(2.8 / (2.8 + 51.0) / 2.5, rel=5e-4)


def test_that_a_piecewise_curve_is_integrated_as_it_is_drawn() -> None:
    at, tail = bed.straight_and_falling([10.0, 20.0, 40.0], [1.0, 2.0, 0.5], 1e-3)
    assert [at(t) for t in (5.0, 10.0, 15.0, 20.0, 30.0, 40.0)] == pytest.approx([0.5, 1.0, 1.5, 2.0, 1.0, 0.5])
    assert tail == pytest.approx(math.log(4.0) / 20.0)
    assert at(60.0) == pytest.approx(0.5 * math.exp(-20.0 * tail))
