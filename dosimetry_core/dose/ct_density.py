"""Mass density of tissue from CT numbers, on the grid of a dose map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.ndimage import affine_transform

from dosimetry_core.density_curve import DEFAULT_CURVE, DensityCurve
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, VoiMask
from dosimetry_core.volume import Volume

DEEP_MM: Final = 3.0
"""Voxels this far inside an outline hold nothing of what lies outside: two standard deviations of a CT's blur."""
DEEPEST_SHARE: Final = 0.2
"""Of a small VOI, its deepest voxels."""
CONTRAST_AGENT_ABOVE_HU: Final = 90.0
"""Kidneys, liver and spleen have 20 to 65 HU without contrast agent."""


@dataclass(frozen=True)
class CtDensity:
    """Density of a VOI from its CT.

    Parameters
    ----------
    mean_hu
        Of the inner part, which partial volume at the border doesn't reach.
    inner_volume_ml
        Volume of the inner part.
    """

    density_g_per_ml: float
    mean_hu: float
    inner_volume_ml: float


def density_of_ct_number(hounsfield: NDArray[Any], curve: DensityCurve = DEFAULT_CURVE) -> NDArray[np.float32]:
    """Mass density, g/mL, of CT numbers in HU."""
    return curve.density_g_per_ml(np.asarray(hounsfield))


def voi_density(mask: VoiMask, ct: Volume, curve: DensityCurve = DEFAULT_CURVE) -> CtDensity | None:
    """Density of an organ that its inner part shows; None where the VOI covers no voxel wholly.

    Notes
    -----
    At its border a voxel holds fat, air or bone as well, and the CT blurs; the mean over the whole VOI would be that
    of a mixture. So the CT number of what lies deep inside stands for the VOI, and the mass is this density × the VOI's
    whole volume. The curve is applied to the mean CT number: noise would shift the mean of densities where it bends.

    Raises
    ------
    ValueError
        If the VOI is not declared on the CT's voxels.
    """
    if not mask.geometry.is_same_grid(ct.geometry):
        raise ValueError("the VOI is not on the CT's grid")
    full = np.pad(mask.coverage == FULL_COVERAGE, 1)
    if not full.any():
        return None
    depth = ndimage.distance_transform_edt(full, sampling=mask.geometry.spacing_mm)[1:-1, 1:-1, 1:-1]
    inside = depth[depth > 0]
    inner = depth >= min(DEEP_MM, float(np.quantile(inside, 1 - DEEPEST_SHARE)))
    mean = float(np.asarray(ct.values)[mask.slices][inner].mean(dtype=np.float64))
    density = float(curve.density_g_per_ml(np.array([mean]))[0])
    return CtDensity(density, mean, int(inner.sum()) * mask.geometry.voxel_volume_ml)


def density_on_grid(ct: Volume, grid: VolumeGeometry, curve: DensityCurve = DEFAULT_CURVE) -> NDArray[np.float32]:
    """Mass density of each voxel of a grid, g/mL.

    Parameters
    ----------
    ct
        CT numbers in HU, in the frame of the grid. Averaged over blocks as large as fit into a voxel of the grid, then
        interpolated linearly; nothing (0 g/mL) beyond the CT.
    """
    blocks = _blocks(ct.geometry, grid)
    density = density_of_ct_number(_block_means(np.asarray(ct.values), blocks), curve)
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
