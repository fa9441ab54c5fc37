"""Whether the uptake inside a VOI is uniform from its edge to its middle, as the transfer matrix assumes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dosimetry_core.partial_volume.image_noise import ImageNoise
from dosimetry_core.partial_volume.point_spread import Box, common_range
from dosimetry_core.partial_volume.transfer_matrix import RegionConcentrations, ScanRegions

# Voxels that lie nearly wholly inside the VOI.
_INSIDE = 0.95
_SMALLEST_SAMPLE = 100


@dataclass(frozen=True)
class CoreContrast:
    """How the image departs from the model of uniform uptake towards the middle of a VOI.

    Parameters
    ----------
    value
        Slope of (image − model)/concentration against the blurred coverage: 0 for uniform uptake, negative where the
        rim takes up more than the core, −0.65 for a kidney whose cortex (7 mm) takes up twice as much as its medulla,
        seen with 9.5 mm.
    standard_uncertainty
        From image noise.
    """

    value: float
    standard_uncertainty: float


def core_contrast(
    regions: ScanRegions, concentrations: RegionConcentrations, noise: ImageNoise, voi_id: str
) -> CoreContrast | None:
    """Core contrast of one VOI on one scan; None where too few voxels lie inside it."""
    coverage, blurred = regions.vois[voi_id].coverage, regions.vois[voi_id].blurred
    true = dict(zip(concentrations.voi_ids, concentrations.true_bq_per_ml, strict=True))
    inside = coverage.values > _INSIDE
    if voi_id not in true or true[voi_id] <= 0 or inside.sum() < _SMALLEST_SAMPLE:
        return None
    residual = np.array(regions.image[blurred.slices])
    for key, value in true.items():
        shared = common_range(regions.vois[key].blurred, blurred)
        if shared is not None:
            residual[blurred.index_of(*shared)] -= value * regions.vois[key].blurred.within(*shared)
    background = Box(blurred.start, regions.compensation[voi_id].values * residual)
    spill_in = regions.point_spread.blurred_within(background, coverage.start, coverage.stop)
    left = (residual[blurred.index_of(coverage.start, coverage.stop)] - spill_in.values)[inside] / true[voi_id]
    depth = blurred.within(coverage.start, coverage.stop)[inside]
    depth = depth - depth.mean()
    squares = float((depth**2).sum())
    slope = float((left * depth).sum()) / squares
    scatter = float(np.sqrt(np.mean((left - left.mean() - slope * depth) ** 2)))
    return CoreContrast(slope, scatter * math.sqrt(noise.correlation_volume_voxels / squares))


def mean_core_contrast(contrasts: list[CoreContrast]) -> CoreContrast | None:
    """Weighted mean over the scans of a cycle; None if there is none."""
    if not contrasts:
        return None
    weights = np.array([1 / contrast.standard_uncertainty**2 for contrast in contrasts])
    values = np.array([contrast.value for contrast in contrasts])
    return CoreContrast(float((weights * values).sum() / weights.sum()), float(weights.sum() ** -0.5))
