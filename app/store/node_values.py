"""How one field of the case tree is written in JSON and read back, told by the field's type.

JSON has no exact form for some values; they are written as an object with one key that begins with ``$``:

=====================  =====================================================================
``{"$object": d}``     another object of the tree, by the digest of its node
``{"$array": d}``      an array that is kept as an object of its own, by its digest
``{"$image": {…}}``    an image's values, which are in its files: digest, element type, shape
``{"$float": t}``      ``nan``, ``inf``, ``-inf`` or ``-0``
``{"$integer": t}``    digits of an integer beyond 2⁵³ − 1
``{"$utf-8": h}``      text outside Unicode normal form C, or no valid UTF-8: its bytes, hex
=====================  =====================================================================

A mapping is a list of pairs, so that it keeps its order; an instant is ISO 8601 with its offset and, where it has a
named zone, the zone's name in brackets (RFC 9557).
"""

from __future__ import annotations

import functools
import math
import numbers
import operator
import re
import types
import typing
import unicodedata
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, Protocol, Union, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.frozen import FrozenMap

OBJECT, ARRAY, IMAGE = "$object", "$array", "$image"
ArrayKeeping = Literal["inline", "object", "image"]

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


class FieldKind:
    """One field of a class: its name, and how it is written and read."""

    def __init__(self, owner: type, name: str, annotation: Any, arrays: dict[tuple[type, str], ArrayKeeping]) -> None:
        self.name = name
        self._keeping: ArrayKeeping | None = None
        if _is_array(annotation):
            if (owner, name) not in arrays:
                raise TypeError(f"say how the array {owner.__name__}.{name} is kept")
            self._keeping = arrays[owner, name]
            self._write, self._read = _INLINE_ARRAY
        else:
            self._write, self._read = kind_of(annotation)

    def write(self, owner: Any, to: Writing) -> Any:
        """JSON of this field of an object."""
        value = getattr(owner, self.name)
        if self._keeping == "object":
            return {ARRAY: to.array_digest(value)}
        if self._keeping == "image":
            return {IMAGE: to.image_reference(owner, value)}
        return self._write(value, to)

    def read(self, tree: Any, source: Reading) -> Any:
        """Value of this field from JSON."""
        if self._keeping == "object":
            return source.read_array(_digest(tree, ARRAY))
        if self._keeping == "image":
            reference = _tagged(tree, IMAGE)
            if not isinstance(reference, dict):
                raise NodeError("no image")
            return source.read_image(reference)
        return self._read(tree, source)


def field_kinds(owner: type, arrays: dict[tuple[type, str], ArrayKeeping]) -> tuple[FieldKind, ...]:
    """All fields of a dataclass. Raises TypeError if one is of a type that can't be kept."""
    hints = typing.get_type_hints(owner)
    for item in fields(owner):
        if not item.init:
            raise TypeError(f"{owner.__name__}.{item.name} can't be given to the constructor")
    return tuple(FieldKind(owner, item.name, hints[item.name], arrays) for item in fields(owner))


def is_node(annotation: Any) -> bool:
    """Whether a type is a class whose objects have an identity, and so a node of their own."""
    return is_dataclass(annotation) and isinstance(annotation, type) and annotation.__eq__ is object.__eq__


def _is_array(annotation: Any) -> bool:
    return get_origin(annotation) is np.ndarray or annotation is np.ndarray


def parts_of(annotation: Any) -> tuple[Any, ...]:
    """The types that a type is made of: items of tuples, keys and values of mappings, members of unions."""
    return tuple(part for part in get_args(annotation) if get_origin(annotation) is not Literal and part is not ...)


@functools.cache
def kind_of(annotation: Any) -> Kind:
    """How values of a type are written and read. Raises TypeError for one that can't be kept."""
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]
    if is_node(annotation):
        return _object(annotation)
    if is_dataclass(annotation) and isinstance(annotation, type):
        return _value(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return _choice(arguments)
    if origin in (Union, types.UnionType):
        inner = [argument for argument in arguments if argument is not types.NoneType]
        if len(inner) == 1 and len(arguments) == 2:
            return _optional(kind_of(inner[0]))
    if origin is tuple and len(arguments) == 2 and arguments[1] is ...:
        return _tuple(kind_of(arguments[0]))
    if origin is tuple and arguments:
        return _fixed_tuple(tuple(kind_of(argument) for argument in arguments))
    if origin is FrozenMap:
        return _map(kind_of(arguments[0]), kind_of(arguments[1]))
    raise TypeError(f"values of the type {annotation} can't be kept")


def _tagged(tree: Any, tag: str) -> Any:
    if not isinstance(tree, dict) or list(tree) != [tag]:
        raise NodeError(f"no {tag}")
    return tree[tag]


def _digest(tree: Any, tag: str) -> str:
    digest = _tagged(tree, tag)
    if not is_digest(digest):
        raise NodeError("no digest")
    return str(digest)


def is_digest(value: Any) -> bool:
    """Whether a value is a SHA-256 in hexadecimal."""
    return isinstance(value, str) and len(value) == 64 and all(digit in "0123456789abcdef" for digit in value)


# --- single values ----------------------------------------------------------------------------------------------------


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
    content = _tagged(tree, _BYTES)
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
    text = _tagged(tree, _FLOAT)
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
    text = _tagged(tree, _INTEGER)
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


_SIMPLE: Final[dict[Any, Kind]] = {
    str: (_write_text, _read_text),
    float: (_write_number, _read_number),
    int: (_write_integer, _read_integer),
    bool: (_write_flag, _read_flag),
    date: (_write_day, _read_day),
    datetime: (_write_instant, _read_instant),
}


def _choice(allowed: tuple[Any, ...]) -> Kind:
    if not all(isinstance(item, str) for item in allowed):
        raise TypeError(f"choices must be texts, not {allowed}")

    def check(value: Any) -> str:
        if value not in allowed:
            raise NodeError(f"{value!r} is none of {', '.join(allowed)}")
        return str(value)

    return lambda value, to: check(value), lambda tree, source: check(tree)


# --- values that are made of others -----------------------------------------------------------------------------------


def _optional(kind: Kind) -> Kind:
    write, read = kind
    return (
        lambda value, to: None if value is None else write(value, to),
        lambda tree, source: None if tree is None else read(tree, source),
    )


def _items(tree: Any, length: int | None = None) -> list[Any]:
    if not isinstance(tree, list) or (length is not None and len(tree) != length):
        raise NodeError("no list, or not of its length")
    return tree


def _tuple(kind: Kind) -> Kind:
    write, read = kind

    def write_all(value: Any, to: Writing) -> list[Any]:
        if not isinstance(value, tuple):
            raise NodeError(f"no tuple: {type(value).__name__}")
        return [write(item, to) for item in value]

    return write_all, lambda tree, source: tuple([read(item, source) for item in _items(tree)])


def _fixed_tuple(kinds: tuple[Kind, ...]) -> Kind:
    def write_all(value: Any, to: Writing) -> list[Any]:
        if not isinstance(value, tuple) or len(value) != len(kinds):
            raise NodeError(f"no {len(kinds)} values: {value!r}")
        return [write(item, to) for (write, _), item in zip(kinds, value, strict=True)]

    def read_all(tree: Any, source: Reading) -> tuple[Any, ...]:
        return tuple([read(item, source) for (_, read), item in zip(kinds, _items(tree, len(kinds)), strict=True)])

    return write_all, read_all


def _map(key: Kind, item: Kind) -> Kind:
    (write_key, read_key), (write_item, read_item) = key, item

    def write_all(value: Any, to: Writing) -> list[Any]:
        if not isinstance(value, FrozenMap):
            raise NodeError(f"no frozen mapping: {type(value).__name__}")
        return [[write_key(name, to), write_item(entry, to)] for name, entry in value.items()]

    def read_all(tree: Any, source: Reading) -> FrozenMap[Any, Any]:
        pairs = [_items(pair, 2) for pair in _items(tree)]
        table = {read_key(name, source): read_item(entry, source) for name, entry in pairs}
        if len(table) != len(pairs):
            raise NodeError("a key stands twice")
        return FrozenMap(table)

    return write_all, read_all


def _object(cls: type) -> Kind:
    def write(value: Any, to: Writing) -> dict[str, str]:
        if type(value) is not cls:
            raise NodeError(f"a {type(value).__name__} where a {cls.__name__} belongs")
        return {OBJECT: to.object_digest(value)}

    return write, lambda tree, source: source.read_object(_digest(tree, OBJECT), cls)


def _value(cls: type) -> Kind:
    kinds = field_kinds(cls, {})
    names = {kind.name for kind in kinds}

    def write(value: Any, to: Writing) -> dict[str, Any]:
        if type(value) is not cls:
            raise NodeError(f"a {type(value).__name__} where a {cls.__name__} belongs")
        return {kind.name: kind.write(value, to) for kind in kinds}

    def read(tree: Any, source: Reading) -> Any:
        if not isinstance(tree, dict) or tree.keys() != names:
            raise NodeError(f"not the fields of {cls.__name__}")
        return cls(**{kind.name: kind.read(tree[kind.name], source) for kind in kinds})

    return write, read


def _write_inline(value: Any, to: Writing) -> dict[str, Any]:
    if not isinstance(value, np.ndarray) or value.dtype != np.float64:
        raise NodeError("no array of doubles")
    return {"shape": list(value.shape), "values": [_write_number(float(item), to) for item in value.ravel()]}


def _read_inline(tree: Any, source: Reading) -> NDArray[np.float64]:
    if not isinstance(tree, dict) or tree.keys() != {"shape", "values"}:
        raise NodeError("no array")
    shape = [_read_integer(item, source) for item in _items(tree["shape"])]
    values = [_read_number(item, source) for item in _items(tree["values"])]
    if min(shape, default=0) < 0 or math.prod(shape) != len(values):
        raise NodeError("values that don't fit the shape")
    return np.array(values, dtype=np.float64).reshape(shape)


_INLINE_ARRAY: Final[Kind] = (_write_inline, _read_inline)
