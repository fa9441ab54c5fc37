from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from dosimetry_core.errors import FitError, MissingDataError
from dosimetry_core.kinetics import single_time_point as rules
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.fit_uncertainty import EARLY_PHASE_RELATIVE_UNCERTAINTY
from dosimetry_core.kinetics.prior import population_prior, previous_cycle_prior
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.kinetics.single_scan import Method, fit_single_scan, relative_errors
from dosimetry_core.nuclide import LU177, Y90, decay_constant_per_s, nuclide
from dosimetry_core.units import SECONDS_PER_HOUR

FOUR = np.array([4.0, 24.0, 96.0, 192.0]) * SECONDS_PER_HOUR
KIDNEYS = population_prior("kidneys", LU177)
PHYSICAL_S = nuclide(LU177).physical_half_life_s


def curve(half_life_h: float = 50.0, times_s: np.ndarray = FOUR) -> TimeActivityCurve:
    return TimeActivityCurve(times_s, 8e7 * np.exp2(-times_s / (half_life_h * SECONDS_PER_HOUR)), LU177)


def test_that_each_rule_is_its_closed_form() -> None:
    for index, time in enumerate(FOUR[:3]):
        one = curve().excluding(*[k + 1 for k in range(4) if k != index])
        activity = float(one.activity_bq[index])
        found = fit_single_scan(one, "two-t-over-ln2", KIDNEYS)
        expected = rules.haenscheid_time_integrated_activity_bq_s(activity, time)
        assert found.time_integrated_activity_bq_s == pytest.approx(expected, rel=1e-12)
        known = fit_single_scan(one, "population", KIDNEYS)
        expected = rules.known_half_life_time_integrated_activity_bq_s(activity, time, KIDNEYS.effective_half_life_s)
        assert known.time_integrated_activity_bq_s == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("method", "used"), [("two-t-over-ln2", 3), ("population", 3)])
def test_that_the_scan_nearest_to_the_best_time_is_taken(method: Method, used: int) -> None:
    fit = fit_single_scan(curve(), method, KIDNEYS)
    assert fit.single_scan is not None
    assert fit.single_scan.time_point == used
    assert fit.curve.mask.tolist() == [number == used for number in (1, 2, 3, 4)]


def test_that_the_stated_error_is_the_spread_over_half_lives() -> None:
    time, stated, spread = 24 * SECONDS_PER_HOUR, KIDNEYS.effective_half_life_s, KIDNEYS.ln_standard_deviation
    bias, rms = relative_errors(
        time, stated, median_s=stated, ln_standard_deviation=spread, physical_half_life_s=PHYSICAL_S
    )

    def error(z: float) -> float:
        half = min(stated * math.exp(spread * z), PHYSICAL_S)
        return 2 ** (time / half - time / stated) * half / stated - 1

    density = lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi)  # noqa: E731
    assert bias == pytest.approx(quad(lambda z: error(z) * density(z), -6, 6)[0], abs=1e-5)
    assert rms == pytest.approx(math.sqrt(quad(lambda z: error(z) ** 2 * density(z), -6, 6)[0]), rel=1e-4)


def test_that_a_known_half_life_matters_least_at_the_mean_life() -> None:
    stated = KIDNEYS.effective_half_life_s
    options = {"median_s": stated, "ln_standard_deviation": 0.1, "physical_half_life_s": PHYSICAL_S}
    at = {h: relative_errors(h * SECONDS_PER_HOUR, stated, **options)[1] for h in (24, 72, 168)}
    assert at[72] < 0.02 < at[24]
    assert at[72] < at[168]


def test_that_a_rule_which_is_good_for_one_nuclide_is_said_to_be_poor_for_the_other() -> None:
    fit = fit_single_scan(curve(), "two-t-over-ln2", KIDNEYS)
    second = second_nuclide_fit(fit, to_nuclide=Y90, administered_from_bq=2.0, administered_to_bq=1.0)
    assert fit.single_scan is not None
    assert second.single_scan is not None
    assert second.single_scan.relative_standard_uncertainty > 2 * fit.single_scan.relative_standard_uncertainty
    assert [f.code for f in second.findings] == ["single-time-point"]
    rate = decay_constant_per_s(50 * SECONDS_PER_HOUR) + decay_constant_per_s(nuclide(Y90).physical_half_life_s)
    true = 4e7 / (rate - decay_constant_per_s(PHYSICAL_S))
    error = abs(second.time_integrated_activity_bq_s / true - 1)
    assert 0.1 < error < 2.5 * second.single_scan.relative_standard_uncertainty


def test_that_the_uncertainty_is_wider_than_that_of_four_scans_and_labelled() -> None:
    one, four = fit_single_scan(curve(), "population", KIDNEYS), fit_curve(curve())
    u_one, u_four = (
        f.time_integrated_activity_standard_uncertainty_bq_s / f.time_integrated_activity_bq_s for f in (one, four)
    )
    assert u_one > 2 * u_four
    # Total for a kidney about 19 % with one scan (Staanum et al. 2021), calibration and volume included.
    assert 0.08 < u_one < 0.19
    assert one.findings[0].code == "single-time-point"
    assert "half-life of other patients" in one.findings[0].text


@pytest.mark.parametrize(("number", "unseen_until_h"), [(1, 4.0), (2, 24.0), (3, 24.0)])
def test_that_an_early_phase_which_one_scan_does_not_show_is_uncertain_up_to_a_day(
    number: int, unseen_until_h: float
) -> None:
    one = curve().excluding(*[k for k in (1, 2, 3, 4) if k != number])
    fit = fit_single_scan(one, "population", KIDNEYS)
    assert fit.single_scan is not None
    early = 1 - 2 ** (-unseen_until_h * SECONDS_PER_HOUR / KIDNEYS.effective_half_life_s)
    relative = math.hypot(fit.single_scan.relative_standard_uncertainty, EARLY_PHASE_RELATIVE_UNCERTAINTY * early)
    assert fit.model_relative_standard_uncertainty == pytest.approx(relative, rel=1e-12)


def test_that_what_can_not_be_used_is_refused() -> None:
    with pytest.raises(FitError, match="positive activity"):
        fit_single_scan(TimeActivityCurve(FOUR, np.full(4, -1.0), LU177), "population", KIDNEYS, place="kidney")
    late = TimeActivityCurve(np.array([200.0]) * SECONDS_PER_HOUR, np.array([1e6]), LU177)
    with pytest.raises(FitError, match="longer than the physical"):
        fit_single_scan(late, "two-t-over-ln2", KIDNEYS)
    with pytest.raises(MissingDataError, match="role other"):
        population_prior("other", LU177)
    with pytest.raises(MissingDataError, match="cycle 1"):
        previous_cycle_prior(fit_single_scan(curve(), "population", KIDNEYS), 1)


def test_that_an_earlier_cycle_is_wider_than_its_own_fit() -> None:
    before = fit_curve(curve(61.0))
    prior = previous_cycle_prior(before, 1)
    own = before.parameter_standard_uncertainties["decay_constant_per_s"] / before.parameters["decay_constant_per_s"]
    assert prior.effective_half_life_s == pytest.approx(61 * SECONDS_PER_HOUR, rel=1e-6)
    assert prior.ln_standard_deviation == pytest.approx(math.hypot(own, 0.1))
    assert "61 h" in prior.text()


@pytest.mark.parametrize("method", ["two-t-over-ln2", "population"])
@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_that_the_noise_of_one_scan_is_in_the_second_nuclide_as_in_the_first(method: Method, noise: float) -> None:
    exact = curve()
    known = TimeActivityCurve(exact.times_s, exact.activity_bq, LU177, noise * exact.activity_bq)
    first = fit_single_scan(known, method, KIDNEYS)
    second = second_nuclide_fit(first, to_nuclide=Y90, administered_from_bq=2.0, administered_to_bq=1.0)
    # A factor on the one measured activity is the same factor on both integrals.
    assert first.fit_relative_standard_uncertainty == pytest.approx(noise, rel=1e-9)
    assert second.fit_relative_standard_uncertainty == pytest.approx(noise, rel=1e-9)
    rng = np.random.default_rng(3)
    totals = []
    for _ in range(200):
        noisy = exact.activity_bq * (1 + noise * rng.standard_normal(len(FOUR)))
        made = fit_single_scan(TimeActivityCurve(FOUR, noisy, LU177, noise * exact.activity_bq), method, KIDNEYS)
        totals.append(
            second_nuclide_fit(
                made, to_nuclide=Y90, administered_from_bq=2.0, administered_to_bq=1.0
            ).time_integrated_activity_bq_s
        )
    assert np.std(totals) / np.mean(totals) == pytest.approx(noise, rel=0.15)
