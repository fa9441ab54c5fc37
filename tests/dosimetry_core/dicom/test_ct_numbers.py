"""CT numbers in 16 bits where every one is whole and fits, else in single precision: never another value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dosimetry_core.dicom import room
from dosimetry_core.dicom.series import read_series
from tests.phantoms import CT_GRID, counts_like, ct_series

HU = counts_like(CT_GRID).astype(np.int64) - 900


def _values(folder: Path) -> NDArray[np.generic]:
    (image,) = read_series([folder], time_zone="UTC").series
    assert not image.volume.values.flags.writeable
    return image.volume.values


def test_that_whole_ct_numbers_are_kept_in_16_bits(tmp_path: Path) -> None:
    ct_series(tmp_path, HU)
    values = _values(tmp_path)
    assert values.dtype == np.int16
    np.testing.assert_array_equal(values, HU)


def test_that_values_near_the_top_of_unsigned_16_bits_come_out_right(tmp_path: Path) -> None:
    """33,000 is none of signed 16 bits, but with −1024 it is."""

    def stored(dataset: Dataset) -> None:
        dataset.PixelData = np.full((dataset.Rows, dataset.Columns), 33_000, "<u2").tobytes()
        dataset.PixelRepresentation = 0
        dataset.BitsStored, dataset.HighBit = 16, 15

    ct_series(tmp_path, HU, edit=stored)
    values = _values(tmp_path)
    assert values.dtype == np.int16
    assert (values == 31_976).all()


@pytest.mark.parametrize(
    ("slope", "intercept"), [(0.5, -1024), (1, -1024.5), (2, 0), (1, 40_000)], ids=("half", "fraction", "two", "high")
)
def test_that_other_ct_numbers_are_kept_in_single_precision(tmp_path: Path, slope: float, intercept: float) -> None:
    def rescaled(dataset: Dataset) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, intercept

    ct_series(tmp_path, HU, edit=rescaled)
    values = _values(tmp_path)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, (HU + 1024) * slope + intercept)


def test_that_one_value_beyond_16_bits_keeps_all_of_them_right(tmp_path: Path) -> None:
    def metal(dataset: Dataset) -> None:
        if dataset.InstanceNumber == 3:
            pixels = np.frombuffer(dataset.PixelData, "<u2").copy()
            pixels[0] = 60_000
            dataset.PixelData = pixels.tobytes()
        dataset.PixelRepresentation = 0
        dataset.BitsStored, dataset.HighBit = 16, 15
        dataset.RescaleIntercept = 0

    ct_series(tmp_path, HU, edit=metal)
    values = _values(tmp_path)
    assert values.dtype == np.float32
    expected = np.array(HU + 1024)
    expected[2, 0, 0] = 60_000
    np.testing.assert_array_equal(values, expected)


def test_that_images_are_put_where_somebody_makes_room(tmp_path: Path) -> None:
    ct_series(tmp_path, HU)
    made: list[tuple[tuple[int, ...], str]] = []

    def own_room(shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> room.Room:
        made.append((shape, dtype.str))
        return room.MemoryRoom(shape, dtype)

    with room.rooms_made_by(own_room):
        values = _values(tmp_path)
    assert made == [(HU.shape, "<i2")]
    np.testing.assert_array_equal(values, HU)


def test_that_too_large_an_image_is_a_lack_of_memory() -> None:
    with pytest.raises(MemoryError):
        room.MemoryRoom((2**20, 2**20, 2**10), np.dtype(np.int16))
