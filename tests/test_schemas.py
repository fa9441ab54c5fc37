"""The JSON Schemas of resources/schemas accept what the program writes and refuse what the contract forbids."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dosimetry_core.data_tables import resource
from tests.plan_examples import entered_results, record_of, stopped_results, tandem_results

NAMES = ("case", "results", "plan", "truth", "bench")

CASE = """
format = 1
[patient]
id = "S-7"
name = "Schema^Example"
sex = "M"
time_zone = "Europe/Vienna"
[course]
protocol = "duonen-c"
prior_absorbed_dose_gy = { kidneys = 1.5 }
[settings.fit]
model = "automatic"
exclude = [{ voi = "Kidney L", time_point = 2, reason = "patient moved" }]
[laboratory_limits]
platelets_1e9_per_l = { lower = 150 }
[[cycle]]
number = 1
images = ["one"]
vois = ["one/vois.dcm"]
voi_roles = { "Kidney L" = "kidney_left" }
  [[cycle.administration]]
  nuclide = "Lu-177"
  vial_activity_mbq = 7500.0
  vial_time = 2025-02-03T08:00:00
  residual_activity_mbq = 60.0
  residual_time = 2025-02-03T11:00:00
  start = 2025-02-03T10:00:00+01:00
  infusion_min = 30
  [cycle.calibration]
  partial_volume = "geometric-transfer-matrix"
  point_spread_fwhm_mm = [9.0, 9.0, 10.0]
  [[cycle.blood_sample]]
  time = 2025-02-03T10:45:00+01:00
  activity_kbq_per_ml = { "Lu-177" = 300.0 }
  [[cycle.laboratory]]
  date = 2025-02-01
  platelets_1e9_per_l = 200
[[cycle]]
number = 2
  [[cycle.administration]]
  nuclide = "Lu-177"
  administered_activity_mbq = 3700.0
  start = 2025-04-07T10:00:00+02:00
  [cycle.entered_absorbed_dose_per_administered_activity_gy_per_gbq]
  kidneys = { "Lu-177" = 0.5 }
  relative_standard_uncertainty = { kidneys = 0.13 }
"""


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(resource("schemas", f"{name}.schema.json").read_text("utf-8")))


def as_json(tree: Any) -> Any:
    """TOML as JSON: instants and days as ISO 8601 text."""
    if isinstance(tree, dict):
        return {key: as_json(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [as_json(value) for value in tree]
    return tree.isoformat() if isinstance(tree, date | datetime) else tree


@pytest.mark.parametrize("name", NAMES)
def test_that_every_schema_is_a_schema(name: str) -> None:
    validator(name).check_schema(validator(name).schema)


@pytest.mark.parametrize("make", [tandem_results, entered_results, stopped_results])
def test_that_results_and_records_meet_their_schemas(make: Callable[[], dict[str, Any]]) -> None:
    results = make()
    validator("results").validate(results)
    validator("plan").validate(record_of(results))


def test_that_a_typed_case_meets_its_schema() -> None:
    validator("case").validate(as_json(tomllib.loads(CASE)))


def _set(tree: Any, path: str, value: Any) -> Any:
    changed = copy.deepcopy(tree)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    place = changed
    for part in parents:
        place = place[part]
    place[last] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("patient/sex", "X"),
        ("patient/weigth_kg", 70),
        ("format", 2),
        ("settings/fit/model", "quadratic"),
        ("laboratory_limits/platelets", {"lower": 1}),
        ("cycle/0/administration/0/administered_activity_mbq", 7440.0),
        ("cycle/0/calibration/partial_volume", "some"),
        ("cycle/0/voi_roles/Kidney L", "kidney"),
        ("cycle/1/administration/0/start", "7 April"),
    ],
)
def test_that_a_wrong_case_does_not(path: str, value: Any) -> None:
    case = _set(as_json(tomllib.loads(CASE)), path, value)
    assert list(validator("case").iter_errors(case)) != []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("plan/activities/Y-90/administered_activity_gbq", 1.65),
        ("plan/activities/Y-90/administered_activity_gbq", "1,65"),
        ("limits/kidneys/absorbed_dose_gy", "1e3"),
        ("results_sha256", "00"),
        ("comment", "x"),
        ("calculated_at/utc", "2025-05-20T14:02:11+02:00"),
    ],
)
def test_that_a_wrong_record_does_not(path: str, value: Any) -> None:
    assert list(validator("plan").iter_errors(_set(record_of(entered_results()), path, value))) != []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("plan/limiting", "liver"),
        ("plan/probability_of_exceeding/kidneys", 47.3),
        ("cycles/0/vois/Liver/role", "Liver"),
        ("findings/0/level", "fatal"),
        ("inputs/case.toml", "abc"),
    ],
)
def test_that_wrong_results_do_not(path: str, value: Any) -> None:
    assert list(validator("results").iter_errors(_set(tandem_results(), path, value))) != []
