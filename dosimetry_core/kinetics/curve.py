"""Time–activity curve: the measured activities of one VOI, blood or the whole body."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.frozen import read_only


@dataclass(frozen=True, eq=False)
class TimeActivityCurve:
    """Measured activity of one region at a few times.

    Parameters
    ----------
    times_s
        Times after the middle of the infusion, increasing, not negative; shape (n_times,).
    activity_bq
        Activity at those times, not decay-corrected; shape (n_times,). May be negative in noise.
    nuclide
        ``"Lu-177"``.
    random_standard_uncertainty_bq
        Between-scan standard uncertainty of each activity (counting, registration), positive; None if unknown.
        Calibration and volume are common to all points and do not belong here (methods 2.2).
    included
        False for a point that is shown but left out of the fit; None for all.
    """

    times_s: NDArray[np.float64]
    activity_bq: NDArray[np.float64]
    nuclide: str
    random_standard_uncertainty_bq: NDArray[np.float64] | None = None
    included: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        times = np.array(self.times_s, dtype=np.float64)
        activity = np.array(self.activity_bq, dtype=np.float64)
        if times.ndim != 1 or times.shape != activity.shape:
            raise ValueError(
                f"times and activities must have the same shape (n_times,), not {times.shape}, {activity.shape}"
            )
        # Plain numbers: with the handful of points of a curve that is several times faster.
        in_order = times.tolist()
        if not (all(map(math.isfinite, in_order)) and all(map(math.isfinite, activity.tolist()))):
            raise ValueError("times and activities must be finite")
        included = np.ones(times.shape, dtype=np.bool_) if self.included is None else np.array(self.included, np.bool_)
        if included.shape != times.shape:
            raise ValueError("the mask of included points must have the shape of the times")
        uncertainty = self.random_standard_uncertainty_bq
        if uncertainty is not None:
            uncertainty = np.array(uncertainty, dtype=np.float64)
            if uncertainty.shape != times.shape or not all(0 < u < math.inf for u in uncertainty.tolist()):
                raise ValueError("random standard uncertainties must be positive and have the shape of the times")
            object.__setattr__(self, "random_standard_uncertainty_bq", read_only(uncertainty))
        if in_order and in_order[0] < 0:
            raise InconsistentCaseError(
                "a time point lies before the middle of the infusion",
                where="times",
                remedy="check the time of administration and the clocks",
            )
        if any(later <= earlier for earlier, later in pairwise(in_order)):
            raise InconsistentCaseError(
                "two time points have the same time or are out of order",
                where="times",
                remedy="check acquisition times",
            )
        object.__setattr__(self, "times_s", read_only(times))
        object.__setattr__(self, "activity_bq", read_only(activity))
        object.__setattr__(self, "included", read_only(included))

    def has_same_points(self, other: TimeActivityCurve) -> bool:
        """Whether times, activities, uncertainties, inclusions and nuclide are the very same numbers."""
        one, two = self.random_standard_uncertainty_bq, other.random_standard_uncertainty_bq
        alike = two is None if one is None else two is not None and np.array_equal(one, two)
        return (
            alike
            and self.nuclide == other.nuclide
            and np.array_equal(self.times_s, other.times_s)
            and np.array_equal(self.activity_bq, other.activity_bq)
            and np.array_equal(self.mask, other.mask)
        )

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Which points take part in the fit, shape (n_times,)."""
        assert self.included is not None
        return self.included

    @cached_property
    def fitted_times_s(self) -> NDArray[np.float64]:
        """Times of the included points."""
        return read_only(self.times_s[self.mask])

    @cached_property
    def fitted_activity_bq(self) -> NDArray[np.float64]:
        """Activities of the included points."""
        return read_only(self.activity_bq[self.mask])

    @cached_property
    def fitted_uncertainty_bq(self) -> NDArray[np.float64] | None:
        """Random standard uncertainties of the included points, or None."""
        known = self.random_standard_uncertainty_bq
        return None if known is None else read_only(known[self.mask])

    def excluding(self, *numbers: int) -> TimeActivityCurve:
        """The same curve without the time points of these numbers (1 = first) in the fit."""
        included = self.mask.copy()
        for number in numbers:
            if not 1 <= number <= included.size:
                raise InconsistentCaseError(
                    f"there is no time point {number}; the curve has {included.size}", remedy="correct the exclusion"
                )
            included[number - 1] = False
        return replace(self, included=included)

    def redecayed(self, nuclide: str, *, decay_constant_change_per_s: float, factor: float) -> TimeActivityCurve:
        """The curve of another nuclide with the same biodistribution (methods 5).

        Each activity is multiplied by ``factor`` (ratio of administered activities) and
        exp(−``decay_constant_change_per_s`` · t), the change being λ_to − λ_from.
        """
        scale = factor * np.exp(-decay_constant_change_per_s * self.times_s)
        u = self.random_standard_uncertainty_bq
        return TimeActivityCurve(
            self.times_s, self.activity_bq * scale, nuclide, None if u is None else u * scale, self.included
        )
