"""Uncertainty of activities and doses of one VOI, and of the nuclide that is derived from the imaged one."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from dosimetry_core.case import Administration, Calibration, Cycle, FitWeights
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.pipeline.curves import VoiCurves
from dosimetry_core.pipeline.uncertainties import VoiErrors, absorbed_dose_effects, activity_standard_uncertainties_bq
from dosimetry_core.planning.next_cycle import DeliveredCycle, DeliveredOrganDose, predict
from dosimetry_core.planning.protocol import read_protocol
from dosimetry_core.quantification import VoiMeasurement
from dosimetry_core.results import DoseValue, total_dose
from dosimetry_core.uncertainty import Effects, dose_relative_uncertainty, dose_volume_sensitivity, scaled_effects
from dosimetry_core.uncertainty_budget import UncertaintyBudget, budget_of_effects
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


def effects_of(voi: VoiMeasurement, curves: VoiCurves, *, weights: FitWeights = "proportional", number: int = 1) -> Any:
    return absorbed_dose_effects(VoiErrors(number, voi, curves, weights))


def budget(effects: Effects) -> UncertaintyBudget:
    return budget_of_effects(effects, 1.0)


@pytest.mark.parametrize("model", ["mono-exponential", "bi-exponential-uptake", "log-trapezoid", "model-average"])
@pytest.mark.parametrize("name", [LU, Y])
def test_that_the_sources_of_the_budget_make_up_the_uncertainty_of_the_formula(model: str, name: str) -> None:
    """u² of methods 7.6, from the numbers that the fit states of itself."""
    voi = measured(registration_standard_uncertainty_bq=0.3 * measured().random_standard_uncertainty_bq)
    curves = curves_of(voi, model=model)
    found, fit = budget(effects_of(voi, curves)[name]), curves.fits[name]
    stated = dose_relative_uncertainty(
        time_integrated_activity_random=fit.fit_relative_standard_uncertainty,
        calibration=0.03,
        recovery=0.02,
        volume_sensitivity=dose_volume_sensitivity(counts_sensitivity=0.46, recovery_sensitivity=0.0),
        volume=0.08,
        time_integrated_activity_common=fit.model_relative_standard_uncertainty,
        s_value=0.02,
    )
    assert found.relative_standard_uncertainty == pytest.approx(stated.total, rel=1e-6)
    assert math.hypot(*(item.random for item in found.items.values())) == pytest.approx(stated.random, rel=1e-6)
    assert sum(found.variance_shares.values()) == pytest.approx(1.0)
    # The registration has 0.3 of each point's uncertainty: 9 % of what the points explain.
    points = found.items["counts"].variance + found.items["registration"].variance
    assert found.items["registration"].variance == pytest.approx(0.09 * points, rel=1e-6)
    assert ("identity" in found.items) == (name == Y)


@pytest.mark.parametrize("weights", ["proportional", "poisson", "uniform"])
def test_that_image_noise_explains_all_of_an_undisturbed_fit(weights: FitWeights) -> None:
    """Without scatter the fit's random uncertainty is that of the points, so the shared-out variance is exact."""
    voi = measured()
    for effects in effects_of(voi, curves_of(voi, weights=weights), weights=weights).values():
        scatter = [value for source, value in effects.items() if source.kind == "fit" and source.cycle is not None]
        assert scatter == pytest.approx([0.0] * len(scatter), abs=1e-5)
    lutetium = budget(effects_of(voi, curves_of(voi, weights=weights), weights=weights)[LU])
    assert lutetium.largest == "volume"
    assert "volume" in lutetium.text


def test_that_s_values_of_two_nuclides_share_half_of_their_variance() -> None:
    voi = measured()
    both = effects_of(voi, curves_of(voi))
    own = [{s: e for s, e in both[name].items() if s.kind == "s_value"} for name in (LU, Y)]
    assert [math.hypot(*effects.values()) for effects in own] == pytest.approx([0.02, 0.02])
    assert sum(e * own[1].get(s, 0.0) for s, e in own[0].items()) == pytest.approx(0.5 * 0.02**2)


def test_that_noise_of_one_scan_weighs_differently_in_the_two_nuclides() -> None:
    """The last scan carries more of 177Lu than of 90Y, the first one the other way round."""
    voi = measured()
    both = effects_of(voi, curves_of(voi, model="log-trapezoid"))

    def of(name: str, scan: int) -> float:
        return abs(next(e for s, e in both[name].items() if s.kind == "counts" and s.name.endswith(f"scan {scan}")))

    assert of(LU, 4) > 1.5 * of(Y, 4)
    assert of(Y, 1) > 1.2 * of(LU, 1)


def _draws(number: int, *, noisy_only: bool) -> tuple[dict[str, NDArray[np.float64]], list[dict[str, DoseValue]]]:
    """Relative absorbed doses of two cycles by sampling outline, resolution, calibration, noise, S values and identity
    through fit and dose; and the doses with their effects, choice of model and unseen phases left out."""
    rng = np.random.default_rng(4)
    noise = np.array([0.02, 0.03, 0.04, 0.12])
    usual = measured()
    voi = replace(usual, random_standard_uncertainty_bq=usual.activity_bq * noise)
    sensitivity = voi.activity_volume_sensitivity
    size = 0.0 if noisy_only else 1.0
    draws: dict[str, list[float]] = {f"{name} {cycle}": [] for name in (LU, Y) for cycle in (1, 2)}
    for _ in range(number):
        volume = np.exp(size * 0.08 * rng.normal())
        common = np.exp(size * (0.03 * rng.normal() + 0.02 * rng.normal())) * volume**sensitivity
        shared, *own = size * 0.02 * math.sqrt(0.5) * rng.normal(size=3)
        s_value = dict(zip((LU, Y), np.exp(shared + np.array(own)), strict=True))
        same = {LU: 1.0, Y: 1 + size * 0.10 * rng.normal()}
        for cycle in (1, 2):
            points = voi.activity_bq * common * (1 + noise * rng.normal(size=4))
            spread = replace(voi, activity_bq=points, random_standard_uncertainty_bq=points * noise)
            for name, fit in curves_of(spread).fits.items():
                dose = fit.time_integrated_activity_bq_s * s_value[name] * same[name] * volume**-0.99
                draws[f"{name} {cycle}"].append(float(dose))
    curves = curves_of(voi)
    unit = {name: 1.0 / fit.time_integrated_activity_bq_s for name, fit in curves.fits.items()}
    gy = {LU: 2.0, Y: 5.0}
    cycles = []
    for cycle in (1, 2):
        doses = {}
        for name, effects in effects_of(voi, curves, number=cycle).items():
            kept = {
                source: effect * gy[name]
                for source, effect in effects.items()
                if (source.cycle is not None) or (source.kind != "fit" and not noisy_only)
            }
            doses[name] = DoseValue(gy[name], FrozenMap(kept))
        cycles.append(doses)
    scaled = {key: gy[key[:-2]] * unit[key[:-2]] * np.array(values) for key, values in draws.items()}
    return scaled, cycles


def _compared(draws: dict[str, NDArray[np.float64]], cycles: list[dict[str, DoseValue]]) -> dict[str, float]:
    """Standard deviation of the draws over the stated standard uncertainty."""
    both = {cycle: draws[f"{LU} {cycle}"] + draws[f"{Y} {cycle}"] for cycle in (1, 2)}
    totals = [total_dose(doses.values()) for doses in cycles]
    pairs = {
        "177Lu": (draws[f"{LU} 1"], cycles[0][LU]),
        "90Y": (draws[f"{Y} 1"], cycles[0][Y]),
        "cycle": (both[1], totals[0]),
        "course": (both[1] + both[2], total_dose(totals)),
    }
    return {what: float(np.std(drawn) / stated.standard_uncertainty_gy) for what, (drawn, stated) in pairs.items()}


@pytest.mark.parametrize("noisy_only", [False, True])
def test_that_sampling_the_whole_chain_gives_the_analytic_uncertainty(noisy_only: bool) -> None:
    """Of each nuclide, of their sum, and of the course."""
    # 1000 draws: 2.2 % standard deviation of the spread, three times that.
    draws, cycles = _draws(1000, noisy_only=noisy_only)
    for what, ratio in _compared(draws, cycles).items():
        assert ratio == pytest.approx(1.0, abs=0.07), what


@pytest.mark.long
def test_that_sampling_finely_gives_the_analytic_uncertainty() -> None:
    found = {}
    for noisy_only in (False, True):
        draws, cycles = _draws(12_000, noisy_only=noisy_only)
        found[noisy_only] = _compared(draws, cycles)
    worst = max(abs(ratio - 1) for ratios in found.values() for ratio in ratios.values())
    ratios = {f"{what}{', noise alone' if only else ''}": r for only, rs in found.items() for what, r in rs.items()}
    print(json.dumps({"id": "uncertainty-sampling", "n": 12_000, "seed": 4, "worst": worst, "ratios": ratios}))
    # 0.65 % by the number of draws; the rest is the linearisation.
    assert worst < 0.03


def test_that_the_nuclides_are_neither_independent_nor_alike() -> None:
    """By scatter alone: the sum lies between addition in quadrature and linear addition."""
    _, cycles = _draws(1, noisy_only=True)
    stated = total_dose(cycles[0].values()).standard_uncertainty_gy
    parts = [value.standard_uncertainty_gy or 0.0 for value in cycles[0].values()]
    assert stated is not None
    assert math.hypot(*parts) < stated < 0.99 * math.fsum(parts)


def test_that_the_plan_carries_both_nuclides_as_the_course_does() -> None:
    """A cycle like those delivered, planned: the same sources act on past and future, noise of each cycle by itself."""
    _, cycles = _draws(1, noisy_only=False)
    given = {LU: 3.7e9, Y: 1.85e9}
    delivered = [
        DeliveredCycle(
            number,
            FrozenMap(given),
            FrozenMap(
                {
                    "kidneys": DeliveredOrganDose(
                        FrozenMap({name: dose.absorbed_dose_gy for name, dose in doses.items()}),
                        FrozenMap({name: dose.absorbed_dose_gy / given[name] for name, dose in doses.items()}),
                        relative_effects=FrozenMap(
                            {
                                name: scaled_effects(dose.effects_gy or Effects(), 1 / dose.absorbed_dose_gy)
                                for name, dose in doses.items()
                            }
                        ),
                    )
                }
            ),
        )
        for number, doses in enumerate(cycles, 1)
    ]
    next_bq = {LU: 3.7e9, Y: 0.9e9}
    outcome = predict(read_protocol("duonen-b"), delivered, next_bq).predicted["kidneys"]
    # Two more cycles by the latest one: its 177Lu counts three times, its 90Y once, and twice by the share of activity.
    latest = [dose.scaled(1 + 2 * next_bq[name] / given[name]) for name, dose in cycles[1].items()]
    expected = total_dose([*cycles[0].values(), *latest])
    assert outcome.course_gy == pytest.approx(expected.absorbed_dose_gy)
    assert outcome.course_standard_uncertainty_gy == pytest.approx(expected.standard_uncertainty_gy)
