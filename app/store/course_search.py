"""Search, filters and order of the patient list: the same in the window and on the command line."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, get_args

from app.store.events import CourseState
from app.store.storage import ListedCourse

SortKey = Literal["id", "name", "birth", "protocol", "cycle", "state", "changed", "by"]
SORT_KEYS: Final[tuple[SortKey, ...]] = get_args(SortKey)
STATES: Final[tuple[CourseState, ...]] = get_args(CourseState)

# Letters that are not a letter and a mark to Unicode, as they are typed on a keyboard that lacks them.
_LETTERS = str.maketrans(
    {
        "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n", "ĸ": "k", "þ": "th",
        "æ": "ae", "œ": "oe", "ß": "ss", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ə": "e", "ɛ": "e", "ɔ": "o",
        "ѓ": "г", "ќ": "к", "ґ": "г", "ѐ": "е", "ѝ": "и", "ـ": "", "ٱ": "ا",
        "'": "", "’": "", "‘": "", "ʼ": "", "ʻ": "", "ʹ": "", "ʾ": "", "ʿ": "", "`": "", "′": "",
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-",
    }
)  # fmt: skip
# How German and the Scandinavian languages write these letters where they can't.
_TRANSCRIBED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_SEPARATORS = str.maketrans(dict.fromkeys("^=,;()", " "))

_SEMITIC_POINTS = range(10, 37)
_ABOVE_OR_BELOW = 200


def _is_dropped(letter: str) -> bool:
    """Whether a decomposed character is an accent, a vowel point or invisible.

    Signs that make another letter stay: the voicing mark of kana, vowel signs and viramas of Indic scripts, vowels of
    Thai (canonical combining classes 0 to 9 and 84 to 132; Unicode Standard, table 4-3).
    """
    mark = unicodedata.combining(letter)
    return mark in _SEMITIC_POINTS or mark >= _ABOVE_OR_BELOW or unicodedata.category(letter) == "Cf"


def folded(text: str) -> str:
    """Text for comparing: no case, accents, vowel points, widths, apostrophes; figures of any script as 0 to 9.

    ``"Łucja" → "lucja"``, ``"Ｍüller" → "muller"``, ``"Ἀθηνᾶ" → "αθηνα"``. Folding twice changes nothing more.
    """
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.translate(_LETTERS)).casefold())
    # An accent that stands alone is a space and a mark to Unicode: O´Brien.
    spread = re.sub("[ ](?=[\u0300-\u036f])", "", spread)
    kept = "".join(letter for letter in spread if not _is_dropped(letter)).translate(_LETTERS)
    if not kept.isascii():
        kept = "".join(
            str(unicodedata.decimal(letter)) if unicodedata.category(letter) == "Nd" else letter for letter in kept
        )
    return " ".join(unicodedata.normalize("NFKD", kept).split())


def spellings(text: str) -> tuple[str, ...]:
    """The folded text, and the one with ä, ö, ü, å written as two letters where that is another."""
    plain = folded(text)
    composed = unicodedata.normalize("NFC", text).casefold()
    written_out = folded(composed.translate(_TRANSCRIBED))
    return (plain,) if written_out == plain else (plain, written_out)


def _has_no_spaces(name: str) -> bool:
    """Whether a name is of a script that puts nothing between family and given name: ``王小明``, ``김철수``."""
    return any(unicodedata.east_asian_width(letter) == "W" for letter in name)


@functools.lru_cache(maxsize=100_000)
def _searched_text(patient_id: str, name: str, protocol: str) -> str:
    """All that a word is looked for in; fields and spellings on lines of their own."""
    joined = (group.replace("^", "") for group in name.split("=") if _has_no_spaces(group))
    fields = (patient_id, *name.translate(_SEPARATORS).split(), *joined, protocol)
    return "\n".join(spelling for field in fields for spelling in spellings(field))


def search_words(text: str) -> tuple[tuple[str, ...], ...]:
    """The words of a search, each in its spellings; none for a search that finds all."""
    words = (spellings(word) for word in text.translate(_SEPARATORS).split())
    return tuple(kept for word in words if (kept := tuple(spelling for spelling in word if spelling)))


def matching(
    courses: Iterable[ListedCourse],
    *,
    text: str = "",
    protocol: str | None = None,
    state: CourseState | None = None,
    cycle: int | None = None,
    archived: bool = False,
    sort: SortKey | None = None,
    reverse: bool = False,
    name_key: Callable[[str], Any] | None = None,
) -> tuple[ListedCourse, ...]:
    """The courses that fit the search and the filters, in order.

    Parameters
    ----------
    text
        Every word of it is part of the patient's ID, of the name in one of its scripts, or of the protocol.
    protocol, state, cycle
        Only courses with these; None for any.
    archived
        Whether archived courses are listed too.
    sort, reverse
        See `ordered`; None keeps the order of ``courses``.
    name_key
        How names are ordered; by `folded` if not given.
    """
    words = search_words(text)
    found = []
    for course in courses:
        summary = course.summary
        if (
            (summary.archived and not archived)
            or (state is not None and summary.state != state)
            or (protocol is not None and summary.protocol != protocol)
            or (cycle is not None and summary.cycle != cycle)
        ):
            continue
        if words:
            searched = _searched_text(summary.patient_id, summary.name, summary.protocol)
            if not all(any(spelling in searched for spelling in word) for word in words):
                continue
        found.append(course)
    return tuple(found) if sort is None else ordered(found, sort=sort, reverse=reverse, name_key=name_key)


def ordered(
    courses: Iterable[ListedCourse],
    *,
    sort: SortKey,
    reverse: bool = False,
    name_key: Callable[[str], Any] | None = None,
) -> tuple[ListedCourse, ...]:
    """Courses by one column, equal ones as they were, ``reverse`` or not; what is not known comes last either way."""
    key = _sort_key(sort, name_key or folded)
    with_keys = [(key(course), course) for course in courses]
    known = [pair for pair in with_keys if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=reverse)
    return tuple(course for _, course in known) + tuple(course for value, course in with_keys if value is None)


def _sort_key(sort: SortKey, name_key: Callable[[str], Any]) -> Callable[[ListedCourse], Any]:
    """What a course is ordered by; None where it is not known."""
    keys: dict[SortKey, Callable[[ListedCourse], Any]] = {
        "id": lambda course: natural(course.summary.patient_id),
        "name": lambda course: name_key(course.summary.name) if course.summary.name.strip("^= ") else None,
        "birth": lambda course: course.summary.birth_date,
        "protocol": lambda course: natural(course.summary.protocol),
        "cycle": lambda course: (course.summary.cycle, course.summary.planned_cycles or 0),
        "state": lambda course: (course.summary.archived, STATES.index(course.summary.state)),
        "changed": lambda course: course.changed,
        "by": lambda course: folded(course.changed_by),
    }
    return keys[sort]


@functools.lru_cache(maxsize=100_000)
def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Folded text in which figures count as numbers: ``LUT-9`` before ``LUT-10``."""
    parts = re.findall(r"[0-9]+|[^0-9]+", folded(text))
    return tuple((0, int(part), part) if part[0] in "0123456789" else (1, 0, part) for part in parts)
