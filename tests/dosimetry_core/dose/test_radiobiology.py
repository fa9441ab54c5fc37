from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from dosimetry_core.dose import radiobiology as rb
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.nuclide import LU177, Y90
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
    exact = fit_curve(curve)
    per_activity = 4.0 / exact.time_integrated_activity_bq_s
    fits = (exact, fit_curve(curve, model="log-trapezoid"))
    mono, trapezoid = (
        rb.bed_of_doses_gy(
            {LU177: per_activity * fit.time_integrated_activity_bq_s},
            rb.protraction_per_gy({LU177: rb.NuclideDoseRate(fit, per_activity)}, rb.KIDNEY_RADIOSENSITIVITY),
        )
        for fit in fits
    )
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


UPTAKE = [rb.DoseRateTerm(2e-5, 4e-6), rb.DoseRateTerm(-2e-5, 8e-5)]


def _rate(terms: list[rb.DoseRateTerm], time_s: float) -> float:
    return sum(t.absorbed_dose_rate_gy_per_s * math.exp(-t.decay_constant_per_s * time_s) for t in terms)


def _unrepaired(terms: list[rb.DoseRateTerm], time_s: float) -> float:
    """Solution of y' = R − µ y, y(0) = 0."""
    repair = math.log(2) / REPAIR
    return sum(
        t.absorbed_dose_rate_gy_per_s
        * (math.exp(-t.decay_constant_per_s * time_s) - math.exp(-repair * time_s))
        / (repair - t.decay_constant_per_s)
        for t in terms
    )


@pytest.mark.parametrize("delay_s", [0.0, 1800.0, 36000.0])
def test_that_the_mixed_sum_is_the_integral_over_both_dose_rates(delay_s: float) -> None:
    def integrand(time_s: float) -> float:
        later = _rate(UPTAKE, time_s) * _unrepaired(BI, time_s + delay_s)
        return later + _rate(BI, time_s + delay_s) * _unrepaired(UPTAKE, time_s)

    whole = sum(quad(integrand, a, b, limit=300, epsrel=1e-11)[0] for a, b in ((0.0, 5e4), (5e4, 5e5), (5e5, 2e7)))
    found = rb.protraction_integral_gy2(BI, UPTAKE, delay_s=delay_s, repair_half_life_s=REPAIR)
    assert found == pytest.approx(whole, rel=1e-8)


def test_that_a_constant_equal_to_that_of_repair_is_no_singularity() -> None:
    repair = math.log(2) / REPAIR
    at, beside = (
        rb.protraction_integral_gy2(
            [rb.DoseRateTerm(1.0, repair * factor)], BI, delay_s=7200.0, repair_half_life_s=REPAIR
        )
        for factor in (1.0, 1.0 + 1e-7)
    )
    assert at == pytest.approx(beside, rel=1e-6)


def test_that_two_nuclides_in_one_sum_are_the_double_sum_over_all_terms() -> None:
    times = np.array([4.0, 24.0, 48.0, 192.0]) * SECONDS_PER_HOUR
    fit = fit_curve(TimeActivityCurve(times, 6e7 * np.exp2(-times / (51 * SECONDS_PER_HOUR)), LU177))
    other = second_nuclide_fit(fit, to_nuclide=Y90, administered_from_bq=3.7e9, administered_to_bq=1.85e9)
    factors = {LU177: 2e-13, Y90: 1.2e-12}
    fits = {LU177: fit, Y90: other}
    quadratic = rb.protraction_per_gy(
        {name: rb.NuclideDoseRate(fits[name], factors[name]) for name in fits}, rb.KIDNEY_RADIOSENSITIVITY
    )
    terms = [t for name in fits for t in rb.dose_rate_terms(fits[name].terms, factors[name])]
    doses = {name: factors[name] * fits[name].time_integrated_activity_bq_s for name in fits}
    together = rb.bed_gy(terms, alpha_beta_gy=ALPHA_BETA, repair_half_life_s=REPAIR)
    assert rb.bed_of_doses_gy(doses, quadratic) == pytest.approx(together, rel=1e-12)
    assert quadratic[LU177][Y90] == quadratic[Y90][LU177]
    # Three times the activity: three times the linear part, nine times the rest.
    tripled = rb.bed_of_doses_gy({name: 3 * dose for name, dose in doses.items()}, quadratic)
    total = sum(doses.values())
    assert tripled == pytest.approx(3 * total + 9 * (together - total), rel=1e-12)


def test_that_the_organ_of_two_parts_has_their_mean_bed() -> None:
    q = [FrozenMap({LU177: FrozenMap({LU177: value})}) for value in (0.02, 0.03)]
    parts = [(0.17, {LU177: 4.0}, q[0]), (0.15, {LU177: 6.0}, q[1])]
    mean_dose = (0.17 * 4.0 + 0.15 * 6.0) / 0.32
    mean_bed = sum(m * rb.bed_of_doses_gy(d, x) for m, d, x in parts) / 0.32
    found = rb.bed_of_doses_gy({LU177: mean_dose}, rb.mean_protraction_per_gy(parts))
    assert found == pytest.approx(mean_bed, rel=1e-13)


def test_that_bed_in_fractions_of_2_gy_is_the_dose_of_such_fractions() -> None:
    # n fractions of 2 Gy have BED 2n (1 + 2/(α/β)).
    assert rb.eqd2_gy(20 * 2 * (1 + 2 / ALPHA_BETA), alpha_beta_gy=ALPHA_BETA) == pytest.approx(40.0)


def test_that_an_unknown_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="no protraction"):
        rb.bed_of_doses_gy({LU177: 1.0, Y90: 1.0}, FrozenMap({LU177: FrozenMap({LU177: 0.02})}))
