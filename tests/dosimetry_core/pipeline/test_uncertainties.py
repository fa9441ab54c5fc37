"""Uncertainty of activities and doses of one VOI, and of the nuclide that is derived from the imaged one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from dosimetry_core.case import Administration, Calibration, Cycle
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.pipeline.curves import VoiCurves
from dosimetry_core.pipeline.uncertainties import activity_standard_uncertainties_bq
from dosimetry_core.quantification import VoiMeasurement
from dosimetry_core.units import SECONDS_PER_HOUR

LU, Y = "Lu-177", "Y-90"
TIMES_S = np.array([4.0, 24.0, 48.0, 192.0]) * SECONDS_PER_HOUR
GIVEN_BQ = {LU: 3.7e9, Y: 1.85e9}


def cycle() -> Cycle:
    start = datetime(2025, 3, 3, 10, 30, tzinfo=ZoneInfo("Europe/Warsaw"))
    return Cycle(1, tuple(Administration(n, a, start, 1800.0) for n, a in GIVEN_BQ.items()), Calibration())


def measured(**changes: Any) -> VoiMeasurement:
    activity = 60e6 * np.exp(-np.log(2) * TIMES_S / (51 * SECONDS_PER_HOUR))
    given: dict[str, Any] = {
        "voi": None,
        "exclusive_mask": None,
        "volume_ml": 150.0,
        "volume_with_enclosed_ml": 150.0,
        "enclosed": (),
        "nuclide": LU,
        "activity_bq": activity,
        "random_standard_uncertainty_bq": activity * np.array([0.01, 0.02, 0.03, 0.05]),
        "calibration_relative_standard_uncertainty": 0.03,
        "recovery_relative_standard_uncertainty": 0.02,
        "volume_relative_standard_uncertainty": 0.08,
        "activity_volume_sensitivity": 0.46,
    }
    return VoiMeasurement(**(given | changes))


def curves_of(voi: VoiMeasurement, *, model: str = "mono-exponential", weights: str = "proportional") -> VoiCurves:
    curve = TimeActivityCurve(TIMES_S, voi.activity_bq, LU, voi.random_standard_uncertainty_bq)
    own = fit_curve(curve, model=model, weights=weights)
    other = second_nuclide_fit(own, to_nuclide=Y, administered_from_bq=GIVEN_BQ[LU], administered_to_bq=GIVEN_BQ[Y])
    return VoiCurves(FrozenMap({LU: own.curve, Y: other.curve}), FrozenMap({LU: own, Y: other}))


def test_that_a_derived_activity_carries_the_measured_uncertainty_and_that_of_the_assumption() -> None:
    voi = measured()
    curves = curves_of(voi)
    found = activity_standard_uncertainties_bq(cycle(), voi, curves)
    own, derived = found[LU], found[Y]
    assert own is not None
    assert derived is not None
    relative = np.array(own) / voi.activity_bq
    assert np.array(derived) / curves.curves[Y].activity_bq == pytest.approx(np.hypot(relative, 0.10), rel=1e-9)


def test_that_a_point_without_activity_keeps_its_noise_in_the_derived_curve() -> None:
    voi = measured()
    activity = np.array([*voi.activity_bq[:3], 0.0])
    empty = measured(activity_bq=activity)
    derived = activity_standard_uncertainties_bq(cycle(), empty, curves_of(voi))[Y]
    assert derived is not None
    assert derived[3] > 0


def test_that_unknown_uncertainties_stay_unknown() -> None:
    voi = measured(random_standard_uncertainty_bq=None)
    assert activity_standard_uncertainties_bq(cycle(), voi, curves_of(voi)) == {LU: None, Y: None}
