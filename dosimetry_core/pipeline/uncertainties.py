"""Uncertainty of one VOI's activities, time-integrated activity and absorbed dose, from its measurement and its fit."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.case import Cycle, FitWeights
from dosimetry_core.frozen import ExactNumbers, FrozenMap, read_only
from dosimetry_core.kinetics.covariance import pseudo_inverse
from dosimetry_core.kinetics.integrate import TrapezoidCurve
from dosimetry_core.kinetics.joint_uncertainty import model_covariances, scatter_covariance
from dosimetry_core.kinetics.result import ExponentialShape, FitResult
from dosimetry_core.nuclide import decay_constant_per_s, nuclide
from dosimetry_core.pipeline.curves import VoiCurves
from dosimetry_core.quantification import VoiMeasurement
from dosimetry_core.uncertainty import (
    S_VALUE_NUCLIDE_CORRELATION,
    S_VALUE_SELF_RELATIVE_UNCERTAINTY,
    S_VALUE_VOLUME_EXPONENT,
    Effects,
    ErrorSource,
    Kind,
    dose_volume_sensitivity,
    joint_effects,
)

FloatArray = NDArray[np.float64]
# Directions with less than this share of the largest variance are rounding, not a way in which two curves differ.
_LEAST_VARIANCE: Final = 1e-4
_ROUNDING: Final = 1e-10


@dataclass(frozen=True)
class SValueUncertainty:
    """Relative standard uncertainty of one nuclide's S value: its data, and a voxel map's own part."""

    data: float = S_VALUE_SELF_RELATIVE_UNCERTAINTY
    voxel_map: float = 0.0


@dataclass(frozen=True, eq=False)
class VoiErrors:
    """What may be wrong with a VOI's time-integrated activities; both they and the absorbed dose need most of it.

    Parameters
    ----------
    cycle
        Number of the cycle, in which image noise, registration and scatter act alone.
    weights
        Of the fit.
    """

    cycle: int
    measurement: VoiMeasurement
    curves: VoiCurves
    weights: FitWeights

    @functools.cached_property
    def curve_parts(self) -> tuple[tuple[Effects, ...], ...]:
        """Effects of the points and of the choice of curve, independent of each other, each by nuclide."""
        fits = list(self.curves.fits.values())
        parts = [joint_effects("fit", matrix.tolist(), name=what) for what, matrix in model_covariances(fits).items()]
        parts += _random_effects(self.cycle, self.measurement, self.curves, self.weights)
        return tuple(tuple(part) for part in parts)


def absorbed_dose_effects(
    errors: VoiErrors,
    *,
    s_values: Mapping[str, SValueUncertainty] | None = None,
) -> FrozenMap[str, Effects]:
    """Relative effects of every source of error on a VOI's absorbed dose, by nuclide (methods 7).

    Parameters
    ----------
    s_values
        By nuclide; the default uncertainty where it is left out.

    Notes
    -----
    Outline, partial volume and calibration change all nuclides alike; volume enters once, through counts, recovery and
    S value. An unknown calibration part is left out.
    """
    found = _activity_effects(errors, s_value_exponent=S_VALUE_VOLUME_EXPONENT)
    given = {name: (s_values or {}).get(name, SValueUncertainty()) for name in found}
    data = s_value_effects("", tuple((name, known.data) for name, known in given.items()))
    for name, known in given.items():
        found[name] |= data[name]
        if known.voxel_map:
            found[name][ErrorSource("s_value", f"voxel map, {name}")] = known.voxel_map
    return FrozenMap({name: FrozenMap(effects) for name, effects in found.items()})


@functools.lru_cache(maxsize=64)
def s_value_effects(what: str, relative: tuple[tuple[str, float], ...]) -> FrozenMap[str, Effects]:
    """Relative effects of S-value data of one kind, by nuclide.

    Parameters
    ----------
    relative
        Nuclides with the relative standard uncertainty of their data.
    """
    data = [
        [one * other * (1.0 if name == beside else S_VALUE_NUCLIDE_CORRELATION) for beside, other in relative]
        for name, one in relative
    ]
    effects = joint_effects("s_value", data, name=what)
    return FrozenMap({name: own for (name, _), own in zip(relative, effects, strict=True)})


def time_integrated_activity_effects(errors: VoiErrors) -> FrozenMap[str, Effects]:
    """Relative effects of every source of error on a VOI's time-integrated activity, by nuclide."""
    found = _activity_effects(errors, s_value_exponent=0.0)
    return FrozenMap({name: FrozenMap(effects) for name, effects in found.items()})


def curve_effects(cycle: int, name: str, fits: Mapping[str, FitResult], kind: Kind) -> dict[str, Effects]:
    """Relative effects of a curve that is no VOI's on its time-integrated activities; the first nuclide is measured."""
    scatter = joint_effects(kind, scatter_covariance(list(fits.values())).tolist(), name=name, cycle=cycle)
    found = {}
    for (nuclide_name, fit), effects in zip(fits.items(), scatter, strict=True):
        own = dict(effects)
        own[ErrorSource(kind, "choice of model")] = (
            fit.model_standard_uncertainty_bq_s / fit.time_integrated_activity_bq_s
        )
        if fit.identity_relative_standard_uncertainty:
            own[ErrorSource("identity")] = fit.identity_relative_standard_uncertainty
        found[nuclide_name] = FrozenMap(own)
    return found


def _activity_effects(errors: VoiErrors, *, s_value_exponent: float) -> dict[str, dict[ErrorSource, float]]:
    measurement, curves = errors.measurement, errors.curves
    names = list(curves.fits)
    volume = measurement.volume_relative_standard_uncertainty or 0.0
    sensitivity = dose_volume_sensitivity(
        counts_sensitivity=measurement.activity_volume_sensitivity,
        recovery_sensitivity=0.0,
        s_value_exponent=s_value_exponent,
    )
    alike = {
        ErrorSource("volume"): sensitivity * volume,
        ErrorSource("partial_volume"): measurement.recovery_relative_standard_uncertainty or 0.0,
        ErrorSource("calibration"): measurement.calibration_relative_standard_uncertainty or 0.0,
    }
    found: dict[str, dict[ErrorSource, float]] = {name: dict(alike) for name in names}
    for part in errors.curve_parts:
        for name, effects in zip(names, part, strict=True):
            found[name] |= effects
    for name, fit in curves.fits.items():
        if fit.identity_relative_standard_uncertainty:
            found[name][ErrorSource("identity")] = fit.identity_relative_standard_uncertainty
    return found


def _random_effects(
    cycle: int, measurement: VoiMeasurement, curves: VoiCurves, weights: FitWeights
) -> list[list[Effects]]:
    """Random effects by image noise and registration of each scan, and by the scatter that they don't explain.

    Together they make up the covariance of the fits. Where the points' uncertainties would explain more than that (a
    prior, a constant at its bound), they are scaled down until they don't.
    """
    fits = list(curves.fits.values())
    voi = measurement.voi.name if measurement.voi is not None else ""
    total = scatter_covariance(fits)
    noise, registration = _point_effects(measurement, curves, weights)
    known = _explained(np.concatenate((noise, registration), axis=1), total)
    values, vectors = np.linalg.eigh(total - known @ known.T)
    rest = (vectors * np.where(values > _ROUNDING * total.trace(), values, 0.0)) @ vectors.T
    used = [any(column) for column in known.T.tolist()]
    kinds: tuple[Kind, ...] = ("counts", "registration")
    sources = [ErrorSource(kind, f"{voi}, scan {scan + 1}", cycle) for kind in kinds for scan in range(noise.shape[1])]
    return [
        joint_effects("fit", rest.tolist(), name=f"{voi}, scatter", cycle=cycle),
        [FrozenMap(compress(zip(sources, effects, strict=True), used)) for effects in known.tolist()],
    ]


def _explained(effects: FloatArray, total: FloatArray) -> FloatArray:
    """The effects, scaled down where they would explain more than a covariance; shape (n_nuclides, n_effects)."""
    size = np.sqrt(total.diagonal())[:, None]
    if not (effects.any() and size.all()):
        return np.zeros_like(effects)
    # In units of each nuclide's own uncertainty, within the directions in which the fits vary at all.
    values, vectors = np.linalg.eigh(total / (size * size.T))
    large = values > _LEAST_VARIANCE * values[-1]
    kept = vectors[:, large]
    scaled = kept @ kept.T @ (effects / size)
    whitened = kept.T @ scaled / np.sqrt(values[large])[:, None]
    most = float(np.linalg.eigvalsh(whitened @ whitened.T)[-1])
    return np.asarray(scaled * size * (1.0 / math.sqrt(most) if most > 1.0 else 1.0))


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
    random, activity = measured.random_standard_uncertainty_bq, measured.activity_bq
    if random is None:
        return None
    common = math.hypot(
        measured.calibration_relative_standard_uncertainty or 0.0,
        measured.recovery_relative_standard_uncertainty or 0.0,
        measured.activity_volume_sensitivity * (measured.volume_relative_standard_uncertainty or 0.0),
    )
    return tuple(math.hypot(u, common * a) for u, a in zip(random.tolist(), activity.tolist(), strict=True))


def _point_effects(
    measurement: VoiMeasurement, curves: VoiCurves, weights: FitWeights
) -> tuple[FloatArray, FloatArray]:
    """Relative effects on the time-integrated activities by image noise and by registration.

    Shape (n_nuclides, n_included); 0 where unknown.
    """
    fits = list(curves.fits.values())
    random = measurement.random_standard_uncertainty_bq
    registration = measurement.registration_standard_uncertainty_bq
    measured = curves.curves[measurement.nuclide or fits[0].curve.nuclide]
    used = fits[0].curve.mask
    nothing = np.zeros((len(fits), int(np.count_nonzero(used))))
    if random is None or len(random) != len(measured.mask) or not (measured.activity_bq[used] > 0).all():
        return nothing, nothing
    activity = measured.activity_bq[used]
    spread = random[used] / activity
    moved = registration[used] / activity if len(registration) == len(random) else np.zeros_like(spread)
    slopes = np.array([_logarithmic_sensitivities(fit, activity, random[used], weights) for fit in fits])
    return (
        np.asarray(slopes * np.sqrt(np.maximum(spread**2 - moved**2, 0.0))),
        np.asarray(slopes * np.minimum(np.abs(moved), spread)),
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
    changes = _known_changes(
        fit.shape,
        free,
        ExactNumbers.of(fit.curve.fitted_times_s),
        ExactNumbers.of(points),
        ExactNumbers.of(_importance(weights, measured_bq, random_bq)),
    )
    return np.asarray(changes / fit.time_integrated_activity_bq_s)


def _importance(weights: FitWeights, measured_bq: FloatArray, random_bq: FloatArray) -> FloatArray:
    """Weights of the relative residuals of a fit, up to a factor."""
    if weights == "proportional":
        return np.ones_like(measured_bq)
    if weights == "poisson":
        return measured_bq
    if weights == "uniform":
        return np.asarray(measured_bq**2)
    return np.asarray((measured_bq / np.where(random_bq > 0, random_bq, measured_bq)) ** 2)


# An edit changes the points of few VOIs: of the others the uncertainties only, which do not enter here.
@functools.lru_cache(maxsize=512)
def _known_changes(
    shape: ExponentialShape, free: tuple[str, ...], times: ExactNumbers, points: ExactNumbers, importance: ExactNumbers
) -> FloatArray:
    """∂Ã/∂ln A_i of a sum of exponentials at the solution of its weighted fit, shape (n_included,)."""
    family, weights = shape.family, importance.array()
    columns = [family.parameter_names.index(name) for name in free]
    _, jacobian = family.activity_and_jacobian(shape.natural, times.array())
    relative = jacobian[:, columns] / points.array()[:, None]
    # Scaled columns, so that amplitudes in Bq and constants in 1/s meet on equal terms.
    scale = np.sqrt((relative**2).sum(axis=0))
    scaled = relative / scale
    solved = pseudo_inverse(scaled.T @ (weights[:, None] * scaled), 1e-15) @ (scaled.T * weights)
    return read_only((shape.time_integrated_activity_gradient[columns] / scale) @ solved)
