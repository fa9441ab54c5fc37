"""Whole copies of a database by SQLite's own backup: one file, checked, and under its name only when it is complete."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import apsw

from app.store import files
from app.store.checking import check_database
from app.store.connection import Access, connect
from app.store.database_faults import spoken
from app.store.file_system import require_room
from app.store.storage import StoreCheck, StoreDamagedError, StoreError
from dosimetry_core.progress import Progress, part_of

_PAGES_AT_ONCE: Final = 2000
_UNFINISHED: Final = ".unfinished"
_SEAL: Final = re.compile(rb"\nLutetia backup, SHA-256 of all before this line: ([0-9a-f]{64})\n")
SEAL_BYTES: Final = len("\nLutetia backup, SHA-256 of all before this line: \n") + 64


def copy_into(source: apsw.Connection, target: Access, *, progress: Progress, message: str) -> None:
    """Copy what a connection sees into a new file without a ``-wal`` beside it, durably.

    The copy is of one moment, also while others write.
    """
    page_bytes = int(source.pragma("page_size"))
    files.remove(target.path)
    files.make_file(target.path)
    alone = not source.in_transaction
    if alone:
        source.execute("BEGIN")
    try:
        pages = _pages(source)
        require_room(target.path.parent, pages * page_bytes)
        destination = connect(target, guarded=False)
        try:
            with destination.backup("main", source, "main") as backup:
                while not backup.done:
                    backup.step(_PAGES_AT_ONCE)
                    progress(1.0 - backup.remaining / max(1, backup.page_count), message)
            destination.pragma("journal_mode", "DELETE")
        finally:
            destination.close()
    finally:
        if alone:
            source.execute("ROLLBACK")
    files.sync_file(target.path)


def _pages(source: apsw.Connection) -> int:
    """Number of pages; reading it begins the reading transaction."""
    source.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
    return int(source.pragma("page_count"))


def require_well(check: StoreCheck, path: Path, *, remedy: str) -> None:
    """Refuse a database in which something was found."""
    if check.problems:
        more = f" (and {len(check.problems) - 1} more)" if len(check.problems) > 1 else ""
        raise StoreDamagedError(f"is damaged: {check.problems[0]}{more}", where=str(path), remedy=remedy)


def seal(path: Path) -> None:
    """Put the digest of a finished copy behind its last page, where SQLite does not look: so that no bit is free."""
    digest = files.digest_of(path)
    line = f"\nLutetia backup, SHA-256 of all before this line: {digest}\n".encode("ascii")
    files.append_to(path, line, keep=path.stat().st_size)


def sealed_digest(path: Path) -> str | None:
    """The digest that a backup carries at its end; None for a file without one, as a plain copy of a store."""
    with path.open("rb") as reader:
        reader.seek(0, 2)
        size = reader.tell()
        if size < SEAL_BYTES:
            return None
        reader.seek(size - SEAL_BYTES)
        match = _SEAL.fullmatch(reader.read(SEAL_BYTES))
    return None if match is None else match.group(1).decode("ascii")


def back_up_to(
    source: apsw.Connection, target: Path, *, staging: Path, vfs: str | None, progress: Progress
) -> StoreCheck:
    """A checked copy under a name that nobody had.

    Parameters
    ----------
    staging
        A folder on a local disk, where the copy is made if the target is on another medium: a share is not fit to work
        in, only to copy to.

    Raises
    ------
    StoreError
        If the name is taken, or the copy can't be written or is not as it should be; then there is no file.
    """
    taken = StoreError("is there already", where=str(target), remedy="choose another name; no backup is written over")
    if target.exists():
        raise taken
    beside = target.with_name(target.name + _UNFINISHED)
    with spoken(target, "writing the backup"):
        here = os.stat(target.parent).st_dev == os.stat(staging).st_dev
        made = Access(beside if here else staging / beside.name, vfs)
        try:
            copy_into(source, made, progress=part_of(progress, 0.0, 0.5), message="Backing up")
            check = check_database(made, anchor=None, progress=part_of(progress, 0.5, 0.9))
            require_well(check, target, remedy="the store itself may be damaged: check it; no backup was written")
            seal(made.path)
            if not here:
                _carry(made.path, beside)
            try:
                files.rename_to_free(beside, target)
            except FileExistsError:
                raise taken from None
        finally:
            files.remove(beside)
            files.remove(made.path)
    progress(1.0, "Backing up")
    return check


def _carry(made: Path, beside: Path) -> None:
    """Copy a finished backup to another medium, and read there what came of it."""
    require_room(beside.parent, made.stat().st_size)
    if files.copy_file(made, beside) != files.digest_of(beside):
        raise StoreError(
            "the disk did not keep what was written to it", where=str(beside), remedy="write the backup elsewhere"
        )
