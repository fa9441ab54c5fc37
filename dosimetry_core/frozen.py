"""Immutable containers that the case tree is made of."""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

K = TypeVar("K")
V = TypeVar("V")


class FrozenMap(dict[K, V]):
    """A mapping that can't be changed, keeps its order, can be hashed and pickled.

    A dictionary, as these maps are read in every inner loop of a live edit; what would change one is refused.
    """

    __slots__ = ()

    def _refuse(self, *_values: Any, **_named: Any) -> NoReturn:
        raise TypeError("a FrozenMap can't be changed")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def copy(self) -> dict[K, V]:
        """A dictionary of its own, which can be changed."""
        return dict(self)

    def __reduce__(self) -> tuple[type[FrozenMap[K, V]], tuple[dict[K, V]]]:
        return type(self), (dict(self),)

    def __repr__(self) -> str:
        return f"FrozenMap({super().__repr__()})"

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The array itself if it is read-only already, else a contiguous read-only copy or view of it."""
    if not array.flags.writeable:
        return array
    frozen = np.ascontiguousarray(array)
    if frozen is array:
        frozen = array.view()
    frozen.flags.writeable = False
    return frozen


class ExactNumbers(NamedTuple):
    """A row of numbers that equals another only bit by bit, and can be the key of what was computed of it.

    A tuple, as such keys are made and looked up in every inner loop of a live edit.
    """

    data: bytes

    @staticmethod
    def of(values: NDArray[Any]) -> ExactNumbers:
        """The numbers of an array, shape (n,)."""
        return ExactNumbers(np.asarray(values, dtype=np.float64).tobytes())

    def array(self) -> NDArray[np.float64]:
        """The numbers, read-only."""
        return np.frombuffer(self.data)
