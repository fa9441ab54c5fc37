"""Beds of one visit joined: what decayed between them comes back, and nothing else is joined."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dosimetry_core.dicom.check import check_folder
from dosimetry_core.dicom.series import read_series
from dosimetry_core.dicom.study import group_time_points
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.image import ImageSeries
from tests import phantoms
from tests.dosimetry_core.dicom.dialects import edits, in_rotation, own_series, second_bed, setting
from tests.phantoms import SPECT_GRID, Edit, Visit, bqml_series, counts_like, ct_series, grid, nm_file, nothing

# 177Lu, half-life of 6.647 d as the phantoms state it.
DECAY_CONSTANT_PER_S = math.log(2) / 574300.8
LEVEL = 30000.0
# Stored counts are whole numbers.
ROUNDING = 0.6


def _higher(slices: int) -> phantoms.VolumeGeometry:
    return grid(SPECT_GRID.shape, SPECT_GRID.spacing_mm, origin_mm=SPECT_GRID.index_to_point((slices, 0, 0)))


def _uniform(level: float) -> np.ndarray:
    return np.full(SPECT_GRID.shape, round(level))


def _two_beds(
    folder: Path,
    second_level: float,
    *,
    slices: int = 3,
    minutes: float = 30,
    first: Edit = nothing,
    edit: Edit = nothing,
) -> None:
    nm_file(folder / "1.dcm", _uniform(LEVEL), edit=first)
    visit = second_bed(Visit(), minutes)
    nm_file(folder / "2.dcm", _uniform(second_level), _higher(slices), visit, edit=edits(own_series, edit))


def _series(folder: Path) -> tuple[ImageSeries, ...]:
    # Rates are read where it is said that they are; files in other units are not touched by it.
    return read_series([folder], time_zone="Europe/Warsaw", stated_quantity="counts_per_s").series


def _codes(image: ImageSeries) -> set[str]:
    return {finding.code for finding in image.findings}


@pytest.mark.parametrize("slices", [3, 5, -4])
def test_that_a_uniform_activity_seen_by_two_beds_is_uniform_at_the_start_of_the_first(
    tmp_path: Path, slices: int
) -> None:
    decayed = LEVEL * math.exp(-DECAY_CONSTANT_PER_S * 1800)
    _two_beds(tmp_path, decayed, slices=slices)
    (image,) = _series(tmp_path)
    assert image.volume.geometry.shape == (5 + abs(slices), 18, 16)
    np.testing.assert_allclose(image.volume.values, LEVEL, atol=ROUNDING)
    assert image.acquisition_start.isoformat() == "2025-03-03T14:05:00+01:00"
    assert image.counting_duration_s == 1200.0
    assert "beds-joined" in _codes(image)
    assert "beds-overlap-differs" not in _codes(image)
    assert len(image.source_files) == 2
    lowest = SPECT_GRID.index_to_point((min(0, slices), 0, 0))
    np.testing.assert_allclose(image.volume.geometry.origin_mm, lowest, atol=1e-4)


def test_that_counts_of_a_shorter_bed_are_scaled_to_the_counting_time_of_the_first(tmp_path: Path) -> None:
    share = math.expm1(-DECAY_CONSTANT_PER_S * 900) / math.expm1(-DECAY_CONSTANT_PER_S * 1200)
    level = LEVEL * share * math.exp(-DECAY_CONSTANT_PER_S * 1800)
    _two_beds(tmp_path, level, edit=in_rotation(ActualFrameDuration="15000"))
    (image,) = _series(tmp_path)
    np.testing.assert_allclose(image.volume.values, LEVEL, atol=ROUNDING)


def test_that_mean_rates_of_beds_of_unequal_length_are_referred_to_one_instant(tmp_path: Path) -> None:
    def mean_while_counting(duration_s: float) -> float:
        return -math.expm1(-DECAY_CONSTANT_PER_S * duration_s) / (DECAY_CONSTANT_PER_S * duration_s)

    rate = setting(Units="CPS")
    level = LEVEL * mean_while_counting(9000) / mean_while_counting(1200) * math.exp(-DECAY_CONSTANT_PER_S * 1800)
    _two_beds(tmp_path, level, first=rate, edit=edits(rate, in_rotation(ActualFrameDuration="150000")))
    (image,) = _series(tmp_path)
    np.testing.assert_allclose(image.volume.values, LEVEL, atol=ROUNDING)


@pytest.mark.parametrize(("correction", "factor"), [("START", math.exp(-DECAY_CONSTANT_PER_S * 1800)), ("ADMIN", 1.0)])
def test_that_beds_in_bqml_are_referred_to_one_instant_unless_they_are_already(
    tmp_path: Path, correction: str, factor: float
) -> None:
    def own(dataset: Dataset) -> None:
        dataset.SeriesInstanceUID = phantoms.uid("bed 2 series")
        dataset.SOPInstanceUID = phantoms.uid(f"bed 2 object {dataset.InstanceNumber}")
        dataset.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime = "20250303100500"

    corrected = setting(DecayCorrection=correction)
    bqml_series(tmp_path / "1", np.full(SPECT_GRID.shape, LEVEL), edit=corrected)
    second = np.full(SPECT_GRID.shape, LEVEL * factor)
    bqml_series(tmp_path / "2", second, _higher(4), second_bed(Visit(), 30), edit=edits(corrected, own))
    (image,) = _series(tmp_path)
    np.testing.assert_allclose(image.volume.values, LEVEL, rtol=1e-4)


def test_that_the_overlap_is_weighted_by_the_distance_from_the_edges(tmp_path: Path) -> None:
    # Five slices each, two of them shared: weights 1.5 : 0.5, then 0.5 : 1.5; the same start, so no decay.
    _two_beds(tmp_path, 20000.0, minutes=0.5)
    (image,) = _series(tmp_path)
    profile = image.volume.values[:, 0, 0]
    second = 20000.0 * math.exp(DECAY_CONSTANT_PER_S * 30)
    expected = [LEVEL] * 3 + [0.75 * LEVEL + 0.25 * second, 0.25 * LEVEL + 0.75 * second] + [second] * 3
    np.testing.assert_allclose(profile, expected, rtol=1e-6)
    (finding,) = [f for f in image.findings if f.code == "beds-overlap-differs"]
    assert "40.0 %" in finding.text


def test_that_joining_conserves_what_the_beds_hold_apart_from_the_overlap(tmp_path: Path) -> None:
    counts = counts_like(SPECT_GRID)
    nm_file(tmp_path / "1.dcm", counts)
    nm_file(tmp_path / "2.dcm", counts, _higher(5), second_bed(Visit(), 30), edit=own_series)
    (image,) = _series(tmp_path)
    factor = math.exp(DECAY_CONSTANT_PER_S * 1800)
    assert float(image.volume.values.sum(dtype=float)) == pytest.approx(counts.sum() * (1 + factor), rel=1e-6)
    np.testing.assert_array_equal(image.volume.values[:5], counts)


def test_that_joined_beds_are_one_time_point_and_one_entry_of_check(tmp_path: Path) -> None:
    _two_beds(tmp_path, LEVEL)
    ct_series(tmp_path / "ct", counts_like(phantoms.CT_GRID))
    assert len(group_time_points(_series(tmp_path))) == 1
    entries = [e.as_json() for e in check_folder(tmp_path, time_zone="Europe/Warsaw")]
    (entry,) = [e for e in entries if e["what"] == "SPECT"]
    assert entry["shape"] == [8, 18, 16]
    assert entry["total"] == pytest.approx(8 * 18 * 16 * LEVEL, rel=3e-3)


def test_that_two_reconstructions_of_one_field_of_view_are_not_joined(tmp_path: Path) -> None:
    _two_beds(tmp_path, LEVEL, slices=0, minutes=0)
    series = _series(tmp_path)
    assert len(series) == 2
    with pytest.raises(InconsistentCaseError, match="two reconstructions of one acquisition"):
        group_time_points(series)


@pytest.mark.parametrize(
    "edit",
    [
        setting(FrameOfReferenceUID="1.2.3"),
        setting(StudyInstanceUID="1.2.3"),
        setting(Units="CPS"),
        setting(AcquisitionTime="200000"),
        setting(SpacingBetweenSlices=4.0, SliceThickness=4.0),
        lambda d: setattr(d.DetectorInformationSequence[0], "ImagePositionPatient", [-37, -55, 200]),
    ],
)
def test_that_nothing_but_beds_of_one_visit_without_a_gap_is_joined(tmp_path: Path, edit: Edit) -> None:
    _two_beds(tmp_path, LEVEL, edit=edit)
    assert len(_series(tmp_path)) == 2


def test_that_three_beds_are_joined_in_any_order_of_scanning(tmp_path: Path) -> None:
    for number, (slices, minutes) in enumerate([(8, 0), (4, 20), (0, 40)]):
        level = LEVEL * math.exp(-DECAY_CONSTANT_PER_S * minutes * 60)

        def own(dataset: Dataset, number: int = number) -> None:
            dataset.SOPInstanceUID = phantoms.uid(f"object {number}")
            dataset.SeriesInstanceUID = phantoms.uid(f"series {number}")

        start = Visit().start + timedelta(minutes=minutes)
        visit = Visit(start=start)
        nm_file(tmp_path / f"{number}.dcm", _uniform(level), _higher(slices), visit, edit=own)
    (image,) = _series(tmp_path)
    assert image.volume.geometry.shape[0] == 13
    np.testing.assert_allclose(image.volume.values, LEVEL, atol=ROUNDING)
