"""A lock on a file that the operating system gives back when its process ends, however it ends."""

from __future__ import annotations

import os
import sys
import time
import weakref
from pathlib import Path
from typing import Final

from app.store.files import FILE_MODE

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_WINDOWS_BYTE: Final = 2**30
"""Locked byte on Windows, far behind what is written, so that the file can be read by others."""
_PAUSE_S: Final = 0.02

_held: weakref.WeakSet[FileLock] = weakref.WeakSet()


class FileLock:
    """Held by one open file in one process at a time; two of one process exclude each other as well."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self, *, wait_s: float = 0.0) -> bool:
        """Whether the lock is ours now; waits as long as told for another to give it back. OSError for no access."""
        end = time.monotonic() + wait_s
        while not self._try():
            if time.monotonic() >= end:
                return False
            time.sleep(_PAUSE_S)
        return True

    def _try(self) -> bool:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(self.path, flags, FILE_MODE)
        try:
            if sys.platform == "win32":
                os.lseek(descriptor, _WINDOWS_BYTE, os.SEEK_SET)
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError | PermissionError):
                return False
            raise
        self._descriptor = descriptor
        _held.add(self)
        return True

    def is_held(self) -> bool:
        """Whether another process, or another lock of this one, holds it; those who look do not hinder each other.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        """
        held = False
        if sys.platform == "win32":
            self.path.stat()
            held = not self.take()
            if not held:
                self.give_back()
        else:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                held = True
            finally:
                os.close(descriptor)
        return held

    def give_back(self) -> None:
        """Let others have it; nothing if it is not held."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        _held.discard(self)
        if sys.platform == "win32":
            os.lseek(descriptor, _WINDOWS_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        os.close(descriptor)

    def let_go_in_child(self) -> None:
        """Close the file without unlocking it: a forked child must not keep its parent's lock alive."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _after_fork() -> None:
    for lock in list(_held):
        lock.let_go_in_child()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)
