"""Every model for the points of a fit side by side, and why the result has the one it has.

Made for a fit of any model: one that was fixed is held against the others too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from dosimetry_core.errors import DosimetryError
from dosimetry_core.kinetics import selection
from dosimetry_core.kinetics.fit import Model, fit_curve
from dosimetry_core.kinetics.models import BI, FAMILIES, MONO, TRI_UPTAKE, UPTAKE
from dosimetry_core.kinetics.prior import HalfLifePrior, PriorKind
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.units import PERCENT

AVERAGE: Final = "model-average"
TRAPEZOID: Final = "log-trapezoid"
COMPARED: Final = (MONO.name, UPTAKE.name, BI.name, TRI_UPTAKE.name, TRAPEZOID)


@dataclass(frozen=True)
class ComparedModel:
    """One model for the points of a curve.

    Parameters
    ----------
    information_criterion
        AICc; None where it is not defined: such a model is never best.
    weight
        Akaike weight among the models that can be compared; None for the others.
    time_integrated_activity_bq_s, effective_half_life_s
        What the model gives (Bq·s, s); None where it makes no curve of these points.
    remark
        Why it is not compared, or makes no curve; empty otherwise.
    in_use
        Whether the result has this model.
    """

    model: str
    information_criterion: float | None
    weight: float | None
    time_integrated_activity_bq_s: float | None
    effective_half_life_s: float | None
    remark: str
    in_use: bool


@dataclass(frozen=True)
class ModelComparison:
    """All models; ``preferred`` is the best by AICc, ``reason`` says in words why the result has its one."""

    models: tuple[ComparedModel, ...]
    preferred: str | None
    reason: str


def compare_models(fit: FitResult, *, chosen: str = "is set for all VOIs") -> ModelComparison | None:
    """Hold the model of a fit against all others, by the fit's own points, weights, tail and prior.

    Parameters
    ----------
    fit
        Of a measured nuclide.
    chosen
        How a fixed model came to be, as it goes on after its name: "is set for all VOIs", "was chosen for this VOI".

    Returns
    -------
    ModelComparison or None
        None for a curve derived from another nuclide's and for the rule of a single scan: there is nothing to compare.

    Notes
    -----
    Which models can be compared is decided as `fit_curve` does for ``automatic``: a degree of freedom is left, every
    phase is seen in the points, and no parameter lies at its bound (a mono-exponential may).
    """
    if fit.derived_from is not None or fit.single_scan is not None:
        return None
    fits: dict[str, FitResult | str] = {name: _fit_or_reason(fit, name) for name in COMPARED}
    remarks = {name: found if isinstance(found, str) else _remark(found, name) for name, found in fits.items()}
    ranking = selection.ranked(
        [found for name, found in fits.items() if not isinstance(found, str) and not remarks[name]]
    )
    weights = {found.model: weight for found, weight in zip(ranking, selection.akaike_weights(ranking), strict=True)}
    models = [_row(name, found, remarks[name], weights.get(name), fit.model) for name, found in fits.items()]
    if fit.model == AVERAGE:
        models.append(_row(AVERAGE, fit, "the mean of the others by their weights", None, fit.model))
    preferred = ranking[0].model if ranking else None
    return ModelComparison(tuple(models), preferred, _reason(fit, models, preferred, chosen))


def _fit_or_reason(fit: FitResult, name: str) -> FitResult | str:
    """The curve by a model, or in words why there is none."""
    if fit.model == name:
        return fit
    pull = fit.prior if name != TRAPEZOID else None
    prior = None
    if pull is not None:
        kind = cast(PriorKind, pull.kind)
        prior = HalfLifePrior(kind, pull.effective_half_life_s, pull.ln_standard_deviation, pull.source)
    try:
        found = fit_curve(
            fit.curve,
            model=cast(Model, name),
            weights=fit.weights,
            tail=fit.tail,
            prior=prior,
            physical_half_life_s=fit.physical_half_life_s,
        )
    except DosimetryError as error:
        points = int(fit.curve.fitted_times_s.size)
        if name in FAMILIES and points < (least := FAMILIES[name].parameter_count - int(fit.tail == "physical")):
            return f"AICc not defined with {points} points and {least} parameters: no curve"
        return error.what
    if found.model != name:
        return f"a phase is not seen in the points; what is left is {found.model}"
    return found


def _remark(found: FitResult, name: str) -> str:
    """Why a model that makes a curve can't be compared; empty where it can."""
    if name == TRAPEZOID:
        return "AICc not defined: it joins the points, without parameters"
    if found.information_criterion is None:
        if found.prior is not None:
            return "AICc not defined with a known half-life beside the points"
        points = found.curve.fitted_times_s.size
        return f"AICc not defined with {points} points and {_parameters(found, name)} parameters"
    if found.bounds_active and name != MONO.name:
        return "not compared: a parameter lies at its bound"
    return ""


def _parameters(found: FitResult, name: str) -> int:
    """Free parameters as AICc counts them: an unknown size of the uncertainties is one more."""
    return FAMILIES[name].parameter_count - int(found.tail == "physical") + int(found.chi_squared is None)


def _row(name: str, found: FitResult | str, remark: str, weight: float | None, in_use: str) -> ComparedModel:
    if isinstance(found, str):
        return ComparedModel(name, None, None, None, None, remark, name == in_use)
    criterion = found.information_criterion if weight is not None or not remark.startswith("AICc") else None
    return ComparedModel(
        name,
        criterion,
        weight,
        found.time_integrated_activity_bq_s,
        found.effective_half_life_s,
        remark,
        name == in_use,
    )


def _reason(fit: FitResult, models: list[ComparedModel], preferred: str | None, chosen: str) -> str:
    name = fit.model.capitalize()
    if fit.requested_model in ("automatic", AVERAGE):
        said = next((finding.text for finding in fit.findings if finding.code == "model-choice"), "")
        return f"{fit.requested_model.capitalize()}: {said or f'{name} taken'}."
    if fit.requested_model != fit.model:
        asked = fit.requested_model.capitalize()
        return f"{asked} {chosen}, but a phase of it is not seen in the points: {fit.model} is used."
    own = next(model for model in models if model.in_use)
    points = fit.curve.fitted_times_s.size
    comparable = [model for model in models if model.weight is not None]
    if preferred is None:
        why = "With a known half-life beside the points" if fit.prior is not None else f"With {points} points"
        judged = f"{why} AICc is defined for no model, so it speaks neither for nor against it."
    elif preferred == fit.model:
        judged = (
            f"AICc prefers it too, with a weight of {_percent(own.weight)}."
            if len(comparable) > 1
            else f"With {points} points AICc can judge this model alone, so no other is preferred to it."
        )
    else:
        judged = _against(own, next(model for model in models if model.model == preferred))
    return f"{name} {chosen}. {judged}"


def _against(own: ComparedModel, best: ComparedModel) -> str:
    """That AICc prefers another model, and what that would change."""
    words = f"AICc prefers {best.model} (weight {_percent(best.weight)}"
    words += f" against {_percent(own.weight)})" if own.weight is not None else "; this one it can't judge)"
    mine, other = own.time_integrated_activity_bq_s, best.time_integrated_activity_bq_s
    if not mine or other is None:
        return f"{words}."
    return f"{words}, whose time-integrated activity differs by {PERCENT.from_core(other / mine - 1):+.1f} %."


def _percent(share: float | None) -> str:
    return "–" if share is None else PERCENT.text(share, digits=0)
