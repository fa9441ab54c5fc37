"""A box of a VOI's grid: an image sampled in it, and a mask made of what was found there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, VoiMask
from dosimetry_core.voi_editing import empty_mask
from dosimetry_core.volume import Volume


def sampled_in_box(
    volume: Volume,
    geometry: VolumeGeometry,
    from_reference: RigidTransform,
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Image values (trilinear; NaN outside the image) at the voxels ``start`` … ``stop`` of a grid."""
    reference = geometry.index_to_point_matrix
    move = np.eye(4)
    move[:3, :3] = from_reference.rotation
    move[:3, 3] = from_reference.translation_mm
    shift = np.eye(4)
    shift[:3, 3] = start
    matrix = np.linalg.inv(volume.geometry.index_to_point_matrix) @ move @ reference @ shift
    result: NDArray[np.float32] = ndimage.affine_transform(
        volume.values.astype(np.float32, copy=False),
        matrix[:3, :3],
        matrix[:3, 3],
        output_shape=tuple(stop - start),
        output=np.float32,
        order=1,
        cval=np.nan,
    )
    return result


def mask_of_box(
    geometry: VolumeGeometry, start: NDArray[np.int64], coverage: NDArray[np.generic], full: float = FULL_COVERAGE
) -> VoiMask:
    """Mask of coverage (times ``full`` gives bytes) in a box, trimmed to what is covered."""
    whole = np.rint(np.asarray(coverage, dtype=np.float64) * full).astype(np.uint8)
    occupied = np.nonzero(whole)
    if occupied[0].size == 0:
        return empty_mask(geometry)
    low = [int(axis.min()) for axis in occupied]
    box = tuple(slice(a, int(axis.max()) + 1) for a, axis in zip(low, occupied, strict=True))
    first, second, third = (int(s) + a for s, a in zip(start, low, strict=True))
    return VoiMask(geometry, (first, second, third), np.ascontiguousarray(whole[box]))
