"""Activities, time-integrated activities and absorbed doses of other programs, read from tables.

Two forms are read. The plain one has a line for each number: cycle, region, nuclide, quantity, value, unit. The other
is that of programs which give an organ's dose for one administered activity, such as OLINDA/EXM and IDAC-Dose: a line
for each target organ, the dose in a column of mGy/MBq or mSv/MBq, or for each source organ the time-integrated activity
coefficient in MBq·h/MBq or h; which nuclide and cycle it is of has to be said.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from dosimetry_core.dicom.voi_names import role_from_name
from dosimetry_core.entered_numbers import DecimalSign, read_number
from dosimetry_core.errors import DosimetryError, MissingDataError, raise_problems
from dosimetry_core.units import (
    GIGABECQUEREL,
    GRAY,
    HOUR,
    KILOBECQUEREL,
    MEGABECQUEREL,
    MILLIGRAY,
)

Quantity = Literal[
    "activity",
    "time_integrated_activity",
    "time_integrated_activity_coefficient",
    "absorbed_dose",
    "absorbed_dose_per_activity",
]
_BECQUERELS: Final[Mapping[str, float]] = {
    "Bq": 1.0,
    "kBq": KILOBECQUEREL.core_per_display,
    "MBq": MEGABECQUEREL.core_per_display,
    "GBq": GIGABECQUEREL.core_per_display,
}
QUANTITIES: Final[Mapping[Quantity, Mapping[str, float]]] = {
    "activity": _BECQUERELS,
    "time_integrated_activity": {
        **{f"{name}·s": factor for name, factor in _BECQUERELS.items()},
        **{f"{name}·h": factor * HOUR.core_per_display for name, factor in _BECQUERELS.items()},
    },
    "time_integrated_activity_coefficient": {
        "s": 1.0,
        "h": HOUR.core_per_display,
        **{f"{name}·s/{name}": 1.0 for name in _BECQUERELS},
        **{f"{name}·h/{name}": HOUR.core_per_display for name in _BECQUERELS},
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
_SOURCE_TITLES: Final = frozenset({"source organ", "source organs", "source region", "source tissue"})
_TOTAL_TITLES: Final = ("total", "absorbed dose", "dose")
_NO_ORGANS: Final = ("effective", "total body", "whole body")
"""Lines of organ tables that are sums over organs, or weighted ones."""
_PRODUCT: Final = re.compile(r"(?<=Bq)\s*[·⋅•∙*×.\s-]?\s*(hours?|hrs?|h|s)\b")
"""Signs that programs write between becquerel and time, and words for hours."""
_BRACKETS: Final = re.compile(r"^[\[(]\s*|\s*[\])]$")
_NUCLIDE: Final = re.compile(r"(?:(\d{1,3})\s*-?\s*([A-Z][a-z]?)|([A-Z][a-z]?)\s*-?\s*(\d{1,3}))")


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
    # Spreadsheets save "Unicode text" as UTF-16 with a mark at its beginning; what has none is UTF-8 or refused.
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = content.decode(encoding)
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
    found: list[OtherNumber] = []
    problems: list[DosimetryError] = []
    for title in titles:
        if title and title not in (*COLUMNS, *OPTIONAL):
            problems.append(
                DosimetryError(f"unknown column {title!r}", where=where, remedy=f"use {', '.join(COLUMNS)}")
            )
    for number, cells in enumerate(lines[heading + 1 :], start=heading + 2):
        if not any(cells) or (not found and not problems and _only_units(cells)):
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
    factor = QUANTITIES[quantity].get(unit_of(row["unit"]))
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
    return OtherNumber(cycle, row["region"], nuclide_of(row["nuclide"]), quantity, value, scan, place)


def unit_of(text: str) -> str:
    """A unit in its one spelling here: ``MBq*h``, ``[MBq-h]`` and ``MBqh`` are ``MBq·h``; other texts as they are."""
    bare = _BRACKETS.sub("", text.strip()).strip()
    if bare in ("hr", "hrs", "hour", "hours"):
        return "h"
    return _PRODUCT.sub(lambda match: f"·{match[1][0]}", bare).replace(" /", "/").replace("/ ", "/")


def nuclide_of(text: str) -> str:
    """A nuclide in its one spelling here: ``177Lu`` and ``Lu177`` are ``Lu-177``; other texts as they are."""
    match = _NUCLIDE.fullmatch(text.strip())
    if match is None:
        return text
    return f"{match[2]}-{match[1]}" if match[1] else f"{match[3]}-{match[4]}"


def _only_units(cells: Sequence[str]) -> bool:
    """Whether a line below the titles holds units alone."""
    known = {unit for units in QUANTITIES.values() for unit in units}
    return all(unit_of(cell) in known for cell in cells if cell)


def _organ_table(
    lines: Sequence[Sequence[str]], decimal: DecimalSign, *, where: str, cycle: int | None, nuclide: str | None
) -> tuple[OtherNumber, ...]:
    titles = _ORGAN_TITLES | _SOURCE_TITLES
    top = next((n for n, cells in enumerate(lines) if cells and cells[0].lower() in titles), None)
    if top is None:
        raise DosimetryError(
            "is no table that is known",
            where=where,
            remedy=f"give it the columns {', '.join(COLUMNS)}, or a column 'Target Organ' and one of doses, "
            "or 'Source Organ' and one of MBq·h/MBq",
        )
    if cycle is None or nuclide is None:
        raise MissingDataError(
            "does not say of which cycle and nuclide it is", where=where, remedy="say both beside the file"
        )
    nuclide = nuclide_of(nuclide)
    coefficients = _coefficient_column(lines, top)
    quantity: Quantity = "time_integrated_activity_coefficient"
    if coefficients is None:
        quantity, coefficients = "absorbed_dose_per_activity", _dose_column(lines, top, where=where)
    column, unit = coefficients
    problems: list[DosimetryError] = []
    found = []
    is_any_known = False
    for number, cells in enumerate(lines[top + 1 :], start=top + 2):
        cell = cells[column] if column < len(cells) else ""
        name = cells[0] if cells else ""
        organ = _ORGAN_NAMES.get(name.lower())
        is_known = organ is not None or role_from_name(name) in ("kidney_left", "kidney_right")
        if (
            not name
            or name.lower() == "total"
            or name.lower().startswith(_NO_ORGANS)
            or (not is_known and not _is_number(cell))
        ):
            continue
        place = f"{where}, line {number}"
        try:
            value = _number(cell, place, decimal) * unit
        except DosimetryError as error:
            problems.append(error)
            continue
        is_any_known = is_any_known or is_known
        # What has no counterpart here is kept under its own name: it is shown without one, not dropped.
        found.append(OtherNumber(cycle, organ or name, nuclide, quantity, value, None, place))
    raise_problems(problems)
    if not is_any_known:
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
    below = _units_below(lines, top)
    said = [cell for row in (*lines[: top + 1], below) for cell in row if _PER_ACTIVITY.search(cell)]
    own = _PER_ACTIVITY.search(lines[top][chosen[0]])
    if own is None and len(below) > chosen[0]:
        own = _PER_ACTIVITY.search(below[chosen[0]])
    units = {own.group()} if own else {found.group() for cell in said if (found := _PER_ACTIVITY.search(cell))}
    if len(units) != 1:
        raise DosimetryError("does not say its unit", where=where, remedy="write mGy/MBq above the column")
    unit = units.pop().replace("mSv", "mGy")  # a dose to an organ: radiation weighting factor 1 for both nuclides
    return chosen[0], QUANTITIES["absorbed_dose_per_activity"][unit]


def _units_below(lines: Sequence[Sequence[str]], top: int) -> Sequence[str]:
    """The line below the titles if it holds no number: units of the columns, as some programs write them."""
    below = lines[top + 1] if top + 1 < len(lines) else ()
    return () if any(_is_number(cell) for cell in below) else below


def _coefficient_column(lines: Sequence[Sequence[str]], top: int) -> tuple[int, float] | None:
    """The one column of time-integrated activity coefficients with its unit; None if there is none, more, or doses."""
    if any(title.lower().startswith(_TOTAL_TITLES) for title in lines[top][1:]):
        return None
    known = QUANTITIES["time_integrated_activity_coefficient"]
    below = _units_below(lines, top)
    found = []
    for number, title in enumerate(lines[top]):
        inside = re.search(r"[\[(]([^\])]*)[\])]\s*$", title)
        texts = (title, inside[1] if inside else "", below[number] if number < len(below) else "")
        unit = next((unit_of(text) for text in texts if unit_of(text) in known), None)
        if number and unit is not None:
            found.append((number, known[unit]))
    return found[0] if len(found) == 1 else None


def _is_number(cell: str) -> bool:
    return any(sign.isdigit() for sign in cell) and not any(sign.isalpha() and sign not in "eE" for sign in cell)


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
    shown = {match[1] for row in lines for cell in row if (match := _DECIMALS.fullmatch(cell)) is not None}
    if delimiter == "," and not any(re.search(r"\d,\d", cell) for row in lines for cell in row):
        return "point"
    if shown == {","}:
        return "comma"
    return "point" if shown == {"."} else "either"


def _whole(cell: str, what: str, place: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,2}", cell):
        raise DosimetryError(f"{what} can't be {cell!r}", where=place, remedy="write a whole number from 1")
    return int(cell)
