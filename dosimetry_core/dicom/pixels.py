"""Stored pixel values of one file, checked against what its header announces before any array is made."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    LegacyConvertedEnhancedCTImageStorage,
)

from dosimetry_core.dicom.decompression import LOSSLESS, LOSSY, decompressed, is_lossy
from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.dicom.header import element_name
from dosimetry_core.dicom.reading_watch import reading
from dosimetry_core.errors import Finding

_BYTE_ORDER: dict[str, Literal["<", ">"]] = {
    ImplicitVRLittleEndian: "<",
    ExplicitVRLittleEndian: "<",
    ExplicitVRBigEndian: ">",
    # Inflated while the file was read.
    DeflatedExplicitVRLittleEndian: "<",
}
# Lossy compression moves CT numbers by a few units, which is a doubt; what it does to counts nobody knows.
_MAY_BE_LOSSY = (CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
# 1024³ voxels of two bytes; no SPECT or CT slice comes near.
_LARGEST_PIXEL_BYTES = 2 * 1024**3
_COPY_AGAIN = "the file is truncated or damaged: copy or export it again"


def is_uncompressed(file: DicomFile) -> bool:
    """Whether pixels are stored as they are."""
    return file.dataset.file_meta.TransferSyntaxUID in _BYTE_ORDER


def frame_shape(file: DicomFile) -> tuple[int, int, int]:
    """(frames, rows, columns) as announced."""
    header = file.header
    rows, columns = header.required_integer("Rows"), header.required_integer("Columns")
    frames = header.integer("NumberOfFrames")
    shape = (1 if frames is None else frames, rows, columns)
    if min(shape) < 1:
        raise header.error(f"announces {shape[0]} frames of {rows} × {columns} pixels", rule="frame-size")
    return shape


def stored_values(file: DicomFile) -> NDArray[Any]:
    """Stored integers of a grey-scale image, shape (frame, row, column).

    Raises
    ------
    DicomReadError
        If the pixel data are missing, shorter or longer than announced, compressed in an unknown way, in colour,
        lossy (unless of a CT), or use bits beyond those announced.
    """
    with reading(file.path, is_bounded=is_uncompressed(file)):
        return _checked_values(file)


def _checked_values(file: DicomFile) -> NDArray[Any]:
    header = file.header
    shape = frame_shape(file)
    samples = header.integer("SamplesPerPixel")
    if samples not in (None, 1):
        raise header.error("is a colour image", "take it out of the folder", rule="colour-image")
    syntax = file.dataset.file_meta.TransferSyntaxUID
    if is_lossy(header, syntax) and file.sop_class_uid not in _MAY_BE_LOSSY:
        raise header.error("was compressed with loss", "export the original image", rule="lossy-compression")
    allocated, stored_bits = header.required_integer("BitsAllocated"), header.integer("BitsStored")
    signed = header.required_integer("PixelRepresentation")
    if allocated not in (8, 16, 32) or signed not in (0, 1):
        raise header.error(
            f"{element_name('BitsAllocated')} is {allocated}, pixel representation {signed}", rule="bits-unusable"
        )
    stored_bits = allocated if stored_bits is None else stored_bits
    if not 1 <= stored_bits <= allocated:
        raise header.error(f"{element_name('BitsStored')} is {stored_bits} of {allocated}", rule="bits-unusable")
    expected = int(np.prod(shape, dtype=np.int64)) * (allocated // 8)
    if expected > _LARGEST_PIXEL_BYTES:
        raise header.error(
            f"announces {expected} bytes of pixels", "take it out of the folder", rule="pixels-too-large"
        )
    values = _values(file, shape, np.dtype(f"{'i' if signed else 'u'}{allocated // 8}"), expected)
    if stored_bits < allocated:
        low, high = (-(2 ** (stored_bits - 1)), 2 ** (stored_bits - 1)) if signed else (0, 2**stored_bits)
        if values.min() < low or values.max() >= high:
            raise header.error(
                f"pixel values need more than the {stored_bits} bits announced", rule="bits-beyond-stored"
            )
    return values


def _values(file: DicomFile, shape: tuple[int, int, int], dtype: np.dtype[Any], expected: int) -> NDArray[Any]:
    header = file.header
    syntax = file.dataset.file_meta.TransferSyntaxUID
    content = header.content("PixelData")
    if not content:
        raise header.missing("PixelData", _COPY_AGAIN, rule="file-truncated")
    if syntax in _BYTE_ORDER:
        if len(content) not in (expected, expected + expected % 2):
            frames, rows, columns = shape
            raise header.error(
                f"holds {len(content)} bytes of pixels where {frames} frames of {rows} × {columns} need {expected}",
                _COPY_AGAIN,
                rule="pixel-count",
            )
        return np.frombuffer(content[:expected], dtype.newbyteorder(_BYTE_ORDER[syntax])).reshape(shape)
    if syntax not in LOSSLESS | LOSSY:
        raise header.error(f"is compressed as {UID(syntax).name}", "export it uncompressed", rule="compression-unknown")
    return decompressed(header, syntax, bytes(content), shape)


def lossy_findings(file: DicomFile) -> tuple[Finding, ...]:
    """The doubt about a CT that was compressed with loss."""
    if not is_lossy(file.header, file.dataset.file_meta.TransferSyntaxUID):
        return ()
    text = "was compressed with loss: CT numbers, and the densities from them, are changed by an unknown amount"
    return (Finding("ct-lossy-compression", "warning", text, file.header.where),)
