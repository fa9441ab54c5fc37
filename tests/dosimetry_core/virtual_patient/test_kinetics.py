from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.units import HOUR, MINUTE
from dosimetry_core.virtual_patient.kinetics import ExponentialSum

INFUSION_S = MINUTE.to_core(30)
CURVE = ExponentialSum.bi_exponential((0.7, HOUR.to_core(0.55)), (0.3, HOUR.to_core(9.5)))


def bolus(curve: ExponentialSum, time_s: float) -> float:
    return sum(a * 2 ** (-time_s / t) for a, t in zip(curve.amplitudes, curve.half_lives_s, strict=True))


def test_that_the_integral_is_that_of_the_bolus_curve() -> None:
    numeric = quad(
        lambda t: bolus(CURVE, t), 0, HOUR.to_core(400), limit=500, points=[HOUR.to_core(1), HOUR.to_core(10)]
    )[0]
    assert CURVE.integral_s() == pytest.approx(numeric, rel=1e-7)


@pytest.mark.parametrize("hours", [0.26, 1.0, 4.0, 24.0])
def test_that_the_infusion_is_the_convolution_of_the_bolus_curve(hours: float) -> None:
    time_s = HOUR.to_core(hours)
    entered = quad(lambda s: bolus(CURVE, time_s - s), -INFUSION_S / 2, INFUSION_S / 2)[0] / INFUSION_S
    assert CURVE.after_infusion(time_s, INFUSION_S) == pytest.approx(entered, rel=1e-9)


def test_that_blood_timed_from_the_end_of_the_infusion_integrates_to_the_published_example() -> None:
    """methods.md 4.3: 330 and 62 kBq/mL, 0.55 and 9.5 h after the end, 0.5 h infusion: 1218.3 kBq·h/mL in total."""
    constants = [math.log(2) / t for t in (0.55, 9.5)]
    # Amplitudes at the end of the infusion belong to bolus amplitudes a with a (1 - exp(-λT))/(λT) = b.
    amplitudes = [b * c * 0.5 / -math.expm1(-c * 0.5) for b, c in zip((330.0, 62.0), constants, strict=True)]
    curve = ExponentialSum.bi_exponential((amplitudes[0], HOUR.to_core(0.55)), (amplitudes[1], HOUR.to_core(9.5)))
    assert curve.integral_s() / HOUR.to_core(1) == pytest.approx(1218.2983, rel=1e-6)
    assert curve.after_infusion(INFUSION_S / 2, INFUSION_S) == pytest.approx(330 + 62, rel=1e-9)


def test_that_uptake_starts_at_nothing_and_integrates_in_closed_form() -> None:
    curve = ExponentialSum.uptake(2.0, HOUR.to_core(51), HOUR.to_core(0.3))
    assert bolus(curve, 0.0) == 0.0
    assert curve.integral_s() == pytest.approx(2 * (HOUR.to_core(51) - HOUR.to_core(0.3)) / math.log(2), rel=1e-12)


def test_that_the_mean_over_an_acquisition_is_the_integral_over_its_length() -> None:
    begin, length = HOUR.to_core(4), MINUTE.to_core(20)
    numeric = quad(lambda t: CURVE.after_infusion(t, INFUSION_S), begin, begin + length)[0] / length
    assert CURVE.mean_over(begin, length, INFUSION_S) == pytest.approx(numeric, rel=1e-10)


def test_that_yttrium_follows_the_tabulated_half_lives() -> None:
    """methods.md 5: effective half-lives of 20, 51, 75 h for 177Lu become 16.85, 34.55, 44.12 h for 90Y."""
    for lutetium_h, yttrium_h in ((20.0, 16.85), (51.0, 34.55), (75.0, 44.12)):
        curve = ExponentialSum.uptake(1.0, HOUR.to_core(lutetium_h), HOUR.to_core(0.2))
        shifted = curve.of_other_nuclide(nuclide(LU177), nuclide(Y90))
        assert HOUR.from_core(shifted.half_lives_s[0]) == pytest.approx(yttrium_h, abs=0.006)


def test_that_times_before_the_end_of_the_infusion_are_refused() -> None:
    with pytest.raises(ValueError, match="after the end"):
        CURVE.after_infusion(0.0, INFUSION_S)
    with pytest.raises(ValueError, match="after the end"):
        CURVE.mean_over(0.0, 60.0, INFUSION_S)
    with pytest.raises(ValueError, match="faster"):
        ExponentialSum.uptake(1.0, 100.0, 200.0)


def test_that_scaling_scales_every_value() -> None:
    twice = CURVE.scaled(2.0)
    assert np.isclose(twice.integral_s(), 2 * CURVE.integral_s())
    assert twice.half_lives_s == CURVE.half_lives_s
