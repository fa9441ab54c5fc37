"""Uncertainty of one VOI's activities, time-integrated activity and absorbed dose, from its measurement and its fit."""

from __future__ import annotations

import math

import numpy as np

from dosimetry_core.case import Cycle
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.nuclide import decay_constant_per_s, nuclide
from dosimetry_core.pipeline.curves import VoiCurves
from dosimetry_core.quantification import VoiMeasurement
from dosimetry_core.uncertainty import (
    S_VALUE_SELF_RELATIVE_UNCERTAINTY,
    RelativeUncertainty,
    dose_relative_uncertainty,
    dose_volume_sensitivity,
)


def relative_uncertainty(measurement: VoiMeasurement, curves: VoiCurves, nuclide_name: str) -> RelativeUncertainty:
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
        s_value=S_VALUE_SELF_RELATIVE_UNCERTAINTY,
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
