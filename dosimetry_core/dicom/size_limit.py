"""The largest file that is read: 2 GiB, unless whoever runs the reading says otherwise for the whole process."""

from __future__ import annotations

from typing import Final

LARGEST_FILE_BYTES: Final = 2 * 1024**3
_MEBIBYTE: Final = 1024**2
_GIBIBYTE: Final = 1024**3

_in_force = LARGEST_FILE_BYTES


def bound_file_size(largest_bytes: int) -> None:
    """From now on refuse larger files, in this process."""
    global _in_force
    _in_force = largest_bytes


def is_too_large(size_bytes: int) -> bool:
    """Whether a file of this size is refused."""
    return size_bytes > _in_force


def limit_in_words() -> str:
    """The bound as messages say it."""
    gib, rest = divmod(_in_force, _GIBIBYTE)
    return f"{gib} GiB" if rest == 0 else f"{_in_force // _MEBIBYTE} MiB"
