from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosimetry_core.dose.dose_volume import dose_volume
from dosimetry_core.errors import InconsistentCaseError


def test_that_a_uniform_dose_has_one_value_for_everything() -> None:
    found = dose_volume(np.full((3, 4, 5), 7.5), np.ones((3, 4, 5), bool), voxel_volume_ml=0.064)
    assert [found.mean_gy, found.d98_gy, found.d90_gy, found.d2_gy] == pytest.approx([7.5] * 4)
    assert found.total_volume_ml == pytest.approx(60 * 0.064)
    assert found.volume_receiving_ml(7.5) == pytest.approx(60 * 0.064)
    assert found.volume_receiving_ml(7.5001) == 0


def test_that_a_ramp_has_its_closed_form() -> None:
    # Voxels at the middles of 1000 equal steps from 0 to 10 Gy: D_x = 10 (1 − x).
    doses = (np.arange(1000) + 0.5) / 100
    found = dose_volume(doses, np.ones(1000), voxel_volume_ml=0.1)
    assert [found.mean_gy, found.d98_gy, found.d90_gy, found.d2_gy] == pytest.approx([5.0, 0.2, 1.0, 9.8], rel=1e-9)
    assert found.volume_receiving_ml(4.0) == pytest.approx(60.0)
    levels, fractions = found.cumulative_histogram(10)
    assert levels == pytest.approx(np.linspace(0, 9.995, 11))
    assert fractions == pytest.approx(1 - levels / 10, abs=1e-3)


def test_that_an_exponential_fall_has_its_closed_form() -> None:
    # Dose 20 exp(−u), u even in 0 … 3: D_x = 20 exp(−3 x), mean = 20 (1 − e⁻³)/3.
    u = (np.arange(30_000) + 0.5) / 10_000
    found = dose_volume(20 * np.exp(-u), np.ones(u.size), voxel_volume_ml=1e-3)
    expected = [20 * np.exp(-3 * x) for x in (0.98, 0.90, 0.02)]
    assert [found.d98_gy, found.d90_gy, found.d2_gy] == pytest.approx(expected, rel=1e-6)
    assert found.mean_gy == pytest.approx(20 * (1 - np.exp(-3)) / 3, rel=1e-6)


def test_that_a_voxel_counts_by_the_part_of_it_inside() -> None:
    found = dose_volume(np.array([1.0, 3.0, 9.0]), np.array([1.0, 0.25, 0.0]), voxel_volume_ml=2.0)
    assert found.total_volume_ml == pytest.approx(2.5)
    assert found.mean_gy == pytest.approx((1.0 + 0.25 * 3.0) / 1.25)
    assert found.volume_receiving_ml(2.0) == pytest.approx(0.5)
    assert found.cumulative_histogram(3)[1] == pytest.approx([1.0, 1.0, 0.2, 0.2])


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=40),
    st.floats(0.01, 1),
    st.floats(0.1, 10),
)
def test_that_dose_and_coverage_scale_as_they_should(doses: list[float], coverage: float, factor: float) -> None:
    values = np.array(doses)
    one = dose_volume(values, np.ones(values.size), voxel_volume_ml=1.0)
    other = dose_volume(values * factor, np.full(values.size, coverage), voxel_volume_ml=1.0)
    assert other.d90_gy == pytest.approx(factor * one.d90_gy, rel=1e-9, abs=1e-9)
    assert other.mean_gy == pytest.approx(factor * one.mean_gy, rel=1e-9, abs=1e-9)
    assert one.d98_gy <= one.d90_gy <= one.d2_gy
    assert values.min() - 1e-9 <= one.d98_gy
    assert one.d2_gy <= values.max() + 1e-9


def test_that_a_voi_without_voxels_is_refused_by_name() -> None:
    with pytest.raises(InconsistentCaseError, match="Lesion 3"):
        dose_volume(np.ones(3), np.zeros(3), voxel_volume_ml=1.0, where="Lesion 3")
    with pytest.raises(ValueError, match="shape"):
        dose_volume(np.ones(3), np.zeros(4), voxel_volume_ml=1.0)
    with pytest.raises(ValueError, match="finite"):
        dose_volume(np.array([np.nan]), np.ones(1), voxel_volume_ml=1.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        dose_volume(np.ones(3), np.ones(3), voxel_volume_ml=1.0).dose_to_fraction_gy(98)
