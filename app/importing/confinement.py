"""Bounds a reading process sets itself: address space, and files and connections that it has no business with."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sys
import sysconfig
import zoneinfo
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

_WRITE_FLAGS: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_LOOKING: Final = frozenset(("os.listdir", "os.scandir"))
_CHANGING: Final = frozenset(
    (
        *("os.mkdir", "os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink", "os.truncate", "os.chmod"),
        *("os.chown", "os.utime", "os.chflags", "os.setxattr", "os.removexattr"),
        *("shutil.rmtree", "shutil.move", "shutil.copyfile"),
    )
)
_NEVER: Final = frozenset(
    (
        *("os.system", "os.exec", "os.fork", "os.forkpty", "os.spawn", "os.posix_spawn", "os.startfile", "os.kill"),
        *("os.killpg", "pty.spawn", "subprocess.Popen", "socket.connect", "socket.bind", "socket.sendto"),
        *("socket.getaddrinfo", "socket.gethostbyname"),
    )
)

_PACKAGES: Final = ("app", "dosimetry_core", "resources")


def bound_memory(memory_bytes: int) -> bool:
    """Bound this process's address space and forbid core files; whether the system does the former."""
    if sys.platform == "win32":
        return False  # the program puts the process into a job object with this bound
    import resource

    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    except (ValueError, OSError):
        return False
    return sys.platform.startswith("linux")


class Confinement:
    """Refuses to open what lies outside the places named, as an audit hook, which nothing can take away again.

    Parameters
    ----------
    own
        Folder in which this process may write.
    note
        Told of every attempt that was refused: the event and what it was about.
    """

    def __init__(self, own: Path, note: Callable[[str, str], None]) -> None:
        self._own = _real(own)
        self._program = _program_places()
        self._asked: tuple[str, ...] = ()
        self._note = note

    def allow(self, places: Iterable[str]) -> None:
        """Let these files and folders be read, and no others than them and the program's own."""
        self._asked = tuple(_real(place) for place in places)

    def begin(self) -> None:
        """From now on, for good."""
        # An audit hook isn't told relative to which open folder a name is: folders are removed by their full paths.
        setattr(shutil, "_use_fd_functions", False)  # noqa: B010
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = (*arguments, None, None, None)[:3]
            writes = isinstance(flags, int) and bool(flags & _WRITE_FLAGS)
            writes = writes or (isinstance(mode, str) and any(letter in mode for letter in "wax+"))
            self._check(event, path, writes=writes)
        elif event in _LOOKING:
            self._check(event, arguments[0], writes=False)
        elif event in _CHANGING:
            for path in arguments[: 2 if event in ("os.rename", "os.link") else 1]:
                self._check(event, path, writes=True)
        elif event in _NEVER:
            self._refuse(event, str(arguments[:1]))

    def _check(self, event: str, path: Any, *, writes: bool) -> None:
        if path is None or isinstance(path, int):
            return
        try:
            real = _real(os.fsdecode(path))
        except (TypeError, ValueError):
            return  # no path: the call itself will say so
        if _is_within(real, self._own) or (not writes and self._may_read(real)):
            return
        if real != os.devnull:
            self._refuse(event, real)

    def _may_read(self, real: str) -> bool:
        return any(_is_within(real, place) for place in self._asked) or any(
            _is_within(real, place) for place in self._program
        )

    def _refuse(self, event: str, what: str) -> None:
        self._note(event, what)
        raise PermissionError(f"the reading process may not use {what}")


def _real(path: Path | str) -> str:
    return os.path.normcase(os.path.realpath(path))


def _is_within(real: str, place: str) -> bool:
    return real == place or real.startswith(place.rstrip(os.sep) + os.sep)


def _program_places() -> tuple[str, ...]:
    """Where Python, this program and its data are."""
    named = [sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path, *zoneinfo.TZPATH, *sysconfig.get_paths().values()]
    # A checkout that is installed in place is on no search path: its packages are found by name.
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        named += list(spec.submodule_search_locations or ()) if spec is not None else []
    places = {_real(place) for place in named if place}
    return tuple(place for place in places if os.path.dirname(place) != place)
