"""Search for the rates of two falling exponentials, with or without an uptake, the amplitudes solved for at every step.

Variable projection with Kaufman's Jacobian (Kaufman, BIT 1975;15:49–57) in the logarithms of the rates; every trial is
put back inside the bounds, so a phase that runs to its bound stays there and the others go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_ITERATIONS: Final = 80
_LARGEST_STEP: Final = 1.0
_DEPENDENT: Final = 1e-13
_STEP_AT_REST: Final = 1e-5
_CHANGE_AT_REST: Final = 1e-9
# Of ln λ: two ends of a search closer than this are one, reached along a flat valley.
_SAME_MINIMUM: Final = 0.05


@dataclass(frozen=True, eq=False)
class TwoPhaseProblem:
    """Points and bounds in scaled units.

    Rates are ordered slowest first: slow, fast, and with ``uptake`` that of the uptake. ``belief`` is (ln λ_0, 1/s²) of
    the slow rate, or None; ``slow_held`` keeps it at ``lowest``.
    """

    t: FloatArray
    y: FloatArray
    w: FloatArray
    uptake: bool
    lowest: float
    highest_fast: float
    highest_uptake: float
    smallest_uptake_ratio: float
    slow_held: bool
    belief: tuple[float, float] | None

    def kept_inside(self, rates: FloatArray) -> FloatArray:
        """The rates moved to the nearest bound where they pass one."""
        inside = rates.copy()
        inside[0] = self.lowest if self.slow_held else min(max(rates[0], self.lowest), self.highest_fast)
        inside[1] = min(max(rates[1], inside[0]), self.highest_fast)
        if self.uptake:
            inside[2] = min(max(rates[2], self.smallest_uptake_ratio * inside[1]), self.highest_uptake)
        return inside

    def at_upper_bound(self, rates: FloatArray) -> NDArray[np.bool_]:
        """Which rates can't grow."""
        tops = [self.highest_fast, self.highest_fast, self.highest_uptake][: rates.size]
        return np.asarray(rates >= np.array(tops) * (1 - 1e-12))

    def at_lower_bound(self, rates: FloatArray) -> NDArray[np.bool_]:
        """Which rates can't fall while the others stay."""
        floors = np.array([self.lowest, rates[0], self.smallest_uptake_ratio * rates[1]][: rates.size])
        return np.asarray(rates <= floors * (1 + 1e-12))


@dataclass(frozen=True, eq=False)
class _State:
    cost: float
    rates: FloatArray
    amplitudes: FloatArray
    shapes: FloatArray
    basis: FloatArray
    residual: FloatArray


def _amplitudes(basis: FloatArray, target: FloatArray) -> FloatArray:
    """Non-negative least-squares amplitudes of two columns."""
    a, b, c = basis[:, 0] @ basis[:, 0], basis[:, 0] @ basis[:, 1], basis[:, 1] @ basis[:, 1]
    right = basis.T @ target
    determinant = a * c - b * b
    if determinant > _DEPENDENT * a * c:
        both = np.array([c * right[0] - b * right[1], a * right[1] - b * right[0]]) / determinant
        if both.min() >= 0:
            return both
    alone = [max(right[k] / n, 0.0) if n > 0 else 0.0 for k, n in ((0, a), (1, c))]
    better = 0 if right[0] * alone[0] >= right[1] * alone[1] else 1
    single = np.zeros(2)
    single[better] = alone[better]
    return single


def _state(problem: TwoPhaseProblem, rates: FloatArray, root: FloatArray) -> _State:
    shapes = np.exp(-np.multiply.outer(problem.t, rates)) * root[:, None]
    basis = shapes[:, :2] - shapes[:, 2:3] if problem.uptake else shapes
    target = problem.y * root
    amplitudes = _amplitudes(basis, target)
    residual = target - basis @ amplitudes
    cost = float(residual @ residual)
    if problem.belief is not None:
        cost += problem.belief[1] * (float(np.log(rates[0])) - problem.belief[0]) ** 2
    return _State(cost, rates, amplitudes, shapes, basis, residual)


def _normal_equations(problem: TwoPhaseProblem, state: _State) -> tuple[FloatArray, FloatArray]:
    """JᵀJ and Jᵀr in the logarithms of the rates, the change that amplitudes make up for taken out."""
    rates, amplitudes = state.rates, state.amplitudes
    slopes = -problem.t[:, None] * state.shapes * rates
    slopes[:, :2] *= amplitudes
    if problem.uptake:
        slopes[:, 2] *= -amplitudes.sum()
    used = amplitudes > 0
    if used.any():
        q, _ = np.linalg.qr(state.basis[:, used])
        slopes = slopes - q @ (q.T @ slopes)
    normal, gradient = slopes.T @ slopes, slopes.T @ state.residual
    if problem.belief is not None:
        normal[0, 0] += problem.belief[1]
        gradient[0] += problem.belief[1] * (problem.belief[0] - float(np.log(rates[0])))
    return normal, gradient


def _local_minimum(problem: TwoPhaseProblem, start: FloatArray, root: FloatArray) -> _State:
    state = _state(problem, problem.kept_inside(start), root)
    damping = 1e-3
    exact = 1e-22 * float(problem.w @ problem.y**2)
    for _ in range(_ITERATIONS):
        normal, gradient = _normal_equations(problem, state)
        free = ~(
            ((gradient > 0) & problem.at_upper_bound(state.rates))
            | ((gradient < 0) & problem.at_lower_bound(state.rates))
        )
        if problem.slow_held:
            free[0] = False
        if not free.any():
            break
        inner, right = normal[np.ix_(free, free)], gradient[free]
        scale = np.maximum(np.diag(inner), 1e-300)
        improved = False
        for _ in range(14):
            step = np.zeros(state.rates.size)
            step[free] = np.linalg.solve(inner + np.diag(damping * scale), right)
            largest = float(np.abs(step).max())
            if largest > _LARGEST_STEP:
                step *= _LARGEST_STEP / largest
            if largest < _STEP_AT_REST * 1e-2:
                return state
            trial = _state(problem, problem.kept_inside(state.rates * np.exp(step)), root)
            if trial.cost <= state.cost:
                improved = True
                break
            damping *= 10.0
        if not improved:
            break
        change = state.cost - trial.cost
        moved = float(np.abs(np.log(trial.rates / state.rates)).max())
        state = trial
        damping = max(damping * 0.1, 1e-12)
        if (change <= _CHANGE_AT_REST * (state.cost + 1e-30) and moved < _STEP_AT_REST) or state.cost <= exact:
            break
    return state


def two_phase_minima(problem: TwoPhaseProblem, starts: FloatArray) -> list[tuple[float, FloatArray, FloatArray]]:
    """Sum of squares, rates (slowest first) and amplitudes (slow, fast) of the minima found, the smallest first.

    Parameters
    ----------
    starts
        Rates, shape (n_starts, n_rates). Searches that end at the same curve give one minimum.
    """
    root = np.sqrt(problem.w)
    found = sorted((_local_minimum(problem, start, root) for start in starts), key=lambda state: state.cost)
    minima: list[_State] = []
    for state in found:
        if all(float(np.abs(np.log(state.rates / other.rates)).max()) > _SAME_MINIMUM for other in minima):
            minima.append(state)
    return [(state.cost, state.rates, state.amplitudes) for state in minima]
