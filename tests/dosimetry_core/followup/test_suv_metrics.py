"""SUV of regions with known answers: uniform balls, single voxels, thresholds, and the sphere of the peak."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.followup.suv_metrics import (
    SegmentationRule,
    liver_threshold,
    region_suv,
    sphere_weights,
)
from dosimetry_core.geometry import VolumeGeometry

GRID = VolumeGeometry((30, 32, 34), np.zeros(3), (3.0, 2.0, 2.5), np.eye(3))
DRAWN = SegmentationRule("as-drawn")


def ball(radius_mm: float) -> NDArray[np.float64]:
    places = [np.arange(n) * step for n, step in zip(GRID.shape, GRID.spacing_mm, strict=True)]
    centre = [axis[len(axis) // 2] for axis in places]
    z, y, x = np.meshgrid(*(axis - middle for axis, middle in zip(places, centre, strict=True)), indexing="ij")
    inside: NDArray[np.float64] = (z**2 + y**2 + x**2 <= radius_mm**2).astype(float)
    return inside


def test_that_a_uniform_ball_has_its_value_everywhere() -> None:
    inside = ball(20.0)
    found = region_suv(inside * 8.0, GRID, inside, DRAWN)
    assert (found.suv_max, found.suv_mean, found.suv_peak) == pytest.approx((8.0, 8.0, 8.0))
    assert found.volume_ml == pytest.approx(inside.sum() * 0.015)


def test_that_a_single_hot_voxel_is_the_maximum_and_hardly_the_peak() -> None:
    inside = ball(20.0)
    suv = inside * 8.0
    suv[15, 16, 17] = 40.0
    found = region_suv(suv, GRID, inside, DRAWN)
    assert found.suv_max == 40.0
    # One voxel of 0.015 mL in 1 mL; 1 % of leeway for the sphere on the grid.
    assert found.suv_peak == pytest.approx(8.0 + 32.0 * 0.015 / 1.0, rel=0.01)


def test_that_the_mean_of_a_drawn_region_is_weighted_with_what_it_covers() -> None:
    coverage = np.zeros(GRID.shape)
    coverage[15, 16, 16:18] = 1.0, 0.5
    suv = np.zeros(GRID.shape)
    suv[15, 16, 16:18] = 9.0, 3.0
    found = region_suv(suv, GRID, coverage, DRAWN)
    assert found.suv_mean == pytest.approx((9.0 + 0.5 * 3.0) / 1.5)
    assert found.volume_ml == pytest.approx(1.5 * 0.015)


def test_that_a_mean_is_never_above_the_maximum() -> None:
    inside = ball(20.0)
    for value in (7.000052, 0.1, 1e-3, 123.456):
        found = region_suv(inside * value, GRID, inside, DRAWN)
        assert found.suv_mean == found.suv_max
    # A hotter neighbour that the region touches belongs to neither.
    coverage = inside * 1.0
    suv = inside * 8.0
    edge = tuple(np.argwhere(inside)[0])
    coverage[edge], suv[edge] = 0.3, 100.0
    found = region_suv(suv, GRID, coverage, DRAWN)
    assert (found.suv_max, found.suv_mean) == (8.0, 8.0)


def test_that_thresholds_take_voxels_that_reach_them() -> None:
    inside = ball(20.0)
    suv = inside * 4.0
    core = ball(8.0) > 0
    suv[core] = 10.0
    by_share = region_suv(suv, GRID, inside, SegmentationRule("fraction-of-max", 0.41))
    assert by_share.volume_ml == pytest.approx(core.sum() * 0.015)
    assert by_share.suv_mean == pytest.approx(10.0)
    # The value that equals the threshold belongs to the lesion.
    assert region_suv(suv, GRID, inside, SegmentationRule("fraction-of-max", 0.40)).volume_ml == pytest.approx(
        inside.sum() * 0.015
    )
    assert region_suv(suv, GRID, inside, SegmentationRule("fixed-suv", 4.0)).volume_ml == pytest.approx(
        inside.sum() * 0.015
    )
    by_liver = region_suv(suv, GRID, inside, SegmentationRule("liver"), liver=(4.0, 0.5))
    assert by_liver.volume_ml == pytest.approx(core.sum() * 0.015)


def test_that_the_rule_is_stated_with_its_numbers() -> None:
    assert SegmentationRule("fraction-of-max", 0.41).text() == "41 % of SUVmax"
    assert SegmentationRule("fixed-suv", 4.0).text() == "SUV ≥ 4"
    assert SegmentationRule("liver").text((5.0, 0.6)) == "SUV ≥ 1.5 × liver mean + 2 SD = 8.70"
    assert DRAWN.text() == "as drawn"
    assert liver_threshold(5.0, 0.6) == pytest.approx(8.7)


def test_that_nothing_is_made_up_where_nothing_can_be_measured() -> None:
    inside = ball(20.0)
    with pytest.raises(MissingDataError, match="VOI of the liver"):
        region_suv(inside, GRID, inside, SegmentationRule("liver"))
    with pytest.raises(InconsistentCaseError, match="no voxel reaches"):
        region_suv(inside, GRID, inside, SegmentationRule("fixed-suv", 2.0))
    with pytest.raises(InconsistentCaseError, match="covers no voxel"):
        region_suv(inside, GRID, inside * 0.3, DRAWN)
    # At the very edge no sphere of 1 mL lies in the image.
    edge = np.zeros(GRID.shape)
    edge[0, 0, 0] = 1.0
    assert region_suv(edge, GRID, edge, DRAWN).suv_peak is None


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 2.0, 2.5), (4.0, 4.0, 4.0), (20.0, 20.0, 20.0)])
def test_that_the_sphere_holds_one_millilitre(spacing: tuple[float, float, float]) -> None:
    weights = sphere_weights(spacing)
    # 5 × 5 × 5 points for a voxel: 3 % at 4 mm; 20 mm voxels hold it with 2 points across the radius.
    assert weights.sum() * math.prod(spacing) / 1000 == pytest.approx(1.0, rel=0.03 if max(spacing) < 10 else 0.6)
    assert all(length % 2 for length in weights.shape)
