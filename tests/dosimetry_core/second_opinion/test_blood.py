from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from dosimetry_core.kinetics.blood import fit_blood_curve
from dosimetry_core.nuclide import LU177
from dosimetry_core.results_json import plain
from dosimetry_core.second_opinion.marrow import blood_integrals
from dosimetry_core.units import SECONDS_PER_HOUR, SECONDS_PER_MINUTE

INFUSION_S = 30 * SECONDS_PER_MINUTE


def cycle_of(times_s: np.ndarray, values: np.ndarray, fit: Any) -> dict[str, Any]:
    """The part of a record that the blood curve is computed again from."""
    given = {"nuclide": LU177, "infusion_s": INFUSION_S, "administered_activity_bq": 7.4e9}
    return {
        "administrations": [given | {"start": datetime(2025, 3, 3, 10, tzinfo=UTC).isoformat()}],
        "blood": {
            "samples": [
                {
                    "time_after_administration_s": float(t) + INFUSION_S / 2,
                    "activity_concentration_bq_per_ml": {LU177: float(v)},
                }
                for t, v in zip(times_s, values, strict=True)
            ],
            "fit": plain({LU177: fit}),
        },
    }


@pytest.mark.parametrize("cap_h", [1.0, 3.0, 6.0, 12.0, 50.0, 120.0])
@pytest.mark.parametrize(
    "minutes",
    [
        (5, 40, 1440),
        (10, 240, 1440),
        (5, 10, 40),
        (40, 240, 1440),
        (240, 1440),
        (5, 10, 240, 1440),
        (5, 10, 40, 240, 1440),
    ],
)
def test_that_both_opinions_agree_on_few_samples_and_short_caps(minutes: tuple[int, ...], cap_h: float) -> None:
    rng = np.random.default_rng(len(minutes) * 100 + int(cap_h))
    times = np.array(minutes) * SECONDS_PER_MINUTE
    for _ in range(3):
        fast, slow = rng.uniform(0.3, 1.0), rng.uniform(6.0, 40.0)
        hours = times / SECONDS_PER_HOUR
        exact = 330e3 * np.exp2(-hours / fast) + 62e3 * np.exp2(-hours / slow)
        values = exact * (1 + 0.03 * rng.standard_normal(times.size))
        fit = fit_blood_curve(
            times,
            values,
            nuclide_name=LU177,
            infusion_s=INFUSION_S,
            whole_body_effective_half_life_s=cap_h * SECONDS_PER_HOUR,
        )
        second = blood_integrals(cycle_of(times, values, fit))[LU177]
        assert second == pytest.approx(fit.time_integral_bq_s_per_ml, rel=0.005)
