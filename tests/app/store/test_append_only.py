"""The record grows and never changes: not by any statement, and not without an event."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from app.store import open_store
from app.store import sqlite_storage as module
from app.store.connection import Access, connect
from app.store.sqlite_storage import SqliteStorage
from app.store.storage import StoreDamagedError
from dosimetry_core.progress import no_progress
from tests.app.store.store_events import created, digest_of, edited, objects_of

FORBIDDEN = (
    # the record, from the application's own connection
    "UPDATE event SET body = '{}' WHERE sequence = 2",
    "UPDATE OR REPLACE event SET sequence = 1 WHERE sequence = 2",
    "DELETE FROM event WHERE sequence = 2",
    "DELETE FROM event",
    "REPLACE INTO event(sequence, digest, body) VALUES (2, zeroblob(32), '{}')",
    "INSERT OR REPLACE INTO event(sequence, digest, body) SELECT 2, digest, body FROM event WHERE sequence = 1",
    "INSERT OR IGNORE INTO event(sequence, digest, body) SELECT 2, digest, '{}' FROM event WHERE sequence = 1",
    "INSERT INTO event(sequence, digest, body) SELECT 2, digest, '{}' FROM event WHERE sequence = 1 "
    "ON CONFLICT(sequence) DO UPDATE SET body = excluded.body",
    "INSERT INTO event(sequence, digest, body) SELECT 2, digest, '{}' FROM event WHERE sequence = 1 "
    "ON CONFLICT(sequence) DO NOTHING",
    "INSERT INTO event(sequence, digest, body) SELECT 9, digest, '{}' FROM event WHERE sequence = 1",
    "INSERT INTO event(sequence, digest, body) SELECT 0, digest, '{}' FROM event WHERE sequence = 1",
    "INSERT INTO event(sequence, digest, body) SELECT -5, digest, '{}' FROM event WHERE sequence = 1",
    "INSERT INTO event(digest, body) SELECT digest, '{}' FROM event WHERE sequence = 1",
    "UPDATE object SET content = x'00'",
    "UPDATE object SET number = 7",
    "DELETE FROM object",
    "REPLACE INTO object SELECT number, digest, size, 0, x'00' FROM object",
    "INSERT OR REPLACE INTO object(digest, size, packed, content) SELECT digest, size, 0, x'00' FROM object",
    "INSERT OR REPLACE INTO object SELECT number, (SELECT digest FROM event LIMIT 1), 1, 0, x'00' FROM object",
    "INSERT INTO object(digest, size, packed, content) SELECT digest, 1, 0, x'00' FROM object WHERE true "
    "ON CONFLICT(digest) DO UPDATE SET content = excluded.content",
    # the rules themselves
    "DROP TABLE event",
    "DROP TABLE object",
    "DROP TRIGGER event_not_deleted",
    "DROP TRIGGER main.object_not_changed",
    "DROP INDEX event_of_course",
    "ALTER TABLE event RENAME TO other",
    "ALTER TABLE event ADD COLUMN more TEXT",
    "ALTER TABLE object DROP COLUMN packed",
    "CREATE TABLE other(a)",
    "CREATE TEMP TABLE event(a)",
    "CREATE TEMP VIEW event AS SELECT 1",
    "CREATE VIEW seen AS SELECT * FROM event",
    "CREATE TRIGGER other AFTER INSERT ON event BEGIN DELETE FROM held; END",
    "CREATE TEMP TRIGGER other INSTEAD OF INSERT ON main.event BEGIN SELECT 1; END",
    "CREATE VIRTUAL TABLE other USING fts5(a)",
    "UPDATE sqlite_schema SET sql = ''",
    "DELETE FROM sqlite_schema WHERE type = 'trigger'",
    "ATTACH ':memory:' AS other",
    "DETACH main",
    "VACUUM",
    "VACUUM INTO '/tmp/never-written.sqlite'",
    "REINDEX",
    "ANALYZE",
    "PRAGMA writable_schema = ON",
    "PRAGMA recursive_triggers = OFF",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA user_version = 99",
    "PRAGMA application_id = 0",
    "PRAGMA schema_version = 1",
    "PRAGMA ignore_check_constraints = ON",
    "PRAGMA trusted_schema = ON",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "SELECT load_extension('other')",
)


def filled(folder: Path) -> SqliteStorage:
    store = open_store(folder, who="Ada")
    store.append([created(), edited(case=digest_of(b"case"))], objects=objects_of(b"case"))
    return store


@pytest.fixture(scope="module")
def unharmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStorage]:
    """One store for all that must not change it."""
    store = filled(tmp_path_factory.mktemp("store"))
    yield store
    assert store.check(progress=no_progress).problems == ()
    store.close()


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqliteStorage]:
    store = filled(tmp_path)
    yield store
    store.close()


def content(storage: SqliteStorage) -> dict[str, list[Any]]:
    """Every row of the database, its schema and what its header says."""
    connection = connect(storage.access, read_only=True, guarded=False)
    try:
        tables = ["sqlite_schema", "event", "object", "held", "view_note"]
        state = {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables}
        state["header"] = [connection.pragma(name) for name in ("user_version", "application_id", "journal_mode")]
        return state
    finally:
        connection.close()


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_that_the_record_and_its_rules_can_not_be_changed(unharmed: SqliteStorage, statement: str) -> None:
    before = content(unharmed)
    with pytest.raises(apsw.Error):
        unharmed._connection.execute(statement).fetchall()
    assert content(unharmed) == before
    unharmed.keep_view_note("a", b"still writable")


@pytest.mark.parametrize("statement", [statement for statement in FORBIDDEN[:20] if "zeroblob" not in statement])
def test_that_the_tables_refuse_it_of_themselves(unharmed: SqliteStorage, statement: str) -> None:
    # Without the connection's own guard, as another program with the same settings would come.
    before = content(unharmed)
    connection = connect(unharmed.access, guarded=False)
    try:
        with pytest.raises(apsw.ConstraintError):
            connection.execute(statement).fetchall()
    finally:
        connection.close()
    assert content(unharmed) == before


def test_that_a_connection_without_recursive_triggers_can_not_replace_an_event_or_object(
    storage: SqliteStorage,
) -> None:
    connection = apsw.Connection(str(storage.access.path))
    connection.pragma("recursive_triggers", False)
    try:
        for statement in FORBIDDEN[4:13] + FORBIDDEN[16:20]:
            with pytest.raises(apsw.ConstraintError):
                connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_that_nothing_but_locks_and_view_notes_changes_without_an_event(storage: SqliteStorage) -> None:
    written: list[tuple[str, int]] = []
    storage._connection.set_update_hook(lambda kind, database, table, row: written.append((table, kind)))
    start = storage.head().sequence

    storage.append([edited(number=number) for number in range(3)], objects=objects_of(b"a", b"b"))
    storage.append([edited(number=4)], objects=objects_of(b"b"))
    assert storage.head().sequence - start == written.count(("event", apsw.SQLITE_INSERT)) == 4
    assert written.count(("object", apsw.SQLITE_INSERT)) == 2
    assert len(written) == 6

    before, events = content(storage), storage.head().sequence
    storage.hold("a", "Ada")
    storage.keep_view_note("a", b"slice 91")
    storage.release("a")
    storage.courses()
    list(storage.events())
    storage.check(progress=no_progress)
    storage.back_up(storage.folder / "backup", progress=no_progress)
    after = content(storage)
    assert storage.head().sequence == events
    assert {table for table in after if after[table] != before[table]} == {"view_note"}


def test_that_every_statement_that_writes_is_inside_the_one_function_for_it() -> None:
    tree = ast.parse(inspect.getsource(module))
    text = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    begins = [value for value in text if value.startswith(("BEGIN", "COMMIT"))]
    assert sorted(begins) == ["BEGIN IMMEDIATE", "COMMIT"]


def test_that_a_foreign_trigger_is_found_when_the_store_is_opened(storage: SqliteStorage) -> None:
    storage.close()
    connection = connect(Access(storage.access.path), guarded=False)
    connection.execute("CREATE TRIGGER quiet AFTER INSERT ON event BEGIN DELETE FROM held; END")
    connection.close()
    with pytest.raises(StoreDamagedError, match="other tables or rules"):
        open_store(storage.folder, who="Ada")
