"""Prior, tail, average, leave-one-out and the pattern of residuals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from dosimetry_core.errors import FitError
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import Model, fit_curve
from dosimetry_core.kinetics.leave_one_out import leave_one_out
from dosimetry_core.kinetics.prior import HalfLifePrior, population_prior
from dosimetry_core.kinetics.residual_pattern import curvature_score
from dosimetry_core.kinetics.result import AveragedShape
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.units import SECONDS_PER_HOUR
from tests.dosimetry_core.kinetics.test_fit import BI, FOUR, MONO, SEVEN, UPTAKE, curve, truth_of, values_of

PHYSICAL_H = nuclide(LU177).physical_half_life_s / SECONDS_PER_HOUR


def prior(half_life_h: float, spread: float) -> HalfLifePrior:
    return HalfLifePrior("population", half_life_h * SECONDS_PER_HOUR, spread, "a made-up population")


def codes(fit: object) -> list[str]:
    return [finding.code for finding in fit.findings]  # type: ignore[attr-defined]


# --- prior ------------------------------------------------------------------------------------------------------------


def test_that_a_prior_without_width_decides_and_one_without_limit_does_nothing() -> None:
    points = curve(MONO)
    free = fit_curve(points)
    firm = fit_curve(points, prior=prior(70.0, 1e-6))
    vague = fit_curve(points, prior=prior(70.0, 1e3))
    assert firm.effective_half_life_s == pytest.approx(70 * SECONDS_PER_HOUR, rel=1e-5)
    assert vague.time_integrated_activity_bq_s == pytest.approx(free.time_integrated_activity_bq_s, rel=1e-5)
    assert vague.fit_standard_uncertainty_bq_s == pytest.approx(free.fit_standard_uncertainty_bq_s, rel=1e-4)


def test_that_prior_and_points_are_weighed_by_their_variances() -> None:
    # ln T of the points alone is nearly normal; combining it with the prior is then a weighted mean.
    points = curve(MONO, relative=0.05)
    free = fit_curve(points)
    own = free.parameter_standard_uncertainties["decay_constant_per_s"] / free.parameters["decay_constant_per_s"]
    fit = fit_curve(points, prior=prior(52.0, own))
    middle = math.sqrt(52.0 * free.effective_half_life_s / SECONDS_PER_HOUR)
    assert fit.effective_half_life_s / SECONDS_PER_HOUR == pytest.approx(middle, rel=0.003)
    assert fit.prior is not None
    assert fit.prior.distance == pytest.approx(math.log(middle / 52) / own, abs=0.02)
    spread = fit.parameter_standard_uncertainties["decay_constant_per_s"] / fit.parameters["decay_constant_per_s"]
    assert spread == pytest.approx(own / math.sqrt(2), rel=0.05)


def test_that_one_scan_and_a_prior_make_the_population_method() -> None:
    one = curve(MONO).excluding(1, 3, 4)
    fit = fit_curve(one, prior=population_prior("kidneys", LU177))
    rate = math.log(2) / (50 * SECONDS_PER_HOUR)
    expected = one.fitted_activity_bq[0] * math.exp(rate * one.fitted_times_s[0]) / rate
    assert fit.time_integrated_activity_bq_s == pytest.approx(expected, rel=1e-6)
    assert fit.prior is not None
    assert fit.prior.time_integrated_activity_without_bq_s is None


def test_that_the_pull_is_said_and_a_contradiction_is_a_warning() -> None:
    fit = fit_curve(curve(MONO), prior=prior(90.0, 0.1))
    found = next(finding for finding in fit.findings if finding.code == "prior-half-life")
    assert found.level == "warning"
    assert "a made-up population" in found.text
    assert "changes the time-integrated activity" in found.text
    assert fit.information_criterion is None


def test_that_a_prior_has_to_have_something_to_act_on_and_to_be_weighed_against() -> None:
    with pytest.raises(FitError, match="no half-life"):
        fit_curve(curve(MONO), prior=prior(50, 0.2), tail="physical")
    with pytest.raises(FitError, match="weighed against"):
        fit_curve(curve(MONO, relative=None), prior=prior(50, 0.2), weights="uniform")


# --- tail -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["mono-exponential", "bi-exponential", "bi-exponential-uptake", "log-trapezoid"])
def test_that_a_physical_tail_is_an_upper_limit_that_is_said(model: Model) -> None:
    times = SEVEN[:6]
    fit = fit_curve(curve(BI, times), model=model, tail="physical")
    assert fit.effective_half_life_s == pytest.approx(PHYSICAL_H * SECONDS_PER_HOUR)
    assert "physical-tail" in codes(fit)
    assert "bound-active" not in codes(fit)
    if model == "log-trapezoid":
        free = fit_curve(curve(BI, times), model=model)
        assert fit.time_integrated_activity_bq_s > free.time_integrated_activity_bq_s


def test_that_a_held_tail_is_one_parameter_less() -> None:
    terms = [(40.0, 9.0), (55.0, PHYSICAL_H)]
    fit = fit_curve(curve(terms), model="bi-exponential", tail="physical")
    assert fit.time_integrated_activity_bq_s == pytest.approx(truth_of(terms), rel=1e-5)
    assert fit.degrees_of_freedom == 1
    # Three parameters from four points: AICc is not defined.
    assert fit.information_criterion is None
    five = curve(terms, SEVEN[1:6])
    assert fit_curve(five, model="bi-exponential", tail="physical").information_criterion is not None


# --- weights ----------------------------------------------------------------------------------------------------------


def test_that_given_weights_are_those_of_the_measured_uncertainties() -> None:
    values = values_of(MONO, FOUR) * np.array([1.0, 1.3, 1.0, 1.0])
    spread = values * np.array([0.02, 10.0, 0.02, 0.02])
    fit = fit_curve(TimeActivityCurve(FOUR, values, LU177, spread), weights="given")
    assert fit.time_integrated_activity_bq_s == pytest.approx(truth_of(MONO), rel=1e-4)
    with pytest.raises(FitError, match="uncertainties of the points are not known"):
        fit_curve(TimeActivityCurve(FOUR, values, LU177), weights="given")


# --- average ----------------------------------------------------------------------------------------------------------


def test_that_the_average_is_that_of_its_table() -> None:
    fit = fit_curve(curve(BI, SEVEN), model="model-average")
    weighed = [c for c in fit.candidates if c.weight is not None]
    assert isinstance(fit.shape, AveragedShape)
    assert sum(c.weight or 0 for c in weighed) == pytest.approx(1.0)
    mean = sum((c.weight or 0) * c.time_integrated_activity_bq_s for c in weighed)
    assert fit.time_integrated_activity_bq_s == pytest.approx(mean, rel=1e-12)
    best = min(weighed, key=lambda c: c.information_criterion or math.inf)
    assert best.weight == max(c.weight or 0 for c in weighed)
    # Two models: Σ w √(u² + (x − mean)²) is at least the spread between them.
    spread = math.sqrt(sum((c.weight or 0) * (c.time_integrated_activity_bq_s - mean) ** 2 for c in weighed))
    assert fit.time_integrated_activity_standard_uncertainty_bq_s >= 0.99 * spread * min(1, len(weighed) - 1)
    derived = second_nuclide_fit(fit, to_nuclide=Y90, administered_from_bq=1.0, administered_to_bq=1.0)
    change = nuclide(Y90).decay_constant_per_s - nuclide(LU177).decay_constant_per_s
    expected = sum(t.amplitude_bq / (t.decay_constant_per_s + change) for t in fit.terms)
    assert derived.time_integrated_activity_bq_s == pytest.approx(expected, rel=1e-12)


def test_that_chi_squared_of_the_average_is_that_of_its_own_curve() -> None:
    scattered = values_of(BI, SEVEN) * np.array([1.05, 0.96, 1.03, 1.02, 0.95, 1.04, 0.98])
    points = TimeActivityCurve(SEVEN, scattered, LU177, 0.04 * scattered)
    fit = fit_curve(points, model="model-average")
    assert isinstance(fit.shape, AveragedShape)
    assert fit.chi_squared == pytest.approx(
        float((((scattered - fit.activity_bq(SEVEN)) / (0.04 * scattered)) ** 2).sum())
    )


def test_that_four_points_leave_nothing_to_average_and_say_so() -> None:
    fit = fit_curve(curve(BI), model="model-average")
    assert (fit.model, fit.requested_model) == ("mono-exponential", "model-average")
    undefined = [c for c in fit.candidates if c.information_criterion is None]
    assert all(c.weight is None for c in undefined)
    assert "model-choice" in codes(fit)


# --- leave-one-out and residuals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["mono-exponential", "log-trapezoid", "bi-exponential-uptake"])
def test_that_leaving_a_point_out_is_the_fit_without_it(model: Model) -> None:
    rng = np.random.default_rng(1)
    points = curve(UPTAKE if model == "bi-exponential-uptake" else MONO)
    points = replace(points, activity_bq=points.activity_bq * (1 + 0.05 * rng.standard_normal(4)))
    fit = fit_curve(points, model=model)
    for item in leave_one_out(fit):
        expected = fit_curve(points.excluding(item.time_point), model=model).time_integrated_activity_bq_s
        assert item.time_integrated_activity_bq_s == pytest.approx(expected, rel=1e-9)
        assert item.relative_change == pytest.approx(expected / fit.time_integrated_activity_bq_s - 1, rel=1e-6)


def test_that_a_point_nothing_can_be_fitted_without_has_no_number() -> None:
    fit = fit_curve(curve(MONO).excluding(3, 4))
    assert [(item.time_point, item.time_integrated_activity_bq_s) for item in leave_one_out(fit)] == [
        (1, None),
        (2, None),
    ]


def test_that_the_score_of_chance_is_standard_normal() -> None:
    rng = np.random.default_rng(3)
    scores = []
    for _ in range(400):
        values = values_of(MONO, FOUR)
        points = TimeActivityCurve(FOUR, values * (1 + 0.05 * rng.standard_normal(4)), LU177, 0.05 * values)
        fit = fit_curve(points, weights="given")
        score = curvature_score(fit, points.fitted_uncertainty_bq)
        assert score is not None
        scores.append(score)
    # The mean of 400 is known to 0.05, the spread to 0.035.
    assert abs(np.mean(scores)) < 0.2
    assert np.std(scores) == pytest.approx(1.0, abs=0.12)


def test_that_a_missed_phase_is_a_finding_with_its_effect_on_the_second_nuclide() -> None:
    # Below the limit of the early-point finding (10 %), but bent beyond chance.
    terms = [(20.0, 9.0), (80.0, 56.0)]
    fit = fit_curve(curve(terms))
    assert "residual-pattern" in codes(fit) or "early-point-misfit" in codes(fit)
    second = second_nuclide_fit(fit, to_nuclide=Y90, administered_from_bq=2.0, administered_to_bq=1.0)
    found = next(finding for finding in second.findings if finding.code == "second-nuclide-misfit")
    assert "log-trapezoid" in found.text
    good = second_nuclide_fit(fit_curve(curve(MONO)), to_nuclide=Y90, administered_from_bq=2.0, administered_to_bq=1.0)
    assert not good.findings


def test_that_a_pattern_is_only_remarked_on_where_it_matters() -> None:
    # The same bend, but known to a tenth of a per cent and below 5 % of every activity.
    terms = [(3.0, 12.0), (97.0, 52.0)]
    assert "residual-pattern" not in codes(fit_curve(curve(terms, relative=0.001)))


def test_that_a_pattern_of_points_below_the_curve_is_remarked_on_like_one_above() -> None:
    # 8 % below at the first scan, at most 4 % above between.
    values = values_of(MONO, SEVEN) * np.array([0.91, 1.0, 1.0, 1.02, 1.02, 1.0, 0.98])
    fit = fit_curve(TimeActivityCurve(SEVEN, values, LU177, 0.015 * values), model="mono-exponential")
    (found,) = [finding for finding in fit.findings if finding.code == "residual-pattern"]
    assert "an uptake phase" in found.text


def test_that_a_first_point_off_the_curve_is_remarked_on_only_beyond_its_uncertainty() -> None:
    # 12 % below the curve: six standard deviations of 2 %, one of 10 %.
    values = values_of(MONO, FOUR) * np.array([0.8, 1.0, 1.0, 1.0])
    sure, unsure = (
        fit_curve(TimeActivityCurve(FOUR, values, LU177, u * values), model="mono-exponential") for u in (0.02, 0.1)
    )
    assert "early-point-misfit" in codes(sure)
    assert "early-point-misfit" not in codes(unsure)


# --- intervals --------------------------------------------------------------------------------------------------------


def test_that_the_interval_has_students_factor_only_where_the_scatter_was_learnt() -> None:
    scattered = values_of(MONO, FOUR) * np.array([1.08, 0.92, 1.06, 0.97])
    for spread, factor in ((None, 2.919986), (0.07 * scattered, 1.644854)):
        fit = fit_curve(TimeActivityCurve(FOUR, scattered, LU177, spread))
        low, high = fit.interval_bq_s(0.9, if_model_is_right=True)
        assert (high - low) / 2 / fit.fit_standard_uncertainty_bq_s == pytest.approx(factor, rel=1e-5)
        wide_low, wide_high = fit.interval_bq_s(0.9)
        assert wide_low < low < high < wide_high


def test_that_scatter_as_believed_or_without_freedom_teaches_nothing() -> None:
    fit = fit_curve(curve(MONO, relative=None))
    learnt = [
        replace(fit, chi_squared=chi_squared, degrees_of_freedom=freedom).scatter_degrees_of_freedom
        for chi_squared, freedom in ((2.1, 2), (2.0, 2), (1.9, 2), (1e-9, 0), (None, 2))
    ]
    assert learnt == [2, None, None, None, 2]


def test_that_the_band_of_a_derived_curve_holds_the_identity_assumption() -> None:
    fit = fit_curve(curve(MONO))
    known, assumed = (
        second_nuclide_fit(
            fit,
            to_nuclide=Y90,
            administered_from_bq=2.0,
            administered_to_bq=1.0,
            identity_relative_standard_uncertainty=u,
        )
        for u in (0.0, 0.1)
    )
    expected = np.hypot(known.activity_standard_uncertainty_bq(FOUR), 0.1 * known.activity_bq(FOUR))
    np.testing.assert_allclose(assumed.activity_standard_uncertainty_bq(FOUR), expected, rtol=1e-12)


def test_that_an_integral_is_never_invented_from_points_that_hold_none() -> None:
    late = np.array([112.0, 138.0, 203.0]) * SECONDS_PER_HOUR
    with pytest.raises(FitError, match="drawing them back"):
        fit_curve(TimeActivityCurve(late, np.array([5.4e6, 4e4, 1.0]), LU177), weights="uniform")
    negative = TimeActivityCurve(late, np.array([-1.6e7, 7e6, 3e5]), LU177, np.array([2e6, 8e5, 4e4]))
    with pytest.raises(FitError, match="nothing above zero"):
        fit_curve(negative, model="log-trapezoid", weights="uniform")


# --- uncertain parameters ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("relative", "said"), [(0.7, []), (0.8, ["amplitude"]), (1.2, ["amplitude, decay constant"])])
def test_that_parameters_known_to_no_better_than_half_of_themselves_are_named(relative: float, said: list[str]) -> None:
    """Four points at 4 to 192 h: relative uncertainties of 0.68 (amplitude) and 0.50 of that of the points."""
    fit = fit_curve(curve(MONO, relative=relative))
    texts = [finding.text for finding in fit.findings if finding.code == "parameter-uncertainty"]
    assert texts == [f"standard uncertainty above 50 %: {names}" for names in said]


@pytest.mark.parametrize(
    ("half_life_h", "said"), [(200.0, "(the points alone would give 200 h)"), (-300.0, "(the points rise)")]
)
def test_that_a_half_life_held_at_the_physical_one_says_what_the_points_alone_would_give(
    half_life_h: float, said: str
) -> None:
    fit = fit_curve(curve([(50.0, half_life_h)]))
    texts = [finding.text for finding in fit.findings if finding.code == "bound-active"]
    assert texts == [f"bound active: the effective half-life was held at the physical one {said}"]
