"""Values as JSON and arrays, read back by the type that is expected: nothing that comes back can choose its class."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from app.importing.kept_values import KeptImage
from app.store.node_values import ArrayKeeping, FieldKind, field_kinds, is_node, kind_of
from app.store.single_values import NodeError
from app.store.tree_classes import ARRAYS

_KEPT: dict[tuple[type, str], ArrayKeeping] = {**ARRAYS, (KeptImage, "values"): "object"}


@functools.cache
def _kinds(cls: Any) -> tuple[FieldKind, ...]:
    if not is_node(cls):
        raise NodeError(f"a {cls.__name__} has no identity")
    return field_kinds(cls, _KEPT)


def _number_of(digest: str) -> int:
    return int(digest, 16)


class _Writer:
    """Numbers objects and arrays where the store would digest them; see `single_values.Writing`."""

    def __init__(self, write_array: Callable[[NDArray[Any]], list[Any]]) -> None:
        self._write_array = write_array
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []
        self.nodes: list[dict[str, Any]] = []
        self.arrays: list[list[Any]] = []

    def object_digest(self, value: Any) -> str:
        known = self._numbers.get(id(value))
        if known is None:
            cls: Any = type(value)
            fields = {kind.name: kind.write(value, self) for kind in _kinds(cls)}
            known = self._numbers[id(value)] = len(self.nodes)
            self._alive.append(value)
            self.nodes.append(fields)
        return f"{known:064x}"

    def array_digest(self, array: NDArray[Any]) -> str:
        self.arrays.append(self._write_array(array))
        return f"{len(self.arrays) - 1:064x}"

    def image_reference(self, owner: Any, array: NDArray[Any]) -> dict[str, Any]:
        return {"number": self.array_digest(array)}


class _Reader:
    """See `single_values.Reading`."""

    def __init__(self, nodes: list[Any], arrays: list[Any], read_array: Callable[[Any], NDArray[Any]]) -> None:
        self._nodes = nodes
        self._arrays = arrays
        self._read_array = read_array
        self._made: dict[tuple[int, type], Any] = {}

    def read_object(self, digest: str, expected: type) -> Any:
        number = _number_of(digest)
        known = self._made.get((number, expected))
        if known is None:
            fields = self._nodes[number]
            kinds = _kinds(expected)
            known = self._made[number, expected] = expected(
                **{kind.name: kind.read(fields[kind.name], self) for kind in kinds}
            )
        return known

    def read_array(self, digest: str) -> NDArray[Any]:
        return self._read_array(self._arrays[_number_of(digest)])

    def read_image(self, reference: dict[str, Any]) -> NDArray[Any]:
        return self.read_array(reference["number"])


def to_plain(annotation: Any, value: Any, write_array: Callable[[NDArray[Any]], list[Any]]) -> dict[str, Any]:
    """A value of a type as JSON.

    Parameters
    ----------
    write_array
        Puts an array where the other side finds it, and describes it.

    Raises
    ------
    ValueError
        If the value is not of the type.
    """
    writer = _Writer(write_array)
    tree = kind_of(annotation)[0](value, writer)
    return {"value": tree, "nodes": writer.nodes, "arrays": writer.arrays}


def from_plain(annotation: Any, plain: Any, read_array: Callable[[Any], NDArray[Any]]) -> Any:
    """The value back; ValueError if it is none of the type."""
    try:
        return kind_of(annotation)[1](plain["value"], _Reader(plain["nodes"], plain["arrays"], read_array))
    except (KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"no {annotation}: {error!r}") from error
