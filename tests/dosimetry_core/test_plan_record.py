from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosimetry_core.canonical_json import canonical_bytes, sha256_hex
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.plan_record import (
    absorbed_dose_text,
    activity_text,
    calculation_time,
    decimal_text,
    parse_plan_record,
    plan_record,
    quantities,
    results_bytes,
    root_digest,
    unresolved_errors,
)
from tests.plan_examples import (
    LIMITS_GY,
    PATIENT,
    entered_results,
    record_of,
    stopped_results,
    tandem_results,
)


def test_that_activities_and_doses_are_decimal_strings_with_their_unit_in_the_key() -> None:
    record = record_of(entered_results())
    assert record["plan"]["activities"]["Y-90"]["administered_activity_gbq"] == "1.65"
    assert record["plan"]["activities"]["Y-90"]["unrounded_activity_gbq"] == "1.653"
    assert record["cycles"][0]["administrations"][1]["administered_activity_gbq"] == "1.85"
    assert record["plan"]["predicted"]["kidneys"]["course_absorbed_dose_gy"] == "22.98"
    assert record["limits"]["red_marrow_per_cycle"]["absorbed_dose_gy"] == "0.500"
    assert record["plan"]["probability_of_exceeding"]["kidneys"]["probability_percent"] is None


def _floats(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [f for value in tree.values() for f in _floats(value)]
    if isinstance(tree, list):
        return [f for value in tree for f in _floats(value)]
    return [tree] if isinstance(tree, float) else []


@pytest.mark.parametrize("make", [tandem_results, entered_results, stopped_results])
def test_that_a_record_holds_no_binary_fraction_and_reads_back_exactly(make: Any) -> None:
    record = record_of(make())
    assert _floats(record) == []
    assert parse_plan_record(canonical_bytes(record)) == record


def test_that_every_quantity_of_the_tandem_course_is_found() -> None:
    record = record_of(tandem_results())
    places = [place for place, _ in quantities(record)]
    # 2 cycles × 2 nuclides given, 2 × 2 proposed; 3 limits; the rest are doses.
    assert sum(place.endswith("administered_activity_gbq") for place in places) == 6
    assert "course.organs.kidneys.remaining_gy" in places
    assert "course.vois.Bone L3.absorbed_dose_gy" in places


@pytest.mark.parametrize(
    ("activity_bq", "text"), [(12.85e9, "12.85"), (3.7e9, "3.70"), (0.0, "0.00"), (3_701_234_000.0, "3.701234")]
)
def test_that_an_activity_is_stated_to_the_kilobecquerel(activity_bq: float, text: str) -> None:
    assert activity_text(activity_bq) == text


@pytest.mark.parametrize(
    ("dose_gy", "text"),
    [(22.98, "22.98"), (5.6317, "5.63"), (0.391, "0.391"), (0.0132, "0.0132"), (0.0, "0.00"), (-4.57, "-4.57"),
     (-1e-9, "0.000000"), (0.002567, "0.00257"), (123.456, "123.46")],
)  # fmt: skip
def test_that_a_dose_has_two_decimals_and_three_digits_at_least(dose_gy: float, text: str) -> None:
    assert absorbed_dose_text(dose_gy) == text


def test_that_an_uncertainty_has_the_decimals_of_its_value() -> None:
    assert absorbed_dose_text(0.794, beside_gy=6.105) == "0.79"
    assert absorbed_dose_text(0.0957, beside_gy=0.319) == "0.096"


@given(st.floats(min_value=1e-4, max_value=1e3))
def test_that_a_stated_dose_is_the_dose_to_half_a_percent(dose_gy: float) -> None:
    # Three significant digits round by at most half a unit of the third: 0.5 %.
    assert float(absorbed_dose_text(dose_gy)) == pytest.approx(dose_gy, rel=5.001e-3)


def test_that_a_number_without_decimal_form_is_refused() -> None:
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="no decimal form"):
            decimal_text(value, places=2)
    results = tandem_results()
    results["plan"]["activities_bq"]["Lu-177"] = math.nan
    with pytest.raises(ValueError, match=r"no decimal form|no canonical form"):
        record_of(results)


def test_that_the_root_digest_is_that_of_the_lines_sha256sum_prints() -> None:
    digests = {"b.dcm": "22" * 32, "a/łuk.dcm": "11" * 32}
    listing = f"{'11' * 32}  a/łuk.dcm\n{'22' * 32}  b.dcm\n"
    assert root_digest(digests) == hashlib.sha256(listing.encode()).hexdigest()
    assert root_digest(dict(reversed(digests.items()))) == root_digest(digests)
    assert root_digest(digests | {"b.dcm": "23" * 32}) != root_digest(digests)


def test_that_results_are_bound_to_the_record_by_their_digest() -> None:
    results = entered_results()
    assert record_of(results)["results_sha256"] == sha256_hex(results_bytes(results))


def test_that_any_changed_result_makes_another_record() -> None:
    one, two = entered_results(), entered_results()
    two["course"]["organs"]["kidneys"]["absorbed_dose_gy"] = math.nextafter(6.105, 7)
    assert canonical_bytes(record_of(one)) != canonical_bytes(record_of(two))


def test_that_the_calculation_time_is_kept_in_utc_and_with_its_zone() -> None:
    record = record_of(entered_results())
    assert record["calculated_at"] == {
        "utc": "2025-05-20T12:02:11Z",
        "local": "2025-05-20T14:02:11+02:00",
        "zone": "Europe/Warsaw",
    }
    assert calculation_time(record) == datetime(2025, 5, 20, 12, 2, 11, tzinfo=UTC)


def test_that_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        plan_record(
            entered_results(),
            patient=PATIENT,
            software_version="0",
            calculated_at=datetime(2025, 5, 20),
            protocol_digest="",
            limits_gy=LIMITS_GY,
        )


def test_that_an_override_resolves_the_error_of_its_code_at_its_place_only() -> None:
    results = stopped_results()
    second = {**results["plan"]["findings"][0], "place": "laboratory, 2025-06-02"}
    results["plan"]["findings"].append(second)
    record = record_of(results, overrides={"stop-rule": "why"})
    assert [finding["place"] for finding in unresolved_errors(record)] == ["laboratory, 2025-06-02"]
    # Records of earlier versions name no place: there a reason is for every finding of its code.
    for override in record["overrides"]:
        del override["place"]
    assert unresolved_errors(record) == []


def test_that_an_override_of_another_code_resolves_nothing() -> None:
    results = stopped_results()
    assert [finding["code"] for finding in unresolved_errors(record_of(results))] == ["stop-rule"]
    assert unresolved_errors(record_of(results, overrides={"stop-rule": "why"})) == []
    assert len(unresolved_errors(record_of(results, overrides={"stop": "why"}))) == 1


def test_that_findings_stand_once() -> None:
    results = tandem_results()
    results["findings"] += results["plan"]["findings"]
    codes = [finding["code"] for finding in record_of(results)["findings"]]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace('"format":1', '"format":2'), "format"),
        (lambda text: " " + text, "canonical"),
        (lambda text: text.replace('"limits":', '"limit":'), "missing|canonical"),
        (lambda text: text.replace('"1.65"', "1.65"), "decimal string"),
        (lambda text: text.replace('"1.65"', '"1,65"'), "decimal string"),
        (lambda text: text.replace('"1.65"', '"01.65"'), "decimal string"),
        (lambda text: text.replace("12:02:11Z", "12:02:11"), "time"),
        (lambda text: text.replace("12:02:11Z", "noon"), "time"),
    ],
)
def test_that_a_record_in_any_other_form_is_refused(change: Any, words: str) -> None:
    text = change(canonical_bytes(record_of(entered_results())).decode())
    with pytest.raises(InconsistentCaseError, match=words):
        parse_plan_record(text.encode())
