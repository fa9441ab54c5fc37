"""Statistical uncertainty of VOI means, estimated from the image itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import FloatArray
from dosimetry_core.partial_volume.point_spread import Box, common_range
from dosimetry_core.partial_volume.transfer_matrix import RegionConcentrations, ScanRegions

# Noise variance of iterative reconstructions grows with the local value to a power between 1 (counting) and 2
# (multiplicative noise of expectation maximisation: Barrett et al. 1994, Phys Med Biol 39:833).
_VARIANCE_EXPONENT = 1.5
# Voxels taken for noise lie wholly inside a VOI and get at least this share of their blurred value from VOIs.
_INSIDE = 0.99
_MOSTLY_VOI = 0.9
_COVERED = 1e-9
_SMALLEST_SAMPLE = 30
_OWN_SAMPLE = 120


@dataclass(frozen=True, eq=False)
class ImageNoise:
    """Noise of one scan.

    Parameters
    ----------
    coefficient
        Voxel variance over value^1.5, from all VOIs together.
    standard_deviation_bq_per_ml
        Voxel standard deviation inside those VOIs that are large enough to tell by themselves, by voi_id.
    correlation_volume_voxels
        Sum of the noise's autocorrelation: how many voxels count as one.
    """

    coefficient: float
    standard_deviation_bq_per_ml: FrozenMap[str, float]
    correlation_volume_voxels: float

    def variance(self, value_bq_per_ml: FloatArray) -> FloatArray:
        """Voxel variance at a local value, not negative."""
        result: FloatArray = self.coefficient * value_bq_per_ml**_VARIANCE_EXPONENT
        return result


def image_noise(regions: ScanRegions, concentrations: RegionConcentrations) -> ImageNoise | None:
    """Noise from what the model of uniform VOIs leaves over inside them; None if they are too small to tell.

    Non-uniform uptake counts as noise, so the estimate errs towards more.
    """
    true = dict(zip(concentrations.voi_ids, concentrations.true_bq_per_ml, strict=True))
    squares = number = scaled_squares = 0.0
    pairs, products = np.zeros(3), np.zeros(3)
    own: dict[str, float] = {}
    for key, value in true.items():
        if value <= 0:
            continue
        residual, inside = _residual(regions, true, key)
        count = int(inside.sum())
        if count == 0:
            continue
        residual = np.where(inside, residual - residual[inside].mean(), 0.0)
        total = float((residual**2).sum())
        if count >= _OWN_SAMPLE:
            own[key] = math.sqrt(total / count)
        scale = value**_VARIANCE_EXPONENT
        number += count
        squares += total
        scaled_squares += total / scale
        for axis in range(3):
            ahead = [slice(None)] * 3
            behind = [slice(None)] * 3
            ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
            both = inside[tuple(ahead)] & inside[tuple(behind)]
            pairs[axis] += both.sum()
            products[axis] += (residual[tuple(ahead)] * residual[tuple(behind)]).sum() / scale
    if number < _SMALLEST_SAMPLE or squares <= 0:
        return None
    coefficient = scaled_squares / number
    correlation = 1.0
    for axis in range(3):
        neighbour = products[axis] / pairs[axis] / coefficient if pairs[axis] else 0.0
        correlation *= _correlation_length_voxels(neighbour)
    return ImageNoise(coefficient, FrozenMap(own), correlation)


def noise_standard_uncertainty_bq_per_ml(
    regions: ScanRegions, noise: ImageNoise, voi_id: str, *, corrected: bool = True
) -> float:
    """Random standard uncertainty from image noise of a VOI's mean, corrected for partial volume or not.

    u² = (correlation volume) Σ w² var, w the weights of the voxels in the mean; holds while the weights vary slowly
    over the correlation length.
    """
    if corrected:
        weights = regions.estimator_weights(voi_id)
    else:
        sampled = regions.vois[voi_id]
        weights = Box(sampled.coverage.start, sampled.coverage.values / sampled.covered_voxels)
    local = np.abs(regions.image[weights.slices])
    variance = noise.variance(local)
    own = noise.standard_deviation_bq_per_ml.get(voi_id)
    if own is not None:
        coverage = regions.vois[voi_id].coverage
        inside = weights.index_of(coverage.start, coverage.stop)
        variance[inside] = np.where(coverage.values > _COVERED, own**2, variance[inside])
    return math.sqrt(noise.correlation_volume_voxels * float((weights.values**2 * variance).sum()))


def _residual(regions: ScanRegions, true: dict[str, float], key: str) -> tuple[FloatArray, np.ndarray]:
    """Image less blurred VOIs in the box of one VOI, and which voxels are deep inside it."""
    box = regions.vois[key].coverage
    residual = np.array(regions.image[box.slices])
    blurred_coverage = np.zeros(residual.shape)
    for other, value in true.items():
        blurred = regions.vois[other].blurred
        shared = common_range(blurred, box)
        if shared is None:
            continue
        part = box.index_of(*shared)
        view = blurred.within(*shared)
        residual[part] -= value * view
        blurred_coverage[part] += view
    return residual, (box.values > _INSIDE) & (blurred_coverage > _MOSTLY_VOI)


def _correlation_length_voxels(neighbour_correlation: float) -> float:
    """Sum over all lags of a Gaussian autocorrelation with a known value at lag 1."""
    if neighbour_correlation <= 0:
        return 1.0
    exponent = math.log(min(neighbour_correlation, 0.98))
    lags = np.arange(1, 60)
    return 1.0 + 2.0 * float(np.exp(exponent * lags.astype(float) ** 2).sum())
