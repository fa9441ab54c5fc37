"""Curve of a region from one scan, with the error that the unknown half-life leaves (methods 2.4).

Three rules: the half-life-free 2t/ln 2, a population's half-life, or that of an earlier cycle of the same patient. The
first is the mono-exponential whose half-life is the time of the scan itself. What any of them is worth depends on how
half-lives are distributed, so each states its error over that distribution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import FitError
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit_findings import fit_findings, single_scan_finding
from dosimetry_core.kinetics.fit_uncertainty import model_standard_uncertainty_bq_s
from dosimetry_core.kinetics.models import MONO
from dosimetry_core.kinetics.prior import HalfLifePrior
from dosimetry_core.kinetics.result import ExponentialShape, FitResult, SingleScan, fractions_outside_points
from dosimetry_core.kinetics.weighting import MEASURED, NOMINAL, fitted_points
from dosimetry_core.nuclide import decay_constant_per_s, nuclide
from dosimetry_core.units import SECONDS_PER_HOUR

FloatArray = NDArray[np.float64]
Method = Literal["two-t-over-ln2", "population", "previous-cycle"]

# Best for kidneys with half-lives of about 50 h (Hänscheid et al., J Nucl Med 2018;59:75–81).
BEST_TIME_WITHOUT_HALF_LIFE_S: Final = 96 * SECONDS_PER_HOUR
# One scan shows no early phase: what the curve says up to this time carries the uncertainty of an unseen one.
UNSEEN_EARLY_PHASE_S: Final = 24 * SECONDS_PER_HOUR
_NODES: Final = 40


def relative_errors(
    time_s: float,
    stated_effective_half_life_s: float,
    *,
    median_s: float,
    ln_standard_deviation: float,
    physical_half_life_s: float,
    decay_constant_change_per_s: float = 0.0,
) -> tuple[float, float]:
    """Mean and root mean square of (true − stated)/stated over a log-normal distribution of half-lives.

    Parameters
    ----------
    time_s
        Of the scan, whose activity is taken as exact.
    stated_effective_half_life_s
        With which the activity was extrapolated.
    median_s, ln_standard_deviation
        Of the true half-life, never longer than the physical one.
    decay_constant_change_per_s
        λ' − λ of a second nuclide whose integral is asked for; 0 for the measured one.
    """
    rates, share = _true_rates_per_s(median_s, ln_standard_deviation, physical_half_life_s)
    error = _errors(time_s, stated_effective_half_life_s, rates, decay_constant_change_per_s)
    return float(share @ error), math.sqrt(float(share @ error**2))


def error_correlation(
    time_s: float,
    stated_effective_half_life_s: float,
    *,
    median_s: float,
    ln_standard_deviation: float,
    physical_half_life_s: float,
    decay_constant_changes_per_s: Sequence[float],
) -> FloatArray:
    """Correlation of the errors of `relative_errors` between nuclides, shape (n_nuclides, n_nuclides).

    Of root mean squares, so that a bias that both have counts as shared. An error that is nowhere is shared with all.
    """
    rates, share = _true_rates_per_s(median_s, ln_standard_deviation, physical_half_life_s)
    errors = np.array(
        [_errors(time_s, stated_effective_half_life_s, rates, change) for change in decay_constant_changes_per_s]
    )
    products = (errors * share) @ errors.T
    size = np.sqrt(np.diag(products))
    outer = np.outer(size, size)
    return np.asarray(np.divide(products, outer, out=np.ones_like(outer), where=outer > 0))


def _true_rates_per_s(
    median_s: float, ln_standard_deviation: float, physical_half_life_s: float
) -> tuple[FloatArray, FloatArray]:
    """Rates of a log-normal distribution of half-lives at the nodes of a quadrature, and the share of each."""
    nodes, weights = np.polynomial.hermite.hermgauss(_NODES)
    half_lives = np.minimum(median_s * np.exp(math.sqrt(2) * ln_standard_deviation * nodes), physical_half_life_s)
    return math.log(2) / half_lives, weights / weights.sum()


def _errors(
    time_s: float, stated_effective_half_life_s: float, true_rates_per_s: FloatArray, change_per_s: float
) -> FloatArray:
    """(true − stated)/stated for true rates."""
    stated = decay_constant_per_s(stated_effective_half_life_s)
    true = np.exp(true_rates_per_s * time_s) / (true_rates_per_s + change_per_s)
    return np.asarray(true / (math.exp(stated * time_s) / (stated + change_per_s)) - 1)


def _scan_number(curve: TimeActivityCurve, best_s: float) -> int:
    """Index of the included, positive point nearest to the best time."""
    usable = [
        k for k in range(curve.times_s.size) if curve.mask[k] and curve.activity_bq[k] > 0 and curve.times_s[k] > 0
    ]
    if not usable:
        raise FitError("no included scan has a positive activity", remedy="check the VOI, or exclude the curve")
    return min(usable, key=lambda k: abs(float(curve.times_s[k]) - best_s))


def fit_single_scan(
    curve: TimeActivityCurve,
    method: Method,
    half_life: HalfLifePrior,
    *,
    physical_half_life_s: float | None = None,
    place: str = "",
) -> FitResult:
    """Curve through one scan.

    Parameters
    ----------
    curve
        If it has several included points, the one nearest to the method's best time is used: 96 h for 2t/ln 2, the
        mean life (1/λ, where the result depends least on the half-life) for a known half-life.
    half_life
        Distribution of the true half-life: what the method uses, or, for 2t/ln 2, only judges its error by.

    Raises
    ------
    FitError
        Without a positive activity.
    """
    physical = nuclide(curve.nuclide).physical_half_life_s if physical_half_life_s is None else physical_half_life_s
    known = min(half_life.effective_half_life_s, physical)
    without = method == "two-t-over-ln2"
    try:
        index = _scan_number(curve, BEST_TIME_WITHOUT_HALF_LIFE_S if without else known / math.log(2))
    except FitError as error:
        raise FitError(error.what, where=place, remedy=error.remedy) from error
    time = float(curve.times_s[index])
    if without and time > physical:
        raise FitError(
            "2t/ln 2 would stand for a half-life longer than the physical one",
            where=place,
            remedy="use an earlier scan, or a known half-life",
        )
    others = [k + 1 for k in range(curve.times_s.size) if k != index]
    used = curve.excluding(*others)
    rate = decay_constant_per_s(time if without else known)
    activity = float(curve.activity_bq[index])
    shape = ExponentialShape(MONO, read_only(np.array([activity * math.exp(rate * time), rate])))
    total = shape.terms[0].amplitude_bq / rate
    points = fitted_points(used, "proportional", decay_constant_per_s(physical), least_points=1)
    assert points.uncertainty_bq is not None
    before, after = fractions_outside_points(shape, used.fitted_times_s)
    unseen, _ = fractions_outside_points(shape, np.array([min(time, UNSEEN_EARLY_PHASE_S)]))
    bias, spread = relative_errors(
        time,
        time if without else known,
        median_s=half_life.effective_half_life_s,
        ln_standard_deviation=half_life.ln_standard_deviation,
        physical_half_life_s=physical,
    )
    result = FitResult(
        model="single-time-point",
        requested_model="single-time-point",
        curve=used,
        physical_half_life_s=physical,
        shape=shape,
        parameters=FrozenMap({"amplitude_bq": shape.terms[0].amplitude_bq, "decay_constant_per_s": rate}),
        covariance_names=(),
        covariance=read_only(np.empty((0, 0))),
        covariance_convention=MEASURED if points.convention == MEASURED else NOMINAL,
        bounds_active=(),
        unbounded_decay_constant_per_s=None,
        effective_half_life_s=time if without else known,
        time_integrated_activity_bq_s=total,
        fit_standard_uncertainty_bq_s=total * float(points.uncertainty_bq[0]) / activity,
        model_standard_uncertainty_bq_s=math.hypot(
            total * spread, model_standard_uncertainty_bq_s(total, unseen, FrozenMap())
        ),
        identity_relative_standard_uncertainty=0.0,
        before_first_point_fraction=before,
        extrapolated_fraction=after,
        chi_squared=None,
        degrees_of_freedom=0,
        information_criterion=None,
        residuals_bq=read_only(np.zeros(curve.times_s.size)),
        single_scan=SingleScan(
            method,
            index + 1,
            half_life.effective_half_life_s,
            half_life.ln_standard_deviation,
            half_life.source,
            bias,
            spread,
        ),
    )
    residuals = curve.activity_bq - result.activity_bq(curve.times_s)
    result = replace(result, residuals_bq=read_only(residuals))
    findings = fit_findings(result, points.uncertainty_bq, place)
    return replace(result, findings=(*single_scan_finding(result, place), *findings))
