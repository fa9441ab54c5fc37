"""The headless contract: entered doses to a plan through the command line, and the keys of results.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.cli import main

LU, Y = "Lu-177", "Y-90"
LIMITS = """
[laboratory_limits]
alt_u_per_l = { upper = 35 }
ast_u_per_l = { upper = 35 }
bilirubin_umol_per_l = { upper = 21 }
"""
NORMAL = {
    "haemoglobin_g_per_dl": 12.1,
    "platelets_1e9_per_l": 210,
    "leukocytes_1e9_per_l": 5.6,
    "neutrophils_1e9_per_l": 3.4,
    "lymphocytes_1e9_per_l": 1.3,
    "creatinine_umol_per_l": 76,
    "egfr_ml_per_min_per_1_73m2": 88,
    "alt_u_per_l": 22,
    "ast_u_per_l": 25,
    "bilirubin_umol_per_l": 9,
    "karnofsky": 90,
}


def _table(values: Mapping[str, float]) -> str:
    return "{ " + ", ".join(f'"{name}" = {value}' for name, value in values.items()) + " }"


def laboratory(day: str = "2025-12-24", **changes: float) -> str:
    rows = "".join(f"  {key} = {value}\n" for key, value in (NORMAL | changes).items())
    return f"  [[cycle.laboratory]]\n  date = {day}\n{rows}"


def cycle(
    number: int,
    given_gbq: Mapping[str, float],
    kidneys: Mapping[str, float] | None = None,
    red_marrow: Mapping[str, float] | None = None,
    more: str = "",
) -> str:
    text = f"[[cycle]]\nnumber = {number}\n"
    for name, activity in given_gbq.items():
        text += f'  [[cycle.administration]]\n  nuclide = "{name}"\n  administered_activity_mbq = {activity * 1000}\n'
        text += f"  start = 2025-{2 * number:02d}-03T10:30:00+01:00\n"
    if kidneys is not None and red_marrow is not None:
        text += "  [cycle.entered_absorbed_dose_per_administered_activity_gy_per_gbq]\n"
        text += f"  kidneys = {_table(kidneys)}\n  red_marrow = {_table(red_marrow)}\n"
        text += "  relative_standard_uncertainty = { kidneys = 0.13, red_marrow = 0.3 }\n"
    return text + more


def case(protocol: str, *cycles: str, course: str = "") -> str:
    head = 'format = 1\n[patient]\nid = "P"\nname = "A^B"\nsex = "F"\nbirth_date = 1957-03-04\nweight_kg = 68.0\n'
    return head + f'time_zone = "Europe/Warsaw"\n[course]\nprotocol = "{protocol}"\n{course}{LIMITS}' + "".join(cycles)


Run = Callable[[str], dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Results of a case text, computed by the command."""

    def computed(text: str) -> dict[str, Any]:
        (tmp_path / "case.toml").write_text(text, "utf-8")
        assert main(["compute", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
        results: dict[str, Any] = json.loads((tmp_path / "out/results.json").read_text("utf-8"))
        return results

    return computed


def _codes(results: Mapping[str, Any]) -> dict[str, str]:
    return {finding["code"]: finding["level"] for finding in results["findings"]}


TANDEM = cycle(1, {LU: 3.7, Y: 1.85}, {LU: 0.45, Y: 2.4}, {LU: 0.010, Y: 0.070}, laboratory())


def _arm_d(number: int, activity: float, dose: float) -> str:
    return cycle(number, {LU: activity}, {LU: dose}, {LU: 0.014})


# Oracles PLAN-A1, B1, C1, C2, D1, D3 and G1 of tests/reference/oracles.json; activities in GBq.
PLANS = {
    "A1": (
        case("duonen-a", *(cycle(n, {LU: 7.4}, {LU: 0.527}, {LU: 0.0132}) for n in (1, 2, 3))),
        {LU: 7.4}, "protocol", True, False, 15.5992,
    ),
    "B1": (case("duonen-b", TANDEM), {LU: 3.7, Y: 1.65}, "kidneys", True, False, 22.98),
    "C1": (case("duonen-c", TANDEM), {LU: 2.6, Y: 1.85}, "kidneys", True, False, 22.935),
    "C2": (
        case("duonen-c", cycle(1, {LU: 3.7, Y: 1.85}, {LU: 0.45, Y: 3.5}, {LU: 0.01, Y: 0.08})),
        {LU: 0.0, Y: 1.85}, "fixed_nuclide", False, False, 27.565,
    ),
    "D1": (case("duonen-d", _arm_d(1, 7.4, 0.5)), {LU: 12.85}, "kidneys", True, False, 22.975),
    "D3": (
        case("duonen-d", _arm_d(1, 7.4, 0.5), _arm_d(2, 10.0, 0.56), _arm_d(3, 9.0, 0.59)),
        {LU: 14.2}, "kidneys", True, False, 22.988,
    ),
    "G1, fifth cycle": (
        case("garske-roman", *(cycle(n, {LU: 7.4}, {LU: 0.6}, {LU: 0.02}) for n in (1, 2, 3, 4))),
        {LU: 7.4}, "protocol", True, False, 22.2,
    ),
    "G1, no sixth": (
        case("garske-roman", *(cycle(n, {LU: 7.4}, {LU: 0.6}, {LU: 0.02}) for n in (1, 2, 3, 4, 5))),
        {LU: 0.0}, "kidneys", True, True, 22.2,
    ),
    "marrow per cycle": (
        case("duonen-b", cycle(1, {LU: 3.7, Y: 1.85}, {LU: 0.2, Y: 1.2}, {LU: 0.03, Y: 0.15})),
        {LU: 3.7, Y: 2.55}, "red_marrow_per_cycle", True, False, None,
    ),
    "minimum activity": (
        case("duonen-b", cycle(1, {LU: 3.7, Y: 1.85}, {LU: 1.24, Y: 2.4}, {LU: 0.01, Y: 0.07})),
        {LU: 3.7, Y: 0.0}, "minimum_activity", True, False, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(PLANS))
def test_that_the_plan_is_that_of_the_methods(name: str, run: Run) -> None:
    text, activities_gbq, limiting, feasible, stop, course_gy = PLANS[name]
    results = run(text)
    plan = results["plan"]
    assert plan["activities_bq"] == pytest.approx({n: a * 1e9 for n, a in activities_gbq.items()})
    assert (plan["limiting"], plan["feasible"], plan["stop"]) == (limiting, feasible, stop)
    if course_gy is not None:
        assert plan["predicted_absorbed_dose_gy"]["kidneys"]["course"] == pytest.approx(course_gy)
    assert results["second_opinion"]["disagreements"] == []
    assert _codes(results).get("fixed-nuclide-exceeds") == ("error" if limiting == "fixed_nuclide" else None)


def test_that_a_course_that_is_done_has_no_next_cycle(run: Run) -> None:
    plan = run(case("duonen-b", TANDEM, course="planned_cycles = 1\n"))["plan"]
    assert plan["next_cycle"] is None
    assert set(plan["activities_bq"].values()) == {0.0}


@pytest.mark.parametrize(
    ("key", "allowed", "stops"),
    [
        ("karnofsky", 60, 59),
        ("creatinine_umol_per_l", 150, 150.1),
        ("egfr_ml_per_min_per_1_73m2", 30, 29.9),
        ("haemoglobin_g_per_dl", 8.0, 7.9),
        ("leukocytes_1e9_per_l", 3.0, 2.99),
        ("neutrophils_1e9_per_l", 1.0, 0.99),
        ("platelets_1e9_per_l", 80, 79),
        ("bilirubin_umol_per_l", 63, 63.1),
    ],
)
def test_that_a_stop_rule_stops_beyond_its_bound_only(key: str, allowed: float, stops: float, run: Run) -> None:
    for value, stop in ((allowed, False), (stops, True)):
        given = cycle(1, {LU: 3.7, Y: 1.85}, {LU: 0.45, Y: 2.4}, {LU: 0.01, Y: 0.07}, laboratory(**{key: value}))
        results = run(case("duonen-b", given))
        assert results["plan"]["stop"] is stop
        met = results["cycles"][0]["safety"]["stop_criteria_met"]
        assert len(met) == stop
        assert all(key not in text for text in met)  # named for people


def test_that_a_stop_stays_until_a_new_value_decides(run: Run) -> None:
    doses = ({LU: 3.7, Y: 1.85}, {LU: 0.45, Y: 2.4}, {LU: 0.01, Y: 0.07})
    low = cycle(1, *doses, laboratory("2025-03-24", platelets_1e9_per_l=70))
    assert run(case("duonen-b", low, cycle(2, *doses)))["plan"]["stop"]
    assert not run(case("duonen-b", low, cycle(2, *doses, laboratory("2025-05-24"))))["plan"]["stop"]


def test_that_what_is_missing_is_named_for_people_and_said_of_the_last_cycle_only(run: Run) -> None:
    bare = cycle(1, {LU: 3.7, Y: 1.85}, {LU: 0.45, Y: 2.4}, {LU: 0.01, Y: 0.07})
    results = run(case("duonen-b", bare, bare.replace("number = 1", "number = 2").replace("2025-02", "2025-04")))
    (finding,) = [f for f in results["findings"] if f["code"] == "stop-rule-undecided"]
    assert finding["place"] == "cycle 2, laboratory"
    assert "creatinine (µmol/L)" in finding["text"]
    assert "_per_" not in finding["text"]
    assert len(results["cycles"][0]["safety"]["cannot_decide"]) == 8


@pytest.mark.parametrize("measured", [1, 2])
def test_that_an_unmeasured_cycle_is_estimated_from_the_measured_one(measured: int, run: Run) -> None:
    bare = {n: cycle(n, {LU: 3.7, Y: 1.65}) for n in (1, 2)}
    known = cycle(measured, {LU: 3.7, Y: 1.85}, {LU: 0.45, Y: 2.4}, {LU: 0.01, Y: 0.07})
    results = run(case("duonen-b", *({**bare, measured: known}[n] for n in (1, 2))))
    other = results["cycles"][2 - measured]
    # 3.7 · 0.45 + 1.65 · 2.4, and no length of the infusion was needed.
    assert other["organs"]["kidneys"]["absorbed_dose_gy"]["total"] == pytest.approx(5.625)
    assert other["organs"]["kidneys"]["estimated"] is True
    assert other["organs"]["kidneys"]["estimated_nuclides"] == [LU, Y]
    assert other["administrations"][0]["infusion_s"] is None
    assert results["course"]["organs"]["kidneys"]["absorbed_dose_gy"] == pytest.approx(6.105 + 5.625)
    assert results["plan"]["predicted_absorbed_dose_gy"]["kidneys"]["course"] == pytest.approx(22.98)
    assert _codes(results)["estimated-dose"] == "warning"
    assert "estimated-cycle" not in _codes(results)
    assert results["second_opinion"]["disagreements"] == []
    assert "not-second-checked" not in _codes(results)


def test_that_entered_doses_stand_in_the_results_in_core_units(run: Run) -> None:
    entered = run(case("duonen-b", TANDEM))["cycles"][0]["entered"]
    assert entered["kidneys"] == pytest.approx({LU: 0.45e-9, Y: 2.4e-9})


def test_that_an_organ_that_is_half_known_has_no_sum(run: Run) -> None:
    half = TANDEM.replace('red_marrow = { "Lu-177" = 0.01, "Y-90" = 0.07 }', 'red_marrow = { "Lu-177" = 0.01 }')
    assert half != TANDEM
    results = run(case("duonen-b", half))
    assert "red_marrow" not in results["course"]["organs"]
    assert _codes(results)["absorbed-dose-incomplete"] == "warning"
    assert _codes(results)["marrow-dose-missing"] == "error"


@pytest.mark.parametrize(
    ("before", "after", "code", "level"),
    [
        ("_mbq = 3700.0", "_mbq = 3.7", "administered-activity-unusual", "error"),
        ("_mbq = 3700.0", "_mbq = 3200", "administered-activity-unusual", "warning"),
        ("date = 2025-12-24", "date = 2035-12-24", "laboratory-date-unusual", "warning"),
        ('protocol = "duonen-b"', 'protocol = "duonen-d"', "nuclide-not-in-protocol", "warning"),
        ('"Y-90" = 2.4 ', '"Y-90" = 9.9 ', "dose-per-activity-unusual", "warning"),
    ],
)  # fmt: skip
def test_that_a_doubtful_entry_is_remarked_on(before: str, after: str, code: str, level: str, run: Run) -> None:
    text = case("duonen-b", TANDEM)
    assert before in text
    assert _codes(run(text.replace(before, after, 1)))[code] == level


def test_that_a_great_change_and_a_short_interval_are_remarked_on(run: Run) -> None:
    second = cycle(2, {LU: 3.7, Y: 1.85}, {LU: 1.0, Y: 5.9}, {LU: 0.01, Y: 0.07}).replace("2025-04-03", "2025-02-05")
    codes = _codes(run(case("duonen-b", TANDEM, second)))
    assert codes["dose-per-activity-changed"] == "warning"
    assert codes["cycle-interval"] == "warning"
