"""Takes out of a text what could tell who a patient is: names in every spelling, numbers, dates, paths, UIDs."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final
from urllib.parse import quote

from dosimetry_core.case import Patient

PATIENT, PATH, DATE, UID = "[patient]", "[path]", "[date]", "[uid]"
_SHORT: Final = 3
"""Words up to this length are taken out only where they stand alone: "Li" is not looked for in "limit"."""

# Letters without a decomposition in Unicode, as they are typed in file names.
_PLAIN_LETTERS: Final = str.maketrans(
    {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "ı": "i"}
)
# From the first separator of a path to its last, then on to a quotation mark, a stop before the next words or the end.
_ABSOLUTE: Final = r"(?<![\w/\\])(?:file:)?(?:[A-Za-z]:|~[\w.-]*)?[\\/](?=[^\s/\\]|[\\/])"
_PATH: Final = re.compile(
    rf"(?P<quote>['\"])(?:[A-Za-z]:)?[^'\"\n]*[\\/][^'\"\n]*(?P=quote)"
    rf"|{_ABSOLUTE}[^\n'\"]*?(?=: |; |'|\"|\)|$|\n)"
    r"|(?<![\w.])[\w.~-]+[\\/](?:[^\s'\"\\/:;,]+[\\/])*[^\s'\"\\/:;,]+\.[A-Za-z]\w{1,6}(?!\w)"
    r"|(?<![\w.])[\w.~-]+[\\/](?:[^\s'\"\\/:;,]+[\\/])+[^\s'\":;,]*",
    re.MULTILINE,
)
_DATE: Final = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?P<stop>[-./]?)(?:0[1-9]|1[0-2])(?P=stop)(?:0[1-9]|[12]\d|3[01])(?!\d)"
    r"|(?<![\d.])(?:0?[1-9]|[12]\d|3[01])[-./](?:0?[1-9]|1[0-2]|[A-Za-z]{3})[-./](?:19|20)\d\d(?!\d)"
    r"|(?<![\d.])(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])/(?:19|20)\d\d(?!\d)"
    r"|(?<!\d)(?:0?[1-9]|[12]\d|3[01])\.? [^\W\d_]{3,12}\.?,? (?:19|20)\d\d(?!\d)"
    r"|(?<!\w)[^\W\d_]{3,12} (?:0?[1-9]|[12]\d|3[01]),? (?:19|20)\d\d(?!\d)"
)
_UNITS: Final = frozenset(
    {
        "counts",
        "count",
        "cps",
        "s",
        "min",
        "h",
        "d",
        "Bq",
        "kBq",
        "MBq",
        "GBq",
        "mL",
        "L",
        "g",
        "kg",
        "Gy",
        "mGy",
        "MeV",
    }
    | {"mm", "cm", "m", "events", "frames", "slice", "row", "column"}
)
# A DICOM UID names one study of one patient; versions have fewer parts.
_UID: Final = re.compile(r"(?<![\d.])[0-2](?:\.\d+){5,}(?![\d.])")


def identifying_texts(patient: Patient) -> tuple[str, ...]:
    """What must not stand in a report: number, name and its parts in every spelling, birth date; longest first."""
    return identifying_words(patient.patient_id, patient.name, patient.birth_date)


@functools.lru_cache(maxsize=4096)
def identifying_words(patient_id: str, name: str, birth_date: date | None = None) -> tuple[str, ...]:
    """See `identifying_texts`; for whoever has no `Patient`."""
    words = {patient_id, name, " ".join(re.split(r"[\^=]+", name)).strip()}
    for group in name.split("="):
        parts = [part for part in re.split(r"[\^\s,]+", group) if part]
        words |= {*parts, "".join(parts), "".join(reversed(parts))}
    if birth_date is not None:
        words |= set(_dates(birth_date))
    spelled = {spelling for word in words for spelling in _spellings(word)}
    return tuple(sorted((word for word in spelled if _tells(word)), key=lambda word: (-len(word), word)))


def _tells(word: str) -> bool:
    """Whether a word is long enough to tell anything: one letter is not, one ideograph is."""
    return len(word) > 1 or (len(word) == 1 and unicodedata.category(word) == "Lo")


def _dates(day: date) -> Iterator[str]:
    yield from (day.isoformat(), day.strftime("%Y%m%d"), day.strftime("%d.%m.%Y"), day.strftime("%d/%m/%Y"))
    yield from (day.strftime("%d.%m.%y"), day.strftime("%d/%m/%y"), day.strftime("%m/%d/%y"), day.strftime("%y%m%d"))
    yield from (day.strftime("%m/%d/%Y"), day.strftime("%d %b %Y"), day.strftime("%d %B %Y"), day.strftime("%d%m%Y"))


def _spellings(word: str) -> Iterator[str]:
    """A word as programs write it: composed or not, without accents, escaped, as bytes, in a link."""
    composed = unicodedata.normalize("NFC", word)
    yield composed
    yield unicodedata.normalize("NFD", word)
    plain = unicodedata.normalize("NFKD", word.translate(_PLAIN_LETTERS))
    yield "".join(letter for letter in plain if not unicodedata.combining(letter))
    if not composed.isascii():
        for form in (composed, unicodedata.normalize("NFD", word)):
            yield form.encode("unicode_escape").decode("ascii")
            yield repr(form.encode("utf-8"))[2:-1]
            yield quote(form)


@functools.lru_cache(maxsize=8)
def _folded(words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((word.casefold(), word) for word in words)


@functools.lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    parts = []
    for word in sorted(words, key=len, reverse=True):
        escaped = re.escape(word)
        alone = len(word) <= _SHORT and not any(unicodedata.category(letter) == "Lo" for letter in word)
        parts.append(rf"(?<![^\W_]){escaped}(?![^\W_])" if alone else escaped)
    return re.compile("|".join(parts), re.IGNORECASE)


def without_identity(text: str, identifying: Iterable[str]) -> str:
    """The text with paths, identifying words, dates and DICOM UIDs replaced."""
    folded = text.casefold()
    # One pattern of all words of a department's patients would be slow; few of them are in any one text.
    present = tuple(word for low, word in _folded(tuple(identifying)) if low in folded)
    if present:
        text = _pattern(present).sub(PATIENT, text)
    return _PATH.sub(_path_or_unit, _UID.sub(UID, _DATE.sub(DATE, text)))


def _path_or_unit(match: re.Match[str]) -> str:
    """Units and fractions are written with the sign that separates folders."""
    found = match[0]
    tail = re.search(r"[:,;.]*$", found)
    parts = found.split("/")
    if all(part in _UNITS or part.replace(".", "").isdigit() for part in parts):
        return found
    return PATH + (tail[0] if tail is not None else "")
