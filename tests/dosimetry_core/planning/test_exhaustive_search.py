"""The planner, the second opinion's plan, and a search that tries every dispensing step agree on random courses."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.next_cycle import DeliveredCycle, DeliveredOrganDose, NextCyclePlan, plan_next_cycle
from dosimetry_core.planning.protocol import Protocol, read_protocol
from dosimetry_core.second_opinion.planning import planned
from dosimetry_core.units import GIGABECQUEREL, GRAY_PER_GIGABECQUEREL
from tests.dosimetry_core.planning.courses import LU, Y
from tests.dosimetry_core.planning.exhaustive import PlainCycle, PlainProtocol, largest_on_grid

BASE = {"B": read_protocol("duonen-b"), "C": read_protocol("duonen-c"), "D": read_protocol("duonen-d")}
PREDICTORS = ("latest", "mean", "activity-weighted-mean", "linear-trend", "maximum")


def random_course(
    rng: random.Random, *, bed: bool
) -> tuple[Protocol, PlainProtocol, list[PlainCycle], dict[str, float]]:
    arm = rng.choice("BCD")
    base = BASE[arm]
    names = [n.name for n in base.nuclides]
    free = base.free_nuclide
    assert free is not None
    cycles = rng.randint(2, 5)
    kidney = rng.uniform(10.0, 45.0)
    limits = {
        "kidneys": kidney,
        "red_marrow_per_cycle": rng.uniform(0.2, 0.8),
        "red_marrow_total": rng.uniform(0.8, 3.0),
    }
    beds = {"kidneys_bed": rng.uniform(0.9, 1.6) * kidney} if bed else {}
    if bed and rng.random() < 0.5:
        del limits["kidneys"]
    allocation = rng.choice(("equal-split", "weights", "front-loaded"))
    shares = tuple(rng.uniform(0.3, 2.0) for _ in range(cycles)) if allocation == "weights" else ()
    protocol = replace(
        base,
        cycles=cycles,
        nuclides=tuple(replace(n, minimum_dispensable_activity_bq=0.0) for n in base.nuclides),
        limits_gy=FrozenMap(limits),
        bed_limits_gy=FrozenMap(beds),
        allocation=allocation,
        allocation_weights=shares,
        predictor=rng.choice(PREDICTORS),
    )
    plain = PlainProtocol(
        free.name,
        {n.name: GIGABECQUEREL.from_core(n.standard_activity_bq) for n in base.fixed_nuclides},
        cycles,
        limits | beds,
        protocol.predictor,
        shares or None,
        allocation == "front-loaded",
    )
    factor = {LU: 1.0, Y: 5.0}
    delivered = []
    for _ in range(rng.randint(1, cycles - 1)):
        own = {n: rng.uniform(0.8, 1.2) for n in names}
        cross = rng.uniform(0.015, 0.035)
        q = {n: {m: cross * (own[n] + own[m]) / 2 for m in names} for n in names}
        delivered.append(
            PlainCycle(
                {n: rng.uniform(0.5, 8.0) / factor[n] for n in names},
                {
                    "kidneys": {n: rng.uniform(0.2, 1.3) * factor[n] for n in names},
                    "red_marrow": {n: rng.uniform(0.005, 0.05) * factor[n] for n in names},
                },
                q,
            )
        )
    prior = {} if bed else {"kidneys": rng.choice((0.0, 2.0))}
    return protocol, plain, delivered, prior


def core(cycles: list[PlainCycle], **uncertainty: float) -> list[DeliveredCycle]:
    made = []
    for number, cycle in enumerate(cycles, start=1):
        given = {n: GIGABECQUEREL.to_core(a) for n, a in cycle.activity.items()}
        organs = {}
        for organ, values in cycle.per_activity.items():
            per_bq = {n: GRAY_PER_GIGABECQUEREL.to_core(v) for n, v in values.items()}
            organs[organ] = DeliveredOrganDose(
                FrozenMap({n: per_bq[n] * given[n] for n in given}),
                FrozenMap(per_bq),
                uncertainty.get("random"),
                uncertainty.get("common"),
                estimated=not cycle.measured,
                protraction_per_gy=FrozenMap(
                    {n: FrozenMap(row) for n, row in cycle.protraction.items()} if organ == "kidneys" else {}
                ),
            )
        made.append(DeliveredCycle(number, FrozenMap(given), FrozenMap(organs)))
    return made


def record(cycle: DeliveredCycle) -> dict[str, Any]:
    return {
        "activities": dict(cycle.administered_activity_bq),
        "doses": {organ: dict(dose.absorbed_dose_gy) for organ, dose in cycle.organs.items()},
        "per_activity": {
            organ: dict(dose.absorbed_dose_per_administered_activity_gy_per_bq) for organ, dose in cycle.organs.items()
        },
        "protraction": {
            organ: {n: dict(row) for n, row in dose.protraction_per_gy.items()} for organ, dose in cycle.organs.items()
        },
    }


def chosen(plan: NextCyclePlan, name: str) -> float:
    return GIGABECQUEREL.from_core(plan.activities_bq[name])


@pytest.mark.parametrize("bed", [False, True])
def test_that_the_plan_is_the_largest_step_of_an_exhaustive_search(bed: bool) -> None:
    rng = random.Random(20250303)
    excluded = 0
    for _ in range(1500):
        protocol, plain, cycles, prior = random_course(rng, bed=bed)
        plan = plan_next_cycle(protocol, core(cycles), prior_absorbed_dose_gy=prior)
        expected = largest_on_grid(plain, cycles, prior)
        if expected is None:
            excluded += 1
            assert chosen(plan, plain.free) == 0.0
            assert not plan.feasible
            assert plan.unrounded_activities_bq[plain.free] < 0
        else:
            assert chosen(plan, plain.free) == pytest.approx(expected, abs=1e-9)
            assert plan.feasible
    assert excluded < 750


@pytest.mark.parametrize("bed", [False, True])
def test_that_the_second_opinion_plans_the_same(bed: bool) -> None:
    rng = random.Random(7)
    for _ in range(120):
        protocol, plain, cycles, prior = random_course(rng, bed=bed)
        delivered = core(cycles)
        plan = plan_next_cycle(protocol, delivered, prior_absorbed_dose_gy=prior)
        second = planned(
            protocol.to_json(),
            [record(c) for c in delivered],
            planned_cycles=None,
            prior_gy=prior,
            stop_rule_met=False,
        )
        assert second["activities_bq"] == pytest.approx(dict(plan.activities_bq), abs=1.0)
        assert second["unrounded_activities_bq"][plain.free] == pytest.approx(
            plan.unrounded_activities_bq[plain.free], rel=1e-7, abs=10.0
        )
        assert second["feasible"] == plan.feasible
        tree = plan.to_json()
        for organ, values in (tree.get("predicted_bed_gy") or {}).items():
            assert second["predicted_bed_gy"][organ] == pytest.approx(values, rel=1e-9)


@pytest.mark.parametrize("bed", [False, True])
def test_that_the_second_opinion_predicts_the_same_of_chosen_activities(bed: bool) -> None:
    rng = random.Random(11)
    for _ in range(60):
        protocol, _plain, cycles, prior = random_course(rng, bed=bed)
        delivered = core(cycles)
        chosen_bq = {n.name: rng.choice((0.0, rng.uniform(0.2, 1.5))) * 1e9 for n in protocol.nuclides}
        plan = plan_next_cycle(protocol, delivered, prior_absorbed_dose_gy=prior, chosen_activities_bq=chosen_bq)
        second = planned(
            protocol.to_json(),
            [record(c) for c in delivered],
            planned_cycles=None,
            prior_gy=prior,
            stop_rule_met=False,
            chosen_bq=chosen_bq,
        )
        assert second["feasible"] == plan.feasible
        tree = plan.to_json()
        for key in ("predicted_absorbed_dose_gy", "predicted_bed_gy"):
            for organ, values in (tree.get(key) or {}).items():
                assert second[key][organ] == pytest.approx(values, rel=1e-9)
