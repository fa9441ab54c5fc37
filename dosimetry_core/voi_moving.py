"""A VOI moved as a whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from dosimetry_core.errors import MissingDataError
from dosimetry_core.voi import FULL_COVERAGE, VoiMask
from dosimetry_core.voi_boxes import mask_of_box


def moved(mask: VoiMask, shift_mm: ArrayLike) -> VoiMask:
    """Mask shifted by a vector in mm (patient axes); the very same object for no shift.

    Whole voxels are moved as they are; a part of a voxel is shared between neighbours (trilinear), so that the volume
    stays.

    Raises
    ------
    MissingDataError
        If a part of it would leave the grid.
    ValueError
        If the shift is not three finite numbers.
    """
    shift = np.array(shift_mm, dtype=np.float64)
    if shift.shape != (3,) or not np.all(np.isfinite(shift)):
        raise ValueError("a shift is three finite numbers")
    if mask.is_empty or not shift.any():
        return mask
    geometry = mask.geometry
    voxels = (geometry.directions.T @ shift) / np.array(geometry.spacing_mm)
    whole = np.floor(voxels + 1e-9).astype(np.int64)
    part = np.clip(voxels - whole, 0.0, 1.0)
    coverage = np.pad(mask.coverage, [(0, 1)] * 3).astype(np.float64)
    spread = ndimage.shift(coverage, part, order=1, mode="grid-constant", prefilter=False)
    found = np.nonzero(np.rint(spread) > 0)
    begin = np.array(mask.start) + whole
    first = begin + [axis.min() for axis in found]
    last = begin + [axis.max() for axis in found]
    if np.any(first < 0) or np.any(last >= np.array(geometry.shape)):
        raise MissingDataError("there the VOI would leave the image", remedy="let go of it further inside")
    box = tuple(slice(int(axis.min()), int(axis.max()) + 1) for axis in found)
    return mask_of_box(geometry, first, spread[box] / FULL_COVERAGE)
