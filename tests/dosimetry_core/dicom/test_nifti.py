from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

from dosimetry_core.dicom.nifti import read_nifti
from dosimetry_core.errors import DicomReadError

ITK: Any = SimpleITK


def written(path: Path, values: np.ndarray) -> Path:
    image = ITK.GetImageFromArray(values)
    image.SetSpacing((4.0, 3.0, 2.0))
    image.SetOrigin((-10.0, 20.0, 30.0))
    ITK.WriteImage(image, str(path))
    return path


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16, np.uint8])
def test_that_values_and_places_are_those_another_reader_finds(tmp_path: Path, ending: str, kind: type) -> None:
    values = (np.random.default_rng(1).random((3, 4, 5)) * 200).astype(kind)
    path = written(tmp_path / f"a.{ending}", values)
    found = read_nifti(path)
    assert np.array_equal(found.values, values)
    assert found.geometry.spacing_mm == pytest.approx((2.0, 3.0, 4.0))
    image = ITK.ReadImage(str(path))
    for index in ((0, 0, 0), (2, 3, 4)):
        point = image.TransformIndexToPhysicalPoint(tuple(reversed(index)))
        assert found.geometry.index_to_point(index) == pytest.approx(point)


def test_that_scaled_values_are_scaled(tmp_path: Path) -> None:
    path = written(tmp_path / "a.nii", np.arange(24, dtype=np.int16).reshape(2, 3, 4))
    content = bytearray(path.read_bytes())
    struct.pack_into("<2f", content, 112, 0.5, -3.0)
    path.write_bytes(bytes(content))
    found = read_nifti(path)
    assert found.is_scaled
    assert found.values == pytest.approx(np.arange(24).reshape(2, 3, 4) * 0.5 - 3)


@pytest.mark.parametrize("slope", [0.0, float("nan")])
def test_that_no_slope_means_no_scaling(tmp_path: Path, slope: float) -> None:
    path = written(tmp_path / "a.nii", np.ones((2, 3, 4), np.float32))
    content = bytearray(path.read_bytes())
    struct.pack_into("<2f", content, 112, slope, 7.0)
    path.write_bytes(bytes(content))
    assert read_nifti(path).values.tolist() == np.ones((2, 3, 4)).tolist()


def test_that_numbers_that_are_none_stay_none(tmp_path: Path) -> None:
    values = np.ones((2, 3, 4), np.float32)
    values[1, 1, 1] = np.nan
    assert np.isnan(read_nifti(written(tmp_path / "a.nii.gz", values)).values[1, 1, 1])


def test_that_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.nii.gz", np.random.default_rng(1).random((20, 20, 20)))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DicomReadError, match="is truncated"):
        read_nifti(path)


@pytest.mark.parametrize("offset", [float("nan"), float("inf"), -1.0, 1e9])
def test_that_voxels_at_no_possible_place_are_refused(tmp_path: Path, offset: float) -> None:
    path = written(tmp_path / "a.nii", np.zeros((4, 4, 4), np.int16))
    content = bytearray(path.read_bytes())
    struct.pack_into("<f", content, 108, offset)
    path.write_bytes(content)
    with pytest.raises(DicomReadError, match=r"announces .* voxels at byte -?\d+"):
        read_nifti(path)
