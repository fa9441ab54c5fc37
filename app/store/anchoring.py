"""Holding the chain against its anchor when a store is opened."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import apsw

from app.store.anchor import Anchor, AnchorLine, AnchorState
from app.store.chaining import head_of
from app.store.connection import rows
from app.store.database_faults import store_error
from app.store.events import Event, Head, event_from_body
from app.store.storage import StoreDamagedError
from dosimetry_core.errors import DosimetryError
from dosimetry_core.frozen import FrozenMap

if TYPE_CHECKING:
    from app.store.sqlite_storage import SqliteStorage

_RESTORED: Final = b'"kind":"store-restored"'
_RESTORES: Final = """
    SELECT sequence, digest, CAST(body AS BLOB) FROM event
    WHERE instr(body, '"kind":"store-restored"') ORDER BY sequence DESC
"""


def disproof(connection: apsw.Connection, line: AnchorLine) -> str | None:
    """Why the chain can't be the one the anchor knew; None if it can."""
    found = rows(connection, "SELECT digest, CAST(body AS BLOB) FROM event WHERE sequence = ?", (line.sequence,))
    if not found:
        return (
            f"the anchor knew {line.sequence} events at {line.time}, the store has {head_of(connection).sequence}: "
            "its end was cut off, or it was replaced by an older copy"
        )
    ((digest, body),) = found
    if digest != bytes.fromhex(line.digest):
        return f"event {line.sequence} is another one than the anchor knew at {line.time}"
    if line.restored and _RESTORED not in body:
        return f"the anchor calls event {line.sequence} a restore of the store, which it is not"
    return None


def restore_not_told(connection: apsw.Connection, line: AnchorLine) -> Head | None:
    """The restore that set the chain back from what the anchor knew, if the anchor could not be told then."""
    known = {"sequence": line.sequence, "digest": line.digest}
    for sequence, digest, body in rows(connection, _RESTORES):
        try:
            event = event_from_body(body, where=f"event {sequence}")
        except (DosimetryError, ValueError, KeyError, TypeError):
            continue
        if event.kind == "store-restored" and known in (event.data.get("anchor"), event.data.get("replaced")):
            return Head(int(sequence), bytes(digest).hex())
    return None


def state_of(storage: SqliteStorage) -> AnchorState | None:
    """What the anchor says; None, with a warning, if it can't be read."""
    try:
        return storage.anchor.state()
    except OSError as error:
        told = store_error(error, storage.anchor.path, "reading the anchor")
        storage.warn(f"{told.line()}; a roll-back of the store would not be found")
        return None


def require_answer(connection: apsw.Connection, anchor: Anchor, where: str) -> Head | None:
    """Refuse a chain that the anchor disproves; the restore that explains it, where there is one to tell the anchor.

    Raises
    ------
    StoreDamagedError
        If the end was cut off, the store was replaced by an older copy, or an event is another one.
    """
    try:
        state = anchor.state()
    except OSError:
        return None
    furthest = state.furthest()
    if furthest is None:
        return None
    # The newest line tells of a cut or an older copy; the first that still counts, whether a restore was one.
    problem = disproof(connection, furthest) or disproof(connection, state.demands()[0])
    if problem is None:
        return None
    restore = restore_not_told(connection, furthest)
    if restore is None:
        raise StoreDamagedError(
            problem, where=where, remedy="restore the newest backup, or open the store for reading only"
        )
    return restore


def settle(storage: SqliteStorage, connection: apsw.Connection, *, just_created: bool) -> None:
    """Refuse a disproved chain; catch up an anchor that is behind; begin one that is missing, which stays visible.

    Raises
    ------
    StoreDamagedError
        If the anchor disproves the chain and the store is open for writing.
    """
    state = state_of(storage)
    if state is None:
        return
    if state.damaged:
        storage.warn(f"{storage.anchor.path}: line {state.damaged[0]} can't be read; check the store")
    try:
        restore = require_answer(connection, storage.anchor, str(storage.access.path))
    except StoreDamagedError as error:
        if not storage.is_read_only:
            raise
        storage.warn(error.line())
        return
    if storage.is_read_only:
        if not state.found:
            storage.warn(f"{storage.anchor.path}: the anchor is missing; a roll-back of the store would not be found")
        return
    if restore is not None:
        storage.tell_anchor(restore, restored=True)
    head, furthest = storage.head(), state.furthest()
    if furthest is None and not just_created and head.sequence > 1:
        storage.append(
            [
                Event(
                    kind="anchor-begun",
                    course_id=None,
                    who=storage.who,
                    what="Begin the anchor anew: it was not there"
                    if not state.found
                    else "Begin the anchor anew: it was empty",
                    time=datetime.now().astimezone(),
                    data=FrozenMap({"sequence": head.sequence, "digest": head.digest}),
                )
            ]
        )
    elif furthest is None or restore is not None or furthest.sequence < head.sequence:
        storage.tell_anchor(head)
