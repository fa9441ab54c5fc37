"""Fits a model to a time–activity curve and returns the time-integrated activity with its uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx

from dosimetry_core.errors import DosimetryError, FitError
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.kinetics import selection
from dosimetry_core.kinetics.covariance import sandwich_covariance, variance_inflation
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.exponential_fit import FamilyFit, fit_family
from dosimetry_core.kinetics.fit_findings import fit_findings, reduced_finding, selection_finding
from dosimetry_core.kinetics.integrate import TrapezoidCurve
from dosimetry_core.kinetics.models import BI, FAMILIES, MONO, TRI_UPTAKE, UPTAKE, ExponentialFamily
from dosimetry_core.kinetics.result import (
    ExponentialShape,
    FitResult,
    Shape,
    fractions_outside_points,
    shape_time_integrated_activity_bq_s,
    terminal_half_life_s,
)
from dosimetry_core.nuclide import decay_constant_per_s, nuclide

FloatArray = NDArray[np.float64]
Model = Literal[
    "mono-exponential",
    "bi-exponential",
    "bi-exponential-uptake",
    "tri-exponential-uptake",
    "log-trapezoid",
    "automatic",
]
Weights = Literal["proportional", "uniform", "poisson"]

# Between-scan uncertainty assumed where none was measured: the lower end of 5 to 10 % (methods 2.2).
NOMINAL_RELATIVE_UNCERTAINTY: Final = 0.05
# The unseen phase before the first point may hold between half and one and a half times what the model says
# (a straight line from zero against a decaying early phase): a rectangular distribution of that half-width.
EARLY_PHASE_RELATIVE_UNCERTAINTY: Final = 0.5 / math.sqrt(3)
# Two defensible models are the ends of a rectangular distribution centred on the chosen one.
MODEL_DIFFERENCE_TO_STANDARD_UNCERTAINTY: Final = 1 / math.sqrt(3)
# An alternative is plausible while χ² per degree of freedom is no more than this.
_PLAUSIBLE_REDUCED_CHI_SQUARED: Final = 4.0

_MEASURED: Final = "measured uncertainties of the points, inflated by χ²/(n−p) where that is above 1"
_NOMINAL: Final = "nominal 5 % of each activity, inflated by χ²/(n−p) where that is above 1"
_RELATIVE: Final = "relative weights only, scaled by χ²/(n−p)"


@dataclass(frozen=True, eq=False)
class _Points:
    """Included points, their weights and, where known, their absolute uncertainties."""

    times_s: FloatArray
    activity_bq: FloatArray
    weights: FloatArray
    uncertainty_bq: FloatArray | None
    convention: str
    slowest_per_s: float


def fit_curve(
    curve: TimeActivityCurve,
    *,
    model: Model = "mono-exponential",
    weights: Weights = "proportional",
    physical_half_life_s: float | None = None,
    place: str = "",
) -> FitResult:
    """Fit a model to the included points of a curve.

    Parameters
    ----------
    model
        ``automatic`` takes the best corrected information criterion among the models for which it is defined; if that
        model plainly does not describe the points, the first that does with a degree of freedom left, else the
        log-trapezoid.
    weights
        ``proportional``: 1/A²; ``uniform``: 1; ``poisson``: 1/A. Measured uncertainties of the points do not change the
        weights, they enter the covariance.
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
    scatter beyond that is misfit, and is covered by the model uncertainty.
    """
    half_life = nuclide(curve.nuclide).physical_half_life_s if physical_half_life_s is None else physical_half_life_s
    try:
        points = _points(curve, weights, decay_constant_per_s(half_life))
        if model == "automatic":
            return _automatic(curve, points, half_life, place)
        if model == "log-trapezoid":
            return _trapezoid_result(curve, points, half_life, place)
        if model not in FAMILIES:
            raise ValueError(f"unknown model {model!r}")
        return _family_result(curve, points, FAMILIES[model], half_life, place)
    except FitError as error:
        raise (error if error.where else FitError(error.what, where=place, remedy=error.remedy)) from error


def _points(curve: TimeActivityCurve, weights: Weights, slowest_per_s: float) -> _Points:
    times, values = curve.fitted_times_s, curve.fitted_activity_bq
    if times.size < 2:
        raise FitError(
            f"{times.size} time point is not enough for a curve" if times.size else "no time point is included",
            remedy="add time points, or use a single-time-point method",
        )
    if weights != "uniform" and not (values > 0).all():
        raise FitError(
            f"{weights} weights need positive activities",
            remedy="exclude the time point, or choose uniform weights",
        )
    measured = curve.fitted_uncertainty_bq
    if weights == "uniform":
        factors = np.ones(values.size)
    elif weights == "poisson":
        factors = 1.0 / values
    else:
        factors = 1.0 / (NOMINAL_RELATIVE_UNCERTAINTY * values) ** 2
    if measured is not None:
        return _Points(times, values, factors, measured, _MEASURED, slowest_per_s)
    if weights == "proportional":
        return _Points(times, values, factors, NOMINAL_RELATIVE_UNCERTAINTY * values, _NOMINAL, slowest_per_s)
    return _Points(times, values, factors, None, _RELATIVE, slowest_per_s)


def _automatic(curve: TimeActivityCurve, points: _Points, half_life_s: float, place: str) -> FitResult:
    number = points.times_s.size
    candidates = []
    for family in (MONO, UPTAKE, BI, TRI_UPTAKE):
        if family.parameter_count < number:
            fit = _family_result(curve, points, family, half_life_s, place)
            if fit.model == family.name and (family is MONO or not fit.bounds_active):
                candidates.append(fit)
    if not candidates:
        return replace(_family_result(curve, points, MONO, half_life_s, place), requested_model="automatic")
    ranking = selection.ranked(candidates)
    chosen = ranking[0] if ranking else candidates[0]
    reason = "information-criterion" if ranking else "only-model"
    if not selection.describes_points(chosen):
        others = [fit for fit in candidates if fit is not chosen and selection.describes_points(fit)]
        if others:
            chosen, reason = others[0], "goodness-of-fit"
        else:
            chosen, reason = _trapezoid_result(curve, points, half_life_s, place), "no-model-describes"
    finding = selection_finding(chosen, reason, [fit.model for fit in ranking], place)
    return replace(chosen, requested_model="automatic", findings=(finding, *chosen.findings))


def _family_result(
    curve: TimeActivityCurve, points: _Points, family: ExponentialFamily, half_life_s: float, place: str
) -> FitResult:
    found = _fit(points, family)
    fitted = ExponentialShape(found.family, read_only(found.natural))
    names, covariance, fit_u, chi_squared = _covariance(points, found)
    number, count = points.times_s.size, len(names)
    alternatives = _alternatives(points, fitted, chi_squared, number - count)
    result = FitResult(
        model=found.family.name,
        requested_model=family.name,
        curve=curve,
        physical_half_life_s=half_life_s,
        shape=fitted,
        parameters=FrozenMap(dict(zip(found.family.parameter_names, (float(v) for v in found.natural), strict=True))),
        covariance_names=names,
        covariance=read_only(covariance),
        covariance_convention=points.convention,
        bounds_active=found.fixed,
        unbounded_decay_constant_per_s=found.unbounded_decay_constant_per_s,
        effective_half_life_s=terminal_half_life_s(fitted),
        time_integrated_activity_bq_s=shape_time_integrated_activity_bq_s(fitted),
        fit_standard_uncertainty_bq_s=fit_u,
        model_standard_uncertainty_bq_s=0.0,
        identity_relative_standard_uncertainty=0.0,
        before_first_point_fraction=0.0,
        extrapolated_fraction=0.0,
        chi_squared=chi_squared,
        degrees_of_freedom=number - count,
        information_criterion=_criterion(points, found, chi_squared),
        residuals_bq=curve.activity_bq,
        alternatives=alternatives,
    )
    result = _completed(result, points, place)
    if found.unseen_phases:
        result = replace(result, findings=(reduced_finding(result, found.unseen_phases, place), *result.findings))
    return result


def _fit(points: _Points, family: ExponentialFamily) -> FamilyFit:
    return fit_family(
        family,
        points.times_s,
        points.activity_bq,
        points.weights,
        smallest_decay_constant_per_s=points.slowest_per_s,
    )


def _trapezoid_result(curve: TimeActivityCurve, points: _Points, half_life_s: float, place: str) -> FitResult:
    shape = TrapezoidCurve(points.times_s, points.activity_bq, points.slowest_per_s)
    spread = points.uncertainty_bq
    if spread is None:
        raise FitError(
            "the uncertainty of a trapezoid needs uncertainties of the points",
            remedy="choose proportional weights, or give measured uncertainties",
        )
    gradient = shape.gradient()
    result = FitResult(
        model="log-trapezoid",
        requested_model="log-trapezoid",
        curve=curve,
        physical_half_life_s=half_life_s,
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
        covariance_convention=_MEASURED if points.convention == _MEASURED else _NOMINAL,
        bounds_active=("tail_decay_constant_per_s",) if shape.tail_decay_constant_per_s <= points.slowest_per_s else (),
        unbounded_decay_constant_per_s=None,
        effective_half_life_s=terminal_half_life_s(shape),
        time_integrated_activity_bq_s=shape.time_integrated_activity_bq_s,
        fit_standard_uncertainty_bq_s=float(np.sqrt(((gradient * spread) ** 2).sum())),
        model_standard_uncertainty_bq_s=0.0,
        identity_relative_standard_uncertainty=0.0,
        before_first_point_fraction=0.0,
        extrapolated_fraction=0.0,
        chi_squared=None,
        degrees_of_freedom=0,
        information_criterion=None,
        residuals_bq=curve.activity_bq,
        alternatives=_alternatives(points, shape, None, 0),
    )
    return _completed(result, points, place)


def _completed(result: FitResult, points: _Points, place: str) -> FitResult:
    """Fractions, model uncertainty, residuals and findings, which follow from the shape."""
    before, after = fractions_outside_points(result.shape, points.times_s)
    total = result.time_integrated_activity_bq_s
    result = replace(
        result,
        before_first_point_fraction=before,
        extrapolated_fraction=after,
        model_standard_uncertainty_bq_s=model_standard_uncertainty_bq_s(total, before, result.alternatives),
    )
    residuals = result.curve.activity_bq - result.activity_bq(result.curve.times_s)
    result = replace(result, residuals_bq=read_only(residuals))
    return replace(result, findings=fit_findings(result, points.uncertainty_bq, place))


def model_standard_uncertainty_bq_s(
    time_integrated_activity_bq_s: float, before_first_point_fraction: float, alternatives: FrozenMap[str, Shape]
) -> float:
    """Standard uncertainty by the choice of model and by the phase before the first point.

    The largest difference to a plausible other model is the half-width of a rectangular distribution; the unseen early
    part carries `EARLY_PHASE_RELATIVE_UNCERTAINTY` of itself.
    """
    differences = [
        abs(shape_time_integrated_activity_bq_s(shape) - time_integrated_activity_bq_s)
        for shape in alternatives.values()
    ]
    by_model = max(differences, default=0.0) * MODEL_DIFFERENCE_TO_STANDARD_UNCERTAINTY
    early = EARLY_PHASE_RELATIVE_UNCERTAINTY * before_first_point_fraction * time_integrated_activity_bq_s
    return math.hypot(by_model, early)


def _alternatives(
    points: _Points, chosen: Shape, chi_squared: float | None, degrees_of_freedom: int
) -> FrozenMap[str, Shape]:
    """Other models that describe the points: the trapezoid, and families that keep a degree of freedom."""
    found: dict[str, Shape] = {}
    own = chosen.family if isinstance(chosen, ExponentialShape) else None
    number = points.times_s.size
    if own is not None and number > 2 and points.activity_bq[-1] > 0 and points.activity_bq[-2] > 0:
        found["log-trapezoid"] = TrapezoidCurve(points.times_s, points.activity_bq, points.slowest_per_s)
    limit = _PLAUSIBLE_REDUCED_CHI_SQUARED
    if chi_squared is not None and degrees_of_freedom > 0:
        limit = max(limit, chi_squared / degrees_of_freedom)
    for family in (MONO, UPTAKE, BI):
        freedom = number - family.parameter_count
        if family is own or freedom < 1 or family.name == getattr(own, "name", None):
            continue
        try:
            other = _fit(points, family)
        except DosimetryError:
            continue
        if other.family is not family or (family is not MONO and other.fixed):
            continue
        fitted, _ = family.activity_and_jacobian(other.natural, points.times_s)
        if points.uncertainty_bq is not None:
            reduced = float((((points.activity_bq - fitted) / points.uncertainty_bq) ** 2).sum()) / freedom
            if reduced > limit:
                continue
        found[family.name] = ExponentialShape(family, read_only(other.natural))
    return FrozenMap(found)


def _covariance(points: _Points, found: FamilyFit) -> tuple[tuple[str, ...], FloatArray, float, float | None]:
    """Names and covariance of the free parameters, u(Ã) by gᵀVg, and χ² with believed uncertainties."""
    family = found.family
    fitted, jacobian = family.activity_and_jacobian(found.natural, points.times_s)
    residual = points.activity_bq - fitted
    names = family.parameter_names
    free = [number for number, name in enumerate(names) if name not in found.fixed]
    freedom = points.times_s.size - len(free)
    weighted_sum = float((points.weights * residual**2).sum())
    if points.uncertainty_bq is None:
        if freedom < 1:
            raise FitError(
                f"{points.times_s.size} points leave no degree of freedom to scale relative weights by",
                remedy="choose proportional weights, or give measured uncertainties",
            )
        variances = weighted_sum / freedom / points.weights
        chi_squared, inflation = None, 1.0
    else:
        variances = points.uncertainty_bq**2
        chi_squared = float((residual**2 / variances).sum())
        inflation = variance_inflation(chi_squared, freedom)
    _, gradient = family.time_integrated_activity_and_gradient(found.natural)
    covariance = sandwich_covariance(jacobian[:, free], points.weights, variances * inflation)
    spread = float(gradient[free] @ covariance @ gradient[free])
    if "decay_constant_per_s" in found.fixed and len(names) <= points.times_s.size:
        # A constant at its bound may still lie off it: u(Ã) keeps its spread, although its own standard error is void.
        full = sandwich_covariance(jacobian, points.weights, variances * inflation)
        place = names.index("decay_constant_per_s")
        off_bound = _one_sided_variance(found, full[place, place], found.natural[place])
        spread += max(float(gradient @ full @ gradient) - spread, 0.0) * off_bound
    return tuple(names[number] for number in free), covariance, math.sqrt(max(spread, 0.0)), chi_squared


def _one_sided_variance(found: FamilyFit, variance: float, bound: float) -> float:
    """Mean square distance from its bound of a constant that can lie on one side only, over the free variance.

    For a normal distribution whose centre lies k standard deviations beyond the bound, cut there:
    1 + k² − k h(k), h = density/(1 − distribution); 1 for k = 0, towards 0 the further beyond.
    """
    if found.unbounded_decay_constant_per_s is None or variance <= 0:
        return 1.0
    k = max((bound - found.unbounded_decay_constant_per_s) / math.sqrt(variance), 0.0)
    hazard = math.sqrt(2 / math.pi) / float(erfcx(k / math.sqrt(2)))
    return max(1 + k**2 - k * hazard, 0.0)


def _criterion(points: _Points, found: FamilyFit, chi_squared: float | None) -> float | None:
    number, parameters = points.times_s.size, found.family.parameter_count
    if chi_squared is not None:
        return selection.corrected_information_criterion(chi_squared, number, parameters)
    fitted, _ = found.family.activity_and_jacobian(found.natural, points.times_s)
    squares = float((points.weights * (points.activity_bq - fitted) ** 2).sum())
    return selection.corrected_information_criterion_unknown_scale(squares, number, parameters)
