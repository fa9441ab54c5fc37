"""A VOI on a scan, followed through edits."""

from __future__ import annotations

import gc
from typing import Any
from weakref import ref

import numpy as np

from dosimetry_core.geometry import RigidTransform
from dosimetry_core.partial_volume.point_spread import PointSpread
from dosimetry_core.partial_volume.sampled_voi import sampled_voi
from dosimetry_core.voi import VoiMask
from tests.dosimetry_core.bodies import ellipsoid, grid, points_of

DRAWN_ON = grid((60, 90, 90), (2.0, 1.5, 1.5))
SCAN = grid((30, 34, 34), (4.8, 4.6, 4.6))
TURNED = RigidTransform.from_rotation_vector((0.04, -0.05, 0.07), (3.0, -2.0, 4.0))


def test_that_what_edits_took_away_leaves_nothing_of_either_sign() -> None:
    spread = PointSpread.on_grid(SCAN, (9.0,) * 3)
    random = np.random.default_rng(3)
    whole = ellipsoid(points_of(DRAWN_ON), (0.0, 0.0, 0.0), (24.0, 20.0, 30.0)).astype(float)
    first = VoiMask.from_array(DRAWN_ON, whole)
    found, _ = sampled_voi(first, None, TURNED, spread)
    shares = np.zeros((3, *DRAWN_ON.shape))
    for share in shares:
        corner = random.integers(2, 12, 3)
        share[corner[0] : corner[0] + 8, corner[1] : corner[1] + 9, corner[2] : corner[2] + 7] = random.random()
    drawn = [whole + shares[:n].sum(axis=0) for n in (1, 2, 3)]
    drawn += [whole + shares[n:].sum(axis=0) for n in (1, 2)]
    for array in (*drawn, whole):
        found, _ = sampled_voi(VoiMask.from_array(DRAWN_ON, array), found, TURNED, spread)
        assert found.coverage.values.min() >= 0
    anew, _ = sampled_voi(first, None, TURNED, spread)
    assert found.covered_voxels == anew.covered_voxels


def test_that_nothing_is_kept_of_masks_that_are_gone() -> None:
    """A course that was closed leaves neither its memory nor its patient's outlines behind."""
    spread = PointSpread.on_grid(SCAN, (9.0,) * 3)
    whole = ellipsoid(points_of(DRAWN_ON), (0.0, 0.0, 0.0), (24.0, 20.0, 30.0)).astype(float)
    smaller = whole.copy()
    smaller[:, :40] = 0.0
    mask, edited = (VoiMask.from_array(DRAWN_ON, array) for array in (whole, smaller))
    found, _ = sampled_voi(mask, None, TURNED, spread)
    sampled_voi(edited, found, TURNED, spread)
    kept: list[ref[Any]] = [ref(each) for each in (mask, edited, mask.coverage, edited.coverage)]
    del mask, edited, found
    gc.collect()
    assert [each() for each in kept] == [None] * 4


def test_that_boxes_follow_from_the_mask_and_not_from_what_was_drawn_before() -> None:
    spread = PointSpread.on_grid(SCAN, (9.0,) * 3)
    whole = ellipsoid(points_of(DRAWN_ON), (0.0, 0.0, 0.0), (24.0, 20.0, 30.0)).astype(float)
    larger = whole.copy()
    larger[5:9, 44:48, 20:70] = 1.0
    first = VoiMask.from_array(DRAWN_ON, whole)
    found, _ = sampled_voi(first, None, TURNED, spread)
    anew = found
    for array in (larger, whole):
        found, _ = sampled_voi(VoiMask.from_array(DRAWN_ON, array), found, TURNED, spread)
    for box, other in ((found.coverage, anew.coverage), (found.blurred, anew.blurred), (found.widened, anew.widened)):
        assert (box.start, box.stop) == (other.start, other.stop)
        np.testing.assert_array_equal(box.values, other.values)
