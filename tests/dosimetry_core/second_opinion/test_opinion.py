from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest

from dosimetry_core.second_opinion import compare, recompute
from tests.dosimetry_core.second_opinion.records import course

PROTOCOLS = ("duonen-a", "duonen-b", "duonen-c", "duonen-d", "garske-roman")
MODELS = ("mono-exponential", "bi-exponential", "bi-exponential-uptake", "log-trapezoid", "automatic")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_that_both_opinions_agree_under_every_protocol(protocol: str) -> None:
    record = course(PROTOCOLS.index(protocol), protocol=protocol)
    opinion = recompute(record)
    assert compare(record, opinion) == []
    assert opinion["not_checked"] == []


@pytest.mark.parametrize(
    ("model", "weights"),
    [(model, "proportional") for model in MODELS]
    + [(model, weights) for model in MODELS[:3] for weights in ("uniform", "poisson")],
)
def test_that_both_opinions_agree_on_every_model(model: str, weights: str) -> None:
    assert compare(course(11, model=model, weights=weights, cycles=1)) == []


@pytest.mark.long
def test_that_both_opinions_agree_on_many_courses() -> None:
    failures = 0
    for seed in range(300):
        record = course(seed, protocol=PROTOCOLS[seed % len(PROTOCOLS)], model=MODELS[seed % 4], cycles=1 + seed % 4)
        failures += bool(compare(record))
    print(json.dumps({"id": "second-opinion-courses", "n": 300, "failures": failures, "seed": "0-299"}))
    assert failures == 0


def test_that_the_opinion_is_plain_json() -> None:
    opinion = recompute(course(1, cycles=1))
    assert json.loads(json.dumps(opinion, allow_nan=False)) == opinion


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    made = course(2)
    assert compare(made) == []
    return made


def _names(changed: dict[str, Any], opinion: dict[str, Any]) -> set[str]:
    return {found["quantity"] for found in compare(changed, opinion)}


def test_that_every_number_it_gives_is_compared(record: dict[str, Any]) -> None:
    """One per cent on any stated number is found, and only where it is."""
    opinion = recompute(record)
    changed = copy.deepcopy(record)
    for item in opinion["values"][::3]:
        if isinstance(item["second_value"], float) and item["path"][-1] not in ("feasible", "stop"):
            place = changed
            for key in item["path"][:-1]:
                place = place[key]
            stated = place[item["path"][-1]]
            place[item["path"][-1]] = stated * 1.01 + 1e-3 * (abs(stated) < 1e-6)
            differing = _names(changed, opinion)
            found = {tuple(other["path"]) for other in opinion["values"] if other["quantity"] in differing}
            place[item["path"][-1]] = stated
            assert tuple(item["path"]) in found
            assert len(found) == 1


def _faults() -> dict[str, Any]:
    """Seeded faults: what a slip in the program would leave in the record."""

    def point(record: dict[str, Any]) -> None:
        record["cycles"][0]["vois"]["Kidney L"]["activity_bq"]["Lu-177"][2] *= 1.1

    def clock(record: dict[str, Any]) -> None:
        record["cycles"][0]["time_points"][0]["time_after_administration_s"] += 6 * 3600.0

    def mass(record: dict[str, Any]) -> None:
        record["cycles"][0]["vois"]["Spleen"]["mass_kg"] *= 1.02

    def sex(record: dict[str, Any]) -> None:
        record["patient"]["sex"] = "F" if record["patient"]["sex"] == "M" else "M"

    def administered(record: dict[str, Any]) -> None:
        record["cycles"][0]["administrations"][1]["administered_activity_bq"] *= 1.01

    def infusion(record: dict[str, Any]) -> None:
        for a in record["cycles"][0]["administrations"]:
            a["infusion_s"] = 7200.0

    def excluded(record: dict[str, Any]) -> None:
        record["cycles"][0]["vois"]["Liver"]["fit"]["Lu-177"]["included"][3] = False

    def prior(record: dict[str, Any]) -> None:
        record["course"]["prior_absorbed_dose_gy"]["kidneys"] += 0.2

    def limit(record: dict[str, Any]) -> None:
        record["protocol"]["limits_gy"]["kidneys"] = 23.5

    def predictor(record: dict[str, Any]) -> None:
        record["protocol"]["predictor"] = "maximum"

    def allocation(record: dict[str, Any]) -> None:
        record["course"]["planned_cycles"] = 5

    def one_step(record: dict[str, Any]) -> None:
        record["plan"]["activities_bq"]["Y-90"] += 5e7

    def swapped(record: dict[str, Any]) -> None:
        activities = record["plan"]["activities_bq"]
        activities["Lu-177"], activities["Y-90"] = activities["Y-90"], activities["Lu-177"]

    def feasible(record: dict[str, Any]) -> None:
        record["plan"]["feasible"] = not record["plan"]["feasible"]

    def stop(record: dict[str, Any]) -> None:
        record["cycles"][-1]["safety"]["stop_criteria_met"] = ["platelets_1e9_per_l < 80 (79)"]

    def rest_of_body(record: dict[str, Any]) -> None:
        record["settings"]["red_marrow"]["rest_of_body"] = "soft-tissue"

    def blood(record: dict[str, Any]) -> None:
        record["cycles"][0]["blood"]["samples"][4]["activity_concentration_bq_per_ml"]["Lu-177"] *= 1.2

    def missing(record: dict[str, Any]) -> None:
        del record["plan"]["activities_bq"]["Y-90"]

    return {fault.__name__: fault for fault in locals().values() if callable(fault)}


@pytest.mark.parametrize("fault", sorted(_faults()))
def test_that_a_slip_in_the_record_is_found(record: dict[str, Any], fault: str) -> None:
    wrong = copy.deepcopy(record)
    _faults()[fault](wrong)
    assert compare(wrong)


def test_that_a_missing_number_is_a_disagreement_with_nan(record: dict[str, Any]) -> None:
    wrong = copy.deepcopy(record)
    del wrong["cycles"][0]["organs"]["kidneys"]["absorbed_dose_gy"]["total"]
    (found,) = compare(wrong)
    assert math.isnan(found["value"])
    assert found["quantity"] == "cycle 1, kidneys: absorbed dose (Gy)"


def test_that_what_it_cannot_check_is_said(record: dict[str, Any]) -> None:
    other = copy.deepcopy(record)
    other["cycles"][0]["vois"]["Lesion 1"]["engine"] = "voxel-s-values"
    del other["protocol"]
    not_checked = recompute(other)["not_checked"]
    assert "cycle 1, Lesion 1: engine voxel-s-values" in not_checked
    assert "plan: no protocol in the record" in not_checked


def test_that_estimated_cycles_are_checked() -> None:
    made = course(3, last_imaged=False)
    assert made["cycles"][1]["organs"]["kidneys"]["origin"] == "estimated"
    assert compare(made) == []
    made["cycles"][1]["organs"]["kidneys"]["absorbed_dose_gy"]["Y-90"] *= 1.02
    assert "cycle 2, kidneys: absorbed dose of Y-90 (Gy)" in {item["quantity"] for item in compare(made)}
