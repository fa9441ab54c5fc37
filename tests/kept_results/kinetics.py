"""Curves of uneven points, weights and noise through every model, weight, tail and prior; blood, whole body, voxels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from dosimetry_core.errors import DosimetryError
from dosimetry_core.kinetics.blood import fit_blood_curve, second_nuclide_blood_fit
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import Model, fit_curve
from dosimetry_core.kinetics.joint_uncertainty import model_covariances, scatter_covariance
from dosimetry_core.kinetics.leave_one_out import leave_one_out
from dosimetry_core.kinetics.model_comparison import compare_models
from dosimetry_core.kinetics.monte_carlo import sampled_time_integrated_activity_bq_s
from dosimetry_core.kinetics.prior import population_prior, previous_cycle_prior
from dosimetry_core.kinetics.residual_pattern import curvature_score
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.kinetics.single_scan import fit_single_scan
from dosimetry_core.kinetics.voxel_curves import VoxelVoi, voxel_time_integrated_activity
from dosimetry_core.kinetics.weighting import Weights
from dosimetry_core.kinetics.whole_body import WholeBodyMethod, fit_whole_body, remainder
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.units import HOUR, MINUTE, SECONDS_PER_HOUR
from tests.kept_results.flatten import Leaf, flattened

_SIX_H = (2.3, 6.1, 25.4, 49.7, 118.3, 189.2)
# MBq: a kidney with two falling phases; one with uptake; a lesion as slow as physical decay; one that rises; scatter
# that no curve follows; a region whose second point is noise below zero.
CURVES_MBQ: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "two phases": (_SIX_H, (151.0, 118.2, 62.9, 41.7, 13.1, 4.61)),
    "uptake": (_SIX_H, (41.3, 79.4, 103.8, 76.2, 31.9, 12.25)),
    "uptake and two phases": ((0.7, 2.9, 7.3, 24.6, 47.1, 97.9, 191.3), (25.2, 62.8, 71.4, 38.9, 25.7, 13.9, 4.37)),
    "slow": (_SIX_H, (8.11, 7.97, 7.52, 6.64, 5.07, 3.71)),
    "rising": ((4.2, 23.8, 51.1, 95.7), (3.3, 3.9, 4.6, 4.1)),
    "scatter": (_SIX_H, (93.0, 121.0, 52.0, 63.0, 11.0, 12.5)),
    "four points": ((3.8, 24.3, 48.9, 167.2), (87.4, 60.1, 41.3, 9.72)),
    "three points": ((5.1, 27.7, 121.4), (44.1, 31.3, 8.92)),
    "two points": ((22.6, 143.9), (23.7, 6.41)),
    "early only": ((1.9, 7.2, 23.1, 46.3), (66.2, 61.9, 47.3, 35.8)),
    "below zero": (_SIX_H, (1.42, -0.11, 0.63, 0.49, 0.17, 0.06)),
}
_SPREAD = (0.031, 0.072, 0.044, 0.055, 0.023, 0.081, 0.062)
MODELS: tuple[Model, ...] = get_args(Model)
LATER_S = np.array([0.0, 1.3, 3.9, 17.7, 60.3, 250.1]) * SECONDS_PER_HOUR


def curve(name: str, *, known: bool = False, nuclide: str = LU177) -> TimeActivityCurve:
    """A curve of the table; ``known``: with its unequal uncertainties."""
    hours, values = CURVES_MBQ[name]
    activity = np.array(values) * 1e6
    spread = np.abs(activity) * np.array(_SPREAD[: len(values)]) if known else None
    return TimeActivityCurve(np.array([HOUR.to_core(t) for t in hours]), activity, nuclide, spread)


def tried(make: Any, *arguments: Any, **options: Any) -> Any:
    try:
        return make(*arguments, **options)
    except DosimetryError as error:
        return error
    except ValueError as error:
        return f"ValueError {error}"


def _of_fit(fit: Any, path: str) -> dict[str, Leaf]:
    """A fit with what is asked of it later; its points are left out."""
    if not isinstance(fit, FitResult):
        return flattened(fit, path)
    table = {name: leaf for name, leaf in flattened(fit, path).items() if not name.startswith(f"{path}.curve.")}
    table |= flattened(fit.activity_bq(LATER_S), f"{path}.later")
    table |= flattened(fit.activity_standard_uncertainty_bq(LATER_S), f"{path}.later_u")
    table |= flattened(fit.interval_bq_s(0.9), f"{path}.interval90")
    table |= flattened(fit.interval_bq_s(0.68, if_model_is_right=True), f"{path}.interval68")
    return table


def models() -> dict[str, Leaf]:
    """Every curve by every model, and 90Y from it."""
    table: dict[str, Leaf] = {}
    table |= flattened(curve("four points", known=True).excluding(2), "curve")
    for name in CURVES_MBQ:
        weights: Weights = "uniform" if name == "below zero" else "proportional"
        for model in MODELS:
            fit = tried(fit_curve, curve(name, known=name == "slow"), model=model, weights=weights, place="VOI")
            table |= _of_fit(fit, f"{name}.{model}")
            if isinstance(fit, FitResult) and model in ("mono-exponential", "automatic"):
                table |= flattened(compare_models(fit), f"{name}.{model}.compared")
    return table


def settings() -> dict[str, Leaf]:
    """Weights, tails and priors on three curves."""
    table: dict[str, Leaf] = {}
    for name in ("two phases", "uptake", "four points"):
        for model in MODELS:
            for weights in get_args(Weights):
                fit = tried(fit_curve, curve(name, known=True), model=model, weights=weights)
                table |= _of_fit(fit, f"{name}.{model}.{weights}")
            fit = tried(fit_curve, curve(name), model=model, tail="physical")
            table |= _of_fit(fit, f"{name}.{model}.physical tail")
            if isinstance(fit, FitResult) and model == "mono-exponential":
                table |= flattened(compare_models(fit), f"{name}.physical tail compared")
    return table


def priors() -> dict[str, Leaf]:
    """Priors of the population and of an earlier cycle, for 177Lu and 90Y."""
    table: dict[str, Leaf] = {}
    for region in ("kidneys", "liver", "spleen", "lesion", "other"):
        for nuclide in (LU177, Y90):
            prior = tried(population_prior, region, nuclide)
            table |= flattened(prior, f"{region}.{nuclide}")
            if not isinstance(prior, DosimetryError):
                table[f"{region}.{nuclide}.text"] = prior.text()
    earlier = tried(previous_cycle_prior, fit_curve(curve("four points", known=True)), 1)
    table |= flattened(earlier, "earlier")
    table |= flattened(tried(previous_cycle_prior, fit_curve(curve("slow")), 2), "earlier at a bound")
    for name in ("two phases", "uptake", "three points", "two points"):
        for model in MODELS[:5]:
            for prior in (population_prior("kidneys", LU177), earlier):
                fit = tried(fit_curve, curve(name), model=model, prior=prior, place="VOI")
                table |= _of_fit(fit, f"{name}.{model}.{prior.kind}")
    return table


def _sources() -> Iterator[tuple[str, FitResult]]:
    for name, model, known in (
        ("two phases", "mono-exponential", False),
        ("two phases", "bi-exponential", True),
        ("uptake", "bi-exponential-uptake", True),
        ("uptake and two phases", "tri-exponential-uptake", False),
        ("two phases", "log-trapezoid", True),
        ("two phases", "model-average", True),
        ("slow", "mono-exponential", True),
        ("early only", "mono-exponential", False),
    ):
        yield f"{name}.{model}", fit_curve(curve(name, known=known), model=model)  # type: ignore[arg-type]
    half_life = population_prior("kidneys", LU177)
    yield "prior", fit_curve(curve("three points"), prior=half_life)
    for method in ("two-t-over-ln2", "population"):
        yield method, fit_single_scan(curve("four points"), method, half_life)


def derived() -> dict[str, Leaf]:
    """90Y from 177Lu, what both have in common, the fit without each point, and drawn ones."""
    table: dict[str, Leaf] = {}
    for name, fit in _sources():
        table |= _of_fit(fit, f"{name}.source") if fit.single_scan is not None else {}
        second = second_nuclide_fit(
            fit,
            to_nuclide=Y90,
            administered_from_bq=7.41e9,
            administered_to_bq=1.87e9,
            time_shift_s=HOUR.to_core(-2.7 if fit.single_scan else 1.4),
            identity_relative_standard_uncertainty=0.13,
            place="VOI",
        )
        table |= _of_fit(second, name)
        table |= flattened(scatter_covariance([fit, second]), f"{name}.scatter")
        table |= flattened(model_covariances([fit, second]), f"{name}.model covariance")
        table |= flattened(leave_one_out(fit), f"{name}.without")
        spread = fit.curve.fitted_uncertainty_bq
        table |= flattened(curvature_score(fit, spread) if fit.terms else None, f"{name}.curvature")
        if fit.single_scan is None and fit.model != "model-average":
            drawn = sampled_time_integrated_activity_bq_s(fit, 4, np.random.default_rng(20250519))
            table |= flattened(drawn, f"{name}.drawn")
    return table


_BLOOD = {
    "five": ((5.0, 10.0, 40.0, 240.0, 1440.0), (251.0, 228.0, 139.0, 31.2, 6.35)),
    "six, one during the infusion": ((-9.0, 4.0, 13.0, 47.0, 230.0, 1390.0), (60.0, 244.0, 211.0, 127.0, 33.9, 7.11)),
    "seven with a misfit": ((3.0, 8.0, 21.0, 55.0, 130.0, 400.0, 1500.0), (290, 195, 201, 88, 71, 13.2, 6.9)),
    "four": ((6.0, 33.0, 251.0, 1510.0), (239.0, 151.0, 28.7, 5.92)),
    "three bent": ((7.0, 118.0, 1320.0), (231.0, 60.3, 7.94)),
    "three straight": ((7.0, 61.0, 181.0), (231.0, 175.0, 92.0)),
    "three at the cap": ((7.0, 61.0, 3000.0), (231.0, 121.0, 101.0)),
    "two": ((11.0, 93.0), (217.0, 121.0)),
    "one": ((11.0,), (217.0,)),
}


def blood() -> dict[str, Leaf]:
    """Blood curves of few and many samples, with and without a cap, and 90Y from them."""
    table: dict[str, Leaf] = {}
    for name, (minutes, values) in _BLOOD.items():
        for cap_h in (None, 21.0):
            for infusion_min, spread in ((27.0, None), (0.0, 0.08)):
                fit = tried(
                    fit_blood_curve,
                    np.array([MINUTE.to_core(t) for t in minutes]),
                    np.array(values) * 1e3,
                    nuclide_name=LU177,
                    infusion_s=MINUTE.to_core(infusion_min),
                    relative_standard_uncertainty=spread,
                    whole_body_effective_half_life_s=None if cap_h is None else HOUR.to_core(cap_h),
                    place="blood",
                )
                path = f"{name}.{cap_h}.{infusion_min}"
                table |= flattened(fit, path)
                if isinstance(fit, DosimetryError | str):
                    continue
                table |= flattened(fit.concentration_bq_per_ml(LATER_S), f"{path}.later")
                second = second_nuclide_blood_fit(
                    fit,
                    to_nuclide=Y90,
                    administered_from_bq=7.41e9,
                    administered_to_bq=1.87e9,
                    infusion_s=MINUTE.to_core(17.0),
                    identity_relative_standard_uncertainty=0.11,
                )
                table |= flattened(second, f"{path}.Y-90")
    return table


def whole_body() -> dict[str, Leaf]:
    """Whole-body curves of one to five points, by both methods, and the rest of the body."""
    table: dict[str, Leaf] = {}
    points = {
        "five": ((3.1, 22.7, 46.3, 97.2, 190.4), (6.21, 3.05, 2.02, 1.01, 0.262)),
        "three": ((4.4, 24.9, 121.0), (5.31, 2.71, 0.74)),
        "two": ((4.4, 121.0), (5.31, 0.74)),
        "one": ((27.3,), (2.61,)),
        "above the administered": ((3.1, 22.7, 97.2), (9.21, 6.05, 2.61)),
        "hardly leaving": ((3.1, 22.7, 97.2), (7.31, 6.62, 4.73)),
    }
    for name, (hours, gbq) in points.items():
        for method in get_args(WholeBodyMethod):
            times = np.array([HOUR.to_core(t) for t in hours])
            fit = tried(
                fit_whole_body,
                TimeActivityCurve(times, np.array(gbq) * 1e9, LU177),
                administered_activity_bq=7.41e9,
                method=method,
                place="body",
            )
            table |= _of_fit(fit, f"{name}.{method}")
            for lesions in (0.0, 3.1e13):
                rest = tried(
                    remainder,
                    fit,
                    organs_bq_s={"kidneys": 4.1e13, "liver": 9.7e13, "spleen": 2.3e13},
                    organ_standard_uncertainties_bq_s={"kidneys": 2.9e12, "liver": 8.1e12, "spleen": 1.7e12},
                    red_marrow_bq_s=1.9e13,
                    lesions_bq_s=lesions,
                )
                table |= flattened(rest, f"{name}.{method}.rest.{lesions}")
    return table


def voxels() -> dict[str, Leaf]:
    """A map of noisy voxels with overlapping VOIs, both nuclides."""
    rng = np.random.default_rng(61)
    shape = (4, 5, 6)
    times = np.array([3.7, 24.6, 70.9, 165.3]) * SECONDS_PER_HOUR
    start = rng.uniform(0.0, 3e4, shape)
    rates = np.log(2) / (SECONDS_PER_HOUR * rng.uniform(12.0, 220.0, shape))
    images = [(start * np.exp(-rates * t) * rng.uniform(0.8, 1.2, shape)).astype(np.float32) for t in times]
    images[1][3, 4, 5] = -2e4
    vois = {}
    for name, box, most, factor in (
        ("A", (slice(0, 3), slice(1, 4), slice(0, 4)), 1.0, 1.3),
        ("B", (slice(2, 4), slice(0, 4), slice(2, 5)), 0.4, 1.1),
    ):
        coverage = rng.uniform(0.0, most, start[box].shape)
        total = factor * float((coverage * start[box] / rates[box]).sum())
        vois[name] = VoxelVoi(box, coverage, {LU177: total, Y90: 0.07 * total})
    table: dict[str, Leaf] = {}
    for name, given in (("VOIs", vois), ("none", {}), ("one", {"A": replace(vois["A"])})):
        for region in (None, rng.uniform(size=shape) > 0.2):
            found = tried(
                voxel_time_integrated_activity,
                images,
                times,
                nuclide_name=LU177,
                vois=given,
                region=region,
                second_nuclides={Y90: 0.26},
                place="cycle 1",
            )
            table |= flattened(found, f"{name}.{region is None}")
    return table


PARTS = {
    "models": models,
    "settings": settings,
    "priors": priors,
    "derived": derived,
    "blood": blood,
    "whole body": whole_body,
    "voxel curves": voxels,
}
