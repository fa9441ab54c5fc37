"""Partial volume voxel by voxel: what VOIs spill out is taken from their surroundings and put back into them.

The region-based voxel-wise correction (Thomas and others, Eur J Nucl Med Mol Imaging 38 (2011) 1104, after Yang): an
image times what a synthetic image shows sharp over what it shows blurred. The synthetic image holds each VOI at its
corrected mean; as in the transfer matrix of the VOIs themselves, every voxel outside is a region of its own, whose
value is what the image shows there less what the VOIs spill into it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from dosimetry_core.voi_sampling import GridCoverage

_TRUNCATED_AT_STANDARD_DEVIATIONS = 4.0


def voxel_wise_corrected(
    image: NDArray[np.float32],
    coverages: Mapping[str, GridCoverage],
    totals: Mapping[str, float],
    standard_deviation_voxels: tuple[float, float, float],
) -> NDArray[np.float32]:
    """The image without the blur at the edges of VOIs, nowhere negative.

    Parameters
    ----------
    image
        Not negative, in any unit per voxel.
    coverages, totals
        VOI → part of each voxel that belongs to it, and its corrected sum, in the unit of the image.
    standard_deviation_voxels
        Of the Gaussian point spread along each axis of the image.
    """
    covered = np.zeros(image.shape, np.float32)
    sharp = np.zeros(image.shape, np.float32)
    for name, part in coverages.items():
        fraction = part.fraction.astype(np.float32)
        covered[part.slices] += fraction
        sharp[part.slices] += fraction * np.float32(totals[name] / float(part.fraction.sum()))
    spilled = _blurred(sharp, standard_deviation_voxels)
    around: NDArray[np.float32] = np.maximum(image - spilled, np.float32(0)) * np.maximum(1 - covered, np.float32(0))
    seen = spilled + _blurred(around, standard_deviation_voxels)
    inside = (covered > 0) & (seen > 0)
    around[inside] = image[inside] * (sharp[inside] + around[inside]) / seen[inside]
    return around


def _blurred(values: NDArray[np.float32], standard_deviation_voxels: tuple[float, float, float]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = gaussian_filter(
        values, standard_deviation_voxels, mode="constant", truncate=_TRUNCATED_AT_STANDARD_DEVIATIONS
    )
    return found
