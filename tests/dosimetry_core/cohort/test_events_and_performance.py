"""Adverse events, patterns, performance and endings of a simulated trial as pandas and SciPy count them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dosimetry_core.cohort.simulated import simulated_cohort
from dosimetry_core.cohort.table_parts import Table
from dosimetry_core.cohort.tables import adverse_events_table, endings_table, patterns_table, performance_table

RECORDS = simulated_cohort(20261121)
COURSES = pd.DataFrame(
    {
        "key": record.key,
        "protocol": record.protocol,
        "end": record.end_reason,
        "ECOG before": record.ecog_before,
        "ECOG after": record.ecog_after,
        "Karnofsky before": record.karnofsky_before,
        "Karnofsky after": record.karnofsky_after,
    }
    for record in RECORDS
)


def rows_of(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table.heading, row, strict=True)) for row in table.rows]


def of_arm(data: pd.DataFrame, arm: str) -> pd.DataFrame:
    return data if arm == "all" else data[data.protocol == arm]


def test_that_adverse_events_are_those_of_pandas() -> None:
    events = pd.DataFrame(
        {"key": record.key, "protocol": record.protocol, "term": term, "grade": grade}
        for record in RECORDS
        for term, grade in (record.adverse_events or {}).items()
    )
    rows = rows_of(adverse_events_table(RECORDS))
    assert {row["protocol"] for row in rows} == {*COURSES.protocol, "all"}
    for row in rows:
        members = of_arm(events, row["protocol"])
        chosen = members if row["term"] == "any" else members[members.term == row["term"]]
        worst = chosen.groupby("key").grade.max()
        assert [row[f"grade {grade}"] for grade in range(1, 6)] == [(worst == grade).sum() for grade in range(1, 6)]
        assert row["missing"] == 0
        assert row["share of courses"] == pytest.approx(len(worst) / len(of_arm(COURSES, row["protocol"])))
    for arm in {row["protocol"] for row in rows}:
        terms = [row["term"] for row in rows if row["protocol"] == arm]
        assert terms == ["any", *sorted(of_arm(events, arm).term.unique())]


def test_that_patterns_of_activities_are_those_of_pandas() -> None:
    free = {"duonen-b": ("Y-90", 1.85e9), "duonen-c": ("Lu-177", 3.7e9), "duonen-d": ("Lu-177", 7.4e9)}
    cycles = pd.DataFrame(
        {
            "key": record.key,
            "protocol": record.protocol,
            "cycle": cycle.number,
            "factor": cycle.activity_bq.get(free[record.protocol][0], 0.0) / free[record.protocol][1],
        }
        for record in RECORDS
        if record.protocol in free
        for cycle in record.cycles
    ).sort_values(["key", "cycle"])
    cycles["sign"] = np.select([cycles.factor > 1.05, cycles.factor < 0.95], ["+", "−"], "=")
    found = cycles.groupby(["protocol", "key"]).sign.agg(" ".join).reset_index()
    expected = found.groupby(["protocol", "sign"]).size()
    rows = rows_of(patterns_table(RECORDS))
    assert {(row["protocol"], row["pattern"]): row["courses"] for row in rows} == expected.to_dict()
    for row in rows:
        assert row["share"] == pytest.approx(row["courses"] / len(of_arm(COURSES, row["protocol"])))


def test_that_performance_before_and_after_is_that_of_pandas_and_scipy() -> None:
    for row in rows_of(performance_table(RECORDS)):
        members = of_arm(COURSES, row["protocol"])
        before, after = members[f"{row['scale']} before"], members[f"{row['scale']} after"]
        better = (after < before) if row["scale"] == "ECOG" else (after > before)
        assert (row["n"], row["missing"]) == (len(members), 0)
        assert (row["before: median"], row["after: median"]) == (before.median(), after.median())
        assert (row["better"], row["same"]) == (better.sum(), (after == before).sum())
        assert row["worse"] == len(members) - row["better"] - row["same"]
        # With fewer than three that differ there is no test.
        p_value = stats.wilcoxon(after - before).pvalue if (after != before).sum() >= 3 else None
        assert row["p (Wilcoxon signed-rank)"] == (None if p_value is None else pytest.approx(p_value))


def test_that_endings_are_those_of_pandas() -> None:
    for row in rows_of(endings_table(RECORDS)):
        counted = of_arm(COURSES, row["protocol"]).end.value_counts().to_dict()
        assert {name: row[name] for name in row if name != "protocol" and row[name]} == counted
