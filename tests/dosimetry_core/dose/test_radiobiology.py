from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.dose import radiobiology as rb
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.nuclide import LU177
from dosimetry_core.units import SECONDS_PER_HOUR

REPAIR = rb.KIDNEY_RADIOSENSITIVITY.repair_half_life_s
ALPHA_BETA = rb.KIDNEY_RADIOSENSITIVITY.alpha_beta_gy
BI = [
    rb.mono_exponential_dose_rate(3.0, 51 * SECONDS_PER_HOUR),
    rb.mono_exponential_dose_rate(1.0, 9 * SECONDS_PER_HOUR),
]


def test_that_a_mono_exponential_has_the_textbook_factor() -> None:
    term = rb.mono_exponential_dose_rate(4.0, 51 * SECONDS_PER_HOUR)
    assert rb.lea_catcheside_factor([term], repair_half_life_s=REPAIR) == pytest.approx(2.8 / (2.8 + 51))


@pytest.mark.parametrize(("repair_h", "limit"), [(1e-9, 0.0), (1e9, 1.0)])
def test_that_the_factor_goes_to_its_limits(repair_h: float, limit: float) -> None:
    factor = rb.lea_catcheside_factor(BI, repair_half_life_s=repair_h * SECONDS_PER_HOUR)
    assert factor == pytest.approx(limit, abs=1e-6)


def test_that_splitting_a_term_in_two_changes_nothing() -> None:
    whole = rb.mono_exponential_dose_rate(4.0, 51 * SECONDS_PER_HOUR)
    halves = [rb.mono_exponential_dose_rate(2.0, 51 * SECONDS_PER_HOUR)] * 2
    options = {"alpha_beta_gy": ALPHA_BETA, "repair_half_life_s": REPAIR}
    assert rb.bed_gy(halves, **options) == pytest.approx(rb.bed_gy([whole], **options), rel=1e-13)


def test_that_a_tandem_in_one_sum_is_above_the_sum_of_its_nuclides() -> None:
    options = {"alpha_beta_gy": ALPHA_BETA, "repair_half_life_s": REPAIR}
    apart = sum(rb.bed_gy([term], **options) for term in BI)
    together = rb.bed_gy(BI, **options)
    assert together > apart
    # Limits of methods 6.3: not more than if no damage were repaired.
    assert together < 4.0 * (1 + 4.0 / ALPHA_BETA)


def test_that_an_uptake_term_may_be_negative() -> None:
    up = [rb.DoseRateTerm(1e-5, 4e-6), rb.DoseRateTerm(-1e-5, 8e-5)]
    times = np.geomspace(1.0, 1e7, 4000)
    rate = sum(t.absorbed_dose_rate_gy_per_s * np.exp(-t.decay_constant_per_s * times) for t in up)
    sampled = rb.lea_catcheside_factor_of_samples(times, np.asarray(rate), repair_half_life_s=REPAIR)
    # 4000 straight stretches are good to a few 1e-5.
    assert rb.lea_catcheside_factor(up, repair_half_life_s=REPAIR) == pytest.approx(sampled, rel=1e-4)


def test_that_the_dose_for_a_bed_gives_that_bed() -> None:
    factor = rb.lea_catcheside_factor(BI, repair_half_life_s=REPAIR)
    dose = rb.absorbed_dose_for_bed_gy(5.0, lea_catcheside_factor=factor, alpha_beta_gy=ALPHA_BETA)
    assert dose * (1 + factor * dose / ALPHA_BETA) == pytest.approx(5.0, rel=1e-12)
    assert rb.absorbed_dose_for_bed_gy(5.0, lea_catcheside_factor=0.0, alpha_beta_gy=ALPHA_BETA) == 5.0


def test_that_exponential_and_trapezoid_fits_of_one_curve_have_nearly_one_bed() -> None:
    times = np.array([1.0, 4.0, 8.0, 24.0, 48.0, 96.0, 192.0]) * SECONDS_PER_HOUR
    values = 1e8 * np.exp2(-times / (51 * SECONDS_PER_HOUR))
    curve = TimeActivityCurve(times, values, LU177)
    options = {"alpha_beta_gy": ALPHA_BETA, "repair_half_life_s": REPAIR}
    exact = fit_curve(curve)
    per_activity = 4.0 / exact.time_integrated_activity_bq_s
    mono = rb.bed_of_fits_gy([(exact, per_activity)], **options)
    trapezoid = rb.bed_of_fits_gy([(fit_curve(curve, model="log-trapezoid"), per_activity)], **options)
    assert mono == pytest.approx(4.33309, rel=1e-5)
    # The trapezoid's head is a constant over the first hour: 0.01 % of the integral.
    assert trapezoid == pytest.approx(mono, rel=1e-3)


def test_that_dose_rate_terms_integrate_to_the_dose() -> None:
    times = np.array([4.0, 24.0, 48.0, 192.0]) * SECONDS_PER_HOUR
    fit = fit_curve(TimeActivityCurve(times, 1e8 * np.exp2(-times / 2e5), LU177))
    terms = rb.dose_rate_terms(fit.terms, 1e-13)
    assert rb.absorbed_dose_gy(terms) == pytest.approx(fit.time_integrated_activity_bq_s * 1e-13)


def test_that_a_bed_without_dose_is_a_broken_contract() -> None:
    with pytest.raises(ValueError, match="positive"):
        rb.lea_catcheside_factor([rb.DoseRateTerm(0.0, 1.0)], repair_half_life_s=REPAIR)


def test_that_the_published_half_time_is_two_point_eight_hours() -> None:
    assert math.isclose(REPAIR, 2.8 * SECONDS_PER_HOUR)
