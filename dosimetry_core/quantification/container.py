"""Activity in VOIs that hold organs (the body's outline, a drawn remainder): sums of the image, not uniform regions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dosimetry_core.geometry import RigidTransform
from dosimetry_core.partial_volume.image_noise import ImageNoise
from dosimetry_core.partial_volume.point_spread import Box, common_range
from dosimetry_core.partial_volume.transfer_matrix import ScanRegions
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_sampling import COARSE_CELL_SHARE, coverage_on_grid


@dataclass(frozen=True, eq=False)
class ContainerOnScan:
    """A container VOI on one scan.

    Parameters
    ----------
    mask
        Its own whole mask, enclosed VOIs included.
    coverage
        Fraction of each image voxel.
    image_sum_bq
        Activity of the image inside, uncorrected.
    fraction_outside
        Share of its volume outside the field of view.
    """

    mask: VoiMask
    coverage: Box
    image_sum_bq: float
    fraction_outside: float


def container_on_scan(
    mask: VoiMask, transform: RigidTransform, regions: ScanRegions, known: ContainerOnScan | None
) -> ContainerOnScan:
    """Place a container on a scan; ``known``, of the same scan, is taken over if it has the same mask."""
    if known is not None and known.mask is mask:
        return known
    sampled = coverage_on_grid(mask, transform, regions.point_spread.grid, cell_share=COARSE_CELL_SHARE)
    coverage = Box(sampled.start, sampled.fraction)
    total = float((coverage.values * regions.image[coverage.slices]).sum())
    return ContainerOnScan(mask, coverage, total * sampled.grid.voxel_volume_ml, sampled.fraction_outside)


def spilled_into_bq(container: ContainerOnScan, regions: ScanRegions, voi_id: str, concentration: float) -> float:
    """Activity that a VOI outside shows inside the container, by its blurred coverage."""
    blurred = regions.vois[voi_id].blurred
    shared = common_range(container.coverage, blurred)
    if shared is None:
        return 0.0
    overlap = float((container.coverage.within(*shared) * blurred.within(*shared)).sum())
    return concentration * overlap * regions.point_spread.grid.voxel_volume_ml


def container_noise_bq(container: ContainerOnScan, regions: ScanRegions, noise: ImageNoise) -> float:
    """Random standard uncertainty of the image sum."""
    local = np.abs(regions.image[container.coverage.slices])
    variance = noise.variance(local)
    total = float((container.coverage.values**2 * variance).sum())
    return math.sqrt(noise.correlation_volume_voxels * total) * regions.point_spread.grid.voxel_volume_ml
