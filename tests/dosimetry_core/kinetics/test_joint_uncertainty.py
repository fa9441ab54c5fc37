from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.joint_uncertainty import model_covariances, scatter_covariance
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.nuclide import LU177, Y90
from tests.dosimetry_core.kinetics.test_fit import MONO, SEVEN, values_of

SCATTER = np.array([0.9, 1.07, 1.03, 0.98, 1.02, 0.97, 1.05])


def test_that_another_model_moves_both_nuclides_as_its_own_integrals_say() -> None:
    values = values_of(MONO, SEVEN) * SCATTER
    lutetium = fit_curve(TimeActivityCurve(SEVEN, values, LU177, 0.06 * values), model="mono-exponential")
    yttrium = second_nuclide_fit(lutetium, to_nuclide=Y90, administered_from_bq=2.0, administered_to_bq=1.0)
    changes = np.array(
        [
            [
                shape.time_integrated_activity_bq_s / fit.time_integrated_activity_bq_s - 1
                for shape in fit.alternatives.values()
            ]
            for fit in (lutetium, yttrium)
        ]
    )
    assert changes.shape[1] >= 2
    expected = np.corrcoef(np.hstack([changes, -changes]))[0, 1]
    covariance = model_covariances([lutetium, yttrium])["choice of model"]
    found = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert found == pytest.approx(expected, rel=1e-9)
    assert abs(found) < 0.999


def test_that_the_scatter_of_a_derived_curve_is_its_own_and_shared_with_its_source() -> None:
    values = values_of(MONO, SEVEN) * SCATTER
    lutetium = fit_curve(TimeActivityCurve(SEVEN, values, LU177, 0.06 * values), model="mono-exponential")
    yttrium = second_nuclide_fit(lutetium, to_nuclide=Y90, administered_from_bq=2.0, administered_to_bq=1.0)
    covariance = scatter_covariance([lutetium, yttrium])
    stated = [fit.fit_relative_standard_uncertainty for fit in (lutetium, yttrium)]
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), stated, rtol=1e-9)
    assert 0 < covariance[0, 1] / (stated[0] * stated[1]) < 1


def test_that_a_constant_held_at_its_bound_keeps_its_stated_uncertainty() -> None:
    # Nearly flat: held at physical decay, whose one-sided uncertainty no parameter carries.
    values = 1e8 * np.array([1.0, 1.0, 0.98, 0.97, 0.9, 0.75, 0.6])
    fit = fit_curve(TimeActivityCurve(SEVEN, values, LU177, 0.06 * values), model="mono-exponential")
    assert fit.bounds_active
    spread = np.sqrt(np.diag(scatter_covariance([fit])))
    assert spread[0] == pytest.approx(fit.fit_relative_standard_uncertainty, rel=1e-9)
