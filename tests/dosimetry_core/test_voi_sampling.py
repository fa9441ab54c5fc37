"""Coverage of image voxels by moved VOIs."""

from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_sampling import COARSE_CELL_SHARE, coverage_on_grid, joined_voxels, splatted
from tests.dosimetry_core.bodies import AXIAL, ellipsoid, grid, points_of

FINE = grid((50, 110, 110), (3.0, 1.0, 1.0))
IMAGE = grid((40, 40, 40), (4.8, 4.4, 4.4), (1.3, -0.7, 2.1))
TILTED = RigidTransform.from_rotation_vector((0.06, -0.09, 0.12), (9.0, -7.0, 11.0))


def _ball(geometry: VolumeGeometry, radius_mm: float = 35.0) -> VoiMask:
    return VoiMask.from_array(geometry, ellipsoid(points_of(geometry), (3, -2, 4), (radius_mm,) * 3))


@pytest.mark.parametrize("transform", [RigidTransform.identity(), TILTED])
@pytest.mark.parametrize("cell_share", [0.5, COARSE_CELL_SHARE])
def test_that_volume_is_conserved_inside_the_field_of_view(transform: RigidTransform, cell_share: float) -> None:
    mask = _ball(FINE)
    sampled = coverage_on_grid(mask, transform, IMAGE, cell_share=cell_share)
    assert sampled.volume_ml == pytest.approx(mask.volume_ml, rel=1e-12)
    assert sampled.fraction_outside == pytest.approx(0, abs=1e-12)


def test_that_the_centre_moves_as_the_transform_says() -> None:
    mask = _ball(FINE)
    sampled = coverage_on_grid(mask, TILTED, IMAGE)
    weights = sampled.whole_grid_fraction().astype(float)
    centre = (points_of(IMAGE) * weights[..., None]).sum(axis=(0, 1, 2)) / weights.sum()
    # A voxel keeps of a box only how much of it lies inside; over a whole surface that averages out to some 0.01 mm.
    assert centre == pytest.approx(TILTED.apply(mask.centroid_mm()), abs=0.02)


def test_that_a_mask_on_its_own_grid_is_unchanged() -> None:
    mask = _ball(FINE)
    sampled = coverage_on_grid(mask, RigidTransform.identity(), FINE)
    assert np.array_equal(sampled.whole_grid_fraction(), mask.whole_grid_fraction())


def test_that_parallel_grids_give_exact_overlaps() -> None:
    # One voxel of 2 mm displaced by half an image voxel of 4 mm lies one half in each of two neighbours.
    geometry = grid((1, 1, 1), (2.0, 2.0, 2.0), (2.0, 0.0, 0.0))
    mask = VoiMask(geometry, (0, 0, 0), np.full((1, 1, 1), 255, np.uint8))
    image = grid((3, 3, 3), (4.0, 4.0, 4.0))
    whole = coverage_on_grid(mask, RigidTransform.identity(), image).whole_grid_fraction()
    assert whole[1, 1, 1] == pytest.approx(1 / 16)
    assert whole[1, 1, 2] == pytest.approx(1 / 16)


def test_that_the_interior_is_fully_covered_after_rotation() -> None:
    whole = coverage_on_grid(_ball(FINE), TILTED, IMAGE).whole_grid_fraction()
    moved_centre = TILTED.apply((3.0, -2.0, 4.0))
    deep = np.linalg.norm(points_of(IMAGE) - moved_centre, axis=-1) < 35 - 8
    # What a rotated cell's box leaves out stays below a percent (module's choice of cell size).
    assert np.abs(whole[deep] - 1).max() < 0.01


def test_that_permuted_and_flipped_axes_are_followed() -> None:
    directions = AXIAL[:, [2, 0, 1]] * np.array([1, -1, 1])
    turned = VolumeGeometry((44, 40, 42), IMAGE.index_to_point((0, 0, 0)), (4.4, 4.8, 4.4), directions)
    turned = VolumeGeometry(
        turned.shape, turned.origin_mm - (turned.centre_mm() - IMAGE.centre_mm()), turned.spacing_mm, directions
    )
    mask = _ball(FINE)
    sampled = coverage_on_grid(mask, TILTED, turned)
    assert sampled.volume_ml == pytest.approx(mask.volume_ml, rel=1e-9)


def test_that_a_coarse_mask_fills_a_finer_image() -> None:
    coarse = grid((12, 12, 12), (9.0, 9.0, 9.0))
    mask = _ball(coarse)
    fine_image = grid((40, 40, 40), (3.0, 3.0, 3.0))
    sampled = coverage_on_grid(mask, RigidTransform.identity(), fine_image)
    assert sampled.volume_ml == pytest.approx(mask.volume_ml, rel=1e-12)
    assert sampled.fraction.max() == pytest.approx(1, abs=1e-9)


def test_that_what_lies_outside_is_reported() -> None:
    mask = _ball(FINE)
    half = IMAGE.cropped((0, 0, 0), (20, 40, 40))
    sampled = coverage_on_grid(mask, RigidTransform.identity(), half)
    assert sampled.volume_ml + sampled.fraction_outside * mask.volume_ml == pytest.approx(mask.volume_ml, rel=1e-12)
    assert 0.3 < sampled.fraction_outside < 0.7
    far = coverage_on_grid(mask, RigidTransform.from_rotation_vector((0, 0, 0), (900, 0, 0)), IMAGE)
    assert far.fraction.size == 0
    assert far.fraction_outside == 1


def test_that_nothing_drawn_covers_nothing() -> None:
    empty = VoiMask(FINE, (0, 0, 0), np.zeros((0, 0, 0), np.uint8))
    assert coverage_on_grid(empty, TILTED, IMAGE).volume_ml == 0


def test_that_parts_cut_at_joined_voxels_add_up_to_the_whole() -> None:
    mask = _ball(FINE)
    block = joined_voxels(FINE, TILTED, IMAGE)
    assert max(block) > 1
    whole = np.zeros(IMAGE.shape)
    cut = (mask.start[2] + mask.coverage.shape[2] // 2) // block[2] * block[2] - mask.start[2]
    for start, part in ((0, mask.coverage[:, :, :cut]), (cut, mask.coverage[:, :, cut:])):
        begin = (mask.start[0], mask.start[1], mask.start[2] + start)
        at, fraction = splatted(np.ascontiguousarray(part), begin, FINE, TILTED, IMAGE)
        whole[tuple(slice(s, s + n) for s, n in zip(at, fraction.shape, strict=True))] += fraction
    assert whole == pytest.approx(coverage_on_grid(mask, TILTED, IMAGE).whole_grid_fraction(), abs=1e-7)
