"""What a fit returns: the curve with its time-integrated activity, uncertainty and doubts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import Finding
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics import models
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.integrate import TrapezoidCurve
from dosimetry_core.kinetics.models import ExponentialFamily, ExponentialTerm
from dosimetry_core.nuclide import half_life_s

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ExponentialShape:
    """A sum of exponentials: the family and its natural parameters."""

    family: ExponentialFamily
    natural: FloatArray

    @property
    def terms(self) -> tuple[ExponentialTerm, ...]:
        """Exponential terms, uptake last."""
        return self.family.terms(self.natural)


Shape = ExponentialShape | TrapezoidCurve


def shape_time_integrated_activity_bq_s(shape: Shape) -> float:
    """Time-integrated activity of a curve shape over all time."""
    if isinstance(shape, TrapezoidCurve):
        return shape.time_integrated_activity_bq_s
    return models.time_integrated_activity_bq_s(shape.terms)


@dataclass(frozen=True, eq=False)
class FitResult:
    """A curve fitted to the measured points of one nuclide, or derived from another nuclide's fit.

    Parameters
    ----------
    model
        Model of the curve returned, a name of the case-file contract.
    requested_model
        What was asked for; differs for ``automatic``, and where a phase could not be seen in the points.
    curve
        The measured points, exclusions marked.
    shape
        Sum of exponentials, or piecewise curve.
    parameters
        Named parameters with their unit in the name, as in results.json.
    covariance_names, covariance
        Parameters that were free, and their covariance, shape (n_free, n_free).
    covariance_convention
        One sentence: whose uncertainties the covariance rests on.
    bounds_active
        Parameters that lie on their bound; their standard errors are not valid.
    unbounded_decay_constant_per_s
        What a mono-exponential fit without T_eff ≤ T_phys would give, where that bound is active, else None.
    fit_standard_uncertainty_bq_s
        Of the time-integrated activity, from the scatter of the points (random).
    model_standard_uncertainty_bq_s
        Of the time-integrated activity, from the choice of model and the unseen early phase (common to all cycles).
    identity_relative_standard_uncertainty
        Of a curve derived from another nuclide's: that both share one biodistribution; else 0.
    before_first_point_fraction, extrapolated_fraction
        Parts of the time-integrated activity before the first and after the last included point.
    chi_squared, degrees_of_freedom
        Σ ((A_i − f_i)/u_i)² with the uncertainties of ``covariance_convention``; None where only relative weights
        are known.
    information_criterion
        AICc; None where it is not defined (n ≤ K + 1) or not meaningful (trapezoid, derived curve).
    residuals_bq
        Measured minus fitted, at all points (excluded too).
    alternatives
        Other plausible shapes by model name, from which the model uncertainty was estimated.
    derived_from
        Nuclide whose fit this was derived from, or None.
    """

    model: str
    requested_model: str
    curve: TimeActivityCurve
    physical_half_life_s: float
    shape: Shape
    parameters: FrozenMap[str, float]
    covariance_names: tuple[str, ...]
    covariance: FloatArray
    covariance_convention: str
    bounds_active: tuple[str, ...]
    unbounded_decay_constant_per_s: float | None
    effective_half_life_s: float
    time_integrated_activity_bq_s: float
    fit_standard_uncertainty_bq_s: float
    model_standard_uncertainty_bq_s: float
    identity_relative_standard_uncertainty: float
    before_first_point_fraction: float
    extrapolated_fraction: float
    chi_squared: float | None
    degrees_of_freedom: int
    information_criterion: float | None
    residuals_bq: FloatArray
    alternatives: FrozenMap[str, Shape] = field(default_factory=FrozenMap)
    derived_from: str | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def terms(self) -> tuple[ExponentialTerm, ...]:
        """Exponential terms; empty for a trapezoid."""
        return self.shape.terms if isinstance(self.shape, ExponentialShape) else ()

    @property
    def time_integrated_activity_standard_uncertainty_bq_s(self) -> float:
        """Standard uncertainty (k = 1): fit, model choice and identity assumption in quadrature."""
        identity = self.identity_relative_standard_uncertainty * self.time_integrated_activity_bq_s
        return math.hypot(self.fit_standard_uncertainty_bq_s, self.model_standard_uncertainty_bq_s, identity)

    @property
    def fit_relative_standard_uncertainty(self) -> float:
        """Random relative standard uncertainty of the time-integrated activity."""
        return self.fit_standard_uncertainty_bq_s / self.time_integrated_activity_bq_s

    @property
    def model_relative_standard_uncertainty(self) -> float:
        """Relative standard uncertainty by model choice and identity assumption, alike in every cycle."""
        relative = self.model_standard_uncertainty_bq_s / self.time_integrated_activity_bq_s
        return math.hypot(relative, self.identity_relative_standard_uncertainty)

    @property
    def parameter_standard_uncertainties(self) -> FrozenMap[str, float]:
        """Standard uncertainty of each free parameter, in the unit of its name."""
        spread = np.sqrt(np.diag(self.covariance)) if self.covariance.size else np.empty(0)
        return FrozenMap(dict(zip(self.covariance_names, (float(s) for s in spread), strict=True)))

    def activity_bq(self, times_s: FloatArray) -> FloatArray:
        """Fitted activity at times ≥ 0 after the middle of the infusion, shape of ``times_s``."""
        times = np.asarray(times_s, dtype=np.float64)
        if isinstance(self.shape, TrapezoidCurve):
            return self.shape.activity_at_bq(times)
        return models.activity_bq(self.shape.terms, times)

    def activity_standard_uncertainty_bq(self, times_s: FloatArray) -> FloatArray:
        """Standard uncertainty of the fitted activity (the band of a plot), shape of ``times_s``.

        For a sum of exponentials by the covariance of the free parameters; for a trapezoid and for the identity
        assumption by the relative uncertainty of the time-integrated activity.
        """
        times = np.asarray(times_s, dtype=np.float64)
        values = self.activity_bq(times)
        if isinstance(self.shape, TrapezoidCurve):
            relative = self.time_integrated_activity_standard_uncertainty_bq_s / self.time_integrated_activity_bq_s
            return np.abs(values) * relative
        _, jacobian = self.shape.family.activity_and_jacobian(self.shape.natural, np.atleast_1d(times).ravel())
        columns = [self.shape.family.parameter_names.index(name) for name in self.covariance_names]
        free = jacobian[:, columns]
        variance = np.einsum("ij,jk,ik->i", free, self.covariance, free).reshape(times.shape)
        identity = self.identity_relative_standard_uncertainty * values
        return np.asarray(np.sqrt(np.maximum(variance, 0.0) + identity**2))


def terminal_half_life_s(shape: Shape) -> float:
    """Effective half-life of the slowest phase of a curve."""
    if isinstance(shape, TrapezoidCurve):
        return half_life_s(shape.tail_decay_constant_per_s)
    return half_life_s(min(term.decay_constant_per_s for term in shape.terms))


def fractions_outside_points(shape: Shape, times_s: FloatArray) -> tuple[float, float]:
    """Parts of the time-integrated activity before the first and after the last of the given times."""
    if isinstance(shape, TrapezoidCurve):
        total = shape.time_integrated_activity_bq_s
        return shape.head_bq_s / total, shape.tail_bq_s / total
    terms = shape.terms
    total = models.time_integrated_activity_bq_s(terms)
    before = models.time_integrated_activity_bq_s(terms, end_s=float(times_s[0]))
    after = models.time_integrated_activity_bq_s(terms, begin_s=float(times_s[-1]))
    return before / total, after / total
