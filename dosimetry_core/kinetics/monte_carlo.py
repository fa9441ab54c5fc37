"""Uncertainty of a time-integrated activity by sampling: points drawn anew, fitted again, integrated."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import FitError
from dosimetry_core.kinetics.covariance import variance_inflation
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.exponential_fit import RateBelief
from dosimetry_core.kinetics.fit_uncertainty import FitTerms, fit_with
from dosimetry_core.kinetics.integrate import TrapezoidCurve
from dosimetry_core.kinetics.result import ExponentialShape, FitResult
from dosimetry_core.kinetics.weighting import MEASURED, fitted_points
from dosimetry_core.nuclide import decay_constant_per_s

FloatArray = NDArray[np.float64]


def sampled_time_integrated_activity_bq_s(fit: FitResult, draws: int, generator: np.random.Generator) -> FloatArray:
    """Time-integrated activities of curves fitted to points drawn around the measured ones.

    Parameters
    ----------
    fit
        A measured curve: sum of exponentials or trapezoid.
    generator
        Seeded.

    Returns
    -------
    array
        Shape (draws,). Their standard deviation is the same quantity as ``fit_standard_uncertainty_bq_s`` without its
        linearisation: points scatter with their believed uncertainties, inflated as in the covariance; a prior's
        half-life is drawn, too.

    Raises
    ------
    FitError
        If the uncertainties of the points are not known, or a drawn activity can't be weighted.
    """
    if fit.derived_from is not None or not isinstance(fit.shape, ExponentialShape | TrapezoidCurve):
        raise ValueError("only measured curves of one model can be drawn again")
    slowest = decay_constant_per_s(fit.physical_half_life_s)
    points = fitted_points(fit.curve, fit.weights, slowest, least_points=1)
    if points.uncertainty_bq is None:
        raise FitError("the uncertainties of the points are not known", remedy="choose proportional weights")
    inflation = 1.0 if fit.chi_squared is None else variance_inflation(fit.chi_squared, fit.degrees_of_freedom)
    spread = points.uncertainty_bq * math.sqrt(inflation)
    known = points.uncertainty_bq if points.convention == MEASURED else None
    totals = np.empty(draws)
    # All at once: a generator lets go of Python for each call, and may wait long until it has it again.
    believed = fit.prior is not None and not isinstance(fit.shape, TrapezoidCurve)
    drawn_normals = generator.standard_normal((draws, spread.size + believed))
    for number, normals in enumerate(drawn_normals):
        values = points.activity_bq + spread * normals[: spread.size]
        curve = TimeActivityCurve(points.times_s, values, fit.curve.nuclide, known)
        drawn = fitted_points(curve, fit.weights, slowest, least_points=1)
        if isinstance(fit.shape, TrapezoidCurve):
            totals[number] = TrapezoidCurve(
                drawn.times_s, drawn.activity_bq, slowest, tail=fit.shape.tail
            ).time_integrated_activity_bq_s
            continue
        belief = None
        if fit.prior is not None:
            rate = math.log(decay_constant_per_s(fit.prior.effective_half_life_s))
            deviation = fit.prior.ln_standard_deviation
            belief = RateBelief(rate + deviation * float(normals[-1]), deviation)
        found = fit_with(drawn, fit.shape.family, FitTerms(fit.tail == "physical", belief), kept=False)
        totals[number] = found.shape.time_integrated_activity_bq_s
    return totals
