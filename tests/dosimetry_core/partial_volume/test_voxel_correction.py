from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dosimetry_core.partial_volume.voxel_correction import divided_image
from dosimetry_core.voi_sampling import GridCoverage
from tests.phantoms import grid

GRID = grid((24, 24, 24), (4.0, 4.0, 4.0), origin_mm=(0.0, 0.0, 0.0))
SIGMA = (0.9, 0.9, 0.9)


def test_that_a_blurred_organ_on_a_warm_ground_is_made_sharp_again() -> None:
    part = GridCoverage(GRID, (8, 8, 8), np.ones((8, 8, 8)), 0.0)
    true = np.full(GRID.shape, 1.0, np.float32)
    true[part.slices] = 10.0
    seen = gaussian_filter(true, SIGMA, mode="nearest")
    found = divided_image(seen, {"organ": part}, {"organ": 10.0 * 512}, SIGMA)
    before = seen[part.slices].sum() / true[part.slices].sum()
    assert before < 0.85
    # The ground beneath the organ is not known, so a few percent are left at its edge.
    assert found.own["organ"].sum() == pytest.approx(true[part.slices].sum(), rel=0.03)
    assert found.around[7, 12, 12] < 0.5 * seen[7, 12, 12]


def test_that_half_a_voxel_of_an_organ_holds_half_a_voxel_of_its_activity() -> None:
    inside = np.zeros((8, 8, 8))
    inside[1:-1, 1:-1, 1:-1] = 1.0
    inside[0, 1:-1, 1:-1] = 0.5
    part = GridCoverage(GRID, (8, 8, 8), inside, 0.0)
    true = np.zeros(GRID.shape, np.float32)
    true[part.slices] = 10.0 * inside
    found = divided_image(gaussian_filter(true, SIGMA), {"organ": part}, {"organ": 10.0 * inside.sum()}, SIGMA)
    # What the outline's voxels hold is the organ's, all of it; the sum needs no scaling.
    assert found.own["organ"].sum() == pytest.approx(10.0 * inside.sum(), rel=1e-3)
    assert found.own["organ"][0, 4, 4] == pytest.approx(5.0, rel=1e-3)


def test_that_neighbours_keep_their_own_activity_in_a_voxel_they_share() -> None:
    left, right = np.ones((6, 6, 6)), np.ones((6, 6, 6))
    left[:, :, -1], right[:, :, 0] = 0.5, 0.5
    parts = {"a": GridCoverage(GRID, (8, 8, 6), left, 0.0), "b": GridCoverage(GRID, (8, 8, 11), right, 0.0)}
    true = np.zeros(GRID.shape, np.float32)
    for (name, part), level in zip(parts.items(), (20.0, 1.0), strict=True):
        true[part.slices] += np.float32(level) * part.fraction.astype(np.float32)
        assert name in parts
    totals = {"a": 20.0 * left.sum(), "b": right.sum()}
    found = divided_image(gaussian_filter(true, SIGMA), parts, totals, SIGMA)
    for name, total in totals.items():
        assert found.own[name].sum() == pytest.approx(total, rel=1e-3)
    assert found.together(parts).sum() == pytest.approx(true.sum(), rel=1e-3)


def test_that_nothing_is_changed_far_from_vois_and_without_blur() -> None:
    part = GridCoverage(GRID, (10, 10, 10), np.ones((3, 3, 3)), 0.0)
    image = np.random.default_rng(3).uniform(1, 2, GRID.shape).astype(np.float32)
    total = {"organ": float(image[part.slices].sum())}
    far = divided_image(image, {"organ": part}, total, SIGMA).together({"organ": part})
    np.testing.assert_array_equal(far[:5], image[:5])
    sharp = np.zeros(GRID.shape, np.float32)
    sharp[part.slices] = 2.0
    same = divided_image(sharp, {"organ": part}, {"organ": 54.0}, (0.0, 0.0, 0.0))
    np.testing.assert_allclose(same.own["organ"], 2.0, rtol=1e-6)
    assert not same.around.any()


@pytest.mark.parametrize("start", [(10, 9, 8), (0, 17, 8), (21, 0, 20)])
def test_that_blurring_only_around_the_vois_changes_no_digit(start: tuple[int, int, int]) -> None:
    """The same written down once more, with every step on the whole grid."""
    generator = np.random.default_rng(17)
    parts = {
        "a": GridCoverage(GRID, start, generator.uniform(0, 1, (3, 5, 4)), 0.0),
        "b": GridCoverage(GRID, (12, 13, 11), generator.uniform(0, 1, (2, 2, 3)), 0.0),
    }
    image = generator.uniform(0, 5, GRID.shape).astype(np.float32)
    totals, sigma = {"a": 400.0, "b": 90.0}, (0.7, 1.3, 1.0)
    covered, sharp = np.zeros(GRID.shape, np.float32), np.zeros(GRID.shape, np.float32)
    level = {name: np.float32(totals[name] / float(part.fraction.sum())) for name, part in parts.items()}
    for name, part in parts.items():
        covered[part.slices] += part.fraction.astype(np.float32)
        sharp[part.slices] += part.fraction.astype(np.float32) * level[name]
    spilled = gaussian_filter(sharp, sigma, mode="constant")
    around = np.maximum(image - spilled, 0) * np.maximum(1 - covered, 0)
    seen = spilled + gaussian_filter(around, sigma, mode="constant")
    ratio = np.where(covered > 0, image / seen, np.float32(1))
    found = divided_image(image, parts, totals, sigma)
    np.testing.assert_array_equal(found.around, around * ratio)
    for name, part in parts.items():
        own = part.fraction.astype(np.float32) * level[name] * ratio[part.slices]
        np.testing.assert_array_equal(found.own[name], own)


def test_that_an_image_without_vois_is_its_own_surroundings() -> None:
    image = np.random.default_rng(3).uniform(1, 2, GRID.shape).astype(np.float32)
    found = divided_image(image, {}, {}, SIGMA)
    assert not found.own
    np.testing.assert_array_equal(found.around, image)
