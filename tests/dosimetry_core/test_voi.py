from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, VoiMask

GRID = VolumeGeometry((10, 20, 30), np.zeros(3), (3.0, 1.0, 2.0), np.eye(3)[:, ::-1])


def test_that_a_mask_is_cropped_to_its_box() -> None:
    whole = np.zeros(GRID.shape, bool)
    whole[2:5, 4:9, 7:8] = True
    mask = VoiMask.from_array(GRID, whole)
    assert mask.start == (2, 4, 7)
    assert mask.coverage.shape == (3, 5, 1)
    np.testing.assert_array_equal(mask.whole_grid_fraction() > 0, whole)


def test_that_partial_voxels_count_by_their_share() -> None:
    whole = np.zeros(GRID.shape)
    whole[0, 0, 0] = 1.0
    whole[0, 0, 1] = 0.2
    # One voxel is 6 mm³; 0.2 is exact in 255ths.
    assert VoiMask.from_array(GRID, whole).volume_ml == pytest.approx(0.006 * 1.2)


def test_that_the_centroid_of_a_box_is_its_middle() -> None:
    whole = np.zeros(GRID.shape, bool)
    whole[2:5, 4:9, 10:21] = True
    np.testing.assert_allclose(VoiMask.from_array(GRID, whole).centroid_mm(), GRID.index_to_point((3, 6, 15)))


def test_that_an_empty_mask_has_no_volume_and_no_centroid() -> None:
    mask = VoiMask.from_array(GRID, np.zeros(GRID.shape, bool))
    assert mask.is_empty
    assert mask.volume_ml == 0
    with pytest.raises(ValueError, match="empty"):
        mask.centroid_mm()


def test_that_a_mask_can_not_be_changed() -> None:
    mask = VoiMask.from_array(GRID, np.ones(GRID.shape, bool))
    assert mask.coverage.max() == FULL_COVERAGE
    with pytest.raises(ValueError, match="read-only"):
        mask.coverage[0, 0, 0] = 0


def test_that_a_box_outside_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        VoiMask(GRID, (8, 0, 0), np.ones((3, 1, 1), np.uint8))
