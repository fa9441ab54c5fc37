from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from dosimetry_core.errors import MissingDataError
from dosimetry_core.kinetics import blood
from dosimetry_core.nuclide import LU177, Y90, decay_constant_per_s, nuclide
from dosimetry_core.units import KILOBECQUEREL_PER_ML, SECONDS_PER_HOUR, SECONDS_PER_MINUTE

SAMPLES = np.array([5 / 60, 10 / 60, 40 / 60, 4.0, 24.0]) * SECONDS_PER_HOUR
INFUSION = 30 * SECONDS_PER_MINUTE
# Impulse response: kBq/mL and effective half-lives in h.
IMPULSE = [(330.0, 0.55), (62.0, 9.5)]


def infused(
    times_s: np.ndarray, impulse: list[tuple[float, float]] = IMPULSE, infusion_s: float = INFUSION
) -> np.ndarray:
    total = np.zeros(times_s.shape)
    for amplitude, half in impulse:
        rate = decay_constant_per_s(half * SECONDS_PER_HOUR)
        kept = -np.expm1(-rate * infusion_s) / (rate * infusion_s) if infusion_s else 1.0
        total = total + KILOBECQUEREL_PER_ML.to_core(amplitude) * kept * np.exp(-rate * times_s)
    return total


def truth(impulse: list[tuple[float, float]] = IMPULSE) -> float:
    return sum(KILOBECQUEREL_PER_ML.to_core(a) * half * SECONDS_PER_HOUR / np.log(2) for a, half in impulse)


def fitted(values: np.ndarray, times: np.ndarray = SAMPLES, **options: float) -> blood.BloodFit:
    return blood.fit_blood_curve(times, values, nuclide_name=LU177, infusion_s=INFUSION, **options)


def test_that_exact_samples_after_an_infusion_give_the_whole_integral() -> None:
    fit = fitted(infused(SAMPLES))
    assert fit.time_integral_bq_s_per_ml == pytest.approx(truth(), rel=1e-6)
    assert not fit.findings


def test_that_the_infusion_correction_equals_the_convolved_curve() -> None:
    # During a constant-rate infusion a phase rises as c (1 − exp(−λ t))/(λ T_i).
    term = blood.ConcentrationTerm(100.0, decay_constant_per_s(0.55 * SECONDS_PER_HOUR))
    rate = term.decay_constant_per_s
    impulse = 100.0 * blood.infusion_factor(rate, INFUSION)
    during = quad(lambda t: -impulse * np.expm1(-rate * t) / (rate * INFUSION), 0, INFUSION)[0]
    whole = blood.time_integral_bq_s_per_ml([term], infusion_s=INFUSION)
    assert whole == pytest.approx(during + blood.time_integral_after_infusion_bq_s_per_ml([term]), rel=1e-9)
    assert blood.infusion_factor(rate, 0.0) == 1.0


def test_that_the_order_of_samples_does_not_matter() -> None:
    shuffled = np.array([3, 0, 4, 2, 1])
    one, other = fitted(infused(SAMPLES)), fitted(infused(SAMPLES)[shuffled], SAMPLES[shuffled])
    assert other.time_integral_bq_s_per_ml == pytest.approx(one.time_integral_bq_s_per_ml, rel=1e-12)


def test_that_the_slow_phase_is_capped_and_the_cap_is_said() -> None:
    slow = [(330.0, 0.55), (62.0, 90.0)]
    fit = fitted(infused(SAMPLES, slow), whole_body_effective_half_life_s=50 * SECONDS_PER_HOUR)
    assert fit.bound_active
    assert fit.terms[-1].effective_half_life_s == pytest.approx(50 * SECONDS_PER_HOUR)
    assert "blood-slow-phase-capped" in [finding.code for finding in fit.findings]


@pytest.mark.parametrize(("kept", "phases"), [([0, 1, 3, 4], 2), ([1, 3, 4], 2), ([3, 4], 1)])
def test_that_fewer_samples_give_fewer_phases_and_say_so(kept: list[int], phases: int) -> None:
    fit = fitted(infused(SAMPLES)[kept], SAMPLES[kept])
    assert len(fit.terms) == phases
    assert "few-blood-samples" in [finding.code for finding in fit.findings]


@pytest.mark.parametrize("kept", [[0, 2, 4], [1, 3, 4], [2, 3, 4]])
@pytest.mark.parametrize("cap_h", [15.0, 50.0, 80.0])
def test_that_three_samples_of_two_phases_give_the_integral_within_its_uncertainty(
    kept: list[int], cap_h: float
) -> None:
    fit = fitted(infused(SAMPLES)[kept], SAMPLES[kept], whole_body_effective_half_life_s=cap_h * SECONDS_PER_HOUR)
    error = abs(fit.time_integral_bq_s_per_ml - truth())
    # Two half-lives from three samples: off by up to a quarter of the integral, but known to be so.
    assert error < 0.3 * truth()
    assert error < 2 * fit.time_integral_standard_uncertainty_bq_s_per_ml
    np.testing.assert_allclose(fit.concentration_bq_per_ml(SAMPLES[kept]), infused(SAMPLES)[kept], rtol=1e-5)


def test_that_one_sample_is_missing_data() -> None:
    with pytest.raises(MissingDataError, match="two are needed"):
        fitted(infused(SAMPLES)[:1], SAMPLES[:1])


def test_that_a_sample_drawn_during_the_infusion_is_left_out_and_said() -> None:
    times = np.concatenate(([-600.0], SAMPLES))
    fit = fitted(np.concatenate(([1.0], infused(SAMPLES))), times)
    assert fit.time_integral_bq_s_per_ml == pytest.approx(truth(), rel=1e-6)
    assert [finding.code for finding in fit.findings] == ["blood-sample-left-out"]
    assert not fit.included[0]


def test_that_the_stated_fit_uncertainty_is_the_spread_of_repeated_sampling() -> None:
    rng = np.random.default_rng(4)
    exact = infused(SAMPLES)
    totals = [
        fitted(
            exact * (1 + 0.02 * rng.standard_normal(5)), relative_standard_uncertainty=0.02
        ).time_integral_bq_s_per_ml
        for _ in range(200)
    ]
    stated = fitted(exact, relative_standard_uncertainty=0.02).fit_standard_uncertainty_bq_s_per_ml
    # 200 draws know a spread to 5 %; three times that.
    assert np.std(totals) == pytest.approx(stated, rel=0.15)
    inside = [
        abs(total - truth()) <= 3 * fitted(exact).time_integral_standard_uncertainty_bq_s_per_ml for total in totals
    ]
    assert np.mean(inside) >= 0.98


def test_that_the_second_nuclides_integral_follows_its_own_decay_and_infusion() -> None:
    change = nuclide(Y90).decay_constant_per_s - nuclide(LU177).decay_constant_per_s
    expected = 0.5 * sum(
        KILOBECQUEREL_PER_ML.to_core(a) / (decay_constant_per_s(half * SECONDS_PER_HOUR) + change)
        for a, half in IMPULSE
    )
    for infusion in (INFUSION, 2 * INFUSION):
        derived = blood.second_nuclide_blood_fit(
            fitted(infused(SAMPLES)),
            to_nuclide=Y90,
            administered_from_bq=3.7e9,
            administered_to_bq=1.85e9,
            infusion_s=infusion,
            identity_relative_standard_uncertainty=0.1,
        )
        assert derived.time_integral_bq_s_per_ml == pytest.approx(expected, rel=1e-6)
    assert derived.derived_from == LU177
    assert derived.model_relative_standard_uncertainty >= 0.1


def test_that_the_fitted_concentration_passes_through_exact_samples() -> None:
    np.testing.assert_allclose(fitted(infused(SAMPLES)).concentration_bq_per_ml(SAMPLES), infused(SAMPLES), rtol=1e-6)


def tail_of_truth(from_s: float, change_per_s: float = 0.0) -> float:
    """Part of the whole integral after a time from the end of the infusion, of another decay constant by a change."""
    parts, later = 0.0, 0.0
    for amplitude, half in IMPULSE:
        rate = decay_constant_per_s(half * SECONDS_PER_HOUR)
        kept = -np.expm1(-rate * INFUSION) / (rate * INFUSION)
        other = rate + change_per_s
        parts += amplitude / other
        later += amplitude * kept * np.exp(-other * from_s) / other
    return later / parts


def test_that_what_lies_beyond_the_last_sample_is_uncertain_by_itself() -> None:
    # Rectangular: from nothing to twice as much, a standard deviation of 1/√3.
    fit = fitted(infused(SAMPLES))
    tail = tail_of_truth(SAMPLES[-1])
    assert fit.tail_fraction == pytest.approx(tail, rel=1e-5)
    assert fit.model_standard_uncertainty_bq_s_per_ml == pytest.approx(truth() * tail / np.sqrt(3), rel=1e-5)


def test_that_the_tail_of_the_second_nuclide_is_uncertain_by_itself() -> None:
    derived = blood.second_nuclide_blood_fit(
        fitted(infused(SAMPLES)),
        to_nuclide=Y90,
        administered_from_bq=3.7e9,
        administered_to_bq=1.85e9,
        infusion_s=0.0,
        identity_relative_standard_uncertainty=0.0,
    )
    change = nuclide(Y90).decay_constant_per_s - nuclide(LU177).decay_constant_per_s
    parts = [(amplitude, decay_constant_per_s(half * SECONDS_PER_HOUR) + change) for amplitude, half in IMPULSE]
    tail = sum(a / rate * np.exp(-rate * SAMPLES[-1]) for a, rate in parts) / sum(a / rate for a, rate in parts)
    relative = derived.model_standard_uncertainty_bq_s_per_ml / derived.time_integral_bq_s_per_ml
    assert relative == pytest.approx(tail / np.sqrt(3), rel=1e-4)


def test_that_the_form_of_a_curve_through_three_samples_is_uncertain_up_to_its_slow_limit() -> None:
    """The slow limit: two phases through the samples, the slow one at the cap; solved here for the fast one."""
    kept = [1, 3, 4]
    times, values, cap = SAMPLES[kept], infused(SAMPLES)[kept], 50 * SECONDS_PER_HOUR
    fit = fitted(values, times, whole_body_effective_half_life_s=cap)
    slow = decay_constant_per_s(cap)
    lifted = values * np.exp(slow * times)

    def off(rate: float) -> float:
        falls = np.exp(-rate * times)
        return float((lifted[0] - lifted[1]) * (falls[1] - falls[2]) - (lifted[1] - lifted[2]) * (falls[0] - falls[1]))

    rate = brentq(off, 1e-6, 1e-3, xtol=1e-16)
    falls = np.exp(-rate * times)
    fast_amplitude = (lifted[0] - lifted[1]) / (falls[0] - falls[1])
    limit = sum(
        amplitude * INFUSION / -np.expm1(-constant * INFUSION)
        for amplitude, constant in ((fast_amplitude, rate + slow), (lifted[2] - fast_amplitude * falls[2], slow))
    )
    form = abs(fit.time_integral_bq_s_per_ml - limit)
    tail = fit.tail_fraction * fit.time_integral_bq_s_per_ml
    assert fit.model_standard_uncertainty_bq_s_per_ml == pytest.approx(np.hypot(form, tail) / np.sqrt(3), rel=1e-3)


def test_that_three_samples_which_one_phase_describes_get_no_second() -> None:
    # 2 to 3 % off a single phase, with nominal uncertainties of 5 %.
    times = SAMPLES[[1, 3, 4]]
    fit = fitted(infused(times, [(62.0, 9.5)]) * np.array([1.03, 0.97, 1.02]), times)
    assert len(fit.terms) == 1


@pytest.mark.parametrize(
    ("kept", "form"),
    [
        ([0, 1, 3, 4], "a bi-exponential without degree of freedom was fitted"),
        ([1, 3, 4], "a mono-exponential does not describe them, so a bi-exponential between its limits was fitted"),
        ([3, 4], "2 blood samples instead of 5: a mono-exponential was fitted"),
    ],
)
def test_that_the_form_fitted_to_few_samples_is_named(kept: list[int], form: str) -> None:
    (text,) = [f.text for f in fitted(infused(SAMPLES)[kept], SAMPLES[kept]).findings if f.code == "few-blood-samples"]
    assert form in text
