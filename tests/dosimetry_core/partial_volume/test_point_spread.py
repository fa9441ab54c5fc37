"""The point spread on image grids."""

from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.errors import GeometryMismatchError
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.partial_volume.point_spread import Box, PointSpread, added
from tests.dosimetry_core.bodies import AXIAL, grid

GRID = grid((40, 36, 32), (4.8, 4.4, 4.0))
POINT = Box((20, 18, 16), np.ones((1, 1, 1)))


def test_that_blurring_keeps_the_sum_and_gives_the_stated_width() -> None:
    fwhm = (10.0, 11.0, 13.0)
    blurred = PointSpread.on_grid(GRID, fwhm).blurred(POINT)
    assert blurred.values.sum() == pytest.approx(1, abs=1e-12)
    for axis, (spacing, width) in enumerate(zip(GRID.spacing_mm, fwhm[::-1], strict=True)):
        profile = blurred.values.sum(axis=tuple(a for a in range(3) if a != axis))
        x = np.arange(len(profile)) * spacing
        variance = (profile * x**2).sum() - (profile * x).sum() ** 2
        # The kernel ends at 4 standard deviations, which takes 0.1 % of the variance.
        assert np.sqrt(8 * np.log(2) * variance) == pytest.approx(width, rel=2e-3)


def test_that_axes_are_followed_when_permuted_and_flipped() -> None:
    turned = VolumeGeometry(GRID.shape, GRID.origin_mm, GRID.spacing_mm, AXIAL[:, [1, 2, 0]] * np.array([1, 1, -1]))
    spread = PointSpread.on_grid(turned, (8.0, 10.0, 12.0))
    # Axes run along y, x and z here.
    assert np.array(spread.standard_deviation_mm) * np.sqrt(8 * np.log(2)) == pytest.approx([10.0, 8.0, 12.0])


def test_that_an_oblique_grid_needs_one_width() -> None:
    tilt = RigidTransform.from_rotation_vector((0.3, 0, 0), (0, 0, 0)).rotation
    oblique = VolumeGeometry(GRID.shape, GRID.origin_mm, GRID.spacing_mm, tilt @ AXIAL)
    with pytest.raises(GeometryMismatchError, match="oblique"):
        PointSpread.on_grid(oblique, (8.0, 8.0, 14.0))
    same = PointSpread.on_grid(oblique, (9.0, 9.0, 9.0)).standard_deviation_mm
    assert same == pytest.approx((9.0 / np.sqrt(8 * np.log(2)),) * 3)


def test_that_blurring_is_linear_and_cut_at_the_field_of_view() -> None:
    spread = PointSpread.on_grid(GRID, (10.0, 10.0, 10.0))
    corner = Box((0, 0, 0), np.ones((1, 1, 1)))
    both = spread.blurred(added(POINT, corner))
    one, other = spread.blurred(POINT), spread.blurred(corner)
    assert added(one, other).values == pytest.approx(both.values, abs=1e-15)
    assert other.start == (0, 0, 0)
    assert 1 / 8 < other.values.sum() < 1 / 2


def test_that_no_width_changes_nothing() -> None:
    blurred = PointSpread.none(GRID).blurred(POINT)
    assert blurred.values.sum() == 1
    assert blurred.values.max() == 1


def test_that_the_width_derivative_is_the_slope() -> None:
    box = Box((12, 12, 12), np.ones((8, 8, 8)))
    spread, wider = (PointSpread.on_grid(GRID, (f, f, f)) for f in (12.0, 12.0 * 1.001))
    slope = (wider.blurred(box).values - spread.blurred(box).values) / 1e-3
    derivative = spread.width_derivative(spread.blurred(box)).values
    # Second differences over a voxel of 0.9 standard deviations stand for second derivatives, good to some percent.
    assert np.abs(derivative - slope).max() < 0.1 * np.abs(slope).max()
