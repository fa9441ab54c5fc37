"""Weighted fit of one shape with one amplitude: the amplitude is solved for at every rate, only rates are searched.

Plain numbers instead of arrays: with the handful of points of a time–activity curve that is several times faster. The
step is Gauss–Newton's with Kaufman's approximation (Kaufman, BIT 1975;15:49–57): derivatives by the rates are projected
off the shape itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

_SCAN_POINTS: Final = 40
_ITERATIONS: Final = 60
_AT_REST: Final = 1e-12
_LARGEST_STEP: Final = 2.0
# Of ln λ: far below any uncertainty, and below what a third digit of it shows.
_STEP_AT_REST: Final = 1e-5
_CHANGE_AT_REST: Final = 1e-9
# At its upper bound the uptake is taken out anyway, once the other rate has settled.
_STUCK_AT_REST: Final = 1e-3


@dataclass(frozen=True)
class Points:
    """Points of a curve in any units: times, values, weights ≥ 0; a belief on ln λ of the slowest phase, or none.

    The belief adds ``belief_weight`` (ln λ − ``belief_log_rate``)² to the sum of squares.
    """

    times: Sequence[float]
    values: Sequence[float]
    weights: Sequence[float]
    belief_log_rate: float = 0.0
    belief_weight: float = 0.0

    def belief_cost(self, rate: float) -> float:
        """What the belief adds for a rate of the slowest phase."""
        if not self.belief_weight:
            return 0.0
        if rate <= 0:
            return math.inf
        return self.belief_weight * (math.log(rate) - self.belief_log_rate) ** 2


def _decay(points: Points, rate: float) -> list[float]:
    return [math.exp(min(-rate * t, 300.0)) for t in points.times]


def mono_cost(points: Points, rate: float) -> tuple[float, float]:
    """Σ w (y − A e^(−λt))² at the best A for this rate, the belief included; and A."""
    shape = _decay(points, rate)
    norm = right = 0.0
    for w, y, e in zip(points.weights, points.values, shape, strict=True):
        norm += w * e * e
        right += w * y * e
    amplitude = right / norm if norm else 0.0
    cost = points.belief_cost(rate)
    for w, y, e in zip(points.weights, points.values, shape, strict=True):
        cost += w * (y - amplitude * e) ** 2
    return cost, amplitude


def _mono_minimum(points: Points, start: float) -> tuple[float, float, float]:
    """Local minimum from a rate, which may run negative on a rise: (cost, rate, amplitude)."""
    rate = start
    cost, amplitude = mono_cost(points, rate)
    # A rate is known to a few parts in 1e13 of the inverse time span, which also serves where it is nearly zero.
    resolution = _AT_REST / points.times[-1]
    for _ in range(_ITERATIONS):
        shape = _decay(points, rate)
        norm = along = 0.0
        slopes = []
        for t, w, e in zip(points.times, points.weights, shape, strict=True):
            slope = -amplitude * t * e
            slopes.append(slope)
            norm += w * e * e
            along += w * e * slope
        share = along / norm
        gradient = curvature = 0.0
        for w, y, e, slope in zip(points.weights, points.values, shape, slopes, strict=True):
            off = slope - share * e
            gradient += w * off * (y - amplitude * e)
            curvature += w * off * off
        if points.belief_weight:
            gradient += points.belief_weight * (points.belief_log_rate - math.log(rate)) / rate
            curvature += points.belief_weight / (rate * rate)
        if not curvature > 0:
            break
        step = gradient / curvature
        # One step changes no point by more than a factor e².
        step = math.copysign(min(abs(step), _LARGEST_STEP / points.times[-1] + abs(rate)), step)
        for _ in range(40):
            trial = rate + step
            trial_cost, trial_amplitude = mono_cost(points, trial)
            if trial_cost <= cost:
                break
            step *= 0.5
        else:
            break
        rate, cost, amplitude = trial, trial_cost, trial_amplitude
        if abs(step) <= _AT_REST * abs(rate) + resolution:
            break
    return cost, rate, amplitude


def best_mono(points: Points, start: float, *, lowest: float, highest: float) -> tuple[float, float, float]:
    """Best rate ≥ ``lowest`` and its amplitude, and the rate that the minimum next to ``start`` has without the bound.

    Relative least squares can have two minima, one that follows the early points and one that follows the late ones:
    the whole range of rates is scanned, so that what is found is the smaller one whatever the start.

    Returns
    -------
    tuple
        Rate, amplitude, unbounded rate. The rate equals ``lowest`` where the bound is active.
    """
    if points.belief_weight:
        start = max(start, lowest)
    cost, rate, amplitude = _mono_minimum(points, start)
    unbounded = rate
    bound_cost, bound_amplitude = mono_cost(points, lowest)
    if rate <= lowest or bound_cost < cost:
        if rate > lowest:
            unbounded = _mono_minimum(points, lowest)[1]
        cost, rate, amplitude = bound_cost, lowest, bound_amplitude
    rates, costs = _scan(points, lowest, max(highest, lowest * 1.01))
    if costs.min() < cost * (1 - 1e-9):
        found = _mono_minimum(points, float(rates[np.argmin(costs)]))
        if found[1] > lowest and found[0] < cost:
            cost, rate, amplitude = found
            unbounded = rate
    return rate, amplitude, unbounded


def _scan(points: Points, lowest: float, highest: float) -> tuple[np.ndarray, np.ndarray]:
    """Rates over the whole range with their costs at the best amplitude."""
    rates = lowest * (highest / lowest) ** (np.arange(_SCAN_POINTS) / (_SCAN_POINTS - 1))
    w, y = np.array(points.weights), np.array(points.values)
    shapes = np.exp(-np.multiply.outer(rates, np.array(points.times)))
    norm, right = shapes**2 @ w, shapes @ (w * y)
    # Where no point is left of a shape it explains nothing.
    explained = np.divide(right**2, norm, out=np.zeros_like(right), where=norm > 0)
    costs = w @ y**2 - explained + points.belief_weight * (np.log(rates) - points.belief_log_rate) ** 2
    return rates, costs


def _rates_of(position: Sequence[float], lowest: float, ratio: float, held: float | None) -> tuple[float, float]:
    slow = held if held is not None else lowest + math.exp(min(position[0], 50.0))
    return slow, slow * ratio + math.exp(min(position[-1], 50.0))


def _uptake_state(points: Points, slow: float, fast: float) -> tuple[float, float, list[float], list[float]]:
    """Cost, amplitude and both exponentials at given rates."""
    falls, rises = _decay(points, slow), _decay(points, fast)
    norm = right = 0.0
    for w, y, a, b in zip(points.weights, points.values, falls, rises, strict=True):
        norm += w * (a - b) ** 2
        right += w * y * (a - b)
    amplitude = right / norm if norm else 0.0
    cost = points.belief_cost(slow)
    for w, y, a, b in zip(points.weights, points.values, falls, rises, strict=True):
        cost += w * (y - amplitude * (a - b)) ** 2
    return cost, amplitude, falls, rises


def uptake_minimum(
    points: Points,
    rates: tuple[float, float],
    *,
    lowest: float,
    ratio: float,
    held: float | None,
    highest: float,
) -> tuple[float, float, float]:
    """Local minimum of A (e^(−λt) − e^(−λᵤt)): A, λ, λᵤ with λ ≥ ``lowest`` and λᵤ ≥ ``ratio`` λ by construction.

    Parameters
    ----------
    rates
        Start.
    held
        A fixed λ, or None.
    highest
        Largest λᵤ; a search that ends there has seen no uptake.
    """
    first = math.log(max(rates[0] - lowest, 1e-3 * lowest))
    last = math.log(max(rates[1] - ratio * (rates[0] if held is None else held), 1e-3 * lowest))
    position = [last] if held is not None else [first, last]
    slow, fast = _rates_of(position, lowest, ratio, held)
    cost, amplitude, falls, rises = _uptake_state(points, slow, fast)
    damping = 1e-3
    exact = 1e-22 * sum(w * y * y for w, y in zip(points.weights, points.values, strict=True))
    bounds = (lowest, ratio, held, highest)
    for _ in range(_ITERATIONS):
        step, stuck = _uptake_step(points, position, (slow, fast, amplitude), (falls, rises), bounds, damping)
        if max(abs(s) for s in step) < (_STUCK_AT_REST if stuck else 1e-2 * _STEP_AT_REST):
            break
        improved = False
        for _ in range(12):
            trial = [p + s for p, s in zip(position, step, strict=True)]
            slow_trial, fast_trial = _rates_of(trial, lowest, ratio, held)
            if stuck or fast_trial > highest:
                fast_trial = highest
                trial[-1] = math.log(max(highest - ratio * slow_trial, 1e-300))
            state = _uptake_state(points, slow_trial, fast_trial)
            if state[0] <= cost:
                improved = True
                break
            damping *= 10.0
            step, stuck = _uptake_step(points, position, (slow, fast, amplitude), (falls, rises), bounds, damping)
        if not improved:
            break
        change = cost - state[0]
        position, slow, fast = trial, slow_trial, fast_trial
        cost, amplitude, falls, rises = state
        damping = max(damping * 0.1, 1e-14)
        at_rest = change <= _CHANGE_AT_REST * (cost + 1e-30) and max(abs(s) for s in step) < _STEP_AT_REST
        if at_rest or cost <= exact:
            break
    return amplitude, slow, fast


def _uptake_step(
    points: Points,
    position: Sequence[float],
    state: tuple[float, float, float],
    shapes: tuple[list[float], list[float]],
    bounds: tuple[float, float, float | None, float],
    damping: float,
) -> tuple[list[float], bool]:
    """Damped Gauss–Newton step of the free logarithms, no component above two.

    The second value says whether the uptake's rate is at its upper bound and pushed outwards; it then stays there.
    """
    (slow, fast, amplitude), (falls, rises), (lowest, ratio, held, highest) = state, shapes, bounds
    # dλ/dq and dλᵤ/dq of each free logarithm.
    fast_part = fast - slow * ratio
    chain = [(0.0, fast_part)] if held is not None else [(slow - lowest, ratio * (slow - lowest)), (0.0, fast_part)]
    norm = 0.0
    along = [0.0] * len(chain)
    columns: list[list[float]] = [[] for _ in chain]
    for t, w, a, b in zip(points.times, points.weights, falls, rises, strict=True):
        e = a - b
        norm += w * e * e
        for k, (by_slow, by_fast) in enumerate(chain):
            slope = amplitude * t * (by_fast * b - by_slow * a)
            columns[k].append(slope)
            along[k] += w * e * slope
    shares = [x / norm if norm else 0.0 for x in along]
    size = len(chain)
    normal = [[0.0] * size for _ in range(size)]
    gradient = [0.0] * size
    for number, (w, y, a, b) in enumerate(zip(points.weights, points.values, falls, rises, strict=True)):
        e = a - b
        rest = y - amplitude * e
        off = [columns[k][number] - shares[k] * e for k in range(size)]
        for k in range(size):
            gradient[k] += w * off[k] * rest
            for other in range(k + 1):
                normal[k][other] += w * off[k] * off[other]
    if points.belief_weight and held is None:
        slope = (slow - lowest) / slow
        gradient[0] += points.belief_weight * (points.belief_log_rate - math.log(slow)) * slope
        normal[0][0] += points.belief_weight * slope * slope
    stuck = gradient[-1] > 0 and fast >= highest
    if stuck:
        if size == 1:
            return [0.0], True
        # The other rate moves alone, and the uptake's does not follow it.
        follow = ratio * (slow - lowest) / fast_part
        pull = gradient[0] - follow * gradient[1]
        stiffness = normal[0][0] - 2 * follow * normal[1][0] + follow**2 * normal[1][1]
        alone = pull / (stiffness * (1 + damping)) if stiffness > 0 else 0.0
        return [math.copysign(min(abs(alone), _LARGEST_STEP), alone), 0.0], True
    for k in range(size):
        normal[k][k] += damping * max(normal[k][k], 1e-300)
    if size == 1:
        step = [gradient[0] / normal[0][0]]
    else:
        determinant = normal[0][0] * normal[1][1] - normal[1][0] ** 2
        if determinant <= 0:
            step = [gradient[k] / normal[k][k] for k in range(2)]
        else:
            step = [
                (normal[1][1] * gradient[0] - normal[1][0] * gradient[1]) / determinant,
                (normal[0][0] * gradient[1] - normal[1][0] * gradient[0]) / determinant,
            ]
    largest = max(abs(s) for s in step)
    return ([s * _LARGEST_STEP / largest for s in step] if largest > _LARGEST_STEP else step), False
