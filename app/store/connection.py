"""Connections to the database: durable, patient, and unable to do what a store is never asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw

from app.store.storage import StoreError

SAFE_SQLITE: Final = (3, 51, 3)
"""The first version without the fault that could spoil a database while two connections write and checkpoint."""
BUSY_MS: Final = 5000
PAGES_BETWEEN_CHECKPOINTS: Final = 1000
_CACHE_KIB: Final = 16384
"""Room for the pages of the indexes that a check of 500 courses goes to and fro between: it halves its time."""

_READING: Final = frozenset({apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_RECURSIVE, apsw.SQLITE_TRANSACTION})
_GROWING: Final = frozenset({"event", "object"})
_CHANGING: Final = frozenset({"held", "view_note"})
_FUNCTIONS: Final = frozenset({"ifnull", "max", "min", "length", "count", "json_extract", "instr"})
_PRAGMAS: Final = frozenset({"integrity_check", "user_version", "application_id", "data_version"})


@dataclass(frozen=True)
class Access:
    """How a database file is reached.

    Parameters
    ----------
    vfs
        Name of a registered virtual file system; None for the operating system's own.
    exclusive
        One connection only, without shared memory: for file systems that can't share it.
    unchanging
        Nobody can write here, so that no locks are needed: a folder without the right to write, a read-only medium.
    """

    path: Path
    vfs: str | None = None
    exclusive: bool = False
    unchanging: bool = False


def require_safe_sqlite(version: str) -> None:
    """Refuse a SQLite with the fault that was mended in 3.51.3."""
    if tuple(int(part) for part in version.split(".")[:3]) < SAFE_SQLITE:
        raise StoreError(
            f"the SQLite in use is {version}, which can spoil a store that two windows write",
            remedy="install Lutetia as delivered, with SQLite 3.51.3 or newer",
        )


def connect(
    access: Access, *, read_only: bool = False, guarded: bool = True, checkpoint: bool = True
) -> apsw.Connection:
    """An open connection, set up before anything is read.

    Parameters
    ----------
    guarded
        Refuse every statement a store in daily use does not need; off only while tables are made.
    checkpoint
        Bring the database file up to date when the last connection closes; off to leave it untouched.
    """
    flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE
    name = str(access.path)
    if access.unchanging:
        name, flags = f"{access.path.as_uri()}?immutable=1", flags | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(name, flags=flags, vfs=access.vfs)
    try:
        _set_up(connection, access, read_only=read_only, checkpoint=checkpoint)
        if guarded:
            connection.authorizer = _allowed
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: apsw.Connection, access: Access, *, read_only: bool, checkpoint: bool) -> None:
    connection.set_busy_timeout(BUSY_MS)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 1)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0 if checkpoint else 1)
    # Checkpoints are made after a commit, by an own call: a failed one is then not taken for a failed commit.
    connection.wal_autocheckpoint(0)
    if access.exclusive:
        connection.pragma("locking_mode", "EXCLUSIVE")
    connection.pragma("recursive_triggers", True)
    connection.pragma("trusted_schema", False)
    connection.pragma("cell_size_check", True)
    connection.pragma("mmap_size", 0)
    connection.pragma("cache_size", -_CACHE_KIB)
    connection.pragma("fullfsync", True)
    connection.pragma("checkpoint_fullfsync", True)
    connection.pragma("synchronous", "FULL")
    if read_only:
        connection.pragma("query_only", True)


def _allowed(act: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
    """Reading, appending to the record, and changing locks and view notes; nothing else."""
    del database, trigger
    allowed = (
        act in _READING
        or (act == apsw.SQLITE_INSERT and first in _GROWING | _CHANGING)
        or (act in (apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE) and first in _CHANGING)
        or (act == apsw.SQLITE_FUNCTION and second in _FUNCTIONS)
        or (act == apsw.SQLITE_PRAGMA and first in _PRAGMAS and second in (None, *_GROWING, *_CHANGING))
    )
    return apsw.SQLITE_OK if allowed else apsw.SQLITE_DENY


def typed(row: Any, *types: Any) -> tuple[Any, ...]:
    """A row whose values are of the types that the tables demand.

    Raises
    ------
    apsw.CorruptError
        If one is not: damage that SQLite itself did not notice.
    """
    if any(not isinstance(value, kind) for value, kind in zip(row, types, strict=True)):
        raise apsw.CorruptError("a row holds values of another kind than was written")
    return tuple(row)


def rows(connection: apsw.Connection, statement: str, values: tuple[int | str | bytes, ...] = ()) -> list[Any]:
    """All rows of an answer, each a tuple."""
    return list(connection.execute(statement, values))
