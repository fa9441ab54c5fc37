"""Who edits which course: rows that stand as long as the process that made them lives; no part of the record."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import apsw

from app.store.connection import rows, typed
from app.store.instances import Instance, is_alive
from app.store.storage import Holder


def clear_held_by_dead(connection: apsw.Connection, instances: Path) -> None:
    """Take away what processes held that ended without giving it back."""
    for row in rows(connection, "SELECT course, instance FROM held"):
        course_id, identifier = typed(row, str, str)
        if not is_alive(instances, identifier):
            connection.execute("DELETE FROM held WHERE course = ?", (course_id,))


def hold(connection: apsw.Connection, instances: Path, instance: Instance, course_id: str, who: str) -> Holder | None:
    """Hold a course for a process; None when it is its now, else who holds it."""
    found = rows(connection, "SELECT instance, who, host, process, since FROM held WHERE course = ?", (course_id,))
    for row in found:
        identifier, *holder = typed(row, str, str, str, int, str)
        if identifier != instance.identifier and is_alive(instances, identifier):
            return _holder(*holder)
    connection.execute("DELETE FROM held WHERE course = ?", (course_id,))
    connection.execute(
        "INSERT INTO held(course, instance, who, host, process, since) VALUES (?, ?, ?, ?, ?, ?)",
        (
            course_id,
            instance.identifier,
            who,
            socket.gethostname(),
            os.getpid(),
            datetime.now(UTC).isoformat(timespec="seconds"),
        ),
    )
    return None


def release(connection: apsw.Connection, instance: Instance, course_id: str) -> None:
    """Give back what this process holds; nothing if it does not hold the course."""
    connection.execute("DELETE FROM held WHERE course = ? AND instance = ?", (course_id, instance.identifier))


def release_all(connection: apsw.Connection, instance: Instance) -> None:
    """Give back all that this process holds."""
    connection.execute("DELETE FROM held WHERE instance = ?", (instance.identifier,))


def holders(connection: apsw.Connection, instances: Path, *, but: Instance | None) -> dict[str, Holder]:
    """Who has which course, dead processes and one's own left out."""
    found = rows(connection, "SELECT course, instance, who, host, process, since FROM held")
    own = None if but is None else but.identifier
    found = [typed(row, str, str, str, str, int, str) for row in found]
    alive = {name for name in {row[1] for row in found} if name != own and is_alive(instances, name)}
    return {course: _holder(*holder) for course, identifier, *holder in found if identifier in alive}


def _holder(who: str, host: str, process: int, since: str) -> Holder:
    return Holder(who, host, process, datetime.fromisoformat(since).astimezone())
