"""NIfTI volumes: values with the grid they lie on, in the patient's axes."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.dicom.files import file_bytes
from dosimetry_core.dicom.reading_watch import reading
from dosimetry_core.errors import DicomReadError
from dosimetry_core.geometry import FloatArray, VolumeGeometry
from dosimetry_core.image import SourceFile

# NIfTI-1.1 (Cox et al. 2004) and NIfTI-2 data type codes of single real numbers.
_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_MILLIMETRES = (0, 2)
_LARGEST_BYTES = 2 * 1024**3
_LARGEST_HEADER = 1024**2
_SAME_PLACE_MM = 0.1
_PERPENDICULAR = 1e-4
# DICOM's x points to the patient's left and y to the back, NIfTI's the other way.
_LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class NiftiVolume:
    """A file's values, shape (slice, row, column), on their grid.

    Parameters
    ----------
    stored_values
        As in the file, before scaling.
    slope, intercept
        Value = slope × stored value + intercept; (1, 0) where the file does not scale.
    """

    path: Path
    stored_values: NDArray[Any]
    slope: float
    intercept: float
    geometry: VolumeGeometry
    source_file: SourceFile

    @property
    def is_scaled(self) -> bool:
        """Whether values differ from stored values."""
        return (self.slope, self.intercept) != (1.0, 0.0)

    @property
    def values(self) -> NDArray[Any]:
        """Values in the unit of the file."""
        if not self.is_scaled:
            return self.stored_values
        return self.stored_values * np.float64(self.slope) + self.intercept


@dataclass(frozen=True)
class _Layout:
    """Where and how voxels are stored."""

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    offset: int
    affine: Any
    slope: float
    intercept: float


def _error(path: Path, what: str, remedy: str = "write it again") -> DicomReadError:
    return DicomReadError(what, where=str(path), remedy=remedy)


def read_nifti(path: Path) -> NiftiVolume:
    """Read a three-dimensional NIfTI file, compressed or not.

    Raises
    ------
    DicomReadError
        If it is damaged or cut short, is not three-dimensional, or does not say in mm where its voxels are.
    """
    with reading(path):
        return _interpreted(path, file_bytes(path))


def _interpreted(path: Path, content: bytes) -> NiftiVolume:
    head, body = _unpacked(path, content)
    layout = _layout(path, head)
    size = int(np.prod(layout.shape, dtype=np.int64)) * layout.dtype.itemsize
    data = body(layout.offset + size)[layout.offset :]
    if len(data) < size:
        raise _error(path, f"is truncated: {len(data)} bytes of voxels where {size} are needed", "copy it again")
    values = np.frombuffer(data[:size], layout.dtype).reshape(layout.shape[::-1])
    source = SourceFile(str(path), hashlib.sha256(content).hexdigest())
    return NiftiVolume(path, values, layout.slope, layout.intercept, _geometry(path, layout), source)


def _unpacked(path: Path, content: bytes) -> tuple[bytes, Any]:
    """First bytes, and a function that gives the first n: a compressed file is inflated no further than needed."""
    if content[:2] != b"\x1f\x8b":
        return content[:_LARGEST_HEADER], lambda count: content[:count]

    def inflate(count: int) -> bytes:
        if count > _LARGEST_BYTES:
            raise _error(path, "announces more than 2 GiB of voxels")
        try:
            return zlib.decompressobj(wbits=31).decompress(content, count)
        except zlib.error as error:
            raise _error(path, f"is damaged ({error})", "copy it again") from error

    return inflate(_LARGEST_HEADER), inflate


def _layout(path: Path, head: bytes) -> _Layout:
    for order in "<>":
        if len(head) >= 540 and struct.unpack_from(f"{order}i", head)[0] == 540:
            return _layout_of(path, head, order, version=2)
        if len(head) >= 348 and struct.unpack_from(f"{order}i", head)[0] == 348:
            return _layout_of(path, head, order, version=1)
    raise _error(path, "is not a NIfTI file", "write it as .nii or .nii.gz")


def _layout_of(path: Path, head: bytes, order: str, *, version: int) -> _Layout:
    """Fields at the places of nifti1.h and nifti2.h."""

    def field(form: str, place: int) -> tuple[Any, ...]:
        return struct.unpack_from(order + form, head, place)

    if version == 1:
        magic, dims, code = head[344:348], field("8h", 40), field("h", 70)[0]
        widths, stated_offset = field("8f", 76), field("f", 108)[0]
        slope, intercept, units = *field("2f", 112), field("b", 123)[0]
        forms, quaternion, rows = field("2h", 252), field("6f", 256), field("12f", 280)
        right_magic = magic[:3] == b"n+1"
    else:
        magic, dims, code = head[4:8], field("8q", 16), field("h", 12)[0]
        widths, stated_offset = field("8d", 104), field("q", 168)[0]
        slope, intercept, units = *field("2d", 176), field("i", 500)[0]
        forms, quaternion, rows = field("2i", 344), field("6d", 352), field("12d", 400)
        right_magic = magic[:3] == b"n+2"
    if not right_magic:
        raise _error(path, "is a NIfTI header without its voxels", "write it as one .nii or .nii.gz file")
    count = dims[0]
    if not 3 <= count <= 7 or min(dims[1:4]) < 1 or any(n != 1 for n in dims[4 : count + 1]):
        raise _error(path, f"has {count} dimensions {tuple(dims[1 : max(1, count) + 1])} instead of three")
    if code not in _TYPES:
        raise _error(path, f"has data type {code}", "write single real numbers")
    # A slope of 0 (or none) means no scaling (nifti1.h).
    if not (np.isfinite(slope) and np.isfinite(intercept)) or slope == 0:
        slope, intercept = 1.0, 0.0
    if units & 7 not in _MILLIMETRES:
        raise _error(path, "is not in mm", "write its geometry in mm")
    shape = (int(dims[1]), int(dims[2]), int(dims[3]))
    dtype = np.dtype(order + _TYPES[code])
    offset = int(stated_offset) if np.isfinite(stated_offset) else -1
    if not 0 <= offset <= _LARGEST_HEADER or float(np.prod(shape, dtype=float)) * dtype.itemsize > _LARGEST_BYTES:
        raise _error(path, f"announces {shape} voxels at byte {offset}")
    affine = _affine(path, shape, widths, forms, quaternion, rows)
    return _Layout(shape, dtype, offset, affine, float(slope), float(intercept))


def _affine(
    path: Path,
    shape: tuple[int, int, int],
    widths: tuple[float, ...],
    forms: tuple[int, int],
    quaternion: tuple[float, ...],
    rows: tuple[float, ...],
) -> FloatArray:
    """(i, j, k, 1) to DICOM's (x, y, z, 1)."""
    found: list[FloatArray] = []
    if forms[1] > 0:
        found.append(np.vstack([np.array(rows, np.float64).reshape(3, 4), [0, 0, 0, 1]]))
    if forms[0] > 0:
        found.append(_from_quaternion(quaternion, widths))
    if not found:
        raise _error(path, "has no orientation (sform and qform codes are 0)", "write it with its geometry")
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape], [1], indexing="ij")).reshape(4, -1)
    if any(not np.all(np.isfinite(matrix)) for matrix in found) or (
        len(found) == 2 and np.abs(found[0] @ corners - found[1] @ corners).max() > _SAME_PLACE_MM
    ):
        raise _error(path, "its two orientations (sform, qform) contradict each other or are damaged")
    return _LPS_FROM_RAS @ found[0]


def _from_quaternion(quaternion: tuple[float, ...], widths: tuple[float, ...]) -> FloatArray:
    """The qform of nifti1.h, method 2."""
    b, c, d = quaternion[:3]
    a = np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    sign = -1.0 if widths[0] < 0 else 1.0
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * np.array([widths[1], widths[2], sign * widths[3]])
    matrix[:3, 3] = quaternion[3:]
    return matrix


def _geometry(path: Path, layout: _Layout) -> VolumeGeometry:
    steps = layout.affine[:3, :3][:, ::-1]
    lengths = np.linalg.norm(steps, axis=0)
    if lengths.min() <= 0:
        raise _error(path, "has voxels without extent")
    directions = steps / lengths
    if np.abs(directions.T @ directions - np.eye(3)).max() > _PERPENDICULAR:
        raise _error(path, "its voxels are not rectangular", "resample it onto a rectangular grid")
    spacing = (float(lengths[0]), float(lengths[1]), float(lengths[2]))
    return VolumeGeometry(layout.shape[::-1], layout.affine[:3, 3], spacing, directions)
