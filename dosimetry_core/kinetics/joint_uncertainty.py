"""What the uncertainties of a measured curve and of the curves derived from it have in common.

The derived curve rests on the same parameters with other weights: noise that raises the late points raises the
integral of 177Lu more than that of 90Y. Covariances are relative to the time-integrated activities, shape (n_fits,
n_fits), in the order of the fits; the first fit is the measured one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.kinetics.fit_uncertainty import (
    EARLY_PHASE_RELATIVE_UNCERTAINTY,
    LATE_PHASE_RELATIVE_UNCERTAINTY,
    unseen_late_fraction,
)
from dosimetry_core.kinetics.integrate import TrapezoidCurve
from dosimetry_core.kinetics.result import (
    AveragedShape,
    ExponentialShape,
    FitResult,
    Shape,
    fractions_outside_points,
)
from dosimetry_core.kinetics.single_scan import UNSEEN_EARLY_PHASE_S, error_correlation
from dosimetry_core.kinetics.weighting import NOMINAL_RELATIVE_UNCERTAINTY

FloatArray = NDArray[np.float64]


def scatter_covariance(fits: Sequence[FitResult]) -> FloatArray:
    """Relative covariance of the time-integrated activities by the scatter of the points (random).

    Its diagonal is the square of each fit's stated random uncertainty.
    """
    root = _root_of_correlation(fits[0].covariance)
    rows = [_scatter_effects(fit, fits[0], root) for fit in fits]
    stated = np.array([fit.fit_relative_standard_uncertainty for fit in fits])
    effects = np.zeros((len(fits), max(row.size for row in rows) + 1))
    for number, row in enumerate(rows):
        effects[number, : row.size] = row
        size = float(np.sqrt((row**2).sum()))
        if size > stated[number]:
            effects[number] *= stated[number] / size
        else:
            # A constant at its bound may lie off it, for all nuclides alike.
            effects[number, -1] = math.sqrt(max(stated[number] ** 2 - size**2, 0.0))
    return np.asarray(effects @ effects.T)


def _root_of_correlation(covariance: FloatArray) -> FloatArray:
    """R with R Rᵀ the correlation of the parameters, those known exactly left out."""
    spread = np.sqrt(covariance.diagonal())
    outer = np.outer(spread, spread)
    correlation = np.divide(covariance, outer, out=np.zeros_like(outer), where=outer > 0)
    values, vectors = np.linalg.eigh(correlation)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _scatter_effects(fit: FitResult, source: FitResult, root: FloatArray) -> FloatArray:
    """Relative effects of independent errors that all fits derived from one share."""
    total = fit.time_integrated_activity_bq_s
    if isinstance(fit.shape, TrapezoidCurve) and isinstance(source.shape, TrapezoidCurve):
        spread = source.curve.fitted_uncertainty_bq
        relative = (
            np.full(fit.shape.activity_bq.size, NOMINAL_RELATIVE_UNCERTAINTY)
            if spread is None
            else spread / source.shape.activity_bq
        )
        return np.asarray(fit.shape.gradient() * relative * fit.shape.activity_bq / total)
    if not isinstance(fit.shape, ExponentialShape) or not source.covariance.size:
        return np.array([fit.fit_relative_standard_uncertainty])
    names = fit.shape.family.parameter_names
    free = fit.shape.time_integrated_activity_gradient[[names.index(name) for name in source.covariance_names]]
    own = np.sqrt(fit.covariance.diagonal())
    # The derived parameters are those of the source times a factor, or plus a constant: one correlation for all.
    return np.asarray((free * own / total) @ root)


def model_covariances(fits: Sequence[FitResult]) -> Mapping[str, FloatArray]:
    """Relative covariances by what the points don't show (common to all cycles), by name.

    The phases before the first and after the last scan are wrong for all nuclides in the same sense; another model, or
    another half-life behind a single scan, is followed for each nuclide with its sign.
    """
    measured = fits[0]
    single = measured.single_scan is not None
    bounded = measured.prior is not None or single
    early, late, rest = [], [], []
    for fit in fits:
        before, unseen = fit.before_first_point_fraction, 0.0
        if single:
            until = min(float(fit.curve.fitted_times_s[0]), UNSEEN_EARLY_PHASE_S)
            before, _ = fractions_outside_points(fit.shape, np.array([until]))
        if not bounded:
            unseen = unseen_late_fraction(fit.curve, fit.extrapolated_fraction)
        stated = fit.model_standard_uncertainty_bq_s / fit.time_integrated_activity_bq_s
        by_start, by_end = EARLY_PHASE_RELATIVE_UNCERTAINTY * before, LATE_PHASE_RELATIVE_UNCERTAINTY * unseen
        early.append(by_start)
        late.append(by_end)
        rest.append(math.sqrt(max(stated * stated - by_start * by_start - by_end * by_end, 0.0)))
    found = {name: np.outer(part, part) for name, part in (("early phase", early), ("late phase", late)) if any(part)}
    if any(rest):
        name = "half-life behind one scan" if single else "choice of model"
        correlation = _single_scan_correlation(fits) if single else _alternative_correlation(fits)
        found[name] = correlation * np.outer(rest, rest)
    return {name: matrix for name, matrix in found.items() if matrix.any()}


def _single_scan_correlation(fits: Sequence[FitResult]) -> FloatArray:
    measured = fits[0]
    scan = measured.single_scan
    assert scan is not None
    changes = [math.log(2.0) * (1 / fit.physical_half_life_s - 1 / measured.physical_half_life_s) for fit in fits]
    return error_correlation(
        float(measured.curve.fitted_times_s[0]),
        measured.effective_half_life_s,
        median_s=scan.effective_half_life_s,
        ln_standard_deviation=scan.ln_standard_deviation,
        physical_half_life_s=measured.physical_half_life_s,
        decay_constant_changes_per_s=changes,
    )


def _alternative_correlation(fits: Sequence[FitResult]) -> FloatArray:
    """Correlation of the relative changes that other plausible models make."""
    rows = []
    for fit in fits:
        others: list[tuple[float, Shape]] = [(1.0, shape) for shape in fit.alternatives.values()]
        if isinstance(fit.shape, AveragedShape):
            others += fit.shape.parts
        total = fit.time_integrated_activity_bq_s
        rows.append([math.sqrt(w) * (shape.time_integrated_activity_bq_s / total - 1) for w, shape in others])
    changes = np.array(rows)
    size = np.sqrt((changes**2).sum(axis=1)) if changes.size else np.zeros(len(fits))
    if not (size > 0).all():
        return np.ones((len(fits), len(fits)))
    unit = changes / size[:, None]
    return np.asarray(unit @ unit.T)
