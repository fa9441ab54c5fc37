"""How much of a region lies a given step away inside itself, averaged over directions: its set covariance.

Of the energy that even uptake gives off, the part that stays is the mean of that function over the steps of the
kernel. Near zero it falls as 1 − S r/(4 V) (Cauchy, surface S over volume V), which voxels can't show: their outline
is blurred by the voxel. So a polynomial is fitted to the blurred function at the lags of the grid, with the blur in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dosimetry_core.dose.convolution import FloatMap, workers_for
from dosimetry_core.dose.voxel_kernel import RadialEnergy

FloatArray = NDArray[np.float64]
_POWERS = (1, 2, 3, 4)
_NEAREST_VOXELS = 1.5


@dataclass(frozen=True)
class Covariogram:
    """1 + Σ cₙ rⁿ, the part of a region that is still in it after a step r in a chance direction.

    Parameters
    ----------
    coefficients_per_mm
        Of r, r², r³, r⁴.
    longest_step_mm
        What it was fitted up to.
    """

    coefficients_per_mm: tuple[float, ...]
    longest_step_mm: float

    def staying(self, step_mm: FloatArray) -> FloatArray:
        """Part that stays after a step, 0 … 1."""
        values = 1.0 + sum(c * step_mm**n for c, n in zip(self.coefficients_per_mm, _POWERS, strict=True))
        return np.asarray(np.minimum(np.maximum(values, 0.0), 1.0))

    def absorbed_fraction(self, radial: RadialEnergy) -> float:
        """Part of a kernel's energy that even uptake leaves in the region."""
        edges, energy = radial.edge_mm, radial.energy_j
        middle = (edges[1:] + edges[:-1]) / 2
        # Three points of each shell: coarse shells at the end of the table are wide against the step they stand for.
        half = (edges[1:] - edges[:-1]) / 2
        near, far = (self.staying(middle + sign * half * np.sqrt(0.6)) for sign in (-1.0, 1.0))
        mean = (5 * near + 8 * self.staying(middle) + 5 * far) / 18
        return float(energy @ mean / energy.sum())


def covariogram(inside: FloatMap, spacing_mm: tuple[float, float, float], *, longest_step_mm: float) -> Covariogram:
    """Of a region on a grid.

    Parameters
    ----------
    inside
        Part of each voxel that belongs to the region, 0 … 1.
    longest_step_mm
        Up to which it is wanted; at least a few voxels are used.

    Notes
    -----
    The lags' sum of products is the true function averaged over two voxel boxes, whose variance along each axis is
    h²/6: ⟨rⁿ⟩ = rⁿ + (h²/12) ∇² rⁿ = rⁿ + (h²/12) n (n + 1) rⁿ⁻².
    """
    spacing = np.array(spacing_mm)
    reach = max(longest_step_mm, 4 * float(spacing.max()))
    lags = [min(int(np.ceil(reach / h)), n - 1) for h, n in zip(spacing_mm, inside.shape, strict=True)]
    padded = [fft.next_fast_len(n + lag, real=True) for n, lag in zip(inside.shape, lags, strict=True)]
    transform = fft.rfftn(inside.astype(np.float32), padded, workers=workers_for(padded))
    power = transform.real**2 + transform.imag**2
    products = fft.irfftn(power, padded, workers=workers_for(padded))
    # Half of all lags: the other half mirrors it.
    parts = [np.arange(0, lags[0] + 1), np.arange(-lags[1], lags[1] + 1), np.arange(-lags[2], lags[2] + 1)]
    values = products[np.ix_(*parts)].astype(np.float64) / float(inside.sum(dtype=np.float64))
    down, along, across = np.ix_(*(np.square(h * part) for h, part in zip(spacing_mm, parts, strict=True)))
    steps = np.sqrt(down + along + across)
    used = (steps >= _NEAREST_VOXELS * float(spacing.max())) & (steps <= reach)
    r, seen = steps[used], values[used]
    blur = float((spacing**2).mean()) / 12
    columns = [r**n + blur * n * (n + 1) * r ** (n - 2) for n in _POWERS]
    # There are r² as many lags at a distance r; weights of 1/r² in the sum of squares make every distance count alike.
    weight = 1 / r
    found, *_ = np.linalg.lstsq(np.stack(columns, axis=1) * weight[:, None], (seen - 1) * weight, rcond=None)
    return Covariogram(tuple(float(c) for c in found), reach)
