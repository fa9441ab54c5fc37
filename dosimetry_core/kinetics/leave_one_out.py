"""What each scan does to a result: the same fit without it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dosimetry_core.errors import DosimetryError
from dosimetry_core.kinetics.exponential_fit import RateBelief
from dosimetry_core.kinetics.fit_uncertainty import FitTerms, fit_with
from dosimetry_core.kinetics.integrate import TrapezoidCurve
from dosimetry_core.kinetics.result import ExponentialShape, FitResult
from dosimetry_core.kinetics.weighting import Weights, fitted_points
from dosimetry_core.nuclide import decay_constant_per_s


@dataclass(frozen=True)
class LeftOut:
    """Time-integrated activity without one point (1 = first); None where the others make no curve."""

    time_point: int
    time_integrated_activity_bq_s: float | None
    relative_change: float | None


def leave_one_out(fit: FitResult) -> tuple[LeftOut, ...]:
    """The fit's time-integrated activity without each of its included points in turn.

    The model is that of the result. Averages and single scans have none: their models are chosen by all points.
    """
    if fit.derived_from is not None or fit.single_scan is not None:
        return ()
    if not isinstance(fit.shape, ExponentialShape | TrapezoidCurve):
        return ()
    numbers = [k + 1 for k in range(fit.curve.times_s.size) if fit.curve.mask[k]]
    return tuple(_without(fit, number) for number in numbers)


def _without(fit: FitResult, number: int) -> LeftOut:
    try:
        total = _time_integrated_activity_bq_s(fit, number)
    except DosimetryError:
        return LeftOut(number, None, None)
    return LeftOut(number, total, total / fit.time_integrated_activity_bq_s - 1)


def _time_integrated_activity_bq_s(fit: FitResult, number: int) -> float:
    weights: Weights = fit.weights
    points = fitted_points(fit.curve.excluding(number), weights, decay_constant_per_s(fit.physical_half_life_s))
    if isinstance(fit.shape, TrapezoidCurve):
        return TrapezoidCurve(
            points.times_s, points.activity_bq, points.slowest_per_s, tail=fit.shape.tail
        ).time_integrated_activity_bq_s
    assert isinstance(fit.shape, ExponentialShape)
    belief = None
    if fit.prior is not None:
        rate = decay_constant_per_s(fit.prior.effective_half_life_s)
        belief = RateBelief(math.log(rate), fit.prior.ln_standard_deviation)
    found = fit_with(points, fit.shape.family, FitTerms(fit.tail == "physical", belief))
    return found.shape.time_integrated_activity_bq_s
