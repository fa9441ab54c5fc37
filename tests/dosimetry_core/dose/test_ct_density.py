from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.dose.ct_density import density_of_ct_number, density_on_grid
from dosimetry_core.volume import Volume
from tests.phantoms import grid


def test_that_water_air_and_cortical_bone_have_their_density() -> None:
    found = density_of_ct_number(np.array([-1024, -1000, 0, 40, 1525]))
    # ICRU 46: cortical bone 1.92 g/mL, which Schneider and others place at 1524 HU.
    assert found == pytest.approx([0, 0, 1.0, 1.04, 1.92], abs=0.002)


def test_that_the_curve_rises_without_a_step() -> None:
    steps = np.diff(density_of_ct_number(np.arange(-1000, 3000)))
    assert steps.min() > 0
    assert steps.max() < 1.1e-3


def test_that_a_coarser_grid_shows_the_means_of_the_ct() -> None:
    fine = grid((8, 16, 16), (1.0, 1.0, 1.0), origin_mm=(0.0, 0.0, 0.0))
    coarse = grid((3, 7, 7), (2.0, 2.0, 2.0), origin_mm=(0.5, 0.5, 0.5))
    numbers = np.zeros(fine.shape, np.int16)
    numbers[:, :, ::2] = -400
    found = density_on_grid(Volume(numbers, fine, "ct_number_hu"), coarse)
    # Each coarse voxel holds as many of either kind.
    assert found == pytest.approx(0.8, abs=1e-5)


def test_that_a_coarser_grid_shows_the_means_of_a_ct_of_three_different_lengths() -> None:
    fine = grid((4, 6, 8), (1.0, 1.0, 1.0), origin_mm=(0.0, 0.0, 0.0))
    coarse = grid((2, 3, 4), (2.0, 2.0, 2.0), origin_mm=(0.5, 0.5, 0.5))
    numbers = (-10 * np.arange(4 * 6 * 8)).reshape(fine.shape).astype(np.int16)
    found = density_on_grid(Volume(numbers, fine, "ct_number_hu"), coarse)
    means = np.array(
        [
            [
                [numbers[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, 2 * k : 2 * k + 2].mean() for k in range(4)]
                for j in range(3)
            ]
            for i in range(2)
        ]
    )
    assert found == pytest.approx(density_of_ct_number(means), abs=1e-5)


def test_that_there_is_nothing_beyond_the_ct() -> None:
    fine = grid((4, 4, 4), (2.0, 2.0, 2.0), origin_mm=(0.0, 0.0, 0.0))
    coarse = grid((4, 4, 8), (2.0, 2.0, 2.0), origin_mm=(0.0, 0.0, 0.0))
    found = density_on_grid(Volume(np.zeros(fine.shape, np.int16), fine, "ct_number_hu"), coarse)
    assert found[..., :4] == pytest.approx(1.0)
    assert not found[..., 5:].any()
