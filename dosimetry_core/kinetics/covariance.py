"""Covariance of weighted least squares when the believed variances are not the inverse weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, gammaincc

FloatArray = NDArray[np.float64]

MISFIT_PROBABILITY: Final = 0.01
"""A fit whose χ² would be exceeded with less than this probability does not describe the points."""


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """H = Jᵀ W J of a weighted fit, inverted once for any believed variances of its points.

    Parameters
    ----------
    weights
        Diagonal of W, shape (n_points,).
    scale
        Length of each column of √W J, shape (n_parameters,), so that amplitudes and constants meet on equal terms.
    scaled
        J over the scale, shape (n_points, n_parameters).
    inverse
        Of H in those units.
    """

    weights: FloatArray
    scale: FloatArray
    scaled: FloatArray
    inverse: FloatArray

    @staticmethod
    def of(jacobian: FloatArray, weights: FloatArray) -> NormalEquations:
        """For ∂f_i/∂parameter, shape (n_points, n_parameters), and weights, shape (n_points,)."""
        scale = np.sqrt((jacobian**2 * weights[:, None]).sum(axis=0))
        scale[scale == 0] = 1.0
        scaled = jacobian / scale
        return NormalEquations(weights, scale, scaled, pseudo_inverse(scaled.T @ (weights[:, None] * scaled), 1e-13))

    def covariance(self, variances: FloatArray) -> FloatArray:
        """V = H⁻¹ Jᵀ W Σ W J H⁻¹, which equals H⁻¹ where Σ = W⁻¹; ``variances`` is the diagonal of Σ."""
        spread = self.inverse @ (self.scaled.T * (self.weights**2 * variances)) @ self.scaled @ self.inverse
        return np.asarray(spread / np.outer(self.scale, self.scale))


def sandwich_covariance(jacobian: FloatArray, weights: FloatArray, variances: FloatArray) -> FloatArray:
    """V = H⁻¹ Jᵀ W Σ W J H⁻¹ with H = Jᵀ W J; equals H⁻¹ where Σ = W⁻¹.

    Parameters
    ----------
    jacobian
        ∂f_i/∂parameter, shape (n_points, n_parameters).
    weights, variances
        Diagonals of W and Σ, shape (n_points,).
    """
    return NormalEquations.of(jacobian, weights).covariance(variances)


def pseudo_inverse(symmetric: FloatArray, least_share: float) -> FloatArray:
    """Pseudo-inverse of a symmetric matrix; eigenvalues below a share of the largest one count as zero.

    The same steps as `numpy.linalg.pinv` with ``hermitian``, whose preparations for stacks of complex matrices take
    longer than the work on one of two rows.
    """
    values, vectors = np.linalg.eigh(symmetric)
    size = np.abs(values)
    order = size.argsort()[::-1]
    size, vectors, signs = size[order], vectors[:, order], np.copysign(1.0, values[order])
    large = size > least_share * size[0]
    inverse = np.divide(1.0, size, where=large, out=np.zeros_like(size))
    return np.asarray((vectors * signs) @ (inverse[:, None] * vectors.T))


def variance_inflation(chi_squared: float, degrees_of_freedom: int) -> float:
    """χ²/(n−p) where above one, up to what chance allows; the rest is misfit, which a model uncertainty must hold."""
    if degrees_of_freedom < 1:
        return 1.0
    largest = float(chdtri(degrees_of_freedom, MISFIT_PROBABILITY))
    return max(1.0, min(chi_squared, largest) / degrees_of_freedom)


def probability_of_worse_fit(chi_squared: float, degrees_of_freedom: int) -> float:
    """Probability that a right model would give a larger χ²; 1 without degrees of freedom."""
    return float(gammaincc(degrees_of_freedom / 2, chi_squared / 2)) if degrees_of_freedom > 0 else 1.0
