"""Closed forms of the blurred sphere against numerical integrals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from dosimetry_core.partial_volume.blurred_sphere import (
    sphere_count_volume_sensitivity,
    sphere_edge_density,
    sphere_radius_mm,
    sphere_recovery,
    sphere_recovery_volume_sensitivity,
)

FWHM_MM = 12.0
DEVIATION_MM = FWHM_MM / (2 * np.sqrt(2 * np.log(2)))


def _density(at_mm: float, radius_mm: float) -> float:
    """Blurred unit ball at a distance from its centre, by integration over shells of the ball."""
    s = DEVIATION_MM

    def shell(r: float) -> float:
        near, far = (at_mm - r) ** 2 / (2 * s * s), (at_mm + r) ** 2 / (2 * s * s)
        return r / at_mm * (np.exp(-near) - np.exp(-far)) / (s * np.sqrt(2 * np.pi))

    return integrate.quad(shell, 0, radius_mm, epsabs=1e-12)[0]


@pytest.mark.parametrize("radius_mm", [8.0, 15.0, 34.0])
def test_that_the_edge_density_is_that_of_the_integral(radius_mm: float) -> None:
    assert sphere_edge_density(radius_mm, FWHM_MM) == pytest.approx(_density(radius_mm, radius_mm), rel=1e-8)


@pytest.mark.parametrize("radius_mm", [8.0, 15.0, 34.0])
def test_that_recovery_is_the_mean_of_the_blurred_density(radius_mm: float) -> None:
    total = integrate.quad(lambda r: 3 * r**2 / radius_mm**3 * _density(r, radius_mm), 1e-9, radius_mm)[0]
    assert sphere_recovery(radius_mm, FWHM_MM) == pytest.approx(total, rel=1e-7)


def test_that_recovery_of_a_huge_sphere_loses_what_crosses_a_plane() -> None:
    # A plane edge loses s/√(2π) per area; a ball has 3/r area per volume.
    loss = 3 / 500 * DEVIATION_MM / np.sqrt(2 * np.pi)
    assert 1 - sphere_recovery(500.0, FWHM_MM) == pytest.approx(loss, rel=1e-3)


def test_that_the_volume_sensitivities_are_the_slopes() -> None:
    radius = sphere_radius_mm(165.0)
    step = 1e-5
    larger = radius * np.cbrt(1 + step)
    recovery = sphere_recovery(radius, FWHM_MM)
    slope = (np.log(sphere_recovery(larger, FWHM_MM)) - np.log(recovery)) / step
    assert sphere_recovery_volume_sensitivity(radius, FWHM_MM) == pytest.approx(slope, rel=1e-4)
    # Counts of the unchanged blurred ball inside a larger outline.
    added = integrate.quad(lambda r: 3 * r**2 / radius**3 * _density(r, radius), radius, larger)[0]
    assert sphere_count_volume_sensitivity(radius, FWHM_MM) == pytest.approx(added / recovery / step, rel=1e-3)


def test_that_impossible_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        sphere_radius_mm(0.0)
    with pytest.raises(ValueError, match="positive"):
        sphere_recovery(10.0, 0.0)


def test_that_recovery_equals_a_simulation_of_blurring() -> None:
    rng = np.random.default_rng(3)
    points = rng.uniform(-1, 1, (400000, 3))
    points = 15.0 * points[(points**2).sum(axis=1) < 1]
    moved = points + rng.normal(0.0, DEVIATION_MM, points.shape)
    inside = ((moved**2).sum(axis=1) < 15.0**2).mean()
    # 200 000 points: 0.1 % standard deviation; three times that.
    assert sphere_recovery(15.0, FWHM_MM) == pytest.approx(inside, abs=0.0035)
