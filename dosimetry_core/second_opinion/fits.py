"""Recomputes the curve of a VOI from the record of its fit: every model, prior and single-scan rule of the settings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dosimetry_core.second_opinion.bed import Rate, straight_and_falling
from dosimetry_core.second_opinion.curves import (
    MODELS,
    Curve,
    Points,
    checked_curve,
    points,
    trapezoid_integral,
    with_belief,
)
from dosimetry_core.second_opinion.record import Tree
from dosimetry_core.second_opinion.reference_data import population_half_life_s

Integral = Callable[[float, float, float], float]
"""Time-integrated activity of a nuclide: (factor on the activity, change of the decay constant, its own constant)."""


@dataclass(frozen=True)
class FitData:
    """What is needed of a measured curve: included times and activities, their random uncertainties, the decay."""

    times: tuple[float, ...]
    values: tuple[float, ...]
    uncertainties: tuple[float, ...] | None
    weights: str
    decay_constant: float
    region: str
    earlier_half_life_s: float | None


class CannotRecompute(Exception):
    """The record holds a fit that this code has no own way to."""


def own_integral(data: FitData, fit: Tree) -> tuple[Integral, float | None]:
    """Own integral of a fit, and its effective half-life if it has one.

    Raises
    ------
    CannotRecompute
        For what this code does not know; the reason is its text.
    """
    model = fit["model"]
    if model == "log-trapezoid":
        held = fit.get("tail") == "physical"

        def of_trapezoid(factor: float, change: float, own_constant: float) -> float:
            decayed = [factor * v * math.exp(-change * t) for t, v in zip(data.times, data.values, strict=True)]
            return trapezoid_integral(data.times, decayed, own_constant, physical_tail=held)

        return of_trapezoid, None
    if model == "single-time-point":
        curve = _single_scan(data, fit)
    elif model == "model-average":
        return _average(data, fit), None
    elif model in MODELS:
        found = checked_curve(_points(data, fit), model, fit.get("parameters"))
        if found is None:
            raise CannotRecompute("no curve of this model has a positive amplitude")
        curve = found
    else:
        raise CannotRecompute(f"model {model}")

    def of_curve(factor: float, change: float, own_constant: float) -> float:
        return curve.integral(factor=factor, faster_by_per_s=change)

    return of_curve, math.log(2.0) / min(rate for _, rate in curve.terms)


def own_rate(data: FitData, fit: Tree, change: float, own_constant: float) -> tuple[Rate, float]:
    """Own curve of a fit in any unit, decay changed, and its slowest rate constant.

    ``change`` and ``own_constant`` as in `Integral`. Raises `CannotRecompute` like `own_integral`.
    """
    model = fit["model"]
    if model == "log-trapezoid":
        decayed = [v * math.exp(-change * t) for t, v in zip(data.times, data.values, strict=True)]
        return straight_and_falling(data.times, decayed, own_constant, physical_tail=fit.get("tail") == "physical")
    if model == "single-time-point":
        weighted = [(1.0, _single_scan(data, fit))]
    elif model == "model-average":
        weighted = _averaged_curves(data, fit)
    else:
        found = checked_curve(_points(data, fit), model, fit.get("parameters")) if model in MODELS else None
        if found is None:
            raise CannotRecompute(f"curve of model {model}")
        weighted = [(1.0, found)]

    def at(time: float) -> float:
        return math.exp(-change * time) * math.fsum(weight * curve.at(time) for weight, curve in weighted)

    return at, min(rate for _, curve in weighted for _, rate in curve.terms) + change


def _points(data: FitData, fit: Tree) -> Points:
    if data.weights == "given" and data.uncertainties is None:
        raise CannotRecompute("given weights, but the record has no uncertainties of the points")
    found = points(data.times, data.values, data.weights, data.decay_constant, data.uncertainties)
    if fit.get("tail") == "physical":
        found = replace(found, held=True)
    prior = fit.get("prior")
    if prior:
        half_life, deviation = _believed(data, prior)
        found = with_belief(found, half_life, deviation, data.uncertainties)
    return found


def _believed(data: FitData, prior: Tree) -> tuple[float, float]:
    """Median and deviation of a prior half-life: from own constants, or from the own curve of the earlier cycle."""
    kind = prior.get("kind") or prior.get("method")
    if kind == "population":
        known = population_half_life_s(data.region, data.decay_constant)
        if known is None:
            raise CannotRecompute(f"population half-life of the role {data.region}")
        return known
    if data.earlier_half_life_s is None:
        raise CannotRecompute("half-life of an earlier cycle that could not be computed again")
    # The width rests on that cycle's covariance, which is not computed here; it moves the result in second order.
    return data.earlier_half_life_s, float(prior["ln_standard_deviation"])


def _single_scan(data: FitData, fit: Tree) -> Curve:
    scan = fit.get("single_time_point")
    if scan is None or len(data.times) != 1:
        raise CannotRecompute("a single-scan curve without the scan it rests on")
    time, value = data.times[0], data.values[0]
    if scan["method"] == "two-t-over-ln2":
        rate = math.log(2.0) / time
    else:
        half_life, _ = _believed(data, scan)
        rate = max(math.log(2.0) / half_life, data.decay_constant)
    return Curve(((value * math.exp(rate * time), rate),))


def _average(data: FitData, fit: Tree) -> Integral:
    """Integral of `_averaged_curves`."""
    weighted = _averaged_curves(data, fit)

    def of_average(factor: float, change: float, own_constant: float) -> float:
        return math.fsum(w * c.integral(factor=factor, faster_by_per_s=change) for w, c in weighted)

    return of_average


def _averaged_curves(data: FitData, fit: Tree) -> list[tuple[float, Curve]]:
    """Weight and curve of the candidates that the record weighs, with own curves, criteria and weights."""
    stated = [c for c in fit.get("candidates") or () if c.get("weight") is not None]
    found = _points(data, fit)
    number = len(data.times)
    real: Sequence[float] | None = data.uncertainties
    if real is None and data.weights == "proportional":
        real = found.deviations
    curves: list[Curve] = []
    criteria: list[float] = []
    for candidate in stated:
        curve = (
            checked_curve(found, candidate["model"], candidate["parameters"]) if candidate["model"] in MODELS else None
        )
        if curve is None:
            raise CannotRecompute(f"candidate {candidate['model']} of an average")
        decays, uptake = MODELS[candidate["model"]]
        count = 2 * decays + int(uptake) - int(found.held) + int(real is None)
        if number - count - 1 <= 0:
            raise CannotRecompute(f"candidate {candidate['model']}, whose criterion is not defined for {number} points")
        penalty = 2 * count + 2 * count * (count + 1) / (number - count - 1)
        if real is None:
            misfit = number * math.log(curve.chi_squared(found) / number)
        else:
            misfit = curve.chi_squared(replace(found, deviations=tuple(real)))
        curves.append(curve)
        criteria.append(misfit + penalty)
    if not curves:
        raise CannotRecompute("an average without candidates")
    raw = [math.exp(-(value - min(criteria)) / 2) for value in criteria]
    return [(value / math.fsum(raw), curve) for value, curve in zip(raw, curves, strict=True)]


def fit_data(
    cycle: Tree,
    voi: Mapping[str, Any],
    nuclide: str,
    *,
    shift_s: float,
    weights: str,
    decay_constant: float,
    region: str,
    earlier_half_life_s: float | None,
) -> FitData:
    """The included points of a VOI's fit as the record has them, timed from the nuclide's own infusion."""
    fit = voi["fit"][nuclide]
    times = [float(p["time_after_administration_s"]) for p in cycle["time_points"]]
    included = fit.get("included") or [True] * len(times)
    kept = [k for k, use in enumerate(included) if use]
    spread = fit.get("random_standard_uncertainty_bq")
    return FitData(
        tuple(times[k] + shift_s for k in kept),
        tuple(float(voi["activity_bq"][nuclide][k]) for k in kept),
        None if spread is None else tuple(float(spread[k]) for k in kept),
        weights,
        decay_constant,
        region,
        earlier_half_life_s,
    )
