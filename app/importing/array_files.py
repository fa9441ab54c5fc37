"""Arrays on their way from the reading process: each in a file of a private folder, mapped and gone from it at once."""

from __future__ import annotations

import contextlib
import mmap
import os
import shutil
import sys
import tempfile
import weakref
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.store.file_lock import FileLock

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
        """One array, read-only.

        Raises
        ------
        ValueError
            If the description is none, or the file is not what it says.
        """
        number, dtype, shape = _checked(described)
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
    """The other end: writes arrays into the folder.

    Parameters
    ----------
    folder
        Of `ArrayFolder`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next = 0

    def write(self, array: NDArray[Any]) -> list[Any]:
        """Write an array; what describes it in a message."""
        if array.dtype.kind not in _KINDS:
            raise ValueError(f"values of type {array.dtype}")
        number, self._next = self._next, self._next + 1
        descriptor = os.open(self._folder / f"{number}.array", os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
        with open(descriptor, "wb", buffering=0) as file:
            rest = np.ascontiguousarray(array).reshape(-1).data.cast("B") if array.size else memoryview(b"")
            while rest:
                rest = rest[file.write(rest) :]
        return [number, array.dtype.str, list(array.shape)]


def sweep(base: Path) -> None:
    """Remove folders whose program was killed before it could."""
    for folder in base.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if not folder.is_symlink() and not FileLock(folder / _LOCK).is_held():
                shutil.rmtree(folder, ignore_errors=True)
