"""Statistical uncertainty of VOI means, estimated from the image itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import FloatArray
from dosimetry_core.partial_volume.point_spread import Box
from dosimetry_core.partial_volume.transfer_matrix import ScanRegions
from dosimetry_core.partial_volume.voi_terms import noise_sums

# Noise variance of iterative reconstructions grows with the local value to a power between 1 (counting) and 2
# (multiplicative noise of expectation maximisation: Barrett et al. 1994, Phys Med Biol 39:833).
_VARIANCE_EXPONENT = 1.5
_SMALLEST_SAMPLE = 30
_OWN_SAMPLE = 120
# What the VOIs together say about the noise is known to some 10 % and is rounded to steps of this share: uncertainties
# of one VOI need not follow, in digits that mean nothing, every stroke on another.
_STEP = 0.05


@dataclass(frozen=True, eq=False)
class ImageNoise:
    """Noise of one scan.

    Parameters
    ----------
    coefficient
        Voxel variance over value^1.5, from all VOIs together, in steps of 5 %.
    standard_deviation_bq_per_ml
        Voxel standard deviation inside those VOIs that are large enough to tell by themselves, by voi_id.
    correlation_volume_voxels
        Sum of the noise's autocorrelation: how many voxels count as one; in steps of 5 %.
    """

    coefficient: float
    standard_deviation_bq_per_ml: FrozenMap[str, float]
    correlation_volume_voxels: float

    def variance(self, value_bq_per_ml: FloatArray) -> FloatArray:
        """Voxel variance at a local value, not negative."""
        # x^1.5 as x √x, which is several times faster.
        result: FloatArray = self.coefficient * value_bq_per_ml * np.sqrt(value_bq_per_ml)
        return result


def image_noise(regions: ScanRegions) -> ImageNoise | None:
    """Noise of a scan from all its VOIs; None if they are too small to tell."""
    number, scaled_squares = 0, 0.0
    pairs, products = np.zeros(3), np.zeros(3)
    own: dict[str, float] = {}
    for key, sample in regions.noise_samples.items():
        if sample.count == 0 or sample.mean_bq_per_ml <= 0:
            continue
        if sample.count >= _OWN_SAMPLE:
            own[key] = math.sqrt(sample.squares / sample.count)
        scale = sample.mean_bq_per_ml**_VARIANCE_EXPONENT
        number += sample.count
        scaled_squares += sample.squares / scale
        pairs += sample.pairs
        products += np.array(sample.products) / scale
    if number < _SMALLEST_SAMPLE or scaled_squares <= 0:
        return None
    coefficient = scaled_squares / number
    correlation = 1.0
    for axis in range(3):
        neighbour = products[axis] / pairs[axis] / coefficient if pairs[axis] else 0.0
        correlation *= _correlation_length_voxels(neighbour)
    return ImageNoise(_in_steps(coefficient), FrozenMap(own), _in_steps(correlation))


def _in_steps(estimate: float) -> float:
    """A positive estimate on a scale of equal ratios."""
    scale = math.log1p(_STEP)
    return math.exp(scale * round(math.log(estimate) / scale))


def noise_standard_uncertainty_bq_per_ml(
    regions: ScanRegions, noise: ImageNoise, voi_id: str, *, corrected: bool = True
) -> float:
    """Random standard uncertainty from image noise of a VOI's mean, corrected for partial volume or not.

    u² = (correlation volume) Σ w² var, w the weights of the voxels in the mean; holds while the weights vary slowly
    over the correlation length.
    """
    if corrected:
        sums = regions.terms[voi_id].noise_sums
    else:
        sampled = regions.vois[voi_id]
        weights = Box(sampled.coverage.start, sampled.coverage.values / sampled.covered_voxels)
        sums = noise_sums(regions.image, weights, sampled)
    own = noise.standard_deviation_bq_per_ml.get(voi_id)
    inside = noise.coefficient * sums.counting_inside if own is None else own**2 * sums.squares_inside
    return math.sqrt(noise.correlation_volume_voxels * (inside + noise.coefficient * sums.counting_outside))


def _correlation_length_voxels(neighbour_correlation: float) -> float:
    """Sum over all lags of a Gaussian autocorrelation with a known value at lag 1."""
    if neighbour_correlation <= 0:
        return 1.0
    exponent = math.log(min(neighbour_correlation, 0.98))
    lags = np.arange(1, 60)
    return 1.0 + 2.0 * float(np.exp(exponent * lags.astype(float) ** 2).sum())
