"""How well two outlines of the same thing agree: common volume, and distances of their surfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion
from scipy.spatial import cKDTree

from dosimetry_core.voi import FULL_COVERAGE, VoiMask

_ALMOST_ALL = 95.0
_INSIDE = (FULL_COVERAGE + 1) // 2
"""A voxel is of the shape whose surface is taken where at least half of it is covered."""


@dataclass(frozen=True)
class MaskAgreement:
    """Two masks on one grid.

    Parameters
    ----------
    own_volume_ml, other_volume_ml, common_volume_ml
        Partial voxels counted by their share; common is what both cover of a voxel at most, the smaller share.
    centroid_distance_mm
        Between the centres of the covered volumes.
    mean_surface_distance_mm
        Mean over the voxels of both surfaces of the distance to the nearest voxel of the other surface.
    hausdorff_95_mm
        The larger of both surfaces' 95th percentiles of that distance.
    hausdorff_mm
        The largest of these distances.

    Notes
    -----
    Dice coefficient as by Dice, Ecology 26 (1945) 297, with fractional coverage for the count of voxels. A surface is
    the voxels of a shape that touch its outside with a face; a shape that covers no voxel by half has none, and the
    distances are None. They are known to about a voxel.
    """

    own_volume_ml: float
    other_volume_ml: float
    common_volume_ml: float
    centroid_distance_mm: float
    mean_surface_distance_mm: float | None
    hausdorff_95_mm: float | None
    hausdorff_mm: float | None

    @property
    def dice(self) -> float:
        """2·common/(own + other): 1 for the same volume, 0 for nothing in common."""
        return 2 * self.common_volume_ml / (self.own_volume_ml + self.other_volume_ml)

    @property
    def volume_difference(self) -> float:
        """(other − own)/own."""
        return (self.other_volume_ml - self.own_volume_ml) / self.own_volume_ml


def mask_agreement(own: VoiMask, other: VoiMask) -> MaskAgreement:
    """Agreement of two masks.

    Raises
    ------
    ValueError
        If they lie on different grids, or one is empty.
    """
    if own.is_empty or other.is_empty:
        raise ValueError("an empty mask agrees with nothing")
    centroids = own.centroid_mm() - other.centroid_mm()
    forth, back = surface_distances_mm(own, other)
    distances = [] if forth.size == 0 or back.size == 0 else [forth, back]
    return MaskAgreement(
        own.volume_ml,
        other.volume_ml,
        common_volume_ml(own, other),
        float(np.linalg.norm(centroids)),
        float(np.concatenate(distances).mean()) if distances else None,
        max(float(np.percentile(one, _ALMOST_ALL)) for one in distances) if distances else None,
        max(float(one.max()) for one in distances) if distances else None,
    )


def common_volume_ml(own: VoiMask, other: VoiMask) -> float:
    """Volume that both cover.

    Raises
    ------
    ValueError
        If they lie on different grids.
    """
    if not own.geometry.is_same_grid(other.geometry):
        raise ValueError("masks on different grids have to be put on one first")
    low = np.maximum(own.start, other.start)
    high = np.minimum(np.add(own.start, own.coverage.shape), np.add(other.start, other.coverage.shape))
    if np.any(high <= low):
        return 0.0
    parts = [
        mask.coverage[tuple(slice(a - s, b - s) for a, b, s in zip(low, high, mask.start, strict=True))]
        for mask in (own, other)
    ]
    common = np.minimum(*parts).sum(dtype=np.int64)
    return float(common) / FULL_COVERAGE * own.geometry.voxel_volume_ml


def surface_distances_mm(own: VoiMask, other: VoiMask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of each surface voxel of one to the nearest of the other, and the reverse; empty where one has none."""
    points = [_surface_mm(mask) for mask in (own, other)]
    if not (len(points[0]) and len(points[1])):
        return np.zeros(0), np.zeros(0)
    forth, _nearest = cKDTree(points[1]).query(points[0])
    back, _nearest = cKDTree(points[0]).query(points[1])
    return np.asarray(forth, dtype=np.float64), np.asarray(back, dtype=np.float64)


def _surface_mm(mask: VoiMask) -> NDArray[np.float64]:
    """Centres of the surface voxels, shape (n, 3)."""
    inside = np.pad(mask.coverage >= _INSIDE, 1)
    surface = inside & ~binary_erosion(inside)
    return mask.geometry.index_to_point(np.argwhere(surface) - 1 + np.array(mask.start))
