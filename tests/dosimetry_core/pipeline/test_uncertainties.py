"""Uncertainty of activities and doses of one VOI, and of the nuclide that is derived from the imaged one."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from dosimetry_core.case import Administration, Calibration, Cycle
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.pipeline.curves import VoiCurves
from dosimetry_core.pipeline.uncertainties import (
    absorbed_dose_budget,
    activity_standard_uncertainties_bq,
    relative_uncertainty,
)
from dosimetry_core.quantification import VoiMeasurement
from dosimetry_core.uncertainty_budget import combined_budget
from dosimetry_core.units import SECONDS_PER_HOUR

LU, Y = "Lu-177", "Y-90"
TIMES_S = np.array([4.0, 24.0, 48.0, 192.0]) * SECONDS_PER_HOUR
GIVEN_BQ = {LU: 3.7e9, Y: 1.85e9}


def cycle() -> Cycle:
    start = datetime(2025, 3, 3, 10, 30, tzinfo=ZoneInfo("Europe/Warsaw"))
    return Cycle(1, tuple(Administration(n, a, start, 1800.0) for n, a in GIVEN_BQ.items()), Calibration())


def measured(**changes: Any) -> VoiMeasurement:
    activity = 60e6 * np.exp(-np.log(2) * TIMES_S / (51 * SECONDS_PER_HOUR))
    given: dict[str, Any] = {
        "voi": None,
        "exclusive_mask": None,
        "volume_ml": 150.0,
        "volume_with_enclosed_ml": 150.0,
        "enclosed": (),
        "nuclide": LU,
        "activity_bq": activity,
        "random_standard_uncertainty_bq": activity * np.array([0.01, 0.02, 0.03, 0.05]),
        "calibration_relative_standard_uncertainty": 0.03,
        "recovery_relative_standard_uncertainty": 0.02,
        "volume_relative_standard_uncertainty": 0.08,
        "activity_volume_sensitivity": 0.46,
    }
    return VoiMeasurement(**(given | changes))


def curves_of(voi: VoiMeasurement, *, model: str = "mono-exponential", weights: str = "proportional") -> VoiCurves:
    curve = TimeActivityCurve(TIMES_S, voi.activity_bq, LU, voi.random_standard_uncertainty_bq)
    own = fit_curve(curve, model=model, weights=weights)
    other = second_nuclide_fit(own, to_nuclide=Y, administered_from_bq=GIVEN_BQ[LU], administered_to_bq=GIVEN_BQ[Y])
    return VoiCurves(FrozenMap({LU: own.curve, Y: other.curve}), FrozenMap({LU: own, Y: other}))


def test_that_a_derived_activity_carries_the_measured_uncertainty_and_that_of_the_assumption() -> None:
    voi = measured()
    curves = curves_of(voi)
    found = activity_standard_uncertainties_bq(cycle(), voi, curves)
    own, derived = found[LU], found[Y]
    assert own is not None
    assert derived is not None
    relative = np.array(own) / voi.activity_bq
    assert np.array(derived) / curves.curves[Y].activity_bq == pytest.approx(np.hypot(relative, 0.10), rel=1e-9)


def test_that_a_point_without_activity_keeps_its_noise_in_the_derived_curve() -> None:
    voi = measured()
    activity = np.array([*voi.activity_bq[:3], 0.0])
    empty = measured(activity_bq=activity)
    derived = activity_standard_uncertainties_bq(cycle(), empty, curves_of(voi))[Y]
    assert derived is not None
    assert derived[3] > 0


def test_that_unknown_uncertainties_stay_unknown() -> None:
    voi = measured(random_standard_uncertainty_bq=None)
    assert activity_standard_uncertainties_bq(cycle(), voi, curves_of(voi)) == {LU: None, Y: None}


@pytest.mark.parametrize("model", ["mono-exponential", "bi-exponential-uptake", "log-trapezoid"])
@pytest.mark.parametrize("name", [LU, Y])
def test_that_the_sources_of_the_budget_make_up_the_stated_uncertainty(model: str, name: str) -> None:
    voi = measured(registration_standard_uncertainty_bq=0.3 * measured().random_standard_uncertainty_bq)
    curves = curves_of(voi, model=model)
    budget = absorbed_dose_budget(voi, curves, name, weights="proportional")
    stated = relative_uncertainty(voi, curves, name)
    assert budget.relative_standard_uncertainty == pytest.approx(stated.total, rel=1e-9)
    assert math.hypot(*(item.random for item in budget.items.values())) == pytest.approx(stated.random, rel=1e-9)
    assert sum(budget.variance_shares.values()) == pytest.approx(1.0)
    # The registration has 0.3 of each point's uncertainty: 9 % of what the points explain.
    points = budget.items["counts"].variance + budget.items["registration"].variance
    assert budget.items["registration"].variance == pytest.approx(0.09 * points, rel=1e-6)
    assert ("identity" in budget.items) == (name == Y)


@pytest.mark.parametrize("weights", ["proportional", "poisson", "uniform"])
def test_that_image_noise_explains_all_of_an_undisturbed_fit(weights: str) -> None:
    """Without scatter the fit's random uncertainty is that of the points, so the shared-out variance is exact."""
    voi = measured()
    budget = absorbed_dose_budget(voi, curves_of(voi, weights=weights), LU, weights=weights)  # type: ignore[arg-type]
    assert budget.items["fit"].random == pytest.approx(0.0, abs=1e-5)
    assert budget.largest == "volume"
    assert "volume" in budget.text


def test_that_sampling_the_whole_chain_gives_the_analytic_budget() -> None:
    """Draws of outline, resolution, calibration, noise, S value and identity through fit and dose, 177Lu and 90Y."""
    rng = np.random.default_rng(4)
    voi = measured()
    curves = curves_of(voi)
    sensitivity = voi.activity_volume_sensitivity
    draws: dict[str, list[float]] = {LU: [], Y: []}
    for _ in range(1500):
        volume = np.exp(0.08 * rng.normal())
        common = np.exp(0.03 * rng.normal() + 0.02 * rng.normal()) * volume**sensitivity
        assert voi.random_standard_uncertainty_bq is not None
        noisy = voi.activity_bq * common + common * voi.random_standard_uncertainty_bq * rng.normal(size=4)
        fitted = curves_of(measured(activity_bq=noisy))
        s_value, same = np.exp(0.02 * rng.normal()), 1 + 0.10 * rng.normal()
        for name in draws:
            integral = fitted.fits[name].time_integrated_activity_bq_s * (same if name == Y else 1.0)
            draws[name].append(float(integral * s_value * volume**-0.99))
    budgets = {name: absorbed_dose_budget(voi, curves, name, weights="proportional") for name in draws}
    for name, values in draws.items():
        model = budgets[name].items["fit"].common
        expected = math.sqrt(budgets[name].relative_standard_uncertainty ** 2 - model**2)
        # 1500 draws: 1.8 % standard deviation of the spread, three times that, and the linearisation.
        assert np.std(values) / np.mean(values) == pytest.approx(expected, rel=0.065)
    doses = {name: float(np.mean(values)) for name, values in draws.items()}
    doses[Y] *= 5.0 * doses[LU] / doses[Y]
    together = np.array(draws[LU]) / np.mean(draws[LU]) * doses[LU] + np.array(draws[Y]) / np.mean(draws[Y]) * doses[Y]
    total = combined_budget([(doses[name], budgets[name]) for name in draws])
    model = total.items["fit"].common
    expected = math.sqrt(total.relative_standard_uncertainty**2 - model**2)
    assert np.std(together) / np.mean(together) == pytest.approx(expected, rel=0.065)
    linear = sum(doses[n] * budgets[n].relative_standard_uncertainty for n in doses) / sum(doses.values())
    assert total.relative_standard_uncertainty <= linear
