"""Compressed pixel data to stored values, by pydicom (run lengths) and by the GDCM that comes with SimpleITK.

Sizes are checked before anything is decoded.
"""

from __future__ import annotations

import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    JPEG2000,
    UID,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from dosimetry_core.dicom.header import Header

LOSSLESS = frozenset((JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, RLELossless))
"""Transfer syntaxes that keep every value."""
LOSSY = frozenset((JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless, JPEG2000))
"""Transfer syntaxes that change values, or may; JPEG 2000 says in its header whether it did."""
_COPY_AGAIN = "the file is truncated or damaged: copy or export it again"
_DAMAGED = "compressed-pixels-damaged"
# One run of PackBits, two bytes, stands for at most 128 (PS3.5 G.3).
_HIGHEST_RUN_LENGTH_RATIO = 64
# Start-of-frame markers of JPEG (ITU T.81, table B.1) and JPEG-LS (ITU T.87).
_START_OF_FRAME = frozenset((*range(0xC0, 0xD0), 0xF7)) - {0xC4, 0xC8, 0xCC}
# ITU T.81 allows 2 bits and more without loss.
_FEWEST_BITS = 2
_DESCRIBED = ("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation")


def is_lossy(header: Header, syntax: UID) -> bool:
    """Whether values were changed by compression, now or earlier (PS3.3 C.7.6.1.1.5)."""
    return header.text("LossyImageCompression") == "01" or syntax in LOSSY - {JPEG2000}


def decompressed(header: Header, syntax: UID, content: bytes, shape: tuple[int, int, int]) -> NDArray[Any]:
    """Stored values (frame, row, column) of encapsulated pixel data.

    Raises
    ------
    DicomReadError
        If there are not as many frames as announced, a frame is of another size, or it can't be decoded.
    """
    count, rows, columns = shape
    try:
        frames = list(generate_frames(content, number_of_frames=count))
    except Exception as error:  # pydicom raises many kinds on damaged encapsulation
        raise header.error(f"its compressed pixels can't be read ({error})", _COPY_AGAIN, rule=_DAMAGED) from error
    if len(frames) != count:
        raise header.error(f"holds {len(frames)} of {count} frames announced", _COPY_AGAIN, rule=_DAMAGED)
    planes = []
    with tempfile.TemporaryDirectory(prefix="lutetia-") as folder:
        for frame in frames:
            _check_size(header, syntax, frame, rows, columns)
            if syntax == RLELossless:
                planes.append(_run_lengths(header, frame, (rows, columns)))
            else:
                planes.append(_plane(header, syntax, frame, (rows, columns), Path(folder) / "frame.dcm"))
    return np.stack(planes)


def _run_lengths(header: Header, frame: bytes, shape: tuple[int, int]) -> NDArray[Any]:
    """One frame of run lengths; GDCM refuses some small ones."""
    allocated, stored = header.required_integer("BitsAllocated"), header.integer("BitsStored")
    options: dict[str, Any] = {
        "rows": shape[0],
        "columns": shape[1],
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "bits_allocated": allocated,
        "bits_stored": allocated if stored is None else stored,
        "pixel_representation": header.required_integer("PixelRepresentation"),
        "pixel_keyword": "PixelData",
    }
    try:
        values, _ = get_decoder(RLELossless).as_array(encapsulate([frame], has_bot=False), raw=True, **options)
    except Exception as error:  # pydicom raises many kinds on damaged pixel data (reliability.md B6)
        raise header.error(f"its compressed pixels can't be read ({error})", _COPY_AGAIN, rule=_DAMAGED) from error
    if values.size != shape[0] * shape[1]:
        raise header.error("its compressed pixels are not as many as announced", _COPY_AGAIN, rule=_DAMAGED)
    return values.reshape(shape)


def _plane(header: Header, syntax: UID, frame: bytes, shape: tuple[int, int], path: Path) -> NDArray[Any]:
    """One frame, written with nothing but what describes its pixels, and decoded."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["frame"])
    meta.TransferSyntaxUID = syntax
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.Modality, dataset.SamplesPerPixel, dataset.PhotometricInterpretation = "OT", 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = shape
    for keyword in _DESCRIBED:
        number = header.integer(keyword)
        if number is not None:
            setattr(dataset, keyword, number)
    if "BitsStored" not in dataset:
        dataset.BitsStored = dataset.BitsAllocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelData = encapsulate([frame], has_bot=False)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    import SimpleITK  # takes a second to load, and most files need no decoder

    itk: Any = SimpleITK
    try:
        dataset.save_as(path, enforce_file_format=True)
        reader = itk.ImageFileReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(str(path))
        values = itk.GetArrayFromImage(reader.Execute())
    except (RuntimeError, ValueError, OSError) as error:
        reason = " ".join(str(error).split("\n")[-1].split()).replace(str(path), "the frame")
        raise header.error(f"its compressed pixels can't be read ({reason})", _COPY_AGAIN, rule=_DAMAGED) from error
    if values.size != shape[0] * shape[1] or values.dtype.kind not in "iu":
        raise header.error("its compressed pixels are not as many as announced", _COPY_AGAIN, rule=_DAMAGED)
    return np.asarray(values).reshape(shape)


@dataclass(frozen=True)
class _Frame:
    """What a compressed frame says of itself."""

    rows: int
    columns: int
    bits: int
    samples: int


def _check_size(header: Header, syntax: UID, frame: bytes, rows: int, columns: int) -> None:
    """Refuse a frame that says it is another one than the header does: its decoder would believe the frame, or fall."""
    allocated = header.integer("BitsAllocated") or 0
    if syntax == RLELossless:
        if rows * columns * (allocated // 8) > _HIGHEST_RUN_LENGTH_RATIO * len(frame):
            raise header.error("its compressed pixels are fewer than announced", _COPY_AGAIN, rule=_DAMAGED)
        return
    found = _said_by_jpeg_2000(frame) if syntax in (JPEG2000, JPEG2000Lossless) else _said_by_jpeg(frame)
    if found is None:
        raise header.error("its compressed pixels can't be read (no frame header)", _COPY_AGAIN, rule=_DAMAGED)
    if (found.rows, found.columns) != (rows, columns):
        raise header.error(
            f"a compressed frame is of {found.rows} × {found.columns} pixels where {rows} × {columns} are announced",
            _COPY_AGAIN,
            rule=_DAMAGED,
        )
    if found.samples != 1 or not _FEWEST_BITS <= found.bits <= allocated:
        raise header.error(
            f"a compressed frame has {found.samples} sample(s) of {found.bits} bits where one of at most {allocated} "
            "is announced",
            _COPY_AGAIN,
            rule=_DAMAGED,
        )


def _said_by_jpeg(frame: bytes) -> _Frame | None:
    """What the start-of-frame segment of a JPEG or JPEG-LS stream says, if there is one."""
    position = 2
    while position + 10 <= len(frame) and frame[position] == 0xFF:
        marker = frame[position + 1]
        if marker in _START_OF_FRAME:
            bits, rows, columns, samples = struct.unpack_from(">BHHB", frame, position + 4)
            return _Frame(rows, columns, bits, samples)
        position += 1 if marker == 0xFF else 2 + int.from_bytes(frame[position + 2 : position + 4], "big")
    return None


def _said_by_jpeg_2000(frame: bytes) -> _Frame | None:
    """What the SIZ segment of a JPEG 2000 codestream says (ITU T.800 A.5.1), if there is one."""
    start = frame.find(b"\xff\x4f\xff\x51")
    if start < 0 or start + 43 > len(frame):
        return None
    right, bottom, left, top = struct.unpack_from(">4I", frame, start + 8)
    samples, depth = struct.unpack_from(">HB", frame, start + 40)
    return _Frame(bottom - top, right - left, (depth & 0x7F) + 1, samples)
