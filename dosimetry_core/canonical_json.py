"""JSON in one form only: strict reading, and canonical bytes by RFC 8785.

Python's own reader takes the last of two equal keys and accepts NaN, so that one text can mean two plans; this one
refuses both, and text that is not in Unicode normal form C.
"""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

import rfc8785

from dosimetry_core.errors import InconsistentCaseError

# RFC 8785 knows doubles only: beyond 2^53 − 1 an integer in the text stands for the double nearest to it.
_LARGEST_EXACT: Final = 2**53 - 1


def sha256_hex(content: bytes) -> str:
    """SHA-256 of bytes, 64 hexadecimal digits in lower case."""
    return hashlib.sha256(content).hexdigest()


def normalised(value: Any) -> Any:
    """The same tree with every string, keys included, in Unicode normal form C."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {normalised(key): normalised(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [normalised(item) for item in value]
    return value


def canonical_bytes(value: Any) -> bytes:
    """RFC 8785 canonical JSON in UTF-8; strings are brought to normal form C first.

    Raises
    ------
    ValueError
        If the value holds anything JSON has no exact form for: NaN, infinity, integers beyond 2^53.
    """
    try:
        return rfc8785.dumps(normalised(value))
    except rfc8785.CanonicalizationError as error:
        raise ValueError(f"no canonical form: {error}") from error


def parse_json(content: bytes, *, where: str) -> Any:
    """JSON text read strictly.

    Parameters
    ----------
    content
        UTF-8 text without byte order mark.
    where
        File name for the message.

    Raises
    ------
    InconsistentCaseError
        If it is not UTF-8 JSON, names a key twice, holds a non-finite number, or text outside normal form C.
    """

    def fail(what: str) -> NoReturn:
        raise InconsistentCaseError(what, where=where, remedy="use the file as Lutetia wrote it")

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for key, value in items:
            if key in table:
                fail(f"the key {key!r} stands twice")
            table[key] = value
        return table

    def constant(name: str) -> NoReturn:
        fail(f"{name} is not a number")

    def number(text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            fail(f"the number {text} is too large")
        return value

    def integer(digits: str) -> int | float:
        value = number(digits)
        return int(digits) if abs(value) <= _LARGEST_EXACT else value

    try:
        text = content.decode("utf-8")
        tree = json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_float=number, parse_int=integer)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InconsistentCaseError(f"not readable JSON ({error})", where=where) from error
    # ASCII is in normal form C, and only an escape with u could write anything else in it.
    is_plain = text.isascii() and "\\u" not in text
    if not is_plain and (not unicodedata.is_normalized("NFC", text) or normalised(tree) != tree):
        fail("text is not in Unicode normal form C")
    return tree
