from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from dosimetry_core.kinetics import models
from dosimetry_core.kinetics.models import BI, FAMILIES, MONO, TRI_UPTAKE, UPTAKE, ExponentialFamily, ExponentialTerm

NATURAL = {
    MONO: [100.0, 0.01],
    BI: [40.0, 60.0, 0.08, 0.012],
    UPTAKE: [100.0, 0.012, 0.4],
    TRI_UPTAKE: [30.0, 70.0, 0.08, 0.012, 0.9],
}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_that_the_jacobian_is_the_derivative(family: ExponentialFamily) -> None:
    times = np.array([0.0, 1.0, 10.0, 100.0])
    natural = np.array(NATURAL[family])
    _, jacobian = family.activity_and_jacobian(natural, times)
    _, gradient = family.time_integrated_activity_and_gradient(natural)
    for number in range(natural.size):
        step = 1e-6 * natural[number]
        sides = []
        for sign in (1, -1):
            moved = natural.copy()
            moved[number] += sign * step
            sides.append(
                (family.activity_and_jacobian(moved, times)[0], family.time_integrated_activity_and_gradient(moved)[0])
            )
        # Central differences of 1e-6 are good to about 1e-9 relative.
        np.testing.assert_allclose((sides[0][0] - sides[1][0]) / (2 * step), jacobian[:, number], rtol=1e-6, atol=1e-6)
        assert (sides[0][1] - sides[1][1]) / (2 * step) == pytest.approx(gradient[number], rel=1e-6)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_that_the_closed_integral_equals_quadrature(family: ExponentialFamily) -> None:
    terms = family.terms(NATURAL[family])
    numeric = quad(lambda t: float(models.activity_bq(terms, np.array(t))), 5.0, 300.0, epsrel=1e-11)[0]
    assert models.time_integrated_activity_bq_s(terms, begin_s=5.0, end_s=300.0) == pytest.approx(numeric, rel=1e-9)
    whole, _ = family.time_integrated_activity_and_gradient(np.array(NATURAL[family]))
    assert models.time_integrated_activity_bq_s(terms) == pytest.approx(whole, rel=1e-13)


@pytest.mark.parametrize("family", [UPTAKE, TRI_UPTAKE], ids=lambda f: f.name)
def test_that_an_uptake_curve_starts_at_zero(family: ExponentialFamily) -> None:
    assert abs(float(models.activity_bq(family.terms(NATURAL[family]), np.array(0.0)))) < 1e-12


def test_that_the_peak_of_an_uptake_curve_is_a_maximum() -> None:
    peak = models.uptake_peak_time_s(0.012, 0.4)
    terms = UPTAKE.terms(NATURAL[UPTAKE])
    around = models.activity_bq(terms, np.array([0.99 * peak, peak, 1.01 * peak]))
    assert around[1] == max(around)


def test_that_names_carry_units_and_match_the_vector() -> None:
    for family in FAMILIES.values():
        assert len(family.parameter_names) == family.parameter_count
        assert all(name.endswith(("_bq", "_per_s")) for name in family.parameter_names)


def test_that_a_single_term_is_all_of_the_slowest() -> None:
    assert models.share_of_slowest_term([ExponentialTerm(3.0, 0.1)]) == 1.0
