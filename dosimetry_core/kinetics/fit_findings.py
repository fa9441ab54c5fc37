"""Doubts about a fitted curve, as findings that travel with it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.data_tables import table_json
from dosimetry_core.errors import Finding, Level
from dosimetry_core.kinetics import selection
from dosimetry_core.kinetics.fit_uncertainty import LATE_PHASE_RELATIVE_UNCERTAINTY, LATEST_SAMPLING_NEEDED_S
from dosimetry_core.kinetics.residual_pattern import curvature_score
from dosimetry_core.kinetics.result import (
    ExponentialShape,
    FitResult,
    terminal_half_life_s,
)
from dosimetry_core.nuclide import LU177, Y90, half_life_s
from dosimetry_core.units import HOUR, PERCENT, SECONDS_PER_HOUR

# Methods 2 and 10 (report item 4).
EXTRAPOLATED_FRACTION_LIMIT: Final = 0.25
# Methods 2.2, quality gate: relative standard error of each fitted parameter.
_LARGEST_PARAMETER_UNCERTAINTY: Final = 0.5
_EARLY_MISFIT_RELATIVE: Final = 0.10
_EARLY_MISFIT_STANDARD: Final = 2.5
# A second phase is suspected where its score is this many of its standard deviations (one in 160 by chance).
PATTERN_SCORE: Final = 2.7
_PRIOR_DISTANCE: Final = 2.0
# Two curves whose χ² differ by no more than this are both within a 95 % interval.
_INDISTINGUISHABLE_CHI_SQUARED: Final = 3.84
# Another curve is worth a word if it changes the integral or the half-life by more than this.
_SAME_INTEGRAL: Final = 0.01
_SAME_HALF_LIFE: Final = 0.10


def fit_findings(fit: FitResult, uncertainty_bq: NDArray[np.float64] | None, place: str) -> tuple[Finding, ...]:
    """What a physicist should know about a fit."""
    if fit.single_scan is not None:
        return tuple(_plausibility(fit, place))
    found = [*_coverage(fit, place), *_bounds(fit, place)]
    if fit.terms:
        found += [*_misfit(fit, uncertainty_bq, place), *_parameters(fit, place)]
    found += _plausibility(fit, place)
    return tuple(found)


def _coverage(fit: FitResult, place: str) -> list[Finding]:
    found = []
    if fit.extrapolated_fraction > EXTRAPOLATED_FRACTION_LIMIT:
        text = (
            f"{PERCENT.text(fit.extrapolated_fraction, digits=0)} of the time-integrated activity lies after the last "
            f"time point (limit {PERCENT.text(EXTRAPOLATED_FRACTION_LIMIT, digits=0)})"
        )
        found.append(Finding("extrapolated-fraction", "warning", text, place))
    if fit.before_first_point_fraction > EXTRAPOLATED_FRACTION_LIMIT:
        text = (
            f"{PERCENT.text(fit.before_first_point_fraction, digits=0)} of the time-integrated activity lies before "
            "the first time point"
        )
        found.append(Finding("early-phase-fraction", "warning", text, place))
    last = float(fit.curve.fitted_times_s[-1])
    needed = LATEST_SAMPLING_NEEDED_S.get(fit.curve.nuclide)
    if needed is not None and last < needed:
        added = LATE_PHASE_RELATIVE_UNCERTAINTY * fit.extrapolated_fraction if fit.prior is None else 0.0
        text = (
            f"the last time point is at {HOUR.text(last, digits=0)}; sampling should reach "
            f"{HOUR.text(needed, digits=0)}, else the extrapolation decides the absorbed dose"
            f"; {PERCENT.text(added, digits=0)} standard uncertainty were added for it"
        )
        found.append(Finding("early-last-time-point", "warning", text, place))
    return found


def _bounds(fit: FitResult, place: str) -> list[Finding]:
    if fit.tail == "physical":
        text = "the last phase was held at physical decay, as the settings say: an upper limit of the tail"
        return [Finding("physical-tail", "info", text, place)]
    if not fit.bounds_active:
        return []
    slow = any(name in ("decay_constant_per_s", "slow_decay_constant_per_s") for name in fit.bounds_active)
    slow = slow or "tail_decay_constant_per_s" in fit.bounds_active
    text = "bound active: "
    if slow:
        text += "the effective half-life was held at the physical one"
        free = fit.unbounded_decay_constant_per_s
        if free is not None and free > 0:
            text += f" (the points alone would give {HOUR.text(half_life_s(free), digits=0)})"
        elif free is not None:
            text += " (the points rise)"
    else:
        text += "the fast phase is over before the first time point and was held at the fastest one it can show"
    return [Finding("bound-active", "warning", text, place)]


def _misfit(fit: FitResult, uncertainty_bq: NDArray[np.float64] | None, place: str) -> list[Finding]:
    found = []
    if fit.degrees_of_freedom <= 0:
        number = fit.curve.fitted_times_s.size
        text = (
            f"the {fit.model} curve passes through all {number} points by construction; "
            "they can't tell whether it is right"
        )
        found.append(Finding("no-degrees-of-freedom", "warning", text, place))
        return found
    inside = fit.curve.mask
    residual = fit.residuals_bq[inside]
    relative = float(residual[0] / fit.curve.activity_bq[inside][0]) if fit.curve.activity_bq[inside][0] else 0.0
    standard = abs(float(residual[0] / uncertainty_bq[0])) if uncertainty_bq is not None else float("inf")
    if abs(relative) > _EARLY_MISFIT_RELATIVE and standard > _EARLY_MISFIT_STANDARD:
        side = "below" if relative < 0 else "above"
        hint = "an uptake phase" if relative < 0 else "a fast early phase"
        text = (
            f"the first time point lies {PERCENT.text(abs(relative), digits=0)} {side} the {fit.model} curve: "
            f"{hint} is likely and not in the model"
        )
        found.append(Finding("early-point-misfit", "warning", text, place))
        return found
    # A pattern in residuals too small to matter is the small noise of a large organ meeting what no model is.
    material = bool((np.abs(residual) > selection.REMARKABLE_RESIDUAL * np.abs(fit.curve.activity_bq[inside])).any())
    score = curvature_score(fit, uncertainty_bq) if material else None
    if score is not None and abs(score) > PATTERN_SCORE:
        ends, middle = ("above", "below") if score > 0 else ("below", "above")
        hint = "a second falling phase" if score > 0 else "an uptake phase"
        text = (
            f"the points lie {ends} the {fit.model} curve at its ends and {middle} it between, {abs(score):.1f} "
            f"standard deviations from chance: {hint} is likely and not in the model"
        )
        found.append(Finding("residual-pattern", "warning", text, place))
    elif not selection.describes_points(fit):
        text = f"the points scatter about the {fit.model} curve more than their uncertainty explains"
        found.append(Finding("poor-fit", "warning", text, place))
    return found


def _parameters(fit: FitResult, place: str) -> list[Finding]:
    loose = [
        name
        for name, spread in fit.parameter_standard_uncertainties.items()
        if spread > _LARGEST_PARAMETER_UNCERTAINTY * abs(fit.parameters[name])
    ]
    if not loose:
        return []
    limit = PERCENT.text(_LARGEST_PARAMETER_UNCERTAINTY, digits=0)
    what = ", ".join(name.removesuffix("_per_s").removesuffix("_bq").replace("_", " ") for name in loose)
    text = f"standard uncertainty above {limit}: {what}"
    return [Finding("parameter-uncertainty", "warning", text, place)]


def _plausibility(fit: FitResult, place: str) -> list[Finding]:
    key = {LU177: "Teff_177Lu_any_organ", Y90: "Teff_90Y_any_organ"}.get(fit.curve.nuclide)
    if key is None:
        return []
    return half_life_findings(fit, _shortest_half_life_s(key), float("inf"), place)


@functools.cache
def _shortest_half_life_s(key: str) -> float:
    low_h = float(table_json("physics", "parameters.json")["plausibility"][key]["value"][0])
    return low_h * SECONDS_PER_HOUR


def half_life_findings(fit: FitResult, shortest_s: float, longest_s: float, place: str) -> list[Finding]:
    """A finding if the effective half-life lies outside a plausible range (kidneys 177Lu: 25 to 90 h, methods 11)."""
    if shortest_s <= fit.effective_half_life_s <= longest_s:
        return []
    limit = f"below {HOUR.text(shortest_s, digits=0)}"
    if fit.effective_half_life_s > longest_s:
        limit = f"above {HOUR.text(longest_s, digits=0)}"
    text = f"effective half-life {HOUR.text(fit.effective_half_life_s, digits=1)} is implausible ({limit})"
    return [Finding("effective-half-life", "warning", text, place)]


def prior_finding(fit: FitResult, place: str) -> list[Finding]:
    """Says which prior half-life took part, and what it did."""
    pull = fit.prior
    if pull is None:
        return []
    text = (
        f"effective half-life {HOUR.text(fit.effective_half_life_s, digits=1)} with a prior of "
        f"{HOUR.text(pull.effective_half_life_s, digits=0)} ({pull.source}), "
        f"{abs(pull.distance):.1f} of its standard deviations {'above' if pull.distance > 0 else 'below'} it"
    )
    without = pull.time_integrated_activity_without_bq_s
    if without is not None and pull.effective_half_life_without_s is not None:
        change = fit.time_integrated_activity_bq_s / without - 1
        text += (
            f"; the points alone give {HOUR.text(pull.effective_half_life_without_s, digits=1)}, and the prior changes "
            f"the time-integrated activity by {PERCENT.text(change, digits=1)}"
        )
    level: Level = "warning" if abs(pull.distance) > _PRIOR_DISTANCE else "info"
    return [Finding("prior-half-life", level, text, place)]


_SINGLE_SCAN_RULES: Final = {
    "two-t-over-ln2": "activity × 2t/ln 2",
    "population": "the half-life of other patients",
    "previous-cycle": "the half-life of an earlier cycle",
}


def single_scan_finding(fit: FitResult, place: str) -> list[Finding]:
    """Labels a result that rests on one scan with its rule and its error."""
    scan = fit.single_scan
    if scan is None:
        return []
    time_s = float(fit.curve.fitted_times_s[0])
    text = (
        f"time-integrated activity from one scan ({HOUR.text(time_s, digits=0)}) by "
        f"{_SINGLE_SCAN_RULES[scan.method]}; for half-lives around {HOUR.text(scan.effective_half_life_s, digits=0)} "
        f"({scan.source}) the error by the half-life is {PERCENT.text(scan.relative_standard_uncertainty, digits=0)} "
        f"(standard), {PERCENT.text(scan.relative_bias, digits=0)} on average"
    )
    return [Finding("single-time-point", "warning", text, place)]


def reduced_finding(fit: FitResult, unseen: Sequence[str], place: str) -> Finding:
    """Says that a phase of the requested model could not be seen."""
    text = f"the points show no {' and no '.join(unseen)}; a {fit.model} curve was fitted"
    return Finding("phase-not-seen", "warning", text, place)


def other_minimum_finding(
    fit: FitResult, minima: Sequence[tuple[NDArray[np.float64], float]], place: str
) -> list[Finding]:
    """Says where the points don't decide between two curves of the model, with the one that differs most.

    ``minima``: natural parameters and by how much χ² is larger, in believed uncertainties. The covariance of the fit
    knows of one of them only.
    """
    if not isinstance(fit.shape, ExponentialShape):
        return []
    total, half_life = fit.time_integrated_activity_bq_s, fit.effective_half_life_s
    told: list[tuple[float, str]] = []
    for natural, excess in minima:
        shape = ExponentialShape(fit.shape.family, natural)
        change = shape.time_integrated_activity_bq_s / total - 1
        other = terminal_half_life_s(shape)
        if excess > _INDISTINGUISHABLE_CHI_SQUARED:
            continue
        if abs(change) < _SAME_INTEGRAL and abs(other / half_life - 1) < _SAME_HALF_LIFE:
            continue
        text = (
            f"the points don't decide between two {fit.model} curves: another, with χ² larger by only {excess:.1f}, "
            f"has an effective half-life of {HOUR.text(other, digits=0)} instead of {HOUR.text(half_life, digits=0)} "
            f"and changes the time-integrated activity by {PERCENT.text(change, digits=1)}"
        )
        told.append((abs(change), text))
    return [Finding("curve-not-determined", "warning", max(told)[1], place)] if told else []


def selection_finding(fit: FitResult, reason: str, ranked_models: Sequence[str], place: str) -> Finding:
    """Says how ``automatic`` chose."""
    number = fit.curve.fitted_times_s.size
    if reason == "averaged":
        text = f"average of {', '.join(ranked_models)} by their AICc weights"
    elif reason == "information-criterion" and len(ranked_models) > 1:
        text = f"{fit.model} chosen by AICc among {', '.join(ranked_models)}"
    elif reason == "goodness-of-fit":
        text = (
            f"{fit.model} chosen because a simpler model does not describe the points; AICc can't decide with {number}"
        )
        return Finding("model-choice", "warning", text, place)
    elif reason == "no-model-describes":
        text = f"log-trapezoid taken because no exponential model that {number} points can test describes them"
        return Finding("model-choice", "warning", text, place)
    else:
        text = f"{fit.model} taken; {number} time points do not allow a comparison of models"
    return Finding("model-choice", "info", text, place)
