from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dosimetry_core.partial_volume.voxel_correction import voxel_wise_corrected
from dosimetry_core.voi_sampling import GridCoverage
from tests.phantoms import grid

GRID = grid((24, 24, 24), (4.0, 4.0, 4.0), origin_mm=(0.0, 0.0, 0.0))
SIGMA = (0.9, 0.9, 0.9)


def test_that_a_blurred_organ_on_a_warm_ground_is_made_sharp_again() -> None:
    part = GridCoverage(GRID, (8, 8, 8), np.ones((8, 8, 8)), 0.0)
    true = np.full(GRID.shape, 1.0, np.float32)
    true[part.slices] = 10.0
    seen = gaussian_filter(true, SIGMA, mode="nearest")
    found = voxel_wise_corrected(seen, {"organ": part}, {"organ": 10.0 * 512}, SIGMA)
    before = seen[part.slices].sum() / true[part.slices].sum()
    assert before < 0.85
    # The ground beneath the organ is not known, so a few percent are left at its edge.
    assert found[part.slices].sum() == pytest.approx(true[part.slices].sum(), rel=0.03)
    assert found[7, 12, 12] < 0.5 * seen[7, 12, 12]


def test_that_nothing_is_changed_far_from_vois_and_without_blur() -> None:
    part = GridCoverage(GRID, (10, 10, 10), np.ones((3, 3, 3)), 0.0)
    image = np.random.default_rng(3).uniform(1, 2, GRID.shape).astype(np.float32)
    total = {"organ": float(image[part.slices].sum())}
    far = voxel_wise_corrected(image, {"organ": part}, total, SIGMA)
    np.testing.assert_array_equal(far[:5], image[:5])
    sharp = np.zeros(GRID.shape, np.float32)
    sharp[part.slices] = 2.0
    same = voxel_wise_corrected(sharp, {"organ": part}, {"organ": 54.0}, (1e-6, 1e-6, 1e-6))
    np.testing.assert_allclose(same, sharp, rtol=1e-6)
