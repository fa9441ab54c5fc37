"""Gamma index of two dose maps: how far, in dose and distance together, one is from the other.

Low D A et al. 1998, doi:10.1118/1.598248: γ(r) is the least √(|r′ − r|²/Δd² + (D′(r′) − D(r))²/ΔD²) over all points r′
of the other map; γ ≤ 1 passes. The other map is searched on a fine grid with linear interpolation, nearest points
first, and no further than can still lower γ.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from dosimetry_core.frozen import read_only
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.volume import Volume

STEPS_PER_DISTANCE = 8
"""The other map is looked at so many times within the accepted distance."""
HIGHEST = 2.0
"""A larger γ is given as this."""


@dataclass(frozen=True)
class GammaCriteria:
    """What counts as agreement.

    Parameters
    ----------
    dose_fraction
        Accepted difference of dose: of the largest dose, or of the dose at the place if ``local``.
    distance_mm
        Accepted distance.
    cutoff_fraction
        Voxels with less than this part of the largest dose are not looked at.
    """

    dose_fraction: float = 0.03
    distance_mm: float = 3.0
    cutoff_fraction: float = 0.1
    local: bool = False

    def __post_init__(self) -> None:
        if not (0 < self.dose_fraction < 1 and 0 < self.distance_mm < 100 and 0 <= self.cutoff_fraction < 1):
            raise ValueError("criteria of gamma out of range")

    def text(self) -> str:
        """As it is written: ``3 %/3 mm (of the largest dose), above 10 % of it``."""
        kind = "of the dose at the place" if self.local else "of the largest dose"
        return (
            f"{100 * self.dose_fraction:g} %/{self.distance_mm:g} mm ({kind}), "
            f"above {100 * self.cutoff_fraction:g} % of the largest dose"
        )


@dataclass(frozen=True, eq=False)
class GammaMap:
    """γ of each voxel of the first map, NaN where it is not looked at.

    ``unreachable`` counts voxels whose surroundings lie outside the other map; they are not looked at either.
    """

    values: NDArray[np.float32]
    criteria: GammaCriteria
    unreachable: int

    @property
    def count(self) -> int:
        """Voxels looked at."""
        return int(np.isfinite(self.values).sum())

    @property
    def pass_fraction(self) -> float | None:
        """Part of them with γ ≤ 1; None if there is none."""
        looked_at = np.isfinite(self.values)
        return float((self.values[looked_at] <= 1).mean()) if looked_at.any() else None


def gamma_map(
    dose: Volume, other: Volume, criteria: GammaCriteria | None = None, *, progress: Progress = no_progress
) -> GammaMap:
    """γ of one map of absorbed dose against another in the same frame of reference.

    Parameters
    ----------
    dose
        Whose voxels are judged, in Gy.
    other
        On any grid.

    Raises
    ------
    ValueError
        If a map holds no dose.
    """
    criteria = criteria or GammaCriteria()
    values = np.asarray(dose.values, dtype=np.float64)
    largest = float(values.max())
    if not largest > 0 or not float(np.asarray(other.values).max()) > 0:
        raise ValueError("a map without dose can't be compared")
    chosen = values >= max(criteria.cutoff_fraction * largest, np.finfo(float).tiny)
    indices = np.argwhere(chosen)
    points = dose.geometry.index_to_point(indices)
    here = values[chosen]
    accepted = criteria.dose_fraction * (here if criteria.local else np.full_like(here, largest))
    inside = _inside(other, points)
    squared = np.full(len(here), HIGHEST**2)
    shells = _shells(criteria.distance_mm)
    for number, (distance_mm, offsets) in enumerate(shells):
        open_ = inside & (squared > (distance_mm / criteria.distance_mm) ** 2)
        if not open_.any():
            break
        progress(number / len(shells), "Comparing dose maps")
        of_distance = (distance_mm / criteria.distance_mm) ** 2
        for offset in offsets:
            there, known = _at(other, points[open_] + offset)
            found = of_distance + ((there - here[open_]) / accepted[open_]) ** 2
            best = squared[open_]
            squared[open_] = np.where(known & (found < best), found, best)
    gamma = np.full(values.shape, np.nan, np.float32)
    gamma[chosen] = np.where(inside, np.sqrt(squared), np.nan)
    return GammaMap(read_only(gamma), criteria, int((~inside).sum()))


def _shells(distance_mm: float) -> list[tuple[float, NDArray[np.float64]]]:
    """Offsets by their length, nearest first, up to where γ would be the highest told."""
    step = distance_mm / STEPS_PER_DISTANCE
    most = int(HIGHEST * STEPS_PER_DISTANCE)
    grid = np.array(list(itertools.product(range(-most, most + 1), repeat=3)))
    squares = (grid**2).sum(axis=1)
    order = np.argsort(squares, kind="stable")
    grid, squares = grid[order], squares[order]
    keep = squares <= most**2
    grid, squares = grid[keep], squares[keep]
    lengths, first = np.unique(squares, return_index=True)
    groups = np.split(grid, first[1:])
    return [(float(np.sqrt(s)) * step, g * step) for s, g in zip(lengths, groups, strict=True)]


def _inside(other: Volume, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    index = other.geometry.point_to_index(points)
    last = np.array(other.geometry.shape) - 1
    result: NDArray[np.bool_] = np.all((index >= -1e-6) & (index <= last + 1e-6), axis=1)
    return result


def _at(other: Volume, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    index = other.geometry.point_to_index(points)
    found = map_coordinates(np.asarray(other.values), index.T, output=np.float64, order=1, mode="nearest")
    return found, _inside(other, points)
