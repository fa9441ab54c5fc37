"""Whether the uptake inside a VOI is uniform from its edge to its middle, as the transfer matrix assumes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dosimetry_core.partial_volume.image_noise import ImageNoise
from dosimetry_core.partial_volume.point_spread import Box, common_range
from dosimetry_core.partial_volume.sampled_voi import SampledVoi
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
    true = dict(zip(concentrations.voi_ids, concentrations.true_bq_per_ml.tolist(), strict=True))
    if voi_id not in true or true[voi_id] <= 0:
        return None
    own = list(regions.vois).index(voi_id)
    # Only these are seen in this VOI, or in the background that is seen in it.
    near = tuple(
        (other, true[key])
        for number, (key, other) in enumerate(regions.vois.items())
        if key in true and (regions.overlaps[own, number] != 0 or regions.compensations[own, number] != 0)
    )
    # An edit that reaches neither this VOI nor what is seen here leaves all of it as it is.
    line = regions.terms[voi_id].remembered((true[voi_id], *near), lambda: _line(regions, near, voi_id, true[voi_id]))
    if line is None:
        return None
    slope, scatter, squares = line
    return CoreContrast(slope, scatter * math.sqrt(noise.correlation_volume_voxels / squares))


def _line(
    regions: ScanRegions, near: Sequence[tuple[SampledVoi, float]], voi_id: str, true_bq_per_ml: float
) -> tuple[float, float, float] | None:
    """Slope of the departure against the depth, its scatter about the line, and the sum of squared depths.

    Parameters
    ----------
    near
        VOIs that are seen here, and their concentrations in Bq/mL.
    """
    coverage, blurred = regions.vois[voi_id].coverage, regions.vois[voi_id].blurred
    inside = coverage.values > _INSIDE
    if inside.sum() < _SMALLEST_SAMPLE:
        return None
    residual = np.array(regions.image[blurred.slices])
    for other, value in near:
        shared = common_range(other.blurred, blurred)
        if shared is not None:
            residual[blurred.index_of(*shared)] -= value * other.blurred.within(*shared)
    background = Box(blurred.start, regions.compensation[voi_id].values * residual)
    spill_in = regions.point_spread.blurred_within(background, coverage.start, coverage.stop)
    left = (residual[blurred.index_of(coverage.start, coverage.stop)] - spill_in.values)[inside] / true_bq_per_ml
    depth = blurred.within(coverage.start, coverage.stop)[inside]
    depth = depth - depth.mean()
    squares = float((depth**2).sum())
    slope = float((left * depth).sum()) / squares
    return slope, float(np.sqrt(np.mean((left - left.mean() - slope * depth) ** 2))), squares


def mean_core_contrast(contrasts: list[CoreContrast]) -> CoreContrast | None:
    """Weighted mean over the scans of a cycle; None if there is none."""
    if not contrasts:
        return None
    weights = np.array([1 / contrast.standard_uncertainty**2 for contrast in contrasts])
    values = np.array([contrast.value for contrast in contrasts])
    return CoreContrast(float((weights * values).sum() / weights.sum()), float(weights.sum() ** -0.5))
