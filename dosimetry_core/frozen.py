"""Immutable containers that the case tree is made of."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


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

    # What follows a mapping can do anyway; the dictionary does it faster, and these maps are read in every inner loop.

    def __contains__(self, key: object) -> bool:
        return key in self._items

    @overload
    def get(self, key: K, /) -> V | None: ...

    @overload
    def get(self, key: K, /, default: V) -> V: ...

    @overload
    def get(self, key: K, /, default: T) -> V | T: ...

    def get(self, key: K, /, default: Any = None) -> Any:
        """Value of a key, or the default."""
        return self._items.get(key, default)

    def keys(self) -> KeysView[K]:
        """A view of the keys."""
        return self._items.keys()

    def values(self) -> ValuesView[V]:
        """A view of the values."""
        return self._items.values()

    def items(self) -> ItemsView[K, V]:
        """A view of the pairs."""
        return self._items.items()

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
