"""Values of the body grid at the voxels of a scanner's grid, for a patient who lies displaced and turned."""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.geometry import RigidTransform, VolumeGeometry


def _box_of(source: VolumeGeometry, target: VolumeGeometry, scanner_from_body: RigidTransform) -> tuple[slice, ...]:
    """Index ranges of the target grid that the source grid can reach."""
    corners = np.array(list(itertools.product(*[(-1, n) for n in source.shape])))
    index = target.point_to_index(scanner_from_body.apply(source.index_to_point(corners)))
    low = np.maximum(0, np.floor(index.min(axis=0))).astype(int)
    high = np.minimum(target.shape, np.ceil(index.max(axis=0)) + 1).astype(int)
    return tuple(slice(int(a), int(max(a, b))) for a, b in zip(low, high, strict=True))


def sample(
    values: NDArray[np.float32],
    source: VolumeGeometry,
    target: VolumeGeometry,
    scanner_from_body: RigidTransform,
    *,
    order: Literal[1, 3],
    outside: float,
) -> tuple[NDArray[np.float32], tuple[slice, ...]]:
    """Spline-interpolated values at the centres of target voxels.

    Parameters
    ----------
    values, source
        Values on a grid in the body frame.
    target
        Grid in the scanner frame.
    scanner_from_body
        Rigid motion that puts the body where it lies in the scanner.
    order
        Spline order, 1 or 3.
    outside
        Value beyond the source grid.

    Returns
    -------
    tuple
        Values in the part of the target grid that the source reaches, and that part as index ranges.
    """
    box = _box_of(source, target, scanner_from_body)
    shape = tuple(part.stop - part.start for part in box)
    body_from_scanner = np.eye(4)
    inverse = scanner_from_body.inverse()
    body_from_scanner[:3, :3], body_from_scanner[:3, 3] = inverse.rotation, inverse.translation_mm
    cropped = target.cropped((box[0].start, box[1].start, box[2].start), (shape[0], shape[1], shape[2]))
    matrix = np.linalg.inv(source.index_to_point_matrix) @ body_from_scanner @ cropped.index_to_point_matrix
    sampled: NDArray[np.float32] = ndimage.affine_transform(
        values, matrix[:3, :3], matrix[:3, 3], shape, output=np.float32, order=order, mode="constant", cval=outside
    )
    return sampled, box
