"""Tables of a store by numbered versions; what they hold can be added to, never changed or taken away."""

from __future__ import annotations

from typing import Final

import apsw

APPLICATION_ID: Final = 0x4C555445
"""Four letters, LUTE, in the header of the database file."""

_FIRST: Final = (
    # What the case tree is made of, by the SHA-256 of its content; packed is 1 where zlib made it smaller.
    """CREATE TABLE object(
        number INTEGER PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
        size INTEGER NOT NULL CHECK (size >= 0),
        packed INTEGER NOT NULL CHECK (packed IN (0, 1)),
        content BLOB NOT NULL
    ) STRICT""",
    # The chain: digest is over the one before and the body.
    """CREATE TABLE event(
        sequence INTEGER PRIMARY KEY,
        digest BLOB NOT NULL CHECK (length(digest) = 32),
        body TEXT NOT NULL,
        course TEXT GENERATED ALWAYS AS (json_extract(body, '$.course')) VIRTUAL
    ) STRICT""",
    "CREATE INDEX event_of_course ON event(course) WHERE course IS NOT NULL",
    # Who edits what: no part of the record.
    """CREATE TABLE held(
        course TEXT PRIMARY KEY,
        instance TEXT NOT NULL,
        who TEXT NOT NULL,
        host TEXT NOT NULL,
        process INTEGER NOT NULL,
        since TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TRIGGER event_follows BEFORE INSERT ON event
        WHEN NEW.sequence IS NOT (SELECT ifnull(max(sequence), 0) + 1 FROM event)
        BEGIN SELECT RAISE(ABORT, 'an event is appended at the end only'); END""",
    """CREATE TRIGGER event_not_changed BEFORE UPDATE ON event
        BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END""",
    """CREATE TRIGGER event_not_deleted BEFORE DELETE ON event
        BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END""",
    """CREATE TRIGGER object_is_new BEFORE INSERT ON object
        WHEN EXISTS (SELECT 1 FROM object WHERE digest = NEW.digest OR number = NEW.number)
        BEGIN SELECT RAISE(ABORT, 'an object is kept once'); END""",
    """CREATE TRIGGER object_not_changed BEFORE UPDATE ON object
        BEGIN SELECT RAISE(ABORT, 'an object is never changed'); END""",
    """CREATE TRIGGER object_not_deleted BEFORE DELETE ON object
        BEGIN SELECT RAISE(ABORT, 'an object is never deleted'); END""",
)

_SECOND: Final = (
    # Where the user was in a course: no part of the record.
    "CREATE TABLE view_note(course TEXT PRIMARY KEY, note BLOB NOT NULL) STRICT, WITHOUT ROWID",
    # What the patient list is read from.
    "CREATE INDEX event_with_summary ON event(course) WHERE json_extract(body, '$.summary') IS NOT NULL",
    # Backups, restores, settings: few among many.
    "CREATE INDEX event_of_store ON event(course) WHERE course IS NULL",
)

VERSIONS: Final[tuple[tuple[str, ...], ...]] = (_FIRST, _SECOND)
"""Statements that lead from each version to the next, the empty database being version 0."""
NEWEST: Final = len(VERSIONS)

RECORD_TABLES: Final = ("object", "event")
"""Tables of the record; all others may be lost without losing a fact."""


def version_of(connection: apsw.Connection) -> int:
    """Number of the schema in a database; 0 for an empty one."""
    return int(connection.pragma("user_version"))


def migrate(connection: apsw.Connection, *, to: int = NEWEST) -> None:
    """Bring the tables from the version they have to another; the caller holds the transaction."""
    for number in range(version_of(connection), to):
        for statement in VERSIONS[number]:
            connection.execute(statement)
        connection.pragma("user_version", number + 1)
    connection.pragma("application_id", APPLICATION_ID)


def shape_of(connection: apsw.Connection) -> frozenset[tuple[str, str, str, str]]:
    """Everything a database has in its schema: kind, name, table and statement, blanks made equal."""
    rows = connection.execute("SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_schema").fetchall()
    return frozenset(
        (str(kind), str(name), str(table), " ".join(str(statement).split()))
        for kind, name, table, statement in rows
        if not str(name).startswith("sqlite_stat")
    )


def shape_of_version(number: int) -> frozenset[tuple[str, str, str, str]]:
    """What a database of a version must have, no more and no less."""
    connection = apsw.Connection(":memory:")
    try:
        migrate(connection, to=number)
        return shape_of(connection)
    finally:
        connection.close()
