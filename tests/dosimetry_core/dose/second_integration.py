"""Voxel energies from point kernels by another way: source points and rays of a quasi-random sequence."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from dosimetry_core.dose.voxel_kernel import Spacing

Lag = tuple[int, int, int]
LAGS: tuple[Lag, ...] = tuple((a, b, c) for a, b, c in itertools.product((0, 1), repeat=3))


REACHED = 0.95
"""Share of the energy within the distance from a face that counts as near."""
HALF_WITHIN = 0.5
"""Half of the places are drawn within this part of that distance."""


@dataclass(frozen=True)
class Estimate:
    """Energy in J per decay, and its standard error by independently scrambled repetitions."""

    energy_j: float
    standard_error_j: float


def energies_by_rays_j(
    edge_mm: NDArray[np.float64],
    energy_j: NDArray[np.float64],
    spacing: Spacing,
    *,
    points: int,
    repetitions: int,
    seed: int,
) -> dict[Lag, Estimate]:
    """Energy in the source voxel and its neighbours.

    Each point of the sequence is a place in the source voxel and a direction of the first octant; what lies on the ray
    between where it enters and leaves a voxel is taken from the sums of the shells, so no radius is drawn. The other
    octants are its mirror images. Places near the faces towards a neighbour are drawn more often, with less weight:
    short ranges reach it from there only.
    """
    size, cumulative = np.array(spacing), np.concatenate([[0.0], np.cumsum(energy_j)])
    near_mm = float(np.interp(REACHED * cumulative[-1], cumulative, edge_mm))
    found: dict[Lag, list[float]] = {lag: [] for lag in LAGS}
    for repetition in range(repetitions):
        drawn = qmc.Sobol(5, scramble=True, seed=seed + repetition).random(points)
        cosine, azimuth = drawn[:, 3], drawn[:, 4] * (np.pi / 2)
        sine = np.sqrt(1 - cosine**2)
        direction = np.stack([cosine, sine * np.cos(azimuth), sine * np.sin(azimuth)], axis=1)
        direction = np.maximum(direction, 1e-15)
        for lag in LAGS:
            place, weight = _places(drawn[:, :3], size, lag, near_mm)
            low = np.array(lag) * size
            enters = np.maximum(((low - place) / direction).max(axis=1), 0.0)
            leaves = ((low + size - place) / direction).min(axis=1)
            leaves = np.maximum(leaves, enters)
            inside = np.interp(leaves, edge_mm, cumulative) - np.interp(enters, edge_mm, cumulative)
            found[lag].append(float((weight * inside).mean()) / 2 ** sum(lag))
    return {
        lag: Estimate(float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(repetitions)))
        for lag, values in found.items()
    }


def _places(
    drawn: NDArray[np.float64], size: NDArray[np.float64], lag: Lag, near_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places in the source voxel, shape (n, 3), and their weights."""
    place, weight = drawn * size, np.ones(len(drawn))
    for axis in range(3):
        if not lag[axis] or near_mm >= size[axis] / 2:
            continue
        # The distance from the face is the size times a power of an even number: half of the places are this near.
        power = np.log(HALF_WITHIN * near_mm / size[axis]) / np.log(0.5)
        place[:, axis] = size[axis] * (1 - drawn[:, axis] ** power)
        weight *= power * drawn[:, axis] ** (power - 1)
    return place, weight
