"""How one field of the case tree is written in JSON and read back, told by the field's type.

A mapping is a list of pairs, so that it keeps its order. Single values: see `single_values`.
"""

from __future__ import annotations

import functools
import types
import typing
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np

from app.store.single_values import (
    ARRAY,
    IMAGE,
    INLINE_ARRAY,
    OBJECT,
    SIMPLE,
    Kind,
    NodeError,
    Reading,
    Writing,
    items,
    named_digest,
    tagged,
)
from dosimetry_core.frozen import FrozenMap

ArrayKeeping = Literal["inline", "object", "image"]


class FieldKind:
    """One field of a class: its name, and how it is written and read."""

    def __init__(
        self, owner: type, item: Field[Any], annotation: Any, arrays: dict[tuple[type, str], ArrayKeeping]
    ) -> None:
        name = self.name = item.name
        self.may_lack = item.default is not MISSING or item.default_factory is not MISSING
        """Whether a node of an earlier version of the program may be without it: then the class's default holds."""
        self._keeping: ArrayKeeping | None = None
        if _is_array(annotation):
            if (owner, name) not in arrays:
                raise TypeError(f"say how the array {owner.__name__}.{name} is kept")
            self._keeping = arrays[owner, name]
            self._write, self._read = INLINE_ARRAY
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
            return source.read_array(named_digest(tree, ARRAY))
        if self._keeping == "image":
            reference = tagged(tree, IMAGE)
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
    return tuple(FieldKind(owner, item, hints[item.name], arrays) for item in fields(owner))


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
    if annotation in SIMPLE:
        return SIMPLE[annotation]
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


def _tuple(kind: Kind) -> Kind:
    write, read = kind

    def write_all(value: Any, to: Writing) -> list[Any]:
        if not isinstance(value, tuple):
            raise NodeError(f"no tuple: {type(value).__name__}")
        return [write(item, to) for item in value]

    return write_all, lambda tree, source: tuple([read(item, source) for item in items(tree)])


def _fixed_tuple(kinds: tuple[Kind, ...]) -> Kind:
    def write_all(value: Any, to: Writing) -> list[Any]:
        if not isinstance(value, tuple) or len(value) != len(kinds):
            raise NodeError(f"no {len(kinds)} values: {value!r}")
        return [write(item, to) for (write, _), item in zip(kinds, value, strict=True)]

    def read_all(tree: Any, source: Reading) -> tuple[Any, ...]:
        return tuple([read(item, source) for (_, read), item in zip(kinds, items(tree, len(kinds)), strict=True)])

    return write_all, read_all


def _map(key: Kind, item: Kind) -> Kind:
    (write_key, read_key), (write_item, read_item) = key, item

    def write_all(value: Any, to: Writing) -> list[Any]:
        if not isinstance(value, FrozenMap):
            raise NodeError(f"no frozen mapping: {type(value).__name__}")
        return [[write_key(name, to), write_item(entry, to)] for name, entry in value.items()]

    def read_all(tree: Any, source: Reading) -> FrozenMap[Any, Any]:
        pairs = [items(pair, 2) for pair in items(tree)]
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

    return write, lambda tree, source: source.read_object(named_digest(tree, OBJECT), cls)


def _value(cls: type) -> Kind:
    kinds = field_kinds(cls, {})
    names = {kind.name for kind in kinds}
    required = {kind.name for kind in kinds if not kind.may_lack}

    def write(value: Any, to: Writing) -> dict[str, Any]:
        if type(value) is not cls:
            raise NodeError(f"a {type(value).__name__} where a {cls.__name__} belongs")
        return {kind.name: kind.write(value, to) for kind in kinds}

    def read(tree: Any, source: Reading) -> Any:
        if not isinstance(tree, dict) or not required <= tree.keys() <= names:
            raise NodeError(f"not the fields of {cls.__name__}")
        return cls(**{kind.name: kind.read(tree[kind.name], source) for kind in kinds if kind.name in tree})

    return write, read
