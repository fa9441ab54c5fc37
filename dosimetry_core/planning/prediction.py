"""Predicts the absorbed dose per administered activity of the next cycle from the measured cycles.

Every predictor is a weighted sum of the measured values; the weights are kept, because the uncertainty of a
prediction comes from the very measurements that the delivered absorbed doses come from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from dosimetry_core.planning.protocol import Predictor

TREND_NEEDS_CYCLES = 3


def predictor_weights(
    predictor: Predictor,
    cycle_numbers: Sequence[int],
    administered_activity_bq: Sequence[float],
    absorbed_dose_per_administered_activity_gy_per_bq: Sequence[float],
    *,
    next_cycle: int,
    linear_trend_may_fall: bool = False,
) -> tuple[float, ...]:
    """Weight of each measured cycle in the prediction for the next one.

    Parameters
    ----------
    predictor
        ``latest``, ``mean``, ``activity-weighted-mean``, ``linear-trend`` (over cycle number, at least three
        measured cycles, else as latest) or ``maximum``.
    cycle_numbers, administered_activity_bq, absorbed_dose_per_administered_activity_gy_per_bq
        One entry per measured cycle, in order of treatment; shape (n_measured,).
    next_cycle
        Number of the cycle to predict.
    linear_trend_may_fall
        Whether a trend may predict less than the last value; if not, the last value is taken then.

    Raises
    ------
    ValueError
        Without a measured cycle, or if all activities are 0 for an activity-weighted mean.

    Notes
    -----
    Least-squares line through (number_k, d_k), read at the next number x: weights
    1/n + (x − mean)(number_k − mean)/sum((number − mean)²).
    """
    values = absorbed_dose_per_administered_activity_gy_per_bq
    count = len(values)
    if not count:
        raise ValueError("a prediction needs a measured cycle")
    latest = tuple(float(index == count - 1) for index in range(count))
    if predictor == "mean":
        return (1.0 / count,) * count
    if predictor == "activity-weighted-mean":
        total = math.fsum(administered_activity_bq)
        if not total > 0:
            raise ValueError("an activity-weighted mean needs an administered activity")
        return tuple(activity / total for activity in administered_activity_bq)
    if predictor == "maximum":
        highest = max(range(count), key=lambda index: values[index])
        return tuple(float(index == highest) for index in range(count))
    if predictor == "linear-trend" and count >= TREND_NEEDS_CYCLES:
        centre = math.fsum(cycle_numbers) / count
        spread = math.fsum((number - centre) ** 2 for number in cycle_numbers)
        trend = tuple(1.0 / count + (next_cycle - centre) * (number - centre) / spread for number in cycle_numbers)
        if linear_trend_may_fall or weighted_sum(trend, values) >= values[-1]:
            return trend
    return latest


def weighted_sum(weights: Sequence[float], values: Sequence[float]) -> float:
    """Sum of weight times value: the prediction."""
    return math.fsum(weight * value for weight, value in zip(weights, values, strict=True))
