"""Doses by nuclide and cycle as pandas counts them, and why treatment ended."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from dosimetry_core.cohort.record_json import record_content, record_from_content
from dosimetry_core.cohort.records import END_REASONS, CourseRecord, CycleRecord
from dosimetry_core.cohort.simulated import simulated_cohort
from dosimetry_core.cohort.tables import doses_by_cycle_table, endings_table
from dosimetry_core.errors import DosimetryError
from dosimetry_core.follow_up import EndReason
from dosimetry_core.frozen import FrozenMap

RECORDS = simulated_cohort(20261121)


def test_that_doses_of_a_cycle_by_nuclide_are_those_of_pandas() -> None:
    long = pd.DataFrame(
        {"arm": record.protocol, "organ": organ, "cycle": str(cycle.number), "nuclide": nuclide, "gy": gy}
        for record in RECORDS
        for cycle in record.cycles
        for organ, doses in cycle.absorbed_dose_gy.items()
        for nuclide, gy in [*doses.items(), ("total", sum(doses.values()))]
    )
    expected = long.groupby(["arm", "organ", "cycle", "nuclide"]).gy
    table = doses_by_cycle_table(RECORDS)
    rows = [dict(zip(table.heading, row, strict=True)) for row in table.rows]
    names = {"Kidneys": "kidneys", "Red marrow": "red_marrow"}
    arms = [row for row in rows if row["protocol"] != "all"]
    assert len(arms) == len(expected)
    for row in arms:
        values = expected.get_group((row["protocol"], names[str(row["organ"])], row["cycle"], row["nuclide"]))
        assert (row["n"], row["missing"]) == (len(values), 0)
        assert row["median"] == pytest.approx(values.median())
        assert row["lower quartile"] == pytest.approx(values.quantile(0.25))
        assert row["upper quartile"] == pytest.approx(values.quantile(0.75))


def test_that_a_dose_that_is_not_known_is_missing_and_a_nuclide_not_given_is_0() -> None:
    known = CycleRecord(1, FrozenMap({"Lu-177": 7.4e9}), FrozenMap({"kidneys": FrozenMap({"Lu-177": 4.0})}))
    tandem = CycleRecord(
        1, FrozenMap({"Lu-177": 3.7e9, "Y-90": 1.8e9}), FrozenMap({"kidneys": FrozenMap({"Lu-177": 2.0, "Y-90": 5.0})})
    )
    unknown = CycleRecord(1, FrozenMap({"Lu-177": 7.4e9}))
    table = doses_by_cycle_table([CourseRecord(str(n), "p", (one,)) for n, one in enumerate((known, tandem, unknown))])
    rows = {row[3]: dict(zip(table.heading, row, strict=True)) for row in table.rows if row[1] == "Kidneys"}
    assert [(rows[name]["n"], rows[name]["missing"]) for name in ("Lu-177", "Y-90", "total")] == [(2, 1)] * 3
    assert [rows[name]["median"] for name in ("Lu-177", "Y-90", "total")] == [3.0, 2.5, 5.5]


def test_that_reasons_for_the_end_are_counted_and_kept() -> None:
    reasons: tuple[EndReason | None, ...] = ("toxicity", "death", None)
    some = [replace(RECORDS[0], key=str(n), end_reason=reason) for n, reason in enumerate(reasons)]
    table = endings_table(some)
    (row,) = (dict(zip(table.heading, cells, strict=True)) for cells in table.rows)
    assert {name: count for name, count in row.items() if count == 1} == dict.fromkeys(
        ("toxicity", "death", "going on or missing"), 1
    )
    assert [record_from_content(record_content(one), where="kept") for one in some] == some
    with pytest.raises(DosimetryError):
        record_from_content({**record_content(some[0]), "end_reason": "boredom"}, where="kept")
    assert {record.end_reason for record in RECORDS} <= set(END_REASONS)
