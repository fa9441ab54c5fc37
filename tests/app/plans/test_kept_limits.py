"""What the plan screen says of kept limits."""

from __future__ import annotations

from dataclasses import replace

from app.steps.plan_decisions import verdict
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.next_cycle import plan_next_cycle
from dosimetry_core.planning.protocol import LimitKey, read_protocol
from tests.dosimetry_core.planning.courses import tandem


def test_that_the_plan_screen_does_not_call_limits_kept_that_a_delivered_cycle_broke() -> None:
    base, delivered = read_protocol("duonen-b"), [tandem()]
    plans = []
    for limit in (0.5, 0.16):
        limits: FrozenMap[LimitKey, float] = FrozenMap({"kidneys": 99.0, "red_marrow_per_cycle": limit})
        plans.append(plan_next_cycle(replace(base, limits_gy=limits), delivered))
    kept, broken = plans
    assert kept.feasible
    assert broken.feasible  # the next cycle is adapted to the limit that the first one broke
    assert "It keeps all limits;" in verdict(kept)
    assert "keeps all limits in the coming cycles (a delivered one exceeded" in verdict(broken)
