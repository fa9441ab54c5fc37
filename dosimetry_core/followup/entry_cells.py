"""What a person typed into a table of values: cells by row and column, times, and what is wrong with which cell."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from dosimetry_core.case import Cycle
from dosimetry_core.entered_numbers import read_number
from dosimetry_core.errors import DosimetryError, InconsistentCaseError
from dosimetry_core.units import HOUR, MINUTE, SECONDS_PER_HOUR

Row = Mapping[str, str]
"""One row as typed: column → text."""

_CLOCK_ONLY: Final = re.compile(r"(?:\+(?P<days>\d)\s+)?(?P<clock>\d{1,2}:\d{2})")
_AFTER_END: Final = re.compile(r"\+\s*(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>min|h|d)")
_TIME_FORMS: Final = (
    "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
)  # fmt: skip
_DAY_FORMS: Final = ("%Y-%m-%d", "%d.%m.%Y")
_SHORTEST_AS_HOURS_S: Final = 2 * SECONDS_PER_HOUR
TIME_HINT: Final = "2026-11-21 10:15, 10:15, +1 10:15 (next day) or +40 min (after the end of the infusion)"


@dataclass(frozen=True)
class CellRemark:
    """What is wrong, or doubtful, about one cell."""

    row: int
    column: str
    level: Literal["warning", "error"]
    text: str


def is_blank(row: Row) -> bool:
    """Whether nothing was typed into a row."""
    return not any(text.strip() for text in row.values())


def error_of(row: int, column: str, error: DosimetryError) -> CellRemark:
    """The remark of an error made by reading a cell."""
    return CellRemark(row, column, "error", f"{error.what}; {error.remedy}" if error.remedy else error.what)


def infusion_of(cycle: Cycle) -> tuple[datetime, datetime]:
    """Start and end of the infusion of the nuclide listed first.

    Raises
    ------
    InconsistentCaseError
        If nothing was given in the cycle, or the length of the infusion is not known.
    """
    if not cycle.administrations:
        raise InconsistentCaseError("nothing was given", where=f"cycle {cycle.number}", remedy="enter what was given")
    first = cycle.administrations[0]
    if first.infusion_s is None:
        raise InconsistentCaseError(
            f"the length of the infusion of {first.nuclide} is not known",
            where=f"cycle {cycle.number}",
            remedy="enter it: blood and whole-body measurements are timed from its middle",
        )
    return first.start, first.start + timedelta(seconds=first.infusion_s)


def read_time(text: str, *, zone: ZoneInfo, infusion: tuple[datetime, datetime]) -> datetime:
    """A time as typed.

    Parameters
    ----------
    text
        A day and a time; a time alone, which is of the day of the infusion; ``+1 09:30``, of the day after; ``+40 min``
        or ``+4 h``, so long after the end of the infusion.
    zone
        Of the patient.
    infusion
        Its start and end.

    Raises
    ------
    InconsistentCaseError
        If it is none of these.
    """
    typed = text.strip()
    start, end = infusion
    after = _AFTER_END.fullmatch(typed)
    if after is not None:
        number = read_number(after["number"], where="time")
        unit = {"min": MINUTE, "h": HOUR}.get(after["unit"])
        seconds = timedelta(days=number).total_seconds() if unit is None else unit.to_core(number)
        return end + timedelta(seconds=seconds)
    clock = _CLOCK_ONLY.fullmatch(typed)
    if clock is not None:
        day = start.astimezone(zone).date() + timedelta(days=int(clock["days"] or 0))
        typed = f"{day.isoformat()} {clock['clock']}"
    for form in _TIME_FORMS:
        try:
            return datetime.strptime(typed, form).replace(tzinfo=zone)
        except ValueError:
            continue
    raise InconsistentCaseError(f"{text.strip()!r} is no time", where="time", remedy=f"write it as {TIME_HINT}")


def read_day(text: str) -> date:
    """A day as typed: ``2026-11-21`` or ``21.11.2026``. Raises InconsistentCaseError if it is none."""
    for form in _DAY_FORMS:
        try:
            return datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
    raise InconsistentCaseError(
        f"{text.strip()!r} is no day", where="date", remedy="write it as 2026-11-21 or 21.11.2026"
    )


def after_infusion_words(time: datetime, infusion: tuple[datetime, datetime]) -> str:
    """After the end of the infusion: ``"40 min"``, ``"25.3 h"``; ``"during it"``, ``"before it"``."""
    start, end = infusion
    if time < start:
        return "before it"
    if time < end:
        return "during it"
    seconds = (time - end).total_seconds()
    if seconds < _SHORTEST_AS_HOURS_S:
        return MINUTE.text(seconds, digits=0)
    return HOUR.text(seconds, digits=1)


def typed_time(time: datetime, zone: ZoneInfo) -> str:
    """A time as it would be typed, in the patient's time zone; seconds only where there are some."""
    local = time.astimezone(zone)
    return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")


def table_of_text(text: str) -> list[list[str]]:
    """Cells of pasted text or of a CSV file: tab, semicolon or comma between cells, told from the first line.

    A comma separates only where no line has a tab or semicolon, so that decimal commas stay.
    """
    plain = text.lstrip("\ufeff")
    separator = next((sign for sign in ("\t", ";") if sign in plain), ",")
    return [
        [cell.strip() for cell in row]
        for row in csv.reader(io.StringIO(plain), delimiter=separator)
        if any(cell.strip() for cell in row)
    ]


def with_titles(table: Sequence[Sequence[str]], names: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Rows of a table with titles, by column key.

    Parameters
    ----------
    table
        The first row holds the titles.
    names
        Column key → titles it may have; compared without capitals and spaces.

    Raises
    ------
    InconsistentCaseError
        If a title is not known, or stands twice.
    """
    if not table:
        raise InconsistentCaseError("holds no line", where="file", remedy="choose another file")
    folded = {_folded(title): key for key, titles in names.items() for title in (key, *titles)}
    keys = []
    for title in table[0]:
        key = folded.get(_folded(title))
        if key is None or key in keys:
            known = ", ".join(titles[0] for titles in names.values() if titles)
            raise InconsistentCaseError(
                f"the title {title!r} is {'not known' if key is None else 'there twice'}",
                where="first line",
                remedy=f"name the columns {known}",
            )
        keys.append(key)
    return [dict(zip(keys, row, strict=False)) for row in table[1:]]


def _folded(title: str) -> str:
    return re.sub(r"[\s_()\[\].,/µμ%-]", "", title.casefold())
