"""What a change of a case was, as values before and after in the user's words: for the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from app.courses.field_words import Field, name_in_words, value_in_words
from app.registration_words import DEGREE
from dosimetry_core.case import Case, Cycle
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import ImageSeries
from dosimetry_core.report.words import in_words
from dosimetry_core.units import MILLILITRE, MILLIMETRE
from dosimetry_core.voi import Voi, VoiMask

MOST_VALUES = 8
"""So many values are named; of more, only how many."""
ABSENT = "—"

_Place = tuple[str, ...]
_Pair = tuple[_Place, Any, Any]
_UNSAID = ("vois", "mask", "settings", "transform", "values")
"""Parts of the case tree whose members tell enough."""
_NUMBERED = {
    "cycles": "cycle",
    "time_points": "scan",
    "blood_samples": "blood sample",
    "laboratory": "laboratory",
    "administrations": "administration",
    "exclude": "exclusion",
    "stated_registrations": "registration from a file",
    "stated_vois_on_scans": "VOI on a scan",
    "laboratory_limits": "limit of the laboratory for",
}


@dataclass(frozen=True)
class ValueChange:
    """One value that differs, in the user's words: where it is, what it was, what it is."""

    place: str
    old: str
    new: str


def every_field(_class_name: str, _field_name: str) -> bool:
    """Look at everything."""
    return True


def changes_in_words(
    before: Case, after: Case, *, counts: Callable[[str, str], bool] = every_field
) -> tuple[ValueChange, ...]:
    """Every value that differs between two cases, of the fields that count (by the names of class and field)."""
    return tuple(
        ValueChange(_place_in_words(place), *_told_apart(place, old, new))
        for place, old, new in _differing(before, after, (), counts)
    )


def _told_apart(place: _Place, old: Any, new: Any) -> tuple[str, str]:
    """Both values in words that differ: all digits, or that it is another one, where the usual words are the same."""
    name = next((part for part in reversed(place) if isinstance(part, Field)), Field())
    before, after = _words(old, name), _words(new, name)
    if before != after:
        return before, after
    if isinstance(old, float) and isinstance(new, float):
        before, after = (value_in_words(value, name, exactly=True) for value in (old, new))
        return (before, after) if before != after else (repr(old), repr(new))
    return before, f"{after}, changed"


def same_values(before: Case, after: Case, *, counts: Callable[[str, str], bool] = every_field) -> bool:
    """Whether no value differs, of the fields that count; quick where the cases share their branches."""
    return next(_differing(before, after, (), counts), None) is None


def change_in_words(before: Case, after: Case) -> tuple[str, str]:
    """The values that differ, before and after: ``("fit model: mono-exponential", "fit model: bi-exponential")``.

    Shapes are told by their volume, motions by shift and angle, images by their series.
    """
    changes = changes_in_words(before, after)
    shown = changes[:MOST_VALUES]
    rest = f"; and {len(changes) - MOST_VALUES} more" if len(changes) > MOST_VALUES else ""
    old = "; ".join(f"{change.place}: {change.old}" for change in shown) + rest
    new = "; ".join(f"{change.place}: {change.new}" for change in shown) + rest
    return old, new


def _place_in_words(place: _Place) -> str:
    words: list[str] = []
    for before, part in zip(("", *place), place, strict=False):
        if part in _UNSAID or part in _NUMBERED:
            continue
        said = name_in_words(part)
        words.append(f"{_NUMBERED[before]} {said}" if before in _NUMBERED else said)
    return ", ".join(words) or "case"


_Counts = Callable[[str, str], bool]
_WHOLES = (VoiMask, ImageSeries, RigidTransform)
"""What is told as a whole: shapes by their volume, images by their series, motions by shift and angle."""


def _differing(before: Any, after: Any, place: _Place, counts: _Counts) -> Iterator[_Pair]:
    if before is after:
        return
    if type(before) is not type(after):
        yield place, before, after
    elif isinstance(after, _WHOLES):
        if next(_within(before, after, place, counts), None) is not None:
            yield place, before, after
    elif is_dataclass(after):
        yield from _within(before, after, place, counts)
    elif isinstance(after, Mapping):
        yield from _of_parts(dict(before), dict(after), place, counts)
    elif isinstance(after, tuple) and _parts(before) is not None and _parts(after) is not None:
        yield from _of_parts(_parts(before) or {}, _parts(after) or {}, place, counts)
    elif isinstance(after, np.ndarray):
        if not np.array_equal(before, after):
            yield place, before, after
    elif before != after:
        yield place, before, after


def _within(before: Any, after: Any, place: _Place, counts: _Counts) -> Iterator[_Pair]:
    for part in fields(after):
        if counts(type(after).__name__, part.name):
            here = (*place, Field(part.name))
            yield from _differing(getattr(before, part.name), getattr(after, part.name), here, counts)


def _of_parts(before: Mapping[Any, Any], after: Mapping[Any, Any], place: _Place, counts: _Counts) -> Iterator[_Pair]:
    for key in dict.fromkeys([*before, *after]):
        here = (*place, str(key))
        if key in before and key in after:
            yield from _differing(before[key], after[key], here, counts)
        else:
            yield here, before.get(key), after.get(key)


def _parts(items: tuple[Any, ...]) -> dict[Any, Any] | None:
    """Members by what the user knows them by; None for plain tuples, which are one value."""
    if any(not is_dataclass(item) for item in items):
        return None
    if items and all(isinstance(item, Voi) for item in items):
        return {item.name: item for item in items}
    if items and all(isinstance(item, Cycle) for item in items):
        return {item.number: item for item in items}
    return dict(enumerate(items, start=1))


def _words(value: Any, name: str) -> str:
    match value:
        case None:
            return ABSENT
        case VoiMask():
            return MILLILITRE.text(value.volume_ml)
        case Voi():
            return f"{in_words(value.role).lower()}, {MILLILITRE.text(value.mask.volume_ml)}"
        case RigidTransform():
            shift = ", ".join(MILLIMETRE.text(float(part), with_symbol=False) for part in value.translation_mm)
            return f"({shift}) mm, {DEGREE.text(value.angle_rad)}"
        case ImageSeries():
            return f"{value.kind} series {value.series_uid}"
        case Mapping():
            return ", ".join(f"{name_in_words(str(key))} {_words(item, name)}" for key, item in value.items()) or ABSENT
        case tuple():
            return ", ".join(_words(item, name) for item in value) or ABSENT
        case np.ndarray():
            return f"{'×'.join(str(count) for count in value.shape)} values"
    if is_dataclass(value):
        parts = ((Field(part.name), getattr(value, part.name)) for part in fields(value))
        said = ((name_in_words(part), _words(item, part)) for part, item in parts if item is not None)
        return ", ".join(f"{part} {words}" for part, words in said if words not in ("", ABSENT))
    return value_in_words(value, name)
