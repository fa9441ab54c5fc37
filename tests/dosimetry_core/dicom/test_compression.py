from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import JPEG2000, DeflatedExplicitVRLittleEndian, JPEGLSNearLossless, RLELossless

from dosimetry_core.dicom.series import read_series
from dosimetry_core.errors import DicomReadError
from dosimetry_core.image import ImageSeries
from dosimetry_core.progress import Cancelled
from tests import phantoms
from tests.dosimetry_core.dicom.dialects import as_jpeg_2000, as_jpeg_lossless, as_jpeg_ls
from tests.phantoms import CT_GRID, SPECT_GRID, counts_like, ct_series

# Runs, noise, extremes of 16 bits and an odd number of bytes per compressed frame.
COUNTS = counts_like(SPECT_GRID)
COUNTS[1] = 0
COUNTS[2, :, :3] = 65535
COUNTS[3, 4] = 7


def _deflated(dataset: FileDataset) -> None:
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian


def _run_length(dataset: FileDataset) -> None:
    dataset.compress(RLELossless)


def _image(path: Path) -> ImageSeries:
    (image,) = read_series([path], time_zone="Europe/Warsaw").series
    return image


@pytest.mark.parametrize("compress", [_deflated, _run_length, as_jpeg_lossless, as_jpeg_ls, as_jpeg_2000])
def test_that_every_lossless_compression_of_a_spect_gives_every_count(
    tmp_path: Path, compress: Callable[[FileDataset], None]
) -> None:
    dataset = phantoms.nm_dataset(COUNTS)
    compress(dataset)
    image = _image(phantoms.write(dataset, tmp_path / "a.dcm"))
    np.testing.assert_array_equal(image.volume.values, COUNTS)
    assert image.volume.geometry.is_same_grid(SPECT_GRID)


@pytest.mark.parametrize("compress", [_run_length, as_jpeg_lossless, as_jpeg_ls, as_jpeg_2000])
def test_that_every_lossless_compression_of_a_ct_gives_every_ct_number(
    tmp_path: Path, compress: Callable[[FileDataset], None]
) -> None:
    hu = counts_like(CT_GRID) - 1000
    ct_series(tmp_path, hu, edit=compress)  # type: ignore[arg-type]
    np.testing.assert_array_equal(_image(tmp_path).volume.values, hu)


def test_that_signed_values_of_twelve_bits_keep_their_sign(tmp_path: Path) -> None:
    hu = counts_like(CT_GRID) - 1000

    def signed(dataset: FileDataset) -> None:
        stored = np.frombuffer(dataset.PixelData, "<u2").astype("<i2") - 1024
        dataset.PixelData = stored.tobytes()
        dataset.PixelRepresentation, dataset.RescaleIntercept = 1, 0
        dataset.compress(RLELossless)

    ct_series(tmp_path, hu, edit=signed)  # type: ignore[arg-type]
    np.testing.assert_array_equal(_image(tmp_path).volume.values, hu)


@pytest.mark.parametrize("syntax", [JPEG2000, JPEGLSNearLossless])
def test_that_a_spect_compressed_with_loss_is_refused_and_a_ct_is_a_doubt(tmp_path: Path, syntax: str) -> None:
    def lossy(dataset: FileDataset) -> None:
        (as_jpeg_2000 if syntax == JPEG2000 else as_jpeg_ls)(dataset)
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.LossyImageCompression = "01"

    dataset = phantoms.nm_dataset(COUNTS)
    lossy(dataset)
    path = phantoms.write(dataset, tmp_path / "spect" / "a.dcm")
    with pytest.raises(DicomReadError, match="compressed with loss") as caught:
        read_series([path], time_zone="Europe/Warsaw")
    assert caught.value.rule == "lossy-compression"
    ct_series(tmp_path / "ct", counts_like(CT_GRID), edit=lossy)  # type: ignore[arg-type]
    assert "ct-lossy-compression" in {finding.code for finding in _image(tmp_path / "ct").findings}


def test_that_jpeg_2000_that_says_it_lost_nothing_is_believed(tmp_path: Path) -> None:
    dataset = phantoms.nm_dataset(COUNTS)
    as_jpeg_2000(dataset)
    dataset.file_meta.TransferSyntaxUID = JPEG2000
    np.testing.assert_array_equal(_image(phantoms.write(dataset, tmp_path / "a.dcm")).volume.values, COUNTS)


@pytest.mark.parametrize("compress", [_run_length, as_jpeg_lossless, as_jpeg_ls, as_jpeg_2000])
def test_that_a_frame_of_another_size_is_refused_before_it_is_decoded(
    tmp_path: Path, compress: Callable[[FileDataset], None]
) -> None:
    dataset = phantoms.nm_dataset(COUNTS)
    compress(dataset)
    dataset.Rows, dataset.Columns = 2000, 1600
    with pytest.raises(DicomReadError) as caught:
        read_series([phantoms.write(dataset, tmp_path / "a.dcm")], time_zone="Europe/Warsaw")
    assert caught.value.rule == "compressed-pixels-damaged"


@pytest.mark.parametrize("compress", [_run_length, as_jpeg_lossless, as_jpeg_ls, as_jpeg_2000])
def test_that_damaged_frames_give_other_values_or_a_declared_error(
    tmp_path: Path, compress: Callable[[FileDataset], None]
) -> None:
    dataset = phantoms.nm_dataset(COUNTS)
    compress(dataset)
    content = phantoms.write(dataset, tmp_path / "a.dcm").read_bytes()
    generator = np.random.default_rng(5)
    for _ in range(15):
        damaged = bytearray(content)
        for place in generator.integers(len(content) // 2, len(content) - 20, 4):
            damaged[place] = generator.integers(0, 256)
        (tmp_path / "a.dcm").write_bytes(bytes(damaged))
        reading = read_series([tmp_path / "a.dcm"], time_zone="Europe/Warsaw", strict=False)
        assert all(isinstance(problem, DicomReadError) for problem in reading.problems)


def test_that_no_temporary_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    dataset = phantoms.nm_dataset(COUNTS)
    as_jpeg_ls(dataset)
    _image(phantoms.write(dataset, tmp_path / "a.dcm"))
    assert not list((tmp_path / "temporary").iterdir())


def test_that_decoding_says_how_far_it_is_and_can_be_cancelled(tmp_path: Path) -> None:
    geometry = phantoms.grid((40, 8, 8), (3.0, 4.0, 4.0))
    ct_series(tmp_path, counts_like(geometry), geometry, edit=_run_length)  # type: ignore[arg-type]
    steps = []

    def stop(fraction: float, message: str) -> None:
        steps.append((fraction, message))
        if message == "Checking series":
            raise Cancelled

    with pytest.raises(Cancelled):
        read_series([tmp_path], time_zone="Europe/Warsaw", progress=stop)
    fractions = [fraction for fraction, _ in steps]
    assert fractions == sorted(fractions)
    assert 0 < fractions[-1] < 1


@pytest.mark.parametrize(
    ("compress", "mark", "offset", "value"),
    [
        (as_jpeg_lossless, b"\xff\xc3", 4, 0x90),
        (as_jpeg_lossless, b"\xff\xc3", 9, 3),
        (as_jpeg_ls, b"\xff\xf7", 4, 200),
        (as_jpeg_2000, b"\xff\x51", 38 + 2, 31),
        (as_jpeg_2000, b"\xff\x51", 38 + 1, 3),
    ],
    ids=("jpeg-bits", "jpeg-samples", "jpeg-ls-bits", "jpeg-2000-bits", "jpeg-2000-samples"),
)
def test_that_a_frame_of_other_bits_or_samples_is_refused_before_it_is_decoded(
    tmp_path: Path, compress: Callable[[FileDataset], None], mark: bytes, offset: int, value: int
) -> None:
    """144 bits ended the decoder, and the process with it."""
    dataset = phantoms.nm_dataset(COUNTS)
    compress(dataset)
    content = bytearray(dataset.PixelData)
    place = content.index(mark) + offset
    content[place] = value
    dataset.PixelData = bytes(content)
    with pytest.raises(DicomReadError, match=r"a compressed frame has \d+ sample\(s\) of \d+ bits"):
        _image(phantoms.write(dataset, tmp_path / "a.dcm"))
