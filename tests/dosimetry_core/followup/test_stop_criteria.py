"""Stop rules over cycles: a rule that an earlier cycle met is not forgotten when later values no longer meet it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from dosimetry_core.followup.stop_criteria import stop_criteria, stop_criteria_of_case
from dosimetry_core.safety.rules import read_rules
from tests.dosimetry_core.followup.test_laboratory_entry import CASE, PLT, cycle, result

RULES = read_rules("duonen")
FIRST, SECOND = date(2025, 3, 3), date(2025, 5, 5)


def said(first: float, second: float) -> tuple[list[str], list[str]]:
    cycles = (
        cycle(1, FIRST, result(date(2025, 3, 24), **{PLT: first})),
        cycle(2, SECOND, result(date(2025, 5, 26), **{PLT: second})),
    )
    found = stop_criteria_of_case(replace(CASE, cycles=cycles), RULES)
    return [o.text for o in found.latest if o.outcome == "met"], [o.text for o in found.met_earlier]


def test_that_a_rule_met_in_an_earlier_cycle_is_named() -> None:
    assert said(210.0, 150.0) == ([], [])
    assert said(79.0, 150.0) == ([], ["platelets < 80 × 10⁹/L (79, 2025-03-24)"])
    # Where it is met now, there is nothing to add.
    assert said(79.0, 60.0) == (["platelets < 80 × 10⁹/L (60, 2025-05-26)"], [])
    assert stop_criteria([]).latest == ()
