from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dosimetry_core.data_tables import table_json
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import Model, fit_curve
from dosimetry_core.kinetics.prior import HalfLifePrior, population_prior, previous_cycle_prior
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.kinetics.single_scan import fit_single_scan
from dosimetry_core.kinetics.weighting import Tail, Weights
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.results_json import fit_json
from dosimetry_core.second_opinion.fits import CannotRecompute, FitData, own_integral
from dosimetry_core.second_opinion.reference_data import population_half_life_s
from dosimetry_core.units import SECONDS_PER_HOUR

LU, Y = nuclide(LU177).decay_constant_per_s, nuclide(Y90).decay_constant_per_s
FOUR = np.array([4.0, 24.0, 48.0, 192.0]) * SECONDS_PER_HOUR
SEVEN = np.array([1.0, 4.0, 8.0, 24.0, 48.0, 120.0, 192.0]) * SECONDS_PER_HOUR


def noisy(seed: int, times_s: np.ndarray, relative: float = 0.05) -> TimeActivityCurve:
    rng = np.random.default_rng(seed)
    values = 1e8 * np.exp2(-times_s / (rng.uniform(40, 110) * SECONDS_PER_HOUR))
    kind = seed % 3
    if kind == 1:
        values = values + 6e7 * np.exp2(-times_s / (rng.uniform(4, 14) * SECONDS_PER_HOUR))
    if kind == 2:
        values = values - 9e7 * np.exp2(-times_s / (rng.uniform(0.5, 3) * SECONDS_PER_HOUR))
    spread = relative * rng.uniform(0.5, 1.5, times_s.size)
    return TimeActivityCurve(times_s, values * (1 + spread * rng.standard_normal(times_s.size)), LU177, spread * values)


def data_of(fit: FitResult, weights: str, *, region: str = "kidneys", earlier_s: float | None = None) -> FitData:
    curve = fit.curve
    spread = curve.fitted_uncertainty_bq
    return FitData(
        tuple(curve.fitted_times_s.tolist()),
        tuple(curve.fitted_activity_bq.tolist()),
        None if spread is None else tuple(spread.tolist()),
        weights,
        LU,
        region,
        earlier_s,
    )


def disagreement(fit: FitResult, record: dict[str, Any], data: FitData) -> float:
    """Largest relative difference of both nuclides' time-integrated activities."""
    integral, _ = own_integral(data, record)
    second = second_nuclide_fit(fit, to_nuclide=Y90, administered_from_bq=2.0, administered_to_bq=1.0)
    own = integral(1.0, 0.0, LU) / fit.time_integrated_activity_bq_s
    derived = integral(0.5, Y - LU, Y) / second.time_integrated_activity_bq_s
    return max(abs(own - 1), abs(derived - 1))


@pytest.mark.parametrize("weights", ["proportional", "poisson", "uniform", "given"])
@pytest.mark.parametrize("tail", ["fitted", "physical"])
@pytest.mark.parametrize(
    ("model", "times"),
    [
        ("mono-exponential", FOUR),
        ("bi-exponential-uptake", FOUR),
        ("bi-exponential", SEVEN),
        ("tri-exponential-uptake", SEVEN),
        ("log-trapezoid", FOUR),
        ("automatic", SEVEN),
        ("model-average", SEVEN),
        ("model-average", FOUR),
    ],
)
def test_that_every_model_weight_and_tail_is_computed_again(
    model: Model, times: np.ndarray, tail: Tail, weights: Weights
) -> None:
    for seed in range(3):
        fit = fit_curve(noisy(seed, times), model=model, weights=weights, tail=tail)
        assert disagreement(fit, fit_json(fit), data_of(fit, weights)) < 0.005, seed


@pytest.mark.parametrize("weights", ["proportional", "poisson", "given"])
@pytest.mark.parametrize("model", ["mono-exponential", "bi-exponential-uptake"])
def test_that_a_prior_is_weighed_the_same_way(model: Model, weights: Weights) -> None:
    for seed in range(4):
        fit = fit_curve(noisy(seed, FOUR), model=model, weights=weights, prior=population_prior("kidneys", LU177))
        assert disagreement(fit, fit_json(fit), data_of(fit, weights)) < 0.005, seed


def test_that_a_prior_of_an_earlier_cycle_rests_on_the_own_curve_of_that_cycle() -> None:
    before = fit_curve(noisy(0, FOUR))
    prior = previous_cycle_prior(before, 1)
    _, half_life_s = own_integral(data_of(before, "proportional"), fit_json(before))
    for curve in (noisy(3, FOUR), noisy(6, FOUR).excluding(2, 3, 4)):
        fit = fit_curve(curve, prior=prior)
        assert disagreement(fit, fit_json(fit), data_of(fit, "proportional", earlier_s=half_life_s)) < 0.005
        with pytest.raises(CannotRecompute, match="earlier cycle"):
            own_integral(data_of(fit, "proportional"), fit_json(fit))


@pytest.mark.parametrize("method", ["two-t-over-ln2", "population", "previous-cycle"])
def test_that_a_single_scan_is_computed_again(method: Any) -> None:
    believed = population_prior("lesion", LU177)
    if method == "previous-cycle":
        believed = HalfLifePrior("previous-cycle", 61 * SECONDS_PER_HOUR, 0.1, "cycle 1")
    fit = fit_single_scan(noisy(0, FOUR), method, believed)
    data = data_of(fit, "proportional", region="lesion", earlier_s=61 * SECONDS_PER_HOUR)
    assert disagreement(fit, fit_json(fit), data) < 1e-6


def test_that_what_it_does_not_know_is_said() -> None:
    fit = fit_curve(noisy(0, FOUR))
    record = fit_json(fit)
    with pytest.raises(CannotRecompute, match="quadratic"):
        own_integral(data_of(fit, "proportional"), record | {"model": "quadratic"})
    with pytest.raises(CannotRecompute, match="uncertainties"):
        own_integral(FitData((1.0, 2.0), (2.0, 1.0), None, "given", LU, "kidneys", None), record)


def test_that_a_wrong_integral_of_every_kind_is_seen() -> None:
    # A fit of other points than the record's is off by far more than the tolerance.
    fit = fit_curve(noisy(0, SEVEN), model="model-average")
    other = data_of(fit_curve(noisy(3, SEVEN)), "proportional")
    assert disagreement(fit, fit_json(fit), other) > 0.005


def test_that_the_copy_of_the_population_half_lives_is_that_of_the_table() -> None:
    assert "kidney_Teff_177Lu" in table_json("physics", "parameters.json")["kinetics"]
    for region in ("kidneys", "liver", "spleen", "lesion"):
        for name, constant in ((LU177, LU), (Y90, Y)):
            prior = population_prior(region, name)
            own = population_half_life_s(region, constant)
            assert own == pytest.approx((prior.effective_half_life_s, prior.ln_standard_deviation), rel=1e-6)
    assert population_half_life_s("other", LU) is None
