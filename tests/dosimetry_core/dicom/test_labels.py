from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from dosimetry_core.dicom.labels import read_label_volume
from dosimetry_core.errors import DicomReadError, DosimetryError, MissingDataError
from tests import phantoms
from tests.phantoms import CT_GRID, label_volume

LABELS = np.zeros(CT_GRID.shape, int)
LABELS[1:4, 5:9, 3:14] = 1
LABELS[4, 2, 2] = 3
NAMES = {"1": "Liver", "3": "Lesion 1"}


def test_that_positions_agree_with_an_independent_reader(tmp_path: Path) -> None:
    angle = np.deg2rad(7.0)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    geometry = phantoms.grid(CT_GRID.shape, CT_GRID.spacing_mm, directions=turn @ phantoms.AXIAL)
    path = label_volume(tmp_path / "l.nii", LABELS, geometry, names=NAMES)
    other = SimpleITK.ReadImage(str(path))
    read = read_label_volume(path)
    np.testing.assert_allclose(
        read.geometry.index_to_point((2, 3, 5)), other.TransformIndexToPhysicalPoint((5, 3, 2)), atol=1e-3
    )
    np.testing.assert_allclose(read.geometry.index_to_point((2, 3, 5)), geometry.index_to_point((2, 3, 5)), atol=1e-3)
    assert SimpleITK.GetArrayFromImage(other).sum() == LABELS.sum()


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("voxels", [SimpleITK.sitkUInt8, SimpleITK.sitkInt32, SimpleITK.sitkFloat32])
def test_that_files_of_another_writer_are_read(tmp_path: Path, ending: str, voxels: int) -> None:
    image = SimpleITK.Cast(SimpleITK.GetImageFromArray(LABELS.astype(np.int16)), voxels)
    image.SetOrigin([float(v) for v in CT_GRID.origin_mm])
    image.SetSpacing([float(s) for s in CT_GRID.spacing_mm[::-1]])
    path = tmp_path / f"labels{ending}"
    SimpleITK.WriteImage(image, str(path))
    (tmp_path / "labels.json").write_text('{"1": "Liver", "3": "Lesion 1"}', encoding="utf-8")
    read = read_label_volume(path)
    assert read.geometry.is_same_grid(CT_GRID)
    for region in read.regions:
        np.testing.assert_array_equal(region.mask.whole_grid_fraction() == 1, region.number == LABELS)


def test_that_a_quaternion_means_the_same_as_a_matrix(tmp_path: Path) -> None:
    def by_quaternion(header: bytearray) -> None:
        # 180° about z: RAS from LPS, quaternion (0, 0, 0, 1).
        struct.pack_into("<2h", header, 252, 1, 0)
        struct.pack_into("<6f", header, 256, 0, 0, 1, 40.0, 60.0, 100.0)

    path = label_volume(tmp_path / "l.nii", LABELS, names=NAMES, header_edit=by_quaternion)
    assert read_label_volume(path).geometry.is_same_grid(CT_GRID)


def test_that_names_come_from_itk_snap_too(tmp_path: Path) -> None:
    path = label_volume(tmp_path / "l.nii", LABELS)
    (tmp_path / "l.txt").write_text(
        '# comment\n    0     0    0    0        0  0  0    "Clear Label"\n'
        '    1   255    0    0        1  1  1    "Wątroba"\n    3   0  255    0      0.5  1  1    "Lesion 1"\n',
        encoding="utf-8",
    )
    assert [region.name for region in read_label_volume(path).regions] == ["Wątroba", "Lesion 1"]


def test_that_labels_without_names_are_refused(tmp_path: Path) -> None:
    path = label_volume(tmp_path / "l.nii", LABELS)
    with pytest.raises(MissingDataError, match=r'no file of names .*; put l.json with {"1": "Kidney L"}'):
        read_label_volume(path)
    label_volume(path, LABELS, names={"1": "Liver"})
    with pytest.raises(MissingDataError, match=r"l.json: labels without a name: 3"):
        read_label_volume(path)


def _dimensions(header: bytearray) -> None:
    struct.pack_into("<8h", header, 40, 4, 20, 24, 6, 2, 1, 1, 1)


def _no_orientation(header: bytearray) -> None:
    struct.pack_into("<2h", header, 252, 0, 0)


def _metres(header: bytearray) -> None:
    struct.pack_into("<b", header, 123, 1)


def _scaled(header: bytearray) -> None:
    struct.pack_into("<2f", header, 112, 2.0, 0.0)


def _sheared(header: bytearray) -> None:
    struct.pack_into("<f", header, 284, 1.5)


def _two_orientations(header: bytearray) -> None:
    struct.pack_into("<2h", header, 252, 1, 1)


def _colour(header: bytearray) -> None:
    struct.pack_into("<h", header, 70, 128)


def _larger(header: bytearray) -> None:
    struct.pack_into("<8h", header, 40, 3, 200, 240, 60, 1, 1, 1, 1)


def _huge(header: bytearray) -> None:
    struct.pack_into("<8h", header, 40, 3, 32000, 32000, 32000, 1, 1, 1, 1)


def _magic(header: bytearray) -> None:
    header[0:4] = b"\0\0\0\0"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (_dimensions, "has 4 dimensions"),
        (_no_orientation, "has no orientation"),
        (_metres, "is not in mm"),
        (_scaled, "scales its voxels"),
        (_sheared, "voxels are not rectangular"),
        (_two_orientations, "contradict each other"),
        (_colour, "has data type 128"),
        (_larger, "is truncated"),
        (_huge, "announces"),
        (_magic, "is not a NIfTI file"),
    ],
)
def test_that_defective_label_volumes_are_refused(
    tmp_path: Path, edit: Callable[[bytearray], None], message: str
) -> None:
    path = label_volume(tmp_path / "l.nii", LABELS, names=NAMES, header_edit=edit)
    with pytest.raises(DicomReadError, match=message) as caught:
        read_label_volume(path)
    assert caught.value.where == str(path)


def test_that_images_and_damaged_archives_are_no_label_volumes(tmp_path: Path) -> None:
    (tmp_path / "l.json").write_text('{"1": "Liver"}', encoding="utf-8")
    path = tmp_path / "l.nii"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.linspace(0, 1, 24).reshape(2, 3, 4)), str(path))
    with pytest.raises(DicomReadError, match="holds fractions"):
        read_label_volume(path)
    label_volume(path, -LABELS, names=NAMES)
    with pytest.raises(DicomReadError, match="values outside 0"):
        read_label_volume(path)
    packed = tmp_path / "l.nii.gz"
    noise = np.random.default_rng(1).integers(0, 2, LABELS.shape)
    content = gzip.compress(label_volume(path, noise).read_bytes())
    packed.write_bytes(content[: len(content) // 2])
    with pytest.raises(DicomReadError, match=r"is truncated|is damaged"):
        read_label_volume(packed)
    packed.write_bytes(b"\x1f\x8b" + bytes(100))
    with pytest.raises(DicomReadError, match="is damaged"):
        read_label_volume(packed)


@pytest.mark.parametrize("names", ["[]", "{", '{"one": "Liver"}', '{"1": ""}', '{"1": {"label": "Liver"}}', "\xff"])
def test_that_odd_name_files_are_refused(tmp_path: Path, names: str) -> None:
    path = label_volume(tmp_path / "l.nii", LABELS)
    (tmp_path / "l.json").write_bytes(names.encode("latin-1"))
    with pytest.raises(DosimetryError) as caught:
        read_label_volume(path)
    assert caught.value.where == str(tmp_path / "l.json")
