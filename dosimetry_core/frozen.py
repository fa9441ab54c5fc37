"""Immutable containers that the case tree is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

K = TypeVar("K")
V = TypeVar("V")


class FrozenMap(Mapping[K, V]):
    """A mapping that can't be changed, keeps its order and can be pickled."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[K, V] | None = None) -> None:
        self._items: dict[K, V] = dict(items or {})

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"FrozenMap({self._items!r})"

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The array itself if it is read-only already, else a contiguous read-only copy or view of it."""
    if not array.flags.writeable:
        return array
    frozen = np.ascontiguousarray(array)
    if frozen is array:
        frozen = array.view()
    frozen.flags.writeable = False
    return frozen
