"""Walks folders without following links, within bounds, and says what it could not look into."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dosimetry_core.errors import DicomReadError, DosimetryError

MOST_FILES: Final = 100_000
"""A course of four cycles has under 20,000; more is the wrong folder."""
DEEPEST_FOLDER: Final = 40


def files_below(root: Path, problems: list[DosimetryError]) -> list[Path]:
    """All entries below a folder that are no folders, in no order; what can't be looked into is a problem.

    Links to folders are not followed: those that stay in the folder are left out, for what they show is found anyway,
    and those that lead out of it are entries like any other. An entry may be anything: link, pipe, socket.
    """
    found: list[Path] = []
    real_root = root.resolve()
    for entry in _entries(root, problems):
        if entry.is_symlink() and entry.is_dir() and entry.resolve().is_relative_to(real_root):
            continue
        found.append(entry)
        if len(found) > MOST_FILES:
            problems.append(
                DicomReadError(
                    f"holds more than {MOST_FILES} files",
                    where=str(root),
                    remedy="name the folder of one patient",
                    rule="folder-too-full",
                )
            )
            return []
    return found


def _entries(root: Path, problems: list[DosimetryError]) -> Iterator[Path]:
    waiting: list[tuple[str, int]] = [(str(root), 0)]
    while waiting:
        folder, depth = waiting.pop()
        try:
            with os.scandir(folder) as inside:
                for entry in inside:
                    if not entry.is_dir(follow_symlinks=False):
                        yield Path(entry.path)
                    elif depth < DEEPEST_FOLDER:
                        waiting.append((entry.path, depth + 1))
                    else:
                        what = f"lies more than {DEEPEST_FOLDER} folders deep"
                        problems.append(
                            DicomReadError(
                                what, where=entry.path, remedy="name a folder nearer to it", rule="folder-too-deep"
                            )
                        )
        except OSError as error:
            problems.append(
                DicomReadError(
                    f"can't be looked into ({error.strerror or error})",
                    where=folder,
                    remedy="check its permissions",
                    rule="file-unreadable",
                )
            )
