from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.kinetics import selection
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.nuclide import LU177
from dosimetry_core.units import BQ_PER_MBQ, SECONDS_PER_HOUR


def curve(times_h: list[float], terms: list[tuple[float, float]], scatter: float = 0.0) -> TimeActivityCurve:
    times = np.array(times_h) * SECONDS_PER_HOUR
    values = BQ_PER_MBQ * sum(a * 2.0 ** (-times / SECONDS_PER_HOUR / half) for a, half in terms)
    values = values * (1 + scatter * np.cos(7.0 * np.arange(times.size)))
    return TimeActivityCurve(times, values, LU177, 0.02 * values)


MONO = [(100.0, 51.0)]
UPTAKE = [(100.0, 51.0), (-100.0, 2.5)]
BI = [(60.0, 5.0), (60.0, 56.0)]
FOUR = [4.0, 24.0, 48.0, 192.0]
EIGHT = [1.0, 4.0, 8.0, 24.0, 48.0, 72.0, 120.0, 192.0]


@pytest.mark.parametrize(("points", "parameters"), [(4, 3), (4, 4), (5, 4), (3, 2)])
def test_that_the_criterion_is_undefined_where_points_are_too_few(points: int, parameters: int) -> None:
    assert selection.corrected_information_criterion(0.0, points, parameters) is None


def test_that_four_points_allow_the_criterion_for_two_parameters_only() -> None:
    # χ² + 2K + 2K(K+1)/(n−K−1) = 1 + 4 + 12/1.
    assert selection.corrected_information_criterion(1.0, 4, 2) == pytest.approx(17.0)


def test_that_an_unknown_scale_counts_as_one_more_parameter() -> None:
    # n ln(SSE/n) + 2K + 2K(K+1)/(n−K−1) with n = 8, K = 3: 8 ln(3/8) + 6 + 24/4.
    criterion = selection.corrected_information_criterion_unknown_scale
    assert criterion(3.0, 8, 2) == pytest.approx(8 * np.log(3 / 8) + 12.0)
    assert criterion(3.0, 4, 2) is None
    assert criterion(0.0, 8, 2) is None


def test_that_automatic_never_takes_a_curve_without_degrees_of_freedom() -> None:
    for terms in (MONO, UPTAKE, BI):
        chosen = fit_curve(curve(FOUR, terms, scatter=0.01), model="automatic")
        assert chosen.model != "bi-exponential"
        assert chosen.requested_model == "automatic"
        assert any(finding.code == "model-choice" for finding in chosen.findings)


def test_that_automatic_finds_the_simplest_right_model() -> None:
    assert fit_curve(curve(FOUR, MONO, scatter=0.01), model="automatic").model == "mono-exponential"
    assert fit_curve(curve(FOUR, UPTAKE), model="automatic").model == "bi-exponential-uptake"
    assert fit_curve(curve(EIGHT, MONO, scatter=0.01), model="automatic").model == "mono-exponential"
    assert fit_curve(curve(EIGHT, UPTAKE, scatter=0.01), model="automatic").model == "bi-exponential-uptake"
    assert fit_curve(curve(EIGHT, BI, scatter=0.01), model="automatic").model == "bi-exponential"


def test_that_automatic_falls_back_to_the_trapezoid_when_four_points_show_a_fast_phase() -> None:
    chosen = fit_curve(curve(FOUR, BI), model="automatic")
    assert chosen.model == "log-trapezoid"
    truth = BQ_PER_MBQ * SECONDS_PER_HOUR * sum(a * half / np.log(2) for a, half in BI)
    # The fast phase before 4 h is seen by nothing: 3 % of this curve.
    assert chosen.time_integrated_activity_bq_s == pytest.approx(truth, rel=0.04)


def test_that_two_points_leave_nothing_to_choose() -> None:
    chosen = fit_curve(curve([24.0, 96.0], MONO), model="automatic")
    assert (chosen.model, chosen.requested_model) == ("mono-exponential", "automatic")


def test_that_akaike_weights_add_to_one_and_favour_the_smaller_criterion() -> None:
    fits = [
        fit_curve(curve(EIGHT, UPTAKE, scatter=0.01), model=m) for m in ("mono-exponential", "bi-exponential-uptake")
    ]
    weights = selection.akaike_weights(fits)
    assert sum(weights) == pytest.approx(1.0)
    assert weights[1] > 0.99
    undefined = fit_curve(curve(FOUR, UPTAKE), model="bi-exponential-uptake")
    with pytest.raises(ValueError, match="defined"):
        selection.akaike_weights([undefined])
    assert selection.ranked([undefined]) == []
