from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core import uncertainty as u
from dosimetry_core.uncertainty import RelativeUncertainty


def test_that_a_sphere_much_larger_than_the_resolution_is_fully_recovered() -> None:
    assert u.sphere_recovery(1e5, 10.0) == pytest.approx(1.0, abs=1e-3)
    assert u.edge_response(1e5, 10.0) == pytest.approx(1.0, abs=1e-3)


def test_that_recovery_rises_with_size() -> None:
    values = [u.sphere_recovery(r, 12.0) for r in (2.0, 5.0, 10.0, 20.0, 50.0)]
    assert values == sorted(values)


def test_that_recovery_equals_a_simulation_of_blurring() -> None:
    rng = np.random.default_rng(3)
    points = rng.uniform(-1, 1, (400000, 3))
    points = 15.0 * points[(points**2).sum(axis=1) < 1]
    moved = points + rng.normal(0.0, 12.0 / u.FWHM_PER_SIGMA, points.shape)
    inside = ((moved**2).sum(axis=1) < 15.0**2).mean()
    # 200 000 points: 0.1 % standard deviation; three times that.
    assert u.sphere_recovery(15.0, 12.0) == pytest.approx(inside, abs=0.0035)


def test_that_the_recovery_sensitivity_is_the_logarithmic_derivative() -> None:
    r, step = 34.0, 1e-4
    numeric = math.log(u.sphere_recovery(r * (1 + step), 12.0) / u.sphere_recovery(r * (1 - step), 12.0)) / (6 * step)
    assert u.sphere_recovery_volume_sensitivity(r, 12.0) == pytest.approx(numeric, rel=1e-5)


def test_that_three_independent_diameters_err_less_than_a_common_one() -> None:
    ellipsoid = u.volume_relative_uncertainty((68.0, 68.0, 68.0), voxel_mm=(4.8, 4.8, 4.8), fwhm_mm=12.0)
    assert ellipsoid == pytest.approx(
        u.sphere_volume_relative_uncertainty(68.0, voxel_mm=4.8, fwhm_mm=12.0) / math.sqrt(3)
    )


def test_that_volume_terms_together_are_smaller_than_apart() -> None:
    counts, recovery = u.counts_volume_sensitivity(34.0, 12.0), u.sphere_recovery_volume_sensitivity(34.0, 12.0)
    sensitivity = u.dose_volume_sensitivity(counts_sensitivity=counts, recovery_sensitivity=recovery)
    given = {"time_integrated_activity_random": 0.01, "calibration": 0.03, "recovery": 0.02, "volume": 0.08}
    together = u.dose_relative_uncertainty(volume_sensitivity=sensitivity, **given).total
    apart = u.dose_relative_uncertainty_with_independent_volume_terms(
        counts_sensitivity=counts, recovery_sensitivity=recovery, **given
    )
    assert together < 0.65 * apart


def test_that_only_the_fit_is_random() -> None:
    found = u.dose_relative_uncertainty(
        time_integrated_activity_random=0.01,
        calibration=0.03,
        recovery=0.02,
        volume_sensitivity=-0.5,
        volume=0.08,
        time_integrated_activity_common=0.1,
        s_value=0.02,
    )
    assert found.random == 0.01
    assert found.common == pytest.approx(math.sqrt(0.03**2 + 0.02**2 + 0.04**2 + 0.1**2 + 0.02**2))
    assert found.of(2.0) == pytest.approx(2.0 * found.total)


def test_that_over_cycles_random_parts_average_and_common_parts_do_not() -> None:
    cycles = [RelativeUncertainty(0.04, 0.05)] * 4
    total = u.sum_relative_uncertainty([5.0] * 4, cycles)
    assert total.random == pytest.approx(0.02)
    assert total.common == pytest.approx(0.05)
    assert u.sum_standard_uncertainty([5.0] * 4, cycles) == pytest.approx((0.4, 1.0))
    with pytest.raises(ValueError, match="positive"):
        u.sum_relative_uncertainty([0.0], cycles[:1])
