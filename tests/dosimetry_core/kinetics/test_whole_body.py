from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.kinetics.whole_body import fit_whole_body, remainder
from dosimetry_core.nuclide import LU177, nuclide
from dosimetry_core.units import SECONDS_PER_HOUR

FOUR = np.array([4.0, 24.0, 48.0, 192.0]) * SECONDS_PER_HOUR
ADMINISTERED = 7.4e9
PHASES = [(0.55, 3.0), (0.45, 60.0)]
TRUTH = ADMINISTERED * sum(share * half for share, half in PHASES) * SECONDS_PER_HOUR / np.log(2)


def kept(times_s: np.ndarray) -> np.ndarray:
    return ADMINISTERED * sum(share * np.exp2(-times_s / SECONDS_PER_HOUR / half) for share, half in PHASES)


def fit_of(times_s: np.ndarray, values: np.ndarray) -> FitResult:
    curve = TimeActivityCurve(times_s, values, LU177, 0.02 * values)
    return fit_whole_body(curve, administered_activity_bq=ADMINISTERED, method="field-of-view", place="cycle 1")


def test_that_exact_sums_give_the_whole_bodys_integral() -> None:
    fit = fit_of(FOUR, kept(FOUR))
    assert fit.time_integrated_activity_bq_s == pytest.approx(TRUTH, rel=1e-4)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_that_the_curve_starts_at_the_administered_activity(number: int) -> None:
    fit = fit_of(FOUR[:number], kept(FOUR[:number]))
    assert float(fit.activity_bq(np.array(0.0))) == pytest.approx(ADMINISTERED, rel=1e-9)
    codes = [finding.code for finding in fit.findings]
    assert ("few-whole-body-points" in codes) == (number < 3)
    assert "whole-body-field-of-view" in codes


def test_that_nothing_is_kept_longer_than_it_decays() -> None:
    physics = nuclide(LU177)
    only_decay = ADMINISTERED * np.exp(-physics.decay_constant_per_s * FOUR)
    fit = fit_of(FOUR, only_decay)
    assert fit.time_integrated_activity_bq_s == pytest.approx(ADMINISTERED / physics.decay_constant_per_s, rel=1e-3)
    assert fit.effective_half_life_s <= physics.physical_half_life_s * (1 + 1e-9)


def test_that_more_activity_than_was_administered_is_an_error_finding() -> None:
    errors = [finding for finding in fit_of(FOUR, 2.2 * kept(FOUR)).findings if finding.level == "error"]
    assert [finding.code for finding in errors] == ["whole-body-above-administered"]


def test_that_no_measurement_is_missing_data() -> None:
    with pytest.raises(MissingDataError, match="unknown"):
        fit_of(FOUR[:0], FOUR[:0])


def test_that_the_remainder_and_its_parts_make_the_whole() -> None:
    fit = fit_of(FOUR, kept(FOUR))
    organs = {"kidneys": 0.05 * TRUTH, "liver": 0.2 * TRUTH, "spleen": 0.03 * TRUTH}
    rest = remainder(
        fit,
        organs_bq_s=organs,
        organ_standard_uncertainties_bq_s={name: 0.1 * value for name, value in organs.items()},
        red_marrow_bq_s=0.01 * TRUTH,
        lesions_bq_s=0.1 * TRUTH,
    )
    whole = rest.time_integrated_activity_bq_s + sum(organs.values()) + 0.01 * TRUTH
    assert whole == pytest.approx(fit.time_integrated_activity_bq_s, rel=1e-12)
    assert rest.standard_uncertainty_bq_s > 0.02 * TRUTH
    assert [finding.code for finding in rest.findings] == ["lesions-in-remainder"]


def test_that_parts_larger_than_the_whole_are_refused() -> None:
    with pytest.raises(InconsistentCaseError, match="the whole body only"):
        remainder(
            fit_of(FOUR, kept(FOUR)),
            organs_bq_s={"liver": 1.1 * TRUTH},
            organ_standard_uncertainties_bq_s={"liver": 0.0},
            red_marrow_bq_s=0.0,
        )


def test_that_four_noisy_sums_state_an_honest_uncertainty() -> None:
    rng = np.random.default_rng(8)
    inside = []
    for _ in range(100):
        fit = fit_of(FOUR, kept(FOUR) * (1 + 0.02 * rng.standard_normal(4)))
        error = abs(fit.time_integrated_activity_bq_s - TRUTH)
        inside.append(error <= 3 * fit.time_integrated_activity_standard_uncertainty_bq_s)
    assert np.mean(inside) >= 0.98


def test_that_two_sums_state_the_uncertainty_of_one_rate_with_their_scatter() -> None:
    """Closed form: λ = −Σ t ln(A/A₀)/Σ t², its variance by the sandwich of weights 1/A² and σ² χ²/(n−1)."""
    times = FOUR[[1, 3]]
    values = ADMINISTERED * np.exp2(-times / SECONDS_PER_HOUR / 40.0) * np.array([0.965, 1.0])
    rate = -(times @ np.log(values / ADMINISTERED)) / (times @ times)
    fitted = ADMINISTERED * np.exp(-rate * times)
    sigma = 0.02 * values
    chi_squared = float((((values - fitted) / sigma) ** 2).sum())
    # Scatter beyond what is believed, within what chance allows (6.63 for one degree of freedom, 1 %).
    assert 2 < chi_squared < 6.6
    slope = times * fitted
    spread = np.sqrt(chi_squared * ((slope / values**2) ** 2 @ sigma**2)) / ((slope / values) @ (slope / values))
    fit = fit_of(times, values)
    assert fit.degrees_of_freedom == 1
    assert fit.time_integrated_activity_bq_s == pytest.approx(ADMINISTERED / rate, rel=1e-12)
    assert fit.fit_standard_uncertainty_bq_s == pytest.approx(ADMINISTERED / rate**2 * spread, rel=1e-9)
