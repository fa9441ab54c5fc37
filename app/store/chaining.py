"""Adding an event to the end of the chain in a database; the caller holds the transaction."""

from __future__ import annotations

import apsw

from app.store.connection import typed
from app.store.events import FIRST_PREVIOUS, Event, Head, StoredEvent, chained


def head_of(connection: apsw.Connection) -> Head:
    """End of the chain; sequence 0 and `FIRST_PREVIOUS` for none."""
    row = connection.execute("SELECT sequence, digest FROM event ORDER BY sequence DESC LIMIT 1").fetchone()
    if row is None:
        return Head(0, FIRST_PREVIOUS)
    sequence, digest = typed(row, int, bytes)
    return Head(sequence, digest.hex())


def append_event(connection: apsw.Connection, event: Event, *, body: bytes | None = None) -> StoredEvent:
    """Chain an event to the last one; its body, where it was made already."""
    body = event.body() if body is None else body
    head = head_of(connection)
    digest = chained(head.digest, body)
    connection.execute(
        "INSERT INTO event(sequence, digest, body) VALUES (?, ?, ?)",
        (head.sequence + 1, bytes.fromhex(digest), body.decode("utf-8")),
    )
    return StoredEvent(head.sequence + 1, head.digest, digest, event)
