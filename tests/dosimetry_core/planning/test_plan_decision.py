"""What is decided about the next cycle: in the plan, in its record and on its first page."""

from __future__ import annotations

from typing import Any

import pytest

from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.planning.administration_entry import planned_cycle
from dosimetry_core.planning.next_cycle import NextCyclePlan, plan_next_cycle
from dosimetry_core.planning.plan_decision import PLAN_DECISIONS
from dosimetry_core.planning.protocol import read_protocol
from dosimetry_core.report.decision import decision, void_reasons
from tests.dosimetry_core.planning.courses import LU, Y, tandem
from tests.plan_examples import record_of, tandem_results

B = read_protocol("duonen-b")


def planned(activities: dict[str, float] | None = None, **more: Any) -> NextCyclePlan:
    return plan_next_cycle(B, [tandem()], chosen_activities_bq=activities, **more)


@pytest.mark.parametrize(
    ("activities", "ends", "expected"),
    [
        (None, False, "proposal"),
        ({LU: 3.7e9, Y: 1.85e9}, False, "standard"),
        ({LU: 3.7e9, Y: 0.5e9}, False, "chosen"),
        ({LU: 0.0, Y: 0.0}, False, "hold"),
        ({LU: 0.0, Y: 0.0}, True, "stop"),
    ],
)
def test_that_a_plan_says_what_is_decided(activities: dict[str, float] | None, ends: bool, expected: str) -> None:
    plan = planned(activities, ends_treatment=ends)
    assert plan.decision == expected
    assert plan.to_json()["decision"] == expected
    if expected in ("hold", "stop"):
        assert set(plan.activities_bq.values()) == {0.0}
        # Nothing is added to what was delivered.
        for dose in plan.forecast.predicted.values():
            assert dose.next_cycle_gy == 0


def test_that_the_proposal_chosen_by_its_number_is_the_proposal() -> None:
    assert planned(dict(planned().activities_bq)).decision == "proposal"


def test_that_a_stop_rule_stands_against_giving_and_not_against_giving_nothing() -> None:
    met = {"stop_criteria_met": ["platelets 72"]}
    nothing = {LU: 0.0, Y: 0.0}
    for plan, level, decided in (
        (planned(**met), "error", "proposal"),
        (planned({LU: 3.7e9, Y: 1e9}, **met), "error", "proposal"),
        (planned(nothing, **met), "warning", "hold"),
        (planned(nothing, ends_treatment=True, **met), "warning", "stop"),
    ):
        (finding,) = (f for f in plan.findings if f.code == "stop-rule")
        assert (finding.level, plan.decision) == (level, decided)
        assert set(plan.activities_bq.values()) == {0.0}


PRINTED = {
    "standard": "Decision: the protocol's standard activity.",
    "chosen": "Decision: other activities than proposed.",
    "hold": "Decision: hold. Nothing is given in cycle 3.",
    "stop": "Decision: stop. The treatment ends here",
    "proposal": "Bounded by",
}


@pytest.mark.parametrize("decided", PLAN_DECISIONS)
def test_that_the_decision_stands_in_the_record_and_on_page_1(decided: str) -> None:
    results = tandem_results()
    results["plan"]["decision"] = decided
    if decided in ("hold", "stop"):
        results["plan"] |= {"stop": True, "activities_bq": {LU: 0.0, Y: 0.0}}
    record = record_of(results)
    assert record["plan"]["decision"] == decided
    page = decision(record)
    assert page["statement"].startswith(PRINTED[decided].replace("cycle 3", f"cycle {record['plan']['next_cycle']}"))
    # A decision to give nothing is one that holds: the page is not void.
    assert void_reasons(record) == []
    assert ("ends" in page["heading"]) == (decided == "stop")


@pytest.mark.parametrize("decided", ["hold", "stop"])
def test_that_nothing_is_given_by_a_plan_that_holds_or_ends_the_treatment(decided: str) -> None:
    results = tandem_results()
    results["plan"]["decision"] = decided
    with pytest.raises(InconsistentCaseError, match="nothing is given by it"):
        planned_cycle(record_of(results), None)
