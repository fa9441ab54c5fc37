"""Reads a TOML table key by key, and gathers every wrong, missing or unknown key with its place."""

from __future__ import annotations

import contextlib
import difflib
import json
import math
import tomllib
import unicodedata
from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from dosimetry_core.errors import DosimetryError, InconsistentCaseError, MissingDataError

T = TypeVar("T")


def toml_string(text: str) -> str:
    """A text as TOML writes it: in quotes, with line breaks and other control characters escaped."""
    # JSON's escapes are TOML's as well, but for the delete character, which TOML does not take as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def load_toml(path: Path) -> dict[str, Any]:
    """Content of a TOML file.

    Raises
    ------
    MissingDataError
        If the file can't be read.
    InconsistentCaseError
        If it isn't TOML; the message gives line and column.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingDataError(
            f"can't be read ({error.strerror})", where=str(path), remedy="check the path and the access rights"
        ) from error
    return parse_toml(content, where=str(path))


def parse_toml(content: bytes, *, where: str) -> dict[str, Any]:
    """Content of a TOML file that was read already; ``where`` names it in messages.

    Raises
    ------
    InconsistentCaseError
        If it isn't TOML; the message gives line and column.
    """
    try:
        return tomllib.loads(content.decode("utf-8-sig"))  # some editors begin the file with a byte-order mark
    except UnicodeDecodeError as error:
        raise InconsistentCaseError(
            f"isn't UTF-8 text (byte {error.start})", where=where, remedy="save it as UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise InconsistentCaseError(f"isn't valid TOML: {error}", where=where, remedy="mend that line") from error
    except RecursionError as error:
        raise InconsistentCaseError("nests tables or lists too deep", where=where, remedy="write it plainly") from error


class TomlTable:
    """One table of a file being read; problems of all tables of the file are gathered in one list.

    Parameters
    ----------
    content
        The table.
    place
        File and table, for messages.
    problems
        The list shared by all tables of the file.
    zone
        Time zone of local times; None if the file hasn't said yet.
    """

    def __init__(
        self, content: Any, *, place: str, problems: list[DosimetryError], zone: ZoneInfo | None = None
    ) -> None:
        self.place = place
        self.problems = problems
        self.zone = zone
        self._known: set[str] = set()
        if not isinstance(content, dict):
            self._wrong("", "must be a table", "write it as [table] or { key = value }")
            content = {}
        self.content: dict[str, Any] = content

    def _where(self, key: str) -> str:
        return f"{self.place}, {key}" if key else self.place

    def _wrong(self, key: str, what: str, remedy: str) -> None:
        self.problems.append(InconsistentCaseError(what, where=self._where(key), remedy=remedy))

    def wrong(self, key: str, what: str, remedy: str) -> None:
        """Gather a problem found by the caller."""
        self._wrong(key, what, remedy)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        self._known.add(key)
        return key in self.content

    def finish(self) -> None:
        """Gather the keys that nobody asked for."""
        for key in self.content:
            if key not in self._known:
                near = difflib.get_close_matches(key, sorted(self._known), n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(self._known))}"
                self._wrong(key, "unknown key", hint)

    def _value(self, key: str, required: bool) -> Any:
        self._known.add(key)
        if key not in self.content and required:
            self.problems.append(
                MissingDataError("is missing", where=self._where(key), remedy="add it; it is never guessed")
            )
        return self.content.get(key)

    def optional_number(
        self, key: str, *, minimum: float | None = None, above: float | None = None, maximum: float | None = None
    ) -> float | None:
        """A finite number within its bounds, or None if absent."""
        return self._number(key, self._value(key, required=False), minimum, above, maximum)

    def number(
        self, key: str, *, minimum: float | None = None, above: float | None = None, maximum: float | None = None
    ) -> float:
        """A required number; NaN stands in after a problem was gathered."""
        value = self._number(key, self._value(key, required=True), minimum, above, maximum)
        return math.nan if value is None else value

    def _number(
        self, key: str, value: Any, minimum: float | None, above: float | None, maximum: float | None
    ) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self._wrong(key, f"must be a number, not {value!r}", "write it without quotes, with a decimal point")
            return None
        if above is not None and not value > above:
            self._wrong(key, f"must be above {above:g}, not {value:g}", "check value and unit")
        elif minimum is not None and value < minimum:
            self._wrong(key, f"must be at least {minimum:g}, not {value:g}", "check value and unit")
        elif maximum is not None and value > maximum:
            self._wrong(key, f"must be at most {maximum:g}, not {value:g}", "check value and unit")
        return float(value)

    def optional_integer(self, key: str, *, minimum: int) -> int | None:
        """A whole number, or None if absent."""
        value = self._value(key, required=False)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            self._wrong(key, f"must be a whole number from {minimum}, not {value!r}", "check it")
            return None
        return value

    def integer(self, key: str, *, minimum: int) -> int:
        """A required whole number."""
        if key not in self.content:
            self._value(key, required=True)
            return minimum
        value = self.optional_integer(key, minimum=minimum)
        return minimum if value is None else value

    def optional_text(self, key: str) -> str | None:
        """Text, or None if absent."""
        value = self._value(key, required=False)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            self._wrong(key, f"must be text, not {value!r}", "put it in quotes")
            return None
        if value is not None and any(unicodedata.category(character) == "Cc" for character in value):
            self._wrong(key, "holds a line break or another control character", "write it in one line")
            return None
        return value

    def text(self, key: str) -> str:
        """Required text."""
        self._value(key, required=True)
        return (self.optional_text(key) if key in self.content else None) or ""

    def choice(self, key: str, choices: Collection[str], default: T) -> Any | T:
        """One of the allowed words, or the default if absent."""
        value = self._value(key, required=False)
        if value is None:
            return default
        if value not in choices:
            self._wrong(key, f"{value!r} is not allowed", f"use one of {', '.join(sorted(choices))}")
            return default
        return value

    def optional_flag(self, key: str) -> bool | None:
        """True, false, or None if absent."""
        value = self._value(key, required=False)
        if value is not None and not isinstance(value, bool):
            self._wrong(key, f"must be true or false, not {value!r}", "write it without quotes")
            return None
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty if absent."""
        value = self._value(key, required=False)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._wrong(key, "must be a list of texts", 'write ["a", "b"]')
            return ()
        return tuple(value)

    def numbers(self, key: str, *, minimum: float = 0.0) -> tuple[float, ...]:
        """A list of numbers; empty if absent."""
        value = self._value(key, required=False)
        if value is None:
            return ()
        if not isinstance(value, list):
            self._wrong(key, f"must be a list of numbers, not {value!r}", "write [1.0, 2.0]")
            return ()
        read = (self._number(key, item, minimum, None, None) for item in value)
        return tuple(number for number in read if number is not None)

    def instant(self, key: str) -> datetime | None:
        """A required instant; a local time is read in the patient's time zone."""
        return self._instant(key, self._value(key, required=True))

    def instants(self, key: str) -> tuple[datetime, ...]:
        """A list of instants; empty if absent."""
        value = self._value(key, required=False)
        items = value if isinstance(value, list) else [] if value is None else [value]
        return tuple(t for t in (self._instant(key, item) for item in items) if t is not None)

    def _instant(self, key: str, value: Any) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            with contextlib.suppress(ValueError):
                value = datetime.fromisoformat(value)
        if not isinstance(value, datetime):
            self._wrong(key, f"must be a date and time, not {value!r}", "write 2025-03-03T10:30:00+01:00")
            return None
        if value.tzinfo is not None:
            return value
        if self.zone is None:
            self._wrong(key, "has no time zone", "write the offset, or give [patient] time_zone")
            return None
        local = value.replace(tzinfo=self.zone)
        offset = local.utcoffset()
        if offset is None or offset != local.replace(fold=1).utcoffset():
            self._wrong(key, f"{value} falls into a clock change of {self.zone.key}", "write the offset from UTC")
            return None
        # Two instants of one zone are subtracted as wall clocks, an hour wrong across a clock change.
        return value.replace(tzinfo=timezone(offset))

    def day(self, key: str, *, required: bool = False) -> date | None:
        """A calendar date, or None if absent."""
        value = self._value(key, required=required)
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            self._wrong(key, f"must be a date, not {value!r}", "write 1957-03-04")
            return None
        return value

    def table(self, key: str) -> TomlTable | None:
        """A sub-table, or None if absent."""
        value = self._value(key, required=False)
        return None if value is None else self._sub(value, f"[{key}]")

    def tables(self, key: str, *, required: bool = False, name: str | None = None) -> Iterator[TomlTable]:
        """The tables of a list; places count from 1."""
        value = self._value(key, required=required)
        if value is None:
            return
        if not isinstance(value, list):
            self._wrong(key, "must be a list of tables", f"write [[{key}]]")
            return
        for number, item in enumerate(value, start=1):
            yield self._sub(item, f"{name or key} {number}")

    def _sub(self, value: Any, label: str) -> TomlTable:
        return TomlTable(value, place=f"{self.place}, {label}", problems=self.problems, zone=self.zone)

    def map_numbers(self, key: str, *, minimum: float = 0.0, maximum: float | None = None) -> dict[str, float]:
        """A table of numbers by name; empty if absent."""
        table = self.table(key)
        if table is None:
            return {}
        return {name: table.number(name, minimum=minimum, maximum=maximum) for name in table.content}

    def map_with(self, key: str, read: Callable[[TomlTable, str], T]) -> dict[str, T]:
        """A table whose every key is read by a function; empty if absent."""
        table = self.table(key)
        if table is None:
            return {}
        read_items = {name: read(table, name) for name in table.content}
        table.finish()
        return read_items
