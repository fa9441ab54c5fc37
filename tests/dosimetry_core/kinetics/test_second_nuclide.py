from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import Model, fit_curve
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.kinetics.second_nuclide import (
    absorbed_dose_ratio_per_administered_activity,
    second_effective_half_life_s,
    second_nuclide_fit,
)
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.units import BQ_PER_MBQ, SECONDS_PER_HOUR

FOUR = np.array([4.0, 24.0, 48.0, 192.0]) * SECONDS_PER_HOUR
CHANGE = nuclide(Y90).decay_constant_per_s - nuclide(LU177).decay_constant_per_s
MODELS: list[Model] = ["mono-exponential", "bi-exponential", "bi-exponential-uptake", "log-trapezoid"]


def lu_fit(model: Model) -> FitResult:
    hours = FOUR / SECONDS_PER_HOUR
    fast = -np.exp2(-hours / 2.5) if model == "bi-exponential-uptake" else 0.6 * np.exp2(-hours / 9)
    values = 50 * BQ_PER_MBQ * (np.exp2(-hours / 51) + (0 if model == "mono-exponential" else fast))
    return fit_curve(TimeActivityCurve(FOUR, values, LU177, 0.02 * values), model=model)


def y_fit(lu: FitResult, **options: float) -> FitResult:
    return second_nuclide_fit(lu, to_nuclide=Y90, administered_from_bq=3.7e9, administered_to_bq=1.85e9, **options)


@pytest.mark.parametrize("model", MODELS[:3])
def test_that_the_second_curve_is_the_first_redecayed(model: Model) -> None:
    lu = lu_fit(model)
    y = y_fit(lu)
    t = np.linspace(0.0, 300 * SECONDS_PER_HOUR, 50)
    expected = 0.5 * lu.activity_bq(t) * np.exp(-CHANGE * t)
    np.testing.assert_allclose(y.activity_bq(t), expected, rtol=1e-10, atol=1e-3)
    numeric = quad(lambda s: float(y.activity_bq(np.array(s))), 0, 3000 * SECONDS_PER_HOUR, limit=500, epsrel=1e-9)[0]
    assert y.time_integrated_activity_bq_s == pytest.approx(numeric, rel=1e-6)


def test_that_a_trapezoid_is_rebuilt_on_the_redecayed_points() -> None:
    lu = lu_fit("log-trapezoid")
    y = y_fit(lu)
    np.testing.assert_allclose(y.activity_bq(FOUR), 0.5 * lu.curve.activity_bq * np.exp(-CHANGE * FOUR), rtol=1e-10)
    assert y.effective_half_life_s <= nuclide(Y90).physical_half_life_s
    assert y.model == "log-trapezoid"
    assert y.fit_standard_uncertainty_bq_s > 0


@pytest.mark.parametrize("model", MODELS)
def test_that_provenance_and_identity_uncertainty_travel_with_the_curve(model: Model) -> None:
    lu = lu_fit(model)
    y = y_fit(lu)
    assert (y.derived_from, y.curve.nuclide, y.model, y.information_criterion) == (LU177, Y90, lu.model, None)
    relative = y.time_integrated_activity_standard_uncertainty_bq_s / y.time_integrated_activity_bq_s
    assert 0.10 <= relative < 0.13
    without = y_fit(lu, identity_relative_standard_uncertainty=0.0)
    assert without.model_relative_standard_uncertainty < y.model_relative_standard_uncertainty


def test_that_the_integral_is_linear_in_the_administered_activities() -> None:
    lu = lu_fit("mono-exponential")
    doubled = second_nuclide_fit(lu, to_nuclide=Y90, administered_from_bq=3.7e9, administered_to_bq=3.7e9)
    assert doubled.time_integrated_activity_bq_s == pytest.approx(2 * y_fit(lu).time_integrated_activity_bq_s)


def test_that_the_longest_lutetium_half_life_gives_the_physical_yttrium_one() -> None:
    physical = {name: nuclide(name).physical_half_life_s for name in (LU177, Y90)}
    found = second_effective_half_life_s(
        physical[LU177], from_physical_half_life_s=physical[LU177], to_physical_half_life_s=physical[Y90]
    )
    assert found == pytest.approx(physical[Y90], rel=1e-12)
    with pytest.raises(ValueError, match="longer than the physical"):
        second_effective_half_life_s(
            1.001 * physical[LU177], from_physical_half_life_s=physical[LU177], to_physical_half_life_s=physical[Y90]
        )


def test_that_separate_injections_shift_time_but_not_the_integral() -> None:
    lu = lu_fit("mono-exponential")
    together, later = y_fit(lu), y_fit(lu, time_shift_s=24 * SECONDS_PER_HOUR)
    assert later.time_integrated_activity_bq_s == together.time_integrated_activity_bq_s
    assert [finding.code for finding in later.findings] == ["separate-injections"]
    assert not together.findings


def test_that_the_wrong_source_or_activity_is_a_broken_contract() -> None:
    with pytest.raises(ValueError, match="not of Y-90"):
        second_nuclide_fit(
            lu_fit("mono-exponential"),
            from_nuclide=Y90,
            to_nuclide=Y90,
            administered_from_bq=1.0,
            administered_to_bq=1.0,
        )
    with pytest.raises(ValueError, match="positive"):
        second_nuclide_fit(lu_fit("mono-exponential"), to_nuclide=Y90, administered_from_bq=0.0, administered_to_bq=1.0)


def test_that_the_ratio_of_doses_is_that_of_half_lives_and_energies_where_all_is_absorbed() -> None:
    lutetium, yttrium = nuclide(LU177).physical_half_life_s, nuclide(Y90).physical_half_life_s
    options = {"from_physical_half_life_s": lutetium, "to_physical_half_life_s": yttrium}
    biological = 1 / (1 / (51 * SECONDS_PER_HOUR) - 1 / lutetium)
    second = 1 / (1 / biological + 1 / yttrium)
    ratio = absorbed_dose_ratio_per_administered_activity(
        51 * SECONDS_PER_HOUR, from_absorbed_energy_j=2.4e-14, to_absorbed_energy_j=1.5e-13, **options
    )
    assert ratio == pytest.approx(second / (51 * SECONDS_PER_HOUR) * 1.5e-13 / 2.4e-14, rel=1e-12)
