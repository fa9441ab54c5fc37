"""Figures of bench.json: sums of samples, ratios, goals and the schema."""

from __future__ import annotations

import json

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from app.benchmarks.figure import Figure, Goal, Timed, p95, table, timed
from dosimetry_core.data_tables import resource


def figure(**changes: object) -> Figure:
    given = {
        "name": "scroll_three_views_p95_ms",
        "value": 12.0,
        "unit": "ms",
        "samples": (10.0, 11.0, 12.0),
        "conditions": {"vois": 10},
        "alternative": "VTK image slices",
        "alternative_value": 24.0,
        "goal": Goal("at most 16 ms", True),
    }
    return Figure(**{**given, **changes})  # type: ignore[arg-type]


def test_that_the_ratio_is_value_over_alternative_value() -> None:
    entry = figure().as_json()
    assert entry["ratio"] == 12.0 / 24.0
    assert entry["n"] == 3
    assert entry["conditions"] == {"vois": 10, "goal": "at most 16 ms", "goal_met": True}


def test_that_a_figure_without_an_alternative_has_no_ratio() -> None:
    entry = figure(alternative=None, alternative_value=None).as_json()
    assert (entry["alternative"], entry["alternative_value"], entry["ratio"]) == (None, None, None)


def test_that_entries_meet_the_schema() -> None:
    schema = json.loads(resource("schemas", "bench.schema.json").read_text("utf-8"))
    entries = [figure().as_json(), figure(alternative=None, alternative_value=None, goal=None).as_json()]
    Draft202012Validator(schema).validate(json.loads(json.dumps(entries)))


def test_that_the_95th_percentile_leaves_one_in_twenty_above() -> None:
    values = list(range(1, 101))
    assert p95(values) == pytest.approx(95.05)
    assert sum(value > p95(values) for value in values) == 5


def test_that_durations_are_given_in_ms_too() -> None:
    durations = Timed((0.010, 0.020, 0.030), (0.001, 0.002, 0.003))
    assert durations.median_ms == pytest.approx(20.0)
    assert durations.wall_ms == pytest.approx((10.0, 20.0, 30.0))
    assert durations.processor_p95_ms == pytest.approx(2.9)


def test_that_processor_time_is_that_of_the_work() -> None:
    values = np.random.default_rng(1).random((300, 300))
    found = timed(lambda: np.linalg.svd(values), 3)
    assert len(found.wall_s) == len(found.processor_s) == 3
    assert min(found.processor_s) > 0


def test_that_the_table_gives_processor_time_where_it_was_measured() -> None:
    lines = table([figure(conditions={"processor_p95_ms": 9.5}, goal=None)])
    assert lines[1].split()[:2] == ["9.500", "ms"]
    assert len(table([figure(goal=None)])) == 1


def test_that_the_table_says_whether_a_goal_is_met() -> None:
    lines = table([figure(), figure(goal=Goal("at most 10 ms", False))])
    assert "ratio   0.500 to 24.000 ms (VTK image slices)" in lines[0]
    assert lines[1].split() == ["met:", "at", "most", "16", "ms"]
    assert lines[3].split() == ["NOT", "MET:", "at", "most", "10", "ms"]
