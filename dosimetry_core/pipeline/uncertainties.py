"""Uncertainty of one VOI's activities, time-integrated activity and absorbed dose, from its measurement and its fit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.case import Cycle, FitWeights
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.integrate import TrapezoidCurve
from dosimetry_core.kinetics.result import ExponentialShape, FitResult
from dosimetry_core.nuclide import decay_constant_per_s, nuclide
from dosimetry_core.pipeline.curves import VoiCurves
from dosimetry_core.quantification import VoiMeasurement
from dosimetry_core.uncertainty import (
    S_VALUE_SELF_RELATIVE_UNCERTAINTY,
    RelativeUncertainty,
    dose_relative_uncertainty,
    dose_volume_sensitivity,
)
from dosimetry_core.uncertainty_budget import BudgetItem, Source, UncertaintyBudget

FloatArray = NDArray[np.float64]


def relative_uncertainty(
    measurement: VoiMeasurement,
    curves: VoiCurves,
    nuclide_name: str,
    *,
    s_value: float = S_VALUE_SELF_RELATIVE_UNCERTAINTY,
) -> RelativeUncertainty:
    """Relative standard uncertainty of a VOI's absorbed dose (methods 7); an unknown calibration part is left out."""
    fit = curves.fits[nuclide_name]
    return dose_relative_uncertainty(
        time_integrated_activity_random=fit.fit_relative_standard_uncertainty,
        calibration=measurement.calibration_relative_standard_uncertainty or 0.0,
        recovery=measurement.recovery_relative_standard_uncertainty or 0.0,
        volume_sensitivity=dose_volume_sensitivity(
            counts_sensitivity=measurement.activity_volume_sensitivity, recovery_sensitivity=0.0
        ),
        volume=measurement.volume_relative_standard_uncertainty or 0.0,
        time_integrated_activity_common=fit.model_relative_standard_uncertainty,
        s_value=s_value,
    )


def activity_uncertainty(measurement: VoiMeasurement, curves: VoiCurves, nuclide_name: str) -> RelativeUncertainty:
    """Relative standard uncertainty of a VOI's time-integrated activity."""
    fit = curves.fits[nuclide_name]
    return RelativeUncertainty(
        fit.fit_relative_standard_uncertainty,
        math.hypot(
            measurement.calibration_relative_standard_uncertainty or 0.0,
            measurement.recovery_relative_standard_uncertainty or 0.0,
            measurement.activity_volume_sensitivity * (measurement.volume_relative_standard_uncertainty or 0.0),
            fit.model_relative_standard_uncertainty,
        ),
    )


def activity_standard_uncertainties_bq(
    cycle: Cycle, measured: VoiMeasurement, curves: VoiCurves
) -> FrozenMap[str, tuple[float, ...] | None]:
    """Standard uncertainty of every activity; of a derived nuclide with that of the identity assumption."""
    if not measured.nuclide:
        return FrozenMap()
    own = _point_uncertainties(measured)
    by_nuclide: dict[str, tuple[float, ...] | None] = {measured.nuclide: own}
    given = {a.nuclide: a.administered_activity_bq for a in cycle.administrations}
    rate = decay_constant_per_s(nuclide(measured.nuclide).physical_half_life_s)
    for name, fit in curves.fits.items():
        if fit.derived_from != measured.nuclide:
            continue
        change = decay_constant_per_s(fit.physical_half_life_s) - rate
        # Re-decay multiplies a point and its uncertainty alike; the points keep the times of the images' own nuclide.
        scale = given[name] / given[measured.nuclide] * np.exp(-change * fit.curve.times_s)
        by_nuclide[name] = (
            None
            if own is None
            else tuple(
                np.hypot(scale * own, fit.identity_relative_standard_uncertainty * fit.curve.activity_bq).tolist()
            )
        )
    return FrozenMap(by_nuclide)


def _point_uncertainties(measured: VoiMeasurement) -> tuple[float, ...] | None:
    """Standard uncertainty of each activity, random and common parts; None if the random part is unknown."""
    random = measured.random_standard_uncertainty_bq
    if random is None:
        return None
    common = math.hypot(
        measured.calibration_relative_standard_uncertainty or 0.0,
        measured.recovery_relative_standard_uncertainty or 0.0,
        measured.activity_volume_sensitivity * (measured.volume_relative_standard_uncertainty or 0.0),
    )
    return tuple(math.hypot(u, common * a) for u, a in zip(random, measured.activity_bq, strict=True))


def absorbed_dose_budget(
    measurement: VoiMeasurement,
    curves: VoiCurves,
    nuclide_name: str,
    *,
    weights: FitWeights,
    s_value: float = S_VALUE_SELF_RELATIVE_UNCERTAINTY,
) -> UncertaintyBudget:
    """Sources of `relative_uncertainty`: their sum in quadrature is its total.

    Notes
    -----
    The random variance of the fit is shared out by Σ (∂ln Ã/∂ln A_i · u_i/A_i)² over the points, image noise and
    registration apart; scatter of the points beyond both, and the choice of the model, belong to ``fit``.
    """
    fit = curves.fits[nuclide_name]
    total = fit.fit_relative_standard_uncertainty**2
    noise, registration = _point_variances(measurement, curves, fit, weights)
    known = noise + registration
    if known > total > 0:
        noise, registration, known = noise * total / known, registration * total / known, total
    model = fit.model_standard_uncertainty_bq_s / fit.time_integrated_activity_bq_s
    sensitivity = dose_volume_sensitivity(
        counts_sensitivity=measurement.activity_volume_sensitivity, recovery_sensitivity=0.0
    )
    items: dict[Source, BudgetItem] = {
        "volume": BudgetItem(0.0, abs(sensitivity) * (measurement.volume_relative_standard_uncertainty or 0.0)),
        "partial_volume": BudgetItem(0.0, measurement.recovery_relative_standard_uncertainty or 0.0),
        "counts": BudgetItem(math.sqrt(noise), 0.0),
        "calibration": BudgetItem(0.0, measurement.calibration_relative_standard_uncertainty or 0.0),
        "registration": BudgetItem(math.sqrt(registration), 0.0),
        "fit": BudgetItem(math.sqrt(max(total - known, 0.0)), model),
        "s_value": BudgetItem(0.0, s_value),
    }
    if fit.identity_relative_standard_uncertainty:
        items["identity"] = BudgetItem(0.0, fit.identity_relative_standard_uncertainty)
    return UncertaintyBudget(FrozenMap(items))


def _point_variances(
    measurement: VoiMeasurement, curves: VoiCurves, fit: FitResult, weights: FitWeights
) -> tuple[float, float]:
    """Relative variance of the time-integrated activity by image noise and by registration; 0 where unknown."""
    random = measurement.random_standard_uncertainty_bq
    registration = measurement.registration_standard_uncertainty_bq
    measured = curves.curves[measurement.nuclide or fit.curve.nuclide]
    if random is None or len(random) != len(measured.mask) or not (measured.activity_bq[measured.mask] > 0).all():
        return 0.0, 0.0
    used = measured.mask
    activity = measured.activity_bq[used]
    spread = random[used] / activity
    moved = registration[used] / activity if len(registration) == len(random) else np.zeros_like(spread)
    slopes = _logarithmic_sensitivities(fit, activity, random[used], weights)
    return (
        float((slopes**2 * np.maximum(spread**2 - moved**2, 0.0)).sum()),
        float((slopes**2 * np.minimum(moved**2, spread**2)).sum()),
    )


def _logarithmic_sensitivities(
    fit: FitResult, measured_bq: FloatArray, random_bq: FloatArray, weights: FitWeights
) -> FloatArray:
    """∂ln Ã/∂ln A_i of a fit at its solution, shape (n_included,); alike for all points where there is no Jacobian."""
    points = fit.curve.fitted_activity_bq
    if isinstance(fit.shape, TrapezoidCurve):
        return np.asarray(fit.shape.gradient() * points / fit.time_integrated_activity_bq_s)
    free = fit.covariance_names
    if not isinstance(fit.shape, ExponentialShape) or not free or len(free) > len(points):
        return np.full(len(points), 1.0 / len(points))
    family = fit.shape.family
    columns = [family.parameter_names.index(name) for name in free]
    _, jacobian = family.activity_and_jacobian(fit.shape.natural, fit.curve.fitted_times_s)
    _, gradient = family.time_integrated_activity_and_gradient(fit.shape.natural)
    relative = jacobian[:, columns] / points[:, None]
    importance = {
        "proportional": np.ones_like(measured_bq),
        "poisson": measured_bq,
        "uniform": measured_bq**2,
    }.get(weights, (measured_bq / np.where(random_bq > 0, random_bq, measured_bq)) ** 2)
    # Scaled columns, so that amplitudes in Bq and constants in 1/s meet on equal terms.
    scale = np.sqrt((relative**2).sum(axis=0))
    scaled = relative / scale
    solved = np.linalg.pinv(scaled.T @ (importance[:, None] * scaled), hermitian=True) @ (scaled.T * importance)
    return np.asarray((gradient[columns] / scale) @ solved / fit.time_integrated_activity_bq_s)
