"""A body that goes on at an end of the image is seen, and how much may lie beyond."""

from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.quantification.field_of_view_cut import FieldOfViewCut, field_of_view_cut
from dosimetry_core.volume import Volume
from tests.phantoms import grid

GEOMETRY = grid((40, 8, 8), (5.0, 5.0, 5.0))


def image(per_slice: np.ndarray) -> Volume:
    values = np.zeros(GEOMETRY.shape, dtype=np.float32)
    values[:, 4, 4] = per_slice
    return Volume(values, GEOMETRY, "activity-concentration")  # type: ignore[arg-type]


def found(per_slice: np.ndarray) -> FieldOfViewCut:
    cut = field_of_view_cut(image(per_slice))
    assert cut is not None
    return cut


def test_that_a_body_inside_the_image_is_not_cut() -> None:
    heap = np.exp(-(((np.arange(40) - 20) / 5.0) ** 2))
    assert found(heap).cut_ends == 0
    assert found(heap).missing_over_seen(1700.0) == 0.0


def test_that_blank_slices_at_the_ends_are_passed_over() -> None:
    body = np.ones(40)
    body[:3] = body[-2:] = 0.0
    assert found(body).cut_ends == 2
    assert found(body).length_mm == pytest.approx(175.0)


def test_that_a_uniform_body_twice_as_long_as_the_image_lacks_as_much_as_is_seen() -> None:
    assert found(np.ones(40)).missing_over_seen(400.0) == pytest.approx(1.0)
    assert found(np.ones(40)).missing_over_seen(150.0) == 0.0


def test_that_one_cut_end_stands_for_all_that_is_missing() -> None:
    falling = np.linspace(1.0, 0.0, 40) ** 2
    cut = found(falling)
    assert cut.cut_ends == 1
    assert cut.edge_density[0] == pytest.approx(falling[:2].mean() / falling[falling > 0].mean())
    assert cut.missing_over_seen(2 * cut.length_mm) == pytest.approx(cut.edge_density[0])


def test_that_an_empty_image_tells_nothing() -> None:
    assert field_of_view_cut(image(np.zeros(40))) is None
