"""Partial volume voxel by voxel: an image divided among its VOIs and what lies around them.

The region-based voxel-wise correction (Thomas and others, Eur J Nucl Med Mol Imaging 38 (2011) 1104, after Yang): an
image times what a synthetic image shows sharp over what it shows blurred. The synthetic image holds each VOI at its
corrected mean; as in the transfer matrix of the VOIs themselves, every voxel outside is a region of its own, whose
value is what the image shows there less what the VOIs spill into it. What a voxel then holds belongs to the regions
that share it in proportion to their parts of the sharp image, and is kept apart for each: half a voxel of kidney holds
half a voxel's activity of kidney, all of it inside the outline.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from dosimetry_core.frozen import FrozenMap
from dosimetry_core.voi_sampling import Box, GridCoverage, box_within, common_box

_TRUNCATED_AT_STANDARD_DEVIATIONS = 4.0


@dataclass(frozen=True, eq=False)
class DividedImage:
    """An image by what each part of it belongs to, nowhere negative.

    Parameters
    ----------
    own
        VOI → its part of each voxel, on the box of its coverage.
    around
        What belongs to no VOI, on the whole grid.
    """

    own: FrozenMap[str, NDArray[np.float32]]
    around: NDArray[np.float32]

    def together(self, coverages: Mapping[str, GridCoverage]) -> NDArray[np.float32]:
        """All parts on the whole grid."""
        whole = self.around.copy()
        for name, part in self.own.items():
            whole[coverages[name].slices] += part
        return whole


def divided_image(
    image: NDArray[np.float32],
    coverages: Mapping[str, GridCoverage],
    totals: Mapping[str, float],
    standard_deviation_voxels: tuple[float, float, float],
) -> DividedImage:
    """The image without the blur at the edges of VOIs, divided among them.

    Parameters
    ----------
    image
        Not negative, in any unit per voxel.
    coverages, totals
        VOI → part of each voxel that belongs to it, and its corrected sum, in the unit of the image.
    standard_deviation_voxels
        Of the Gaussian point spread along each axis of the image; zeros for a sharp one.
    """
    around: NDArray[np.float32] = np.maximum(image, np.float32(0))
    if not coverages:
        return DividedImage(FrozenMap(), around)
    # What VOIs spill ends where the point spread is cut off: only the box that holds them is blurred.
    vois = common_box(coverages.values())
    near = _with_reach(vois, image.shape, standard_deviation_voxels)
    here = image[near]
    covered = np.zeros(here.shape, np.float32)
    sharp = np.zeros(here.shape, np.float32)
    level = {name: np.float32(totals[name] / float(part.fraction.sum())) for name, part in coverages.items()}
    for name, part in coverages.items():
        fraction = part.fraction.astype(np.float32)
        place = box_within(part.slices, near)
        covered[place] += fraction
        sharp[place] += fraction * level[name]
    spilled = _blurred(sharp, standard_deviation_voxels)
    left = np.maximum(here - spilled, np.float32(0)) * np.maximum(1 - covered, np.float32(0))
    inner = box_within(vois, near)
    seen = (spilled + _blurred(left, standard_deviation_voxels))[inner]
    inside = (covered[inner] > 0) & (seen > 0)
    ratio = np.ones(here.shape, np.float32)
    ratio[inner][inside] = here[inner][inside] / seen[inside]
    own = {
        name: part.fraction.astype(np.float32) * level[name] * ratio[box_within(part.slices, near)]
        for name, part in coverages.items()
    }
    around[near] = left * ratio
    return DividedImage(FrozenMap(own), around)


def _with_reach(box: Box, shape: tuple[int, ...], standard_deviation_voxels: tuple[float, float, float]) -> Box:
    """A box with the reach of the blur around it, as far as the grid goes."""
    reach = [math.ceil(_TRUNCATED_AT_STANDARD_DEVIATIONS * deviation) for deviation in standard_deviation_voxels]
    a, b, c = (
        slice(max(0, at.start - n), min(count, at.stop + n)) for at, n, count in zip(box, reach, shape, strict=True)
    )
    return a, b, c


def _blurred(values: NDArray[np.float32], standard_deviation_voxels: tuple[float, float, float]) -> NDArray[np.float32]:
    if not any(standard_deviation_voxels):
        return values
    found: NDArray[np.float32] = gaussian_filter(
        values, standard_deviation_voxels, mode="constant", truncate=_TRUNCATED_AT_STANDARD_DEVIATIONS
    )
    return found
