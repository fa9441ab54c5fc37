"""The ground a store stands on: rights of folders and files, free space."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from app.operations.data_folder import PRIVATE_FILE, PRIVATE_FOLDER

LEAST_FREE_BYTES: Final = 1 << 30
"""Room for a working day with copied images, whatever the size of the store."""
UPGRADE_COPIES: Final = 2
"""An upgrade makes a backup first and writes each page of the store once more."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_STEP: Final = 1000
_MOST_NAMED: Final = 3


def size_text(size_bytes: int) -> str:
    """A number of bytes as a person reads it: ``"12.3 MB"``."""
    size, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < _STEP:
            break
        size, unit = size / _STEP, larger
    return f"{size_bytes} B" if unit == "B" else f"{size:.1f} {unit}"


def files_below(folder: Path) -> Iterator[Path]:
    """Every file and folder of the data folder, itself first; links are not followed."""
    yield folder
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(parent, name)


def folder_bytes(folder: Path) -> int:
    """Size of all files of a folder; files that vanish meanwhile don't count."""
    total = 0
    for path in files_below(folder):
        try:
            status = path.lstat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            total += status.st_size
    return total


def open_to_others(folder: Path) -> tuple[Path, ...]:
    """Folders and files that somebody else may enter, read or write, or that belong to somebody else.

    Empty on Windows, where rights are in access lists and a user's own folders are closed to other users.
    """
    if sys.platform == "win32":
        return ()
    found = []
    for path in files_below(folder):
        try:
            status = path.lstat()
        except OSError:
            continue
        if not stat.S_ISLNK(status.st_mode) and (status.st_mode & _OTHERS or status.st_uid != os.geteuid()):
            found.append(path)
    return tuple(found)


def of_others(folder: Path) -> tuple[Path, ...]:
    """Of the data folder and what lies directly in it, what belongs to another user; empty on Windows."""
    if sys.platform == "win32":
        return ()
    return tuple(path for path in _top(folder) if path.lstat().st_uid != os.geteuid())


def closed_to_user(folder: Path) -> tuple[Path, ...]:
    """Of the data folder and what lies directly in it, what this user may not read or write."""
    return tuple(
        path for path in _top(folder) if not os.access(path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0))
    )


def _top(folder: Path) -> tuple[Path, ...]:
    inside = folder.iterdir() if os.access(folder, os.R_OK | os.X_OK) else ()
    return (folder, *sorted(path for path in inside if not path.is_symlink()))


def open_to_others_text(paths: tuple[Path, ...], folder: Path) -> str:
    """In words, the first few named."""
    named = []
    for path in paths[:_MOST_NAMED]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        named.append(f"{path.relative_to(folder) if path != folder else 'the data folder'} ({mode:04o})")
    more = f" and {len(paths) - len(named):,} more" if len(paths) > len(named) else ""
    return ", ".join(named) + more


def modes_remedy(folder: Path) -> str:
    """What closes them."""
    return f"chmod -R u+rwX,go-rwx '{folder}' gives folders {PRIVATE_FOLDER:04o} and files {PRIVATE_FILE:04o}"


def free_bytes(folder: Path) -> int:
    """Room left for this user on the disk of a folder, or of the nearest folder above it that exists."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def needed_bytes(store_bytes: int) -> int:
    """Room that should be left."""
    return max(LEAST_FREE_BYTES, UPGRADE_COPIES * store_bytes)
