"""Counts to activity."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosimetry_core.calibration import (
    calibrated_image,
    decay_while_counting_factor,
    recovery_coefficient,
    recovery_volume_sensitivity,
    true_count_rate_per_s,
)
from dosimetry_core.case import Administration, Calibration, RecoveryCurve
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.image import ImageSeries
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.volume import Volume
from tests.dosimetry_core.bodies import START, grid, series

GRID = grid((10, 10, 10), (5.0, 5.0, 5.0))
LAMBDA = nuclide(LU177).decay_constant_per_s
GIVEN = Administration(LU177, 7.4e9, START - timedelta(hours=24), 1800.0)
ALL_HEADS = Calibration(sensitivity_cps_per_bq=1e-5, convention="clock-seconds-all-heads")


def _image(quantity: str, value: float = 100.0, **facts: object) -> ImageSeries:
    known = {"nuclide": LU177, "counting_duration_s": 1200.0, **facts}
    values = np.full(GRID.shape, value, np.float32)
    return series("spect", Volume(values, GRID, quantity), frame="f", **known)


def test_that_counts_become_the_activity_at_the_start() -> None:
    # Count the decays of a known activity through 20 min with the known sensitivity, and get the activity back.
    activity = 300e6
    counts = 1e-5 * activity * (1 - np.exp(-LAMBDA * 1200)) / LAMBDA
    result = calibrated_image(_image("counts", counts / GRID.shape[0] ** 3), ALL_HEADS, GIVEN)
    assert result.field_of_view_activity_bq == pytest.approx(activity, rel=1e-6)
    total = float(result.concentration.values.sum(dtype=float)) * GRID.voxel_volume_ml
    assert total == pytest.approx(activity, rel=1e-6)


def test_that_the_three_conventions_agree_on_the_same_camera() -> None:
    image = _image("counts", number_of_heads=2, frame_duration_s=40.0, frames_per_head=30)
    reference = calibrated_image(image, ALL_HEADS, GIVEN).bq_per_ml_per_image_unit
    halved = replace(ALL_HEADS, sensitivity_cps_per_bq=0.5e-5)
    for convention in ("clock-seconds-per-head", "frame-seconds"):
        result = calibrated_image(image, replace(halved, convention=convention), GIVEN)
        assert result.bq_per_ml_per_image_unit == pytest.approx(reference, rel=1e-12)


def test_that_counts_per_second_and_counts_agree() -> None:
    counts = calibrated_image(_image("counts", 1200.0), ALL_HEADS, GIVEN)
    rate = calibrated_image(_image("counts_per_s", 1.0), ALL_HEADS, GIVEN)
    assert rate.field_of_view_activity_bq == pytest.approx(counts.field_of_view_activity_bq, rel=1e-6)


def test_that_an_image_in_bq_per_ml_is_used_as_it_is() -> None:
    image = _image("activity_concentration_bq_per_ml", 5e4, decay_reference="acquisition-start")
    result = calibrated_image(image, Calibration(), GIVEN)
    assert np.array_equal(result.concentration.values, image.volume.values)


def test_that_an_image_corrected_to_the_administration_is_decayed_to_its_start() -> None:
    image = _image("activity_concentration_bq_per_ml", 5e4, decay_reference="administration")
    assert calibrated_image(image, Calibration(), GIVEN).bq_per_ml_per_image_unit == pytest.approx(
        2 ** (-24 * 3600 / nuclide(LU177).physical_half_life_s)
    )
    for administration in (None, replace(GIVEN, nuclide=Y90)):
        with pytest.raises(MissingDataError, match="administration"):
            calibrated_image(image, Calibration(), administration)


@pytest.mark.parametrize(
    ("calibration", "facts", "message"),
    [
        (replace(ALL_HEADS, convention=None), {}, "convention"),
        (replace(ALL_HEADS, sensitivity_cps_per_bq=None), {}, "sensitivity"),
        (ALL_HEADS, {"counting_duration_s": None}, "how long"),
        (ALL_HEADS, {"nuclide": None}, "nuclide"),
        (replace(ALL_HEADS, convention="clock-seconds-per-head"), {}, "heads"),
        (replace(ALL_HEADS, convention="frame-seconds"), {"number_of_heads": 2}, "frames"),
    ],
)
def test_that_nothing_missing_is_guessed(calibration: Calibration, facts: dict[str, object], message: str) -> None:
    with pytest.raises(MissingDataError, match=message):
        calibrated_image(_image("counts", **facts), calibration, GIVEN)


def test_that_everything_missing_is_named_at_once() -> None:
    with pytest.raises(MissingDataError) as caught:
        calibrated_image(_image("counts"), Calibration(sensitivity_cps_per_bq=1e-5), GIVEN, where="cycle 1")
    assert "cycle 1" in str(caught.value)


def test_that_an_image_of_nothing_or_nonsense_is_refused() -> None:
    for value in (0.0, np.nan):
        with pytest.raises(InconsistentCaseError):
            calibrated_image(_image("counts", value), ALL_HEADS, GIVEN)


def test_that_dead_time_follows_the_count_rate_of_the_field_of_view() -> None:
    # 1000 voxels of 31.2 counts per clock second observe 31 200/s; 3.1 µs lose 9.672 % of the time.
    camera = replace(ALL_HEADS, dead_time_s=3.1e-6)
    result = calibrated_image(_image("counts", 31.2 * 1200), camera, GIVEN)
    assert result.dead_time_factor == pytest.approx(1 / (1 - 0.09672), rel=1e-6)


@given(st.floats(1.0, 9e4), st.floats(1e-7, 4e-6), st.sampled_from(["non-paralyzable", "paralyzable"]))
@settings(max_examples=60, deadline=None)
def test_that_dead_time_correction_undoes_dead_time(true_rate: float, dead_time_s: float, model: str) -> None:
    load = true_rate * dead_time_s
    observed = true_rate / (1 + load) if model == "non-paralyzable" else true_rate * np.exp(-load)
    assert true_count_rate_per_s(observed, dead_time_s, model) == pytest.approx(true_rate, rel=1e-9)


@pytest.mark.parametrize(("rate", "model"), [(2.1e5, "non-paralyzable"), (8e4, "paralyzable")])
def test_that_an_impossible_count_rate_is_an_error(rate: float, model: str) -> None:
    with pytest.raises(InconsistentCaseError, match="dead time"):
        true_count_rate_per_s(rate, 5e-6, model)


def test_that_short_acquisitions_need_half_a_decay_of_correction() -> None:
    # λT/(1 − e^{−λT}) = 1 + λT/2 + (λT)²/12 − …
    assert decay_while_counting_factor(LAMBDA, 60.0) == pytest.approx(1 + LAMBDA * 30, abs=1e-9)
    assert decay_while_counting_factor(LAMBDA, 1200.0) == pytest.approx(1.00072, abs=5e-6)


def test_that_recovery_is_half_at_b_and_its_slope_is_that_of_its_curve() -> None:
    curve = RecoveryCurve(5.2, 0.95)
    assert recovery_coefficient(5.2, curve) == 0.5
    assert recovery_coefficient(0.0, curve) == 0
    step = 1e-6
    numeric = (np.log(recovery_coefficient(20 * (1 + step), curve)) - np.log(recovery_coefficient(20, curve))) / step
    assert recovery_volume_sensitivity(20, curve) == pytest.approx(numeric, rel=1e-5)
