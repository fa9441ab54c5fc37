"""Which activities of two nuclides keep the limits: a polygon in their plane."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.certainty import reached_gy, surely_used_fraction
from dosimetry_core.planning.forecast import CourseBasis, forecast
from dosimetry_core.planning.protocol import LIMIT_ORGANS, LimitKey

DIRECTIONS: Final = 64
_ROUNDS: Final = 80
_CLOSE: Final = 1e-9

Point = tuple[float, float]


@dataclass(frozen=True)
class FeasibleRegion:
    """Activities of the next cycle that keep every limit; convex, with the origin as its first vertex.

    Parameters
    ----------
    nuclides
        Names of the horizontal and the vertical axis.
    certainty
        Probability with which each limit by itself is kept; 0.5: without regard to uncertainty.
    vertices_bq
        Of the polygon, counter-clockwise, (horizontal, vertical) activity in Bq; empty if nothing may be given.
    limiting
        Limit that bounds each vertex; None for the origin.
    by_limit_bq
        The polygon of each limit by itself.
    """

    nuclides: tuple[str, str]
    certainty: float
    vertices_bq: tuple[Point, ...]
    limiting: tuple[LimitKey | None, ...]
    by_limit_bq: FrozenMap[LimitKey, tuple[Point, ...]]


def feasible_region(
    basis: CourseBasis, *, nuclides: tuple[str, str] | None = None, certainty: float = 0.5
) -> FeasibleRegion:
    """The region for two nuclides of the protocol.

    Parameters
    ----------
    nuclides
        The first two of the protocol if not given.
    certainty
        See `FeasibleRegion`; above 0.5 it needs known uncertainties.

    Raises
    ------
    ValueError
        If the protocol has not these two nuclides, or no cycle is left, or no limit applies.

    Notes
    -----
    Every limit is followed along rays from the origin, where it grows steadily. Limits of absorbed dose at a certainty
    of 0.5 are straight lines: rays through their corners make the polygon exact. Others are curved, and the polygon
    lies inside.
    """
    names = nuclides or tuple(n.name for n in basis.protocol.nuclides[:2])
    if len(names) != 2 or not set(names) <= {n.name for n in basis.protocol.nuclides}:
        raise ValueError(f"protocol {basis.protocol.name} has not two nuclides for a plane")
    if basis.next_cycle is None or not basis.applicable_limits:
        raise ValueError("no cycle is left, or no limit applies")
    pair = (names[0], names[1])
    keys = basis.applicable_limits
    per_axis = [{key: _reach(basis, pair, direction, certainty)[key] for key in keys} for direction in ((1, 0), (0, 1))]
    if any(reach < 0 for axis in per_axis for reach in axis.values()):
        return FeasibleRegion(pair, certainty, (), (), FrozenMap(dict.fromkeys(keys, ())))
    vertices: list[Point] = [(0.0, 0.0)]
    limiting: list[LimitKey | None] = [None]
    by_limit: dict[LimitKey, list[Point]] = {key: [(0.0, 0.0)] for key in keys}
    for direction in _directions(basis, per_axis, certainty):
        reach = _reach(basis, pair, direction, certainty)
        first: LimitKey = min(keys, key=lambda key: reach[key])
        vertices.append((reach[first] * direction[0], reach[first] * direction[1]))
        limiting.append(first)
        for key in keys:
            by_limit[key].append((reach[key] * direction[0], reach[key] * direction[1]))
    return FeasibleRegion(
        pair,
        certainty,
        tuple(vertices),
        tuple(limiting),
        FrozenMap({key: tuple(points) for key, points in by_limit.items()}),
    )


def _directions(basis: CourseBasis, per_axis: list[dict[LimitKey, float]], certainty: float) -> list[Point]:
    """Unit directions in the plane scaled to the axes' reach: both axes, the corners of straight limits, and a fan."""
    width, height = (min(axis.values()) for axis in per_axis)
    if width == 0 or height == 0:
        return [(1.0, 0.0), (0.0, 1.0)]
    angles = {0.0, math.pi / 2}
    straight = [key for key in per_axis[0] if key not in basis.protocol.bed_limits_gy and certainty == 0.5]
    for one, other in itertools.combinations(straight, 2):
        # x/w + y/h = 1 for both.
        a, b = ((1 / per_axis[0][key], 1 / per_axis[1][key]) for key in (one, other))
        determinant = a[0] * b[1] - a[1] * b[0]
        if determinant:
            x, y = (b[1] - a[1]) / determinant, (a[0] - b[0]) / determinant
            if x > 0 and y > 0:
                angles.add(math.atan2(y / height, x / width))
    if len(straight) < len(per_axis[0]):
        angles |= {math.pi / 2 * k / DIRECTIONS for k in range(DIRECTIONS)}
    # cos(π/2) is not quite 0.
    return [(width * max(math.cos(a), 0.0) if a < math.pi / 2 else 0.0, height * math.sin(a)) for a in sorted(angles)]


def _reach(basis: CourseBasis, pair: tuple[str, str], direction: Point, certainty: float) -> dict[LimitKey, float]:
    """How often a direction (in Bq) fits into each limit; −1 if it is passed without any activity."""

    def used(scale: float) -> FrozenMap[LimitKey, float]:
        return surely_used_fraction(basis, {pair[0]: scale * direction[0], pair[1]: scale * direction[1]}, certainty)

    nothing = used(0.0)
    straight = {
        key: _room_over_slope(basis, key, pair, direction)
        for key in basis.applicable_limits
        if key not in basis.protocol.bed_limits_gy
    }
    curved = _along(basis, pair, direction, min(straight.values(), default=math.inf)) if certainty > 0.5 else {}
    reach: dict[LimitKey, float] = {}
    for key in basis.applicable_limits:
        if nothing[key] > 1.0:
            reach[key] = -1.0
            continue
        if key in straight and certainty == 0.5:
            reach[key] = straight[key]
            continue
        if key in curved:
            found = curved[key].reach(basis.protocol.all_limits_gy[key], NormalDist().inv_cdf(certainty))
            if found is not None and abs(used(found)[key] - 1.0) < _CLOSE:
                reach[key] = found
                continue
        low, high = 0.0, 1.0
        while used(high)[key] <= 1.0:
            low, high = high, 2.0 * high
        for _ in range(_ROUNDS):
            middle = (low + high) / 2
            low, high = (middle, high) if used(middle)[key] <= 1.0 else (low, middle)
        reach[key] = low
    return reach


def _room_over_slope(basis: CourseBasis, key: LimitKey, pair: tuple[str, str], direction: Point) -> float:
    """How often a direction fits into a limit of absorbed dose without regard to uncertainty."""
    organ = basis.organs[LIMIT_ORGANS[key]]
    slope = organ.next_absorbed_dose_gy({pair[0]: direction[0], pair[1]: direction[1]})
    return basis.next_cycle_limit_gy(key) / slope if slope > 0 else math.inf


@dataclass(frozen=True)
class _Along:
    """Along a ray: value a + b·s in Gy and variance c₀ + c₁·s + c₂·s² in Gy²; errors are linear in the activities."""

    a: float
    b: float
    variance: tuple[float, float, float]

    def reach(self, limit_gy: float, z: float) -> float | None:
        """Smallest s ≥ 0 at which value + z·u is the limit; None if there is none."""
        room = limit_gy - self.a
        c0, c1, c2 = self.variance
        square, linear, rest = self.b**2 - z**2 * c2, 2 * room * self.b + z**2 * c1, room**2 - z**2 * c0
        inner = linear**2 - 4 * square * rest
        if inner < 0 or linear + math.sqrt(inner) <= 0:
            return None
        return max(2 * rest / (linear + math.sqrt(inner)), 0.0)


def _along(basis: CourseBasis, pair: tuple[str, str], direction: Point, scale: float) -> dict[LimitKey, _Along]:
    """The course of every limit of absorbed dose along a ray, from three forecasts at multiples of a scale."""
    if not 0 < scale < math.inf:
        return {}
    outcomes = [
        forecast(basis, {pair[0]: number * scale * direction[0], pair[1]: number * scale * direction[1]})
        for number in range(3)
    ]
    courses: dict[LimitKey, _Along] = {}
    for key in basis.applicable_limits:
        if key in basis.protocol.bed_limits_gy:
            continue
        reached = [reached_gy(outcome, key) for outcome in outcomes]
        spread = [u for _value, u in reached if u is not None]
        if len(spread) < len(reached):
            continue
        v0, v1, v2 = (u**2 for u in spread)
        bend = (v2 - 2 * v1 + v0) / 2
        variance = (v0, (v1 - v0 - bend) / scale, bend / scale**2)
        courses[key] = _Along(reached[0][0], (reached[1][0] - reached[0][0]) / scale, variance)
    return courses
