from __future__ import annotations

import pytest

from dosimetry_core.data_tables import data_table_editions
from dosimetry_core.planning.protocol import read_protocol
from dosimetry_core.treatment_report.language import language_of
from dosimetry_core.treatment_report.protocol_rules import protocol_rules
from tests.plan_examples import tandem_results


def _told(protocol: object, code: str = "en") -> dict[str, str]:
    results = tandem_results() | {"protocol": protocol}
    return {row["name"]: row["value"] for row in protocol_rules(results, language_of(code))}


def test_that_allocation_predictor_rounding_and_bounds_are_told_in_words() -> None:
    told = _told(read_protocol("duonen-b").to_json())
    assert told == {
        "Activities": "the free nuclide is adapted to the limits",
        "Sharing of what the limits leave": "equally among the remaining cycles",
        "Predictor of the dose per activity": "the latest measured cycle",
        "Kidney value": "mean of both, weighted by mass",
        "Free activity, rounded down to steps of": "0.05 GBq",
        "Warning above a probability of": "25 %",
        "Standard uncertainty from cycle to cycle": "0 %",
        "Entry rules": "duonen",
        "Stop rules": "duonen",
        "Activity of ¹⁷⁷Lu": "fixed, 3.70 GBq",
        "Activity of ⁹⁰Y": "free, standard 1.85 GBq, 0.05 GBq at least",
    }


@pytest.mark.parametrize("name", ["duonen-a", "duonen-b", "duonen-c", "duonen-d", "garske-roman"])
def test_that_no_rule_of_a_bundled_protocol_stays_english_in_polish(name: str) -> None:
    protocol = read_protocol(name).to_json()
    english, polish = (_told(protocol, code) for code in ("en", "pl"))
    assert not english.keys() & polish.keys()
    same = {value for value in english.values() if value in polish.values()}
    assert {value for value in same if not value[0].isdigit()} <= {protocol["entry_rules"], protocol["stop_rules"]}


def test_that_half_lives_are_told_only_of_the_table_that_was_used() -> None:
    results = tandem_results()
    assert protocol_rules(results, language_of("en")) == []
    results["software"]["data_tables"] = data_table_editions()
    # ICRP 107: 6.647 d and 64.10 h.
    assert protocol_rules(results, language_of("en")) == [
        {"name": "Physical half-life of ¹⁷⁷Lu", "value": "159.53 h"},
        {"name": "Physical half-life of ⁹⁰Y", "value": "64.10 h"},
    ]
