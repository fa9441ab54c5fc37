"""Single values of the case tree in JSON: texts, numbers, dates, instants, small arrays.

JSON has no exact form for some values; they are written as an object with one key that begins with ``$``:

=====================  =====================================================================
``{"$object": d}``     another object of the tree, by the digest of its node
``{"$array": d}``      an array that is kept as an object of its own, by its digest
``{"$image": {…}}``    an image's values, which are in its files: digest, element type, shape
``{"$float": t}``      ``nan``, ``inf``, ``-inf`` or ``-0``
``{"$integer": t}``    digits of an integer beyond 2⁵³ − 1
``{"$utf-8": h}``      text outside Unicode normal form C, or no valid UTF-8: its bytes, hex
=====================  =====================================================================

An instant is ISO 8601 with its offset and, where it has a named zone, the zone's name in brackets (RFC 9557).
"""

from __future__ import annotations

import math
import numbers
import operator
import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

OBJECT, ARRAY, IMAGE = "$object", "$array", "$image"
_FLOAT, _INTEGER, _BYTES = "$float", "$integer", "$utf-8"
_LARGEST_EXACT: Final = 2**53 - 1
_ODD_FLOATS: Final = ("nan", "inf", "-inf", "-0")
_INSTANT = re.compile(r"(?P<instant>[^\[\]]+)(\[(?P<zone>[^\[\]]+)\])?")


class NodeError(ValueError):
    """A value that is not of its field's type."""


class Writing(Protocol):
    """What writing a field needs of the tree around it."""

    def object_digest(self, value: Any) -> str:
        """Digest of another object's node."""

    def array_digest(self, array: NDArray[Any]) -> str:
        """Digest of an array that is kept as an object."""

    def image_reference(self, owner: Any, array: NDArray[Any]) -> dict[str, Any]:
        """What stands for an image's values."""


class Reading(Protocol):
    """What reading a field needs of the tree around it."""

    def read_object(self, digest: str, expected: type) -> Any:
        """Another object of the tree."""

    def read_array(self, digest: str) -> NDArray[Any]:
        """An array that is kept as an object."""

    def read_image(self, reference: dict[str, Any]) -> NDArray[Any]:
        """An image's values."""


Write = Callable[[Any, Writing], Any]
Read = Callable[[Any, Reading], Any]
Kind = tuple[Write, Read]
"""How values of one type are written and read."""


def is_digest(value: Any) -> bool:
    """Whether a value is a SHA-256 in hexadecimal."""
    return isinstance(value, str) and len(value) == 64 and all(digit in "0123456789abcdef" for digit in value)


def tagged(tree: Any, tag: str) -> Any:
    """What stands under the only key of an object. Raises NodeError if it is no such object."""
    if not isinstance(tree, dict) or list(tree) != [tag]:
        raise NodeError(f"no {tag}")
    return tree[tag]


def named_digest(tree: Any, tag: str) -> str:
    """The digest under a tag. Raises NodeError if there is none."""
    digest = tagged(tree, tag)
    if not is_digest(digest):
        raise NodeError("no digest")
    return str(digest)


def items(tree: Any, length: int | None = None) -> list[Any]:
    """The items of a JSON list. Raises NodeError if it is none, or not of this length."""
    if not isinstance(tree, list) or (length is not None and len(tree) != length):
        raise NodeError("no list, or not of its length")
    return tree


def _write_text(value: Any, to: Writing) -> Any:
    if not isinstance(value, str):
        raise NodeError(f"no text: {value!r}")
    if value.isascii():
        return str(value)
    if unicodedata.is_normalized("NFC", value) and not any("\ud800" <= letter <= "\udfff" for letter in value):
        return str(value)
    return {_BYTES: value.encode("utf-8", "surrogatepass").hex()}


def _read_text(tree: Any, source: Reading) -> str:
    if isinstance(tree, str):
        return tree
    content = tagged(tree, _BYTES)
    if not isinstance(content, str):
        raise NodeError("no text")
    return bytes.fromhex(content).decode("utf-8", "surrogatepass")


def _write_number(value: Any, to: Writing) -> Any:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise NodeError(f"no number: {value!r}")
    number = float(value)
    if number != value and not math.isnan(number):
        raise NodeError(f"no double: {value!r}")
    if math.isfinite(number) and (number or math.copysign(1, number) > 0):
        return number
    return {_FLOAT: "-0" if number == 0 else str(number)}


def _read_number(tree: Any, source: Reading) -> float:
    if isinstance(tree, int | float) and not isinstance(tree, bool):
        return float(tree)
    text = tagged(tree, _FLOAT)
    if text not in _ODD_FLOATS:
        raise NodeError("no number")
    return float(text)


def _write_integer(value: Any, to: Writing) -> Any:
    if isinstance(value, bool):
        raise NodeError("no integer")
    try:
        number = operator.index(value)
    except TypeError as error:
        raise NodeError(f"no integer: {value!r}") from error
    return number if abs(number) <= _LARGEST_EXACT else {_INTEGER: str(number)}


def _read_integer(tree: Any, source: Reading) -> int:
    if isinstance(tree, int) and not isinstance(tree, bool):
        return tree
    text = tagged(tree, _INTEGER)
    if not isinstance(text, str) or not re.fullmatch(r"-?[1-9][0-9]{15,}", text):
        raise NodeError("no integer")
    return int(text)


def _write_flag(value: Any, to: Writing) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise NodeError(f"neither true nor false: {value!r}")
    return bool(value)


def _read_flag(tree: Any, source: Reading) -> bool:
    if not isinstance(tree, bool):
        raise NodeError("neither true nor false")
    return tree


def _write_day(value: Any, to: Writing) -> str:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise NodeError(f"no date: {value!r}")
    return value.isoformat()


def _read_day(tree: Any, source: Reading) -> date:
    if not isinstance(tree, str):
        raise NodeError("no date")
    return date.fromisoformat(tree)


def _write_instant(value: Any, to: Writing) -> str:
    if not isinstance(value, datetime):
        raise NodeError(f"no instant: {value!r}")
    zone = value.tzinfo
    if isinstance(zone, ZoneInfo):
        if zone.key is None:
            raise NodeError("a time zone without a name")
        return f"{value.isoformat()}[{zone.key}]"
    return value.isoformat()


def _read_instant(tree: Any, source: Reading) -> datetime:
    parts = _INSTANT.fullmatch(tree) if isinstance(tree, str) else None
    if parts is None:
        raise NodeError("no instant")
    instant, name = datetime.fromisoformat(parts["instant"]), parts["zone"]
    if name is None:
        return instant
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise NodeError(f"unknown time zone {name}") from error
    for fold in (0, 1):
        local = instant.replace(tzinfo=zone, fold=fold)
        if local.utcoffset() == instant.utcoffset():
            return local
    raise NodeError(f"this computer's time zone data have another offset than {instant.isoformat()} in {name}")


SIMPLE: Final[dict[Any, Kind]] = {
    str: (_write_text, _read_text),
    float: (_write_number, _read_number),
    int: (_write_integer, _read_integer),
    bool: (_write_flag, _read_flag),
    date: (_write_day, _read_day),
    datetime: (_write_instant, _read_instant),
}


def _write_inline(value: Any, to: Writing) -> dict[str, Any]:
    if not isinstance(value, np.ndarray) or value.dtype != np.float64:
        raise NodeError("no array of doubles")
    return {"shape": list(value.shape), "values": [_write_number(float(item), to) for item in value.ravel()]}


def _read_inline(tree: Any, source: Reading) -> NDArray[np.float64]:
    if not isinstance(tree, dict) or tree.keys() != {"shape", "values"}:
        raise NodeError("no array")
    shape = [_read_integer(item, source) for item in items(tree["shape"])]
    values = [_read_number(item, source) for item in items(tree["values"])]
    if min(shape, default=0) < 0 or math.prod(shape) != len(values):
        raise NodeError("values that don't fit the shape")
    return np.array(values, dtype=np.float64).reshape(shape)


INLINE_ARRAY: Final[Kind] = (_write_inline, _read_inline)
