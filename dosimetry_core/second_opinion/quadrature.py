"""Numerical integration of activity curves, without using that they are sums of exponentials."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

_ORDER = 12
_GROWTH = 1.5


@cache
def _nodes() -> tuple[tuple[float, float], ...]:
    """Gauss–Legendre nodes and weights on (−1, 1), by Newton's method on the Legendre polynomial."""
    nodes = []
    for number in range(_ORDER):
        x = math.cos(math.pi * (number + 0.75) / (_ORDER + 0.5))
        for _ in range(100):
            before, value = 1.0, x
            for degree in range(2, _ORDER + 1):
                before, value = value, ((2 * degree - 1) * x * value - (degree - 1) * before) / degree
            slope = _ORDER * (x * value - before) / (x * x - 1)
            step = value / slope
            x -= step
            if abs(step) < 1e-15:
                break
        nodes.append((x, 2 / ((1 - x * x) * slope * slope)))
    return tuple(nodes)


def integral(function: Callable[[float], float], begin: float, end: float) -> float:
    """Integral over a finite stretch on which the function is smooth."""
    middle, half = (begin + end) / 2, (end - begin) / 2
    return half * math.fsum(weight * function(middle + half * x) for x, weight in _nodes())


def integral_to_infinity(
    function: Callable[[float], float], *, begin: float, fastest_per_s: float, slowest_per_s: float
) -> float:
    """Integral from ``begin`` on of a function that falls at least as fast as exp(−slowest t) in the end.

    Stretches grow from a fraction of the fastest time constant until 45 of the slowest have passed (exp(−45) = 3e-20).
    """
    parts = []
    length, start = 0.5 / fastest_per_s, begin
    while start < begin + 45.0 / slowest_per_s:
        parts.append(integral(function, start, start + length))
        start += length
        length = min(length * _GROWTH, 4.0 / slowest_per_s)
    return math.fsum(parts)
