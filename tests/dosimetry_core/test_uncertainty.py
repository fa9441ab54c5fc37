from __future__ import annotations

import math

import pytest

from dosimetry_core import uncertainty as u
from dosimetry_core.partial_volume.blurred_sphere import (
    sphere_count_volume_sensitivity,
    sphere_recovery_volume_sensitivity,
)


def test_that_volume_terms_together_are_smaller_than_apart() -> None:
    counts, recovery = sphere_count_volume_sensitivity(34.0, 12.0), sphere_recovery_volume_sensitivity(34.0, 12.0)
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
