"""Stores as earlier versions of the program wrote them."""

from __future__ import annotations

from pathlib import Path

from app.store import files, schema
from app.store.chaining import append_event
from app.store.connection import Access, connect
from app.store.events import Event
from app.store.kept_objects import packed
from app.store.opening import SUBFOLDERS
from tests.app.store.store_events import START, created, digest_of, edited


def make_older(folder: Path, version: int, *, events: int = 20, in_wal: bool = False) -> Path:
    """A store of an older version; with ``in_wal`` its last events are in the ``-wal`` file only."""
    files.make_folder(folder, inside=SUBFOLDERS)
    access = Access(folder / "store.sqlite")
    files.make_file(access.path)
    connection = connect(access, guarded=False)
    connection.pragma("journal_mode", "WAL")
    connection.execute("BEGIN IMMEDIATE")
    schema.migrate(connection, to=version)
    append_event(connection, Event("store-created", None, "Ada", "Make the store", START))
    append_event(connection, created())
    connection.execute("COMMIT")
    connection.close()
    connection = connect(access, guarded=False, checkpoint=not in_wal)
    for number in range(events - 2):
        content = f"case {number} ".encode() * (1 + 400 * (number % 2))
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO object(digest, size, packed, content) VALUES (?, ?, ?, ?)",
            (bytes.fromhex(digest_of(content)), *packed(content)),
        )
        append_event(connection, edited(number=number, case=digest_of(content)))
        connection.execute("COMMIT")
    connection.close()
    return folder
