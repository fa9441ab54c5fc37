"""What the voxels deep inside one VOI say about the image's noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dosimetry_core.geometry import FloatArray
from dosimetry_core.partial_volume.point_spread import Box

# Voxels taken for noise lie wholly inside the VOI and get at least this share of their blurred value from it.
_INSIDE = 0.99
_MOSTLY_VOI = 0.9


@dataclass(frozen=True)
class NoiseSample:
    """Departures of the image from uniform uptake, deep inside one VOI.

    Parameters
    ----------
    count
        Number of voxels.
    mean_bq_per_ml
        Concentration that fits them best.
    squares
        Sum of the squared departures, in (Bq/mL)².
    pairs, products
        Along (slice, row, column): number of neighbouring pairs, and the sum of the products of their departures.
    """

    count: int
    mean_bq_per_ml: float
    squares: float
    pairs: tuple[int, int, int]
    products: tuple[float, float, float]


NOTHING = NoiseSample(0, 0.0, 0.0, (0, 0, 0), (0.0, 0.0, 0.0))


def noise_sample(image: FloatArray, coverage: Box, blurred: Box) -> NoiseSample:
    """Sample of one VOI, from its own coverage and blurred coverage alone; non-uniform uptake counts as noise."""
    if not coverage.values.size:
        return NOTHING
    share = blurred.within(coverage.start, coverage.stop)
    inside = (coverage.values > _INSIDE) & (share > _MOSTLY_VOI)
    count = int(inside.sum())
    if count == 0:
        return NOTHING
    weights = np.where(inside, share, 0.0)
    values = image[coverage.slices]
    mean = float((values * weights).sum() / (weights**2).sum())
    left = np.where(inside, values - mean * share, 0.0)
    pairs, products = [], []
    for axis in range(3):
        ahead, behind = [slice(None)] * 3, [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        pairs.append(int((inside[tuple(ahead)] & inside[tuple(behind)]).sum()))
        products.append(float((left[tuple(ahead)] * left[tuple(behind)]).sum()))
    return NoiseSample(
        count,
        mean,
        float((left**2).sum()),
        (pairs[0], pairs[1], pairs[2]),
        (products[0], products[1], products[2]),
    )
