"""Overlap and distances of two outlines, against shapes whose answers are known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt

from dosimetry_core.comparison.mask_agreement import common_volume_ml, mask_agreement, surface_distances_mm
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, VoiMask

SPACING = (3.0, 2.0, 1.5)


def grid(shape: tuple[int, int, int] = (40, 40, 40), spacing: tuple[float, float, float] = SPACING) -> VolumeGeometry:
    return VolumeGeometry(shape, np.array([-10.0, 20.0, 5.0]), spacing, np.eye(3)[::-1].T)


def box(start: tuple[int, int, int], size: tuple[int, int, int], on: VolumeGeometry | None = None) -> VoiMask:
    return VoiMask(on or grid(), start, np.full(size, FULL_COVERAGE, np.uint8))


def ball(radius_mm: float, on: VolumeGeometry) -> VoiMask:
    index = np.indices(on.shape).reshape(3, -1).T
    from_middle = np.linalg.norm(on.index_to_point(index) - on.centre_mm(), axis=1).reshape(on.shape)
    return VoiMask.from_array(on, from_middle <= radius_mm)


def test_that_a_mask_agrees_with_itself() -> None:
    one = box((5, 6, 7), (10, 12, 8))
    found = mask_agreement(one, one)
    assert (found.dice, found.volume_difference, found.centroid_distance_mm) == (1.0, 0.0, 0.0)
    assert (found.mean_surface_distance_mm, found.hausdorff_95_mm, found.hausdorff_mm) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("axis", "steps"), [(0, 3), (1, 5), (2, 4)])
def test_that_a_shifted_box_has_the_dice_and_the_distance_of_its_shift(axis: int, steps: int) -> None:
    size = [10, 12, 14]
    start = [5, 6, 7]
    moved = list(start)
    moved[axis] += steps
    found = mask_agreement(box((5, 6, 7), (10, 12, 14)), box((moved[0], moved[1], moved[2]), (10, 12, 14)))
    # Two equal boxes shifted along one edge by s of n voxels share (n - s)/n of each.
    assert found.dice == pytest.approx((size[axis] - steps) / size[axis], rel=1e-12)
    assert found.volume_difference == 0.0
    # Every point is moved by the same vector: no point is farther from the other shape, and the end face is as far.
    shift_mm = steps * SPACING[axis]
    assert found.centroid_distance_mm == pytest.approx(shift_mm, rel=1e-12)
    assert found.hausdorff_mm == pytest.approx(shift_mm, rel=1e-12)


def test_that_a_box_within_a_box_has_the_dice_of_their_volumes() -> None:
    found = mask_agreement(box((5, 5, 5), (20, 20, 20)), box((10, 10, 10), (10, 10, 10)))
    # 2 · 1000/(8000 + 1000)
    assert found.dice == pytest.approx(2 / 9, rel=1e-12)
    assert found.volume_difference == pytest.approx(-7 / 8, rel=1e-12)


def test_that_concentric_balls_lie_apart_by_the_difference_of_their_radii() -> None:
    on = grid((61, 61, 61), (1.0, 1.0, 1.0))
    found = mask_agreement(ball(25.0, on), ball(18.0, on))
    assert found.dice == pytest.approx(2 * 18**3 / (25**3 + 18**3), rel=0.01)
    # Surfaces are known to about a voxel of 1 mm.
    assert found.mean_surface_distance_mm == pytest.approx(7.0, abs=0.3)
    assert found.hausdorff_mm == pytest.approx(7.0, abs=1.0)
    assert found.hausdorff_95_mm is not None
    assert found.hausdorff_mm is not None
    assert found.hausdorff_95_mm <= found.hausdorff_mm


def test_that_balls_side_by_side_have_the_lens_of_two_spheres_in_common() -> None:
    on = grid((60, 60, 80), (1.0, 1.0, 1.0))
    left = ball(20.0, on)
    shift = 14
    right = VoiMask(on, (left.start[0], left.start[1], left.start[2] + shift), left.coverage)
    # Volume of the lens of two equal spheres at distance d: π(4r + d)(2r − d)²/12.
    lens = math.pi * (4 * 20 + shift) * (2 * 20 - shift) ** 2 / 12
    found = mask_agreement(left, right)
    assert found.dice == pytest.approx(lens / (4 / 3 * math.pi * 20**3), rel=0.01)
    assert found.hausdorff_mm == pytest.approx(shift, abs=1.0)


def _surface(mask: VoiMask) -> NDArray[np.bool_]:
    inside = mask.whole_grid_fraction() >= 0.5
    return inside & ~binary_erosion(inside)


def test_that_distances_are_those_of_a_distance_map() -> None:
    generator = np.random.default_rng(3)
    on = grid((24, 26, 28))
    one = VoiMask.from_array(on, np.pad(generator.random((14, 16, 18)) > 0.6, 5))
    two = VoiMask.from_array(on, np.pad(generator.random((10, 12, 14)) > 0.4, 7))
    forth, back = surface_distances_mm(one, two)
    for found, here, there in ((forth, one, two), (back, two, one)):
        by_map = distance_transform_edt(~_surface(there), sampling=SPACING)[_surface(here)]
        assert np.sort(found) == pytest.approx(np.sort(by_map), rel=1e-9)


def test_that_partly_covered_voxels_count_by_their_part() -> None:
    on = grid()
    half = VoiMask(on, (5, 5, 5), np.full((4, 4, 4), FULL_COVERAGE // 2, np.uint8))
    whole = box((5, 5, 5), (4, 4, 4))
    found = mask_agreement(half, whole)
    share = (FULL_COVERAGE // 2) / FULL_COVERAGE
    assert found.dice == pytest.approx(2 * share / (1 + share), rel=1e-12)
    # It covers no voxel by half: it has no surface to be near to.
    assert found.hausdorff_mm is None


def test_that_masks_apart_have_nothing_in_common() -> None:
    found = mask_agreement(box((0, 0, 0), (4, 4, 4)), box((20, 0, 0), (4, 4, 4)))
    assert found.dice == 0.0
    # From the far face of one to the near face of the other: 20 slices.
    assert found.hausdorff_mm == pytest.approx(20 * SPACING[0])


def test_that_other_grids_and_empty_masks_are_refused() -> None:
    one = box((5, 5, 5), (4, 4, 4))
    other = box((5, 5, 5), (4, 4, 4), grid(spacing=(3.0, 2.0, 2.0)))
    with pytest.raises(ValueError, match="different grids"):
        common_volume_ml(one, other)
    with pytest.raises(ValueError, match="empty"):
        mask_agreement(one, VoiMask(grid(), (0, 0, 0), np.zeros((0, 0, 0), np.uint8)))
