"""The first scan is seen before the others are read, and what is read is the same whatever was shown."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from dosimetry_core.case_file import read_case
from dosimetry_core.dicom.first_scan import first_scan_first
from dosimetry_core.dicom.folder_walk import files_below
from dosimetry_core.dicom.series import read_series
from dosimetry_core.errors import DosimetryError
from dosimetry_core.image import ImageSeries
from dosimetry_core.pipeline.images import import_images
from tests.small_study import write_small_case

ZONE = "Europe/Warsaw"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_case(tmp_path_factory.mktemp("case"))


def flat_copy(folder: Path, target: Path) -> Path:
    """All images in one folder, under names that say nothing."""
    target.mkdir()
    for number, path in enumerate(sorted(folder.rglob("*.dcm"), key=lambda path: path.name)):
        shutil.copy(path, target / f"{number:05d}")
    return target


def read(folder: Path) -> tuple[list[tuple[ImageSeries, ...]], tuple[ImageSeries, ...]]:
    shown: list[tuple[ImageSeries, ...]] = []
    reading = read_series([folder], time_zone=ZONE, show_first=shown.append)
    return shown, reading.series


def test_that_the_first_scan_is_shown_once_and_is_part_of_the_whole(folder: Path) -> None:
    (first,), series = read(folder / "images")
    earliest = min((one for one in series if one.kind == "spect"), key=lambda one: one.acquisition_start)
    assert {one.kind for one in first} == {"spect", "ct"}
    assert all(any(one is other for other in series) for one in first)
    assert any(one is earliest for one in first)


def test_that_what_is_read_does_not_hang_on_what_was_shown(folder: Path) -> None:
    _, series = read(folder / "images")
    plain = read_series([folder / "images"], time_zone=ZONE).series
    assert [one.series_uid for one in series] == [one.series_uid for one in plain]
    for one, other in zip(series, plain, strict=True):
        assert np.array_equal(one.volume.values, other.volume.values)
        assert (one.source_files, one.findings) == (other.source_files, other.findings)


def test_that_only_the_files_of_the_first_scan_are_put_in_front(folder: Path) -> None:
    paths = sorted(files_below(folder / "images", []))
    ordered, count = first_scan_first(paths)
    assert sorted(ordered) == paths
    assert {path.relative_to(folder / "images").parts[0] for path in ordered[:count]} == {"visit1"}
    assert 0 < count < len(paths)


def test_that_a_single_folder_of_everything_shows_its_first_scan_too(folder: Path, tmp_path: Path) -> None:
    flat = flat_copy(folder / "images", tmp_path / "flat")
    assert first_scan_first(sorted(flat.iterdir()))[1] == 0
    (first,), series = read(flat)
    assert {one.kind for one in first} == {"spect", "ct"}
    assert all(any(one is other for other in series) for one in first)


def test_that_a_slice_that_turns_up_elsewhere_belongs_to_its_series(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "case"
    shutil.copytree(folder / "images", copy)
    slices = sorted((copy / "visit1").rglob("*.dcm"))
    ct = [path for path in slices if path.name != "spect.dcm"]
    elsewhere = copy / "zzz"
    elsewhere.mkdir()
    ct[-1].rename(elsewhere / "last.dcm")
    shown, series = read(copy)
    expected = read_series([folder / "images"], time_zone=ZONE).series
    assert [one.volume.geometry.shape for one in series] == [one.volume.geometry.shape for one in expected]
    for one, other in zip(series, expected, strict=True):
        assert np.array_equal(one.volume.values, other.volume.values)
    assert shown


def test_that_a_first_scan_that_can_not_be_read_right_is_not_shown(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "case"
    shutil.copytree(folder / "images", copy)
    path = copy / "visit1" / "spect.dcm"
    path.write_bytes(path.read_bytes()[:-500])
    shown: list[tuple[ImageSeries, ...]] = []
    with pytest.raises(DosimetryError):
        read_series([copy], time_zone=ZONE, show_first=shown.append)
    assert all({one.kind for one in images} != {"spect", "ct"} for images in shown)


def test_that_images_of_another_patient_are_not_shown(folder: Path) -> None:
    from dataclasses import replace

    case = read_case(folder)
    other = replace(case, patient=replace(case.patient, patient_id="somebody else"))
    shown: list[object] = []
    with pytest.raises(DosimetryError, match="case is of"):
        import_images(other, other.cycles[0], show=shown.append)
    assert not shown
