from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from dosimetry_core.dicom_export.outlines import pixel_outlines


def area(corners: NDArray[np.float64]) -> float:
    """Shoelace formula, signed."""
    rows, columns = corners[:, 0], corners[:, 1]
    return float((columns * np.roll(rows, -1) - np.roll(columns, -1) * rows).sum()) / 2


def winding_number(corners: NDArray[np.float64], row: float, column: float) -> int:
    """By the angles under which the edges are seen from a point."""
    seen = corners - (row, column)
    angles = np.arctan2(seen[:, 0], seen[:, 1])
    turns = np.roll(angles, -1) - angles
    return round(float(((turns + np.pi) % (2 * np.pi) - np.pi).sum()) / (2 * np.pi))


def crossings(corners: NDArray[np.float64], row: float, column: float) -> int:
    """Edges that a ray to the right crosses."""
    count = 0
    for (row_a, column_a), (row_b, column_b) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if (row_a > row) != (row_b > row):
            count += column < column_a + (row - row_a) / (row_b - row_a) * (column_b - column_a)
    return count


def test_that_one_pixel_has_its_four_corners() -> None:
    (corners,) = pixel_outlines(np.array([[False, False], [False, True]]))
    assert sorted(map(tuple, corners.tolist())) == [(0.5, 0.5), (0.5, 1.5), (1.5, 0.5), (1.5, 1.5)]


def test_that_nothing_has_no_outline() -> None:
    assert pixel_outlines(np.zeros((3, 4), bool)) == []


def test_that_parts_that_touch_at_a_corner_are_apart() -> None:
    assert [area(corners) for corners in pixel_outlines(np.eye(3, dtype=bool))] == [1.0, 1.0, 1.0]


def test_that_a_part_inside_the_hole_of_another_is_its_own() -> None:
    nested = np.ones((7, 7), bool)
    nested[1:6, 1:6] = False
    nested[3, 3] = True
    assert sorted(area(corners) for corners in pixel_outlines(nested)) == [1.0, 24.0]


def test_that_a_hole_is_cut_to_the_part_around_it_and_no_other() -> None:
    plane = np.zeros((5, 11), bool)
    plane[:, :5] = plane[:, 6:] = True
    plane[2, 2] = plane[1:4, 8] = False
    assert sorted(area(corners) for corners in pixel_outlines(plane)) == [22.0, 24.0]


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_that_area_winding_and_even_odd_give_back_any_pixels(inside: NDArray[np.bool_]) -> None:
    outlines = pixel_outlines(inside)
    assert sum(area(corners) for corners in outlines) == inside.sum()
    for (row, column), value in np.ndenumerate(inside):
        # Off the centre by little: a cut of no width may run through it.
        point = row + 0.013, column + 0.029
        assert sum(winding_number(corners, *point) for corners in outlines) == value
        assert sum(crossings(corners, *point) for corners in outlines) % 2 == value


@pytest.mark.parametrize("shape", [(1, 6), (6, 1), (4, 4)])
def test_that_full_planes_have_one_outline_of_four_corners(shape: tuple[int, int]) -> None:
    (corners,) = pixel_outlines(np.ones(shape, bool))
    assert len(corners) == 4
