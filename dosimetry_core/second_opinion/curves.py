"""Fits time–activity curves by a profiled search: rates by grid and simplex, amplitudes solved for at each rate.

Weights are those of the settings; the deviation that counts as 1 in χ² is 5 % of each activity (proportional). What is
believed of the slowest rate beforehand counts like one more point, the logarithm of that rate.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from dosimetry_core.second_opinion.quadrature import integral, integral_to_infinity

# The method's bounds, restated: a falling phase is drawn back from the first point by at most a factor of 20, an
# uptake has left at most all but a thousandth by then and is at least 5 % faster than what follows.
_LARGEST_BACK_EXTRAPOLATION = 20.0
_LARGEST_SINGLE_BACK_EXTRAPOLATION = 1000.0
_SMALLEST_UPTAKE_REMAINDER = 1e-3
_SMALLEST_UPTAKE_RATIO = 1.05
_RELATIVE_DEVIATION = 0.05
# Curves whose χ² differ by less fit alike: 0.03 standard deviations.
CHI_SQUARED_TOLERANCE = 1e-3
MODELS = {
    "mono-exponential": (1, False),
    "bi-exponential": (2, False),
    "bi-exponential-uptake": (1, True),
    "tri-exponential-uptake": (2, True),
}
_GRID_POINTS = {1: 60, 2: 24, 3: 13}
# Two falling phases can fit in more than one way; the search goes down from this many minima of the grid.
_STARTS = 4


@dataclass(frozen=True)
class Points:
    """Included points of one curve: times in s, activities in Bq, deviation that counts as 1.

    ``slowest`` is the smallest rate allowed; ``held``: the slowest phase has exactly that rate. ``belief`` is the
    logarithm of the slowest phase's rate as believed beforehand, and its deviation.
    """

    times: tuple[float, ...]
    values: tuple[float, ...]
    deviations: tuple[float, ...]
    slowest: float
    held: bool = False
    belief: tuple[float, float] | None = None

    def disbelief(self, rate: float) -> float:
        """What the belief adds to χ² for a rate of the slowest phase."""
        if self.belief is None or self.held:
            return 0.0
        return ((math.log(rate) - self.belief[0]) / self.belief[1]) ** 2


def points(
    times: Sequence[float],
    values: Sequence[float],
    weights: str,
    slowest_per_s: float,
    uncertainties: Sequence[float] | None = None,
) -> Points:
    """Points with the deviations that a choice of weights means; ``given`` weights are those of the uncertainties."""
    largest = max(abs(v) for v in values)
    if weights == "given":
        if uncertainties is None:
            raise ValueError("given weights without uncertainties")
        deviations = list(uncertainties)
    elif weights == "proportional":
        deviations = [_RELATIVE_DEVIATION * v for v in values]
    elif weights == "poisson":
        deviations = [_RELATIVE_DEVIATION * math.sqrt(v * largest) for v in values]
    else:
        deviations = [_RELATIVE_DEVIATION * largest] * len(values)
    return Points(tuple(times), tuple(values), tuple(deviations), slowest_per_s)


def with_belief(
    data: Points, effective_half_life_s: float, deviation: float, uncertainties: Sequence[float] | None
) -> Points:
    """The points with a belief about the slowest phase's half-life.

    The deviations are scaled until they are on average those of the uncertainties (5 % of each activity where there are
    none), because a belief is weighed against what the points are really worth.
    """
    real = [_RELATIVE_DEVIATION * v for v in data.values] if uncertainties is None else list(uncertainties)
    ratio = math.fsum((u / d) ** 2 for u, d in zip(real, data.deviations, strict=True)) / len(real)
    scaled = tuple(d * math.sqrt(ratio) for d in data.deviations)
    return replace(
        data, deviations=scaled, belief=(math.log(math.log(2.0)) - math.log(effective_half_life_s), deviation)
    )


@dataclass(frozen=True)
class Curve:
    """Sum of (amplitude in Bq, rate in 1/s) terms; an uptake term has a negative amplitude."""

    terms: tuple[tuple[float, float], ...]

    def at(self, time: float) -> float:
        """Activity at a time."""
        return math.fsum(a * math.exp(-r * time) for a, r in self.terms)

    def integral(self, *, factor: float = 1.0, faster_by_per_s: float = 0.0) -> float:
        """Integral of factor · A(t) · exp(−change t) from 0 on, by quadrature."""
        return factor * _integral(self, faster_by_per_s)

    def chi_squared(self, data: Points) -> float:
        """Σ ((A_i − A(t_i))/deviation_i)², the belief included."""
        return data.disbelief(min(r for _, r in self.terms)) + math.fsum(
            ((v - self.at(t)) / d) ** 2 for t, v, d in zip(data.times, data.values, data.deviations, strict=True)
        )


# Pure functions of frozen data: while one VOI is being edited the others need no second search.
_KEPT = 512


@lru_cache(_KEPT)
def _integral(curve: Curve, faster_by_per_s: float) -> float:
    rates = [r + faster_by_per_s for _, r in curve.terms]
    return integral_to_infinity(
        lambda t: curve.at(t) * math.exp(-faster_by_per_s * t),
        begin=0.0,
        fastest_per_s=max(rates),
        slowest_per_s=min(rates),
    )


def curve_of_parameters(model: str, parameters: dict[str, float]) -> Curve:
    """Curve of the stated parameters of results.json."""
    decays, uptake = MODELS[model]
    phases = ("",) if decays == 1 else ("fast_", "slow_")
    terms = [(parameters[f"{p}amplitude_bq"], parameters[f"{p}decay_constant_per_s"]) for p in phases]
    if uptake:
        terms.append((-math.fsum(a for a, _ in terms), parameters["uptake_constant_per_s"]))
    return Curve(tuple(terms))


def keeps_bounds(curve: Curve, data: Points) -> bool:
    """Whether no phase is slower than allowed, a held one is where it should be, and no falling phase is negative."""
    falling = [a for a, _ in curve.terms if a < 0]
    slowest = min(r for _, r in curve.terms)
    if data.held and slowest > data.slowest * (1 + 1e-6):
        return False
    return slowest >= data.slowest * (1 - 1e-6) and len(falling) <= 1


def _profiled(data: Points, rates: Sequence[float], uptake: bool) -> tuple[float, Curve] | None:
    """Best non-negative amplitudes for given rates (the last one is the uptake's): χ² and curve."""
    falling = rates[:-1] if uptake else rates
    columns = []
    for rate in falling:
        column = []
        for t, d in zip(data.times, data.deviations, strict=True):
            value = math.exp(-rate * t) - (math.exp(-rates[-1] * t) if uptake else 0.0)
            column.append(value / d)
        columns.append(column)
    target = [v / d for v, d in zip(data.values, data.deviations, strict=True)]
    best: tuple[float, Curve] | None = None
    for count in range(1, len(columns) + 1):
        for chosen in itertools.combinations(range(len(columns)), count):
            amplitudes = _solved([columns[index] for index in chosen], target)
            if amplitudes is None or any(a < 0 for a in amplitudes):
                continue
            full = [0.0] * len(columns)
            for index, amplitude in zip(chosen, amplitudes, strict=True):
                full[index] = amplitude
            rest = [
                y - math.fsum(a * c[row] for a, c in zip(full, columns, strict=True)) for row, y in enumerate(target)
            ]
            chi_squared = math.fsum(r * r for r in rest)
            chi_squared += data.disbelief(falling[0])
            if best is None or chi_squared < best[0]:
                terms = list(zip(full, falling, strict=True))
                if uptake:
                    terms.append((-math.fsum(full), rates[-1]))
                best = chi_squared, Curve(tuple(terms))
    return best


def _solved(columns: list[list[float]], target: list[float]) -> list[float] | None:
    """Least-squares amplitudes of one or two columns, orthogonalised."""
    first = columns[0]
    norm = math.fsum(c * c for c in first)
    if norm == 0:
        return None
    along = math.fsum(c * y for c, y in zip(first, target, strict=True)) / norm
    if len(columns) == 1:
        return [along]
    overlap = math.fsum(a * b for a, b in zip(first, columns[1], strict=True)) / norm
    second = [b - overlap * a for a, b in zip(first, columns[1], strict=True)]
    rest = math.fsum(c * c for c in second)
    if rest <= 1e-13 * math.fsum(c * c for c in columns[1]):
        return None
    other = math.fsum(c * y for c, y in zip(second, target, strict=True)) / rest
    return [along - overlap * other, other]


@lru_cache(_KEPT)
def best_curve(data: Points, model: str) -> Curve | None:
    """The best curve of a model within the method's bounds; None if none has a positive amplitude."""
    decays, uptake = MODELS[model]
    first = next(t for t in data.times if t > 0)
    fastest = math.log(_LARGEST_BACK_EXTRAPOLATION) / first
    highest_uptake = -math.log(_SMALLEST_UPTAKE_REMAINDER) / first
    if decays == 1 and not uptake:
        fastest = max(fastest, min(50.0 / data.times[-1], math.log(_LARGEST_SINGLE_BACK_EXTRAPOLATION) / first))
    top = highest_uptake if uptake else fastest
    if top <= data.slowest:
        return None

    searched = decays - int(data.held)
    farthest = math.log(max(fastest, highest_uptake))

    def ordered(logs: Sequence[float]) -> list[float]:
        """Rates slowest first, uptake last, kept within the bounds."""
        # On a plateau the simplex may run away farther than exp can follow.
        kept = [min(x, farthest) for x in sorted(logs)]
        rates = [min(max(math.exp(x), data.slowest), fastest) for x in kept[:searched]]
        if data.held:
            rates.insert(0, data.slowest)
        if uptake:
            rates.append(min(max(math.exp(kept[-1]), _SMALLEST_UPTAKE_RATIO * rates[-1]), highest_uptake))
        return rates

    def cost(logs: Sequence[float]) -> float:
        found = _profiled(data, ordered(logs), uptake)
        return math.inf if found is None else found[0]

    count = searched + int(uptake)
    if count == 0:
        alone = _profiled(data, [data.slowest], uptake)
        return None if alone is None else alone[1]
    steps = _GRID_POINTS[count]
    grid = [math.log(data.slowest) + math.log(top / data.slowest) * k / (steps - 1) for k in range(steps)]
    width = grid[1] - grid[0]
    if decays == 2:
        # About the best single phase even a faint second one lowers χ²; between two steps of the grid it may not.
        single = best_curve(data, "bi-exponential-uptake" if uptake else "mono-exponential")
        grid = sorted([*grid, *(math.log(rate) for _, rate in single.terms)] if single is not None else grid)
    rated = {places: cost([grid[k] for k in places]) for places in itertools.combinations(range(len(grid)), count)}
    starts = [(value, tuple(grid[k] for k in places)) for value, places in lowest_places(rated)]
    if not starts:
        return None
    if count == 1:
        logs: Sequence[float] = (
            golden_section(lambda x: cost((x,)), starts[0][1][0] - width, starts[0][1][0] + width),
        )
    else:
        logs = min((simplex(cost, start, width / 2) for _, start in starts), key=cost)
    found = _profiled(data, ordered(logs), uptake)
    return None if found is None else found[1]


def lowest_places(rated: Mapping[tuple[int, ...], float]) -> list[tuple[float, tuple[int, ...]]]:
    """Places of a grid that no neighbour beats, best first, with their values; at most `_STARTS`."""
    found = []
    for places, value in rated.items():
        around = itertools.product(*(range(k - 1, k + 2) for k in places))
        if math.isfinite(value) and all(value <= rated.get(other, math.inf) for other in around):
            found.append((value, places))
    return sorted(found)[:_STARTS]


def golden_section(cost: Callable[[float], float], low: float, high: float) -> float:
    """Minimum of a function of one variable that has one minimum between the ends."""
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = cost(left), cost(right)
    while high - low > 1e-10:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = cost(right)
    return (low + high) / 2


def simplex(cost: Callable[[Sequence[float]], float], start: Sequence[float], width: float) -> tuple[float, ...]:
    """Nelder–Mead search for a minimum in a few variables."""
    size = len(start)
    corners = [tuple(start)] + [tuple(x + width * (i == k) for i, x in enumerate(start)) for k in range(size)]
    rated = sorted((cost(c), c) for c in corners)
    for _ in range(400):
        if rated[-1][0] - rated[0][0] <= 1e-10 * abs(rated[0][0]) + 1e-14 and _spread(rated) < 1e-7:
            break
        centre = [math.fsum(c[i] for _, c in rated[:-1]) / size for i in range(size)]
        worst = rated[-1]

        def moved(
            factor: float, centre: list[float] = centre, worst: tuple[float, ...] = worst[1]
        ) -> tuple[float, ...]:
            return tuple(c + factor * (w - c) for c, w in zip(centre, worst, strict=True))

        reflected = (cost(moved(-1.0)), moved(-1.0))
        if reflected[0] < rated[0][0]:
            candidate = min(reflected, (cost(moved(-2.0)), moved(-2.0)))
        elif reflected[0] < rated[-2][0]:
            candidate = reflected
        else:
            factor = -0.5 if reflected[0] < worst[0] else 0.5
            candidate = (cost(moved(factor)), moved(factor))
        if candidate[0] < worst[0]:
            rated = sorted([*rated[:-1], candidate])
            continue
        best = rated[0][1]
        shrunk = [tuple((b + c) / 2 for b, c in zip(best, corner, strict=True)) for _, corner in rated[1:]]
        rated = sorted([rated[0], *((cost(c), c) for c in shrunk)])
    return rated[0][1]


def _spread(rated: Sequence[tuple[float, tuple[float, ...]]]) -> float:
    best = rated[0][1]
    return max(abs(a - b) for _, corner in rated[1:] for a, b in zip(corner, best, strict=True))


def checked_curve(data: Points, model: str, parameters: dict[str, float] | None) -> Curve | None:
    """The curve to integrate: the stated one if it keeps the bounds and fits as well as our own, else our own."""
    own = best_curve(data, model)
    if parameters is None:
        return own
    stated = curve_of_parameters(model, parameters)
    if keeps_bounds(stated, data) and (
        own is None or stated.chi_squared(data) <= own.chi_squared(data) + CHI_SQUARED_TOLERANCE
    ):
        return stated if model != "mono-exponential" or own is None else own
    return own


def trapezoid_integral(
    times: Sequence[float], values: Sequence[float], slowest_per_s: float, *, physical_tail: bool = False
) -> float:
    """Integral of the curve through all points: falling stretches by quadrature of the exponential through their ends.

    Before the first point a straight line from zero while the curve still rises, else a constant; after the last the
    slope of the last two points, never slower than physical decay, or just physical decay.
    """
    first = times[0]
    parts = [values[0] * first * (0.5 if values[1] > values[0] else 1.0)]
    for (t0, t1), (v0, v1) in zip(itertools.pairwise(times), itertools.pairwise(values), strict=True):
        if v0 > v1 * (1 + 1e-9) and v1 > 0:
            parts.append(_falling_stretch(t1 - t0, v0, v1))
        else:
            parts.append((v0 + v1) / 2 * (t1 - t0))
    slope = math.log(values[-2] / values[-1]) / (times[-1] - times[-2])
    tail = slowest_per_s if physical_tail else max(slowest_per_s, slope)
    parts.append(
        integral_to_infinity(
            lambda t: values[-1] * math.exp(-tail * t), begin=0.0, fastest_per_s=tail, slowest_per_s=tail
        )
    )
    return math.fsum(parts)


def _falling_stretch(duration: float, begin: float, end: float) -> float:
    return integral(lambda t: begin * (end / begin) ** (t / duration), 0.0, duration)


@lru_cache(_KEPT)
def anchored_curve(data: Points, administered_bq: float) -> Curve:
    """Whole-body curve through the administered activity at time zero: two phases, one with fewer than three points."""
    target = [v / administered_bq for v in data.values]
    deviations = [d / administered_bq for d in data.deviations]

    def fitted(rates: Sequence[float]) -> tuple[float, float]:
        """χ² and the share of the first rate, for which the problem is linear."""
        slow = [math.exp(-rates[1] * t) for t in data.times]
        column = [(math.exp(-rates[0] * t) - s) / d for t, s, d in zip(data.times, slow, deviations, strict=True)]
        rest = [(y - s) / d for y, s, d in zip(target, slow, deviations, strict=True)]
        norm = math.fsum(c * c for c in column)
        share = 0.0 if norm == 0 else math.fsum(c * r for c, r in zip(column, rest, strict=True)) / norm
        share = min(max(share, 0.0), 1.0)
        return math.fsum((r - share * c) ** 2 for c, r in zip(column, rest, strict=True)), share

    # A phase that has fallen to a thousandth by the first point can't be told from a faster one: the stated bound.
    low, high = math.log(data.slowest), math.log(math.log(1000.0) / data.times[0])
    if len(data.times) < 3:

        def single(x: float) -> float:
            rate = math.exp(x)
            return math.fsum((math.log(y) + rate * t) ** 2 for t, y in zip(data.times, target, strict=True))

        return Curve(((administered_bq, math.exp(golden_section(single, low, high))),))

    def rates_of(logs: Sequence[float]) -> tuple[float, float]:
        kept = [min(max(x, low), high) for x in logs]
        return math.exp(max(kept)), math.exp(min(kept))

    grid = [low + (high - low) * k / 29 for k in range(30)]
    starts = sorted((fitted(rates_of(logs))[0], logs) for logs in itertools.combinations(grid, 2))[:3]
    best = min(
        (simplex(lambda logs: fitted(rates_of(logs))[0], start, 0.05) for _, start in starts),
        key=lambda logs: fitted(rates_of(logs))[0],
    )
    rates = rates_of(best)
    share = fitted(rates)[1]
    return Curve(((administered_bq * share, rates[0]), (administered_bq * (1 - share), rates[1])))
