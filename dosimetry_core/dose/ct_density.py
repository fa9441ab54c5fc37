"""Mass density of tissue from CT numbers, on the grid of a dose map."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.volume import Volume

AIR_HOUNSFIELD: Final = -1000.0
# Two straight lines that meet at 42 HU: water and air below; above, tissue with calcium, as Schneider, Bortfeld and
# Schlegel (Phys Med Biol 45 (2000) 459) give it for 120 kV.
_SOFT_AT_ZERO: Final = 1.0
_SOFT_SLOPE: Final = 1e-3
_CALCIUM_AT_ZERO: Final = 1.017
_CALCIUM_SLOPE: Final = 0.592e-3


def density_of_ct_number(hounsfield: NDArray[Any]) -> NDArray[np.float32]:
    """Mass density, g/mL, of CT numbers in HU; 0 at −1000 HU and below."""
    values = np.maximum(np.asarray(hounsfield, dtype=np.float32), np.float32(AIR_HOUNSFIELD))
    density: NDArray[np.float32] = np.minimum(
        np.float32(_SOFT_AT_ZERO) + np.float32(_SOFT_SLOPE) * values,
        np.float32(_CALCIUM_AT_ZERO) + np.float32(_CALCIUM_SLOPE) * values,
    )
    return density


def density_on_grid(ct: Volume, grid: VolumeGeometry) -> NDArray[np.float32]:
    """Mass density of each voxel of a grid, g/mL.

    Parameters
    ----------
    ct
        CT numbers in HU, in the frame of the grid. Averaged over blocks as large as fit into a voxel of the grid, then
        interpolated linearly; nothing (0 g/mL) beyond the CT.
    """
    blocks = _blocks(ct.geometry, grid)
    density = density_of_ct_number(_block_means(np.asarray(ct.values), blocks))
    corners = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
    fine = ct.geometry.point_to_index(grid.index_to_point(corners))
    # A block's centre lies (n − 1)/2 voxels behind its first one.
    indices = (fine - (np.array(blocks) - 1) / 2) / np.array(blocks)
    found: NDArray[np.float32] = affine_transform(
        density,
        (indices[1:] - indices[0]).T,
        offset=indices[0],
        output_shape=grid.shape,
        order=1,
        mode="grid-constant",
        cval=0.0,
    )
    return found


def _blocks(fine: VolumeGeometry, grid: VolumeGeometry) -> tuple[int, int, int]:
    """Voxels of the fine grid along each of its axes that make a block no larger than a voxel of the other."""
    smallest = min(grid.spacing_mm)
    slices, rows, columns = (
        max(1, min(n, int(smallest / size))) for n, size in zip(fine.shape, fine.spacing_mm, strict=True)
    )
    return slices, rows, columns


def _block_means(values: NDArray[Any], blocks: tuple[int, int, int]) -> NDArray[Any]:
    """Means over whole blocks; a rest at the far ends, thinner than a block, is left out."""
    if max(blocks) == 1:
        return values
    counts = [n // b for n, b in zip(values.shape, blocks, strict=True)]
    whole = values[tuple(slice(0, c * b) for c, b in zip(counts, blocks, strict=True))]
    parted = whole.reshape(counts[0], blocks[0], counts[1], blocks[1], counts[2], blocks[2])
    return np.asarray(parted.mean(axis=(1, 3, 5), dtype=np.float32))
