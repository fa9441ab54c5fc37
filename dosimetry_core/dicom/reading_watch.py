"""Says which file is being read, to whoever watches over the reading, and refuses those that may not be read again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class Watch(Protocol):
    """Told of every file when its bytes begin to be interpreted and when that ends, by whichever thread does it."""

    def begins(self, path: str, *, is_bounded: bool = False) -> None:
        """A file is about to be interpreted, in time that its size bounds or not; may raise DosimetryError."""

    def ends(self, path: str, *, is_bounded: bool = False) -> None:
        """That is over, however it went."""


_watches: list[Watch] = []


@contextlib.contextmanager
def watched_by(watch: Watch) -> Iterator[None]:
    """Let somebody watch what is read inside; for the whole process, since files are read by several threads."""
    _watches.append(watch)
    try:
        yield
    finally:
        _watches.remove(watch)


@contextlib.contextmanager
def reading(path: Path | str, *, is_bounded: bool = False) -> Iterator[None]:
    """Say that a file is interpreted inside.

    Parameters
    ----------
    is_bounded
        Whether it can neither hang nor end the process: bytes are only copied.

    Raises
    ------
    DosimetryError
        If a watch refuses the file.
    """
    if not _watches:
        yield
        return
    name = str(path)
    watches = tuple(_watches)
    for watch in watches:
        watch.begins(name, is_bounded=is_bounded)
    try:
        yield
    finally:
        for watch in watches:
            watch.ends(name, is_bounded=is_bounded)
