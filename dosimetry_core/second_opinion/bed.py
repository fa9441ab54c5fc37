"""Biologically effective dose again, by quadrature over the dose rate instead of a double sum.

The damage y that is not yet repaired follows y' = R − µ y; ∫ R y dt of one nuclide's dose rate with another's damage
gives the protraction of the pair. α/β and half-time of repair are those of the record's settings.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

EQD2_FRACTION_GY = 2.0
_STRETCHES = 1500

Rate = Callable[[float], float]


def protraction_per_gy(
    rates: Mapping[str, Rate],
    *,
    start_s: Mapping[str, float],
    slowest_per_s: Mapping[str, float],
    alpha_beta_gy: float,
    repair_half_life_s: float,
) -> dict[str, dict[str, float]]:
    """q_nm in 1/Gy of BED = Σ D + Σ q_nm D_n D_m.

    Parameters
    ----------
    rates
        By nuclide: a function of the time after its own time zero, in any unit.
    start_s
        Time zeros, in s after any common instant.
    slowest_per_s
        Slowest rate constant of each function; where there is none faster it is integrated to thirty of its half-lives.
    """
    first = min(start_s[name] for name in rates)
    begin = {name: start_s[name] - first for name in rates}
    last = max(begin[name] + 30.0 * math.log(2.0) / slowest_per_s[name] for name in rates)
    times = _times(sorted(set(begin.values())), last)
    repair = math.log(2.0) / repair_half_life_s
    sampled = {name: [_from(rates[name], t - begin[name]) for t in times] for name in rates}
    total = {name: _simpson(times, values) for name, values in sampled.items()}
    damage = {name: _unrepaired(times, values, repair) for name, values in sampled.items()}
    found: dict[str, dict[str, float]] = {name: {} for name in rates}
    for n in rates:
        for m in rates:
            both = [a * y + b * x for a, b, x, y in zip(sampled[n], sampled[m], damage[n], damage[m], strict=True)]
            found[n][m] = _simpson(times, both) / (total[n] * total[m] * alpha_beta_gy)
    return found


def _from(rate: Rate, time: float) -> float:
    return rate(time) if time >= 0.0 else 0.0


def _times(begins: Sequence[float], last: float) -> list[float]:
    """Odd number of times, evenly spaced within pairs; short steps after every beginning, growing by a fixed factor."""
    edges = [0.0]
    for number, begin in enumerate(begins):
        end = begins[number + 1] if number + 1 < len(begins) else last
        length = end - begin
        if length <= 0.0:
            continue
        shortest = min(20.0, length / 4.0)
        growth = (length / shortest) ** (1.0 / _STRETCHES)
        edges += [begin + shortest * growth**k for k in range(_STRETCHES)] + [end]
    times = [edges[0]]
    for low, high in itertools.pairwise(edges):
        times += [(low + high) / 2.0, high]
    return times


def _simpson(times: Sequence[float], values: Sequence[float]) -> float:
    return math.fsum(
        (times[k + 2] - times[k]) / 6.0 * (values[k] + 4.0 * values[k + 1] + values[k + 2])
        for k in range(0, len(times) - 2, 2)
    )


def _unrepaired(times: Sequence[float], values: Sequence[float], repair: float) -> list[float]:
    """y' = R − µ y from y = 0, R straight between the times."""
    level = 0.0
    found = [level]
    for k in range(len(times) - 1):
        step = times[k + 1] - times[k]
        kept = math.exp(-repair * step)
        slope = (values[k + 1] - values[k]) / step
        at_start = values[k] / repair - slope / repair**2
        at_end = values[k + 1] / repair - slope / repair**2
        # Short steps: the exact course of y for a straight R loses digits; its own trapezoid is as good there.
        if repair * step < 1e-3:
            level = level * kept + step * (values[k] * kept + values[k + 1]) / 2.0
        else:
            level = at_end + (level - at_start) * kept
        found.append(level)
    return found


def bed_gy(doses_gy: Mapping[str, float], protraction: Mapping[str, Mapping[str, float]]) -> float:
    """Σ D + Σ q_nm D_n D_m."""
    known = {name: dose for name, dose in doses_gy.items() if dose}
    return math.fsum(known.values()) + math.fsum(
        float(protraction[n][m]) * known[n] * known[m] for n in known for m in known
    )


def eqd2_gy(bed: float, alpha_beta_gy: float) -> float:
    """Dose in fractions of 2 Gy with this BED."""
    return bed * alpha_beta_gy / (alpha_beta_gy + EQD2_FRACTION_GY)


def straight_and_falling(
    times: Sequence[float], values: Sequence[float], slowest_per_s: float, *, physical_tail: bool = False
) -> tuple[Rate, float]:
    """The curve through all points, as `curves.trapezoid_integral` integrates it, and the rate of its tail."""
    slope = math.log(values[-2] / values[-1]) / (times[-1] - times[-2])
    tail = slowest_per_s if physical_tail else max(slowest_per_s, slope)

    def at(time: float) -> float:
        if time <= times[0]:
            return values[0] * (time / times[0] if values[1] > values[0] else 1.0)
        if time >= times[-1]:
            return values[-1] * math.exp(-tail * (time - times[-1]))
        k = next(index for index in range(len(times) - 1) if time <= times[index + 1])
        share = (time - times[k]) / (times[k + 1] - times[k])
        if values[k] > values[k + 1] * (1 + 1e-9) and values[k + 1] > 0:
            return float(values[k] * (values[k + 1] / values[k]) ** share)
        return values[k] + (values[k + 1] - values[k]) * share

    return at, tail
