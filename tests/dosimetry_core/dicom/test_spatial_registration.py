"""Spatial registration objects: which way they move, what is refused, and what is written."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from dosimetry_core.dicom.spatial_registration import (
    read_spatial_registration,
    registration_from,
    spatial_registration_bytes,
)
from dosimetry_core.errors import DicomReadError, MissingDataError
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import Registration, TimePoint
from dosimetry_core.volume import Volume
from tests.dosimetry_core.bodies import grid, series

MADE = datetime(2025, 3, 4, 9, 30, tzinfo=UTC)
MOTION = RigidTransform.from_rotation_vector(np.deg2rad((4.0, -7.0, 25.0)), (12.3456, -20.5, 31.0))
QUARTER_TURN = [0, -1, 0, 10, 1, 0, 0, 20, 0, 0, 1, 30, 0, 0, 0, 1]
"""Row by row: x' = 10 − y, y' = 20 + x, z' = 30 + z."""


def _point(frame: str, motion: RigidTransform | None = None) -> TimePoint:
    volume = Volume(np.zeros((2, 2, 2), np.float32), grid((2, 2, 2), (4.0, 4.0, 4.0)), "counts")
    registration = Registration(motion or RigidTransform.identity(), "rigid-ct", 0.4)
    return TimePoint(series("spect", volume, frame=frame), None, registration)


def _object(
    path: Path, matrices: dict[str, list[Any]], *, registered: str, edit: Callable[[Dataset], None] | None = None
):
    """A registration object as another program would write it."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66.1"
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["registration"])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.Modality, dataset.FrameOfReferenceUID = "REG", registered
    items = []
    for frame, numbers in matrices.items():
        item, part = Dataset(), Dataset()
        item.FrameOfReferenceUID = frame
        several = numbers if isinstance(numbers[0], list) else [numbers]
        part.MatrixSequence = Items([])
        for one in several:
            matrix = Dataset()
            matrix.FrameOfReferenceTransformationMatrix = one
            matrix.FrameOfReferenceTransformationMatrixType = "RIGID"
            part.MatrixSequence.append(matrix)
        item.MatrixRegistrationSequence = Items([part])
        items.append(item)
    dataset.RegistrationSequence = Items(items)
    if edit:
        edit(dataset)
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_that_a_marked_point_of_the_scan_lands_on_the_reference(tmp_path: Path) -> None:
    # PS3.3 C.20.2.1.1: the matrix of a frame takes its points to the registered frame. A mark at (1, 2, 3) of the scan
    # is then at (8, 21, 33) of the reference, and our transform goes from there to the scan.
    read = read_spatial_registration(_object(tmp_path / "r.dcm", {"1.2.9": QUARTER_TURN}, registered="1.2.8"))
    found = registration_from(read, _point("1.2.8"), _point("1.2.9"))
    assert found is not None
    assert found.transform.apply((8.0, 21.0, 33.0)) == pytest.approx((1.0, 2.0, 3.0))
    assert (found.method, found.residual_mm, found.source) == ("dicom", None, str(tmp_path / "r.dcm"))


def test_that_an_object_made_the_other_way_round_says_the_opposite(tmp_path: Path) -> None:
    read = read_spatial_registration(_object(tmp_path / "r.dcm", {"1.2.8": QUARTER_TURN}, registered="1.2.9"))
    found = registration_from(read, _point("1.2.8"), _point("1.2.9"))
    assert found is not None
    assert found.transform.apply((1.0, 2.0, 3.0)) == pytest.approx((8.0, 21.0, 33.0))


def test_that_two_scans_meet_in_a_third_frame(tmp_path: Path) -> None:
    shift = [1, 0, 0, 5, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    path = _object(tmp_path / "r.dcm", {"1.2.9": QUARTER_TURN, "1.2.8": shift}, registered="1.2.7")
    found = registration_from(read_spatial_registration(path), _point("1.2.8"), _point("1.2.9"))
    assert found is not None
    # (3, 21, 33) of the reference is (8, 21, 33) of the third frame.
    assert found.transform.apply((3.0, 21.0, 33.0)) == pytest.approx((1.0, 2.0, 3.0))


def test_that_several_matrices_are_applied_in_their_order(tmp_path: Path) -> None:
    shift = [1, 0, 0, 5, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    read = read_spatial_registration(_object(tmp_path / "r.dcm", {"1.2.9": [shift, QUARTER_TURN]}, registered="1.2.8"))
    assert read.to_registered["1.2.9"].apply((1.0, 2.0, 3.0)) == pytest.approx((8.0, 26.0, 33.0))


def test_that_scans_it_does_not_know_are_not_related(tmp_path: Path) -> None:
    read = read_spatial_registration(_object(tmp_path / "r.dcm", {"1.2.9": QUARTER_TURN}, registered="1.2.8"))
    assert registration_from(read, _point("1.2.8"), _point("1.2.5")) is None
    assert registration_from(read, _point("1.2.8"), _point("1.2.8")) is None


def _deformable(dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66.3"


def _image(dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"


def _without_items(dataset: Dataset) -> None:
    del dataset.RegistrationSequence


@pytest.mark.parametrize(
    ("matrix", "edit", "words"),
    [
        (QUARTER_TURN, _deformable, "deformable"),
        (QUARTER_TURN, _image, "not a DICOM spatial registration"),
        (QUARTER_TURN, _without_items, "no frames of reference"),
        ([1.1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], None, "scales or shears"),
        ([-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], None, "mirrors"),
        ([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1], None, "last row"),
        ([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0], None, "16 numbers"),
        ([1, 0, 0, 1e6, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], None, "10 m"),
    ],
)
def test_that_what_is_no_rigid_registration_is_refused(tmp_path: Path, matrix, edit, words: str) -> None:
    path = _object(tmp_path / "r.dcm", {"1.2.9": matrix}, registered="1.2.8", edit=edit)
    with pytest.raises(DicomReadError, match=words) as refused:
        read_spatial_registration(path)
    assert refused.value.remedy


def test_that_rounding_of_the_writer_is_taken_out(tmp_path: Path) -> None:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = np.round(MOTION.rotation, 4), MOTION.translation_mm
    path = _object(tmp_path / "r.dcm", {"1.2.9": matrix.ravel().tolist()}, registered="1.2.8")
    found = read_spatial_registration(path).to_registered["1.2.9"]
    assert found.rotation.T @ found.rotation == pytest.approx(np.eye(3), abs=1e-12)
    assert found.rotation == pytest.approx(MOTION.rotation, abs=1e-4)


def test_that_what_is_written_reads_back_and_is_valid(tmp_path: Path) -> None:
    reference, point = _point("1.2.8"), _point("1.2.9", MOTION)
    identity = {"PatientBirthDate": "19570304", "PatientSex": "F"}
    path = tmp_path / "r.dcm"
    path.write_bytes(spatial_registration_bytes(reference, point, made_at=MADE, identity=identity))
    found = registration_from(read_spatial_registration(path), reference, point)
    assert found is not None
    # Decimal strings hold 16 characters: 1e-12 of a rotation, 1e-10 mm.
    assert found.transform.rotation == pytest.approx(MOTION.rotation, abs=1e-9)
    assert found.transform.translation_mm == pytest.approx(MOTION.translation_mm, abs=1e-6)
    # The other way round, as the standard has it: points of the scan to the reference.
    item = pydicom.dcmread(path).RegistrationSequence[1]
    matrix = np.array(
        item.MatrixRegistrationSequence[0].MatrixSequence[0].FrameOfReferenceTransformationMatrix, float
    ).reshape(4, 4)
    mark = np.array((10.0, -20.0, 30.0))
    assert (matrix @ [*MOTION.apply(mark), 1])[:3] == pytest.approx(mark, abs=1e-6)
    if shutil.which("dciodvfy"):
        report = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        assert report.returncode == 0
        assert [line for line in (report.stdout + report.stderr).splitlines() if line.startswith("Error")] == []


def test_that_the_same_registration_is_the_same_file_and_a_moment_later_another() -> None:
    reference, point = _point("1.2.8"), _point("1.2.9", MOTION)
    one, same = (spatial_registration_bytes(reference, point, made_at=MADE) for _ in range(2))
    assert one == same
    assert spatial_registration_bytes(reference, point, made_at=MADE.replace(minute=31)) != one


@pytest.mark.parametrize("frame", ["1.2.8", ""])
def test_that_scans_without_frames_of_their_own_are_not_written(frame: str) -> None:
    with pytest.raises(MissingDataError, match="can't be written"):
        spatial_registration_bytes(_point("1.2.8"), _point(frame), made_at=MADE)


@pytest.mark.parametrize("damage", [b"<script>", b"0x10", b"nan"])
def test_that_a_damaged_matrix_is_a_declared_error(tmp_path: Path, damage: bytes) -> None:
    path = _object(tmp_path / "r.dcm", {"1.2.9": QUARTER_TURN}, registered="1.2.8")
    content = path.read_bytes()
    begin = b"0.0\\-1.0\\0.0\\10.0"
    assert content.count(begin) == 1
    path.write_bytes(content.replace(begin, damage.ljust(len(begin))))
    with pytest.raises(DicomReadError):
        read_spatial_registration(path)
