from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.whole_body import fit_whole_body
from dosimetry_core.second_opinion.curves import (
    CHI_SQUARED_TOLERANCE,
    Curve,
    anchored_curve,
    best_curve,
    checked_curve,
    golden_section,
    points,
    simplex,
    trapezoid_integral,
)
from tests.dosimetry_core.kinetics.two_minima import LESION, LIVER, TwoMinima

HOUR = 3600.0
PHYSICAL = math.log(2) / (159.528 * HOUR)
SCANS = [t * HOUR for t in (4.0, 24.0, 48.0, 192.0)]


def _sampled(curve: Curve, times: list[float]) -> list[float]:
    return [curve.at(t) for t in times]


def _rate(half_life_h: float) -> float:
    return math.log(2) / (half_life_h * HOUR)


@pytest.mark.parametrize(
    ("model", "terms", "hours"),
    [
        ("mono-exponential", ((118.0, _rate(51.0)),), (4, 24, 48, 192)),
        ("bi-exponential", ((60.0, _rate(8.0)), (80.0, _rate(58.0))), (4, 10, 24, 48, 96, 192)),
        ("bi-exponential-uptake", ((90.0, _rate(60.0)), (-90.0, _rate(2.0))), (1, 4, 24, 48, 192)),
        (
            "tri-exponential-uptake",
            ((40.0, _rate(12.0)), (70.0, _rate(70.0)), (-110.0, _rate(1.0))),
            (0.5, 1.5, 4, 10, 24, 48, 96, 192),
        ),
    ],
)
@pytest.mark.parametrize("weights", ["proportional", "poisson", "uniform"])
def test_that_a_curve_without_noise_is_found_again(
    model: str, terms: tuple[tuple[float, float], ...], hours: tuple[float, ...], weights: str
) -> None:
    true = Curve(terms)
    times = [h * HOUR for h in hours]
    found = best_curve(points(times, _sampled(true, times), weights, PHYSICAL), model)
    assert found is not None
    # the search ends when χ² no longer changes; a flat direction of three rates costs a few tenths of a per cent
    assert found.integral() == pytest.approx(true.integral(), rel=2e-3)


@pytest.mark.parametrize("known", [LIVER, LESION])
def test_that_the_smaller_of_two_minima_is_found_whatever_curve_is_stated(known: TwoMinima) -> None:
    data = points(known.times_s, known.activity_bq, known.weights, PHYSICAL)
    found = best_curve(data, "bi-exponential")
    assert found is not None
    assert found.chi_squared(data) == pytest.approx(known.best, abs=1e-5)
    assert found.integral() == pytest.approx(known.time_integrated_activity_bq_s, rel=1e-4)


def test_that_a_search_on_a_plateau_does_not_run_away() -> None:
    # Two falling phases and an uptake for points of one phase: χ² hardly depends on the fastest rates.
    times = [6426.0, 18899.0, 86639.0, 172749.0, 431228.0, 691454.0]
    values = [2088e3, 1996e3, 1559e3, 1139e3, 444e3, 172e3]
    data = points(times, values, "proportional", PHYSICAL)
    found, simple = best_curve(data, "tri-exponential-uptake"), best_curve(data, "bi-exponential-uptake")
    assert found is not None
    assert simple is not None
    assert found.chi_squared(data) <= simple.chi_squared(data) + 1e-6


def test_that_the_weighted_fit_of_methods_2_2_is_reproduced() -> None:
    # oracle TAC-02: 9104.18 MBq h, χ² 0.1352
    data = points(SCANS, [118.0, 88.0, 65.0, 9.1], "proportional", PHYSICAL)
    found = best_curve(data, "mono-exponential")
    assert found is not None
    assert found.integral() / HOUR == pytest.approx(9104.1805, rel=1e-6)
    assert found.chi_squared(data) == pytest.approx(0.13520562, rel=1e-6)


def test_that_no_phase_is_slower_than_physical_decay() -> None:
    # oracle TAC-09: the bound is active, 5233.24 MBq h
    found = best_curve(points(SCANS, [20.0, 19.0, 18.6, 14.0], "proportional", PHYSICAL), "mono-exponential")
    assert found is not None
    assert found.terms[0][1] == pytest.approx(PHYSICAL, rel=1e-9)
    assert found.integral() / HOUR == pytest.approx(5233.2408, rel=1e-6)


def test_that_the_second_nuclide_is_the_redecayed_curve() -> None:
    # oracle Y90-02: 4962.87 and 1698.75 MBq h
    curve = Curve(((40.0, _rate(9.0)), (55.0, _rate(56.0))))
    change = math.log(2) / (64.1 * HOUR) - PHYSICAL
    assert curve.integral() / HOUR == pytest.approx(4962.8709, rel=1e-6)
    assert curve.integral(factor=0.5, faster_by_per_s=change) / HOUR == pytest.approx(1698.7468, rel=1e-6)


def test_that_a_wrong_stated_curve_is_not_believed() -> None:
    data = points(SCANS, [118.0, 88.0, 65.0, 9.1], "proportional", PHYSICAL)
    right = best_curve(data, "mono-exponential")
    assert right is not None
    wrong = {"amplitude_bq": right.terms[0][0] * 1.05, "decay_constant_per_s": right.terms[0][1]}
    assert checked_curve(data, "mono-exponential", wrong) == right
    too_slow = {"amplitude_bq": right.terms[0][0], "decay_constant_per_s": 0.9 * PHYSICAL}
    assert checked_curve(data, "mono-exponential", too_slow) == right


def test_that_an_equally_good_stated_curve_is_integrated_as_it_is() -> None:
    times = [h * HOUR for h in (4, 24, 48, 96, 192)]
    values = [130.0, 70.0, 45.0, 24.0, 6.5]
    data = points(times, values, "proportional", PHYSICAL)
    own = best_curve(data, "bi-exponential")
    assert own is not None
    (fast, fast_rate), (slow, slow_rate) = sorted(own.terms, key=lambda term: -term[1])
    stated = {
        "fast_amplitude_bq": fast,
        "slow_amplitude_bq": slow * 1.0005,
        "fast_decay_constant_per_s": fast_rate,
        "slow_decay_constant_per_s": slow_rate,
    }
    checked = checked_curve(data, "bi-exponential", stated)
    assert checked is not None
    assert checked.chi_squared(data) <= own.chi_squared(data) + CHI_SQUARED_TOLERANCE
    assert dict(checked.terms)[slow * 1.0005] == slow_rate


def test_that_the_trapezoid_agrees_with_the_published_pieces() -> None:
    # oracle TAC-07: log trapezoid 7961.61, constant head 472, tail by the last two points 666.49 MBq h
    value = trapezoid_integral(SCANS, [118.0, 88.0, 65.0, 9.1], PHYSICAL) / HOUR
    assert value == pytest.approx(7961.6091 + 472.0 + 666.49277, rel=1e-6)


def test_that_a_rising_start_is_drawn_from_zero() -> None:
    value = trapezoid_integral([HOUR, 2 * HOUR, 3 * HOUR], [1.0, 2.0, 1.0], PHYSICAL) / HOUR
    # triangle 0.5, rise 1.5, log fall 1/ln 2, tail 1/ln 2
    assert value == pytest.approx(0.5 + 1.5 + 2 / math.log(2), rel=1e-9)


def test_that_the_whole_body_starts_at_what_was_given() -> None:
    true = Curve(((600.0, _rate(5.0)), (400.0, _rate(70.0))))
    found = anchored_curve(points(SCANS, _sampled(true, SCANS), "proportional", PHYSICAL), 1000.0)
    assert found.at(0.0) == pytest.approx(1000.0)
    assert found.integral() == pytest.approx(true.integral(), rel=1e-3)
    single = anchored_curve(points([24 * HOUR], [500.0], "proportional", PHYSICAL), 1000.0)
    assert single.terms[0][1] == pytest.approx(math.log(2) / (24 * HOUR), rel=1e-6)


def test_that_the_searches_find_known_minima() -> None:
    assert golden_section(lambda x: (x - 1.7) ** 2, 0.0, 4.0) == pytest.approx(1.7, abs=1e-6)
    found = simplex(lambda x: (1 - x[0]) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2, (-1.0, 1.0), 0.3)
    assert found == pytest.approx((1.0, 1.0), abs=1e-4)


def test_that_a_whole_body_phase_unseen_by_the_first_scan_ends_at_the_same_bound() -> None:
    # A third is left at the first scan and it falls with one half-life after that: any faster first phase fits as well.
    times = [4.07 * HOUR, 23.3 * HOUR, 45.8 * HOUR, 194.0 * HOUR]
    values = [2108.96, 1653.17, 1227.92, 176.54]
    curve = TimeActivityCurve(np.array(times), np.array(values), "Lu-177")
    first = fit_whole_body(curve, administered_activity_bq=7448.0, method="measured")
    second = anchored_curve(points(times, values, "proportional", PHYSICAL), 7448.0)
    assert second.integral() == pytest.approx(first.time_integrated_activity_bq_s, rel=1e-3)
