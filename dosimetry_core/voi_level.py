"""Levels that isocontours are drawn at: the maximum that a place belongs to, and the mean of a background."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from dosimetry_core.errors import MissingDataError
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_boxes import sampled_in_box
from dosimetry_core.voi_reshaping import FWHM_PER_STANDARD_DEVIATION
from dosimetry_core.volume import Volume


def uphill_maximum(
    volume: Volume,
    geometry: VolumeGeometry,
    from_reference: RigidTransform,
    seed_mm: ArrayLike,
    *,
    reach_mm: float,
    fwhm_mm: float,
) -> float:
    """Largest image value at the summit that is reached uphill from a place.

    The way leads to the highest of the neighbours, again and again, in the image smoothed by a Gaussian; the value is
    the largest of the image itself within ``fwhm_mm`` of the summit. A hotter organ nearby is not climbed to.

    Parameters
    ----------
    volume, from_reference
        Image, and how its points follow from those of the reference frame.
    geometry
        Declared grid.
    seed_mm
        Where to start.
    reach_mm
        How far the way may lead along each axis of the grid.
    fwhm_mm
        Full width at half maximum of the Gaussian: about the resolution, so that noise makes no summits.

    Raises
    ------
    MissingDataError
        If there is no image at the place, or the way leads further than it may.
    """
    spacing = np.array(geometry.spacing_mm)
    index = np.rint(geometry.point_to_index(seed_mm)).astype(np.int64)
    if np.any(index < 0) or np.any(index >= np.array(geometry.shape)):
        raise MissingDataError("the point lies outside the reference grid", remedy="put the cross-hair on the uptake")
    reach = np.ceil(reach_mm / spacing).astype(np.int64)
    start, stop = np.maximum(index - reach, 0), np.minimum(index + reach + 1, np.array(geometry.shape))
    values = sampled_in_box(volume, geometry, from_reference, start, stop)
    place = index - start
    if np.isnan(values[tuple(place)]):
        raise MissingDataError("there is no image at this point", remedy="put the cross-hair on the uptake")
    values = np.where(np.isnan(values), np.nanmin(values), values)
    calm = ndimage.gaussian_filter(values, fwhm_mm / FWHM_PER_STANDARD_DEVIATION / spacing, mode="nearest")
    neighbours = np.array(list(product((-1, 0, 1), repeat=3)))
    while True:
        around = place + neighbours
        around = around[np.all((around >= 0) & (around < calm.shape), axis=1)]
        best = around[int(np.argmax(calm[tuple(around.T)]))]
        if calm[tuple(best)] <= calm[tuple(place)]:
            break
        place = best
    cut = (place == 0) & (start > 0) | (place == np.array(calm.shape) - 1) & (stop < np.array(geometry.shape))
    if cut.any():
        raise MissingDataError(
            f"uphill from the cross-hair no maximum is reached within {reach_mm:.0f} mm",
            remedy="put the cross-hair nearer to the maximum",
        )
    near = [((np.arange(n) - p) * s) ** 2 for n, p, s in zip(calm.shape, place, spacing, strict=True)]
    ball = near[0][:, None, None] + near[1][:, None] + near[2] <= fwhm_mm**2
    return float(values[ball].max())


def mean_within(volume: Volume, mask: VoiMask, from_reference: RigidTransform) -> float:
    """Mean image value in a VOI, voxels weighted by their coverage.

    Raises
    ------
    MissingDataError
        If the VOI is empty or lies outside the image.
    """
    if mask.is_empty:
        raise MissingDataError("the background VOI is empty", remedy="draw it")
    start = np.array(mask.start)
    values = sampled_in_box(volume, mask.geometry, from_reference, start, start + np.array(mask.coverage.shape))
    weights = np.where(np.isnan(values), 0, mask.coverage).astype(np.float64)
    if not weights.any():
        raise MissingDataError("the background VOI lies outside the image", remedy="draw it on the image")
    return float((np.where(np.isnan(values), 0.0, values) * weights).sum() / weights.sum())
