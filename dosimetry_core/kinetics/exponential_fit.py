"""Weighted fit of a sum of exponentials whose bounds hold by construction (methods 2.1–2.2).

Amplitudes are exponentials of a free number, and decay constants are chained: λ_slow = λ_min + exp(q),
λ_fast = λ_slow + exp(q'), λ_u > λ_fast. A phase that the points do not show is taken out rather than invented, and a
constant that runs to its bound is fixed there and the rest fitted again; both are recorded.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import FitError
from dosimetry_core.kinetics import least_squares
from dosimetry_core.kinetics.models import BI, MONO, TRI_UPTAKE, UPTAKE, ExponentialFamily

FloatArray = NDArray[np.float64]

_WITHOUT_FASTEST_PHASE: Final = {BI: MONO, TRI_UPTAKE: UPTAKE}
_WITHOUT_UPTAKE: Final = {UPTAKE: MONO, TRI_UPTAKE: BI}
# A falling phase may not be drawn back from the first point by more than this factor, nor may an uptake be slower
# than seen: beyond it the points say nothing about the phase, and its integral would be an invention.
_LARGEST_BACK_EXTRAPOLATION: Final = 20.0
_SMALLEST_UPTAKE_REMAINDER: Final = 1e-3
_SMALLEST_UPTAKE_RATIO: Final = 1.05
_AT_BOUND: Final = 1e-3
_SAME_PHASE: Final = 1e-2
_UNSEEN_AMPLITUDE: Final = 1e-4
_GRID_POINTS: Final = 9


@dataclass(frozen=True, eq=False)
class FamilyFit:
    """Best parameters of one family.

    Parameters
    ----------
    family
        Family of the curve found; smaller than the one asked for where a phase could not be seen.
    natural
        Natural parameters (models.py).
    fixed
        Names of parameters that lie on a bound and were not free.
    unseen_phases
        What was taken out: ``fast phase`` or ``uptake phase``.
    unbounded_decay_constant_per_s
        Of a mono-exponential whose bound is active, what the points alone would give (not positive on a rise).
    """

    family: ExponentialFamily
    natural: FloatArray
    fixed: tuple[str, ...] = ()
    unseen_phases: tuple[str, ...] = ()
    unbounded_decay_constant_per_s: float | None = None


def fit_family(
    family: ExponentialFamily,
    times_s: FloatArray,
    activity_bq: FloatArray,
    weights: FloatArray,
    *,
    smallest_decay_constant_per_s: float,
) -> FamilyFit:
    """Fit one family to n points, minimising Σ w_i (A_i − f_i)².

    Raises
    ------
    FitError
        With fewer points than parameters, or nothing but noise below zero.
    """
    if times_s.size < family.parameter_count:
        raise FitError(
            f"{times_s.size} time points can't determine {family.parameter_count} parameters ({family.name})",
            remedy="choose a simpler model, or add time points",
        )
    if np.count_nonzero(activity_bq > 0) < 2:
        raise FitError("fewer than two activities are positive", remedy="check the VOI, or exclude the curve")
    time_scale = float(times_s[-1])
    activity_scale = float(np.abs(activity_bq).max())
    found = _fit_scaled(
        family,
        times_s / time_scale,
        activity_bq / activity_scale,
        weights * activity_scale**2,
        smallest_decay_constant_per_s * time_scale,
    )
    natural = found.natural / time_scale
    natural[: found.family.decays] = found.natural[: found.family.decays] * activity_scale
    unbounded = found.unbounded_decay_constant_per_s
    return FamilyFit(
        found.family,
        natural,
        found.fixed,
        found.unseen_phases,
        None if unbounded is None else unbounded / time_scale,
    )


def _fit_scaled(family: ExponentialFamily, t: FloatArray, y: FloatArray, w: FloatArray, lowest: float) -> FamilyFit:
    if family is MONO:
        return _fit_mono(t, y, w, lowest)
    first = float(t[t > 0][0])
    highest_fast = math.log(_LARGEST_BACK_EXTRAPOLATION) / first
    highest_uptake = -math.log(_SMALLEST_UPTAKE_REMAINDER) / first
    start = _best_grid_start(family, t, y, w, lowest, highest_fast, highest_uptake)
    if start is None:
        smaller = _WITHOUT_FASTEST_PHASE.get(family) or _WITHOUT_UPTAKE[family]
        phase = "fast phase" if family in _WITHOUT_FASTEST_PHASE else "uptake phase"
        return _smaller(smaller, phase, t, y, w, lowest)
    fixed: dict[int, float] = {}
    m = family.decays
    natural = _polished(family, start, t, y, w, lowest, fixed)
    for _ in range(2):
        slow = natural[2 * m - 1]
        if family.uptake and natural[2 * m] > highest_uptake:
            return _smaller(_WITHOUT_UPTAKE[family], "uptake phase", t, y, w, lowest)
        if m == 2:
            seen = natural[0] * math.exp(-natural[2] * t[0]) > _UNSEEN_AMPLITUDE
            if not seen or natural[2] / slow - 1 < _SAME_PHASE or natural[1] < _UNSEEN_AMPLITUDE * natural[0]:
                return _smaller(_WITHOUT_FASTEST_PHASE[family], "fast phase", t, y, w, lowest)
        added = {}
        if 2 * m - 1 not in fixed and slow / lowest - 1 < _AT_BOUND:
            added[2 * m - 1] = lowest
        if m == 2 and 2 not in fixed and natural[2] > highest_fast:
            added[2] = highest_fast
        if not added:
            break
        fixed |= added
        natural = _polished(family, natural, t, y, w, lowest, fixed)
    names = family.parameter_names
    return FamilyFit(family, natural, tuple(names[number] for number in sorted(fixed)))


def _smaller(
    family: ExponentialFamily, unseen: str, t: FloatArray, y: FloatArray, w: FloatArray, lowest: float
) -> FamilyFit:
    found = _fit_scaled(family, t, y, w, lowest)
    return FamilyFit(
        found.family,
        found.natural,
        found.fixed,
        (unseen, *found.unseen_phases),
        found.unbounded_decay_constant_per_s,
    )


def _fit_mono(t: FloatArray, y: FloatArray, w: FloatArray, lowest: float) -> FamilyFit:
    positive = y > 0
    # Logarithms of the points, weighted as their errors transform, are the first guess.
    lw = w[positive] * y[positive] ** 2
    lt, ly = t[positive], np.log(y[positive])
    mean_t, mean_y = float(lw @ lt / lw.sum()), float(lw @ ly / lw.sum())
    slope = float(lw @ ((lt - mean_t) * (ly - mean_y)) / (lw @ (lt - mean_t) ** 2))

    def model(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        f = np.exp(np.minimum(theta[0] - theta[1] * t, 300.0))
        return f, np.column_stack((f, -t * f))

    theta, _ = least_squares.minimum(model, np.array([mean_y - slope * mean_t, -slope]), y, w)
    if theta[1] > lowest:
        return FamilyFit(MONO, np.array([math.exp(theta[0]), theta[1]]))
    shape = np.exp(-lowest * t)
    amplitude = float((w * shape) @ y / ((w * shape) @ shape))
    if amplitude <= 0:
        raise FitError("the activities average to nothing above zero", remedy="check the VOI, or exclude the curve")
    return FamilyFit(
        MONO, np.array([amplitude, lowest]), ("decay_constant_per_s",), unbounded_decay_constant_per_s=float(theta[1])
    )


@functools.cache
def _grid_combinations(constants: int) -> NDArray[np.intp]:
    """Index combinations, slowest first."""
    return np.array(list(itertools.combinations(range(_GRID_POINTS), constants)))


def _best_grid_start(
    family: ExponentialFamily,
    t: FloatArray,
    y: FloatArray,
    w: FloatArray,
    lowest: float,
    highest_fast: float,
    highest_uptake: float,
) -> FloatArray | None:
    """Natural parameters of the best point of a coarse grid of decay constants with positive amplitudes, or None."""
    m = family.decays
    top = highest_uptake if family.uptake else highest_fast
    values = lowest * 1.02 * (0.9 * top / (lowest * 1.02)) ** (np.arange(_GRID_POINTS) / (_GRID_POINTS - 1))
    if top <= lowest * 1.1:
        return None
    chosen = values[_grid_combinations(m + int(family.uptake))]
    if m == 2:
        chosen = chosen[chosen[:, 1] < highest_fast]
    shapes = np.exp(-chosen[:, :, None] * t)
    basis = shapes[:, :m] - shapes[:, m : m + 1] if family.uptake else shapes[:, :m]
    weighted = basis * w
    gram = weighted @ basis.transpose(0, 2, 1)
    right = weighted @ y
    if m == 1:
        amplitudes = right / gram[:, 0]
    else:
        determinant = gram[:, 0, 0] * gram[:, 1, 1] - gram[:, 0, 1] ** 2
        usable = determinant > 1e-12 * gram[:, 0, 0] * gram[:, 1, 1]
        determinant = np.where(usable, determinant, np.inf)
        slow = (gram[:, 1, 1] * right[:, 0] - gram[:, 0, 1] * right[:, 1]) / determinant
        fast = (gram[:, 0, 0] * right[:, 1] - gram[:, 0, 1] * right[:, 0]) / determinant
        amplitudes = np.column_stack((slow, fast))
    residual = y - (amplitudes[:, :, None] * basis).sum(axis=1)
    chi_squared = (w * residual**2).sum(axis=1)
    chi_squared[~(amplitudes > 0).all(axis=1)] = np.inf
    best = int(np.argmin(chi_squared))
    if not np.isfinite(chi_squared[best]):
        return None
    natural = np.empty(family.parameter_count)
    natural[:m] = amplitudes[best, ::-1]
    natural[m : 2 * m] = chosen[best, :m][::-1]
    if family.uptake:
        natural[2 * m] = chosen[best, m]
    return natural


def _polished(
    family: ExponentialFamily,
    start: FloatArray,
    t: FloatArray,
    y: FloatArray,
    w: FloatArray,
    lowest: float,
    fixed: dict[int, float],
) -> FloatArray:
    """Local minimum from a start, some decay constants held; natural parameters."""
    m = family.decays
    free = [number for number in range(2 * m - 1, m - 1, -1) if number not in fixed]
    free += [2 * m] if family.uptake and 2 * m not in fixed else []
    position = {number: m + place for place, number in enumerate(free)}

    def natural_and_derivative(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        natural = np.empty(family.parameter_count)
        derivative = np.zeros((family.parameter_count, theta.size))
        natural[:m] = np.exp(np.minimum(theta[:m], 100.0))
        derivative[range(m), range(m)] = natural[:m]
        floor, floor_row = lowest, np.zeros(theta.size)
        order = [*range(2 * m - 1, m - 1, -1), *([2 * m] if family.uptake else [])]
        for number in order:
            if number in fixed:
                natural[number] = fixed[number]
            else:
                step = math.exp(min(theta[position[number]], 50.0))
                natural[number] = floor + step
                derivative[number] = floor_row
                derivative[number, position[number]] = step
            ratio = _SMALLEST_UPTAKE_RATIO if number < 2 * m and number == m and family.uptake else 1.0
            floor, floor_row = natural[number] * ratio, derivative[number] * ratio
        return natural, derivative

    def model(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        natural, derivative = natural_and_derivative(theta)
        f, jacobian = family.activity_and_jacobian(natural, t)
        return f, jacobian @ derivative

    theta = np.empty(m + len(free))
    theta[:m] = np.log(np.maximum(start[:m], 1e-12))
    floor = lowest
    for number in [*range(2 * m - 1, m - 1, -1), *([2 * m] if family.uptake else [])]:
        if number in position:
            theta[position[number]] = math.log(max(float(start[number]) - floor, 1e-3 * lowest))
        ratio = _SMALLEST_UPTAKE_RATIO if number == m and family.uptake else 1.0
        floor = float(fixed.get(number, start[number])) * ratio
    theta, _ = least_squares.minimum(model, theta, y, w)
    return natural_and_derivative(theta)[0]
