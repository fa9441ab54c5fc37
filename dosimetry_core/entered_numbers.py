"""Numbers as people type and paste them: decimal comma or point, and never a guess at what a separator means."""

from __future__ import annotations

import re
from typing import Final, Literal

from dosimetry_core.errors import InconsistentCaseError

DecimalSign = Literal["either", "comma", "point"]
"""Which sign begins the decimals; ``either`` refuses what could be a separator of thousands."""

_NUMBER: Final = re.compile(r"(?P<sign>[-+−]?)(?P<whole>\d+)(?:(?P<separator>[.,])(?P<decimals>\d+))?")
_THOUSANDS: Final = 3


def read_number(text: str, *, where: str, decimal: DecimalSign = "either") -> float:
    """A number as typed or pasted.

    Parameters
    ----------
    text
        ``"12,1"``, ``"12.1"``, ``"210"``; spaces around it do not matter.
    where
        What the number is, for the message.
    decimal
        The sign that begins the decimals, where the user has said so.

    Raises
    ------
    InconsistentCaseError
        If it is no number, or could be meant in two ways: ``1.250`` and ``1,250`` are 1.25 to one and 1250 to another.
    """
    typed = text.strip()
    match = _NUMBER.fullmatch(typed)
    if match is None:
        raise InconsistentCaseError(
            f"{typed!r} is no number", where=where, remedy="write figures, such as 12.1 or 12,1, without other signs"
        )
    separator, whole, decimals = match["separator"], match["whole"], match["decimals"] or ""
    if separator and decimal != "either" and separator != {"comma": ",", "point": "."}[decimal]:
        raise InconsistentCaseError(
            f"{typed} has another decimal sign than the {decimal}", where=where, remedy="check the number"
        )
    if separator and decimal == "either" and len(decimals) == _THOUSANDS and whole != "0":
        raise InconsistentCaseError(
            f"{typed} can be read as {whole}{decimals} or as {float(f'{whole}.{decimals}'):g}",
            where=where,
            remedy="say what the decimal sign is, or write it with another number of decimals",
        )
    sign = "-" if match["sign"] in ("-", "−") else ""
    return float(f"{sign}{whole}.{decimals or '0'}")
