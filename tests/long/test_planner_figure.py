"""The planner against an exhaustive search on 10,000 random courses of all protocols, and the hard ones among them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.next_cycle import plan_next_cycle
from dosimetry_core.planning.protocol import Protocol, read_protocol
from dosimetry_core.units import GIGABECQUEREL
from tests.dosimetry_core.planning.courses import LU
from tests.dosimetry_core.planning.exhaustive import PlainCycle, PlainProtocol, keeps, largest_on_grid, totals
from tests.dosimetry_core.planning.test_exhaustive_search import chosen, core, random_course
from tests.figures import figure_line

pytestmark = pytest.mark.long

COURSES = 10_000
SEED = 20261121
GRID_STEPS = 4000
FIXED = ("duonen-a", "garske-roman")


def fixed_course(rng: random.Random, name: str) -> tuple[Protocol, PlainProtocol, list[PlainCycle], dict[str, float]]:
    """A course of a protocol that never changes the activity."""
    base = read_protocol(name)
    limits = {key: rng.uniform(0.5, 1.6) * limit for key, limit in base.limits_gy.items()}
    protocol = replace(base, limits_gy=FrozenMap(limits))
    given = GIGABECQUEREL.from_core(base.nuclides[0].standard_activity_bq)
    plain = PlainProtocol("", {LU: given}, base.cycles or 0, {str(k): v for k, v in limits.items()})
    cycles = [
        PlainCycle(
            {LU: rng.uniform(0.9, 1.1) * given},
            {"kidneys": {LU: rng.uniform(0.3, 1.0)}, "red_marrow": {LU: rng.uniform(0.005, 0.05)}},
        )
        for _ in range(rng.randint(1, 3))
    ]
    return protocol, plain, cycles, {"kidneys": rng.choice((0.0, 6.0))}


def with_unmeasured_cycles(cycles: list[PlainCycle], rng: random.Random) -> list[PlainCycle]:
    """Some cycles after the first without dosimetry: the last measured doses per activity stand for theirs."""
    made = [cycles[0]]
    for cycle in cycles[1:]:
        last = next(known for known in reversed(made) if known.measured)
        if rng.random() < 0.5:
            made.append(replace(cycle, per_activity=last.per_activity, protraction=last.protraction, measured=False))
        else:
            made.append(cycle)
    return made


def test_that_the_planner_equals_the_exhaustive_search() -> None:
    rng = random.Random(SEED)
    failures = []
    kinds = dict.fromkeys(
        (
            "tandem infeasible",
            "marrow-limited",
            "retreatment with prior dose",
            "cycle without dosimetry",
            "dose per activity changed",
            "BED",
            *(f"duonen-{arm}" for arm in "abcd"),
            "garske-roman",
        ),
        0,
    )
    for number in range(COURSES):
        if number % 5 == 0:
            name = FIXED[(number // 5) % 2]
            protocol, plain, cycles, prior = fixed_course(rng, name)
            if rng.random() < 0.3:
                cycles = with_unmeasured_cycles(cycles, rng)
            plan = plan_next_cycle(protocol, core(cycles), prior_absorbed_dose_gy=prior)
            if name == "duonen-a":
                further = (protocol.cycles or 0) - len(cycles)
                right = chosen(plan, LU) == plain.fixed[LU] and plan.feasible == keeps(
                    plain, totals(plain, cycles, prior, further)
                )
            else:
                goes_on = keeps(plain, totals(plain, cycles, prior, 1))
                right = plan.stop is not goes_on and chosen(plan, LU) == (plain.fixed[LU] if goes_on else 0.0)
            kinds[name] += 1
        else:
            bed = number % 5 == 4
            protocol, plain, cycles, prior = random_course(rng, bed=bed)
            if not bed:
                prior = {"kidneys": rng.choice((0.0, 0.0, 4.0, 12.0)), "red_marrow": rng.choice((0.0, 0.4))}
                if rng.random() < 0.4:
                    cycles = with_unmeasured_cycles(cycles, rng)
            plan = plan_next_cycle(protocol, core(cycles), prior_absorbed_dose_gy=prior)
            expected = largest_on_grid(plain, cycles, prior, steps=GRID_STEPS)
            assert expected is None or expected < GRID_STEPS * plain.step, "the grid of the search ends too early"
            got = chosen(plan, plain.free)
            right = abs(got - (expected or 0.0)) < 1e-9 and plan.feasible == (expected is not None)
            kinds[protocol.name] += 1
            kinds["BED"] += bed
            kinds["tandem infeasible"] += expected is None and len(protocol.nuclides) == 2
            kinds["marrow-limited"] += plan.limiting.startswith("red_marrow")
        kinds["retreatment with prior dose"] += any(prior.values())
        kinds["cycle without dosimetry"] += any(not cycle.measured for cycle in cycles)
        kinds["dose per activity changed"] += _changed(cycles)
        if not right:
            failures.append((number, protocol.name))
    figure_line(
        "planner-exhaustive-search",
        n=COURSES,
        failures=len(failures),
        seed=SEED,
        **{kind.replace(" ", "_").replace("-", "_"): count for kind, count in kinds.items()},
    )
    assert failures == []
    assert min(kinds.values()) >= 100, kinds


def _changed(cycles: list[PlainCycle]) -> bool:
    """Whether the kidneys' dose per activity went up or down by more than a half within the course."""
    values = [cycle.per_activity["kidneys"][LU] for cycle in cycles if cycle.measured]
    return max(values) > 1.5 * min(values)
