"""Counts are kept when an image is brought onto another grid; concentrations keep their values."""

from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.geometry import RigidTransform
from dosimetry_core.registration.resampling import resampled
from dosimetry_core.volume import Volume
from tests.dosimetry_core.bodies import ellipsoid, grid, points_of

SOURCE = grid((24, 26, 28), (4.8, 4.8, 4.8), (3.0, -2.0, 1.0))
TURNED = RigidTransform.from_rotation_vector(np.deg2rad((12.0, -20.0, 35.0)), (4.0, -3.0, 6.0))
FINER = grid((62, 62, 62), (2.9, 3.05, 2.75))
COARSER = grid((24, 24, 24), (9.0, 8.0, 8.5))


def _counts() -> Volume:
    drawn = np.random.default_rng(1).poisson(200 * ellipsoid(points_of(SOURCE), (0, 0, 0), (40, 35, 45)))
    return Volume(drawn.astype(np.float32), SOURCE, "counts")


@pytest.mark.parametrize("target", [FINER, COARSER], ids=["finer", "coarser"])
@pytest.mark.parametrize("motion", [RigidTransform.identity(), TURNED], ids=["straight", "turned"])
def test_that_counts_are_kept_to_a_thousandth(target, motion) -> None:
    counts = _counts()
    found = resampled(counts, motion, target)
    whole = float(counts.values.sum(dtype=np.float64))
    assert float(found.volume.values.sum(dtype=np.float64)) == pytest.approx(whole, rel=1e-3)
    assert abs(found.lost_share) < 1e-9
    assert found.volume.quantity == "counts"


@pytest.mark.parametrize("target", [FINER, COARSER], ids=["finer", "coarser"])
def test_that_their_centre_moves_with_the_body(target) -> None:
    counts = _counts()
    found = resampled(counts, TURNED, target).volume
    before = (points_of(SOURCE) * counts.values[..., None]).sum(axis=(0, 1, 2)) / counts.values.sum()
    after = (points_of(target) * found.values[..., None]).sum(axis=(0, 1, 2)) / found.values.sum()
    # Giving by nearness keeps the first moment of every cell exactly; what is left is single precision.
    assert after == pytest.approx(TURNED.apply(before), abs=1e-3)


def test_that_counts_outside_the_new_grid_are_stated() -> None:
    half = SOURCE.cropped((0, 0, 0), (12, 26, 28))
    counts = Volume(np.ones(SOURCE.shape, np.float32), SOURCE, "counts_per_s")
    found = resampled(counts, RigidTransform.identity(), half)
    assert found.lost_share == pytest.approx(0.5, abs=1e-9)
    assert float(found.volume.values.sum()) == pytest.approx(counts.values.size / 2)


def test_that_a_concentration_keeps_its_value_and_nothing_lies_outside() -> None:
    even = Volume(np.full(SOURCE.shape, 7.0, np.float32), SOURCE, "activity_concentration_bq_per_ml")
    found = resampled(even, TURNED, FINER)
    inside = points_of(FINER)
    index = SOURCE.point_to_index(TURNED.inverse().apply(inside))
    well_inside = np.all((index > 0.01) & (index < np.array(SOURCE.shape) - 1.01), axis=-1)
    assert well_inside.any()
    assert found.volume.values[well_inside] == pytest.approx(7.0)
    assert found.lost_share == 0.0
    far = resampled(even, RigidTransform.from_rotation_vector((0, 0, 0), (900.0, 0, 0)), FINER)
    assert not far.volume.values.any()
    ct = Volume(np.full(SOURCE.shape, 40, np.int16), SOURCE, "ct_number_hu")
    away = resampled(ct, RigidTransform.from_rotation_vector((0, 0, 0), (900.0, 0, 0)), FINER)
    assert (away.volume.values == -1000).all()
