"""Where the values of images are put as they are decoded: into fresh memory, or where a reading process wants them."""

from __future__ import annotations

import contextlib
import errno
import math
import mmap
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Room(Protocol):
    """Place for the values of one image, filled slice by slice, by several threads."""

    def put(self, number: int, values: NDArray[Any]) -> None:
        """The values of one slice, in the room's shape and type."""

    def filled(self) -> NDArray[Any]:
        """The whole; nothing is put afterwards."""


MakeRoom = Callable[[tuple[int, ...], "np.dtype[Any]"], Room]
"""Gives room for an image of this shape (slice, row, column) and type."""


class MemoryRoom:
    """Fresh memory of this process.

    Memory is taken in pages of the usual size: NumPy asks for huge ones, and where memory is short or virtual the
    system takes several times as long to make those as to fill them. Where the system can make all pages at once it
    takes half the time of making each when it is first written.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        size = math.prod(shape) * dtype.itemsize
        self._values: NDArray[Any] = np.frombuffer(_pages(size), dtype).reshape(shape)

    def put(self, number: int, values: NDArray[Any]) -> None:
        """See `Room`."""
        self._values[number] = values

    def filled(self) -> NDArray[Any]:
        """See `Room`."""
        return self._values


def _pages(size: int) -> mmap.mmap:
    try:
        if hasattr(mmap, "MAP_POPULATE"):
            return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)
        return mmap.mmap(-1, size)
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError(f"{size} bytes for an image") from error
        raise


_makers: list[MakeRoom] = []


def room_for(shape: tuple[int, ...], dtype: Any = np.float32) -> Room:
    """Room for an image: fresh memory, unless somebody gives other room."""
    make = _makers[-1] if _makers else MemoryRoom
    return make(shape, np.dtype(dtype))


@contextlib.contextmanager
def rooms_made_by(make: MakeRoom) -> Iterator[None]:
    """Let somebody say where images are put inside; for the whole process, since images are made by several threads."""
    _makers.append(make)
    try:
        yield
    finally:
        _makers.remove(make)
