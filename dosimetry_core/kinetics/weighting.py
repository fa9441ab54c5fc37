"""Points of a curve with the weights of the fit and, where known, their random standard uncertainties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import FitError
from dosimetry_core.kinetics.curve import TimeActivityCurve

FloatArray = NDArray[np.float64]
Weights = Literal["proportional", "uniform", "poisson", "given"]
Tail = Literal["fitted", "physical"]

# Between-scan uncertainty assumed where none was measured: the lower end of 5 to 10 % (methods 2.2).
NOMINAL_RELATIVE_UNCERTAINTY: Final = 0.05

MEASURED: Final = "measured uncertainties of the points, inflated by χ²/(n−p) where that is above 1"
NOMINAL: Final = "nominal 5 % of each activity, inflated by χ²/(n−p) where that is above 1"
RELATIVE: Final = "relative weights only, scaled by χ²/(n−p)"


@dataclass(frozen=True, eq=False)
class FittedPoints:
    """Included points, their weights and, where known, their absolute uncertainties."""

    times_s: FloatArray
    activity_bq: FloatArray
    weights: FloatArray
    uncertainty_bq: FloatArray | None
    convention: str
    slowest_per_s: float

    @property
    def believed_weights(self) -> FloatArray:
        """The weights scaled so that on average they are 1/u² (Σ w u² = n): what a belief is weighed against.

        Raises
        ------
        FitError
            Where the size of the uncertainties is not known.
        """
        if self.uncertainty_bq is None:
            raise FitError(
                "a prior half-life has to be weighed against the points, whose uncertainties are not known",
                remedy="choose proportional weights, or no prior",
            )
        return np.asarray(self.weights * self.times_s.size / float(self.weights @ self.uncertainty_bq**2))


def fitted_points(
    curve: TimeActivityCurve, weights: Weights, slowest_per_s: float, *, least_points: int = 2
) -> FittedPoints:
    """The included points of a curve with their weights.

    Raises
    ------
    FitError
        With too few points, or activities that can't be weighted.
    """
    times, values = curve.fitted_times_s, curve.fitted_activity_bq
    if times.size < least_points:
        raise FitError(
            f"{times.size} time point is not enough for a curve" if times.size else "no time point is included",
            remedy="add time points, or use a single-time-point method",
        )
    if weights in ("proportional", "poisson") and not (values > 0).all():
        raise FitError(
            f"{weights} weights need positive activities",
            remedy="exclude the time point, or choose uniform weights",
        )
    measured = curve.fitted_uncertainty_bq
    if weights == "given":
        if measured is None:
            raise FitError(
                "the uncertainties of the points are not known, so they give no weights",
                remedy="choose proportional weights",
            )
        factors = 1.0 / measured**2
    elif weights == "uniform":
        factors = np.ones(values.size)
    elif weights == "poisson":
        factors = 1.0 / values
    else:
        factors = 1.0 / (NOMINAL_RELATIVE_UNCERTAINTY * values) ** 2
    if measured is not None:
        return FittedPoints(times, values, factors, measured, MEASURED, slowest_per_s)
    if weights == "proportional":
        return FittedPoints(times, values, factors, NOMINAL_RELATIVE_UNCERTAINTY * values, NOMINAL, slowest_per_s)
    return FittedPoints(times, values, factors, None, RELATIVE, slowest_per_s)
