"""Further acts on whole VOIs: smoothing, hollowing, tracing a level, growing a region, splitting what touches."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from dosimetry_core.anatomical_plane import Plane, PlaneAxes
from dosimetry_core.errors import MissingDataError
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, VoiMask
from dosimetry_core.voi_boxes import mask_of_box, sampled_in_box
from dosimetry_core.voi_editing import HALF_COVERAGE, subtract
from dosimetry_core.voi_shaping import with_margin
from dosimetry_core.volume import Volume

FWHM_PER_STANDARD_DEVIATION = 2.0 * np.sqrt(2.0 * np.log(2.0))
_LEVEL_ROUNDS = 30
_SEED_RADIUS_MM = 3.0
_REGION_ROUNDS = 4
_CONFIDENCE = 2.5
"""A region holds what lies within this many standard deviations of its mean, as in confidence-connected growing."""
_LEAST_SPREAD = 0.05
"""Smallest standard deviation of a region as a part of its mean: noise-free plateaus have none of their own."""


def smoothed(mask: VoiMask, fwhm_mm: float) -> VoiMask:
    """Mask with its surface smoothed by a Gaussian, its volume kept.

    Parameters
    ----------
    fwhm_mm
        Full width at half maximum of the Gaussian; details much smaller than that vanish.

    Raises
    ------
    ValueError
        If the width is not positive.
    """
    if not (np.isfinite(fwhm_mm) and fwhm_mm > 0):
        raise ValueError("the width must be positive")
    if mask.is_empty:
        return mask
    spacing = np.array(mask.geometry.spacing_mm)
    sigma = fwhm_mm / FWHM_PER_STANDARD_DEVIATION / spacing
    grow = np.ceil(2.0 * fwhm_mm / spacing).astype(int)
    start = np.maximum(np.array(mask.start) - grow, 0)
    stop = np.minimum(np.array(mask.start) + mask.coverage.shape + grow, mask.geometry.shape)
    share = np.zeros(tuple(stop - start), np.float32)
    inside = tuple(slice(int(s), int(s) + n) for s, n in zip(mask.start - start, mask.coverage.shape, strict=True))
    share[inside] = mask.coverage / np.float32(FULL_COVERAGE)
    volume = float(share.sum())
    blurred = ndimage.gaussian_filter(share, sigma, mode="nearest")
    # How much the blurred share changes across one voxel: what a voxel at the surface is cut by.
    across = sum(np.abs(part) for part in np.gradient(blurred) if part.size) + np.float32(1e-6)

    def covered(level: float) -> NDArray[np.float32]:
        found: NDArray[np.float32] = np.clip(0.5 + (blurred - level) / across, 0.0, 1.0)
        # Far from any surface the blurred share is flat and the ratio means nothing.
        found[blurred < 1e-3] = 0.0
        return found

    low, high = 0.0, 1.0
    for _ in range(_LEVEL_ROUNDS):
        level = (low + high) / 2
        low, high = (level, high) if float(covered(level).sum()) > volume else (low, level)
    return mask_of_box(mask.geometry, start, covered((low + high) / 2))


def hollowed(mask: VoiMask, thickness_mm: float) -> VoiMask:
    """The outer shell of a mask, of a thickness in mm.

    Raises
    ------
    ValueError
        If the thickness is not positive.
    """
    if not (np.isfinite(thickness_mm) and thickness_mm > 0):
        raise ValueError("the thickness must be positive")
    return subtract(mask, with_margin(mask, -thickness_mm))


def level_trace(
    volume: Volume,
    geometry: VolumeGeometry,
    from_reference: RigidTransform,
    point_mm: ArrayLike,
    plane: Plane,
    *,
    reach_mm: float,
) -> VoiMask:
    """On one slice, the region around a point in which an image is at least as high as at the point, holes filled.

    Parameters
    ----------
    volume
        Image, on its own grid.
    geometry
        Declared grid of the VOI.
    from_reference
        Maps points of the reference frame to points of the image.
    point_mm
        On the edge to be traced, in the reference frame.
    plane
        Family of slices.
    reach_mm
        How far the region may reach from the point.

    Raises
    ------
    MissingDataError
        If the point lies outside the image or the grid, or the region reaches further than it may.
    """
    normal = PlaneAxes.of(geometry, plane).normal
    centre = geometry.point_to_index(point_mm)
    start, stop = _box(geometry, centre, reach_mm)
    start[normal], stop[normal] = int(np.rint(centre[normal])), int(np.rint(centre[normal])) + 1
    values = sampled_in_box(volume, geometry, from_reference, start, stop)
    here = tuple(np.rint(centre).astype(int) - start)
    level = values[here]
    if np.isnan(level):
        raise MissingDataError("there is no image at this point", remedy="point at the edge of the uptake")
    labels, _ = ndimage.label(values >= level)
    region = np.squeeze(labels == labels[here], axis=normal)
    region = np.expand_dims(ndimage.binary_fill_holes(region), normal)
    _require_uncut(region, geometry, start, stop, reach_mm, skip=normal)
    return mask_of_box(geometry, start, region.astype(np.float64))


def region_grown(
    volume: Volume, geometry: VolumeGeometry, from_reference: RigidTransform, seed_mm: ArrayLike, *, reach_mm: float
) -> VoiMask:
    """Connected region around a point whose image values are like those at the point, holes filled.

    It begins with the values within 3 mm; a region holds what is connected to the point and lies within 2.5 standard
    deviations of the region's mean, four times over.

    Raises
    ------
    MissingDataError
        If the point lies outside the image or the grid, or the region reaches further than it may.
    """
    centre = geometry.point_to_index(seed_mm)
    start, stop = _box(geometry, centre, reach_mm)
    values = sampled_in_box(volume, geometry, from_reference, start, stop)
    here = tuple(np.rint(centre).astype(int) - start)
    if np.isnan(values[here]):
        raise MissingDataError("there is no image at this point", remedy="point into the organ or lesion")
    spacing = np.array(geometry.spacing_mm)
    offsets = [((np.arange(n) - h) * s) ** 2 for n, h, s in zip(values.shape, here, spacing, strict=True)]
    near = offsets[0][:, None, None] + offsets[1][:, None] + offsets[2] <= _SEED_RADIUS_MM**2
    region = near & ~np.isnan(values)
    region[here] = True
    for _ in range(_REGION_ROUNDS):
        mean = float(values[region].mean())
        spread = max(float(values[region].std()), _LEAST_SPREAD * abs(mean))
        like = np.abs(values - mean) <= _CONFIDENCE * spread
        like[here] = True
        labels, _ = ndimage.label(like)
        region = labels == labels[here]
    region = ndimage.binary_fill_holes(region)
    _require_uncut(region, geometry, start, stop, reach_mm)
    return mask_of_box(geometry, start, region.astype(np.float64))


def split_by_maxima(
    mask: VoiMask, volume: Volume, from_reference: RigidTransform, *, fwhm_mm: float, prominence: float = 0.1
) -> tuple[VoiMask, ...]:
    """The parts of a VOI that belong to different maxima of an image, the largest first; a watershed divides them.

    Parameters
    ----------
    volume, from_reference
        Image, and how its points follow from those of the VOI's frame.
    fwhm_mm
        The image is smoothed by a Gaussian of this width first, so that noise makes no maxima.
    prominence
        How far a maximum must stand above the saddle to the next, as a part of the largest value.

    Raises
    ------
    MissingDataError
        If there are not at least two such maxima.
    """
    start = np.array(mask.start)
    values = sampled_in_box(volume, mask.geometry, from_reference, start, start + np.array(mask.coverage.shape))
    inside = mask.coverage >= HALF_COVERAGE
    values = np.where(np.isnan(values), 0.0, values)
    sigma = fwhm_mm / FWHM_PER_STANDARD_DEVIATION / np.array(mask.geometry.spacing_mm)
    calm = ndimage.gaussian_filter(values, sigma, mode="nearest")
    top = float(calm[inside].max(initial=0.0))
    if top <= 0:
        raise _one_maximum()
    import SimpleITK  # takes a moment to load, and nothing else here needs it

    itk: Any = SimpleITK
    # Outside the VOI everything is the lowest, so that no maximum lies there.
    landscape = np.where(inside, calm, 0.0).astype(np.float32)
    image = itk.GetImageFromArray(landscape)
    peaks = itk.GetArrayFromImage(itk.RegionalMaxima(itk.HMaxima(image, prominence * top), fullyConnected=True))
    seeds, count = ndimage.label((peaks > 0) & inside, ndimage.generate_binary_structure(3, 3))
    if count < 2:
        raise _one_maximum()
    labels = itk.GetArrayFromImage(
        itk.MorphologicalWatershedFromMarkers(
            -image, itk.GetImageFromArray(seeds.astype(np.uint16)), markWatershedLine=False, fullyConnected=False
        )
    )
    parts = [mask_of_box(mask.geometry, start, np.where(labels == n, mask.coverage, 0), 1) for n in range(1, count + 1)]
    return tuple(sorted((part for part in parts if not part.is_empty), key=lambda part: -part.volume_ml))


def _one_maximum() -> MissingDataError:
    return MissingDataError(
        "the image has only one clear maximum in this VOI", remedy="divide it with the eraser, or draw two VOIs"
    )


def _box(
    geometry: VolumeGeometry, centre: NDArray[np.float64], reach_mm: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and one-past-last voxel within a reach of a point (fractional index) that must lie in the grid."""
    index = np.rint(centre).astype(np.int64)
    if np.any(index < 0) or np.any(index >= np.array(geometry.shape)):
        raise MissingDataError("the point lies outside the reference grid", remedy="put the cross-hair on the uptake")
    reach = np.ceil(reach_mm / np.array(geometry.spacing_mm)).astype(np.int64)
    return np.maximum(index - reach, 0), np.minimum(index + reach + 1, np.array(geometry.shape))


def _require_uncut(
    region: NDArray[np.bool_],
    geometry: VolumeGeometry,
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    reach_mm: float,
    *,
    skip: int | None = None,
) -> None:
    for axis in range(3):
        if axis == skip:
            continue
        edges = np.moveaxis(region, axis, 0)
        if (start[axis] > 0 and edges[0].any()) or (stop[axis] < geometry.shape[axis] and edges[-1].any()):
            raise MissingDataError(
                f"the region goes on beyond {reach_mm:.0f} mm from the cross-hair",
                remedy="point at a place that stands out more, or draw it",
            )
