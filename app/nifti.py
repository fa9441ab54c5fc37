"""Writes NIfTI volumes on the patient's grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from dosimetry_core.geometry import VolumeGeometry

# Its bindings carry no types.
_ITK: Any = SimpleITK


def write_nifti(path: Path, values: NDArray[Any], geometry: VolumeGeometry) -> None:
    """Write values on a grid, so that the file has the affine of one read with this grid."""
    image = _ITK.GetImageFromArray(np.ascontiguousarray(values))
    image.SetOrigin([float(x) for x in geometry.origin_mm])
    image.SetSpacing([float(s) for s in reversed(geometry.spacing_mm)])
    image.SetDirection([float(x) for x in geometry.directions[:, ::-1].ravel()])
    _ITK.WriteImage(image, str(path), useCompression=path.name.endswith(".gz"))
