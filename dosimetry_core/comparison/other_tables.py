"""Activities, time-integrated activities and absorbed doses of other programs, read from tables and held against ours.

Two forms are read. The plain one has a line for each number: cycle, region, nuclide, quantity, value, unit. The other
is that of programs which give an organ's dose for one administered activity, such as OLINDA/EXM and IDAC-Dose: a line
for each target organ, the dose in a column of mGy/MBq or mSv/MBq; which nuclide and cycle it is of has to be said.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from dosimetry_core.entered_numbers import DecimalSign, read_number
from dosimetry_core.errors import DosimetryError, MissingDataError, raise_problems
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.units import (
    GIGABECQUEREL,
    GRAY,
    GRAY_PER_GIGABECQUEREL,
    HOUR,
    MEGABECQUEREL,
    MEGABECQUEREL_HOUR,
    MILLIGRAY,
    DisplayUnit,
)

Quantity = Literal["activity", "time_integrated_activity", "absorbed_dose", "absorbed_dose_per_activity"]
QUANTITIES: Final[Mapping[Quantity, Mapping[str, float]]] = {
    "activity": {"Bq": 1.0, "MBq": MEGABECQUEREL.core_per_display, "GBq": GIGABECQUEREL.core_per_display},
    "time_integrated_activity": {
        "Bq·s": 1.0,
        "Bq s": 1.0,
        "MBq·h": MEGABECQUEREL_HOUR.core_per_display,
        "MBq h": MEGABECQUEREL_HOUR.core_per_display,
        "GBq·h": GIGABECQUEREL.core_per_display * HOUR.core_per_display,
        "GBq h": GIGABECQUEREL.core_per_display * HOUR.core_per_display,
    },
    "absorbed_dose": {"Gy": 1.0, "mGy": MILLIGRAY.core_per_display},
    "absorbed_dose_per_activity": {
        "mGy/MBq": MILLIGRAY.core_per_display / MEGABECQUEREL.core_per_display,
        "Gy/GBq": GRAY.core_per_display / GIGABECQUEREL.core_per_display,
        "Gy/MBq": GRAY.core_per_display / MEGABECQUEREL.core_per_display,
    },
}
"""Units of each quantity: how many of the core unit one is."""
COLUMNS: Final = ("cycle", "region", "nuclide", "quantity", "value", "unit")
OPTIONAL: Final = ("scan",)
_ORGAN_NAMES: Final = {
    "kidneys": "kidneys",
    "kidney": "kidneys",
    "liver": "liver",
    "spleen": "spleen",
    "red marrow": "red_marrow",
    "red mar.": "red_marrow",
    "bone marrow": "red_marrow",
    "red (active) bone-marrow": "red_marrow",
    "red (active) bone marrow": "red_marrow",
    "active marrow": "red_marrow",
    "red bone marrow": "red_marrow",
}
"""Names of target organs in OLINDA/EXM, IDAC-Dose and ICRP tables."""
_DECIMALS: Final = re.compile(r"\d+([.,])(?:\d{1,2}|\d{4,})")
"""A number whose separator can only begin decimals."""
_SCIENTIFIC: Final = re.compile(r"(\d+(?:[.,]\d+)?)[eE]([+-]?\d{1,2})")
_LARGEST_BYTES: Final = 4 * 1024**2
_PER_ACTIVITY: Final = re.compile(r"\bm(Gy|Sv)/MBq\b|\bGy/GBq\b|\bGy/MBq\b")
_ORGAN_TITLES: Final = frozenset({"target organ", "target organs", "organ", "organs", "target region", "target tissue"})
_TOTAL_TITLES: Final = ("total", "absorbed dose", "dose")


@dataclass(frozen=True)
class OtherNumber:
    """One number of another program, in the core unit.

    Parameters
    ----------
    scan
        Number of the scan from 1 for an activity; else None.
    place
        Line of the table.
    """

    cycle: int
    region: str
    nuclide: str
    quantity: Quantity
    value: float
    scan: int | None
    place: str


@dataclass(frozen=True)
class NumberComparison:
    """Another program's number beside ours, in the core unit.

    ``own`` is None, and ``remark`` says why, if there is none; ``own_standard_uncertainty`` is None where not known.
    """

    number: OtherNumber
    own: float | None
    own_standard_uncertainty: float | None
    remark: str = ""

    @property
    def relative_difference(self) -> float | None:
        """(other − own)/own."""
        return None if not self.own else (self.number.value - self.own) / self.own

    @property
    def deviation(self) -> float | None:
        """Difference in our standard uncertainties."""
        if self.own is None or not self.own_standard_uncertainty:
            return None
        return (self.number.value - self.own) / self.own_standard_uncertainty


def read_other_numbers(
    content: bytes, *, where: str, cycle: int | None = None, nuclide: str | None = None
) -> tuple[OtherNumber, ...]:
    """Numbers of another program's table, in either form.

    Parameters
    ----------
    cycle, nuclide
        What an organ table is of; not used by the plain form, which says it in each line.

    Raises
    ------
    DosimetryError
        Every fault with its line, column and remedy.
    """
    lines, delimiter = _lines(content, where=where)
    decimal = _decimal_sign(lines, delimiter)
    heading = next((number for number, cells in enumerate(lines) if set(COLUMNS) <= {_key(c) for c in cells}), None)
    if heading is not None:
        return _plain(lines, heading, decimal, where=where)
    return _organ_table(lines, decimal, where=where, cycle=cycle, nuclide=nuclide)


def _lines(content: bytes, *, where: str) -> tuple[list[list[str]], str]:
    if len(content) > _LARGEST_BYTES:
        raise DosimetryError("is no table of one patient's numbers", where=where, remedy="choose another file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DosimetryError("is no UTF-8 text", where=where, remedy="save the table as CSV in UTF-8") from error
    counts = {sign: text.count(sign) for sign in ("\t", ";", ",")}
    sign = next((s for s in ("\t", ";") if counts[s]), ",")
    try:
        return [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=sign)
        ], sign
    except csv.Error as error:
        raise DosimetryError(f"is no table ({error})", where=where, remedy="save the table as CSV") from error


def _key(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_")


def _plain(
    lines: Sequence[Sequence[str]], heading: int, decimal: DecimalSign, *, where: str
) -> tuple[OtherNumber, ...]:
    titles = [_key(cell) for cell in lines[heading]]
    problems: list[DosimetryError] = []
    for title in titles:
        if title and title not in (*COLUMNS, *OPTIONAL):
            problems.append(
                DosimetryError(f"unknown column {title!r}", where=where, remedy=f"use {', '.join(COLUMNS)}")
            )
    found = []
    for number, cells in enumerate(lines[heading + 1 :], start=heading + 2):
        if not any(cells):
            continue
        place = f"{where}, line {number}"
        row = dict(zip(titles, [*cells, *[""] * (len(titles) - len(cells))], strict=False))
        try:
            found.append(_plain_number(row, place, decimal))
        except DosimetryError as error:
            problems.append(error)
    raise_problems(problems)
    if not found:
        raise MissingDataError("holds no number", where=where, remedy="write one line for each number")
    return tuple(found)


def _plain_number(row: Mapping[str, str], place: str, decimal: DecimalSign) -> OtherNumber:
    quantity = next((known for known in QUANTITIES if known == _key(row["quantity"])), None)
    if quantity is None:
        raise DosimetryError(
            f"unknown quantity {row['quantity']!r}", where=place, remedy=f"use {', '.join(QUANTITIES)}"
        )
    factor = QUANTITIES[quantity].get(row["unit"])
    if factor is None:
        units = ", ".join(QUANTITIES[quantity])
        raise DosimetryError(f"unknown unit {row['unit']!r} of {quantity}", where=place, remedy=f"use {units}")
    scan = _whole(row["scan"], "scan", place) if row.get("scan") else None
    if (scan is not None) != (quantity == "activity"):
        raise DosimetryError(
            "an activity belongs to a scan, nothing else does",
            where=place,
            remedy="number the scan from 1",
        )
    if not row["region"] or not row["nuclide"]:
        raise DosimetryError("region or nuclide is missing", where=place, remedy="write both")
    value = _number(row["value"], place, decimal) * factor
    cycle = _whole(row["cycle"], "cycle", place)
    return OtherNumber(cycle, row["region"], row["nuclide"], quantity, value, scan, place)


def _organ_table(
    lines: Sequence[Sequence[str]], decimal: DecimalSign, *, where: str, cycle: int | None, nuclide: str | None
) -> tuple[OtherNumber, ...]:
    top = next((n for n, cells in enumerate(lines) if cells and cells[0].lower() in _ORGAN_TITLES), None)
    if top is None:
        raise DosimetryError(
            "is no table that is known",
            where=where,
            remedy=f"give it the columns {', '.join(COLUMNS)}, or a column 'Target Organ' and one of doses",
        )
    if cycle is None or nuclide is None:
        raise MissingDataError(
            "does not say of which cycle and nuclide it is", where=where, remedy="say both beside the file"
        )
    column, unit = _dose_column(lines, top, where=where)
    problems: list[DosimetryError] = []
    found = []
    for number, cells in enumerate(lines[top + 1 :], start=top + 2):
        organ = _ORGAN_NAMES.get(cells[0].lower()) if cells else None
        if organ is None:
            continue
        place = f"{where}, line {number}"
        try:
            cell = cells[column] if column < len(cells) else ""
            value = _number(cell, place, decimal) * unit
        except DosimetryError as error:
            problems.append(error)
            continue
        found.append(OtherNumber(cycle, organ, nuclide, "absorbed_dose_per_activity", value, None, place))
    raise_problems(problems)
    if not found:
        raise MissingDataError("names no organ that is known here", where=where, remedy="use names such as Kidneys")
    return tuple(found)


def _dose_column(lines: Sequence[Sequence[str]], top: int, *, where: str) -> tuple[int, float]:
    titles = [cell.lower() for cell in lines[top]]
    chosen = [n for n, title in enumerate(titles) if n and title.partition("(")[0].strip() in _TOTAL_TITLES]
    chosen = chosen or [n for n, title in enumerate(titles) if n and title.startswith(_TOTAL_TITLES)]
    if len(chosen) != 1:
        raise DosimetryError(
            "has no single column of total doses", where=where, remedy="name one column Total or Absorbed dose"
        )
    said = [cell for row in lines[: top + 1] for cell in row if _PER_ACTIVITY.search(cell)]
    own = _PER_ACTIVITY.search(lines[top][chosen[0]])
    units = {own.group()} if own else {found.group() for cell in said if (found := _PER_ACTIVITY.search(cell))}
    if len(units) != 1:
        raise DosimetryError("does not say its unit", where=where, remedy="write mGy/MBq above the column")
    unit = units.pop().replace("mSv", "mGy")  # a dose to an organ: radiation weighting factor 1 for both nuclides
    return chosen[0], QUANTITIES["absorbed_dose_per_activity"][unit]


def _number(cell: str, place: str, decimal: DecimalSign) -> float:
    scientific = _SCIENTIFIC.fullmatch(cell.strip())
    if scientific is None:
        value = read_number(cell, where=place, decimal=decimal)
    else:
        # What has an exponent has no thousands before it.
        mantissa = scientific[1]
        value = read_number(mantissa, where=place, decimal="comma" if "," in mantissa else "point")
        value *= 10.0 ** int(scientific[2])
    if not math.isfinite(value) or value < 0:
        raise DosimetryError(f"can't be {cell}", where=place, remedy="write a number that is not negative")
    return value


def _decimal_sign(lines: Sequence[Sequence[str]], delimiter: str) -> DecimalSign:
    """What the numbers of a table show; ``either`` where each could be read with thousands."""
    if delimiter == ",":
        return "point"
    shown = {match[1] for row in lines for cell in row if (match := _DECIMALS.fullmatch(cell)) is not None}
    if shown == {","}:
        return "comma"
    return "point" if shown == {"."} else "either"


def _whole(cell: str, what: str, place: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,2}", cell):
        raise DosimetryError(f"{what} can't be {cell!r}", where=place, remedy="write a whole number from 1")
    return int(cell)


def compare_numbers(evaluation: Evaluation, numbers: Sequence[OtherNumber]) -> tuple[NumberComparison, ...]:
    """Each number beside ours, in its order; a region is a VOI by its name, or an organ of the results."""
    cycles = {result.cycle.number: result for result in evaluation.cycles}
    return tuple(_compared(cycles.get(number.cycle), number) for number in numbers)


def _compared(result: CycleResult | None, number: OtherNumber) -> NumberComparison:
    if result is None:
        return NumberComparison(number, None, None, f"there is no cycle {number.cycle}")
    if number.quantity in ("absorbed_dose", "absorbed_dose_per_activity"):
        return _dose_compared(result, number)
    voi = result.vois.get(number.region)
    if voi is None:
        return NumberComparison(number, None, None, "there is no VOI of this name")
    if number.quantity == "activity":
        curve = voi.curves.get(number.nuclide)
        if curve is None or number.scan is None or number.scan > len(curve.activity_bq):
            return NumberComparison(number, None, None, "this activity was not measured")
        known = voi.activity_standard_uncertainty_bq.get(number.nuclide)
        at_scan = None if known is None else known[number.scan - 1]
        return NumberComparison(number, float(curve.activity_bq[number.scan - 1]), at_scan)
    fit = voi.fits.get(number.nuclide)
    if fit is None:
        return NumberComparison(number, None, None, "there is no curve of this nuclide")
    return NumberComparison(
        number, fit.time_integrated_activity_bq_s, fit.time_integrated_activity_standard_uncertainty_bq_s
    )


def _dose_compared(result: CycleResult, number: OtherNumber) -> NumberComparison:
    organ, voi = result.organs.get(number.region), result.vois.get(number.region)
    doses = organ.doses if organ is not None else voi.doses if voi is not None else None
    if doses is None or number.nuclide not in doses:
        return NumberComparison(number, None, None, "there is no dose of this region and nuclide")
    dose = doses[number.nuclide]
    factor = 1.0
    if number.quantity == "absorbed_dose_per_activity":
        given = math.fsum(
            one.administered_activity_bq for one in result.cycle.administrations if one.nuclide == number.nuclide
        )
        if not given > 0:
            return NumberComparison(number, None, None, f"no {number.nuclide} was given")
        factor = 1 / given
    known = dose.standard_uncertainty_gy
    return NumberComparison(number, dose.absorbed_dose_gy * factor, None if known is None else known * factor)


def display_unit(quantity: Quantity) -> DisplayUnit:
    """How a quantity is shown to people."""
    return {
        "activity": MEGABECQUEREL,
        "time_integrated_activity": MEGABECQUEREL_HOUR,
        "absorbed_dose": GRAY,
        "absorbed_dose_per_activity": GRAY_PER_GIGABECQUEREL,
    }[quantity]
