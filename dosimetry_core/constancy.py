"""Constancy test: today's results of the demonstration case against the expected ones that ship with the program."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from dosimetry_core.data_tables import table_json

RELATIVE_TOLERANCE: Final = 2e-3
"""Registration and fit end within this of each other on other processors and library versions."""
CASE_FILE = "case.toml"


def constancy_values(results: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that are watched: doses of organs and VOIs of each cycle, course doses, and the proposed activity."""
    values: dict[str, float] = {}
    for cycle in results["cycles"]:
        for kind in ("organs", "vois"):
            for name, entry in cycle[kind].items():
                if entry.get("absorbed_dose_gy"):
                    place = f"cycle {cycle['number']}, {name}, absorbed dose (Gy)"
                    values[place] = float(entry["absorbed_dose_gy"]["total"])
    for name, organ in results["course"]["organs"].items():
        values[f"course, {name}, absorbed dose (Gy)"] = float(organ["absorbed_dose_gy"])
    for nuclide, activity in results["plan"]["activities_bq"].items():
        values[f"next cycle, {nuclide}, activity (Bq)"] = float(activity)
    return values


def compare_with_expected(results: Mapping[str, Any]) -> tuple[str, ...]:
    """One line saying that the results equal the expected ones, or one line per number that doesn't.

    Empty for a case that has no expected results: the demonstration case is known by the digest of its case file.
    """
    digest = results["inputs"].get(CASE_FILE)
    expected = next(
        (entry for entry in table_json("demonstration", "expected.json") if entry["case_sha256"] == digest), None
    )
    if expected is None:
        return ()
    today = constancy_values(results)
    lines = []
    largest = 0.0
    for place, value in expected["values"].items():
        now = today.get(place, math.nan)
        difference = abs(now - value) / abs(value) if value else abs(now)
        largest = max(largest, difference)
        if not difference <= RELATIVE_TOLERANCE:
            lines.append(f"Constancy FAILED: {place}: expected {value:.6g}, found {now:.6g}")
    if lines:
        return tuple(lines)
    count = len(expected["values"])
    return (f"Constancy: all {count} results equal the expected ones (largest difference {100 * largest:.2f} %)",)
