"""Every remark on a fit at its limit, just inside and just beyond it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dosimetry_core.errors import FitError, GeometryMismatchError, InconsistentCaseError, MissingDataError
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.kinetics.blood import fit_blood_curve
from dosimetry_core.kinetics.covariance import probability_of_worse_fit, variance_inflation
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.fit_findings import (
    fit_findings,
    half_life_findings,
    other_minimum_finding,
    prior_finding,
    selection_finding,
)
from dosimetry_core.kinetics.fit_uncertainty import unseen_late_fraction
from dosimetry_core.kinetics.integrate import TrapezoidCurve
from dosimetry_core.kinetics.models import BI, MONO
from dosimetry_core.kinetics.monte_carlo import sampled_time_integrated_activity_bq_s
from dosimetry_core.kinetics.prior import HalfLifePrior
from dosimetry_core.kinetics.result import ExponentialShape, FitResult, PriorPull
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.kinetics.selection import (
    corrected_information_criterion,
    corrected_information_criterion_unknown_scale,
    describes_points,
)
from dosimetry_core.kinetics.single_time_point import haenscheid_error_range, two_point_curve
from dosimetry_core.kinetics.voxel_curves import voxel_time_integrated_activity
from dosimetry_core.kinetics.weighting import fitted_points
from dosimetry_core.kinetics.whole_body import fit_whole_body, remainder
from dosimetry_core.nuclide import LU177, Y90, decay_constant_per_s, nuclide
from dosimetry_core.units import HOUR, SECONDS_PER_HOUR

HOURS = (3.0, 20.0, 45.0, 70.0, 120.0, 190.0)
ACTIVITY = np.array([100.0, 81.0, 57.0, 43.0, 21.0, 8.4])
PHYSICAL_S = nuclide(LU177).physical_half_life_s


def plain(**changes: Any) -> FitResult:
    """A mono-exponential fit of six points that nothing is to be remarked on, with fields changed."""
    times = np.array([HOUR.to_core(t) for t in HOURS])
    fit = fit_curve(TimeActivityCurve(times, ACTIVITY, LU177, 0.05 * ACTIVITY))
    assert not fit.findings
    return replace(fit, **changes)


def codes(fit: FitResult, uncertainty: np.ndarray | None = None) -> list[str]:
    return [f.code for f in fit_findings(fit, 0.05 * ACTIVITY if uncertainty is None else uncertainty, "VOI")]


@pytest.mark.parametrize(
    ("field", "code"),
    [("extrapolated_fraction", "extrapolated-fraction"), ("before_first_point_fraction", "early-phase-fraction")],
)
def test_that_a_quarter_outside_the_points_is_still_usual(field: str, code: str) -> None:
    assert codes(plain(**{field: 0.25})) == []
    assert codes(plain(**{field: 0.2501})) == [code]


@pytest.mark.parametrize(("name", "needed_h"), [(LU177, 100.0), (Y90, 70.0)])
def test_that_sampling_up_to_the_time_needed_is_enough(name: str, needed_h: float) -> None:
    def last(hours: float) -> TimeActivityCurve:
        times = np.array([4.0, 30.0, hours]) * SECONDS_PER_HOUR
        return TimeActivityCurve(times, np.array([9.0, 6.0, 2.0]), name)

    enough, early = plain(curve=last(needed_h)), plain(curve=last(needed_h - 0.01))
    assert unseen_late_fraction(enough.curve, 0.4) == 0.0
    assert unseen_late_fraction(early.curve, 0.4) == 0.4
    cut: dict[str, Any] = {"residuals_bq": np.zeros(3), "effective_half_life_s": HOUR.to_core(40.0)}
    three = np.array([9.0, 6.0, 2.0])
    assert "early-last-time-point" not in codes(replace(enough, **cut), three)
    found = {f.code: f for f in fit_findings(replace(early, extrapolated_fraction=0.12, **cut), three, "VOI")}
    assert f"the last time point is at {needed_h:.0f} h" in found["early-last-time-point"].text
    # A quarter of the extrapolated 12 %.
    assert "; 3 % standard uncertainty" in found["early-last-time-point"].text
    pull = PriorPull("population", 1.0, 0.1, "x", 0.0, None, None)
    found = {f.code: f for f in fit_findings(replace(early, extrapolated_fraction=0.12, prior=pull, **cut), three, "")}
    assert "; 0 % standard uncertainty" in found["early-last-time-point"].text


def test_that_a_bound_says_which_and_what_the_points_alone_would_give() -> None:
    free = decay_constant_per_s(HOUR.to_core(222.0))
    for value, words in (
        (free, "(the points alone would give 222 h)"),
        (0.0, "(the points rise)"),
        (-1.0, "(the points rise)"),
    ):
        fit = plain(bounds_active=("decay_constant_per_s",), unbounded_decay_constant_per_s=value)
        (found,) = fit_findings(fit, 0.05 * ACTIVITY, "VOI")
        assert found.code == "bound-active"
        assert found.text.endswith(f"held at the physical one {words}")
    for name in ("slow_decay_constant_per_s", "tail_decay_constant_per_s"):
        (found,) = fit_findings(plain(bounds_active=(name,)), 0.05 * ACTIVITY, "VOI")
        assert found.text.endswith("held at the physical one")
    (found,) = fit_findings(plain(bounds_active=("fast_decay_constant_per_s",)), 0.05 * ACTIVITY, "VOI")
    assert "the fast phase is over before the first time point" in found.text
    (found,) = fit_findings(plain(tail="physical", bounds_active=("decay_constant_per_s",)), 0.05 * ACTIVITY, "VOI")
    assert (found.code, found.level) == ("physical-tail", "info")


def test_that_no_degree_of_freedom_is_said_and_one_is_enough() -> None:
    assert codes(plain(degrees_of_freedom=1)) == []
    (found,) = fit_findings(plain(degrees_of_freedom=0), 0.05 * ACTIVITY, "VOI")
    assert found.code == "no-degrees-of-freedom"
    assert "passes through all 6 points" in found.text


@pytest.mark.parametrize(("first", "side", "hint"), [(1.0, "above", "fast early phase"), (-1.0, "below", "uptake")])
def test_that_the_first_point_is_remarked_on_beyond_both_limits(first: float, side: str, hint: str) -> None:
    def found(residual: float, u: float) -> list[Any]:
        off = read_only(np.array([first * residual, 0.0, 0.0, 0.0, 0.0, 0.0]))
        spread = np.array([u, 5.0, 5.0, 5.0, 5.0, 5.0])
        return [f for f in fit_findings(plain(residuals_bq=off), spread, "V") if f.code == "early-point-misfit"]

    # 10 % of the activity of 100, and 2.5 standard uncertainties, are the limits.
    assert not found(10.0, 1.0)
    assert not found(20.0, 8.0)
    (said,) = found(10.01, 4.0)
    assert f"10 % {side} the mono-exponential curve" in said.text
    assert hint in said.text
    assert found(20.0, 7.99)


def test_that_a_first_point_without_activity_is_no_misfit() -> None:
    values = ACTIVITY.copy()
    values[0] = 0.0
    curve = TimeActivityCurve(plain().curve.times_s, values, LU177)
    assert "early-point-misfit" not in codes(plain(curve=curve, residuals_bq=np.full(6, 1e-3)))


def test_that_a_parameter_is_loose_above_half_of_itself() -> None:
    names = ("amplitude_bq", "decay_constant_per_s")
    for part, loose in ((0.5, []), (0.5001, ["parameter-uncertainty"])):
        parameters = FrozenMap({"amplitude_bq": 8.0, "decay_constant_per_s": -4.0})
        covariance = np.diag([1.0, (4.0 * part) ** 2])
        assert codes(plain(parameters=parameters, covariance=covariance, covariance_names=names)) == loose
    (found,) = fit_findings(
        plain(parameters=parameters, covariance=np.diag([99.0, 5.0]), covariance_names=names), 0.05 * ACTIVITY, "V"
    )
    assert found.text == "standard uncertainty above 50 %: amplitude, decay constant"


def test_that_half_lives_at_the_ends_of_their_range_are_plausible() -> None:
    for half_life, words in ((25.0, None), (90.0, None), (24.99, "below 25 h"), (90.01, "above 90 h")):
        fit = plain(effective_half_life_s=HOUR.to_core(half_life))
        found = half_life_findings(fit, HOUR.to_core(25.0), HOUR.to_core(90.0), "kidney")
        assert [words in f.text for f in found] == [True] * (words is not None)  # type: ignore[operator]


def test_that_a_prior_two_deviations_away_is_no_warning() -> None:
    for distance, level in ((2.0, "info"), (-2.0, "info"), (2.01, "warning"), (-2.01, "warning")):
        pull = PriorPull("population", HOUR.to_core(50.0), 0.2, "a paper", distance, HOUR.to_core(61.0), 1e6)
        (found,) = prior_finding(plain(prior=pull, time_integrated_activity_bq_s=1.043e6), "VOI")
        assert found.level == level
        assert f"{abs(distance):.1f} of its standard deviations {'above' if distance > 0 else 'below'} it" in found.text
        assert "the points alone give 61.0 h" in found.text
        assert found.text.endswith("by 4.3 %")
    pull = PriorPull("population", HOUR.to_core(50.0), 0.2, "a paper", 0.3, None, None)
    (found,) = prior_finding(plain(prior=pull), "VOI")
    assert "alone" not in found.text


def test_that_another_curve_is_told_if_likely_enough_and_different_enough() -> None:
    fit = plain()
    amplitude, rate = fit.parameters["amplitude_bq"], fit.parameters["decay_constant_per_s"]

    def told(a: float, r: float, excess: float) -> list[Any]:
        return other_minimum_finding(fit, [(np.array([amplitude * a, rate * r]), excess)], "VOI")

    assert told(1.5, 1.0, 3.84)
    assert not told(1.5, 1.0, 3.85)
    assert not told(1.009, 1.0, 0.0)
    assert told(1.011, 1.0, 0.0)
    assert told(0.989, 1.0, 0.0)
    # The same integral: only the half-life tells them apart, from a tenth on.
    assert not told(1 / 1.09, 1 / 1.09, 0.0)
    assert told(1 / 1.11, 1 / 1.11, 0.0)
    (found,) = other_minimum_finding(
        fit,
        [(np.array([amplitude * part, rate]), excess) for part, excess in ((0.9, 1.0), (1.3, 2.0), (1.2, 0.0))],
        "V",
    )
    assert "by 30.0 %" in found.text
    assert "larger by only 2.0" in found.text


def test_that_a_choice_of_one_is_no_comparison() -> None:
    for ranked, words in ((["a", "b"], "by AICc among a, b"), (["a"], "do not allow a comparison")):
        assert words in selection_finding(plain(), "information-criterion", ranked, "V").text
    levels = {
        reason: selection_finding(plain(), reason, [], "V").level
        for reason in ("averaged", "goodness-of-fit", "no-model-describes", "only-model")
    }
    assert levels == {
        "averaged": "info",
        "goodness-of-fit": "warning",
        "no-model-describes": "warning",
        "only-model": "info",
    }


def test_that_points_are_described_up_to_five_per_cent_or_by_chance() -> None:
    def of(part: float, chi_squared: float, freedom: int = 4) -> bool:
        return describes_points(
            plain(residuals_bq=part * ACTIVITY, chi_squared=chi_squared, degrees_of_freedom=freedom)
        )

    assert of(0.05, 1e3)
    assert not of(0.0501, 1e3)
    assert not of(-0.0501, 1e3)
    # 13.2767: 1 % of χ² with four degrees of freedom is larger (tables of χ²).
    assert of(0.2, 13.27)
    assert not of(0.2, 13.28)
    assert of(0.2, 1e3, 0)
    assert variance_inflation(1e3, 4) == pytest.approx(13.2767 / 4, rel=1e-5)
    assert variance_inflation(10.0, 4) == 2.5
    assert variance_inflation(1e3, 0) == 1.0
    assert probability_of_worse_fit(1e3, 0) == 1.0
    # One degree of freedom: P(χ² > 3.841) = 5 %.
    assert probability_of_worse_fit(3.8415, 1) == pytest.approx(0.05, rel=1e-4)


def test_that_the_criterion_needs_two_points_more_than_parameters() -> None:
    assert corrected_information_criterion(3.0, 4, 2) == 3.0 + 4 + 12
    assert corrected_information_criterion(3.0, 3, 2) is None
    assert corrected_information_criterion_unknown_scale(5.0, 5, 2) == 5 * np.log(1.0) + 6 + 24
    assert corrected_information_criterion_unknown_scale(5.0, 4, 2) is None
    assert corrected_information_criterion_unknown_scale(0.0, 5, 2) is None


def test_that_a_curve_may_begin_at_time_zero_and_have_one_point() -> None:
    assert TimeActivityCurve(np.array([0.0]), np.array([5.0]), LU177).times_s.size == 1
    with pytest.raises(InconsistentCaseError, match="before the middle"):
        TimeActivityCurve(np.array([-1.0]), np.array([5.0]), LU177)
    with pytest.raises(InconsistentCaseError, match="same time"):
        TimeActivityCurve(np.array([1.0, 1.0]), np.array([5.0, 4.0]), LU177)
    for bad in (np.array([1.0, 0.0]), np.array([1.0, np.inf]), np.array([1.0])):
        with pytest.raises(ValueError, match="random standard uncertainties"):
            TimeActivityCurve(np.array([1.0, 2.0]), np.array([5.0, 4.0]), LU177, bad)
    for times, values in (([1.0, np.nan], [5.0, 4.0]), ([1.0, 2.0], [5.0, np.inf])):
        with pytest.raises(ValueError, match="finite"):
            TimeActivityCurve(np.array(times), np.array(values), LU177)
    for shapes in ((1, 2), ((1, 2), (1, 2))):
        with pytest.raises(ValueError, match="same shape"):
            TimeActivityCurve(np.ones(shapes[0]), np.ones(shapes[1]), LU177)
    with pytest.raises(ValueError, match="mask"):
        TimeActivityCurve(np.array([1.0]), np.array([5.0]), LU177, included=np.array([True, True]))


def test_that_points_are_excluded_by_their_number_from_one() -> None:
    curve = plain().curve.excluding(1, 6)
    assert curve.mask.tolist() == [False, True, True, True, True, False]
    for number in (0, 7):
        with pytest.raises(InconsistentCaseError, match=f"no time point {number}; the curve has 6"):
            plain().curve.excluding(number)


def test_that_points_need_activity_for_relative_weights_and_one_is_named() -> None:
    zero = TimeActivityCurve(np.array([1.0, 2.0]), np.array([3.0, 0.0]), LU177)
    for weights in ("proportional", "poisson"):
        with pytest.raises(FitError, match="positive activities"):
            fitted_points(zero, weights, 1e-6)
    assert fitted_points(zero, "uniform", 1e-6).weights.tolist() == [1.0, 1.0]
    with pytest.raises(FitError, match="1 time point is not enough"):
        fitted_points(zero.excluding(1), "uniform", 1e-6)
    with pytest.raises(FitError, match="no time point is included"):
        fitted_points(zero.excluding(1, 2), "uniform", 1e-6)
    assert fitted_points(zero.excluding(1), "uniform", 1e-6, least_points=1).times_s.tolist() == [2.0]


def test_that_a_point_without_activity_does_not_disturb_a_fit_with_uniform_weights() -> None:
    times = np.array([2.0, 20.0, 50.0, 90.0]) * SECONDS_PER_HOUR
    fit = fit_curve(TimeActivityCurve(times, np.array([0.0, 7.0, 5.0, 3.0]), LU177), weights="uniform")
    # The least squares of A exp(−λ t) on a grid of λ, worked out apart.
    rates = np.linspace(decay_constant_per_s(PHYSICAL_S), 5e-5, 40001)
    falls = np.exp(-np.multiply.outer(rates, times))
    values = np.array([0.0, 7.0, 5.0, 3.0])
    amplitude = falls @ values / (falls**2).sum(axis=1)
    cost = ((values - amplitude[:, None] * falls) ** 2).sum(axis=1)
    best = int(np.argmin(cost))
    assert fit.parameters["decay_constant_per_s"] == pytest.approx(rates[best], rel=1e-3)
    assert fit.parameters["amplitude_bq"] == pytest.approx(amplitude[best], rel=1e-3)


def test_that_a_trapezoid_needs_its_last_two_points_above_nothing() -> None:
    times = np.array([1.0, 2.0, 4.0])
    for values in ([3.0, 2.0, 0.0], [3.0, 0.0, 2.0]):
        with pytest.raises(FitError, match="last two"):
            TrapezoidCurve(times, np.array(values), 0.01)
    assert TrapezoidCurve(times, np.array([0.0, 3.0, 2.0]), 0.01).middle_bq_s > 0
    with pytest.raises(FitError, match="two time points"):
        TrapezoidCurve(times[:1], np.array([3.0]), 0.01)
    steep, slow = (TrapezoidCurve(times, np.array([3.0, 2.0, last]), 0.1) for last in (1.0, 1.9))
    assert steep.tail_decay_constant_per_s == pytest.approx(np.log(2) / 2)
    assert slow.tail_decay_constant_per_s == 0.1


@pytest.mark.parametrize(("last", "bounds"), [(1.0, ()), (3.9, ("tail_decay_constant_per_s",))])
def test_that_a_trapezoid_says_whether_its_tail_is_at_the_bound(last: float, bounds: tuple[str, ...]) -> None:
    times = np.array([3.0, 40.0, 80.0]) * SECONDS_PER_HOUR
    fit = fit_curve(TimeActivityCurve(times, np.array([9.0, 4.0, last]), LU177), model="log-trapezoid")
    assert fit.bounds_active == bounds


def test_that_two_points_fall_no_more_slowly_than_physical_decay() -> None:
    half = HOUR.to_core(159.5)
    assert two_point_curve((0.0, half), (4.0, 1.999), physical_half_life_s=half).amplitude_bq == 4.0
    with pytest.raises(FitError, match="more slowly"):
        two_point_curve((0.0, half), (4.0, 2.001), physical_half_life_s=half)
    for activities in ((0.0, 1.0), (1.0, 0.0)):
        with pytest.raises(FitError, match="not positive"):
            two_point_curve((1.0, 2.0), activities, physical_half_life_s=half)
    with pytest.raises(ValueError, match="later"):
        two_point_curve((2.0, 2.0), (2.0, 1.0), physical_half_life_s=half)


def blood(minutes: list[float], values: list[float], **options: Any) -> Any:
    return fit_blood_curve(
        np.array(minutes) * 60, np.array(values), nuclide_name=LU177, infusion_s=1800.0, place="blood", **options
    )


def test_that_a_blood_sample_at_the_end_of_the_infusion_counts_and_one_without_activity_does_not() -> None:
    fit = blood([0.0, 10.0, 90.0, 600.0, 1500.0], [9.0, 8.0, 5.0, 0.0, 1.0])
    assert fit.included.tolist() == [True, True, True, False, True]
    (left_out, few) = fit.findings[:2]
    assert left_out.text.startswith("1 blood sample(s)")
    assert few.text.startswith("4 blood samples instead of 5: a bi-exponential without degree of freedom")
    with pytest.raises(MissingDataError, match="1 usable"):
        blood([-1.0, 10.0], [9.0, 8.0])
    assert blood([5.0, 10.0], [9.0, 8.9]).findings[0].text.startswith("2 blood samples instead of 5: a mono")


def test_that_five_samples_of_one_phase_say_so_and_the_cap_is_named() -> None:
    minutes = [5.0, 30.0, 120.0, 400.0, 900.0]
    values = [float(100 * np.exp(-t / 300)) for t in minutes]
    assert [f.code for f in blood(minutes, values).findings] == ["blood-phase-not-seen"]
    slow = [float(100 * np.exp(-t / 6000)) for t in minutes]
    capped = blood(minutes, slow, whole_body_effective_half_life_s=HOUR.to_core(21.0))
    found = {f.code: f.text for f in capped.findings}
    assert "21.0 h" in found["blood-slow-phase-capped"]
    # A single phase of 21 h: 2^(−15/21) of what follows the infusion lies after the last sample.
    assert capped.tail_fraction == pytest.approx(2 ** (-15 / 21), rel=0.02)
    assert "blood-tail-fraction" in found


def test_that_shapes_of_two_phases_integrate_as_written() -> None:
    shape = ExponentialShape(BI, read_only(np.array([3.0, 5.0, 0.7, 0.11])))
    assert [(t.amplitude_bq, t.decay_constant_per_s) for t in shape.terms] == [(3.0, 0.7), (5.0, 0.11)]
    assert MONO.parameter_count == 2


def test_that_voxels_imaged_very_late_still_fall_no_more_slowly_than_physical_decay() -> None:
    # 20 half-lives' worth of rates over 200 days would end below physical decay.
    times = np.array([10.0, 200.0]) * 24 * SECONDS_PER_HOUR
    decay = decay_constant_per_s(PHYSICAL_S)
    images = [np.full((1, 1, 2), np.exp(-1.5 * decay * t) * 1e9) for t in times]
    found = voxel_time_integrated_activity(images, times, nuclide_name=LU177, vois={})
    assert found.effective_half_life_s == pytest.approx(PHYSICAL_S / 1.5, rel=1e-3)


def whole_body(hours: list[float], gbq: list[float], **options: Any) -> FitResult:
    curve = TimeActivityCurve(np.array(hours) * SECONDS_PER_HOUR, np.array(gbq) * 1e9, LU177)
    given: dict[str, Any] = {"administered_activity_bq": 7.4e9, "method": "measured", "place": "body"} | options
    return fit_whole_body(curve, **given)


def test_that_a_whole_body_needs_activity_after_the_administration() -> None:
    for hours, gbq, words in (
        ([], [], "unknown"),
        ([4.0, 24.0], [6.0, 0.0], "not positive"),
        ([4.0, 24.0, 90.0], [6.0, -0.1, 1.0], "not positive"),
        ([0.0, 24.0], [6.0, 3.0], "not positive"),
    ):
        with pytest.raises(MissingDataError, match=words):
            whole_body(hours, gbq)
    for administered in (0.0, -1.0):
        with pytest.raises(ValueError, match="administered"):
            whole_body([4.0], [6.0], administered_activity_bq=administered)
    assert whole_body([4.0, 24.0], [6.0, 3.0]).model == "mono-exponential"
    assert whole_body([4.0, 24.0, 90.0], [6.0, 3.0, 1.0]).model == "bi-exponential"


def test_that_a_whole_body_may_hold_five_per_cent_more_than_was_given() -> None:
    def said(part: float, hours: float = 1.0) -> list[str]:
        left = part * 7.4 * 2 ** (-hours * SECONDS_PER_HOUR / PHYSICAL_S)
        return [f.code for f in whole_body([hours, 50.0, 120.0], [left, 2.0, 0.7]).findings]

    assert said(1.0499) == []
    assert said(1.0501) == said(1.0501, 7.0) == ["whole-body-above-administered"]
    few = whole_body([30.0], [3.0], method="field-of-view").findings
    assert [f.code for f in few] == ["whole-body-field-of-view", "few-whole-body-points"]
    # 3 of 7.4 GBq after 30 h, 13.9 % of them gone by decay alone.
    kept = 3.0 / 7.4 * 2 ** (30 * SECONDS_PER_HOUR / PHYSICAL_S)
    assert f"holds {100 * kept:.0f} %" in few[0].text


def test_that_the_rest_of_the_body_may_be_nothing_and_names_the_lesions_in_it() -> None:
    body = whole_body([4.0, 24.0, 90.0], [6.0, 3.0, 1.0])
    total = body.time_integrated_activity_bq_s

    def rest(organ: float, marrow: float, lesions: float) -> Any:
        return remainder(
            body,
            organs_bq_s={"liver": organ * total},
            organ_standard_uncertainties_bq_s={"liver": 3e12, "spleen": 4e12},
            red_marrow_bq_s=marrow * total,
            lesions_bq_s=lesions,
        )

    found = rest(0.5, 0.25, 0.0)
    assert found.time_integrated_activity_bq_s == pytest.approx(0.25 * total)
    own = body.time_integrated_activity_standard_uncertainty_bq_s
    assert found.standard_uncertainty_bq_s == pytest.approx(float(np.hypot(own, 5e12)))
    assert not found.findings
    assert rest(0.75, 0.25, 0.0).time_integrated_activity_bq_s == 0.0
    assert "(100 % of it)" in rest(0.75, 0.25, 1e12).findings[0].text
    assert "(20 % of it)" in rest(0.5, 0.25, 0.05 * total).findings[0].text
    with pytest.raises(InconsistentCaseError, match="only"):
        rest(0.75, 0.26, 0.0)


def test_that_two_points_and_one_scan_integrate_as_written() -> None:
    curve = two_point_curve((2.0, 6.0), (8.0, 2.0), physical_half_life_s=3.0)
    # Two halvings in four seconds: a half-life of 2 s, 16 at time zero.
    assert curve.effective_half_life_s == pytest.approx(2.0)
    assert curve.amplitude_bq == pytest.approx(16.0)
    assert curve.time_integrated_activity_bq_s == pytest.approx(16.0 * 2.0 / np.log(2))
    # 2^x/(2x) − 1 is least at 1/ln 2: e ln 2/2 − 1.
    inner, outer = haenscheid_error_range(1.0, 2.5), haenscheid_error_range(1.2, 1.6)
    assert inner.lowest == pytest.approx(np.e * np.log(2) / 2 - 1)
    assert inner.lowest_at == pytest.approx(1 / np.log(2))
    assert inner.highest == pytest.approx(2**2.5 / 5 - 1)
    assert inner.worst == inner.highest
    assert outer.worst == -outer.lowest


@pytest.mark.parametrize(("off", "model"), [(0.03, "mono"), (0.2, "bi")])
def test_that_three_samples_within_five_per_cent_of_one_phase_need_no_second(off: float, model: str) -> None:
    # Samples known to 0.1 %, so that χ² describes neither.
    minutes = [10.0, 200.0, 600.0]
    values = [
        float(1000 * 2 ** (-t / 300) * part) for t, part in zip(minutes, (1 + off, 1 - off, 1 + off), strict=True)
    ]
    fit = blood(minutes, values, relative_standard_uncertainty=0.001)
    assert len(fit.terms) == {"mono": 1, "bi": 2}[model]


def test_that_one_scan_with_a_prior_can_be_drawn_again() -> None:
    curve = TimeActivityCurve(np.array([HOUR.to_core(50.0)]), np.array([4e7]), LU177, np.array([2e6]))
    prior = HalfLifePrior("population", HOUR.to_core(50.0), 0.2, "drawn")
    fit = fit_curve(curve, prior=prior)
    drawn = sampled_time_integrated_activity_bq_s(fit, 400, np.random.default_rng(3))
    # The linear uncertainty, within the chance of 400 draws (3.5 %) and the bend of the integral over half-lives.
    assert drawn.std() == pytest.approx(fit.fit_standard_uncertainty_bq_s, rel=0.25)
    assert drawn.mean() == pytest.approx(fit.time_integrated_activity_bq_s, rel=0.05)


@pytest.mark.parametrize(("last", "beside"), [((0.4, 0.3), True), ((-0.2, 0.3), False), ((0.4, -0.1), False)])
def test_that_a_trapezoid_stands_beside_a_fit_only_where_its_last_points_are_above_nothing(
    last: tuple[float, float], beside: bool
) -> None:
    times = np.array([HOUR.to_core(t) for t in HOURS])
    values = np.array([9.0, 7.2, 4.1, 2.5, *last])
    fit = fit_curve(TimeActivityCurve(times, values, LU177, np.full(6, 0.3)), weights="uniform")
    assert ("log-trapezoid" in fit.alternatives) == beside


def test_that_blood_samples_are_one_row_of_times_and_concentrations() -> None:
    for times, values in ((np.ones((2, 2)), np.ones((2, 2))), (np.ones(3), np.ones(2))):
        with pytest.raises(ValueError, match="same shape"):
            fit_blood_curve(times, values, nuclide_name=LU177, infusion_s=1800.0)


@pytest.mark.parametrize(("score", "ends", "hint"), [(2.8, "above", "second falling phase"), (-2.8, "below", "uptake")])
def test_that_a_pattern_says_on_which_side_the_ends_lie(
    monkeypatch: pytest.MonkeyPatch, score: float, ends: str, hint: str
) -> None:
    fit = plain(residuals_bq=0.06 * ACTIVITY)
    monkeypatch.setattr("dosimetry_core.kinetics.fit_findings.curvature_score", lambda *_: score)
    (found,) = fit_findings(fit, 0.05 * ACTIVITY, "V")
    middle = "below" if ends == "above" else "above"
    assert f"the points lie {ends} the mono-exponential curve at its ends and {middle} it between, 2.8" in found.text
    assert hint in found.text
    monkeypatch.setattr("dosimetry_core.kinetics.fit_findings.curvature_score", lambda *_: 2.7)
    assert codes(fit) == []
    # Residuals of 5 % at most are not worth a word.
    monkeypatch.setattr("dosimetry_core.kinetics.fit_findings.curvature_score", lambda *_: 9.0)
    assert codes(plain(residuals_bq=0.05 * ACTIVITY)) == []


def test_that_one_sample_far_below_one_phase_asks_for_a_second() -> None:
    minutes = [10.0, 200.0, 600.0]
    values = [float(1000 * 2 ** (-t / 300) * part) for t, part in zip(minutes, (1.04, 0.91, 1.04), strict=True)]
    assert len(blood(minutes, values, relative_standard_uncertainty=0.001).terms) == 2


def test_that_the_band_of_a_trapezoid_is_positive_where_the_curve_is_not() -> None:
    times = np.array([3.0, 20.0, 45.0, 90.0]) * SECONDS_PER_HOUR
    values = np.array([-0.5, 6.0, 4.0, 2.0])
    curve = TimeActivityCurve(times, values, LU177, np.full(4, 0.3))
    fit = fit_curve(curve, model="log-trapezoid", weights="uniform")
    band = fit.activity_standard_uncertainty_bq(times)
    relative = fit.time_integrated_activity_standard_uncertainty_bq_s / fit.time_integrated_activity_bq_s
    assert fit.activity_bq(times)[0] < 0
    assert band == pytest.approx(relative * np.abs(values))


def test_that_a_fit_needs_two_activities_above_nothing_and_a_prior_one_point() -> None:
    times = np.array([2.0, 20.0, 50.0]) * SECONDS_PER_HOUR
    for values in ([5.0, 0.0, 0.0], [5.0, -1.0, 0.0]):
        curve = TimeActivityCurve(times, np.array(values), LU177)
        with pytest.raises(FitError, match="fewer than two activities are positive"):
            fit_curve(curve, weights="uniform")
    prior = HalfLifePrior("population", HOUR.to_core(50.0), 0.2, "drawn")
    nothing = TimeActivityCurve(times, np.array([5.0, 4.0, 3.0]), LU177).excluding(1, 2, 3)
    with pytest.raises(FitError, match="no time point is included"):
        fit_curve(nothing, prior=prior)
    one = nothing.excluding()
    assert fit_curve(replace(one, included=np.array([False, True, False])), prior=prior).degrees_of_freedom == 0


def test_that_a_second_nuclide_needs_both_activities_and_an_hour_apart_is_no_remark() -> None:
    for given in ((0.0, 1e9), (1e9, 0.0), (-1e9, 1e9)):
        with pytest.raises(ValueError, match="must be positive"):
            second_nuclide_fit(plain(), to_nuclide=Y90, administered_from_bq=given[0], administered_to_bq=given[1])
    with pytest.raises(ValueError, match="not of"):
        second_nuclide_fit(plain(), to_nuclide=Y90, administered_from_bq=1.0, administered_to_bq=1.0, from_nuclide=Y90)
    for shift, words in ((3600.0, None), (-3600.0, None), (3700.0, "1.0 h after"), (-7200.0, "2.0 h before")):
        fit = second_nuclide_fit(
            plain(), to_nuclide=Y90, administered_from_bq=4e9, administered_to_bq=1e9, time_shift_s=shift
        )
        said = [f.text for f in fit.findings if f.code == "separate-injections"]
        assert [words in text for text in said] == [True] * (words is not None)  # type: ignore[operator]


def test_that_voxels_beyond_the_first_thousands_are_fitted_alike() -> None:
    # More voxels than are fitted at once, each with a half-life and a start of its own.
    times = np.array([4.0, 40.0, 150.0]) * SECONDS_PER_HOUR
    half_lives = np.linspace(30.0, 120.0, 70000).reshape(7, 100, 100) * SECONDS_PER_HOUR
    start = np.linspace(3e4, 1e4, 70000).reshape(7, 100, 100)
    images = [start * 2 ** (-t / half_lives) for t in times]
    found = voxel_time_integrated_activity(images, times, nuclide_name=LU177, vois={})
    # The parabola through three of 48 rates is good to a few per mille.
    assert np.abs(found.effective_half_life_s / half_lives - 1).max() < 5e-3
    assert np.abs(found.maps[LU177] / (start * half_lives / np.log(2)) - 1).max() < 5e-3


def test_that_a_map_over_time_needs_two_images_of_one_shape_and_their_times() -> None:
    image = np.ones((1, 2, 3))
    for images, times in (([image], [3600.0]), ([image, image], [3600.0]), ([image], [3600.0, 7200.0])):
        with pytest.raises(ValueError, match="one image per time, and at least two"):
            voxel_time_integrated_activity(images, times, nuclide_name=LU177, vois={})
    with pytest.raises(GeometryMismatchError):
        voxel_time_integrated_activity([image, image[:, :1]], [3600.0, 7200.0], nuclide_name=LU177, vois={})
