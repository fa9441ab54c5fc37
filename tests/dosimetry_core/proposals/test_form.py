"""Likeness to an ellipsoid: what is one has one, what is two has less, however it is turned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.proposals.form import likeness_to_ellipsoid

_POINTS = np.stack(np.meshgrid(*(np.arange(60.0) - 29.5,) * 3, indexing="ij"), axis=-1)


def _ellipsoid(centre: tuple[float, float, float], axes: tuple[float, float, float]) -> NDArray[np.bool_]:
    return np.asarray((((_POINTS - centre) / axes) ** 2).sum(axis=-1) <= 1)


def test_that_an_ellipsoid_is_like_one_also_where_it_is_turned() -> None:
    # What is missing are the corners of voxels at the surface.
    assert likeness_to_ellipsoid(_ellipsoid((2, -3, 1), (20, 9, 9))) > 0.97
    along = _POINTS @ np.array([1, 1, 1]) / np.sqrt(3)
    across = (_POINTS**2).sum(axis=-1) - along**2
    assert likeness_to_ellipsoid((along / 24) ** 2 + across / 9**2 <= 1) > 0.97


def test_that_two_balls_apart_have_the_likeness_of_their_common_ellipsoid() -> None:
    radius, apart = 8.0, 18.0
    two = _ellipsoid((-apart, 0, 0), (radius,) * 3) | _ellipsoid((apart, 0, 0), (radius,) * 3)
    # Variances: r²/5 across and r²/5 + d² along, so that the ellipsoid has the semi-axes r, r and the root of r² + 5d².
    # Each ball lies in it but for what its end cuts off; all of it in would give 2·2r³ / (2r³ + r²·a).
    half = np.sqrt(radius**2 + 5 * apart**2)
    highest = 4 * radius**3 / (2 * radius**3 + radius**2 * half)
    assert 0.8 * highest < likeness_to_ellipsoid(two) <= highest * 1.01


def test_that_nothing_is_like_nothing() -> None:
    assert likeness_to_ellipsoid(np.zeros((4, 4, 4), bool)) == 0.0
