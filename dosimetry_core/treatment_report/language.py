"""Languages of the report: a Qt translation file (.ts) read as it is, and the forms of numbers and dates."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from xml.etree import ElementTree

from dosimetry_core.data_tables import table_bytes
from dosimetry_core.errors import MissingDataError

LANGUAGES: Final = {"en": "English", "pl": "polski"}
"""Code → own name of every language that the report is written in."""
CATALOGUE: Final = "report_{}.ts"
_NUMBER = re.compile(r"[\s\d.,:;/×()%±+−–<>≥≤…-]*\d[\s\d.,:;/×()%±+−–<>≥≤…-]*")
_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_GROUPS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_PLACE = re.compile(r"%([1-9])")
_ANYTHING: Final = "(.+?)"
_DEPTH: Final = 6
_LONGEST_NAME: Final = 4
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNITS: Final = (
    "GBq", "MBq·h", "MBq", "kBq/mL", "Bq/mL", "Gy/GBq", "Gy", "mGy", "mL/min/1.73 m²", "g/mL", "mL", "kg", "g", "mm",
    "µs", "s", "min", "h", "d", "g/dL", "µmol/L", "U/L", "10⁹/L", "1/h", "counts/s/MBq",
)  # fmt: skip
_ROWS: Final = (" · ", "; ", ", ")


@dataclass(frozen=True, eq=False)
class Language:
    """What texts, numbers and dates read like in one language; English texts are those of the program.

    Parameters
    ----------
    code
        ISO 639-1.
    decimal
        Decimal sign.
    texts
        English text → translation.
    sentences
        Pattern of an English sentence with values in it, translation with ``%1`` … in their places, and whether values
        must be understood or be short: a sentence is not to become a mixture of languages.
    """

    code: str
    decimal: str = "."
    texts: Mapping[str, str] = field(default_factory=dict)
    sentences: tuple[tuple[re.Pattern[str], str, bool], ...] = ()

    def text(self, source: str, *values: str) -> str:
        """A text of the program, with values in the places of ``%1``, ``%2`` …"""
        return _filled(self.texts.get(source, source), values)

    def number(self, text: str) -> str:
        """A number as text, with the decimal sign of the language."""
        return text if self.decimal == "." else _POINT.sub(self.decimal, _GROUPS.sub("\u00a0", text))

    def translated(self, text: str, *, depth: int = _DEPTH) -> str | None:
        """A text that the program composed, translated with the values in it; None if there is no translation."""
        if self.code == "en" or not text:
            return text
        known = self._known(text)
        if known is not None:
            return known
        if _DAY.fullmatch(text):
            return self.date(date.fromisoformat(text))
        if _QUANTITY.fullmatch(text):
            return self.number(text)
        return self._composed(text, depth) if depth else None

    def _known(self, text: str) -> str | None:
        """A text that is in the catalogue as it is, or with its first letter small where here it is a capital.

        Kinds of findings are in it by their codes: *Stop rule* as ``stop-rule``.
        """
        known = self.texts.get(text)
        if known is not None:
            return known
        begun = text[0].lower() + text[1:]
        known = self.texts.get(begun) or self.texts.get(begun.replace(" ", "-"))
        if known is None or known[1:2].isupper():
            return known
        return (known[:1].upper() if text[0].isupper() else known[:1].lower()) + known[1:]

    def _composed(self, text: str, depth: int) -> str | None:
        """A sentence with values in it, or texts in a row."""
        for form in dict.fromkeys((text, text[0].lower() + text[1:])):
            for pattern, translation, strict in self.sentences:
                match = pattern.fullmatch(form)
                values = [] if match is None else [(v, self.translated(v, depth=depth - 1)) for v in match.groups()]
                if match and not (strict and any(known is None and not _is_name(v) for v, known in values)):
                    filled = _filled(translation, [v if known is None else known for v, known in values])
                    return filled if form == text else filled[:1].upper() + filled[1:]
        for sign in _ROWS:
            if sign in text:
                parts = [self.translated(part, depth=depth - 1) for part in text.split(sign)]
                known = [part for part in parts if part is not None]
                if len(known) == len(parts):
                    return sign.join(known)
        return None

    def shown(self, tree: Any, *, verbatim: Collection[str] = ()) -> Any:
        """A tree of texts in this language; what stands under the keys ``verbatim`` (names, digests) stays as it is."""
        if isinstance(tree, str):
            found = self.translated(tree)
            return tree if found is None else found
        if isinstance(tree, Mapping):
            return {
                key: value if key in verbatim else self.shown(value, verbatim=verbatim) for key, value in tree.items()
            }
        if isinstance(tree, list | tuple):
            return [self.shown(value, verbatim=verbatim) for value in tree]
        return tree

    def date(self, day: date) -> str:
        """A calendar date: 26 Mar 2025, 26.03.2025."""
        if self.code == "pl":
            return f"{day.day:02d}.{day.month:02d}.{day.year}"
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"

    def instant(self, moment: datetime) -> str:
        """Date, time to the second where it has seconds, and offset from UTC where it has one."""
        clock = moment.strftime("%H:%M:%S" if moment.second else "%H:%M")
        offset = moment.strftime("%z")
        zone = f" UTC{offset[:3]}:{offset[3:5]}" if offset else ""
        return f"{self.date(moment)} {clock}{zone}"


_QUANTITY = re.compile(
    f"{_NUMBER.pattern}(?: ?(?:{'|'.join(map(re.escape, _UNITS))}))?|{'|'.join(map(re.escape, _UNITS))}"
)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _is_name(value: str) -> bool:
    """Whether a value may stand as it is within a translated sentence: a name of a few words, no clause."""
    return len(value.split()) <= _LONGEST_NAME and not any(sign in value for sign in (", ", "; ", ": "))


def _filled(text: str, values: Collection[str]) -> str:
    given = list(values)
    return _PLACE.sub(lambda match: given[int(match[1]) - 1] if int(match[1]) <= len(given) else match[0], text)


@functools.cache
def language_of(code: str) -> Language:
    """A language of the report.

    Raises
    ------
    MissingDataError
        If there is no translation into it.
    """
    if code not in LANGUAGES:
        raise MissingDataError(
            f"{code!r} is no language of the report", where="language", remedy=f"use one of {', '.join(LANGUAGES)}"
        )
    if code == "en":
        return Language("en")
    contexts = catalogue(code)
    # The template fills its own places; only what the program composes is told by its pattern.
    sentences = [
        (_pattern(source), translation, name == "sentences")
        for name in ("words", "sentences")
        for source, translation in contexts[name].items()
        if _PLACE.search(source)
    ]
    # What says more comes first: of two patterns that fit, the one with more words of its own.
    sentences.sort(key=lambda entry: len(entry[0].pattern.replace(_ANYTHING, "")), reverse=True)
    texts = {source: text for messages in contexts.values() for source, text in messages.items()}
    return Language(code, ",", texts, tuple(sentences))


def catalogue(code: str) -> dict[str, dict[str, str]]:
    """Context → English text → translation, of all finished messages of a bundled .ts file."""
    root = ElementTree.fromstring(table_bytes("translations", CATALOGUE.format(code)))
    found: dict[str, dict[str, str]] = {}
    for context in root.iter("context"):
        messages = found.setdefault(context.findtext("name", ""), {})
        for message in context.iter("message"):
            translation = message.find("translation")
            if translation is not None and translation.get("type") is None and translation.text:
                messages[message.findtext("source", "")] = translation.text
    return found


def _pattern(source: str) -> re.Pattern[str]:
    """Pattern of a source text; a place that comes again stands for the same text, values come by their number."""
    numbers = [int(n) for n in _PLACE.findall(source)]
    if numbers != list(range(1, len(numbers) + 1)):
        raise ValueError(f"places of {source!r} are not numbered from left to right")
    return re.compile(_ANYTHING.join(re.escape(part) for part in _PLACE.split(source)[::2]), re.DOTALL)
