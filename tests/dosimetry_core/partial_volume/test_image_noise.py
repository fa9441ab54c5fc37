"""What the VOIs of a scan say together about its noise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.partial_volume.image_noise import image_noise, noise_standard_uncertainty_bq_per_ml
from dosimetry_core.voi_editing import BrushGesture, apply_gesture
from tests.dosimetry_core.partial_volume.test_transfer_matrix import SCAN, _body_image, _masks, _regions

STEP = math.log(1.05)


def _noisy(sigma: float) -> np.ndarray:
    return _body_image() + sigma * np.random.default_rng(3).standard_normal(SCAN.shape) * _body_image() ** 0.75


def _coefficient(sigma: float) -> float:
    noise = image_noise(_regions().seen_in(_noisy(sigma)))
    assert noise is not None
    return noise.coefficient


def test_that_the_estimate_follows_the_noise_to_half_a_step() -> None:
    sigmas = np.geomspace(20.0, 60.0, 12)
    ratios = [_coefficient(sigma) / sigma**2 for sigma in sigmas]
    # What is left over of the model beside the noise is small here, so the ratio would be the same without steps.
    assert max(ratios) / min(ratios) < math.exp(STEP) * 1.01


def test_that_estimates_lie_on_a_scale_of_equal_ratios() -> None:
    steps = [math.log(_coefficient(sigma)) / STEP for sigma in (20.0, 23.0, 31.0, 60.0)]
    assert steps == pytest.approx([round(step) for step in steps], abs=1e-9)
    assert len(set(map(round, steps))) == 4


def test_that_a_stroke_on_one_voi_leaves_the_noise_of_another_to_the_bit() -> None:
    regions = _regions().seen_in(_noisy(30.0))
    masks = dict(_masks())
    kidney = masks["kidney left"]
    covered = np.argwhere(kidney.coverage)
    at = kidney.geometry.index_to_point(covered[len(covered) // 2] + np.array(kidney.start))
    stroke = BrushGesture("axial", at[None, :], 5.0, spherical=True, erase=True)
    masks["kidney left"] = apply_gesture(kidney, stroke)
    after = regions.updated(masks)
    assert after.noise_samples["kidney left"] != regions.noise_samples["kidney left"]
    first, second = image_noise(regions), image_noise(after)
    assert first is not None
    assert second is not None
    assert noise_standard_uncertainty_bq_per_ml(after, second, "lesion") == noise_standard_uncertainty_bq_per_ml(
        regions, first, "lesion"
    )
