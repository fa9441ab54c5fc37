"""A protocol without laboratory stop rules: it says so, and a grave value needs a reason before signing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from app.plans.laboratory_gate import laboratory_gate
from app.plans.signing_gate import reasons_missing
from dosimetry_core.case import LaboratoryLimit, LaboratoryResult
from dosimetry_core.case_file import read_case
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline import compute, plan_with_activities
from dosimetry_core.report.decision import decision
from dosimetry_core.treatment_report.language import language_of
from tests.app.test_commands import ENTERED
from tests.plan_examples import record_of, tandem_results

PLATELETS = "platelets_1e9_per_l"


def evaluated(platelets: float, protocol: str = "garske-roman") -> Evaluation:
    """The example with entered doses; CTCAE 5.0: platelets below 50 are grade 3, from 50 on grade 2 or less."""
    case = read_case(ENTERED)
    last = case.cycles[-1]
    newest = LaboratoryResult(date(2025, 7, 1), FrozenMap({PLATELETS: platelets}))
    cycles = (*case.cycles[:-1], replace(last, laboratory=(newest,)))
    course = replace(case.course, protocol=protocol)
    limits = FrozenMap({PLATELETS: LaboratoryLimit(lower=150.0)})
    return compute(replace(case, cycles=cycles, course=course, laboratory_limits=limits))


@pytest.mark.parametrize(("platelets", "grade"), [(49.0, 3), (24.0, 4)])
def test_that_a_grave_value_needs_a_reason_where_no_stop_rule_judges_it(platelets: float, grade: int) -> None:
    evaluation = evaluated(platelets)
    (finding,) = (each for each in reasons_missing(evaluation, {}) if each.code == "laboratory-grade")
    said = f"CTCAE grade {grade} of platelets ({platelets:g} 10⁹/L, 2025-07-01)"
    assert finding.text == f"{said}, and protocol garske-roman has no laboratory stop rules."
    assert finding.place == "laboratory, platelets"
    polish = language_of("pl").translated(finding.text)
    assert polish is not None
    assert polish.startswith(f"Stopień {grade} wg CTCAE")
    assert language_of("pl").translated(finding.place) is not None
    text, role = laboratory_gate(evaluation)
    assert said in text
    assert role == "error"
    held = plan_with_activities(evaluation, {"Lu-177": 0.0})
    assert [each.level for each in held.findings if each.code == "laboratory-grade"] == ["warning"]


def test_that_a_lesser_grade_or_a_protocol_with_stop_rules_needs_none() -> None:
    lesser = evaluated(50.0)
    assert "laboratory-grade" not in {finding.code for finding in lesser.findings}
    assert laboratory_gate(lesser) == (
        "Laboratory: no stop rules are in force in protocol garske-roman.",
        "warning",
    )
    codes = {finding.code for finding in evaluated(49.0, "duonen-a").findings}
    assert "laboratory-grade" not in codes
    assert "stop-rule" in codes


def test_that_page_1_says_that_no_stop_rules_are_in_force() -> None:
    results = tandem_results()
    finding = {"code": "no-stop-rules", "level": "info", "place": "protocol", "text": "Protocol ours has none."}
    results["plan"]["findings"].append(finding)
    entries = decision(record_of(results))["attention"]
    assert {"level": "info", "title": "Laboratory", "text": "Protocol ours has none."} in entries
