"""Fields of the case tree and their values as a physicist reads them: names without underscores, values in units."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any, Final

from dosimetry_core.laboratory import LABORATORY_NAMES, within_a_sentence
from dosimetry_core.nuclide import is_nuclide
from dosimetry_core.report.words import nuclide_symbol
from dosimetry_core.units import (
    COUNTS_PER_S_PER_MBQ,
    GIGABECQUEREL,
    GRAY,
    GRAY_PER_GIGABECQUEREL,
    HOUR,
    KILOBECQUEREL_PER_ML,
    MICROSECOND,
    MILLILITRE,
    MILLIMETRE,
    MINUTE,
    PERCENT,
    SECOND,
    DisplayUnit,
)


class Field(str):
    """A name that the program gave, not the user: read as words, with the unit in its ending taken off."""

    __slots__ = ()


_UNITS: Final[tuple[tuple[str, str, DisplayUnit], ...]] = (
    # Ending of a field's name, what goes of it, unit in which it is read; the first that fits.
    ("_bq_per_ml", "_bq_per_ml", KILOBECQUEREL_PER_ML),
    ("_gy_per_bq", "_gy_per_bq", GRAY_PER_GIGABECQUEREL),
    ("_cps_per_bq", "_cps_per_bq", COUNTS_PER_S_PER_MBQ),
    ("_g_per_ml", "_g_per_ml", DisplayUnit("g/mL", 1.0, 3)),
    ("_efficiency_cps", "_cps", DisplayUnit("counts/s", 1.0, 1)),
    ("_background_cps", "_cps", DisplayUnit("counts/s", 1.0, 1)),
    ("_bq", "_bq", GIGABECQUEREL),
    ("_gy", "_gy", GRAY),
    ("half_life_s", "_s", HOUR),
    ("dead_time_s", "_s", MICROSECOND),
    ("infusion_s", "_s", MINUTE),
    ("_s", "_s", SECOND),
    ("_mm", "_mm", MILLIMETRE),
    ("_ml", "_ml", MILLILITRE),
    ("_kg", "_kg", DisplayUnit("kg", 1.0, 1)),
    ("_kv", "_kv", DisplayUnit("kV", 1.0, 0)),
    ("relative_standard_uncertainty", "", PERCENT),
)
_PLACES: Final = ("red_marrow", "kidney_left", "kidney_right", "whole_body")
_DIGEST: Final = "sha256"
_DIGEST_SHOWN: Final = 12
_COUNTING: Final = 3


def unit_of(name: str) -> DisplayUnit | None:
    """The unit in which values of a field are read; None for a pure number or a text."""
    return next((unit for ending, _, unit in _UNITS if name.endswith(ending)), None)


def name_in_words(name: str) -> str:
    """A name of the program's as words: ``infusion_s`` as *infusion*, ``Lu-177`` as ¹⁷⁷Lu; the user's own as it is."""
    if name in LABORATORY_NAMES:
        unit = LABORATORY_NAMES[name][1]
        return within_a_sentence(name) + (f" ({unit})" if unit else "")
    if not isinstance(name, Field):
        if is_nuclide(name):
            return nuclide_symbol(name)
        return name.replace("_", " ") if name in _PLACES else name
    gone = next((gone for ending, gone, _ in _UNITS if name.endswith(ending)), "")
    return name.removesuffix(gone).replace("_", " ").replace(_DIGEST, "digest").strip()


def value_in_words(value: Any, name: str, *, exactly: bool = False) -> str:
    """A number, moment or text of the field of this name; ``exactly`` with all its digits."""
    unit = unit_of(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if unit is None:
            return repr(value) if exactly else f"{value:.12g}"
        return f"{unit.from_core(value)!r} {unit.symbol}" if exactly else _in_unit(value, unit)
    if isinstance(value, datetime):
        clock = f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"
        return f"{value.day} {value:%b %Y} {clock} {value:%z}".strip()
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    text = str(value)
    return text[:_DIGEST_SHOWN] if name.endswith(_DIGEST) else text


def _in_unit(value: float, unit: DisplayUnit) -> str:
    """With the digits of the unit, and more where these would leave fewer than `_COUNTING` that count."""
    shown = unit.from_core(value)
    first = math.floor(math.log10(abs(shown))) if shown and math.isfinite(shown) else 0
    return unit.text(value, digits=max(unit.digits, _COUNTING - 1 - first))
