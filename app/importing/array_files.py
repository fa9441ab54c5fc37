"""Arrays on their way from the reading process: each in a file of a private folder, mapped and gone from it at once."""

from __future__ import annotations

import contextlib
import errno
import math
import mmap
import os
import shutil
import sys
import tempfile
import threading
import weakref
from io import FileIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.store.file_lock import FileLock
from dosimetry_core.dicom.room import Room
from dosimetry_core.errors import MissingDataError

_PREFIX: Final = "lutetia-reading-"
_LOCK: Final = "in-use"
_MAPPED_FROM_BYTES: Final = 256 * 1024
"""Smaller arrays are read: a mapping takes whole pages and a file handle on some systems."""
_KINDS: Final = "biuf"
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NEEDED_BYTES: Final = 2 * 1024**3
"""Room that a folder in memory has to have to be preferred."""


def _base_folder() -> Path:
    """Where folders are made: in memory where there is enough of it, else where temporary files go."""
    memory = Path("/dev/shm")
    if sys.platform == "linux" and os.access(memory, os.W_OK):
        with contextlib.suppress(OSError):
            room = os.statvfs(memory)
            if room.f_bavail * room.f_frsize >= _NEEDED_BYTES:
                return memory
    return Path(tempfile.gettempdir())


class ArrayFolder:
    """A private folder through which arrays come; made for one program, and removed when it or its successor ends."""

    def __init__(self, base: Path | None = None) -> None:
        base = _base_folder() if base is None else base
        sweep(base)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        self._lock = FileLock(self.path / _LOCK)
        self._lock.take()
        self._given: dict[int, NDArray[Any]] = {}

    def forget(self) -> None:
        """A request is over: its arrays are not spoken of again."""
        self._given.clear()

    def clear(self) -> None:
        """Remove what was left by a process that was stopped in the middle."""
        for entry in self.path.iterdir():
            if entry.name != _LOCK:
                with contextlib.suppress(OSError):
                    entry.unlink()

    def close(self) -> None:
        """Remove the folder."""
        self._lock.give_back()
        shutil.rmtree(self.path, ignore_errors=True)

    def array(self, described: Any) -> NDArray[Any]:
        """One array, read-only; the same object when it is described again within one request.

        Raises
        ------
        ValueError
            If the description is none, or the file is not what it says.
        """
        number, dtype, shape = _checked(described)
        known = self._given.get(number)
        if known is not None:
            if (known.dtype, known.shape) != (dtype, shape):
                raise ValueError(f"an array of {known.shape} that is now of {shape}")
            return known
        path = self.path / f"{number}.array"
        expected = int(np.prod(shape, dtype=object)) * dtype.itemsize
        descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW)
        try:
            if os.fstat(descriptor).st_size != expected:
                raise ValueError(f"an array of {expected} bytes in a file of {os.fstat(descriptor).st_size}")
            if expected < _MAPPED_FROM_BYTES:
                with open(descriptor, "rb", closefd=False) as file:
                    array = np.frombuffer(file.read(), dtype).reshape(shape)
                mapped = None
            else:
                mapped = mmap.mmap(descriptor, expected, access=mmap.ACCESS_READ)
                array = np.frombuffer(mapped, dtype).reshape(shape)
        finally:
            os.close(descriptor)
        if mapped is None or os.name == "posix":
            path.unlink()
        else:
            # Windows keeps the name of a mapped file until the mapping is gone.
            weakref.finalize(mapped, _remove, path)
        self._given[number] = array
        return array


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _checked(described: Any) -> tuple[int, np.dtype[Any], tuple[int, ...]]:
    if not (isinstance(described, list) and len(described) == 3):
        raise ValueError("no array")
    number, code, shape = described
    if type(number) is not int or number < 0 or not isinstance(code, str) or not isinstance(shape, list):
        raise ValueError("no array")
    if any(type(size) is not int or size < 0 for size in shape):
        raise ValueError("no shape")
    dtype = np.dtype(code)
    if dtype.kind not in _KINDS or dtype.hasobject:
        raise ValueError(f"values of type {code}")
    return number, dtype, tuple(shape)


class ArraysWritten:
    """The other end: writes arrays into the folder, those that were made in a room of it without a copy.

    Parameters
    ----------
    folder
        Of `ArrayFolder`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next = 0
        self._lock = threading.Lock()
        self._rooms: dict[int, _FileRoom] = {}
        self._sent: list[tuple[NDArray[Any], list[Any]]] = []

    def room(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Room:
        """Room for an image in the folder, so that it need not be copied there."""
        number, path = self._new()
        made = self._rooms[number] = _FileRoom(path, shape, dtype)
        return made

    def write(self, array: NDArray[Any]) -> list[Any]:
        """Write an array; what describes it in a message. One that was in a room is sent once in a request."""
        if array.dtype.kind not in _KINDS:
            raise ValueError(f"values of type {array.dtype}")
        described = [array.dtype.str, list(array.shape)]
        for known, said in self._sent:
            if _is_same_place(known, array):
                return said
        for number, room in self._rooms.items():
            if room.holds(array):
                del self._rooms[number]
                said = [number, *described]
                self._sent.append((array, said))
                return said
        number, path = self._new()
        with _opened(path) as file:
            _write_all(file, np.ascontiguousarray(array).reshape(-1).data.cast("B") if array.size else memoryview(b""))
        return [number, *described]

    def forget(self) -> None:
        """A request is over: remove the rooms of images that were not written."""
        self._sent.clear()
        for room in self._rooms.values():
            room.remove()
        self._rooms.clear()

    def _new(self) -> tuple[int, Path]:
        with self._lock:
            number, self._next = self._next, self._next + 1
        return number, self._folder / f"{number}.array"


def _is_same_place(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two arrays are the same memory, read alike."""
    return (
        one.flags.c_contiguous
        and other.flags.c_contiguous
        and (one.shape, one.dtype) == (other.shape, other.dtype)
        and one.ctypes.data == other.ctypes.data
    )


class _FileRoom:
    """Room in a file; see `dosimetry_core.dicom.room.Room`.

    Slices are written rather than put into a mapping: the system makes the pages of a write in one go, those of a
    mapping one by one, which takes twice as long.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._path, self._shape, self._dtype = path, shape, dtype
        self._slice_bytes = math.prod(shape[1:]) * dtype.itemsize
        self._file = _opened(path)
        self._lock = threading.Lock()
        self._values: NDArray[Any] | None = None

    def put(self, number: int, values: NDArray[Any]) -> None:
        """See `Room`."""
        ordered = np.ascontiguousarray(values, self._dtype).reshape(-1).data.cast("B")
        with self._lock:
            self._file.seek(number * self._slice_bytes)
            _write_all(self._file, ordered)

    def filled(self) -> NDArray[Any]:
        """See `Room`."""
        with self._file:
            mapped = mmap.mmap(self._file.fileno(), self._shape[0] * self._slice_bytes, access=mmap.ACCESS_READ)
        self._values = np.frombuffer(mapped, self._dtype).reshape(self._shape)
        return self._values

    def holds(self, array: NDArray[Any]) -> bool:
        """Whether an array is this room as it was filled, or another view of the whole of it."""
        return self._values is not None and _is_same_place(self._values, array)

    def remove(self) -> None:
        """The image is not wanted."""
        self._file.close()
        self._values = None
        _remove(self._path)


def _opened(path: Path) -> FileIO:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
    return FileIO(descriptor, "r+")


def _write_all(file: FileIO, rest: memoryview) -> None:
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise MissingDataError(
                "there is no room left for images on their way into the program",
                where=str(_base_folder()),
                remedy="close other programs or free space there, and try again",
            ) from error
        raise


def sweep(base: Path) -> None:
    """Remove folders whose program was killed before it could."""
    for folder in base.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if not folder.is_symlink() and not FileLock(folder / _LOCK).is_held():
                shutil.rmtree(folder, ignore_errors=True)
