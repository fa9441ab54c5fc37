"""Laboratory values as a person types, pastes or imports them: units said, conversions shown, doubts remarked on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, get_args

from dosimetry_core.case import Case, Cycle, LaboratoryLimit, LaboratoryResult, Visit
from dosimetry_core.entered_numbers import DecimalSign, read_number
from dosimetry_core.errors import DosimetryError, InconsistentCaseError
from dosimetry_core.followup.entry_cells import CellRemark, Row, error_of, read_day, table_of_text
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.laboratory import LABORATORY_NAMES, ZERO_LOWER_LIMIT_KEYS, within_a_sentence
from dosimetry_core.laboratory_units import Conversion, converted, key_of, known_unit, units_of

NAME, VALUE, UNIT, LOWER, UPPER = "name", "value", "unit", "lower", "upper"
UNUSUAL_RATIO: Final = 2.0
"""A value so many times the one before it, or less than its inverse, is asked about."""


@dataclass(frozen=True)
class EnteredDay:
    """Values of one day that were read, site limits, and remarks on the cells.

    ``conversions``: by row, what was reported and what it is in the case file's unit.
    """

    values: FrozenMap[str, float]
    limits: FrozenMap[str, LaboratoryLimit]
    conversions: FrozenMap[int, Conversion]
    remarks: tuple[CellRemark, ...]

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong."""
        return not any(remark.level == "error" for remark in self.remarks)


def read_laboratory_rows(
    rows: Sequence[Row], *, before: Mapping[str, float], decimal: DecimalSign = "either"
) -> EnteredDay:
    """Values and limits of one day, one row for each quantity.

    Parameters
    ----------
    rows
        Name (as a laboratory or the case file calls it), value, unit, lower and upper limit; value and limits are in
        the row's unit.
    before
        The last values before that day, to compare with.
    decimal
        The decimal sign.
    """
    values: dict[str, float] = {}
    limits: dict[str, LaboratoryLimit] = {}
    conversions: dict[int, Conversion] = {}
    remarks: list[CellRemark] = []
    seen: set[str] = set()
    for number, row in enumerate(rows):
        typed = {column: row.get(column, "").strip() for column in (NAME, VALUE, UNIT, LOWER, UPPER)}
        if not any(typed[column] for column in (VALUE, LOWER, UPPER)):
            continue
        key = key_of(typed[NAME])
        if key is None:
            remarks.append(CellRemark(number, NAME, "error", f"{typed[NAME] or 'a row without a name'} is not known"))
            continue
        if key in seen:
            remarks.append(CellRemark(number, NAME, "error", "stands in another row as well"))
            continue
        seen.add(key)
        found = {
            column: _converted(number, column, key, typed, decimal, remarks)
            for column in (VALUE, LOWER, UPPER)
            if typed[column]
        }
        conversion = found.get(VALUE)
        if conversion is not None:
            values[key] = conversion.value
            conversions[number] = conversion
            remarks += _jumps(number, conversion, before.get(key))
        ends = [None if (end := found.get(column)) is None else end.value for column in (LOWER, UPPER)]
        if None not in ends and ends[0] > ends[1]:  # type: ignore[operator]  # neither is None
            remarks.append(CellRemark(number, LOWER, "error", "the lower limit is above the upper one"))
        elif any(end is not None for end in ends):
            limits[key] = LaboratoryLimit(*ends)
    return EnteredDay(FrozenMap(values), FrozenMap(limits), FrozenMap(conversions), tuple(remarks))


def _converted(
    number: int, column: str, key: str, typed: Mapping[str, str], decimal: DecimalSign, remarks: list[CellRemark]
) -> Conversion | None:
    try:
        number_typed = read_number(typed[column], where=LABORATORY_NAMES[key][0], decimal=decimal)
        if column == LOWER and number_typed == 0 and key in ZERO_LOWER_LIMIT_KEYS:
            return Conversion(key, 0.0, known_unit(key, typed[UNIT]), 0.0)
        return converted(key, number_typed, typed[UNIT])
    except DosimetryError as error:
        remarks.append(error_of(number, UNIT if "no unit" in error.what else column, error))
        return None


def _jumps(number: int, conversion: Conversion, before: float | None) -> Iterable[CellRemark]:
    if before is None or before <= 0 or conversion.value <= 0:
        return
    ratio = conversion.value / before
    if not 1 / UNUSUAL_RATIO <= ratio <= UNUSUAL_RATIO:
        yield CellRemark(
            number, VALUE, "warning", f"{ratio:.2g} times the value before ({before:g}); check value and unit"
        )


# --- days and cycles --------------------------------------------------------------------------------------------------


def cycle_of_day(cases_cycles: Sequence[Cycle], day: date) -> int:
    """Index of the cycle whose laboratory a day belongs to: the last one that had begun, else the first.

    Values of the day of an administration, or of the days before it and after the cycle before, belong to the cycle
    before: they are what is known before the next is given. Before the first cycle, to the first.

    Raises
    ------
    InconsistentCaseError
        If there is no cycle.
    """
    if not cases_cycles:
        raise InconsistentCaseError("there is no cycle", where="laboratory", remedy="open or begin a course")
    begun = [
        index
        for index, cycle in enumerate(cases_cycles)
        if cycle.administrations and min(a.start for a in cycle.administrations).date() < day
    ]
    return begun[-1] if begun else 0


def values_before(case: Case, day: date) -> dict[str, float]:
    """The last value of each quantity before a day."""
    found: dict[str, float] = {}
    days = sorted((r for cycle in case.cycles for r in cycle.laboratory if r.date < day), key=lambda r: r.date)
    for result in days:
        found |= result.values
    return found


def result_of(case: Case, day: date) -> tuple[int, LaboratoryResult] | None:
    """The result of a day and the index of the cycle it is kept with; several of one day are taken together."""
    found: tuple[int, LaboratoryResult] | None = None
    for index, cycle in enumerate(case.cycles):
        for result in cycle.laboratory:
            if result.date != day:
                continue
            if found is None:
                found = index, result
            else:
                values = FrozenMap({**found[1].values, **result.values})
                found = found[0], replace(result, values=values, visit=found[1].visit or result.visit)
    return found


def with_laboratory(
    case: Case,
    day: date,
    values: Mapping[str, float],
    *,
    visit: Visit = "",
    limits: Mapping[str, LaboratoryLimit] | None = None,
    cycle_index: int | None = None,
) -> Case:
    """The case with these values as those of a day; without values the day is taken out.

    Parameters
    ----------
    case
        What to change.
    day, values, visit
        What was measured.
    limits
        The site's limits in place of those the case has; None leaves them.
    cycle_index
        The cycle to keep it with; None: the one it was kept with, else that of `cycle_of_day`.
    """
    held = result_of(case, day)
    place = cycle_index
    if place is None:
        place = held[0] if held is not None else cycle_of_day(case.cycles, day)
    result = LaboratoryResult(day, FrozenMap(values), visit)
    cycles = []
    for index, cycle in enumerate(case.cycles):
        same = [r for r in cycle.laboratory if r.date == day]
        if index == place and values and same == [result]:
            cycles.append(cycle)
            continue
        kept = [r for r in cycle.laboratory if r.date != day]
        if index == place and values:
            kept.append(result)
        kept.sort(key=lambda r: r.date)
        cycles.append(cycle if tuple(kept) == cycle.laboratory else replace(cycle, laboratory=tuple(kept)))
    changed = any(new is not old for new, old in zip(cycles, case.cycles, strict=True))
    made = replace(case, cycles=tuple(cycles)) if changed else case
    if limits is not None and dict(limits) != dict(case.laboratory_limits):
        made = replace(made, laboratory_limits=FrozenMap(limits))
    return made


# --- as rows ----------------------------------------------------------------------------------------------------------


def rows_of_day(case: Case, day: date | None) -> list[dict[str, str]]:
    """A row for every quantity: what the case holds of that day and the site's limits, in the case file's units."""
    held = None if day is None else result_of(case, day)
    rows = []
    for key, (name, _unit) in LABORATORY_NAMES.items():
        limit = case.laboratory_limits.get(key, LaboratoryLimit())
        value = None if held is None else held[1].values.get(key)
        rows.append(
            {
                NAME: name,
                VALUE: typed_number(value),
                UNIT: units_of(key)[0],
                LOWER: typed_number(limit.lower),
                UPPER: typed_number(limit.upper),
            }
        )
    return rows


def typed_number(value: float | None) -> str:
    """A number as it would be typed and is read again; empty for None."""
    if value is None:
        return ""
    text = f"{value:.12g}"
    whole, point, decimals = text.partition(".")
    # Four decimals can't be taken for thousands.
    return f"{text}0" if point and len(decimals) == 3 and whole != "0" else text


# --- import -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReportedValue:
    """One value of an imported table: where it stood, what it was, what it is."""

    line: int
    day: date
    conversion: Conversion
    visit: Visit = ""


@dataclass(frozen=True)
class ImportedLaboratory:
    """Values of a CSV file or of pasted cells, and the problems of those that can't be taken."""

    values: tuple[ReportedValue, ...]
    problems: tuple[str, ...]

    def days(self) -> dict[date, tuple[Visit, dict[str, float]]]:
        """Values by day, with its visit."""
        found: dict[date, tuple[Visit, dict[str, float]]] = {}
        for reported in sorted(self.values, key=lambda item: item.day):
            visit, values = found.get(reported.day, ("", {}))
            found[reported.day] = (
                visit or reported.visit,
                {**values, reported.conversion.key: reported.conversion.value},
            )
        return found


_DATE_TITLES: Final = ("date", "day", "datum", "data")
_VISIT_TITLES: Final = ("visit", "visite", "wizyta")
_LONG_TITLES: Final[Mapping[str, tuple[str, ...]]] = {
    NAME: ("name", "quantity", "test", "analyte", "parameter"),
    VALUE: ("value", "result", "wert", "wynik"),
    UNIT: ("unit", "units", "einheit", "jednostka"),
}
_WITH_UNIT: Final = re.compile(r"(?P<name>[^\[(]+?)\s*[\[(](?P<unit>[^\])]*)[\])]")


def read_laboratory_table(
    text: str, *, decimal: DecimalSign = "either", born: date | None = None, today: date | None = None
) -> ImportedLaboratory:
    """Laboratory values of several days from CSV or pasted cells.

    Two forms are read: one value a line (date, name, value, unit), and one day a line with a column for each quantity,
    its unit in the title: ``Creatinine [mg/dL]``, or the case file's own name, which says it. A
    value without its unit is a problem, and so is a day before ``born`` or after ``today``. A column ``visit`` may
    stand in both.

    Raises
    ------
    InconsistentCaseError
        If the titles are of neither form.
    """
    table = table_of_text(text)
    if not table:
        raise InconsistentCaseError("holds no line", where="laboratory", remedy="choose another file")
    titles = [title.strip().casefold() for title in table[0]]
    day_column = next((n for n, title in enumerate(titles) if title in _DATE_TITLES), None)
    if day_column is None:
        raise InconsistentCaseError(
            "no column is named date", where="first line", remedy="name the columns date, name, value, unit"
        )
    visit_column = next((n for n, title in enumerate(titles) if title in _VISIT_TITLES), None)
    long = {key: next((n for n, t in enumerate(titles) if t in names), None) for key, names in _LONG_TITLES.items()}
    values: list[ReportedValue] = []
    problems: list[str] = []
    columns = None
    if long[NAME] is None or long[VALUE] is None:
        columns = _columns(table[0], {day_column, visit_column})
    elif long[UNIT] is None:
        raise InconsistentCaseError("no column is named unit", where="first line", remedy="add it; no unit is guessed")
    for line, cells in enumerate(table[1:], start=2):
        row = [*cells, *[""] * (len(titles) - len(cells))]
        try:
            day = _believed(read_day(row[day_column]), born, today)
            visit = _visit(row[visit_column]) if visit_column is not None else ""
        except DosimetryError as error:
            problems.append(f"line {line}: {error.what}; {error.remedy}")
            continue
        if columns is None:
            name, value, unit = (row[long[key]] for key in (NAME, VALUE, UNIT))  # type: ignore[index]  # all are known
            wanted = [(name, value, unit)]
        else:
            wanted = [(name, row[n], unit) for n, (name, unit) in columns.items() if row[n]]
        for name, value, unit in wanted:
            try:
                key = key_of(name)
                if key is None:
                    raise InconsistentCaseError(f"{name!r} is not known", remedy="rename it, or leave it out")
                number = read_number(value, where=name, decimal=decimal)
                values.append(ReportedValue(line, day, converted(key, number, unit), visit))
            except DosimetryError as error:
                problems.append(f"line {line}: {error.line()}")
    return ImportedLaboratory(_without_contradictions(values, problems), tuple(problems))


def _columns(titles: Sequence[str], others: set[int | None]) -> dict[int, tuple[str, str]]:
    """Columns of quantities: number → name and unit."""
    found: dict[int, tuple[str, str]] = {}
    for number, title in enumerate(titles):
        if number in others:
            continue
        match = _WITH_UNIT.fullmatch(title.strip())
        name, unit = (match["name"], match["unit"]) if match else (title.strip(), "")
        key = key_of(name)
        if key is None:
            raise InconsistentCaseError(
                f"the title {title!r} is not known", where="first line", remedy="rename the column, or leave it out"
            )
        if not unit and name.casefold() != key and units_of(key)[0]:
            raise InconsistentCaseError(
                f"{title!r} says no unit",
                where="first line",
                remedy=f"write {title} [{units_of(key)[0]}], or another unit in brackets",
            )
        # The case file's own name says the unit.
        found[number] = (name, unit if match else units_of(key)[0])
    if not found:
        raise InconsistentCaseError(
            "no column holds a value", where="first line", remedy="name the columns date, name, value, unit"
        )
    return found


def _believed(day: date, born: date | None, today: date | None) -> date:
    if today is not None and day > today:
        raise InconsistentCaseError(f"{day.isoformat()} lies in the future", where="date", remedy="check it")
    if born is not None and day < born:
        raise InconsistentCaseError(
            f"{day.isoformat()} is before the patient's birth", where="date", remedy="check day and patient"
        )
    return day


def _visit(text: str) -> Visit:
    typed = text.strip().upper()
    for visit in get_args(Visit):
        if typed == visit:
            known: Visit = visit
            return known
    raise InconsistentCaseError(f"{text!r} is no visit", where="visit", remedy="use T1 to T4 or V1 to V4")


def _without_contradictions(values: Sequence[ReportedValue], problems: list[str]) -> tuple[ReportedValue, ...]:
    kept: dict[tuple[date, str], ReportedValue] = {}
    for reported in values:
        place = reported.day, reported.conversion.key
        first = kept.setdefault(place, reported)
        if first.conversion.value != reported.conversion.value:
            problems.append(
                f"line {reported.line}: {within_a_sentence(place[1])} of {reported.day.isoformat()} is "
                f"{reported.conversion.text}, but line {first.line} says {first.conversion.text}; keep the right one"
            )
    return tuple(kept.values())
