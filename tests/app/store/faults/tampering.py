"""What somebody with the store's file and a SQL shell can do to the record, once the triggers are out of the way."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apsw

from app.store.events import FIRST_PREVIOUS, chained


@dataclass(frozen=True)
class Row:
    body: str
    digest: bytes


class Intruder:
    """A plain connection to the database file, without triggers."""

    def __init__(self, folder: Path, seed: str) -> None:
        self.chance = random.Random(seed)
        self.courses: set[str] = set()
        """Courses whose events were changed."""
        self.digests: set[str] = set()
        """Objects whose content was changed."""
        self._connection = apsw.Connection(str(folder / "store.sqlite"))
        self._triggers = self._connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in self._triggers:
            self._connection.execute(f"DROP TRIGGER {name}")

    def leave(self) -> None:
        """Nobody is to see that the triggers were away."""
        for _, statement in self._triggers:
            self._connection.execute(statement)
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._connection.close()

    # --- events -------------------------------------------------------------------------------------------------------

    def rows(self) -> list[Row]:
        return [Row(*row) for row in self._connection.execute("SELECT body, digest FROM event ORDER BY sequence")]

    def put(self, rows: list[Row], *, chain: bool) -> None:
        """The events from now on; with their digests made anew to fit if ``chain``."""
        self._connection.execute("BEGIN IMMEDIATE; DELETE FROM event")
        previous = FIRST_PREVIOUS
        for sequence, row in enumerate(rows, 1):
            previous = chained(previous, row.body.encode()) if chain else row.digest.hex()
            self._connection.execute(
                "INSERT INTO event (sequence, digest, body) VALUES (?, ?, ?)",
                (sequence, bytes.fromhex(previous), row.body),
            )
        self._connection.execute("COMMIT")

    def place(self, rows: list[Row]) -> int:
        """An event of a course, not the last of all."""
        return self.chance.choice([place for place, row in enumerate(rows[:-1]) if course_of(row)])

    def touched(self, *rows: Row) -> None:
        self.courses |= {course for row in rows if (course := course_of(row))}

    # --- objects ------------------------------------------------------------------------------------------------------

    def objects(self) -> list[tuple[int, int, int, bytes]]:
        rows = self._connection.execute("SELECT number, size, packed, content FROM object ORDER BY number")
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    def _touched_object(self, number: int) -> None:
        row = self._connection.execute("SELECT digest FROM object WHERE number = ?", (number,)).fetchone()
        self.digests.add(bytes(row[0]).hex())

    def put_object(self, number: int, size: int, packed: int, content: bytes) -> None:
        self._touched_object(number)
        self._connection.execute(
            "UPDATE object SET size = ?, packed = ?, content = ? WHERE number = ?", (size, packed, content, number)
        )

    def delete_object(self, number: int) -> None:
        self._touched_object(number)
        self._connection.execute("DELETE FROM object WHERE number = ?", (number,))


def course_of(row: Row) -> str | None:
    course = json.loads(row.body)["course"]
    return None if course is None else str(course)


def _another(row: Row) -> Row:
    """The same event by somebody else."""
    return Row(row.body.replace('"who":"', '"who":"Dr '), row.digest)


def edit(intruder: Intruder, *, chain: bool) -> None:
    rows = intruder.rows()
    place = intruder.place(rows)
    intruder.touched(rows[place])
    rows[place] = _another(rows[place])
    intruder.put(rows, chain=chain)


def edit_with_its_digest(intruder: Intruder, *, chain: bool) -> None:
    """As `edit`, with the digest of this one event made to fit."""
    rows = intruder.rows()
    place = intruder.place(rows)
    intruder.touched(rows[place])
    changed = _another(rows[place])
    digest = chained(rows[place - 1].digest.hex(), changed.body.encode())
    rows[place] = Row(changed.body, bytes.fromhex(digest))
    intruder.put(rows, chain=chain)


def delete(intruder: Intruder, *, chain: bool) -> None:
    rows = intruder.rows()
    place = intruder.place(rows)
    intruder.touched(rows[place])
    del rows[place]
    intruder.put(rows, chain=chain)


def insert(intruder: Intruder, *, chain: bool) -> None:
    rows = intruder.rows()
    place = intruder.place(rows)
    intruder.touched(rows[place])
    rows.insert(place, _another(rows[place]))
    intruder.put(rows, chain=chain)


def reorder(intruder: Intruder, *, chain: bool) -> None:
    rows = intruder.rows()
    place = intruder.place(rows)
    other = intruder.chance.choice([k for k in range(1, len(rows)) if k != place])
    intruder.touched(rows[place], rows[other])
    rows[place], rows[other] = rows[other], rows[place]
    intruder.put(rows, chain=chain)


def duplicate(intruder: Intruder, *, chain: bool) -> None:
    rows = intruder.rows()
    place = intruder.place(rows)
    intruder.touched(rows[place])
    rows.insert(place, rows[place])
    intruder.put(rows, chain=chain)


def truncate(intruder: Intruder, *, chain: bool) -> None:
    rows = intruder.rows()
    kept = intruder.chance.randrange(1, len(rows))
    intruder.touched(*rows[kept:])
    intruder.put(rows[:kept], chain=chain)


def swap_objects(intruder: Intruder, *, chain: bool) -> None:
    """Two kept contents change places."""
    del chain
    (first, *one), (second, *other) = intruder.chance.sample(intruder.objects(), 2)
    intruder.put_object(first, *other)
    intruder.put_object(second, *one)


def replace_object(intruder: Intruder, *, chain: bool) -> None:
    """One content takes the place of another."""
    del chain
    (number, *_), (_, *content) = intruder.chance.sample(intruder.objects(), 2)
    intruder.put_object(number, *content)


def delete_object(intruder: Intruder, *, chain: bool) -> None:
    del chain
    intruder.delete_object(intruder.chance.choice(intruder.objects())[0])


EVENT_ACTS: tuple[Callable[..., None], ...] = (edit, edit_with_its_digest, delete, insert, reorder, duplicate, truncate)
OBJECT_ACTS: tuple[Callable[..., None], ...] = (swap_objects, replace_object, delete_object)
