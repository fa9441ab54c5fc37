"""Files made by other software, or in other encodings, mean the same."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from dosimetry_core.dicom.series import read_series
from dosimetry_core.dicom.vois import read_vois
from dosimetry_core.image import TimePoint
from tests import phantoms
from tests.phantoms import CT_GRID, SPECT_GRID, counts_like

COUNTS = counts_like(SPECT_GRID)


def _implicit(dataset: FileDataset, path: Path) -> None:
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)


def _big_endian(dataset: FileDataset, path: Path) -> None:
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    pydicom.dcmwrite(path, dataset, little_endian=False, implicit_vr=False, force_encoding=True)


def _run_length(dataset: FileDataset, path: Path) -> None:
    dataset.compress(RLELossless)
    dataset.save_as(path, enforce_file_format=True)


@pytest.mark.parametrize("save", [_implicit, _big_endian, _run_length])
def test_that_every_lossless_encoding_means_the_same(tmp_path: Path, save: Callable[[FileDataset, Path], None]) -> None:
    plain = tmp_path / "plain.dcm"
    phantoms.nm_file(plain, COUNTS)
    (truth,) = read_series([plain], time_zone="Europe/Warsaw").series
    other = tmp_path / "other.dcm"
    save(phantoms.nm_dataset(COUNTS), other)
    (image,) = read_series([other], time_zone="Europe/Warsaw").series
    np.testing.assert_array_equal(image.volume.values, truth.volume.values)
    assert image.volume.geometry.is_same_grid(truth.volume.geometry)
    assert image.acquisition_start == truth.acquisition_start
    assert image.counting_duration_s == truth.counting_duration_s
    assert [f.code for f in image.findings] == [f.code for f in truth.findings]


@pytest.fixture
def highdicom() -> Iterator[ModuleType]:
    """The library, which is slow to import."""
    import highdicom

    yield highdicom
    # It leaves its database connections to the garbage collector, of which Python 3.13 warns.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
@pytest.mark.parametrize("fractional", [False, True])
def test_that_segmentations_of_another_writer_are_read_voxel_by_voxel(
    time_points: tuple[TimePoint, ...], highdicom: ModuleType, fractional: bool
) -> None:
    ct = time_points[0].ct
    assert ct is not None
    slices = [pydicom.dcmread(source.path) for source in ct.source_files]
    for dataset in slices:
        dataset.StudyDate = dataset.StudyTime = dataset.StudyID = dataset.AccessionNumber = ""
    masks = np.zeros((*CT_GRID.shape, 2))
    masks[1:4, 5:9, 3:14, 0] = 1
    masks[2:5, 12:20, 3:14, 1] = 0.6 if fractional else 1
    codes = highdicom.sr.CodedConcept
    descriptions = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=label,
            segmented_property_category=codes("123037004", "SCT", "Anatomical Structure"),
            segmented_property_type=codes("64033007", "SCT", "Kidney"),
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, label in ((1, "Kidney L"), (2, "Nerka prawa"))
    ]
    kinds = highdicom.seg.SegmentationTypeValues
    segmentation = highdicom.seg.Segmentation(
        source_images=slices,
        pixel_array=masks if fractional else masks.astype(np.uint8),
        segmentation_type=kinds.FRACTIONAL if fractional else kinds.BINARY,
        fractional_type=highdicom.seg.SegmentationFractionalTypeValues.OCCUPANCY,
        segment_descriptions=descriptions,
        series_instance_uid=phantoms.uid("seg series"),
        series_number=9,
        sop_instance_uid=phantoms.uid("seg"),
        instance_number=1,
        manufacturer="Maker",
        manufacturer_model_name="Model",
        software_versions="1",
        device_serial_number="1",
    )
    path = Path(ct.source_files[0].path).parent.parent / "seg.dcm"
    segmentation.save_as(path)
    vois = read_vois([path], time_points=time_points).vois
    assert [voi.role for voi in vois] == ["kidney_left", "kidney_right"]
    for number, voi in enumerate(vois):
        np.testing.assert_allclose(voi.mask.whole_grid_fraction(), masks[..., number], atol=0.5 / 255 + 1e-6)
