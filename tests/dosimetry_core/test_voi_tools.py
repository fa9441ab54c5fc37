"""Ellipsoids, moving, scissors, edge-stopping brush, live wire and levels, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.errors import MissingDataError
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.livewire import EdgeMap
from dosimetry_core.units import volume_ml_from_mm3
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_cutting import OutlineCut, cut
from dosimetry_core.voi_editing import BrushGesture, empty_mask, gesture_mask, paint
from dosimetry_core.voi_level import mean_within, uphill_maximum
from dosimetry_core.voi_moving import moved
from dosimetry_core.voi_primitives import Ellipsoid, ellipsoid_mask
from dosimetry_core.voi_range import ValueRange
from dosimetry_core.voi_similarity import EdgeStop, apply_brush_alike
from dosimetry_core.volume import Volume

GRID = VolumeGeometry((40, 80, 80), np.array([-79.0, -79.0, -58.5]), (3.0, 2.0, 2.0), np.eye(3)[:, ::-1])
IDENTITY = RigidTransform.identity()
TURN = RigidTransform.from_rotation_vector((0.2, -0.4, 0.3), (0, 0, 0)).rotation
OBLIQUE = VolumeGeometry((50, 50, 50), -TURN @ np.full(3, 73.5), (3.0, 3.0, 3.0), TURN)
UPRIGHT = np.array([[1.0, 0, 0, 0], [0, 0, 1.0, 0], [0, 0, 0, 1.0]])
"""Seen from the front: u is x, v is z."""


def image(of_point, grid: VolumeGeometry = GRID) -> Volume:
    index = np.moveaxis(np.indices(grid.shape), 0, -1)
    return Volume(of_point(grid.index_to_point(index)).astype(np.float32), grid, "activity_concentration_bq_per_ml")


def ball(radius_mm: float, centre=(0.0, 0.0, 0.0), grid: VolumeGeometry = GRID) -> VoiMask:
    return ellipsoid_mask(grid, Ellipsoid(np.array(centre), np.full(3, radius_mm)))


@pytest.mark.parametrize("grid", [GRID, OBLIQUE])
@pytest.mark.parametrize("axes", [(10, 10, 10), (24, 11, 8), (4, 4, 4), (3, 9, 30)])
def test_that_an_ellipsoid_has_the_volume_and_extent_of_its_half_axes(grid: VolumeGeometry, axes) -> None:
    centre = np.array([1.3, -2.1, 0.7])
    mask = ellipsoid_mask(grid, Ellipsoid(centre, np.array(axes, float)))
    # A linear edge of width w makes a ball too large by w² / 4 r²; w is at most √3 · r / 8 here: 1.2 %.
    assert mask.volume_ml == pytest.approx(volume_ml_from_mm3(4 / 3 * math.pi * np.prod(axes)), rel=0.015)
    assert mask.centroid_mm() == pytest.approx(centre, abs=0.1)
    weights = mask.coverage[mask.coverage > 0].astype(float)
    points = grid.index_to_point(np.argwhere(mask.coverage > 0) + np.array(mask.start))
    spread = np.average((points - centre) ** 2, axis=0, weights=weights)
    # Along an axis of length a the variance of a uniform ellipsoid is a² / 5, that of a voxel is added.
    voxel = max(grid.spacing_mm) ** 2 / 12
    assert spread == pytest.approx(np.array(axes) ** 2 / 5, rel=0.03, abs=2 * voxel)


def test_that_an_ellipsoid_outside_the_grid_covers_nothing_and_a_flat_one_is_none() -> None:
    assert ball(10.0, (500.0, 0, 0)).is_empty
    with pytest.raises(ValueError, match="positive"):
        Ellipsoid(np.zeros(3), np.array([1.0, 0.0, 1.0]))
    assert Ellipsoid(np.zeros(3), np.array([2.0, 2, 2])).is_ball
    assert Ellipsoid(np.zeros(3), np.array([1.0, 2, 3])).surface_points_mm()[5] == pytest.approx([0, 0, 3])


@pytest.mark.parametrize("grid", [GRID, OBLIQUE])
@pytest.mark.parametrize("shift", [(4.0, -6.0, 9.0), (3.3, -7.7, 5.1), (-0.4, 0.3, 0.2)])
def test_that_moving_keeps_the_volume_and_moves_the_centroid(grid: VolumeGeometry, shift) -> None:
    mask = ball(14.0, grid=grid)
    after = moved(mask, shift)
    # Each byte is rounded by at most half of 1/255.
    assert after.volume_ml == pytest.approx(mask.volume_ml, rel=2e-3)
    assert after.centroid_mm() - mask.centroid_mm() == pytest.approx(np.array(shift), abs=0.02)


def test_that_whole_voxels_are_moved_as_they_are_and_back_again() -> None:
    mask = ball(14.0)
    there = moved(mask, (4.0, -6.0, 9.0))
    assert np.array_equal(there.coverage, mask.coverage)
    back = moved(there, (-4.0, 6.0, -9.0))
    assert back.start == mask.start
    assert moved(mask, (0.0, 0.0, 0.0)) is mask


def test_that_a_voi_is_not_moved_out_of_the_image() -> None:
    with pytest.raises(MissingDataError, match="leave the image"):
        moved(ball(14.0), (70.0, 0, 0))


@pytest.mark.parametrize("keeps_inside", [False, True])
def test_that_a_cut_through_the_middle_leaves_half_through_all_depth(keeps_inside: bool) -> None:
    mask = ball(20.0)
    outline = np.array([[0.0, -60], [60, -60], [60, 60], [0, 60]])
    left = cut(mask, OutlineCut(UPRIGHT, outline, keeps_inside))
    assert left.volume_ml == pytest.approx(mask.volume_ml / 2, rel=0.02)
    # Half a ball's centroid lies at 3/8 of its radius.
    assert left.centroid_mm() == pytest.approx([(1 if keeps_inside else -1) * 7.5, 0, 0], abs=0.3)


def test_that_a_perspective_cut_takes_a_cone() -> None:
    # An eye at 200 mm in front, looking back: u = x / depth. A square of ±0.05 is 20 mm wide in the middle of the ball.
    eye = np.array([[1.0, 0, 0, 0], [0, 0, 1.0, 0], [0, 1.0, 0, 200.0]])
    square = 0.05 * np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    block = VoiMask(GRID, (5, 10, 10), np.full((30, 60, 60), 255, np.uint8))
    left = cut(block, OutlineCut(eye, square, True))
    depth = np.array([200 + GRID.index_to_point((0, 10, 0))[1] - 1, 200 + GRID.index_to_point((0, 69, 0))[1] + 1])
    # The part of a pyramid between two depths: 0.1² (d₂³ − d₁³) / 3.
    assert left.volume_ml == pytest.approx(volume_ml_from_mm3(0.01 * (depth[1] ** 3 - depth[0] ** 3) / 3), rel=0.03)


def test_that_a_cut_beside_the_voi_changes_nothing() -> None:
    mask = ball(10.0)
    beside = np.array([[40.0, 40], [60, 40], [60, 60]])
    assert cut(mask, OutlineCut(UPRIGHT, beside, False)) is mask
    assert cut(mask, OutlineCut(UPRIGHT, beside, True)).is_empty
    behind = UPRIGHT * np.array([[1.0], [1.0], [-1.0]])
    around = 100 * np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    assert cut(mask, OutlineCut(behind, around, False)) is mask


def two_plateaus(points):
    return np.where(points[..., 0] < 0, 1000.0, 400.0)


@pytest.mark.parametrize(("relative", "tolerance"), [(True, 0.3), (False, 300.0)])
def test_that_the_brush_stops_at_an_edge(relative: bool, tolerance: float) -> None:
    volume = image(two_plateaus)
    stroke = BrushGesture("axial", np.array([[-6.0, 0, 0]]), 12.0, spherical=True, erase=False)
    edges = EdgeStop(volume, IDENTITY, tolerance, relative)
    made = apply_brush_alike(empty_mask(GRID), stroke, edges, None)
    whole = gesture_mask(GRID, stroke)
    points = GRID.index_to_point(np.argwhere(made.coverage > 0) + np.array(made.start))
    assert points[:, 0].max() < 0
    # What lies beyond x = 0 is a cap of height 6: π h² (3 r − h) / 3.
    cap = volume_ml_from_mm3(math.pi * 36 * (36 - 6) / 3)
    assert made.volume_ml == pytest.approx(whole.volume_ml - cap, rel=0.04)
    # Without an edge it is the brush.
    far = BrushGesture("axial", np.array([[-30.0, 0, 0]]), 12.0, spherical=True, erase=False)
    assert apply_brush_alike(empty_mask(GRID), far, edges, None).volume_ml == pytest.approx(
        paint(empty_mask(GRID), far).volume_ml, rel=1e-6
    )


def test_that_the_brush_takes_nothing_beyond_a_gap_and_erases_alike() -> None:
    volume = image(lambda points: np.where(np.abs(points[..., 0]) < 3, 0.0, 1000.0))
    stroke = BrushGesture("axial", np.array([[-10.0, 0, 0]]), 25.0, spherical=True, erase=False)
    edges = EdgeStop(volume, IDENTITY, 0.3, True)
    made = apply_brush_alike(empty_mask(GRID), stroke, edges, None)
    points = GRID.index_to_point(np.argwhere(made.coverage > 0) + np.array(made.start))
    assert points[:, 0].max() < -2
    erased = BrushGesture("axial", np.array([[-10.0, 0, 0]]), 25.0, spherical=True, erase=True)
    assert apply_brush_alike(made, erased, edges, None).is_empty
    limits = ValueRange(volume, IDENTITY, 2000.0)
    assert apply_brush_alike(empty_mask(GRID), stroke, edges, limits).is_empty
    outside = BrushGesture("axial", np.array([[500.0, 0, 0]]), 600.0, spherical=True, erase=False)
    with pytest.raises(MissingDataError, match="no image where the stroke began"):
        apply_brush_alike(empty_mask(GRID), outside, edges, None)


def test_that_the_wire_runs_along_the_edge_of_a_disc() -> None:
    volume = image(lambda p: 1000 / (1 + np.exp((np.linalg.norm(p, axis=-1) - 30) / 2)))
    edges = EdgeMap.of(volume, GRID, IDENTITY, (30.0, 0, 1.5), "axial", reach_mm=70.0)
    path = edges.path((30.0, 0, 1.5), (-30.0, 1.0, 1.5))
    assert path[0] == pytest.approx([30, 0, 1.5])
    assert path[-1] == pytest.approx([-30, 1, 1.5])
    # Voxels are 2 mm wide; straight through the middle would be 0 mm from it.
    assert np.linalg.norm(path[:, :2], axis=1) == pytest.approx(np.full(len(path), 30.0), abs=2.5)
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).max() < 5.0


def test_that_the_wire_is_straight_where_there_is_no_edge() -> None:
    edges = EdgeMap.of(image(lambda p: 0 * p[..., 0] + 5.0), GRID, IDENTITY, (0.0, 0, 1.5), "axial", reach_mm=50.0)
    path = edges.path((-31.0, 1.0, 1.5), (31.0, 1.0, 1.5))
    assert np.abs(path[:, 1] - 1.0).max() < 1e-9


def test_that_a_wire_needs_an_image() -> None:
    volume = image(two_plateaus)
    with pytest.raises(MissingDataError, match="outside the reference grid"):
        EdgeMap.of(volume, GRID, IDENTITY, (500.0, 0, 0), "axial", reach_mm=50.0)
    away = RigidTransform(np.eye(3), np.array([1000.0, 0, 0]))
    with pytest.raises(MissingDataError, match="no image"):
        EdgeMap.of(volume, GRID, away, (0.0, 0, 0), "axial", reach_mm=50.0)


def hill(points, centre, height, width):
    return height * np.exp(-(np.linalg.norm(points - np.array(centre), axis=-1) ** 2) / (2 * width**2))


def test_that_uphill_leads_to_the_summit_of_the_place_and_not_to_a_higher_one() -> None:
    volume = image(lambda p: hill(p, (-25, 1, 1.5), 500.0, 8.0) + hill(p, (35, 1, 1.5), 2000.0, 8.0))
    for seed, height in (((-17.0, 3, 1.5), 500.0), ((27.0, 3, 1.5), 2000.0)):
        found = uphill_maximum(volume, GRID, IDENTITY, seed, reach_mm=40.0, fwhm_mm=6.0)
        assert found == pytest.approx(height, rel=0.01)
    with pytest.raises(MissingDataError, match="uphill"):
        uphill_maximum(volume, GRID, IDENTITY, (10.0, 3, 1.5), reach_mm=12.0, fwhm_mm=6.0)


def test_that_the_mean_of_a_voi_counts_voxels_by_their_coverage() -> None:
    volume = image(lambda p: 3.0 * p[..., 0] + 100.0)
    mask = ball(15.0, (7.0, 1.0, 1.5))
    assert mean_within(volume, mask, IDENTITY) == pytest.approx(121.0, rel=1e-3)
    with pytest.raises(MissingDataError, match="empty"):
        mean_within(volume, empty_mask(GRID), IDENTITY)


def test_that_uneven_pressure_draws_a_cone() -> None:
    points = np.array([[x, 0.0, 1.5] for x in np.linspace(-30, 30, 61)])
    radii = np.linspace(6.0, 18.0, 61)
    made = gesture_mask(GRID, BrushGesture("axial", points, 18.0, True, False, radii))
    # Cone between the ends, half balls at them; the cone's side leans by asin(12/60), which the balls' caps cover.
    cone = math.pi * 60 / 3 * (6**2 + 6 * 18 + 18**2)
    ends = 2 / 3 * math.pi * (6**3 + 18**3)
    assert made.volume_ml == pytest.approx(volume_ml_from_mm3(cone + ends), rel=0.05)
    with pytest.raises(ValueError, match="radius"):
        BrushGesture("axial", points, 10.0, True, False, radii)
