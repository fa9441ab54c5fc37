"""Ranks models by the corrected information criterion, where it is defined, and by fit to the points (methods 2.3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from dosimetry_core.kinetics.covariance import MISFIT_PROBABILITY, probability_of_worse_fit
from dosimetry_core.kinetics.result import FitResult

REMARKABLE_RESIDUAL: Final = 0.05
"""Residuals up to this part of the activity are not worth a physicist's attention."""


def corrected_information_criterion(chi_squared: float, points: int, parameters: int) -> float | None:
    """AICc = χ² + 2K + 2K(K+1)/(n−K−1) for known uncertainties; None where n ≤ K + 1.

    Examples
    --------
    Four time points allow it for a mono-exponential (K = 2) only.
    """
    room = points - parameters - 1
    if room <= 0:
        return None
    return chi_squared + 2 * parameters + 2 * parameters * (parameters + 1) / room


def corrected_information_criterion_unknown_scale(sum_of_squares: float, points: int, parameters: int) -> float | None:
    """AICc = n ln(SSE/n) + 2K + 2K(K+1)/(n−K−1) for relative weights, the scale counted in K; None if undefined."""
    counted = parameters + 1
    room = points - counted - 1
    if room <= 0 or sum_of_squares <= 0:
        return None
    return points * math.log(sum_of_squares / points) + 2 * counted + 2 * counted * (counted + 1) / room


def describes_points(fit: FitResult) -> bool:
    """Whether χ² is believable, or no residual is worth a physicist's attention (over 5 %)."""
    if fit.chi_squared is None or fit.degrees_of_freedom <= 0:
        return True
    if probability_of_worse_fit(fit.chi_squared, fit.degrees_of_freedom) >= MISFIT_PROBABILITY:
        return True
    inside = fit.curve.mask
    return bool((abs(fit.residuals_bq[inside]) <= REMARKABLE_RESIDUAL * abs(fit.curve.activity_bq[inside])).all())


def ranked(candidates: Sequence[FitResult]) -> list[FitResult]:
    """Fits with a defined criterion, best first; the others are left out, never ranked by their χ² of zero."""
    defined = [fit for fit in candidates if fit.information_criterion is not None]
    return sorted(defined, key=lambda fit: fit.information_criterion or 0.0)


def akaike_weights(candidates: Sequence[FitResult]) -> list[float]:
    """Weights exp(−Δ/2)/Σ of fits that all have a defined criterion."""
    criteria = [fit.information_criterion for fit in candidates]
    if any(value is None for value in criteria):
        raise ValueError("weights need a defined information criterion for each candidate")
    values = [value for value in criteria if value is not None]
    if not values:
        return []
    raw = [math.exp(-(value - min(values)) / 2) for value in values]
    return [value / sum(raw) for value in raw]


def averaged(
    weights: Sequence[float], values: Sequence[float], standard_uncertainties: Sequence[float]
) -> tuple[float, float, float]:
    """Weighted mean, its standard uncertainty by the fits alone, and what the spread of the models adds.

    The total is Σ w √(u_m² + (x_m − x̄)²) (Burnham and Anderson, Model Selection and Multimodel Inference, 2002, 4.3.2);
    the part by the fits is Σ w u_m, the other what is left in quadrature.
    """
    mean = sum(w * x for w, x in zip(weights, values, strict=True))
    by_fits = sum(w * u for w, u in zip(weights, standard_uncertainties, strict=True))
    total = sum(w * math.hypot(u, x - mean) for w, x, u in zip(weights, values, standard_uncertainties, strict=True))
    return mean, by_fits, math.sqrt(max(total**2 - by_fits**2, 0.0))
