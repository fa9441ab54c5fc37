from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from dosimetry_core.dicom.series import read_series
from dosimetry_core.dicom.study import group_time_points
from dosimetry_core.errors import DicomReadError, InconsistentCaseError, MissingDataError
from dosimetry_core.image import ImageSeries, TimePoint
from tests import phantoms
from tests.phantoms import CT_GRID, SPECT_GRID, Visit, bqml_series, counts_like, ct_series, nm_file

COUNTS, HU = counts_like(SPECT_GRID), counts_like(CT_GRID)


def _series(folder: Path) -> tuple[ImageSeries, ...]:
    return read_series([folder], time_zone="Europe/Warsaw").series


def _codes(point: TimePoint) -> set[str]:
    return {finding.code for finding in point.spect.findings if finding.level != "info"}


def test_that_each_spect_gets_the_ct_of_its_visit_in_order_of_time(time_points: tuple[TimePoint, ...]) -> None:
    starts = [point.spect.acquisition_start for point in time_points]
    assert starts == sorted(starts)
    assert starts[1] - starts[0] == timedelta(hours=20)
    for point in time_points:
        assert point.ct is not None
        assert point.ct.frame_of_reference_uid == point.spect.frame_of_reference_uid
        assert point.ct.study_uid == point.spect.study_uid
        assert not _codes(point)


def test_that_the_order_of_the_files_does_not_matter(time_points: tuple[TimePoint, ...]) -> None:
    series = [s for point in time_points for s in (point.ct, point.spect) if s is not None]
    again = group_time_points(series[::-1])
    assert [p.spect.series_uid for p in again] == [p.spect.series_uid for p in time_points]


def test_that_a_ct_of_another_frame_is_taken_only_near_in_time_and_with_a_finding(tmp_path: Path) -> None:
    nm_file(tmp_path / "recon.dcm", COUNTS)
    ct_series(tmp_path / "ct", HU, visit=replace(Visit(), frame_uid=phantoms.uid("another")))
    (point,) = group_time_points(_series(tmp_path))
    assert point.ct is not None
    assert _codes(point) == {"ct-other-frame-of-reference"}
    (point,) = group_time_points(_series(tmp_path), longest_gap_to_ct_s=60.0)
    assert point.ct is None
    assert _codes(point) == {"ct-missing"}


def _without_its_own_time(dataset: Dataset) -> None:
    del dataset.AcquisitionTime
    dataset.SeriesDate, dataset.SeriesTime = dataset.AcquisitionDate, "171500"


def test_that_a_ct_that_does_not_say_when_it_was_acquired_is_read_with_a_remark(tmp_path: Path) -> None:
    """Research exports leave the time out; CT numbers don't depend on it, so a wrong one must change nothing."""
    nm_file(tmp_path / "recon.dcm", COUNTS)
    ct_series(tmp_path / "ct", HU, edit=_without_its_own_time)
    (point,) = group_time_points(_series(tmp_path))
    assert point.ct is not None
    assert [finding.code for finding in point.ct.findings if finding.level == "warning"] == ["ct-time-not-stated"]
    assert (point.ct.acquisition_start.hour, point.ct.acquisition_start.minute) == (17, 15)
    nm_file(tmp_path / "recon.dcm", COUNTS, edit=_without_its_own_time)
    with pytest.raises(DicomReadError, match="Acquisition Time"):
        _series(tmp_path)


@pytest.mark.parametrize("of_another", ["FrameOfReferenceUID", "StudyInstanceUID"])
def test_that_such_a_ct_is_not_joined_to_a_spect_by_a_time_that_it_does_not_state(
    tmp_path: Path, of_another: str
) -> None:
    nm_file(tmp_path / "recon.dcm", COUNTS)

    def at_the_same_minute(dataset: Dataset) -> None:
        setattr(dataset, of_another, phantoms.uid("another"))
        dataset.SeriesDate, dataset.SeriesTime = dataset.AcquisitionDate, dataset.AcquisitionTime
        del dataset.AcquisitionTime

    ct_series(tmp_path / "ct", HU, edit=at_the_same_minute)
    (point,) = group_time_points(_series(tmp_path))
    assert point.ct is None
    assert _codes(point) == {"ct-missing"}


def test_that_of_two_cts_the_one_that_covers_the_spect_is_taken(tmp_path: Path) -> None:
    nm_file(tmp_path / "recon.dcm", COUNTS)
    ct_series(tmp_path / "whole", HU)

    def part(dataset: Dataset) -> None:
        dataset.SeriesInstanceUID = phantoms.uid("part")
        dataset.SOPInstanceUID = phantoms.uid(f"part {dataset.InstanceNumber}")
        dataset.SeriesDescription = "head only"

    ct_series(tmp_path / "part", HU[3:], CT_GRID.cropped((3, 0, 0), (3, 24, 20)), edit=part)
    (point,) = group_time_points(_series(tmp_path))
    assert point.ct is not None
    assert point.ct.volume.geometry.shape == CT_GRID.shape
    assert "several-cts" in {finding.code for finding in point.spect.findings}


def test_that_two_reconstructions_of_one_acquisition_are_refused(tmp_path: Path) -> None:
    def other(dataset: Dataset) -> None:
        dataset.SeriesInstanceUID = phantoms.uid("other")
        dataset.SOPInstanceUID = phantoms.uid("other instance")
        dataset.SeriesDescription = "no attenuation correction"

    nm_file(tmp_path / "a.dcm", COUNTS)
    nm_file(tmp_path / "b.dcm", COUNTS, edit=other)
    with pytest.raises(InconsistentCaseError, match=r"a.dcm and .*b.dcm: two reconstructions .*; keep the one"):
        group_time_points(_series(tmp_path))


def test_that_no_spect_and_several_nuclides_are_refused(time_points: tuple[TimePoint, ...]) -> None:
    with pytest.raises(MissingDataError, match="no reconstructed SPECT"):
        group_time_points([])
    spects = [replace(p.spect, nuclide=n) for p, n in zip(time_points, ("Lu-177", "Y-90"), strict=True)]
    with pytest.raises(InconsistentCaseError, match="several nuclides: Lu-177, Y-90"):
        group_time_points(spects)
    assert len(group_time_points(spects, nuclide="Y-90")) == 1


def test_that_unlike_series_are_doubts(tmp_path: Path) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS)
    coarse = phantoms.grid((5, 18, 16), (6.0, 6.0, 6.0))
    bqml_series(tmp_path / "b", COUNTS, coarse, Visit().later(20, "visit 2"))
    point, _ = group_time_points(_series(tmp_path))
    assert _codes(point) >= {"mixed-quantities", "mixed-voxel-sizes"}


def test_that_bed_positions_are_not_taken_for_time_points_in_silence(tmp_path: Path) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS)
    nm_file(tmp_path / "b.dcm", COUNTS, visit=Visit().later(0.4, "bed 2"))
    _, second = group_time_points(_series(tmp_path))
    assert "spect-close-together" in _codes(second)
