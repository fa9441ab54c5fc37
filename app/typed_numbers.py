"""Numbers as people type them: with a decimal point or a decimal comma, and no guess which was meant."""

from __future__ import annotations

import re
from typing import Final

_THOUSANDS: Final = re.compile(r"\s*[-+−]?[1-9]\d{0,2},\d{3}\s*")


def typed_number(text: str) -> float:
    """One number; its decimal sign may be a comma.

    Raises ValueError for anything else, two such signs included, and for ``1,850``, which is 1850 to some.
    """
    if text.count(",") + text.count(".") > 1:
        raise ValueError(f"{text!r} is no number")
    if _THOUSANDS.fullmatch(text):
        raise ValueError(f"{text!r} may be read in two ways")
    return float(text.replace(",", "."))


def typed_numbers(text: str) -> list[float]:
    """Several numbers.

    Semicolons may stand between them, or blanks, or commas followed by blanks, or, where there are three or more
    numbers, commas alone. Raises ValueError for what is no list, and where ``10,13`` may be one number or two, and
    ``9,5 13`` two or three.
    """
    if ";" in text:
        return [typed_number(part.strip()) for part in text.split(";")]
    parts = [part.removesuffix(",") for part in text.split()]
    if len(parts) == 1 and parts[0].count(",") > 1:
        parts = parts[0].split(",")
    if any("," in part for part in parts):
        raise ValueError(f"{text!r} may be read in two ways")
    return [typed_number(part) for part in parts]
