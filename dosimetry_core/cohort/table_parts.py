"""What the tables of a cohort share: a table, courses by protocol, the nuclides given, summaries as cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.cohort.statistics import summary

Cell = str | float | int | None
ALL = "all"
SUMMARY = ("n", "missing", "median", "lower quartile", "upper quartile", "minimum", "maximum", "mean", "SD")
ORGANS = {"kidneys": "Kidneys", "red_marrow": "Red marrow"}
DOSE_EFFECTS = (
    ("kidneys", "egfr_ml_per_min_per_1_73m2"),
    ("kidneys", "creatinine_umol_per_l"),
    ("red_marrow", "platelets_1e9_per_l"),
    ("red_marrow", "leukocytes_1e9_per_l"),
    ("red_marrow", "haemoglobin_g_per_dl"),
    ("red_marrow", "lymphocytes_1e9_per_l"),
)
"""Organ, and the laboratory value that its dose may change."""


@dataclass(frozen=True)
class Table:
    """One table.

    Parameters
    ----------
    name
        File name without ending.
    title
        With the units of its numbers.
    """

    name: str
    title: str
    heading: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def arms(records: Sequence[CourseRecord]) -> dict[str, list[CourseRecord]]:
    """Courses by protocol, and all together last."""
    found: dict[str, list[CourseRecord]] = {}
    for record in sorted(records, key=lambda one: one.protocol):
        found.setdefault(record.protocol, []).append(record)
    if len(found) != 1:
        found[ALL] = list(records)
    return found


def nuclides(records: Sequence[CourseRecord]) -> list[str]:
    """Nuclides that anybody was given."""
    given = {name for record in records for cycle in record.cycles for name in cycle.activity_bq}
    return sorted(given | {name for record in records for name in record.stated_activity_bq})


def summary_cells(values: Sequence[float | None], unit: Callable[[float], float]) -> tuple[Cell, ...]:
    """What `SUMMARY` heads, each in the unit."""
    found = summary(values)
    if found is None:
        return (0, len(values), *(None,) * 7)
    shown = (
        found.median,
        found.lower_quartile,
        found.upper_quartile,
        found.minimum,
        found.maximum,
        found.mean,
        found.standard_deviation,
    )
    return (found.count, found.missing, *(unit(value) for value in shown))
