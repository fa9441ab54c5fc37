"""Fits a model to a time–activity curve and returns the time-integrated activity with its uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import DosimetryError, Finding, FitError
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.kinetics import selection
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit_findings import (
    fit_findings,
    other_minimum_finding,
    prior_finding,
    reduced_finding,
    selection_finding,
)
from dosimetry_core.kinetics.fit_uncertainty import (
    FitTerms,
    fit_covariance,
    fit_with,
    information_criterion,
    minima_by_chi_squared,
    model_standard_uncertainty_bq_s,
    plausible_alternatives,
    trapezoid_through,
    unseen_late_fraction,
)
from dosimetry_core.kinetics.models import BI, FAMILIES, MONO, TRI_UPTAKE, UPTAKE, ExponentialFamily
from dosimetry_core.kinetics.prior import HalfLifePrior
from dosimetry_core.kinetics.result import (
    AveragedShape,
    ExponentialShape,
    FitCandidate,
    FitResult,
    PriorPull,
    Shape,
    fractions_outside_points,
    shape_activity_bq,
    terminal_half_life_s,
)
from dosimetry_core.kinetics.weighting import MEASURED, NOMINAL, FittedPoints, Tail, Weights, fitted_points
from dosimetry_core.nuclide import decay_constant_per_s, nuclide

FloatArray = NDArray[np.float64]
Model = Literal[
    "mono-exponential",
    "bi-exponential",
    "bi-exponential-uptake",
    "tri-exponential-uptake",
    "log-trapezoid",
    "automatic",
    "model-average",
]
_COMPARED: Final = (MONO, UPTAKE, BI, TRI_UPTAKE)


@dataclass(frozen=True, eq=False)
class _Request:
    """What a fit was asked for, beside its points."""

    curve: TimeActivityCurve
    half_life_s: float
    weights: Weights
    tail: Tail
    prior: HalfLifePrior | None
    place: str

    @property
    def terms(self) -> FitTerms:
        return FitTerms(self.tail == "physical", None if self.prior is None else self.prior.belief())


def fit_curve(
    curve: TimeActivityCurve,
    *,
    model: Model = "mono-exponential",
    weights: Weights = "proportional",
    tail: Tail = "fitted",
    prior: HalfLifePrior | None = None,
    physical_half_life_s: float | None = None,
    place: str = "",
) -> FitResult:
    """Fit a model to the included points of a curve.

    Parameters
    ----------
    model
        ``automatic`` takes the best corrected information criterion among the models for which it is defined; if that
        model plainly does not describe the points, the first that does with a degree of freedom left, else the
        log-trapezoid. ``model-average`` weighs all models for which the criterion is defined by it.
    weights
        ``proportional``: 1/A²; ``uniform``: 1; ``poisson``: 1/A; ``given``: 1/u² of the measured uncertainties. With
        the others measured uncertainties do not change the weights, they enter the covariance.
    tail
        ``physical``: the last phase falls by physical decay alone.
    prior
        Log-normal knowledge of the effective half-life of the slowest phase; the fit is then the most probable curve
        given prior and points. A trapezoid has no use for it.
    physical_half_life_s
        By default that of the curve's nuclide; no phase is slower.
    place
        VOI and cycle, for errors and findings.

    Raises
    ------
    FitError
        With too few points for the model, or activities that can't be weighted.

    Notes
    -----
    Covariance V = H⁻¹ Jᵀ W Σ W J H⁻¹ with H = Jᵀ W J, Σ the believed variances of the points; inflated by χ²/(n−p)
    where above one (points that scatter more than believed are less certain than believed) up to what chance allows;
    scatter beyond that is misfit, and is covered by the model uncertainty. A prior is one more row of J.
    """
    half_life = nuclide(curve.nuclide).physical_half_life_s if physical_half_life_s is None else physical_half_life_s
    try:
        if tail == "physical" and prior is not None:
            raise FitError(
                "a physical tail leaves no half-life for a prior to act on", remedy="choose one of the two settings"
            )
        points = fitted_points(curve, weights, decay_constant_per_s(half_life), least_points=1 if prior else 2)
        request = _Request(curve, half_life, weights, tail, prior, place)
        if model == "automatic":
            return _automatic(request, points)
        if model == "model-average":
            return _average(request, points)
        if model == "log-trapezoid":
            return _trapezoid_result(request, points)
        if model not in FAMILIES:
            raise ValueError(f"unknown model {model!r}")
        return _family_result(request, points, FAMILIES[model])
    except FitError as error:
        raise (error if error.where else FitError(error.what, where=place, remedy=error.remedy)) from error


def _compared(request: _Request, points: FittedPoints) -> list[FitResult]:
    """Fits of every model that keeps a degree of freedom and is seen whole in the points, simplest first."""
    candidates = []
    for family in _COMPARED:
        if family.parameter_count - int(request.terms.tail_held) < points.times_s.size:
            fit = _family_result(request, points, family)
            if fit.model == family.name and (family is MONO or not fit.bounds_active):
                candidates.append(fit)
    return candidates


def _candidates(fits: list[FitResult]) -> tuple[FitCandidate, ...]:
    """The comparison as a table; weights only among models whose criterion is defined."""
    ranking = selection.ranked(fits)
    weights = dict(zip((id(fit) for fit in ranking), selection.akaike_weights(ranking), strict=True))
    return tuple(
        FitCandidate(
            fit.model,
            fit.parameters,
            fit.time_integrated_activity_bq_s,
            fit.fit_standard_uncertainty_bq_s,
            fit.chi_squared,
            fit.information_criterion,
            weights.get(id(fit)),
        )
        for fit in fits
    )


def _automatic(request: _Request, points: FittedPoints) -> FitResult:
    candidates = _compared(request, points)
    if not candidates:
        return replace(_family_result(request, points, MONO), requested_model="automatic")
    ranking = selection.ranked(candidates)
    chosen = ranking[0] if ranking else candidates[0]
    reason = "information-criterion" if ranking else "only-model"
    if not selection.describes_points(chosen):
        others = [fit for fit in candidates if fit is not chosen and selection.describes_points(fit)]
        if others:
            chosen, reason = others[0], "goodness-of-fit"
        else:
            chosen, reason = _trapezoid_result(request, points), "no-model-describes"
    finding = selection_finding(chosen, reason, [fit.model for fit in ranking], request.place)
    return replace(
        chosen,
        requested_model="automatic",
        findings=(finding, *chosen.findings),
        candidates=_candidates(candidates),
    )


def _average(request: _Request, points: FittedPoints) -> FitResult:
    """Mean of the models over their Akaike weights; the only one where the criterion is defined for one or none."""
    candidates = _compared(request, points)
    ranking = selection.ranked(candidates)
    if len(ranking) < 2:
        alone = ranking[0] if ranking else (candidates or [_family_result(request, points, MONO)])[0]
        finding = selection_finding(alone, "only-model", [fit.model for fit in ranking], request.place)
        return replace(
            alone,
            requested_model="model-average",
            findings=(finding, *alone.findings),
            candidates=_candidates(candidates),
        )
    weights = selection.akaike_weights(ranking)
    parts = []
    for weight, fit in zip(weights, ranking, strict=True):
        assert isinstance(fit.shape, ExponentialShape)
        parts.append((weight, fit.shape))
    shape = AveragedShape(tuple(parts))
    total, fit_u, spread = selection.averaged(
        weights,
        [fit.time_integrated_activity_bq_s for fit in ranking],
        [fit.fit_standard_uncertainty_bq_s for fit in ranking],
    )
    best = ranking[0]
    fitted = np.sum([w * fit.activity_bq(points.times_s) for w, fit in zip(weights, ranking, strict=True)], axis=0)
    chi_squared = None
    if points.uncertainty_bq is not None:
        chi_squared = float((((points.activity_bq - fitted) / points.uncertainty_bq) ** 2).sum())
    alternatives = FrozenMap({name: s for name, s in best.alternatives.items() if name == "log-trapezoid"})
    rest = _following(request, points, shape, alternatives, total, prior=best.prior)
    result = replace(
        best,
        model="model-average",
        requested_model="model-average",
        shape=shape,
        parameters=FrozenMap({f"weight_of_{fit.model}": w for w, fit in zip(weights, ranking, strict=True)}),
        covariance_names=(),
        covariance=read_only(np.empty((0, 0))),
        effective_half_life_s=terminal_half_life_s(shape),
        time_integrated_activity_bq_s=total,
        fit_standard_uncertainty_bq_s=fit_u,
        model_standard_uncertainty_bq_s=math.hypot(rest.model_standard_uncertainty_bq_s, spread),
        before_first_point_fraction=rest.before_first_point_fraction,
        extrapolated_fraction=rest.extrapolated_fraction,
        chi_squared=chi_squared,
        information_criterion=None,
        residuals_bq=rest.residuals_bq,
        alternatives=alternatives,
        bounds_active=(),
        unbounded_decay_constant_per_s=None,
        candidates=_candidates(candidates),
    )
    finding = selection_finding(result, "averaged", [fit.model for fit in ranking], request.place)
    return replace(result, findings=(finding, *_doubts(result, points, request.place)))


def _family_result(request: _Request, points: FittedPoints, family: ExponentialFamily) -> FitResult:
    terms = request.terms
    found = fit_with(points, family, terms)
    fitted, total = found.shape, found.shape.time_integrated_activity_bq_s
    known = fit_covariance(points, found, terms)
    alternatives = plausible_alternatives(points, fitted, terms, known.chi_squared, known.degrees_of_freedom)
    held = found.family.parameter_names[2 * found.family.decays - 1] if terms.tail_held else ""
    prior = _pull(request, points, family, fitted)
    rest = _following(request, points, fitted, alternatives, total, prior=prior)
    result = FitResult(
        model=found.family.name,
        requested_model=family.name,
        curve=request.curve,
        physical_half_life_s=request.half_life_s,
        shape=fitted,
        parameters=FrozenMap(zip(found.family.parameter_names, found.natural.tolist(), strict=True)),
        covariance_names=known.names,
        covariance=read_only(known.covariance),
        covariance_convention=points.convention,
        bounds_active=tuple(name for name in found.fixed if name != held),
        unbounded_decay_constant_per_s=found.unbounded_decay_constant_per_s,
        effective_half_life_s=terminal_half_life_s(fitted),
        time_integrated_activity_bq_s=total,
        fit_standard_uncertainty_bq_s=known.time_integrated_activity_standard_uncertainty_bq_s,
        model_standard_uncertainty_bq_s=rest.model_standard_uncertainty_bq_s,
        identity_relative_standard_uncertainty=0.0,
        before_first_point_fraction=rest.before_first_point_fraction,
        extrapolated_fraction=rest.extrapolated_fraction,
        chi_squared=known.chi_squared,
        degrees_of_freedom=known.degrees_of_freedom,
        information_criterion=information_criterion(points, found, terms, known.chi_squared),
        residuals_bq=rest.residuals_bq,
        alternatives=alternatives,
        weights=request.weights,
        tail=request.tail,
        prior=prior,
    )
    findings = [reduced_finding(result, found.unseen_phases, request.place)] if found.unseen_phases else []
    findings += other_minimum_finding(result, minima_by_chi_squared(points, found, terms, known), request.place)
    findings += _doubts(result, points, request.place)
    return replace(result, findings=tuple(findings)) if findings else result


def _pull(
    request: _Request, points: FittedPoints, family: ExponentialFamily, fitted: ExponentialShape
) -> PriorPull | None:
    """What the prior did: the same fit without it, and how far the points moved the half-life."""
    prior = request.prior
    if prior is None:
        return None
    without: Shape | None = None
    try:
        alone = fit_with(points, family, FitTerms())
        without = alone.shape
    except DosimetryError:
        without = None
    half_life = terminal_half_life_s(fitted)
    return PriorPull(
        prior.kind,
        prior.effective_half_life_s,
        prior.ln_standard_deviation,
        prior.source,
        math.log(half_life / prior.effective_half_life_s) / prior.ln_standard_deviation,
        None if without is None else terminal_half_life_s(without),
        None if without is None else without.time_integrated_activity_bq_s,
    )


def _trapezoid_result(request: _Request, points: FittedPoints) -> FitResult:
    shape = trapezoid_through(points, "physical" if request.tail == "physical" else "last-two-points")
    spread = points.uncertainty_bq
    if spread is None:
        raise FitError(
            "the uncertainty of a trapezoid needs uncertainties of the points",
            remedy="choose proportional weights, or give measured uncertainties",
        )
    if shape.time_integrated_activity_bq_s <= 0:
        raise FitError(
            "the activities add up to nothing above zero", remedy="check the VOI, or exclude the negative activity"
        )
    gradient = shape.gradient()
    at_bound = shape.tail == "last-two-points" and shape.tail_decay_constant_per_s <= points.slowest_per_s
    alternatives = plausible_alternatives(points, shape, FitTerms(), None, 0)
    total = shape.time_integrated_activity_bq_s
    rest = _following(request, points, shape, alternatives, total, prior=None)
    result = FitResult(
        model="log-trapezoid",
        requested_model="log-trapezoid",
        curve=request.curve,
        physical_half_life_s=request.half_life_s,
        shape=shape,
        parameters=FrozenMap(
            {
                "before_first_point_bq_s": shape.head_bq_s,
                "between_points_bq_s": shape.middle_bq_s,
                "after_last_point_bq_s": shape.tail_bq_s,
                "tail_decay_constant_per_s": shape.tail_decay_constant_per_s,
            }
        ),
        covariance_names=(),
        covariance=read_only(np.empty((0, 0))),
        covariance_convention=MEASURED if points.convention == MEASURED else NOMINAL,
        bounds_active=("tail_decay_constant_per_s",) if at_bound else (),
        unbounded_decay_constant_per_s=None,
        effective_half_life_s=terminal_half_life_s(shape),
        time_integrated_activity_bq_s=total,
        fit_standard_uncertainty_bq_s=float(np.sqrt(((gradient * spread) ** 2).sum())),
        model_standard_uncertainty_bq_s=rest.model_standard_uncertainty_bq_s,
        identity_relative_standard_uncertainty=0.0,
        before_first_point_fraction=rest.before_first_point_fraction,
        extrapolated_fraction=rest.extrapolated_fraction,
        chi_squared=None,
        degrees_of_freedom=0,
        information_criterion=None,
        residuals_bq=rest.residuals_bq,
        alternatives=alternatives,
        weights=request.weights,
        tail=request.tail,
    )
    return replace(result, findings=_doubts(result, points, request.place))


@dataclass(frozen=True, eq=False)
class _Following:
    """What follows from a curve's shape and its alternatives, as in `FitResult`."""

    before_first_point_fraction: float
    extrapolated_fraction: float
    model_standard_uncertainty_bq_s: float
    residuals_bq: FloatArray


def _following(
    request: _Request,
    points: FittedPoints,
    shape: Shape,
    alternatives: FrozenMap[str, Shape],
    total_bq_s: float,
    *,
    prior: PriorPull | None,
) -> _Following:
    before, after = fractions_outside_points(shape, points.times_s)
    # A prior already carries what is not known of the half-life.
    late = 0.0 if prior is not None else unseen_late_fraction(request.curve, after)
    by_model = model_standard_uncertainty_bq_s(total_bq_s, before, alternatives, unseen_late_fraction=late)
    residuals = request.curve.activity_bq - shape_activity_bq(shape, request.curve.times_s)
    return _Following(before, after, by_model, read_only(residuals))


def _doubts(result: FitResult, points: FittedPoints, place: str) -> tuple[Finding, ...]:
    return (*fit_findings(result, points.uncertainty_bq, place), *prior_finding(result, place))
