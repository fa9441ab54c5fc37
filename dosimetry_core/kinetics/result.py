"""What a fit returns: the curve with its time-integrated activity, uncertainty and doubts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from dosimetry_core.errors import Finding
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.kinetics import models
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.integrate import TrapezoidCurve
from dosimetry_core.kinetics.models import ExponentialFamily, ExponentialTerm
from dosimetry_core.kinetics.weighting import MEASURED, Tail, Weights
from dosimetry_core.nuclide import half_life_s

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ExponentialShape:
    """A sum of exponentials: the family and its natural parameters."""

    family: ExponentialFamily
    natural: FloatArray

    @cached_property
    def terms(self) -> tuple[ExponentialTerm, ...]:
        """Exponential terms, uptake last."""
        return self.family.terms(self.natural)

    @cached_property
    def time_integrated_activity_bq_s(self) -> float:
        """Over all time."""
        return models.time_integrated_activity_bq_s(self.terms)

    @cached_property
    def time_integrated_activity_gradient(self) -> FloatArray:
        """By the natural parameters, shape (n_parameters,)."""
        _, gradient = self.family.time_integrated_activity_and_gradient(self.natural)
        return read_only(gradient)


@dataclass(frozen=True, eq=False)
class AveragedShape:
    """Weighted mean of sums of exponentials, which is one again: (weight, shape), weights adding up to 1."""

    parts: tuple[tuple[float, ExponentialShape], ...]

    @cached_property
    def terms(self) -> tuple[ExponentialTerm, ...]:
        """Exponential terms of all parts, amplitudes weighted."""
        return tuple(
            ExponentialTerm(weight * term.amplitude_bq, term.decay_constant_per_s)
            for weight, shape in self.parts
            for term in shape.terms
        )

    @cached_property
    def time_integrated_activity_bq_s(self) -> float:
        """Over all time."""
        return models.time_integrated_activity_bq_s(self.terms)


Shape = ExponentialShape | AveragedShape | TrapezoidCurve


@dataclass(frozen=True)
class FitCandidate:
    """One model that was compared with others for the same points.

    ``information_criterion`` and ``weight`` (Akaike's) are None where AICc is not defined: such a model is never best.
    """

    model: str
    parameters: FrozenMap[str, float]
    time_integrated_activity_bq_s: float
    fit_standard_uncertainty_bq_s: float
    chi_squared: float | None
    information_criterion: float | None
    weight: float | None


@dataclass(frozen=True)
class PriorPull:
    """What a prior half-life did to a fit.

    Parameters
    ----------
    kind, effective_half_life_s, ln_standard_deviation, source
        The prior: median, standard deviation of ln T, and where it is from.
    distance
        (ln T_fit − ln T_prior)/standard deviation: how far the points moved the half-life away from the prior.
    effective_half_life_without_s, time_integrated_activity_without_bq_s
        Of the same fit without the prior; None if the points alone make no curve.
    """

    kind: str
    effective_half_life_s: float
    ln_standard_deviation: float
    source: str
    distance: float
    effective_half_life_without_s: float | None
    time_integrated_activity_without_bq_s: float | None


@dataclass(frozen=True)
class SingleScan:
    """How one scan was turned into a time-integrated activity, and how wrong that can be.

    Parameters
    ----------
    method
        ``two-t-over-ln2``, ``population`` or ``previous-cycle``.
    time_point
        Number of the scan that was used (1 = first).
    effective_half_life_s, ln_standard_deviation, source
        What was believed of the half-life in judging the error: median and standard deviation of ln T; None without.
    relative_bias, relative_standard_uncertainty
        Mean and root mean square of (true − stated)/stated over that distribution of half-lives.
    """

    method: str
    time_point: int
    effective_half_life_s: float
    ln_standard_deviation: float
    source: str
    relative_bias: float
    relative_standard_uncertainty: float


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
    weights, tail
        Settings of the fit.
    candidates
        Models compared by ``automatic`` and ``model-average``.
    prior
        What a prior half-life did; None without one.
    single_scan
        How a single scan was used; None for a curve through several.
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
    weights: Weights = "proportional"
    tail: Tail = "fitted"
    candidates: tuple[FitCandidate, ...] = ()
    prior: PriorPull | None = None
    single_scan: SingleScan | None = None

    @cached_property
    def terms(self) -> tuple[ExponentialTerm, ...]:
        """Exponential terms; empty for a trapezoid."""
        return () if isinstance(self.shape, TrapezoidCurve) else self.shape.terms

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

    def interval_bq_s(self, coverage: float = 0.9, *, if_model_is_right: bool = False) -> tuple[float, float]:
        """Coverage interval of the time-integrated activity.

        The part from the scatter of the points has the factor of Student's distribution where its size was learnt from
        that scatter, else that of a normal one; the other parts are normal. ``if_model_is_right``: of the scatter
        alone.
        """
        normal = float(ndtri((1 + coverage) / 2))
        factor = normal
        if self.scatter_degrees_of_freedom is not None:
            factor = float(stdtrit(self.scatter_degrees_of_freedom, (1 + coverage) / 2))
        half = factor * self.fit_standard_uncertainty_bq_s
        if not if_model_is_right:
            identity = self.identity_relative_standard_uncertainty * self.time_integrated_activity_bq_s
            half = math.hypot(half, normal * self.model_standard_uncertainty_bq_s, normal * identity)
        return self.time_integrated_activity_bq_s - half, self.time_integrated_activity_bq_s + half

    @property
    def scatter_degrees_of_freedom(self) -> int | None:
        """Degrees of freedom where the size of the points' uncertainties was learnt from their scatter, else None."""
        if self.degrees_of_freedom < 1 or not self.terms or self.covariance_convention == MEASURED:
            return None
        learnt = self.chi_squared is None or self.chi_squared > self.degrees_of_freedom
        return self.degrees_of_freedom if learnt else None

    @property
    def parameter_standard_uncertainties(self) -> FrozenMap[str, float]:
        """Standard uncertainty of each free parameter, in the unit of its name."""
        spread = np.sqrt(np.diag(self.covariance)) if self.covariance.size else np.empty(0)
        return FrozenMap(dict(zip(self.covariance_names, (float(s) for s in spread), strict=True)))

    def activity_bq(self, times_s: FloatArray) -> FloatArray:
        """Fitted activity at times ≥ 0 after the middle of the infusion, shape of ``times_s``."""
        return shape_activity_bq(self.shape, np.asarray(times_s, dtype=np.float64))

    def activity_standard_uncertainty_bq(self, times_s: FloatArray) -> FloatArray:
        """Standard uncertainty of the fitted activity (the band of a plot), shape of ``times_s``.

        For a sum of exponentials by the covariance of the free parameters; for a trapezoid, an average and the identity
        assumption by the relative uncertainty of the time-integrated activity.
        """
        times = np.asarray(times_s, dtype=np.float64)
        values = self.activity_bq(times)
        if not isinstance(self.shape, ExponentialShape):
            relative = self.time_integrated_activity_standard_uncertainty_bq_s / self.time_integrated_activity_bq_s
            return np.abs(values) * relative
        _, jacobian = self.shape.family.activity_and_jacobian(self.shape.natural, np.atleast_1d(times).ravel())
        columns = [self.shape.family.parameter_names.index(name) for name in self.covariance_names]
        free = jacobian[:, columns]
        variance = np.einsum("ij,jk,ik->i", free, self.covariance, free).reshape(times.shape)
        identity = self.identity_relative_standard_uncertainty * values
        return np.asarray(np.sqrt(np.maximum(variance, 0.0) + identity**2))


def shape_activity_bq(shape: Shape, times_s: FloatArray) -> FloatArray:
    """Activity of a curve at times ≥ 0, shape of ``times_s``."""
    if isinstance(shape, TrapezoidCurve):
        return shape.activity_at_bq(times_s)
    return models.activity_bq(shape.terms, times_s)


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
    terms, total = shape.terms, shape.time_integrated_activity_bq_s
    before = models.time_integrated_activity_bq_s(terms, end_s=float(times_s[0]))
    after = models.time_integrated_activity_bq_s(terms, begin_s=float(times_s[-1]))
    return before / total, after / total
