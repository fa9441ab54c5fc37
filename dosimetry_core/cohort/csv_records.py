"""Courses of earlier patients from a table with one row a patient, and the same table of any records."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

from dosimetry_core.cohort.records import RESPONSES, CourseRecord, FollowedTime
from dosimetry_core.entered_numbers import DecimalSign, read_number
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, raise_problems
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.units import GIGABECQUEREL, PERCENT

T = TypeVar("T")
COLUMNS: Final = (
    "key",
    "protocol",
    "sex",
    "age_years",
    "cycles",
    "lu177_gbq",
    "y90_gbq",
    "response",
    "confirmed_response",
    "best_change_percent",
    "ecog_before",
    "ecog_after",
    "karnofsky_before",
    "karnofsky_after",
    "survival_days",
    "died",
    "progression_free_days",
    "progressed",
)
"""Columns of the table; ``key`` is needed, an empty cell is not known."""
_NUCLIDES: Final = {"lu177_gbq": LU177, "y90_gbq": Y90}
_OTHER_NAMES: Final = {
    "age": "age_years",
    "patient": "key",
    "gender": "sex",
    "number_of_cycles": "cycles",
    "177lu_gbq": "lu177_gbq",
    "lu_177_gbq": "lu177_gbq",
    "90y_gbq": "y90_gbq",
    "y_90_gbq": "y90_gbq",
    "best_response": "response",
    "kps_before": "karnofsky_before",
    "kps_after": "karnofsky_after",
}
_SEXES: Final[Mapping[str, str]] = {"F": "F", "M": "M", "female": "F", "male": "M"}
_RESPONSE_WORDS: Final[Mapping[str, str]] = {
    **{str(response): str(response) for response in RESPONSES},
    "complete response": "CR",
    "partial response": "PR",
    "stable disease": "SD",
    "progressive disease": "PD",
    "not evaluable": "NE",
}
_NOT_KNOWN: Final = ("na", "n/a", "n.a.", "n.a", "nan")
_THOUSANDS: Final = 3
_YES, _NO = ("yes", "1", "true"), ("no", "0", "false")


def read_records(content: bytes, *, where: str) -> list[CourseRecord]:
    """Records of a CSV file: comma, semicolon or tab; decimal point, or comma where it doesn't part columns.

    Headings may be in capitals, with spaces or brackets (``Age (years)``), and have the other names of `_OTHER_NAMES`
    (``KPS before``). Empty cells, NA and n.a. are not known;
    empty rows are passed over.

    Raises
    ------
    DosimetryError
        Every wrong cell, with its line and column; a number that can be meant in two ways (1.200); an unknown
        column, or one that is there twice; a key that is there twice.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InconsistentCaseError("isn't UTF-8 text", where=where, remedy="save it as UTF-8") from error
    # Old spreadsheets end lines with CR alone.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    heading = next((line for line in text.split("\n") if line.strip()), "")
    table = csv.reader(io.StringIO(text), delimiter=max(";\t,", key=heading.count), strict=True)
    try:
        rows = [(table.line_num, [cell.strip() for cell in row]) for row in table]
    except csv.Error as error:
        raise InconsistentCaseError(
            f"isn't a table ({error})", where=f"{where}, line {table.line_num}", remedy="check its quotation marks"
        ) from error
    rows = [(line, cells) for line, cells in rows if any(cells)]
    line, typed = rows[0] if rows else (1, [])
    columns = _columns(typed, f"{where}, line {line}")
    problems: list[DosimetryError] = []
    records: list[CourseRecord] = []
    for line, cells in rows[1:]:
        reader = _Row(dict(zip(columns, cells, strict=False)), f"{where}, line {line}", problems)
        unnamed = [cell for number, cell in enumerate(cells) if number >= len(columns) or not columns[number]]
        if any(unnamed):
            problems.append(InconsistentCaseError("has more cells than columns", where=reader.where, remedy="mend it"))
        record = _record(reader)
        if record is not None:
            if any(record.key == one.key for one in records):
                problems.append(
                    InconsistentCaseError(
                        f"key {record.key!r} is there twice", where=reader.where, remedy="use it once"
                    )
                )
            records.append(record)
    raise_problems(problems)
    return records


def _columns(typed: Sequence[str], where: str) -> list[str]:
    """The columns that headings mean; empty for a column without one."""
    names = []
    for heading in typed:
        name = re.sub(r"[^a-z0-9]+", "_", heading.casefold()).strip("_")
        names.append(_OTHER_NAMES.get(name, name))
    unknown = [heading for heading, name in zip(typed, names, strict=True) if heading and name not in COLUMNS]
    twice = [name for name in dict.fromkeys(names) if name and names.count(name) > 1]
    if unknown:
        what = f"unknown column {', '.join(map(repr, unknown))}"
    elif twice:
        what = f"column {', '.join(twice)} is there twice"
    elif "key" not in names:
        what = "has no column key"
    else:
        return names
    raise InconsistentCaseError(what, where=where, remedy=f"use {', '.join(COLUMNS)}, each once")


class _Row:
    """Cells of one line; what is wrong is gathered."""

    def __init__(self, cells: Mapping[str, str], where: str, problems: list[DosimetryError]) -> None:
        self._cells, self.where, self._problems = cells, where, problems

    def text(self, column: str) -> str:
        """The cell; empty where it is not known. A key is a name and always taken as it stands."""
        cell = self._cells.get(column, "")
        return "" if column != "key" and cell.casefold() in _NOT_KNOWN else cell

    def value(self, column: str, read: Callable[[str], T], remedy: str) -> T | None:
        cell = self.text(column)
        if not cell:
            return None
        try:
            return read(cell)
        except InconsistentCaseError as error:
            self.wrong(column, error.what, f"{remedy}, in figures and not with three decimals")
            return None
        except ValueError:
            self.wrong(column, f"{cell!r} can't be read", remedy)
            return None

    def wrong(self, column: str, what: str, remedy: str) -> None:
        self._problems.append(InconsistentCaseError(what, where=f"{self.where}, {column}", remedy=remedy))


def _number(cell: str, low: float, high: float) -> float:
    value = read_number(cell, where="")
    if not low <= value <= high:
        raise ValueError(cell)
    return value


def _whole(cell: str, low: int, high: int) -> int:
    value = _number(cell, low, high)
    if not value.is_integer():
        raise ValueError(cell)
    return int(value)


def _meant(cell: str, words: Mapping[str, str]) -> Any:
    """What a word means, whatever its capitals."""
    for word, meaning in words.items():
        if cell.casefold() == word.casefold():
            return meaning
    raise ValueError(cell)


def _yes_no(cell: str) -> bool:
    if cell.lower() in _YES:
        return True
    if cell.lower() in _NO:
        return False
    raise ValueError(cell)


def _karnofsky(cell: str) -> int:
    value = _whole(cell, 0, 100)
    if value % 10:
        raise ValueError(cell)
    return value


def _record(row: _Row) -> CourseRecord | None:
    if not row.text("key"):
        row.wrong("key", "is empty", "give each patient a key that identifies nobody")
        return None
    activities = {}
    for column, nuclide in _NUCLIDES.items():
        given = row.value(column, lambda cell: _number(cell, 0.0, 1000.0), "write GBq of the whole course")
        if given is not None:
            activities[nuclide] = GIGABECQUEREL.to_core(given)
    change = row.value(
        "best_change_percent", lambda cell: _number(cell, -100.0, 10000.0), "write percent, −100 or more"
    )
    judged = f"write {', '.join(RESPONSES)}"
    return CourseRecord(
        key=row.text("key"),
        protocol=row.text("protocol") or "not stated",
        sex=row.value("sex", lambda cell: _meant(cell, _SEXES), "write F or M"),
        age_years=row.value("age_years", lambda cell: _number(cell, 0.0, 130.0), "write years"),
        stated_cycles=row.value("cycles", lambda cell: _whole(cell, 1, 50), "write a number of cycles"),
        stated_activity_bq=FrozenMap(activities),
        response=row.value("response", lambda cell: _meant(cell, _RESPONSE_WORDS), judged),
        confirmed_response=row.value("confirmed_response", lambda cell: _meant(cell, _RESPONSE_WORDS), judged),
        best_change=None if change is None else PERCENT.to_core(change),
        ecog_before=row.value("ecog_before", lambda cell: _whole(cell, 0, 5), "write 0 to 5"),
        ecog_after=row.value("ecog_after", lambda cell: _whole(cell, 0, 5), "write 0 to 5"),
        karnofsky_before=row.value("karnofsky_before", _karnofsky, "write a multiple of 10 to 100"),
        karnofsky_after=row.value("karnofsky_after", _karnofsky, "write a multiple of 10 to 100"),
        survival=_followed(row, "survival_days", "died"),
        progression=_followed(row, "progression_free_days", "progressed"),
    )


def _followed(row: _Row, days: str, event: str) -> FollowedTime | None:
    time = row.value(days, lambda cell: _number(cell, 0.0, 36525.0), "write days from the first cycle")
    happened = row.value(event, _yes_no, "write yes or no")
    if (time is None) != (happened is None) and not (row.text(days) and row.text(event)):
        row.wrong(days if time is None else event, "is missing", f"give {days} and {event} together")
    return None if time is None or happened is None else FollowedTime(time, happened)


def records_csv(records: Sequence[CourseRecord], *, decimal: DecimalSign = "point") -> str:
    """The table of records; what a column can't hold (single cycles, doses, blood counts) stands in other tables.

    With a decimal comma, semicolons stand between cells.
    """
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n", delimiter=";" if decimal == "comma" else ",")
    writer.writerow(COLUMNS)
    for one in records:
        known = [one.activity_bq(nuclide) for nuclide in _NUCLIDES.values()]
        activities = [None if bq is None else GIGABECQUEREL.from_core(bq) for bq in known]
        cells = (
            one.key,
            one.protocol,
            one.sex,
            one.age_years,
            one.cycle_count,
            *activities,
            one.response,
            one.confirmed_response,
            None if one.best_change is None else PERCENT.from_core(one.best_change),
            one.ecog_before,
            one.ecog_after,
            one.karnofsky_before,
            one.karnofsky_after,
            *_followed_cells(one.survival),
            *_followed_cells(one.progression),
        )
        writer.writerow([_written(cell, decimal) for cell in cells])
    return target.getvalue()


def _written(cell: str | float | None, decimal: DecimalSign) -> str:
    """A cell as `read_records` reads it: no exponent, and never three decimals, which could be thousands."""
    if cell is None or isinstance(cell, str):
        return cell or ""
    # Twelve digits: −19.9 %, not the −19.900000000000002 that the way from a share leaves.
    text = f"{Decimal(f'{cell:.12g}'):f}"
    text = f"{text}0" if len(text.partition(".")[2]) == _THOUSANDS else text
    return text.replace(".", ",") if decimal == "comma" else text


def _followed_cells(time: FollowedTime | None) -> tuple[float | None, str | None]:
    if time is None:
        return None, None
    return time.days, "yes" if time.event else "no"
