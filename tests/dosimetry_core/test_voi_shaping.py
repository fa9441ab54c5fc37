from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.errors import MissingDataError
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.units import volume_ml_from_mm3
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_editing import BrushGesture, empty_mask, paint, union
from dosimetry_core.voi_shaping import fill_between_slices, isocontour, keep_island, with_margin
from dosimetry_core.volume import Volume

GRID = VolumeGeometry((100, 160, 160), np.array([-80.0, -80, -150]), (3.0, 0.98, 0.98), np.eye(3)[:, ::-1])


def ball(radius_mm: float, shift=(0.3, 0.2, 0.7)) -> VoiMask:
    return paint(empty_mask(GRID), BrushGesture("axial", np.array([GRID.centre_mm() + shift]), radius_mm, True, False))


def radius_of_ball_mm(mask: VoiMask) -> float:
    return float((3 * mask.volume_ml / volume_ml_from_mm3(1.0) / (4 * np.pi)) ** (1 / 3))


# A quarter of a millimetre on 1 × 1 × 3 mm voxels: the distance to a surface inside partly covered voxels is a model.
@pytest.mark.parametrize("radius_mm", [20.0, 30.0])
@pytest.mark.parametrize("margin_mm", [-5.0, -2.0, 2.0, 5.0, 10.0])
def test_that_a_margin_moves_the_surface_of_a_ball_by_that_distance(radius_mm, margin_mm):
    moved = with_margin(ball(radius_mm), margin_mm)
    assert radius_of_ball_mm(moved) == pytest.approx(radius_mm + margin_mm, abs=0.25)


def test_that_no_margin_is_the_same_mask_and_a_large_negative_one_empties_it():
    mask = ball(12.0)
    assert with_margin(mask, 0.0) is mask
    assert with_margin(mask, -15.0).is_empty


def test_that_a_margin_stops_at_the_edge_of_the_grid():
    mask = VoiMask.from_array(GRID, np.ones(GRID.shape, bool))
    assert with_margin(mask, 5.0).volume_ml == pytest.approx(mask.volume_ml)


def test_that_slices_between_discs_are_filled_with_the_frustum_between_them():
    mask = empty_mask(GRID)
    for index, radius_mm in ((30, 12.0), (40, 24.0), (50, 18.0)):
        centre = GRID.index_to_point((index, 80, 80))
        mask = union(mask, paint(mask, BrushGesture("axial", np.array([centre]), radius_mm, False, False)))
    filled = fill_between_slices(mask, "axial")
    radii = [12 + 12 * k / 10 for k in range(10)] + [24 - 6 * k / 10 for k in range(11)]
    expected = volume_ml_from_mm3(sum(np.pi * r**2 * 3.0 for r in radii))
    assert filled.volume_ml == pytest.approx(expected, rel=0.01)
    assert np.array_equal(filled.coverage[10], mask.coverage[10])
    assert fill_between_slices(filled, "axial") is filled


def test_that_one_slice_cannot_be_interpolated():
    disc = paint(empty_mask(GRID), BrushGesture("axial", np.array([GRID.centre_mm()]), 9.0, False, False))
    with pytest.raises(MissingDataError, match="at least two"):
        fill_between_slices(disc, "axial")


def test_that_only_the_island_at_the_point_is_kept():
    left, right = ball(10.0, (-30, 0, 0)), ball(14.0, (30, 0, 0))
    both = union(left, right)
    kept = keep_island(both, GRID.centre_mm() + np.array([30, 0, 0]))
    assert kept.volume_ml == pytest.approx(right.volume_ml)
    assert keep_island(right, right.centroid_mm()) is right
    with pytest.raises(MissingDataError):
        keep_island(both, GRID.centre_mm())


@pytest.fixture(scope="module")
def blob() -> tuple[Volume, RigidTransform]:
    """A Gaussian uptake of 1000 Bq/mL, standard deviation 12 mm, at the reference centre, seen displaced."""
    move = RigidTransform.from_rotation_vector((0, 0, 0.1), (12.0, -7.0, 9.0))
    spect = VolumeGeometry((60, 60, 60), np.array([-120.0, -120, -130]), (4.4, 4.4, 4.4), np.eye(3)[:, ::-1])
    spect = VolumeGeometry(spect.shape, move.apply(GRID.centre_mm()) - 130, spect.spacing_mm, spect.directions)
    points = spect.index_to_point(np.moveaxis(np.indices(spect.shape), 0, -1))
    distance = np.linalg.norm(points - move.apply(GRID.centre_mm()), axis=-1)
    values = 1000 * np.exp(-(distance**2) / (2 * 12.0**2))
    return Volume(values.astype(np.float32), spect, "activity_concentration_bq_per_ml"), move


@pytest.mark.parametrize("level", [{"threshold": 500.0}, {"fraction_of_maximum": 0.5}])
def test_that_an_isocontour_is_the_ball_of_half_uptake_under_registration(blob, level):
    volume, move = blob
    mask = isocontour(volume, GRID, move, GRID.centre_mm(), radius_mm=40.0, **level)
    # Half of a Gaussian at 1.177 standard deviations; trilinear sampling of 4.4 mm voxels flattens the top by 2 %.
    assert radius_of_ball_mm(mask) == pytest.approx(12.0 * np.sqrt(2 * np.log(2)), abs=0.5)
    assert mask.centroid_mm() == pytest.approx(GRID.centre_mm(), abs=0.6)


def test_that_an_isocontour_that_would_be_cut_or_start_outside_is_refused(blob):
    volume, move = blob
    with pytest.raises(MissingDataError, match="beyond"):
        isocontour(volume, GRID, move, GRID.centre_mm(), radius_mm=10.0, threshold=300.0)
    with pytest.raises(MissingDataError, match="below"):
        isocontour(volume, GRID, move, GRID.centre_mm() + np.array([45, 0, 0]), radius_mm=10.0, threshold=900.0)
    with pytest.raises(ValueError, match="either"):
        isocontour(volume, GRID, move, GRID.centre_mm(), radius_mm=10.0)
