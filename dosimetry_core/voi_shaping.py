"""Acts on whole VOI masks: margin, fill between slices, keep one island, isocontour of an image."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from dosimetry_core.anatomical_plane import Plane, PlaneAxes
from dosimetry_core.errors import MissingDataError
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, VoiMask
from dosimetry_core.voi_boxes import mask_of_box, sampled_in_box
from dosimetry_core.voi_editing import HALF_COVERAGE
from dosimetry_core.volume import Volume


def with_margin(mask: VoiMask, margin_mm: float) -> VoiMask:
    """Mask grown (positive) or shrunk (negative) by a distance in mm, the same in every direction.

    Coverage follows from the distance to the surface at half coverage, which is known to a fraction of a voxel.
    """
    if not np.isfinite(margin_mm):
        raise ValueError("the margin must be finite")
    if margin_mm == 0 or not np.any(mask.coverage >= HALF_COVERAGE):
        return mask
    spacing = np.array(mask.geometry.spacing_mm)
    grow = np.ceil(max(margin_mm, 0) / spacing).astype(int) + 1
    start = np.maximum(np.array(mask.start) - grow, 0)
    stop = np.minimum(np.array(mask.start) + mask.coverage.shape + grow, mask.geometry.shape)
    # One empty voxel around the box, so that what touches its edge also has a surface there.
    padded = np.zeros(tuple(stop - start + 2), np.float32)
    inside = tuple(slice(int(s), int(s) + n) for s, n in zip(mask.start - start + 1, mask.coverage.shape, strict=True))
    padded[inside] = mask.coverage / np.float32(FULL_COVERAGE)
    distance, width = _signed_distance(padded, mask.geometry.spacing_mm)
    coverage = np.clip(0.5 + (margin_mm - distance) / width, 0, 1)[1:-1, 1:-1, 1:-1]
    return mask_of_box(mask.geometry, start, coverage)


def _signed_distance(
    share: NDArray[np.float32], spacing_mm: tuple[float, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance to the surface (negative inside), and the voxel's extent along that direction, both in mm.

    The surface runs through the partly covered voxels, at the depth that their share says, and along the faces between
    full and empty voxels.
    """
    spacing = np.array(spacing_mm).reshape(-1, *[1] * share.ndim)
    beside_empty = ndimage.minimum_filter(share, footprint=ndimage.generate_binary_structure(share.ndim, 1)) == 0
    surface = ((share > 0) & (share < 1)) | ((share == 1) & beside_empty)
    centre_distance, nearest = ndimage.distance_transform_edt(~surface, sampling=spacing_mm, return_indices=True)
    extent = (np.abs(nearest - np.indices(share.shape)) * spacing**2).sum(axis=0)
    typical = float(np.prod(spacing_mm)) ** (1 / share.ndim)
    width = np.divide(extent, centre_distance, out=np.full(share.shape, typical), where=centre_distance > 0)
    beyond = (share[tuple(nearest)] - 0.5) * width
    distance = np.where(share >= 0.5, -centre_distance, centre_distance) - beyond
    return distance, width


def fill_between_slices(mask: VoiMask, plane: Plane) -> VoiMask:
    """Mask with empty slices between drawn ones filled by shape interpolation (Raya and Udupa 1990).

    The signed distance to the outline is interpolated linearly between the two drawn neighbours; drawn slices stay.

    Raises
    ------
    MissingDataError
        If fewer than two slices are drawn.

    References
    ----------
    S. P. Raya, J. K. Udupa, IEEE Trans. Med. Imaging 9 (1990) 32–42, doi:10.1109/42.52980.
    """
    axes = PlaneAxes.of(mask.geometry, plane)
    other = tuple(axis for axis in range(3) if axis != axes.normal)
    drawn = np.flatnonzero((mask.coverage >= HALF_COVERAGE).any(axis=other)) if mask.coverage.size else np.zeros(0, int)
    if drawn.size < 2:
        raise MissingDataError(
            "there is nothing to interpolate between", remedy=f"draw the VOI on at least two {plane} slices"
        )
    spacing = tuple(mask.geometry.spacing_mm[axis] for axis in other)
    coverage = np.moveaxis(mask.coverage.copy(), axes.normal, 0)
    for first, last in pairwise(drawn):
        if last - first < 2:
            continue
        ends = [_signed_distance(np.pad(coverage[k] / np.float32(FULL_COVERAGE), 1), spacing) for k in (first, last)]
        for k in range(first + 1, last):
            weight = (k - first) / (last - first)
            distance = (1 - weight) * ends[0][0] + weight * ends[1][0]
            width = (1 - weight) * ends[0][1] + weight * ends[1][1]
            share = np.clip(0.5 - distance / width, 0, 1)[1:-1, 1:-1]
            coverage[k] = np.rint(share * FULL_COVERAGE).astype(np.uint8)
    filled = np.ascontiguousarray(np.moveaxis(coverage, 0, axes.normal))
    return mask if np.array_equal(filled, mask.coverage) else VoiMask(mask.geometry, mask.start, filled)


def keep_island(mask: VoiMask, point_mm: ArrayLike) -> VoiMask:
    """The connected part (through faces) of a mask that contains a patient point.

    Raises
    ------
    MissingDataError
        If the point is not inside the VOI.
    """
    index = np.rint(mask.geometry.point_to_index(point_mm)).astype(int) - mask.start
    if mask.coverage.size == 0 or np.any(index < 0) or np.any(index >= mask.coverage.shape):
        raise _not_inside()
    labels, count = ndimage.label(mask.coverage > 0)
    chosen = labels[tuple(index)]
    if chosen == 0:
        raise _not_inside()
    return (
        mask if count == 1 else mask_of_box(mask.geometry, np.array(mask.start), mask.coverage * (labels == chosen), 1)
    )


def _not_inside() -> MissingDataError:
    return MissingDataError("this point is not inside the VOI", remedy="put the cross-hair on the part to keep")


def isocontour(
    volume: Volume,
    geometry: VolumeGeometry,
    from_reference: RigidTransform,
    seed_mm: ArrayLike,
    *,
    radius_mm: float,
    threshold: float | None = None,
    fraction_of_maximum: float | None = None,
) -> VoiMask:
    """Connected region around a point in which an image is at or above a threshold.

    Parameters
    ----------
    volume
        Image, on its own grid.
    geometry
        Declared grid of the VOI.
    from_reference
        Maps points of the reference frame to points of the image.
    seed_mm
        Where to start, a point of the reference frame; the region must contain it.
    radius_mm
        How far the region may reach along each axis of the grid.
    threshold, fraction_of_maximum
        Exactly one: an image value, or a fraction of the largest value in the box.

    Raises
    ------
    MissingDataError
        If the image is below the threshold at the seed, or the region reaches the edge of the box.
    """
    if (threshold is None) == (fraction_of_maximum is None):
        raise ValueError("give either a threshold or a fraction of the maximum")
    seed_index = geometry.point_to_index(seed_mm)
    reach = radius_mm / np.array(geometry.spacing_mm)
    start = np.maximum(np.rint(seed_index - reach), 0).astype(int)
    stop = np.minimum(np.rint(seed_index + reach) + 1, geometry.shape).astype(int)
    if np.any(stop <= start):
        raise MissingDataError("the point lies outside the reference grid", remedy="put the cross-hair on the uptake")
    sampled = sampled_in_box(volume, geometry, from_reference, start, stop)
    level = threshold if threshold is not None else float(np.nanmax(sampled)) * float(fraction_of_maximum or 0)
    labels, _ = ndimage.label(sampled >= level)
    at_seed = tuple(np.clip(np.rint(seed_index).astype(int), start, stop - 1) - start)
    chosen = labels[at_seed]
    if chosen == 0:
        raise MissingDataError(
            "the image is below the threshold here", remedy="put the cross-hair on the uptake or lower the threshold"
        )
    region = labels == chosen
    for axis in range(3):
        edges = np.moveaxis(region, axis, 0)
        if (start[axis] > 0 and edges[0].any()) or (stop[axis] < geometry.shape[axis] and edges[-1].any()):
            raise MissingDataError(
                f"the region above the threshold goes on beyond {radius_mm:.0f} mm from the cross-hair",
                remedy="raise the threshold, or draw it",
            )
    return mask_of_box(geometry, start, region.astype(np.float64))
