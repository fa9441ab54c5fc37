"""Partial volume voxel by voxel: an image divided among its VOIs and what lies around them.

The region-based voxel-wise correction (Thomas and others, Eur J Nucl Med Mol Imaging 38 (2011) 1104, after Yang): an
image times what a synthetic image shows sharp over what it shows blurred. The synthetic image holds each VOI at its
corrected mean; as in the transfer matrix of the VOIs themselves, every voxel outside is a region of its own, whose
value is what the image shows there less what the VOIs spill into it. What a voxel then holds belongs to the regions
that share it in proportion to their parts of the sharp image, and is kept apart for each: half a voxel of kidney holds
half a voxel's activity of kidney, all of it inside the outline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from dosimetry_core.frozen import FrozenMap
from dosimetry_core.voi_sampling import GridCoverage

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
    covered = np.zeros(image.shape, np.float32)
    sharp = np.zeros(image.shape, np.float32)
    level = {name: np.float32(totals[name] / float(part.fraction.sum())) for name, part in coverages.items()}
    for name, part in coverages.items():
        fraction = part.fraction.astype(np.float32)
        covered[part.slices] += fraction
        sharp[part.slices] += fraction * level[name]
    spilled = _blurred(sharp, standard_deviation_voxels)
    around: NDArray[np.float32] = np.maximum(image - spilled, np.float32(0)) * np.maximum(1 - covered, np.float32(0))
    seen = spilled + _blurred(around, standard_deviation_voxels)
    inside = (covered > 0) & (seen > 0)
    ratio = np.ones(image.shape, np.float32)
    ratio[inside] = image[inside] / seen[inside]
    own = {
        name: part.fraction.astype(np.float32) * level[name] * ratio[part.slices] for name, part in coverages.items()
    }
    return DividedImage(FrozenMap(own), around * ratio)


def _blurred(values: NDArray[np.float32], standard_deviation_voxels: tuple[float, float, float]) -> NDArray[np.float32]:
    if not any(standard_deviation_voxels):
        return values
    found: NDArray[np.float32] = gaussian_filter(
        values, standard_deviation_voxels, mode="constant", truncate=_TRUNCATED_AT_STANDARD_DEVIATIONS
    )
    return found
