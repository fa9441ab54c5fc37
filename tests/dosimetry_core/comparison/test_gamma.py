"""The gamma index where it is known: constant and sloping doses, distance alone, edges of the other map."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.comparison.gamma import HIGHEST, GammaCriteria, gamma_map
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.volume import Volume


def grid(shape: tuple[int, int, int], spacing: float = 4.0, origin: float = 0.0) -> VolumeGeometry:
    return VolumeGeometry(shape, np.full(3, origin), (spacing, spacing, spacing), np.eye(3)[:, ::-1])


def dose(values: np.ndarray, spacing: float = 4.0, origin: float = 0.0) -> Volume:
    return Volume(values, grid(values.shape, spacing, origin), "absorbed_dose_gy")


def slope(shape: tuple[int, int, int], per_mm: float, shift_mm: float = 0.0, base: float = 10.0) -> Volume:
    x = grid(shape).index_to_point(np.indices(shape).reshape(3, -1).T)[:, 0].reshape(shape)
    return dose(base + per_mm * (x - shift_mm))


@pytest.mark.parametrize("fraction", [-0.02, 0.015, 0.045])
def test_that_a_constant_difference_is_its_part_of_the_accepted_one(fraction: float) -> None:
    one = dose(np.full((5, 6, 7), 8.0))
    found = gamma_map(one, dose(np.full((5, 6, 7), 8.0 * (1 + fraction))), GammaCriteria(0.03, 3.0))
    assert found.values == pytest.approx(abs(fraction) / 0.03, rel=1e-5)
    assert found.count == 5 * 6 * 7
    assert found.pass_fraction == (1.0 if abs(fraction) <= 0.03 else 0.0)


@pytest.mark.parametrize(("per_mm", "shift_mm"), [(0.05, 2.0), (0.2, -1.5), (1.0, 2.5)])
def test_that_a_shifted_slope_has_the_value_of_the_closed_form(per_mm: float, shift_mm: float) -> None:
    shape = (9, 9, 15)
    one, other = slope(shape, per_mm), slope(shape, per_mm, shift_mm)
    criteria = GammaCriteria(0.03, 3.0, cutoff_fraction=0.0)
    accepted = 0.03 * float(one.values.max())
    exact = abs(shift_mm) / math.sqrt(3.0**2 + (accepted / per_mm) ** 2)
    found = gamma_map(one, other, criteria).values[3:-3, 3:-3, 4:-4]
    # The search is in steps of 3/8 mm: the least lies at most half a step beside.
    flatness = 0.5 * (3.0 / 8 / 2) ** 2 * (1 / 3.0**2 + (per_mm / accepted) ** 2) / max(exact, 1e-9)
    assert found.min() >= exact * (1 - 1e-5)
    assert found.max() <= exact + flatness + 1e-5


def test_that_local_judges_each_place_by_its_own_dose() -> None:
    values = np.full((5, 5, 9), 10.0)
    values[..., 6:] = 2.0
    other = values.copy()
    other[..., 6:] = 2.1
    criteria = GammaCriteria(0.03, 0.5, cutoff_fraction=0.0)
    of_largest = gamma_map(dose(values), dose(other), criteria)
    local = gamma_map(dose(values), dose(other), GammaCriteria(0.03, 0.5, cutoff_fraction=0.0, local=True))
    assert of_largest.values[2, 2, 8] == pytest.approx(0.1 / 0.3, rel=1e-5)
    assert local.values[2, 2, 8] == pytest.approx(0.1 / 0.06, rel=1e-5)
    assert of_largest.pass_fraction == 1.0
    assert local.pass_fraction == pytest.approx(6 / 9)


def test_that_an_edge_passes_by_distance_where_dose_alone_fails() -> None:
    step = np.zeros((5, 5, 24))
    step[..., 12:] = 10.0
    moved = np.zeros((5, 5, 24))
    moved[..., 14:] = 10.0  # 2 mm on
    one, other = dose(step, 1.0), dose(moved, 1.0)
    assert gamma_map(one, other, GammaCriteria(0.03, 3.0)).pass_fraction == 1.0
    close = gamma_map(one, other, GammaCriteria(0.03, 1.0))
    assert close.values[2, 2, 12] > 1
    assert close.values[2, 2, 20] == 0


def test_that_low_doses_and_places_outside_the_other_map_are_not_looked_at() -> None:
    values = np.full((4, 4, 10), 10.0)
    values[..., 0] = 0.5
    other = dose(np.full((4, 4, 6), 10.0))
    found = gamma_map(dose(values), other, GammaCriteria(cutoff_fraction=0.1))
    assert np.isnan(found.values[..., 0]).all()
    assert np.isnan(found.values[..., 6:]).all()
    assert found.unreachable == 4 * 4 * 4
    assert found.count == 4 * 4 * 5


def test_that_no_value_is_above_the_highest() -> None:
    found = gamma_map(dose(np.full((3, 3, 3), 10.0)), dose(np.full((3, 3, 3), 90.0)))
    assert (found.values == np.float32(HIGHEST)).all()


def test_that_grids_may_differ() -> None:
    fine, coarse = slope((12, 12, 24), 0.3), None
    x = grid((7, 7, 13), 8.0, -2.0).index_to_point(np.indices((7, 7, 13)).reshape(3, -1).T)[:, 0]
    coarse = dose(10.0 + 0.3 * x.reshape(7, 7, 13), 8.0, -2.0)
    found = gamma_map(fine, coarse, GammaCriteria(cutoff_fraction=0.0))
    assert np.nanmax(found.values) < 1e-4


def test_that_a_map_without_dose_is_refused() -> None:
    nothing = dose(np.zeros((3, 3, 3)))
    with pytest.raises(ValueError, match="without dose"):
        gamma_map(nothing, dose(np.ones((3, 3, 3))))
    with pytest.raises(ValueError, match="out of range"):
        GammaCriteria(0.0)
