"""Elements that are damaged in odd ways: an error that names the element, never anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from dosimetry_core.dicom.files import read_dicom
from dosimetry_core.errors import DicomReadError
from tests.phantoms import SPECT_GRID, counts_like, nm_file


def _with_bytes(path: Path, old: bytes, new: bytes) -> Path:
    content = nm_file(path, counts_like(SPECT_GRID)).read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))
    return path


def test_that_a_text_that_became_a_sequence_is_refused_by_its_name(tmp_path: Path) -> None:
    # Study Instance UID as SQ: what follows is no item.
    path = _with_bytes(tmp_path / "a.dcm", b"\x20\x00\x0d\x00UI", b"\x20\x00\x0d\x00SQ")
    with pytest.raises(DicomReadError, match=r"Study Instance UID \(0020,000D\)|damaged"):
        read_dicom(path).header.text("StudyInstanceUID")


def test_that_a_number_without_length_of_an_unknown_kind_is_refused_by_its_name(tmp_path: Path) -> None:
    # A representation that is none, and no bytes: pydicom converts such an element when it is only looked for.
    path = tmp_path / "a.dcm"
    content = bytearray(nm_file(path, counts_like(SPECT_GRID)).read_bytes())
    place = content.index(b"\x28\x00\x03\x01US")  # Pixel Representation
    content[place : place + 10] = b"\x28\x00\x03\x01I\x00\x00\x00\x00\x00"
    path.write_bytes(content)
    with pytest.raises(DicomReadError, match=r"Pixel Representation \(0028,0103\)|damaged"):
        read_dicom(path).header.integer("PixelRepresentation")
