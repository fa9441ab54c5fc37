from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosimetry_core.planning.next_cycle import DeliveredCycle, plan_next_cycle
from dosimetry_core.planning.protocol import Predictor, Protocol, read_protocol
from dosimetry_core.second_opinion.planning import planned
from tests.dosimetry_core.planning.courses import LU, Y, cycle

PROTOCOLS = tuple(read_protocol(name) for name in ("duonen-a", "duonen-b", "duonen-c", "duonen-d", "garske-roman"))


def _plain(delivered: DeliveredCycle) -> dict[str, Any]:
    return {
        "activities": dict(delivered.administered_activity_bq),
        "doses": {organ: dict(dose.absorbed_dose_gy) for organ, dose in delivered.organs.items()},
        "per_activity": {
            organ: dict(dose.absorbed_dose_per_administered_activity_gy_per_bq)
            for organ, dose in delivered.organs.items()
        },
    }


def _agree(protocol: Protocol, delivered: list[DeliveredCycle], **options: Any) -> None:
    first = plan_next_cycle(
        protocol,
        delivered,
        planned_cycles=options.get("planned_cycles"),
        prior_absorbed_dose_gy=options.get("prior_gy", {}),
        stop_criteria_met=["a rule"] if options.get("stop_rule_met") else [],
    )
    second = planned(
        protocol.to_json(),
        [_plain(c) for c in delivered],
        planned_cycles=options.get("planned_cycles"),
        prior_gy=options.get("prior_gy", {}),
        stop_rule_met=options.get("stop_rule_met", False),
    )
    assert second["activities_bq"] == pytest.approx(dict(first.activities_bq), abs=1.0)
    assert second["unrounded_activities_bq"] == pytest.approx(dict(first.unrounded_activities_bq), rel=1e-9, abs=10.0)
    assert (second["feasible"], second["stop"]) == (first.feasible, first.stop)
    assert second["next_cycle"] == first.next_cycle
    for organ, dose in first.forecast.predicted.items():
        own = second["predicted_absorbed_dose_gy"][organ]
        assert own["next_cycle"] == pytest.approx(dose.next_cycle_gy, rel=1e-9, abs=1e-9)
        assert own["course"] == pytest.approx(dose.course_gy, rel=1e-9, abs=1e-9)


_doses = st.tuples(st.floats(0.2, 1.3), st.floats(0.6, 6.0), st.floats(0.005, 0.1), st.floats(0.02, 0.25))


@st.composite
def _delivered(draw: st.DrawFn) -> list[DeliveredCycle]:
    made = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        k_lu, k_y, m_lu, m_y = draw(_doses)
        measured = number == 1 or draw(st.booleans())
        marrow = {LU: m_lu, Y: m_y} if measured and (number == 1 or draw(st.booleans())) else None
        made.append(
            cycle(
                number,
                {LU: draw(st.floats(1.0, 9.0)), Y: draw(st.sampled_from([0.0, 1.0, 1.85]))},
                {LU: k_lu, Y: k_y} if measured else None,
                marrow,
            )
        )
    return made


@settings(max_examples=120, deadline=None)
@given(
    delivered=_delivered(),
    protocol=st.sampled_from(PROTOCOLS),
    predictor=st.sampled_from(get_args(Predictor)),
    prior=st.floats(0.0, 8.0),
    stop=st.sampled_from([False, False, False, True]),
)
def test_that_the_search_in_decimals_agrees_with_the_formula(
    delivered: list[DeliveredCycle], protocol: Protocol, predictor: Predictor, prior: float, stop: bool
) -> None:
    _agree(replace(protocol, predictor=predictor), delivered, prior_gy={"kidneys": prior}, stop_rule_met=stop)


def _random_course(rng: random.Random) -> list[DeliveredCycle]:
    made = []
    for number in range(1, rng.randint(1, 4) + 1):
        measured = number == 1 or rng.random() < 0.7
        kidneys = {LU: rng.uniform(0.2, 1.3), Y: rng.uniform(0.6, 6.0)}
        red_marrow = {LU: rng.uniform(0.005, 0.1), Y: rng.uniform(0.02, 0.25)}
        given = {LU: round(rng.uniform(1.0, 9.0), 3), Y: rng.choice([0.0, round(rng.uniform(0.5, 3.0), 3)])}
        made.append(cycle(number, given, kidneys if measured else None, red_marrow if measured else None))
    return made


@pytest.mark.long
def test_that_ten_thousand_random_courses_agree() -> None:
    rng = random.Random(20250303)
    failures = 0
    for _ in range(10_000):
        protocol = replace(rng.choice(PROTOCOLS), predictor=rng.choice(get_args(Predictor)))
        try:
            _agree(protocol, _random_course(rng), prior_gy={"kidneys": rng.choice([0.0, rng.uniform(0.0, 8.0)])})
        except AssertionError:
            failures += 1
    print(json.dumps({"id": "second-opinion-plans", "n": 10_000, "failures": failures, "seed": 20250303}))
    assert failures == 0


def test_that_front_loading_weights_caps_and_minima_agree() -> None:
    arm_d = PROTOCOLS[3]
    one = [cycle(1, {LU: 7.4}, {LU: 0.5}, {LU: 0.012})]
    _agree(replace(arm_d, allocation="front-loaded"), one)
    _agree(replace(arm_d, allocation="weights", allocation_weights=(1.0, 3.0, 2.0, 1.0)), one)
    _agree(replace(arm_d, nuclides=(replace(arm_d.nuclides[0], activity_cap_bq=11.12e9),)), one)
    _agree(replace(arm_d, nuclides=(replace(arm_d.nuclides[0], minimum_dispensable_activity_bq=20e9),)), one)
    _agree(arm_d, one, planned_cycles=2)
    _agree(arm_d, one, prior_gy={"kidneys": 22.0})
    for count in range(1, 9):
        _agree(PROTOCOLS[4], one, planned_cycles=count)
