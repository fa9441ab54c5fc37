"""An image on another grid: concentrations and CT numbers interpolated, counts and activities handed on whole."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.geometry import FloatArray, RigidTransform, VolumeGeometry
from dosimetry_core.volume import Volume

SUMMED_QUANTITIES = ("counts", "counts_per_s")
"""Of these a voxel holds its share of a whole: the sum over the image means something and is kept."""
# A voxel is handed on in cells at most this share of a target voxel long, so that no target voxel is left out.
_LARGEST_CELL_SHARE = 0.5
_CORNERS = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)])


@dataclass(frozen=True, eq=False)
class Resampled:
    """A volume on another grid.

    Parameters
    ----------
    volume
        Of the same quantity as before.
    lost_share
        Of counts: the share of the sum that lies outside the new grid; 0 for interpolated images.
    """

    volume: Volume
    lost_share: float


def resampled(volume: Volume, transform: RigidTransform, geometry: VolumeGeometry) -> Resampled:
    """A volume brought onto another grid after a rigid motion.

    Parameters
    ----------
    transform
        Takes a patient point of the volume to the point of the new grid.
    geometry
        The new grid.

    Returns
    -------
    Resampled
        Concentrations and CT numbers by trilinear interpolation at the new voxel centres; outside the volume is
        nothing (0, or −1000 HU). Counts and count rates are handed on instead: every voxel is cut into cells, and each
        gives its content to the eight nearest new voxels by their nearness, so that the sum is kept whatever the voxel
        sizes and the rotation, but for what lies outside the new grid, which is stated.
    """
    if volume.quantity in SUMMED_QUANTITIES:
        values = _handed_on(np.asarray(volume.values, dtype=np.float64), volume.geometry, transform, geometry)
        whole = float(np.sum(volume.values, dtype=np.float64))
        lost = 1 - float(values.sum()) / whole if whole else 0.0
        return Resampled(Volume(values.astype(np.float32), geometry, volume.quantity), lost)
    back = transform.inverse()
    indices = volume.geometry.point_to_index(back.apply(geometry.index_to_point(_CORNERS)))
    outside = -1000.0 if volume.quantity == "ct_number_hu" else 0.0
    interpolated: NDArray[np.float32] = ndimage.affine_transform(
        np.asarray(volume.values, dtype=np.float32),
        (indices[1:] - indices[0]).T,
        offset=indices[0],
        output_shape=geometry.shape,
        order=1,
        cval=outside,
    )
    return Resampled(Volume(interpolated, geometry, volume.quantity), 0.0)


def _handed_on(
    values: FloatArray, source: VolumeGeometry, transform: RigidTransform, target: VolumeGeometry
) -> FloatArray:
    """Contents of source voxels given to target voxels, cell by cell and slice by slice."""
    corners = target.point_to_index(transform.apply(source.index_to_point(_CORNERS)))
    steps = corners[1:] - corners[0]
    parts = [max(1, int(np.ceil(np.abs(step).max() / _LARGEST_CELL_SHARE))) for step in steps]
    offsets = [(np.arange(n) + 0.5) / n - 0.5 for n in parts]
    total = np.zeros(int(np.prod(target.shape)))
    row, column = np.meshgrid(np.arange(values.shape[1]), np.arange(values.shape[2]), indexing="ij")
    for number, plane in enumerate(values):
        share = plane.ravel() / np.prod(parts)
        filled = np.flatnonzero(share)
        base = np.stack([np.full(len(filled), float(number)), row.ravel()[filled], column.ravel()[filled]], axis=1)
        for offset in itertools.product(*offsets):
            _deposit(total, target.shape, corners[0] + (base + np.array(offset)) @ steps, share[filled])
    return total.reshape(target.shape)


def _deposit(total: FloatArray, shape: tuple[int, ...], index: FloatArray, content: FloatArray) -> None:
    """Cells within the outer faces of the grid are kept whole; others are lost."""
    last = np.array(shape) - 1
    kept = np.all((index >= -0.5) & (index <= last + 0.5), axis=1)
    # Between the outermost centres and the outer faces there is one voxel to give to.
    index, content = np.clip(index[kept], 0, last), content[kept]
    low = np.minimum(np.floor(index).astype(int), np.maximum(last - 1, 0))
    part = index - low
    for corner in itertools.product((0, 1), repeat=3):
        weight = np.prod(np.where(np.array(corner) == 1, part, 1 - part), axis=1) * content
        at = np.minimum(low + corner, last)
        total += np.bincount(np.ravel_multi_index(tuple(at.T), shape), weight, len(total))
