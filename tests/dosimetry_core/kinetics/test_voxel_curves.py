from __future__ import annotations

import math
import time

import numpy as np
import pytest

from dosimetry_core.errors import FitError, GeometryMismatchError
from dosimetry_core.kinetics.voxel_curves import VoxelVoi, voxel_time_integrated_activity
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.units import SECONDS_PER_HOUR

TIMES = np.array([4.0, 24.0, 48.0, 192.0]) * SECONDS_PER_HOUR
LU, Y = nuclide(LU177).decay_constant_per_s, nuclide(Y90).decay_constant_per_s
SHAPE = (12, 16, 20)


def rate(half_life_h: float) -> float:
    return math.log(2) / (half_life_h * SECONDS_PER_HOUR)


def images(amplitude: np.ndarray, rates: np.ndarray) -> list[np.ndarray]:
    return [amplitude * np.exp(-rates * t) for t in TIMES]


def a_body(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(1e3, 1e5, SHAPE), rate(1.0) / rng.uniform(15.0, 150.0, SHAPE)


def test_that_every_voxel_gets_back_its_own_curve() -> None:
    amplitude, rates = a_body()
    found = voxel_time_integrated_activity(
        images(amplitude, rates), TIMES, nuclide_name=LU177, vois={}, second_nuclides={Y90: 0.5}
    )
    # The parabola through three of 48 rates a factor 1.08 apart is good to a few per mille.
    np.testing.assert_allclose(found.maps[LU177], amplitude / rates, rtol=5e-3)
    np.testing.assert_allclose(found.maps[Y90], 0.5 * amplitude / (rates + Y - LU), rtol=5e-3)
    np.testing.assert_allclose(found.effective_half_life_s, math.log(2) / rates, rtol=1e-2)
    assert found.empty_voxels == 0


def test_that_no_voxel_decays_more_slowly_than_its_nuclide() -> None:
    amplitude, _ = a_body()
    found = voxel_time_integrated_activity(
        [amplitude * f for f in (1.0, 1.1, 1.2, 1.3)], TIMES, nuclide_name=LU177, vois={}
    )
    assert found.effective_half_life_s.max() <= math.log(2) / LU * (1 + 1e-5)


def test_that_the_sum_over_each_voi_is_that_of_its_own_curve() -> None:
    amplitude, rates = a_body()
    rng = np.random.default_rng(4)
    noisy = [image * (1 + 0.3 * rng.standard_normal(SHAPE)) for image in images(amplitude, rates)]
    # Fractional borders that two VOIs share, as exclusive VOIs have them: together never more than one.
    left, right = np.ones((6, 8, 6)), np.ones((6, 8, 6))
    left[:, :, -1] = 0.3
    right[:, :, 0] = 0.6
    vois = {
        "left": VoxelVoi((slice(2, 8), slice(4, 12), slice(3, 9)), left, {LU177: 3.1e12, Y90: 9.0e11}),
        "right": VoxelVoi((slice(2, 8), slice(4, 12), slice(8, 14)), right, {LU177: 2.2e12, Y90: 8.0e11}),
    }
    found = voxel_time_integrated_activity(
        noisy, TIMES, nuclide_name=LU177, vois=vois, second_nuclides={Y90: 0.5}, place="cycle 1"
    )
    for name, voi in vois.items():
        for isotope, expected in voi.time_integrated_activity_bq_s.items():
            total = (found.maps[isotope][voi.box].astype(float) * voi.coverage).sum()
            # Sums of single-precision voxels.
            assert total == pytest.approx(expected, rel=1e-5), (name, isotope)
    outside = np.ones(SHAPE, bool)
    outside[2:8, 4:12, 3:14] = False
    plain = voxel_time_integrated_activity(noisy, TIMES, nuclide_name=LU177, vois={})
    np.testing.assert_array_equal(found.maps[LU177][outside], plain.maps[LU177][outside])


def test_that_the_factor_is_that_between_both_sums_and_a_large_one_is_remarked_on() -> None:
    amplitude, rates = a_body()
    box = (slice(2, 8), slice(4, 12), slice(3, 9))
    own = float((amplitude / rates)[box].sum())
    voi = VoxelVoi(box, np.ones((6, 8, 6)), {LU177: 1.4 * own})
    found = voxel_time_integrated_activity(images(amplitude, rates), TIMES, nuclide_name=LU177, vois={"kidney": voi})
    assert found.scale_factors["kidney"][LU177] == pytest.approx(1.4, rel=2e-3)
    assert [(f.code, f.place) for f in found.findings] == [("voxel-scale", "kidney")]
    assert "1.40" in found.findings[0].text


def test_that_the_map_is_linear_in_the_activity() -> None:
    amplitude, rates = a_body()
    one = voxel_time_integrated_activity(images(amplitude, rates), TIMES, nuclide_name=LU177, vois={})
    two = voxel_time_integrated_activity(images(2 * amplitude, rates), TIMES, nuclide_name=LU177, vois={})
    np.testing.assert_allclose(two.maps[LU177], 2 * one.maps[LU177], rtol=1e-5)


def test_that_noise_does_not_bias_the_sum_before_it_is_closed() -> None:
    rng = np.random.default_rng(8)
    shape = (30, 30, 30)
    exact = images(np.full(shape, 1e4), np.full(shape, rate(55.0)))
    noisy = [image * (1 + 0.15 * rng.standard_normal(shape)) for image in exact]
    found = voxel_time_integrated_activity(noisy, TIMES, nuclide_name=LU177, vois={})
    # 27 000 voxels of about 9 % each; what is left is the curvature of 1/λ, about its relative variance.
    assert found.maps[LU177].mean() == pytest.approx(1e4 / rate(55.0), rel=0.02)


def test_that_voxels_without_activity_hold_nothing_and_are_counted() -> None:
    amplitude, rates = a_body()
    amplitude[0] = -50.0
    found = voxel_time_integrated_activity(
        images(amplitude, rates), TIMES, nuclide_name=LU177, vois={}, region=np.ones(SHAPE, bool)
    )
    assert found.empty_voxels == amplitude[0].size
    assert (found.maps[LU177][0] == 0).all()


def test_that_what_can_not_be_closed_is_refused() -> None:
    amplitude, rates = a_body()
    four = images(amplitude, rates)
    inside = VoxelVoi((slice(2, 4),) * 3, np.ones((2, 2, 2)), {LU177: 1e9})
    with pytest.raises(FitError, match="overlap"):
        voxel_time_integrated_activity(four, TIMES, nuclide_name=LU177, vois={"a": inside, "b": inside})
    amplitude[:4, :4, :4] = 0
    with pytest.raises(FitError, match="no activity") as caught:
        voxel_time_integrated_activity(images(amplitude, rates), TIMES, nuclide_name=LU177, vois={"a": inside})
    assert caught.value.where == "a"
    with pytest.raises(GeometryMismatchError):
        voxel_time_integrated_activity([*four[:3], four[3][1:]], TIMES, nuclide_name=LU177, vois={})


def test_that_a_voi_which_can_not_hold_what_it_encloses_is_refused() -> None:
    # The enclosed VOI's curve says more than the whole one's: the rest of the whole would have to hold less than none.
    ones = np.ones(SHAPE)
    inner = VoxelVoi((slice(3, 5),) * 3, np.ones((2, 2, 2)), {LU177: 9e9})
    outer = VoxelVoi((slice(2, 6),) * 3, np.ones((4, 4, 4)), {LU177: 1e9})
    with pytest.raises(FitError, match="overlap"):
        voxel_time_integrated_activity(
            images(1e3 * ones, rate(60.0) * ones), TIMES, nuclide_name=LU177, vois={"inner": inner, "outer": outer}
        )


def test_that_half_a_million_voxels_take_about_a_second() -> None:
    rng = np.random.default_rng(1)
    shape = (80, 80, 80)
    four = [image.astype(np.float32) for image in images(rng.uniform(1, 9, shape), np.full(shape, rate(60.0)))]
    begin = time.perf_counter()
    voxel_time_integrated_activity(four, TIMES, nuclide_name=LU177, vois={}, second_nuclides={Y90: 0.5})
    # About 0.3 s on an idle core; the rest keeps a loaded machine from failing at random.
    assert time.perf_counter() - begin < 3.0
