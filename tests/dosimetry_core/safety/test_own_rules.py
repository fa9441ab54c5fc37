"""A clinic's own rules in its protocol file: read, applied, part of its digest, refused where they are not used."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dosimetry_core.case import LaboratoryResult, Patient
from dosimetry_core.data_tables import table_bytes
from dosimetry_core.errors import DosimetryError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.protocol import Protocol, parse_protocol
from dosimetry_core.safety.assessment import assess
from dosimetry_core.safety.protocol_rules import entry_rules_of, stop_rules_of
from dosimetry_core.safety.rules import read_rules

BUNDLED = table_bytes("protocols", "duonen-d.toml").decode("utf-8")
OWN = (
    BUNDLED.replace('stop_rules = "duonen"', 'stop_rules = "own"')
    + """
[[safety.stop]]
name = "platelets"
requirement = "platelets below 75"
any = [{ value = "platelets_1e9_per_l", below = 75 }]
"""
)
OWN_ENTRY = (
    BUNDLED.replace('entry_rules = "duonen"', 'entry_rules = "own"')
    + """
[[safety.entry]]
name = "Ki-67 and trial"
requirement = "Ki-67 up to 20 %, in no other trial"
all = [{ value = "ki67_percent", at_most = 20 }, { value = "in_another_trial", is = false }]
"""
)
PATIENT = Patient("P-1", "Test^Case", "F", "UTC")


def parsed(text: str) -> Protocol:
    return parse_protocol(text.encode("utf-8"), where="ours.toml")


def outcome(protocol: Protocol, platelets: float) -> tuple[str, ...]:
    result = LaboratoryResult(date(2025, 3, 1), FrozenMap({"platelets_1e9_per_l": platelets}))
    return assess(PATIENT, [result], {}, stop_rules_of(protocol)).stop_criteria_met


def test_that_own_rules_take_the_place_of_the_bundled_ones() -> None:
    ours, bundled = parsed(OWN), parsed(BUNDLED)
    assert ours.own_rules is not None
    assert [rule.name for rule in ours.own_rules.stop] == ["platelets"]
    assert (outcome(bundled, 79.0) != (), outcome(ours, 79.0)) == (True, ())
    assert outcome(ours, 75.0) == ()
    assert outcome(ours, 74.9) == ("platelets < 75 × 10⁹/L (74.9, 2025-03-01)",)
    assert entry_rules_of(ours) == read_rules("duonen")
    assert bundled.own_rules is None
    assert stop_rules_of(replace(bundled, stop_rules=None)) is None


def test_that_a_clinic_can_ask_a_question_of_its_own_before_treatment() -> None:
    rules = parsed(OWN_ENTRY).own_rules
    assert rules is not None
    assert [condition.quantity for condition in rules.entry[0].conditions] == ["ki67_percent", "in_another_trial"]


def test_that_another_limit_is_another_protocol() -> None:
    assert parsed(OWN).digest != parsed(OWN.replace("below = 75 }", "below = 70 }")).digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OWN.replace('stop_rules = "own"', 'stop_rules = "duonen"'), "rules that are not used"),
        (OWN.replace('entry_rules = "duonen"', 'entry_rules = "own"'), "there are none"),
        (OWN.replace("below = 75 }", "under = 75 }"), "comparison"),
        (OWN.replace('name = "platelets"', ""), "missing"),
        (
            OWN.replace("platelets_1e9_per_l", "platelets"),
            "unknown quantity 'platelets'; did you mean 'platelets_1e9_per_l'",
        ),
        (OWN.replace("platelets_1e9_per_l", "age_years"), "unknown quantity 'age_years'"),
        (OWN.replace("below = 75 }", "is = true }"), "is a number"),
        (OWN.replace('"platelets_1e9_per_l", below = 75', '"pregnancy", is = true'), "no laboratory value"),
        (OWN_ENTRY.replace("ki67_percent", "ki67"), "unknown quantity 'ki67'; did you mean 'ki67_percent'"),
    ],
)
def test_that_rules_that_contradict_the_protocol_are_refused(text: str, said: str) -> None:
    with pytest.raises(DosimetryError, match=said):
        parsed(text)
