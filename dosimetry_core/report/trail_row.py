"""One number on the way from counts to absorbed dose, and all of them as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from dosimetry_core.units import MEGABECQUEREL_HOUR, MILLIGRAY, DisplayUnit

TrailPlace = Literal["import", "voi", "curves", "dose"]
"""The step of the window where a number comes from."""
NUMBER: Final = DisplayUnit("", 1.0, 3)
COUNTS: Final = DisplayUnit("counts", 1.0, 0)
S_VALUE: Final = DisplayUnit(
    f"{MILLIGRAY.symbol}/({MEGABECQUEREL_HOUR.symbol})",
    MILLIGRAY.core_per_display / MEGABECQUEREL_HOUR.core_per_display,
    4,
)
EXACT: Final = "exact"
"""For what is read from a clock or a definition and counts as known."""
NOT_STATED: Final = "not stated"


@dataclass(frozen=True, kw_only=True)
class TrailRow:
    """One number of the trail.

    Parameters
    ----------
    group
        What it belongs to: a scan, the VOI, a curve, an S value, a dose.
    key
        Unique within the trail, for example ``scan 2, activity``.
    name
        What it is.
    value, unit
        In the core unit, and how it is shown; None for words.
    text
        What stands in place of a number; empty for one.
    standard_uncertainty
        In the core unit, k = 1; None where ``uncertainty_text`` says why there is none.
    how
        How it follows from the numbers above, or where it is from.
    path
        In results.json; empty where that has no such number.
    place, scan
        Step of the window that it comes from; number of the scan (1 = first) that it is of, or None.
    """

    group: str
    key: str
    name: str
    how: str
    place: TrailPlace
    value: float | None = None
    unit: DisplayUnit = NUMBER
    digits: int | None = None
    text: str = ""
    standard_uncertainty: float | None = None
    uncertainty_text: str = ""
    path: str = ""
    scan: int | None = None


COLUMNS: Final = (
    "group",
    "quantity",
    "value",
    "standard_uncertainty",
    "unit",
    "uncertainty_remark",
    "how",
    "comes_from",
    "scan",
    "path_in_results_json",
)


def trail_csv(rows: Iterable[TrailRow], *, title: str) -> str:
    """The trail as CSV: a comment line with the title, then one line per row; numbers unrounded in display units."""
    target = io.StringIO()
    target.write(f"# {' '.join(title.split())}\n")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        numbers = [row.value, row.standard_uncertainty]
        value, uncertainty = ("" if n is None else repr(row.unit.from_core(n)) for n in numbers)
        writer.writerow(
            [
                row.group,
                row.name,
                row.text or value,
                uncertainty,
                "" if row.value is None else row.unit.symbol,
                row.uncertainty_text,
                row.how,
                row.place,
                "" if row.scan is None else row.scan,
                row.path,
            ]
        )
    return target.getvalue()
