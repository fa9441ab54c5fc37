"""Tables of lesions, response, adverse events, receptor scans and entry criteria as typed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from dosimetry_core.follow_up import EntryFacts, ReceptorLesionValue, ReceptorScan, TumourLesion
from dosimetry_core.followup import receptor_entry, record_entry
from dosimetry_core.followup.entry_criteria import asked_of_person
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.safety.rules import read_rules

TODAY = date(2026, 11, 21)
LESIONS = (
    TumourLesion("Liver S6", "liver", "target"),
    TumourLesion("Node", "lymph node", "target-node"),
    TumourLesion("Bone", "bone", "non-target"),
)
RESPONSE = {"date": "21.02.2025", "mm Liver S6": "42,5", "mm Node": "18", "non_targets": "non-cr", "new_lesions": ""}
EVENT = {
    "term": "Fatigue", "grade": "2", "relation": "prob", "onset": "2025-03-10", "resolved": "2025-04-01",
    "outcome": "recovered",
}  # fmt: skip
SCAN = {
    "date": "2025-02-22", "tracer": "68Ga-DOTATATE", "segmentation": "41 % of SUVmax", "lesion": "Liver S6",
    "suv_max": "30", "suv_mean": "12,5", "suv_peak": "25", "volume_ml": "30", "fdg_suv_max": "0", "blood": "1,6",
}  # fmt: skip


def responses(*rows: dict[str, str]) -> record_entry.Entered[Any]:
    return record_entry.read_responses(rows, LESIONS, today=TODAY)


def events(*rows: dict[str, str]) -> record_entry.Entered[Any]:
    return record_entry.read_adverse_events(rows, today=TODAY)


def scans(*rows: dict[str, str]) -> record_entry.Entered[Any]:
    return receptor_entry.read_receptor_scans(rows, (), today=TODAY)


def test_that_what_is_typed_is_read_and_shown_alike() -> None:
    read = responses({**RESPONSE, "Krenning Liver S6": "4", "note": "CT"}, {})
    assert read.remarks == ()
    assert dict(read.values[0].sizes_mm) == {"Liver S6": 42.5, "Node": 18.0}
    assert read.values[0].non_targets == "non-cr-non-pd"
    assert dict(read.values[0].krenning) == {"Liver S6": 4}
    assert responses(*record_entry.response_rows(read.values)).values == read.values
    typed = events(EVENT, {**EVENT, "term": "Nausea", "onset": "2025-03-04", "is_serious": "yes"})
    assert [event.term for event in typed.values] == ["Nausea", "Fatigue"]
    assert events(*record_entry.adverse_event_rows(typed.values)).values == typed.values
    lesions = record_entry.read_lesions(record_entry.lesion_rows(LESIONS))
    assert lesions.values == LESIONS
    end = record_entry.read_end([{"date": "2025-10-01", "reason": "dose", "note": ""}], today=TODAY)
    assert end.values[0].reason == "dose-limit"
    assert record_entry.read_end(record_entry.end_rows(end.values[0]), today=TODAY).values == end.values
    assert record_entry.end_rows(None) == []


@pytest.mark.parametrize(
    ("read", "row", "change", "column", "level"),
    [
        (responses, RESPONSE, {"date": ""}, "date", "error"),
        (responses, RESPONSE, {"date": "2027-01-01"}, "date", "error"),
        (responses, RESPONSE, {"mm Node": "-1"}, "mm Node", "error"),
        (responses, RESPONSE, {"mm Node": "600"}, "mm Node", "error"),
        (responses, RESPONSE, {"mm Node": "0,9"}, "mm Node", "warning"),
        (responses, RESPONSE, {"mm Node": "1.250"}, "mm Node", "error"),
        (responses, RESPONSE, {"non_targets": "n"}, "non_targets", "error"),
        (responses, RESPONSE, {"new_lesions": "maybe"}, "new_lesions", "error"),
        (responses, RESPONSE, {"Krenning Node": "2,5"}, "Krenning Node", "error"),
        (responses, RESPONSE, {"Krenning Node": "5"}, "Krenning Node", "error"),
        (events, EVENT, {"term": ""}, "term", "error"),
        (events, EVENT, {"grade": "6"}, "grade", "error"),
        (events, EVENT, {"grade": "0"}, "grade", "error"),
        (events, EVENT, {"grade": "2,5"}, "grade", "error"),
        (events, EVENT, {"relation": ""}, "relation", "error"),
        (events, EVENT, {"relation": "p"}, "relation", "error"),
        (events, EVENT, {"resolved": "2025-03-01"}, "resolved", "error"),
        (events, EVENT, {"resolved": ""}, "resolved", "warning"),
        (events, EVENT, {"outcome": "fatal"}, "outcome", "error"),
        (events, EVENT, {"grade": "5"}, "outcome", "error"),
        (scans, SCAN, {"suv_mean": "31"}, "suv_mean", "error"),
        (scans, SCAN, {"suv_peak": "31"}, "suv_peak", "warning"),
        (scans, SCAN, {"volume_ml": "0"}, "volume_ml", "error"),
        (scans, SCAN, {"volume_ml": ""}, "volume_ml", "error"),
        (scans, SCAN, {"segmentation": ""}, "segmentation", "error"),
        (scans, SCAN, {"suv_max": "twelve"}, "suv_max", "error"),
    ],
)
def test_that_slips_are_refused_or_asked_about(
    read: Callable[..., record_entry.Entered[Any]], row: dict[str, str], change: dict[str, str], column: str, level: str
) -> None:
    found = read({**row, **change})
    assert [(remark.column, remark.level) for remark in found.remarks] == [(column, level)]
    assert found.is_right == (level == "warning")


def test_that_an_empty_size_is_not_evaluated_and_a_zero_is_gone() -> None:
    read = responses({**RESPONSE, "mm Liver S6": "", "mm Node": "0"})
    assert dict(read.values[0].sizes_mm) == {"Node": 0.0}


def test_that_what_stands_twice_is_refused() -> None:
    assert not responses(RESPONSE, RESPONSE).is_right
    assert not record_entry.read_lesions(record_entry.lesion_rows((LESIONS[0], LESIONS[0]))).is_right
    assert not scans(SCAN, SCAN).is_right
    twice = [{"date": "2025-10-01", "reason": "death"}, {"date": "2025-10-02", "reason": "other"}]
    assert not record_entry.read_end(twice, today=TODAY).is_right


def test_that_rows_of_one_day_tracer_and_rule_are_one_scan() -> None:
    second = {**SCAN, "lesion": "Node", "blood": "", "spleen": "15"}
    read = scans(SCAN, second, {**SCAN, "date": "2025-09-02", "segmentation": "as drawn"})
    assert [len(scan.lesions) for scan in read.values] == [2, 1]
    assert dict(read.values[0].reference_suv_mean) == {"blood": 1.6, "spleen": 15.0}
    assert scans(*receptor_entry.receptor_rows(read.values)).values == read.values
    assert not scans(SCAN, {**second, "blood": "2"}).is_right


def test_that_measured_numbers_keep_their_images_and_changed_ones_do_not() -> None:
    lesion = ReceptorLesionValue("Liver S6", 30.123456789012345, 12.5, 25.0, 30.0 / 7.0)
    measured = ReceptorScan(date(2025, 2, 22), "Ga", "as drawn", (lesion,), FrozenMap(), "ab" * 32)
    rows = receptor_entry.receptor_rows((measured,))
    kept = receptor_entry.read_receptor_scans([{**rows[0], "fdg_suv_max": "5"}], (measured,), today=TODAY)
    assert kept.values[0].series_sha256 == measured.series_sha256
    changed = receptor_entry.read_receptor_scans([{**rows[0], "suv_mean": "12.6"}], (measured,), today=TODAY)
    assert changed.values[0].series_sha256 == ""


def test_that_answers_are_yes_no_or_a_number_and_empty_is_not_stated() -> None:
    asked = asked_of_person(read_rules("duonen").entry)
    names = [name for name, _is_answer in asked]
    rows = receptor_entry.entry_rows(EntryFacts(), asked)
    rows[names.index("ki67_percent")]["answer"] = "12"
    rows[names.index("pregnancy")]["answer"] = "no"
    facts, remarks = receptor_entry.read_entry_facts(rows, asked, "2025-02-20", today=TODAY)
    assert remarks == ()
    assert (dict(facts.values), dict(facts.answers)) == ({"ki67_percent": 12.0}, {"pregnancy": False})
    again, _none = receptor_entry.read_entry_facts(
        receptor_entry.entry_rows(facts, asked), asked, "20.02.2025", today=TODAY
    )
    assert again == facts
    _facts, open_ = receptor_entry.read_entry_facts(rows, asked, "", today=TODAY)
    assert [remark.level for remark in open_] == ["warning"]
    for name, answer in (("pregnancy", "perhaps"), ("ki67_percent", "120"), ("ki67_percent", "yes")):
        wrong = [dict(row) for row in rows]
        wrong[names.index(name)]["answer"] = answer
        assert [r.level for r in receptor_entry.read_entry_facts(wrong, asked, "2025-02-20", today=TODAY)[1]] == [
            "error"
        ]
    assert receptor_entry.question_words("earlier_prrt") == "Earlier PRRT"
