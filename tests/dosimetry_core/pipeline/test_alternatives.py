"""What else could be given after the cycle of the case in tests/reference/entered_doses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dosimetry_core.case_file import read_case
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.pipeline import evaluate, plan_with_activities
from dosimetry_core.pipeline.alternatives import planning_basis, plans_by_protocol, risk_by_activity
from dosimetry_core.planning.protocol import bundled_protocols, read_protocol

CASE = Path(__file__).parents[2] / "reference" / "entered_doses"


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluate(read_case(CASE))


def test_that_the_own_protocol_among_others_proposes_the_plan_itself(evaluation: Evaluation) -> None:
    (own,) = plans_by_protocol(evaluation, [evaluation.protocol])
    assert own.plan is not None
    assert own.plan.activities_bq == evaluation.plan.activities_bq
    assert own.plan.forecast == evaluation.plan.forecast


def test_that_every_shipped_protocol_proposes_something_or_says_why_it_can_not(evaluation: Evaluation) -> None:
    found = plans_by_protocol(evaluation, [read_protocol(name) for name in bundled_protocols()])
    assert len(found) == len(bundled_protocols())
    given = {a.nuclide for a in evaluation.case.cycles[0].administrations}
    for other in found:
        needed = {nuclide.name for nuclide in other.protocol.nuclides}
        if needed <= given:
            assert other.plan is not None
            assert other.reason is None
            assert set(other.plan.activities_bq) == needed
        else:
            assert other.plan is None
            assert other.reason
            assert any(name in other.reason for name in needed - given)


def test_that_the_risk_along_an_activity_is_that_of_each_plan(evaluation: Evaluation) -> None:
    basis = planning_basis(evaluation)
    assert basis is not None
    free = evaluation.protocol.free_nuclide
    assert free is not None
    fixed = {name: a for name, a in evaluation.plan.activities_bq.items() if name != free.name}
    activities = [0.0, 1e9, 5e9, 2e10]
    risks = risk_by_activity(basis, free.name, fixed, activities)
    assert risks
    for key, along in risks.items():
        assert list(along) == sorted(along)
        for activity, risk in zip(activities, along, strict=True):
            plan = plan_with_activities(evaluation, {**fixed, free.name: activity})
            assert plan.forecast.probability_of_exceeding[key] == risk


def test_that_a_finished_course_has_no_basis_for_a_next_cycle(evaluation: Evaluation) -> None:
    case = evaluation.case
    done = replace(case, course=replace(case.course, planned_cycles=len(case.cycles)))
    assert planning_basis(evaluate(done)) is None
