"""Smoothing, hollowing, tracing, growing and splitting of shapes whose volumes are known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.errors import MissingDataError
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.units import volume_ml_from_mm3
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_editing import BrushGesture, empty_mask, paint, union
from dosimetry_core.voi_range import ValueRange, apply_gesture_within
from dosimetry_core.voi_reshaping import hollowed, level_trace, region_grown, smoothed, split_by_maxima
from dosimetry_core.volume import Volume

GRID = VolumeGeometry((60, 100, 100), np.array([-70.0, -75, -88]), (3.0, 1.4, 1.4), np.eye(3)[:, ::-1])
CENTRE = GRID.centre_mm()
MOVE = RigidTransform.from_rotation_vector((0, 0.05, 0.1), (10.0, -6.0, 8.0))


def ball(radius_mm: float, shift=(0.3, 0.2, 0.7)) -> VoiMask:
    return paint(empty_mask(GRID), BrushGesture("axial", np.array([CENTRE + shift]), radius_mm, True, False))


def beside(x_mm: float, y_mm: float, z_mm: float):
    return CENTRE + np.array([x_mm, y_mm, z_mm])


def ball_volume_ml(radius_mm: float) -> float:
    return volume_ml_from_mm3(4 / 3 * math.pi * radius_mm**3)


def image(concentration) -> Volume:
    """An image on a displaced grid of its own, by a function of the reference points."""
    spect = VolumeGeometry((70, 70, 70), MOVE.apply(CENTRE) - 105, (3.0, 3.0, 3.0), np.eye(3)[:, ::-1])
    points = spect.index_to_point(np.moveaxis(np.indices(spect.shape), 0, -1)) @ np.eye(3)
    back = MOVE.inverse()
    reference = back.apply(points.reshape(-1, 3)).reshape(points.shape)
    return Volume(concentration(reference).astype(np.float32), spect, "activity_concentration_bq_per_ml")


def gaussian(points, middle, sigma_mm: float, height: float):
    return height * np.exp(-(np.linalg.norm(points - middle, axis=-1) ** 2) / (2 * sigma_mm**2))


@pytest.fixture(scope="module")
def one() -> Volume:
    return image(lambda points: gaussian(points, CENTRE, 14.0, 1000.0))


@pytest.fixture(scope="module")
def two() -> Volume:
    return image(lambda p: gaussian(p, beside(-17, 0, 0), 9.0, 1000.0) + gaussian(p, beside(17, 0, 0), 9.0, 800.0))


@pytest.mark.parametrize("fwhm_mm", [3.0, 8.0])
def test_that_smoothing_keeps_the_volume_and_leaves_a_large_ball_a_ball(fwhm_mm):
    mask = ball(22.0)
    smooth = smoothed(mask, fwhm_mm)
    # Coverage is stored in 255 steps and the level is halved 30 times.
    assert smooth.volume_ml == pytest.approx(mask.volume_ml, rel=2e-3)
    assert smooth.centroid_mm() == pytest.approx(mask.centroid_mm(), abs=0.1)
    whole = union(mask, smooth).volume_ml
    assert whole == pytest.approx(mask.volume_ml, rel=0.02)


def test_that_smoothing_takes_a_thin_spike_away_and_keeps_the_rest():
    spike = [beside(0, 0, 0), beside(0, 40, 0)]
    spiky = paint(ball(18.0), BrushGesture("axial", np.array(spike), 1.5, True, False))
    smooth = smoothed(spiky, 9.0)
    reach = (smooth.start[1] + smooth.coverage.shape[1], spiky.start[1] + spiky.coverage.shape[1])
    assert reach[0] * GRID.spacing_mm[1] < reach[1] * GRID.spacing_mm[1] - 12.0


def test_that_smoothing_and_hollowing_need_a_positive_length_and_leave_nothing_alone():
    for act in (smoothed, hollowed):
        with pytest.raises(ValueError, match="positive"):
            act(ball(9.0), 0.0)
    assert smoothed(empty_mask(GRID), 5.0).is_empty


def test_that_a_hollowed_ball_is_its_shell():
    shell = hollowed(ball(24.0), 6.0)
    # The inner surface is known to a quarter of a millimetre (with_margin), of 6 mm.
    assert shell.volume_ml == pytest.approx(ball_volume_ml(24.0) - ball_volume_ml(18.0), rel=0.04)
    assert hollowed(ball(5.0), 30.0).volume_ml == pytest.approx(ball(5.0).volume_ml)


def test_that_a_level_trace_is_the_disc_of_the_level_at_the_point(one):
    radius = 15.0
    traced = level_trace(one, GRID, MOVE, beside(radius, 0, 0), "axial", reach_mm=45.0)
    assert traced.coverage.shape[0] == 1
    area_mm2 = traced.volume_ml / volume_ml_from_mm3(1.0) / GRID.spacing_mm[0]
    # Found to about half a pixel of 1.4 mm.
    assert math.sqrt(area_mm2 / math.pi) == pytest.approx(radius, abs=0.9)


def test_that_a_level_trace_at_the_background_is_refused(one):
    with pytest.raises(MissingDataError, match="beyond"):
        level_trace(one, GRID, MOVE, beside(40, 0, 0), "axial", reach_mm=20.0)
    with pytest.raises(MissingDataError, match="outside the reference grid"):
        level_trace(one, GRID, MOVE, beside(400, 0, 0), "axial", reach_mm=20.0)


def test_that_a_grown_region_is_the_plateau_at_the_point():
    noise = np.random.default_rng(5)

    def plateau(points):
        inside = np.linalg.norm(points - CENTRE, axis=-1) <= 20.0
        return np.where(inside, 500.0, 100.0) + noise.normal(0, 15.0, inside.shape)

    grown = region_grown(image(plateau), GRID, MOVE, beside(3, 2, 1), reach_mm=40.0)
    # Sampling between 3 mm voxels blurs the step, and what is like the plateau ends half a voxel before it.
    assert (grown.volume_ml / ball_volume_ml(20.0)) ** (1 / 3) == pytest.approx(1.0, abs=0.09)
    with pytest.raises(MissingDataError, match="beyond"):
        region_grown(image(lambda p: np.full(p.shape[:-1], 7.0)), GRID, MOVE, CENTRE, reach_mm=15.0)


def test_that_touching_lesions_are_divided_where_the_image_has_its_valley(two):
    both = union(ball(16.0, (-14, 0, 0)), ball(16.0, (14, 0, 0)))
    parts = split_by_maxima(both, two, MOVE, fwhm_mm=6.0)
    assert len(parts) == 2
    assert sum(part.volume_ml for part in parts) == pytest.approx(both.volume_ml, rel=1e-6)
    x = sorted(float(part.centroid_mm()[0] - CENTRE[0]) for part in parts)
    assert x == pytest.approx([-14.0, 14.0], abs=2.0)
    assert np.all(sum(_whole(part) > 0 for part in parts) <= 1)


def test_that_one_maximum_or_none_is_not_divided(one):
    with pytest.raises(MissingDataError, match="only one"):
        split_by_maxima(ball(20.0), one, MOVE, fwhm_mm=6.0)
    with pytest.raises(MissingDataError, match="only one"):
        split_by_maxima(ball(20.0), image(lambda p: np.zeros(p.shape[:-1])), MOVE, fwhm_mm=6.0)


def test_that_a_brush_held_to_a_range_paints_and_erases_only_there(one):
    stroke = BrushGesture("axial", np.array([CENTRE]), 30.0, True, False)
    level = 1000.0 * math.exp(-(16.0**2) / (2 * 14.0**2))
    hot = apply_gesture_within(empty_mask(GRID), stroke, ValueRange(one, MOVE, low=level))
    assert (hot.volume_ml / ball_volume_ml(16.0)) ** (1 / 3) == pytest.approx(1.0, abs=0.04)
    everything = apply_gesture_within(empty_mask(GRID), stroke, None)
    assert everything.volume_ml == pytest.approx(ball(30.0, (0, 0, 0)).volume_ml)
    eraser = BrushGesture("axial", np.array([CENTRE]), 30.0, True, True)
    rim = apply_gesture_within(everything, eraser, ValueRange(one, MOVE, low=level))
    assert rim.volume_ml == pytest.approx(everything.volume_ml - hot.volume_ml, rel=0.02)
    assert apply_gesture_within(hot, stroke, ValueRange(one, MOVE, low=5000.0)) is hot
    with pytest.raises(ValueError, match="lower limit"):
        ValueRange(one, MOVE, low=2.0, high=1.0)


def _whole(mask: VoiMask):
    array = np.zeros(GRID.shape, np.uint8)
    box = tuple(slice(s, s + n) for s, n in zip(mask.start, mask.coverage.shape, strict=True))
    array[box] = mask.coverage
    return array
