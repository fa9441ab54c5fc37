from __future__ import annotations

import math

import pytest

from dosimetry_core.second_opinion.quadrature import integral, integral_to_infinity


def test_that_polynomials_up_to_twice_the_order_are_exact() -> None:
    for power in range(24):
        assert integral(lambda x, n=power: x**n, 0.0, 2.0) == pytest.approx(2.0 ** (power + 1) / (power + 1), rel=1e-13)  # type: ignore[misc]


@pytest.mark.parametrize("ratio", [1.0, 3.0, 50.0, 1e4])
def test_that_sums_of_exponentials_are_integrated_to_infinity(ratio: float) -> None:
    slow = 3.4e-6
    fast = slow * ratio
    value = integral_to_infinity(
        lambda t: 5.0 * math.exp(-slow * t) + 2.0 * math.exp(-fast * t),
        begin=0.0,
        fastest_per_s=fast,
        slowest_per_s=slow,
    )
    assert value == pytest.approx(5.0 / slow + 2.0 / fast, rel=1e-11)


def test_that_an_uptake_curve_loses_nothing() -> None:
    value = integral_to_infinity(
        lambda t: math.exp(-1e-6 * t) - math.exp(-1e-4 * t), begin=0.0, fastest_per_s=1e-4, slowest_per_s=1e-6
    )
    assert value == pytest.approx(1e6 - 1e4, rel=1e-11)
