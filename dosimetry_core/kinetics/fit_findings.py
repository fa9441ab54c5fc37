"""Doubts about a fitted curve, as findings that travel with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.data_tables import table_json
from dosimetry_core.errors import Finding
from dosimetry_core.kinetics import selection
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.nuclide import LU177, Y90, half_life_s
from dosimetry_core.units import HOUR, PERCENT, SECONDS_PER_HOUR

# Methods 2 and 10 (report item 4).
EXTRAPOLATED_FRACTION_LIMIT: Final = 0.25
# Methods 2.4 (Guerriero 2013): sampling must reach this time, else the extrapolation model decides the dose.
LATEST_SAMPLING_NEEDED_S: Final = {LU177: 100 * SECONDS_PER_HOUR, Y90: 70 * SECONDS_PER_HOUR}
# Methods 2.2, quality gate: relative standard error of each fitted parameter.
_LARGEST_PARAMETER_UNCERTAINTY: Final = 0.5
_EARLY_MISFIT_RELATIVE: Final = 0.10
_EARLY_MISFIT_STANDARD: Final = 2.5


def fit_findings(fit: FitResult, uncertainty_bq: NDArray[np.float64] | None, place: str) -> tuple[Finding, ...]:
    """What a physicist should know about a fit."""
    found = [*_coverage(fit, place), *_bounds(fit, place)]
    if fit.model != "log-trapezoid":
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
        text = (
            f"the last time point is at {HOUR.text(last, digits=0)}; sampling should reach "
            f"{HOUR.text(needed, digits=0)}, else the extrapolation decides the absorbed dose"
        )
        found.append(Finding("early-last-time-point", "warning", text, place))
    return found


def _bounds(fit: FitResult, place: str) -> list[Finding]:
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
        text = f"the {fit.model} curve passes through all points by construction; they can't tell whether it is right"
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
    low_h = float(table_json("physics", "parameters.json")["plausibility"][key]["value"][0])
    return half_life_findings(fit, low_h * SECONDS_PER_HOUR, float("inf"), place)


def half_life_findings(fit: FitResult, shortest_s: float, longest_s: float, place: str) -> list[Finding]:
    """A finding if the effective half-life lies outside a plausible range (kidneys 177Lu: 25 to 90 h, methods 11)."""
    if shortest_s <= fit.effective_half_life_s <= longest_s:
        return []
    limit = f"below {HOUR.text(shortest_s, digits=0)}"
    if fit.effective_half_life_s > longest_s:
        limit = f"above {HOUR.text(longest_s, digits=0)}"
    text = f"effective half-life {HOUR.text(fit.effective_half_life_s, digits=1)} is implausible ({limit})"
    return [Finding("effective-half-life", "warning", text, place)]


def reduced_finding(fit: FitResult, unseen: Sequence[str], place: str) -> Finding:
    """Says that a phase of the requested model could not be seen."""
    text = f"the points show no {' and no '.join(unseen)}; a {fit.model} curve was fitted"
    return Finding("phase-not-seen", "warning", text, place)


def selection_finding(fit: FitResult, reason: str, ranked_models: Sequence[str], place: str) -> Finding:
    """Says how ``automatic`` chose."""
    number = fit.curve.fitted_times_s.size
    if reason == "information-criterion" and len(ranked_models) > 1:
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
