from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.dicom.polygon import pixel_centres_inside, pixel_coverage


def _circle(row: float, column: float, radius: float, points: int) -> np.ndarray:
    angle = np.arange(points) * 2 * np.pi / points
    return np.stack([row + radius * np.sin(angle), column + radius * np.cos(angle)], axis=1)


@pytest.mark.parametrize("radius", [0.4, 1.7, 5.0, 31.3])
@pytest.mark.parametrize("points", [7, 90, 1000])
def test_that_the_covered_area_is_the_polygons_area(radius: float, points: int) -> None:
    covered = pixel_coverage([_circle(20.37, 31.81, radius, points)])
    area = points / 2 * radius**2 * math.sin(2 * math.pi / points)
    assert covered.fraction.sum() == pytest.approx(area, rel=1e-9)  # exact by construction, up to rounding


def test_that_a_rectangle_covers_each_pixel_by_its_overlap() -> None:
    covered = pixel_coverage([np.array([[1.75, 2.1], [1.75, 4.9], [3.6, 4.9], [3.6, 2.1]])])
    whole = np.zeros((6, 8))
    whole[
        covered.start[0] : covered.start[0] + covered.fraction.shape[0],
        covered.start[1] : covered.start[1] + covered.fraction.shape[1],
    ] = covered.fraction[: 6 - covered.start[0], : 8 - covered.start[1]]
    # Pixel n reaches from n − 0.5 to n + 0.5.
    rows = [max(0.0, min(3.6, n + 0.5) - max(1.75, n - 0.5)) for n in range(6)]
    columns = [max(0.0, min(4.9, n + 0.5) - max(2.1, n - 0.5)) for n in range(8)]
    np.testing.assert_allclose(whole, np.outer(rows, columns), atol=1e-12)


def test_that_a_pixel_cut_by_a_slanted_edge_is_covered_by_its_share() -> None:
    covered = pixel_coverage([np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5]])])
    assert covered.fraction[0, 0] == pytest.approx(0.5, abs=1e-12)
    steep = pixel_coverage([np.array([[-0.5, -0.5], [-0.5, 2.5], [0.5, -0.5]])])
    # The line crosses the row from column 2.5 to −0.5: shares 5/6, 1/2 and 1/6; strips of 1/8 row share them to 1 %.
    np.testing.assert_allclose(steep.fraction[0, :3], [5 / 6, 1 / 2, 1 / 6], atol=0.01)


def test_that_a_hole_and_a_keyhole_are_left_out_alike() -> None:
    outer, inner = np.array([[0, 0], [0, 9], [9, 9], [9, 0.0]]), np.array([[3, 3], [3, 6], [6, 6], [6, 3.0]])
    hole = pixel_coverage([outer, inner])
    keyhole = pixel_coverage([np.concatenate([outer, outer[:1], inner, inner[:1]])])
    assert hole.fraction.sum() == pytest.approx(72)
    np.testing.assert_allclose(keyhole.fraction, hole.fraction, atol=1e-12)


def test_that_overlapping_contours_follow_the_even_odd_rule() -> None:
    one, other = np.array([[0, 0], [0, 4], [4, 4], [4, 0.0]]), np.array([[2, 2], [2, 6], [6, 6], [6, 2.0]])
    assert pixel_coverage([one, other]).fraction.sum() == pytest.approx(16 + 16 - 2 * 4)


def test_that_orientation_and_start_of_a_contour_do_not_matter() -> None:
    loop = _circle(7.2, 9.9, 4.3, 41)
    reference = pixel_coverage([loop]).fraction
    np.testing.assert_allclose(pixel_coverage([loop[::-1]]).fraction, reference, atol=1e-12)
    np.testing.assert_allclose(pixel_coverage([np.roll(loop, 13, axis=0)]).fraction, reference, atol=1e-12)


def test_that_pixels_on_a_contour_through_their_centres_belong_to_it() -> None:
    block = pixel_centres_inside([np.array([[2, 3], [2, 7], [5, 7], [5, 3.0]])])
    assert block.fraction.sum() == 4 * 5
    diamond = pixel_centres_inside([np.array([[0, 2], [2, 4], [4, 2], [2, 0.0]])])
    assert diamond.fraction.sum() == 13
    rounded = pixel_centres_inside([np.array([[2.004, 3.004], [2.004, 6.996], [4.996, 6.996], [4.996, 3.004]])])
    assert rounded.fraction.sum() == 4 * 5


def test_that_single_points_and_lines_are_the_pixels_they_pass() -> None:
    assert pixel_centres_inside([np.array([[3.0, 4.0]])]).fraction.sum() == 1
    assert pixel_centres_inside([np.array([[3.0, 4.0], [3.0, 8.0]])]).fraction.sum() == 5
    assert pixel_centres_inside([np.array([[3.0, 4.0], [6.0, 7.0]])]).fraction.sum() == 4


def test_that_centres_inside_agree_with_counting() -> None:
    loop = _circle(10.5, 12.5, 6.4, 500)
    found = pixel_centres_inside([loop])
    rows, columns = np.indices((30, 30))
    assert found.fraction.sum() == ((rows - 10.5) ** 2 + (columns - 12.5) ** 2 < 6.4**2).sum()
