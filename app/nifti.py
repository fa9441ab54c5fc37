"""NIfTI volumes in and out, on the patient's grid (DICOM's LPS axes inside, NIfTI's RAS axes in the file)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from dosimetry_core.errors import DosimetryError
from dosimetry_core.geometry import VolumeGeometry

# Its bindings carry no types.
_ITK: Any = SimpleITK
ENDINGS = (".nii", ".nii.gz")
_MILLIMETRE_CODES = (0, 2)
_SPACE_UNITS = 7
_LARGEST_VOXELS = 1024**3


@dataclass(frozen=True, eq=False)
class NiftiVolume:
    """Values of a file with their grid and the digest of the file."""

    path: Path
    values: NDArray[Any]
    geometry: VolumeGeometry
    sha256: str


def read_nifti(path: Path) -> NiftiVolume:
    """Read a three-dimensional NIfTI file.

    Raises
    ------
    DosimetryError
        If it can't be read, is not three-dimensional, or does not say where its voxels are.
    """
    if not path.name.lower().endswith(ENDINGS):
        raise DosimetryError("is not a NIfTI file", where=str(path), remedy="name a .nii or .nii.gz file")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DosimetryError(
            f"can't be read ({error.strerror or error})", where=str(path), remedy="check the name and the rights"
        ) from error
    warnings_shown = _ITK.ProcessObject.GetGlobalWarningDisplay()
    _ITK.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        reader = _ITK.ImageFileReader()
        reader.SetImageIO("NiftiImageIO")
        reader.SetFileName(str(path))
        reader.ReadImageInformation()
        _check_header(path, reader)
        image = reader.Execute()
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else "unknown"
        raise DosimetryError(
            f"can't be read as NIfTI ({reason})", where=str(path), remedy="copy or write it again"
        ) from error
    finally:
        _ITK.ProcessObject.SetGlobalWarningDisplay(warnings_shown)
    if image.GetDimension() == 4:
        image = image[:, :, :, 0]
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise DosimetryError("has several values per voxel", where=str(path), remedy="write one value per voxel")
    return NiftiVolume(path, _ITK.GetArrayFromImage(image), _geometry(image), digest)


def write_nifti(path: Path, values: NDArray[Any], geometry: VolumeGeometry) -> None:
    """Write values on a grid, so that the file has the affine of one read with this grid."""
    image = _ITK.GetImageFromArray(np.ascontiguousarray(values))
    image.SetOrigin([float(x) for x in geometry.origin_mm])
    image.SetSpacing([float(s) for s in reversed(geometry.spacing_mm)])
    image.SetDirection([float(x) for x in geometry.directions[:, ::-1].ravel()])
    _ITK.WriteImage(image, str(path), useCompression=path.name.endswith(".gz"))


def _check_header(path: Path, reader: Any) -> None:
    size = reader.GetSize()
    if len(size) < 3 or any(n != 1 for n in size[3:]) or len(size) > 4:
        raise DosimetryError(
            f"has the dimensions {'×'.join(map(str, size))} instead of three",
            where=str(path),
            remedy="write one volume",
        )
    if int(np.prod(size, dtype=np.int64)) > _LARGEST_VOXELS:
        raise DosimetryError("is larger than 1024³ voxels", where=str(path), remedy="crop or resample it")

    def number(key: str) -> int | None:
        return int(float(reader.GetMetaData(key))) if reader.HasMetaDataKey(key) else None

    if number("qform_code") == 0 and number("sform_code") == 0:
        raise DosimetryError(
            "does not say where its voxels are (sform and qform codes are 0)",
            where=str(path),
            remedy="write it with its geometry",
        )
    units = number("xyzt_units")
    if units is not None and units & _SPACE_UNITS not in _MILLIMETRE_CODES:
        raise DosimetryError("is not in mm", where=str(path), remedy="write its geometry in mm")


def _geometry(image: Any) -> VolumeGeometry:
    columns, rows, slices = image.GetSize()
    spacing = image.GetSpacing()
    directions = np.array(image.GetDirection(), dtype=np.float64).reshape(3, 3)[:, ::-1]
    return VolumeGeometry(
        (slices, rows, columns),
        np.array(image.GetOrigin(), dtype=np.float64),
        (spacing[2], spacing[1], spacing[0]),
        directions,
    )
