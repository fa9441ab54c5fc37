"""Phantom measurements whose answers are known: cylinder, spheres, edge."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from dosimetry_core.camera_calibration import cylinder_sensitivity, edge_point_spread_fwhm_mm, fitted_recovery
from dosimetry_core.errors import DosimetryError
from dosimetry_core.image import ImageSeries
from dosimetry_core.nuclide import LU177
from dosimetry_core.volume import Volume
from tests.dosimetry_core.bodies import START, grid, series

HALF_LIFE_S = 159.528 * 3600


def cylinder(counts: float, duration_s: float = 1200.0) -> ImageSeries:
    geometry = grid((4, 4, 4), (4.8, 4.8, 4.8))
    volume = Volume(np.full(geometry.shape, counts / 64), geometry, "counts")
    return series("spect", volume, frame="1", nuclide=LU177, counting_duration_s=duration_s)


def test_that_a_cylinder_gives_the_sensitivity_that_made_its_counts() -> None:
    """C = Q A (1 − exp(−λT))/λ with A at the start, six hours after the activity was measured."""
    decay = math.log(2) / HALF_LIFE_S
    measured = 800e6
    at_start = measured * math.exp(-decay * 6 * 3600)
    counts = 9.61e-6 * at_start * -math.expm1(-decay * 1200) / decay
    found = cylinder_sensitivity(cylinder(counts), activity_bq=measured, activity_time=START - timedelta(hours=6))
    # The bundled half-life is 6.6443 d against 6.647 d: 1e-5 over six hours.
    assert found.sensitivity_cps_per_bq == pytest.approx(9.61e-6, rel=1e-4)
    assert found.count_standard_uncertainty_relative == pytest.approx(1 / math.sqrt(counts))


def test_that_dead_time_is_put_right() -> None:
    """Non-paralyzable, 1.2 µs: 52 000 counts/s are seen of 52 000/(1 − 0.0624)."""
    found = cylinder_sensitivity(cylinder(52_000 * 1200), activity_bq=1e9, activity_time=START, dead_time_s=1.2e-6)
    assert found.dead_time_factor == pytest.approx(1 / (1 - 0.0624))


def test_that_what_is_no_calibration_is_refused() -> None:
    image = cylinder(1e6)
    with pytest.raises(DosimetryError, match="how long"):
        cylinder_sensitivity(replace(image, counting_duration_s=None), activity_bq=1e9, activity_time=START)
    calibrated = replace(image, volume=replace(image.volume, quantity="activity_concentration_bq_per_ml"))
    with pytest.raises(DosimetryError, match="calibrated already"):
        cylinder_sensitivity(calibrated, activity_bq=1e9, activity_time=START)
    with pytest.raises(DosimetryError, match="not positive"):
        cylinder_sensitivity(image, activity_bq=0.0, activity_time=START)


def test_that_exact_spheres_give_their_curve_back() -> None:
    volumes = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 26.5]
    values = [1 - 1 / (1 + (v / 5.2) ** 0.95) for v in volumes]
    found = fitted_recovery(volumes, values)
    assert (found.curve.b_ml, found.curve.gamma) == pytest.approx((5.2, 0.95), rel=1e-6)
    assert found.residual_relative < 1e-6


def test_that_the_stated_spread_is_that_of_noisy_spheres() -> None:
    volumes = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 26.5, 50.0])
    true = 1 - 1 / (1 + (volumes / 5.2) ** 0.95)
    generator = np.random.default_rng(5)
    fits = [fitted_recovery(volumes, true * (1 + 0.03 * generator.standard_normal(8))) for _ in range(200)]
    spread = np.std([math.log(fit.curve.b_ml) for fit in fits])
    stated = np.sqrt(np.mean([fit.covariance_of_logarithms[0][0] for fit in fits]))
    # 200 repetitions tell a standard deviation to 5 %; three of them.
    assert stated == pytest.approx(spread, rel=0.15)
    assert np.mean([fit.curve.relative_standard_uncertainty for fit in fits]) == pytest.approx(0.03, rel=0.1)


@pytest.mark.parametrize("values", [([1.0, 2.0], [0.3, 0.4]), ([1.0, 2.0, 3.0], [0.3, 0.4, 1.9])])
def test_that_too_few_or_impossible_spheres_are_refused(values: tuple[list[float], list[float]]) -> None:
    with pytest.raises(DosimetryError):
        fitted_recovery(*values)


@pytest.mark.parametrize("fwhm", [6.0, 9.2, 14.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_that_an_edge_gives_the_width_of_its_blur(fwhm: float, sign: float) -> None:
    x = np.arange(-40.0, 40.1, 2.0)
    y = [3.0 + 50.0 * 0.5 * (1 + math.erf(sign * (d - 1.3) / (fwhm / 2.354820045) / math.sqrt(2))) for d in x]
    assert edge_point_spread_fwhm_mm(x, y) == pytest.approx(fwhm, rel=1e-4)


def test_that_a_flat_profile_has_no_edge() -> None:
    with pytest.raises(DosimetryError, match="contrast"):
        edge_point_spread_fwhm_mm(np.arange(10.0), np.ones(10))
