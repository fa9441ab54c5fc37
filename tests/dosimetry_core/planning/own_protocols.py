"""Protocols as a clinic might write them: random files, read as every protocol is, with unusual limits and steps."""

from __future__ import annotations

import random

from dosimetry_core.planning.protocol import Protocol, parse_protocol
from tests.dosimetry_core.planning.courses import LU, Y
from tests.dosimetry_core.planning.exhaustive import PlainCycle, PlainProtocol, largest_on_grid
from tests.dosimetry_core.planning.test_exhaustive_search import PREDICTORS

STEPS_GBQ = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)
HIGHEST_GBQ = 700.0
"""More than the widest limits allow at the smallest dose per activity of `own_course`: 60 Gy at 0.1 Gy/GBq."""
FACTOR = {LU: 1.0, Y: 5.0}
_TEXT = """format = 1
name = "own-{number}"
title = "A clinic's own"
source = "test"
[course]
cycles = {cycles}
activity_rule = "adapt-free-nuclide"
{nuclides}
[limits]
{limits}
[planning]
allocation = "{allocation}"
{weights}predictor = "{predictor}"
linear_trend_may_fall = false
kidney_quantity = "mean"
rounding_step_gbq = {step}
confirm_above_relative_to_standard = {confirm}
confirm_above_relative_to_last = 1.5
warn_above_probability = 0.1
between_cycle_relative_standard_uncertainty = 0.0
"""


def own_course(
    rng: random.Random, number: int
) -> tuple[Protocol, PlainProtocol, list[PlainCycle], dict[str, float], float, float | None]:
    """A protocol file with a course of it: what was read, the same plainly, smallest activity and cap in GBq."""
    free = rng.choice((LU, Y))
    names = [free, *([LU if free == Y else Y] if rng.random() < 0.6 else [])]
    cycles = rng.randint(1, 8) + 1
    step = rng.choice(STEPS_GBQ)
    smallest = rng.choice((0.0, 0.05, 0.5, 2.0))
    cap = rng.choice((None, round(rng.uniform(1.0, 12.0), 2)))
    fixed = {name: round(rng.uniform(0.3, 4.0) / FACTOR[name], 3) for name in names if name != free}
    kidney = round(rng.choice((rng.uniform(5.0, 18.0), rng.uniform(20.0, 60.0))), 3)
    limits: dict[str, float] = {}
    bed = rng.random() < 0.4
    if not bed or rng.random() < 0.5:
        limits["kidneys"] = kidney
    if rng.random() < 0.6:
        limits["red_marrow_per_cycle"] = round(rng.uniform(0.02, 1.0), 4)
    if rng.random() < 0.6:
        limits["red_marrow_total"] = max(round(rng.uniform(0.3, 4.0), 3), limits.get("red_marrow_per_cycle", 0.0))
    if bed:
        limits["kidneys_bed"] = round(rng.uniform(0.9, 1.8) * kidney, 3)
    keys = {
        "kidneys": "kidneys_total_gy",
        "red_marrow_per_cycle": "red_marrow_per_cycle_gy",
        "red_marrow_total": "red_marrow_total_gy",
        "kidneys_bed": "kidneys_total_bed_gy",
    }
    allocation = rng.choice(("equal-split", "weights", "front-loaded"))
    shares = [round(rng.uniform(0.2, 3.0), 2) for _ in range(cycles)] if allocation == "weights" else None
    predictor = rng.choice(PREDICTORS)
    blocks = []
    for name in names:
        lines = ["[[nuclide]]", f'name = "{name}"']
        if name == free:
            lines += ['role = "free"', "standard_activity_gbq = 3.0", f"minimum_dispensable_activity_gbq = {smallest}"]
            lines += [f"activity_cap_gbq = {cap}"] if cap is not None else []
        else:
            lines += ['role = "fixed"', f"standard_activity_gbq = {fixed[name]}"]
        blocks.append("\n".join(lines))
    text = _TEXT.format(
        number=number,
        cycles=cycles,
        nuclides="\n".join(blocks),
        limits="\n".join(f"{keys[key]} = {value}" for key, value in limits.items()),
        allocation=allocation,
        weights=f"allocation_weights = {shares}\n" if shares else "",
        predictor=predictor,
        step=step,
        confirm=rng.choice((1.0, 1.25, 3.0)),
    )
    protocol = parse_protocol(text.encode("utf-8"), where=f"own-{number}.toml")
    plain = PlainProtocol(free, fixed, cycles, limits, predictor, shares, allocation == "front-loaded", step)
    delivered = []
    for _ in range(rng.randint(1, cycles - 1)):
        own = {n: rng.uniform(0.8, 1.2) for n in names}
        cross = rng.uniform(0.015, 0.035)
        delivered.append(
            PlainCycle(
                {n: rng.uniform(0.5, 8.0) / FACTOR[n] for n in names},
                {
                    "kidneys": {n: rng.uniform(0.1, 1.3) * FACTOR[n] for n in names},
                    "red_marrow": {n: rng.uniform(0.003, 0.05) * FACTOR[n] for n in names},
                },
                {n: {m: cross * (own[n] + own[m]) / 2 for m in names} for n in names},
            )
        )
    prior = {} if bed else {"kidneys": rng.choice((0.0, 3.0)), "red_marrow": rng.choice((0.0, 0.2))}
    return protocol, plain, delivered, prior, smallest, cap


def expected_gbq(
    plain: PlainProtocol, cycles: list[PlainCycle], prior: dict[str, float], smallest: float, cap: float | None
) -> float | None:
    """The largest step that keeps limits and cap; 0 below the smallest that can be dispensed; None without room."""
    found = largest_on_grid(plain, cycles, prior, steps=round(HIGHEST_GBQ / plain.step))
    if found is None:
        return None
    if found > HIGHEST_GBQ - 2 * plain.step and cap is None:
        raise ValueError("the grid of the search ends too early")
    if cap is not None and found > cap:
        found = int(cap / plain.step + 1e-9) * plain.step
    return 0.0 if found < smallest * (1 - 1e-9) else found
