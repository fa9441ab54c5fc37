"""Whether residuals follow a pattern that a second phase would leave, instead of chance."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.kinetics.result import ExponentialShape, FitResult

FloatArray = NDArray[np.float64]

_FASTER: Final = 4.0
"""The second phase that is looked for: an early one that falls this much faster than the curve's slowest."""


def curvature_score(fit: FitResult, uncertainty_bq: FloatArray | None) -> float | None:
    """Score of one more phase, in standard deviations: positive for points that bend upwards more than the curve.

    Adding a little of an early phase would change the points by d = exp(−4 λ t). Whatever the free parameters can make
    up for is projected out of d, and the residuals r are compared with what is left: z = dᵀWr/√(dᵀWd), W = 1/u². By
    chance z is standard normal.

    Returns
    -------
    float or None
        None for a fit without degrees of freedom, or whose points have no known uncertainties.
    """
    if uncertainty_bq is None or fit.degrees_of_freedom < 1 or not isinstance(fit.shape, ExponentialShape):
        return None
    family = fit.shape.family
    times = fit.curve.fitted_times_s
    fitted, jacobian = family.activity_and_jacobian(fit.shape.natural, times)
    columns = [family.parameter_names.index(name) for name in fit.covariance_names]
    free = jacobian[:, columns] / uncertainty_bq[:, None]
    free = free / np.sqrt((free**2).sum(axis=0))
    slowest = math.log(2) / fit.effective_half_life_s
    direction = fitted[0] * np.exp(-_FASTER * slowest * times) / uncertainty_bq
    basis, _ = np.linalg.qr(free)
    left = direction - basis @ (basis.T @ direction)
    size = float(np.linalg.norm(left))
    if size <= 1e-6 * float(np.linalg.norm(direction)):
        return None
    return float(left @ ((fit.curve.fitted_activity_bq - fitted) / uncertainty_bq)) / size
