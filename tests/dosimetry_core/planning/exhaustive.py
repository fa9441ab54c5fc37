"""The largest dispensable activity by trying every step, from nothing but the forward prediction of the course.

Written apart from the planner: what a course delivers is summed cycle by cycle, for every activity of the dispensing
grid at once, and compared with the limits. No formula for an activity occurs here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SLACK = 1e-9


@dataclass
class PlainCycle:
    """Activities in GBq, doses per activity in Gy/GBq by organ and nuclide, q_nm in 1/Gy of the kidneys.

    ``per_activity`` of a cycle that is not ``measured`` is that of the last measured one: it was not measured anew.
    """

    activity: dict[str, float]
    per_activity: dict[str, dict[str, float]]
    protraction: dict[str, dict[str, float]] = field(default_factory=dict)
    measured: bool = True


@dataclass
class PlainProtocol:
    free: str
    fixed: dict[str, float]
    cycles: int
    limits: dict[str, float]
    predictor: str = "latest"
    shares: Sequence[float] | None = None
    front_loaded: bool = False
    step: float = 0.05


def predicted(protocol: PlainProtocol, delivered: Sequence[PlainCycle], organ: str, nuclide: str) -> float:
    numbers = [number for number, cycle in enumerate(delivered, start=1) if cycle.measured]
    values = [delivered[number - 1].per_activity[organ][nuclide] for number in numbers]
    given = [delivered[number - 1].activity[nuclide] for number in numbers]
    if protocol.predictor == "mean":
        return float(np.mean(values))
    if protocol.predictor == "maximum":
        return max(values)
    if protocol.predictor == "activity-weighted-mean":
        return float(np.average(values, weights=given))
    if protocol.predictor == "linear-trend" and len(values) >= 3:
        line = np.polynomial.Polynomial.fit(numbers, values, 1)
        return max(float(line(len(delivered) + 1)), values[-1])
    return values[-1]


def totals(
    protocol: PlainProtocol, delivered: Sequence[PlainCycle], prior: dict[str, float], further: int
) -> dict[str, float]:
    """What each limit of absorbed dose is compared with when the fixed activities are given in so many more cycles."""
    reached = {}
    for key in protocol.limits:
        organ = "kidneys" if key.startswith("kidneys") else "red_marrow"
        one = sum(a * predicted(protocol, delivered, organ, name) for name, a in protocol.fixed.items())
        past = sum(c.per_activity[organ][n] * c.activity[n] for c in delivered for n in protocol.fixed)
        reached[key] = one if key == "red_marrow_per_cycle" else prior.get(organ, 0.0) + past + further * one
    return reached


def keeps(protocol: PlainProtocol, reached: dict[str, float]) -> bool:
    """Whether every limit is kept."""
    return all(dose <= protocol.limits[key] * (1 + SLACK) for key, dose in reached.items())


def bed(doses: dict[str, Floats], q: dict[str, dict[str, float]]) -> Floats:
    total = sum(doses.values())
    return np.asarray(total + sum(q[n][m] * doses[n] * doses[m] for n in doses for m in doses))


def largest_on_grid(
    protocol: PlainProtocol, delivered: Sequence[PlainCycle], prior: dict[str, float], *, steps: int = 2000
) -> float | None:
    """Largest multiple of the step that keeps all limits in GBq; None if not even nothing does."""
    amounts = np.arange(steps + 1) * protocol.step
    kept = np.ones(steps + 1, dtype=bool)
    done = len(delivered)
    if protocol.front_loaded:
        ratios = [1.0]
    else:
        shares = protocol.shares or [1.0] * protocol.cycles
        ratios = [share / shares[done] for share in shares[done:]]
    names = [*protocol.fixed, protocol.free]
    for key, limit in protocol.limits.items():
        organ = "kidneys" if key.startswith("kidneys") else "red_marrow"
        d = {name: predicted(protocol, delivered, organ, name) for name in names}
        given = {name: np.full(steps + 1, activity) for name, activity in protocol.fixed.items()}
        given[protocol.free] = amounts
        following = {name: d[name] * given[name] for name in names}
        past = [{n: np.array(c.per_activity[organ][n] * c.activity[n]) for n in names} for c in delivered]
        if key == "red_marrow_per_cycle":
            reached = sum(following.values())
        elif key == "kidneys_bed":
            reached = sum(bed(doses, c.protraction) for doses, c in zip(past, delivered, strict=True))
            for ratio in ratios:
                reached = reached + bed({n: ratio * v for n, v in following.items()}, delivered[-1].protraction)
        else:
            reached = prior.get(organ, 0.0) + sum(sum(doses.values()) for doses in past)
            for ratio in ratios:
                reached = reached + ratio * sum(following.values())
        kept &= np.asarray(reached <= limit * (1 + SLACK))
    return None if not kept[0] else float(amounts[np.flatnonzero(kept)[-1]])
