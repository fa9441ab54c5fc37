"""Where in the text of a TOML file each key stands: lines for messages, and values changed in place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dosimetry_core.errors import DosimetryError

_TABLE: Final = re.compile(r"\s*\[([^\[\]]+)\]\s*(#.*)?$")
_TABLES: Final = re.compile(r"\s*\[\[([^\[\]]+)\]\]\s*(#.*)?$")
_KEY: Final = re.compile(r"(\s*)([A-Za-z0-9_-]+)(\s*=\s*)(.*)$")
_LINE_SAID: Final = re.compile(r"\bline (\d+)")
_VALUE: Final = re.compile(r"""("(?:\\.|[^"\\])*"|'[^']*'|\[[^\]]*\]|[^#"'\[]*?)(\s*#.*|\s*)$""")


@dataclass(frozen=True)
class TomlPlace:
    """A key of a file: its table, as messages name it (``[limits]``, ``nuclide 2``, empty at the top), and itself."""

    table: str
    key: str


def places(text: str) -> Iterator[tuple[int, TomlPlace]]:
    """Line, from 1, of every table and key; of a table itself, the key is empty.

    Only what stands in one line each is found: no inline tables, no texts over several lines.
    """
    table, counts = "", dict[str, int]()
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _TABLES.match(line):
            name = found[1].strip()
            counts[name] = counts.get(name, 0) + 1
            table = f"{name} {counts[name]}"
            yield number, TomlPlace(table, "")
        elif found := _TABLE.match(line):
            table = f"[{found[1].strip()}]"
            yield number, TomlPlace(table, "")
        elif found := _KEY.match(line):
            yield number, TomlPlace(table, found[2])


def place_of(problem: DosimetryError, where: str) -> TomlPlace | None:
    """The key that a problem of the file ``where`` is about; None if it is about no key of it."""
    if not problem.where.startswith(f"{where}, "):
        return None
    parts = problem.where.removeprefix(f"{where}, ").split(", ")
    return TomlPlace("", parts[0]) if len(parts) == 1 else TomlPlace(parts[-2], parts[-1])


def line_of(text: str, place: TomlPlace) -> int | None:
    """Line of a key; of its table where the key is missing; None where neither stands in the file."""
    lines = {found: number for number, found in reversed(list(places(text)))}
    asked = (place, TomlPlace(place.table, ""), TomlPlace(f"[{place.key}]", ""), TomlPlace(f"{place.key} 1", ""))
    return next((lines[each] for each in asked if (each.table or each.key) and each in lines), None)


def line_said(problem: DosimetryError) -> int | None:
    """The line that a message names; None if it names none."""
    found = _LINE_SAID.search(problem.where) or _LINE_SAID.search(problem.what)
    return int(found[1]) if found else None


def with_line(problem: DosimetryError, text: str, where: str) -> DosimetryError:
    """The problem with the line of its key after the name of the file."""
    place = place_of(problem, where)
    line = None if place is None else line_of(text, place)
    if line is None:
        return problem
    rest = problem.where.removeprefix(f"{where}, ")
    return type(problem)(problem.what, where=f"{where}, line {line}, {rest}", remedy=problem.remedy)


def with_value(text: str, place: TomlPlace, value: str | None) -> str:
    """The text with another value of a key, everything else left as it stands, comments too.

    Parameters
    ----------
    text
        Of the file.
    place
        A key at the top, or in a table that is in the file.
    value
        As TOML writes it; None takes the key out. A key that is not there is added at the end of its table.

    Raises
    ------
    ValueError
        If the table is not in the file.
    """
    lines = text.splitlines()
    found = {each: number for number, each in reversed(list(places(text)))}
    if place in found:
        number = found[place] - 1
        match = _KEY.match(lines[number])
        assert match is not None
        if value is None:
            del lines[number]
        else:
            split = _VALUE.match(match[4])
            comment = split[2] if split is not None else ""
            lines[number] = f"{match[1]}{match[2]}{match[3]}{value}{comment}"
    elif value is not None:
        lines.insert(_end_of_table(lines, text, place.table), f"{place.key} = {value}")
    return "\n".join(lines) + "\n"


def _end_of_table(lines: list[str], text: str, table: str) -> int:
    """Index of the line behind the last line of a table that is not blank."""
    starts = [(number - 1, place) for number, place in places(text) if not place.key]
    if table:
        begin = next((number for number, place in starts if place.table == table), None)
        if begin is None:
            raise ValueError(f"the file has no table {table}")
    else:
        begin = -1
    end = next((number for number, _ in starts if number > begin), len(lines))
    while end > begin + 1 and not lines[end - 1].strip():
        end -= 1
    return end
