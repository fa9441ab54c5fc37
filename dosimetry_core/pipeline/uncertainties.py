"""Uncertainty of one VOI's activities, time-integrated activity and absorbed dose, from its measurement and its fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.case import Cycle, FitWeights
from dosimetry_core.frozen import FrozenMap
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

    @cached_property
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
    names = list(found)
    given = {name: (s_values or {}).get(name, SValueUncertainty()) for name in names}
    data = [[_shared(given[n].data, given[m].data, n == m) for m in names] for n in names]
    for name, effects in zip(names, joint_effects("s_value", data), strict=True):
        found[name] |= effects
        if given[name].voxel_map:
            found[name][ErrorSource("s_value", f"voxel map, {name}")] = given[name].voxel_map
    return FrozenMap({name: FrozenMap(effects) for name, effects in found.items()})


def s_value_effects(name: str, nuclides: Sequence[str], relative: float) -> dict[str, Effects]:
    """Relative effects of S-value data of one kind, by nuclide."""
    data = [[_shared(relative, relative, n == m) for m in nuclides] for n in nuclides]
    return dict(zip(nuclides, joint_effects("s_value", data, name=name), strict=True))


def _shared(one: float, other: float, same: bool) -> float:
    return one * other * (1.0 if same else S_VALUE_NUCLIDE_CORRELATION)


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
    size = np.sqrt(np.diag(total))
    known = np.hstack((noise, registration))
    if known.any() and (size > 0).all():
        # In units of each nuclide's own uncertainty, within the directions in which the fits vary at all.
        values, vectors = np.linalg.eigh(total / np.outer(size, size))
        kept = vectors[:, values > _LEAST_VARIANCE * values[-1]]
        inside = kept @ kept.T
        scaled = inside @ (known / size[:, None])
        whitened = kept.T @ scaled / np.sqrt(values[values > _LEAST_VARIANCE * values[-1]])[:, None]
        most = float(np.linalg.eigvalsh(whitened @ whitened.T)[-1])
        known = scaled * size[:, None] * (1.0 / math.sqrt(most) if most > 1.0 else 1.0)
    else:
        known = np.zeros_like(known)
    values, vectors = np.linalg.eigh(total - known @ known.T)
    rest = (vectors * np.where(values > _ROUNDING * np.trace(total), values, 0.0)) @ vectors.T
    parts = [joint_effects("fit", rest.tolist(), name=f"{voi}, scatter", cycle=cycle)]
    number = noise.shape[1]
    for column, by_nuclide in enumerate(known.T.tolist()):
        if not any(by_nuclide):
            continue
        kind: Kind = "counts" if column < number else "registration"
        source = ErrorSource(kind, f"{voi}, scan {column % number + 1}", cycle)
        parts.append([FrozenMap({source: effect}) for effect in by_nuclide])
    return parts


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
    solved = pseudo_inverse(scaled.T @ (importance[:, None] * scaled), 1e-15) @ (scaled.T * importance)
    return np.asarray((gradient[columns] / scale) @ solved / fit.time_integrated_activity_bq_s)
