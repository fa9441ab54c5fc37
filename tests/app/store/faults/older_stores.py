"""Stores as older versions of the program left them, with the same record as a store of today."""

from __future__ import annotations

import shutil
from pathlib import Path

import apsw

from app.store import schema
from app.store.connection import Access, connect
from app.store.opening import DATABASE

VERSIONS = range(1, schema.NEWEST)
"""All versions that have to be upgraded."""


def make_older(folder: Path, version: int) -> None:
    """Put the record of a closed store into tables of an older version; everything beside it stays."""
    path = folder / DATABASE
    newer = path.with_name("newer.sqlite")
    shutil.move(path, newer)
    path.touch(mode=0o600)
    connection = connect(Access(path), guarded=False)
    connection.pragma("journal_mode", "WAL")
    schema.migrate(connection, to=version)
    record = apsw.Connection(str(newer), flags=apsw.SQLITE_OPEN_READONLY)
    with connection:
        for table, columns in (
            ("object", "number, digest, size, packed, content"),
            ("event", "sequence, digest, body"),
        ):
            for row in record.execute(f"SELECT {columns} FROM {table} ORDER BY 1"):
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", row)
    record.close()
    connection.close()
    newer.unlink()
