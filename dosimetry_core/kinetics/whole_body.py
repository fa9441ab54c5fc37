"""Time-integrated activity of the whole body and of what is left of it beside the organs (methods 4.2).

Before anything is excreted the whole body holds what was administered, so the curve is tied to that activity at time
zero; the first scan, hours later, only shows what was kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import Finding, InconsistentCaseError, MissingDataError
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.kinetics import least_squares, models
from dosimetry_core.kinetics.covariance import sandwich_covariance, variance_inflation
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit_uncertainty import model_standard_uncertainty_bq_s
from dosimetry_core.kinetics.integrate import TrapezoidCurve
from dosimetry_core.kinetics.models import BI, MONO
from dosimetry_core.kinetics.result import (
    ExponentialShape,
    FitResult,
    Shape,
    fractions_outside_points,
    terminal_half_life_s,
)
from dosimetry_core.kinetics.weighting import NOMINAL_RELATIVE_UNCERTAINTY
from dosimetry_core.nuclide import decay_constant_per_s, nuclide
from dosimetry_core.units import MEGABECQUEREL_HOUR, PERCENT

FloatArray = NDArray[np.float64]
WholeBodyMethod = Literal["field-of-view", "measured"]

# The whole body can't hold more than what was administered and has not decayed, measurement uncertainty apart.
_MOST_OF_ADMINISTERED: Final = 1.05
_STARTS: Final = ((-0.5, 1.5, -1.0), (0.5, 0.5, 0.0), (-1.5, 2.5, -2.0))


def fit_whole_body(
    curve: TimeActivityCurve,
    *,
    administered_activity_bq: float,
    method: WholeBodyMethod,
    place: str = "",
) -> FitResult:
    """Fit the whole-body curve through the administered activity at time zero.

    Parameters
    ----------
    curve
        Whole-body activity at the included times (sum over the field of view, or measured), of one nuclide.
    administered_activity_bq
        At time zero.

    Returns
    -------
    FitResult
        From three points on a bi-exponential A₀ (f exp(−λ₁ t) + (1−f) exp(−λ₂ t)), λ₂ ≥ λ_physical; with one or two a
        mono-exponential, and a finding.

    Raises
    ------
    MissingDataError
        Without any point.
    """
    times, values = curve.fitted_times_s, curve.fitted_activity_bq
    if not administered_activity_bq > 0:
        raise ValueError("the administered activity must be positive")
    if times.size == 0 or not (values > 0).all() or times[0] <= 0:
        raise MissingDataError(
            "the whole-body activity is unknown" if times.size == 0 else "a whole-body activity is not positive",
            where=place,
            remedy="add whole-body measurements, or images that hold the whole body",
        )
    physics = nuclide(curve.nuclide)
    measured = curve.fitted_uncertainty_bq
    spread = NOMINAL_RELATIVE_UNCERTAINTY * values if measured is None else measured
    lowest = physics.decay_constant_per_s
    if times.size >= 3:
        shape, jacobian = _bi_exponential(times, values, administered_activity_bq, lowest)
    else:
        shape, jacobian = _mono_exponential(times, values, administered_activity_bq, lowest)
    total, gradient = shape.family.time_integrated_activity_and_gradient(shape.natural)
    fitted, by_natural = shape.family.activity_and_jacobian(shape.natural, times)
    count = jacobian.shape[1]
    chi_squared = float((((values - fitted) / spread) ** 2).sum())
    variances = spread**2 * variance_inflation(chi_squared, times.size - count)
    inner = sandwich_covariance(by_natural @ jacobian, 1 / values**2, variances)
    covariance = jacobian @ inner @ jacobian.T
    before, after = fractions_outside_points(shape, times)
    anchored_times = np.concatenate(([0.0], times))
    anchored_values = np.concatenate(([administered_activity_bq], values))
    through_points = TrapezoidCurve(read_only(anchored_times), read_only(anchored_values), lowest)
    alternatives: FrozenMap[str, Shape] = FrozenMap({"log-trapezoid": through_points})
    names = shape.family.parameter_names
    result = FitResult(
        model=shape.family.name,
        requested_model=BI.name,
        curve=curve,
        physical_half_life_s=physics.physical_half_life_s,
        shape=shape,
        parameters=FrozenMap(dict(zip(names, (float(v) for v in shape.natural), strict=True))),
        covariance_names=names,
        covariance=read_only(covariance),
        covariance_convention="curve tied to the administered activity at time zero; "
        + ("measured uncertainties of the points" if measured is not None else "nominal 5 % of each activity"),
        bounds_active=(),
        unbounded_decay_constant_per_s=None,
        effective_half_life_s=terminal_half_life_s(shape),
        time_integrated_activity_bq_s=total,
        fit_standard_uncertainty_bq_s=math.sqrt(max(float(gradient @ covariance @ gradient), 0.0)),
        # The curve is tied down before the first point, so only the difference of models counts.
        model_standard_uncertainty_bq_s=model_standard_uncertainty_bq_s(total, 0.0, alternatives),
        identity_relative_standard_uncertainty=0.0,
        before_first_point_fraction=before,
        extrapolated_fraction=after,
        chi_squared=chi_squared,
        degrees_of_freedom=times.size - count,
        information_criterion=None,
        residuals_bq=read_only(curve.activity_bq - models.activity_bq(shape.terms, curve.times_s)),
        alternatives=alternatives,
    )
    return replace(result, findings=_findings(result, administered_activity_bq, method, place))


def _mono_exponential(
    times: FloatArray, values: FloatArray, administered: float, lowest: float
) -> tuple[ExponentialShape, FloatArray]:
    # Least squares of ln(A/A₀) = −λ t, which proportional weights make of the anchored curve.
    rate = max(lowest, float(-(times @ np.log(values / administered)) / (times @ times)))
    return ExponentialShape(MONO, read_only(np.array([administered, rate]))), np.array([[0.0], [1.0]])


def _bi_exponential(
    times: FloatArray, values: FloatArray, administered: float, lowest: float
) -> tuple[ExponentialShape, FloatArray]:
    scale = float(times[-1])
    t, y, floor = times / scale, values / administered, lowest * scale
    # Nothing can be told of a phase that has gone by the first point but how much of it has gone.
    ceiling = math.log(1e3) / float(t[0])

    def natural_and_derivative(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        share = 1 / (1 + math.exp(-min(max(theta[0], -40.0), 40.0)))
        slow_step = math.exp(min(max(theta[2], -40.0), 40.0))
        slow = floor + slow_step
        room = max(ceiling - slow, 1e-3 * ceiling)
        part = 1 / (1 + math.exp(-min(max(theta[1], -40.0), 40.0)))
        fast = slow + room * part
        derivative = np.zeros((4, 3))
        derivative[0, 0] = share * (1 - share)
        derivative[1, 0] = -derivative[0, 0]
        derivative[2, 1] = room * part * (1 - part)
        derivative[2, 2] = slow_step * (1 - part)
        derivative[3, 2] = slow_step
        return np.array([share, 1 - share, fast, slow]), derivative

    def model(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        natural, derivative = natural_and_derivative(theta)
        f, jacobian = BI.activity_and_jacobian(natural, t)
        return f, jacobian @ derivative

    weights = 1 / y**2
    found = [least_squares.minimum(model, np.array(start), y, weights) for start in _STARTS]
    theta, _ = min(found, key=lambda pair: pair[1])
    natural, derivative = natural_and_derivative(theta)
    units = np.array([administered, administered, 1 / scale, 1 / scale])
    return ExponentialShape(BI, read_only(natural * units)), derivative * units[:, None]


def _findings(fit: FitResult, administered: float, method: WholeBodyMethod, place: str) -> tuple[Finding, ...]:
    found = []
    curve = fit.curve
    times, values = curve.fitted_times_s, curve.fitted_activity_bq
    kept = values / (administered * np.exp(-decay_constant_per_s(fit.physical_half_life_s) * times))
    if method == "field-of-view":
        text = (
            "whole-body activity is the sum over the field of view; the first scan holds "
            f"{PERCENT.text(float(kept[0]), digits=0)} of what was administered (decay corrected); what lies outside "
            "the images is missing from the remainder"
        )
        found.append(Finding("whole-body-field-of-view", "info", text, place))
    if times.size < 3:
        text = f"{times.size} whole-body measurement(s): a mono-exponential from the administered activity was used"
        found.append(Finding("few-whole-body-points", "warning", text, place))
    if float(kept.max()) > _MOST_OF_ADMINISTERED:
        text = (
            f"the whole-body activity is {PERCENT.text(float(kept.max()), digits=0)} of what was administered and "
            "has not decayed: check calibration, units and times"
        )
        found.append(Finding("whole-body-above-administered", "error", text, place))
    return tuple(found)


@dataclass(frozen=True)
class Remainder:
    """Time-integrated activity of the rest of the body, with its standard uncertainty."""

    time_integrated_activity_bq_s: float
    standard_uncertainty_bq_s: float
    findings: tuple[Finding, ...] = ()


def remainder(
    whole_body: FitResult,
    *,
    organs_bq_s: Mapping[str, float],
    organ_standard_uncertainties_bq_s: Mapping[str, float],
    red_marrow_bq_s: float,
    lesions_bq_s: float = 0.0,
    place: str = "",
) -> Remainder:
    """Rest of body = whole body − red marrow − Σ organs.

    Parameters
    ----------
    organs_bq_s, organ_standard_uncertainties_bq_s
        Source organs with S values of their own (kidneys, liver, spleen), lesions inside them counted with them.
    lesions_bq_s
        Lesions outside those organs: they stay in the remainder, and a finding says how much they are.

    Raises
    ------
    InconsistentCaseError
        If the parts hold more than the whole.
    """
    parts = sum(organs_bq_s.values()) + red_marrow_bq_s
    rest = whole_body.time_integrated_activity_bq_s - parts
    if rest < 0:
        raise InconsistentCaseError(
            f"organs and red marrow hold {MEGABECQUEREL_HOUR.text(parts)}, the whole body only "
            f"{MEGABECQUEREL_HOUR.text(whole_body.time_integrated_activity_bq_s)}",
            where=place or "whole body",
            remedy="check the whole-body measurement, the calibration and the VOIs",
        )
    spread = math.hypot(
        whole_body.time_integrated_activity_standard_uncertainty_bq_s, *organ_standard_uncertainties_bq_s.values()
    )
    findings = []
    if lesions_bq_s > 0:
        text = (
            f"lesions hold {MEGABECQUEREL_HOUR.text(lesions_bq_s)} and are left in the remainder "
            f"({PERCENT.text(lesions_bq_s / rest if rest else 1.0, digits=0)} of it)"
        )
        findings.append(Finding("lesions-in-remainder", "info", text, place))
    return Remainder(rest, spread, tuple(findings))
