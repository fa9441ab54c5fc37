"""What follows from one VOI of a scan and its surroundings, whatever the other VOIs hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np

from dosimetry_core.geometry import FloatArray
from dosimetry_core.partial_volume.point_spread import Box, common_range
from dosimetry_core.partial_volume.sampled_voi import SampledVoi

T = TypeVar("T")
_COVERED = 1e-9


@dataclass(frozen=True)
class NoiseSums:
    """Sums over the image voxels that enter a VOI's mean, w their weights and y the image (Bq/mL).

    Parameters
    ----------
    squares_inside
        Σ w² over the voxels that the VOI covers.
    counting_inside, counting_outside
        Σ w² |y|^1.5 over these and over all others: the variance is taken to grow so with the local value.
    """

    squares_inside: float
    counting_inside: float
    counting_outside: float


@dataclass(frozen=True, eq=False)
class VoiTerms:
    """A VOI on an image with what compensates the background around it; each value is computed when first asked for.

    An edit of another VOI far away leaves all of it as it is, so that `ScanRegions` hands it on.

    Parameters
    ----------
    voi
        Coverage, blurred coverage, and its change with the width of the point spread.
    compensation
        c around the VOI, on the box of its blurred coverage.
    image
        Bq/mL.
    own
        P_ii − S_ii of the transfer matrix.
    """

    voi: SampledVoi
    compensation: Box
    image: FloatArray
    own: float
    _remembered: list[tuple[tuple[object, ...], Any]] = field(default_factory=list, init=False, repr=False)

    def remembered(self, inputs: tuple[object, ...], compute: Callable[[], T]) -> T:
        """What follows from this VOI and some further inputs; computed again only when these are others than last."""
        for known, value in self._remembered:
            if known == inputs:
                return cast(T, value)
        value = compute()
        self._remembered[:] = [(inputs, value)]
        return value

    @cached_property
    def width_slope(self) -> float:
        """d(P_ii − S_ii)/d ln F, less what the background image at the same voxels takes up of it."""
        taken_up = dot_boxes(self.voi.widened, self.voi.blurred, self.compensation)
        return dot_boxes(self.voi.coverage, self.voi.widened) - taken_up

    @property
    def estimator_weights(self) -> Box:
        """Weights with which the image voxels enter the VOI's corrected mean, neighbours' share neglected."""
        coverage, blurred = self.voi.coverage, self.voi.blurred
        weights = -np.asarray(blurred.values) * self.compensation.values
        weights[blurred.index_of(coverage.start, coverage.stop)] += coverage.values
        return Box(blurred.start, weights / self.own)

    @cached_property
    def noise_sums(self) -> NoiseSums:
        """Of the corrected mean."""
        return noise_sums(self.image, self.estimator_weights, self.voi)


def noise_sums(image: FloatArray, weights: Box, voi: SampledVoi) -> NoiseSums:
    """Sums for the noise of a VOI's mean with some weights, which reach at least as far as the VOI's coverage."""
    squares = weights.values**2
    local = np.abs(image[weights.slices])
    # x^1.5 as x √x, which is several times faster.
    counting = squares * local * np.sqrt(local)
    inside = weights.index_of(voi.coverage.start, voi.coverage.stop)
    covered = voi.coverage.values > _COVERED
    counted = float(counting[inside][covered].sum())
    counting[inside][covered] = 0.0
    return NoiseSums(float(squares[inside][covered].sum()), counted, float(counting.sum()))


def dot_boxes(a: Box, b: Box, weights: Box | None = None) -> float:
    """Sum of the products where two boxes meet; the weights reach at least as far as the first."""
    shared = common_range(a, b)
    if shared is None:
        return 0.0
    product = a.within(*shared) * b.within(*shared)
    if weights is not None:
        product *= weights.within(*shared)
    return float(product.sum())
