from __future__ import annotations

import json
import time

import numpy as np
import pytest

from dosimetry_core.errors import FitError
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import Model, Weights, fit_curve
from dosimetry_core.kinetics.fit_findings import half_life_findings
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.nuclide import LU177, Y90, decay_constant_per_s, nuclide
from dosimetry_core.units import BQ_PER_MBQ, SECONDS_PER_HOUR
from tests.dosimetry_core.kinetics.two_minima import LESION, LIVER, TwoMinima

FOUR = np.array([4.0, 24.0, 48.0, 192.0]) * SECONDS_PER_HOUR
SEVEN = np.array([1.0, 4.0, 8.0, 24.0, 48.0, 120.0, 192.0]) * SECONDS_PER_HOUR
PHYSICAL_S = nuclide(LU177).physical_half_life_s
Terms = list[tuple[float, float]]
MONO: Terms = [(110.0, 51.0)]
BI: Terms = [(40.0, 9.0), (55.0, 56.0)]
UPTAKE: Terms = [(100.0, 51.0), (-100.0, 2.5)]
TRI: Terms = [(40.0, 9.0), (55.0, 56.0), (-95.0, 0.8)]


def values_of(terms: Terms, times_s: np.ndarray) -> np.ndarray:
    return BQ_PER_MBQ * sum(a * 2.0 ** (-times_s / SECONDS_PER_HOUR / half) for a, half in terms)


def truth_of(terms: Terms) -> float:
    return BQ_PER_MBQ * SECONDS_PER_HOUR * sum(a * half for a, half in terms) / np.log(2)


def curve(terms: Terms, times_s: np.ndarray = FOUR, relative: float | None = 0.02) -> TimeActivityCurve:
    values = values_of(terms, times_s)
    return TimeActivityCurve(times_s, values, LU177, None if relative is None else relative * values)


@pytest.mark.parametrize("weights", ["proportional", "uniform", "poisson"])
@pytest.mark.parametrize(
    ("model", "terms", "times"),
    [
        ("mono-exponential", MONO, FOUR),
        ("bi-exponential", BI, SEVEN),
        ("bi-exponential-uptake", UPTAKE, FOUR),
        ("tri-exponential-uptake", TRI, SEVEN),
    ],
)
def test_that_exact_points_give_back_the_curve_they_were_made_of(
    model: Model, terms: Terms, times: np.ndarray, weights: Weights
) -> None:
    fit = fit_curve(curve(terms, times), model=model, weights=weights)
    assert fit.model == model
    assert fit.time_integrated_activity_bq_s == pytest.approx(truth_of(terms), rel=1e-5)
    np.testing.assert_allclose(fit.activity_bq(times), values_of(terms, times), rtol=1e-5)
    slowest = max(half for _, half in terms)
    assert fit.effective_half_life_s == pytest.approx(slowest * SECONDS_PER_HOUR, rel=1e-3)


@pytest.mark.parametrize("model", ["mono-exponential", "bi-exponential", "log-trapezoid", "automatic"])
def test_that_doubling_the_activity_doubles_integral_and_uncertainty(model: Model) -> None:
    once = curve(BI)
    twice = TimeActivityCurve(FOUR, 2 * once.activity_bq, LU177, 2 * once.random_standard_uncertainty_bq)  # type: ignore[operator]
    one, two = fit_curve(once, model=model), fit_curve(twice, model=model)
    assert two.time_integrated_activity_bq_s == pytest.approx(2 * one.time_integrated_activity_bq_s, rel=1e-9)
    u_one = one.time_integrated_activity_standard_uncertainty_bq_s
    assert two.time_integrated_activity_standard_uncertainty_bq_s == pytest.approx(2 * u_one, rel=1e-6)


def test_that_the_covariance_agrees_with_repeated_measurements() -> None:
    rng = np.random.default_rng(11)
    values = values_of(MONO, FOUR)
    totals = [
        fit_curve(
            TimeActivityCurve(FOUR, values * (1 + 0.02 * rng.standard_normal(4)), LU177, 0.02 * values)
        ).time_integrated_activity_bq_s
        for _ in range(400)
    ]
    stated = fit_curve(curve(MONO)).fit_standard_uncertainty_bq_s
    # The spread of 400 draws is known to 1/√800 = 3.5 %; three times that.
    assert np.std(totals) == pytest.approx(stated, rel=0.11)


def test_that_believed_uncertainties_enter_the_covariance_and_not_the_weights() -> None:
    values = np.array([118.0, 88.0, 65.0, 9.1]) * BQ_PER_MBQ
    nominal = fit_curve(TimeActivityCurve(FOUR, values, LU177))
    measured = fit_curve(TimeActivityCurve(FOUR, values, LU177, np.array([0.01, 0.01, 0.02, 0.10]) * values))
    assert measured.time_integrated_activity_bq_s == nominal.time_integrated_activity_bq_s
    assert measured.fit_standard_uncertainty_bq_s != pytest.approx(nominal.fit_standard_uncertainty_bq_s, rel=0.05)
    assert "nominal 5 %" in nominal.covariance_convention
    assert "measured" in measured.covariance_convention


def test_that_relative_weights_scale_the_covariance_by_the_scatter() -> None:
    values = np.array([118.0, 88.0, 65.0, 9.1]) * BQ_PER_MBQ
    fit = fit_curve(TimeActivityCurve(FOUR, values, LU177), weights="uniform")
    assert "relative weights" in fit.covariance_convention
    assert fit.chi_squared is None
    with pytest.raises(FitError, match="degree of freedom"):
        fit_curve(TimeActivityCurve(FOUR[:2], values[:2], LU177), weights="uniform")


@pytest.mark.parametrize("model", ["bi-exponential", "bi-exponential-uptake", "tri-exponential-uptake"])
def test_that_fewer_points_than_parameters_are_refused(model: Model) -> None:
    needed = {"bi-exponential": 4, "bi-exponential-uptake": 3, "tri-exponential-uptake": 5}[model]
    with pytest.raises(FitError, match=f"can't determine {needed} parameters"):
        fit_curve(curve(BI, SEVEN[: needed - 1]), model=model)


def test_that_a_tri_exponential_is_refused_with_four_points() -> None:
    with pytest.raises(FitError) as caught:
        fit_curve(curve(TRI), model="tri-exponential-uptake", place="cycle 1, Kidney L")
    assert caught.value.where == "cycle 1, Kidney L"
    assert "simpler model" in caught.value.remedy


def test_that_as_many_points_as_parameters_is_a_finding_and_has_no_criterion() -> None:
    fit = fit_curve(curve(BI), model="bi-exponential")
    assert fit.information_criterion is None
    assert "no-degrees-of-freedom" in [finding.code for finding in fit.findings]
    assert fit.fit_standard_uncertainty_bq_s > 0


@pytest.mark.parametrize("number", [0, 1])
def test_that_one_point_is_no_curve(number: int) -> None:
    with pytest.raises(FitError, match="time point"):
        fit_curve(curve(MONO, FOUR[:number]))


def test_that_activities_that_can_not_be_weighted_are_refused_with_a_remedy() -> None:
    points = TimeActivityCurve(FOUR, np.array([10.0, 5.0, 2.0, -0.1]), LU177)
    with pytest.raises(FitError) as caught:
        fit_curve(points)
    assert "uniform" in caught.value.remedy
    assert fit_curve(points, weights="uniform").time_integrated_activity_bq_s > 0
    with pytest.raises(FitError, match="fewer than two"):
        fit_curve(TimeActivityCurve(FOUR, np.array([-10.0, -5.0, 2.0, -0.1]), LU177), weights="uniform")


def test_that_the_uncertainty_does_not_jump_where_the_bound_becomes_active() -> None:
    below, above = (values_of([(20.0, half)], FOUR) for half in (159.5, 159.6))
    free, bound = (fit_curve(TimeActivityCurve(FOUR, v, LU177, 0.03 * v)) for v in (below, above))
    assert not free.bounds_active
    assert bound.bounds_active == ("decay_constant_per_s",)
    # A step of 0.1 h in the half-life is 0.2 % of its standard uncertainty's room.
    assert bound.fit_relative_standard_uncertainty == pytest.approx(free.fit_relative_standard_uncertainty, rel=0.01)


@pytest.mark.parametrize("model", ["mono-exponential", "bi-exponential", "bi-exponential-uptake", "log-trapezoid"])
def test_that_no_phase_is_slower_than_physical_decay(model: Model) -> None:
    slow = TimeActivityCurve(FOUR, np.array([20.0, 19.0, 18.6, 14.0]) * BQ_PER_MBQ, LU177)
    fit = fit_curve(slow, model=model)
    assert fit.effective_half_life_s <= PHYSICAL_S * (1 + 1e-12)
    assert "bound-active" in [finding.code for finding in fit.findings]


def test_that_a_rising_curve_is_held_at_physical_decay_and_says_that_the_points_rise() -> None:
    fit = fit_curve(TimeActivityCurve(FOUR, np.array([10.0, 11.0, 12.0, 13.0]) * BQ_PER_MBQ, LU177))
    assert fit.parameters["decay_constant_per_s"] == pytest.approx(decay_constant_per_s(PHYSICAL_S))
    assert fit.unbounded_decay_constant_per_s is not None
    assert fit.unbounded_decay_constant_per_s < 0
    assert any("points rise" in finding.text for finding in fit.findings)
    assert fit.covariance_names == ("amplitude_bq",)


def test_that_a_phase_which_the_points_do_not_show_is_left_out_and_said() -> None:
    fit = fit_curve(curve(BI), model="bi-exponential-uptake")
    assert (fit.model, fit.requested_model) == ("mono-exponential", "bi-exponential-uptake")
    assert "phase-not-seen" in [finding.code for finding in fit.findings]


def test_that_early_points_off_a_mono_exponential_name_the_likely_phase() -> None:
    below = [f.text for f in fit_curve(curve(UPTAKE)).findings if f.code == "early-point-misfit"]
    above = [f.text for f in fit_curve(curve(BI)).findings if f.code == "early-point-misfit"]
    assert "uptake phase" in below[0]
    assert "fast early phase" in above[0]


def test_that_a_long_tail_and_an_early_last_scan_are_findings() -> None:
    short = fit_curve(curve(MONO, FOUR[:3]))
    codes = [finding.code for finding in short.findings]
    assert short.extrapolated_fraction == pytest.approx(2 ** (-48 / 51), rel=1e-6)
    assert short.before_first_point_fraction == pytest.approx(1 - 2 ** (-4 / 51), rel=1e-6)
    assert "extrapolated-fraction" in codes
    assert "early-last-time-point" in codes
    assert not fit_curve(curve(MONO)).findings


def test_that_implausible_half_lives_are_findings() -> None:
    fit = fit_curve(curve([(100.0, 12.0)], np.array([1.0, 4.0, 24.0, 110.0]) * SECONDS_PER_HOUR))
    assert "effective-half-life" in [finding.code for finding in fit.findings]
    long = fit_curve(curve([(100.0, 120.0)]))
    assert half_life_findings(long, 25 * SECONDS_PER_HOUR, 90 * SECONDS_PER_HOUR, "Kidney L")[0].place == "Kidney L"
    assert not half_life_findings(fit_curve(curve(MONO)), 25 * SECONDS_PER_HOUR, 90 * SECONDS_PER_HOUR, "")


def test_that_an_excluded_point_has_no_influence_but_keeps_its_residual() -> None:
    values = values_of(MONO, FOUR)
    values[1] *= 3
    fit = fit_curve(TimeActivityCurve(FOUR, values, LU177).excluding(2))
    assert fit.time_integrated_activity_bq_s == pytest.approx(truth_of(MONO), rel=1e-8)
    assert fit.residuals_bq[1] == pytest.approx(values[1] * 2 / 3, rel=1e-6)


def test_that_the_band_at_a_point_is_the_propagated_parameter_uncertainty() -> None:
    fit = fit_curve(curve(MONO))
    # Proportional 2 % errors of four points: ln A(t) is a straight line fitted to them, whose variance is textbook.
    t = FOUR
    spread = 0.02 * np.sqrt(1 / 4 + (t - t.mean()) ** 2 / ((t - t.mean()) ** 2).sum())
    np.testing.assert_allclose(fit.activity_standard_uncertainty_bq(t) / fit.activity_bq(t), spread, rtol=1e-4)
    assert fit_curve(curve(MONO), model="log-trapezoid").activity_standard_uncertainty_bq(t).shape == t.shape


def random_truth(rng: np.random.Generator, kind: str) -> Terms:
    half = min(float(rng.lognormal(np.log(55.0), 0.3)), 110.0)
    if kind == "bi":
        share = float(rng.uniform(0.1, 0.5))
        return [(100 * share, float(rng.uniform(2, 15))), (100 * (1 - share), half)]
    if kind == "uptake":
        return [(100.0, half), (-100.0, float(rng.uniform(0.3, 4.0)))]
    return [(100.0, half)]


def covered(kind: str, model: Model, draws: int) -> tuple[float, float]:
    """Fraction within three stated uncertainties, and root mean square relative error, for four-point curves."""
    rng = np.random.default_rng(5)
    inside, squares = 0, 0.0
    scatter = np.array([0.015, 0.015, 0.02, 0.04])
    for _ in range(draws):
        terms = random_truth(rng, kind)
        times = FOUR * rng.uniform(0.95, 1.05, 4)
        values = values_of(terms, times) * (1 + scatter * rng.standard_normal(4))
        fit = fit_curve(TimeActivityCurve(times, values, LU177, scatter * values), model=model)
        error = fit.time_integrated_activity_bq_s - truth_of(terms)
        inside += abs(error) <= 3 * fit.time_integrated_activity_standard_uncertainty_bq_s
        squares += (error / truth_of(terms)) ** 2
    return inside / draws, (squares / draws) ** 0.5


@pytest.mark.parametrize("kind", ["mono", "bi", "uptake"])
def test_that_the_truth_lies_within_three_uncertainties_even_of_a_too_simple_model(kind: str) -> None:
    assert covered(kind, "mono-exponential", 150)[0] >= 0.98


@pytest.mark.parametrize("kind", ["mono", "bi", "uptake"])
def test_that_automatic_is_within_two_percent_root_mean_square_on_four_points(kind: str) -> None:
    inside, rms = covered(kind, "automatic", 150)
    assert inside >= 0.98
    assert rms <= 0.02


@pytest.mark.long
@pytest.mark.parametrize("kind", ["mono", "bi", "uptake"])
def test_that_coverage_holds_over_thousands_of_draws(kind: str) -> None:
    for model, largest in (("mono-exponential", 0.1), ("automatic", 0.021)):
        inside, rms = covered(kind, model, 3000)  # type: ignore[arg-type]
        missed = round(3000 * (1 - inside))
        record = {"id": f"four-point-{kind}-by-{model}", "n": 3000, "failures": missed, "seed": 5, "rms": round(rms, 4)}
        print(json.dumps(record))
        assert inside >= 0.98
        assert rms <= largest


@pytest.mark.parametrize(("known", "change"), [(LIVER, "2.1 %"), (LESION, "7.4 %")])
def test_that_another_curve_that_fits_as_well_is_named_with_what_it_changes(known: TwoMinima, change: str) -> None:
    times, values = np.array(known.times_s), np.array(known.activity_bq)
    # Changes: 65.988/64.637 and 9.9504/9.2650, the integrals of both minima by another optimiser.
    for spread in (0.05 * values, None):
        fit = fit_curve(TimeActivityCurve(times, values, LU177, spread), model="bi-exponential", weights=known.weights)
        told = [finding.text for finding in fit.findings if finding.code == "curve-not-determined"]
        assert len(told) == 1
        assert change in told[0]


def test_that_points_a_fifth_as_uncertain_decide_between_the_two_curves_of_the_lesion() -> None:
    # χ² differs by 25 · 1.4; scatter is taken as noise up to χ²/(n − p) = 4.6 (1 % for two degrees of freedom).
    times, values = np.array(LESION.times_s), np.array(LESION.activity_bq)
    fit = fit_curve(TimeActivityCurve(times, values, LU177, 0.01 * values), model="bi-exponential")
    assert "curve-not-determined" not in [finding.code for finding in fit.findings]


def test_that_points_of_two_clear_phases_leave_no_doubt() -> None:
    times = np.array([1.0, 4.0, 8.0, 24.0, 48.0, 120.0, 192.0]) * SECONDS_PER_HOUR
    values = 6e7 * np.exp2(-times / (6 * SECONDS_PER_HOUR)) + 1e8 * np.exp2(-times / (60 * SECONDS_PER_HOUR))
    rng = np.random.default_rng(4)
    for _ in range(10):
        noisy = values * (1 + 0.02 * rng.standard_normal(times.size))
        fit = fit_curve(TimeActivityCurve(times, noisy, LU177, 0.02 * values), model="bi-exponential")
        assert "curve-not-determined" not in [finding.code for finding in fit.findings]


def test_that_twenty_vois_are_fitted_again_within_the_blink_of_a_brush() -> None:
    rng = np.random.default_rng(2)
    curves = []
    for number in range(20):
        values = values_of(random_truth(rng, ("mono", "bi", "uptake")[number % 3]), FOUR)
        noisy = values * (1 + 0.03 * rng.standard_normal(4))
        curves.append(TimeActivityCurve(FOUR, noisy, LU177, 0.03 * values))
    best = float("inf")
    for _ in range(6):
        begin = time.process_time()
        for points in curves:
            fit = fit_curve(points)
            second_nuclide_fit(fit, to_nuclide=Y90, administered_from_bq=2.0, administered_to_bq=1.0)
        best = min(best, time.process_time() - begin)
    # Both nuclides with uncertainties: 17 ms measured; 50 ms is the goal for fits and doses together.
    assert best < 0.05
