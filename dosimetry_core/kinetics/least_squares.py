"""Weighted least squares for the few points and few parameters of a time–activity curve (Levenberg–Marquardt)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ModelFunction = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Maps a parameter vector to (values, Jacobian), shapes (n,) and (n, p)."""

_RELATIVE_CHANGE_AT_REST = 1e-13
_LARGEST_STEP = 2.0


def minimum(
    model: ModelFunction, start: FloatArray, values: FloatArray, weights: FloatArray, *, iterations: int = 60
) -> tuple[FloatArray, float]:
    """Parameters that minimise Σ w_i (y_i − f_i)², and that minimum.

    Parameters
    ----------
    model
        Values and Jacobian at a parameter vector.
    start
        First guess; parameters are expected to be of order one in effect (logarithms of physical ones), so that a
        single step is limited to two units.
    values, weights
        y_i and w_i ≥ 0, shape (n,).
    """
    theta = np.array(start, dtype=np.float64)
    root_weights = np.sqrt(weights)
    f, jacobian = model(theta)
    residual = (values - f) * root_weights
    chi_squared = float(residual @ residual)
    exact = 1e-22 * float(weights @ values**2)
    damping = 1e-3
    diagonal = np.arange(theta.size)
    for _ in range(iterations):
        scaled = jacobian * root_weights[:, None]
        normal = scaled.T @ scaled
        gradient = scaled.T @ residual
        size = np.maximum(normal[diagonal, diagonal], 1e-300)
        improved = False
        for _ in range(12):
            damped = normal.copy()
            damped[diagonal, diagonal] += damping * size
            try:
                step = np.linalg.solve(damped, gradient)
            except np.linalg.LinAlgError:
                damping *= 10.0
                continue
            largest = float(np.abs(step).max())
            if largest > _LARGEST_STEP:
                step *= _LARGEST_STEP / largest
            trial = theta + step
            f, trial_jacobian = model(trial)
            trial_residual = (values - f) * root_weights
            trial_chi_squared = float(trial_residual @ trial_residual)
            if np.isfinite(trial_chi_squared) and trial_chi_squared <= chi_squared:
                improved = True
                break
            damping *= 10.0
        if not improved:
            break
        change = chi_squared - trial_chi_squared
        theta, residual, jacobian = trial, trial_residual, trial_jacobian
        at_rest = change <= _RELATIVE_CHANGE_AT_REST * (chi_squared + 1e-30) and float(np.abs(step).max()) < 1e-7
        chi_squared = trial_chi_squared
        damping = max(damping * 0.1, 1e-14)
        if at_rest or chi_squared <= exact:
            break
    return theta, chi_squared
