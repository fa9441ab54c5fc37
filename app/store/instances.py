"""Which processes have the store open now: a file each, locked by the operating system as long as they live."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Final

from app.store.file_lock import FileLock
from app.store.files import remove

_NAME: Final = re.compile(r"[0-9a-f]{32}")


class Instance:
    """This process among those that have the store of a folder open.

    Made and cleared away inside the store's write transaction, so that no other process can take a file that is not
    locked yet for that of a dead process.
    """

    def __init__(self, folder: Path) -> None:
        self.identifier = uuid.uuid4().hex
        self._lock = FileLock(folder / self.identifier)
        if not self._lock.take():
            raise FileExistsError(f"{self.identifier} is taken")

    def close(self) -> None:
        """Give the file back; what this process held is free."""
        self._lock.give_back()
        remove(self._lock.path)


def is_alive(folder: Path, identifier: str) -> bool:
    """Whether the process with this file still runs; a name nobody has a file for belongs to a dead one."""
    if _NAME.fullmatch(identifier) is None:
        return False
    try:
        return FileLock(folder / identifier).is_held()
    except FileNotFoundError:
        return False


def clear_dead(folder: Path) -> None:
    """Take away the files of processes that ended without doing so."""
    for path in folder.iterdir():
        if _NAME.fullmatch(path.name) and not is_alive(folder, path.name):
            remove(path)


def living(folder: Path, *, but: str = "") -> tuple[str, ...]:
    """Names of the processes that run, this one left out where it is named."""
    if not folder.is_dir():
        return ()
    names = sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.name != but)
    return tuple(name for name in names if is_alive(folder, name))
