"""Upgrades a copy of the store to this version and checks it, so that the upgrade itself brings no surprise."""

from __future__ import annotations

from pathlib import Path

from app.data_folder import DataFolder
from app.folder_checks import UPGRADE_COPIES, free_bytes, size_text
from app.store.file_system import network_type
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Progress, part_of

REHEARSING = "upgrade rehearsal"


def rehearsed(folder: DataFolder, scratch: Path, *, progress: Progress) -> str:
    """What an upgrade of a copy in an empty folder came to, in words.

    Raises
    ------
    DosimetryError
        If there is no room for the copy, the upgrade fails, or the copy does not hold what the store holds.
    """
    from app.store.opening import DATABASE, open_store

    before_version, before_events, before_objects, head = _copied(folder.path / DATABASE, scratch / DATABASE, progress)
    storage = open_store(scratch, who=REHEARSING)
    try:
        check = storage.check(progress=part_of(progress, 0.5, 1.0))
        kept = next(iter(storage.events(after=before_events - 1, limit=1)), None) if before_events else None
    finally:
        storage.close()
    after_version, _, after_objects, _ = _facts(scratch / DATABASE)
    lost = check.events < before_events or after_objects < before_objects
    if check.problems or lost or (before_events and (kept is None or kept.digest != head)):
        raise DosimetryError(
            "the upgraded copy is not what the store is: " + ("; ".join(check.problems) or "something is missing"),
            where="upgrade rehearsal",
            remedy="don't upgrade; keep the older version and report this",
        )
    did = (
        f"a copy was upgraded from store version {before_version} to {after_version}"
        if after_version != before_version
        else f"the store is of version {after_version} already; a copy was opened for writing"
    )
    return f"{did} and checked: {before_events:,} events and {before_objects:,} objects as before"


def _facts(database: Path) -> tuple[int, int, int, str]:
    """Version of the store, number of events and objects, digest of the last event."""
    from app.store.connection import Access, connect
    from app.store.schema import version_of

    connection = connect(Access(database), read_only=True)
    try:
        (events,) = connection.execute("SELECT ifnull(max(sequence), 0) FROM event").fetchone() or (0,)
        (objects,) = connection.execute("SELECT count(*) FROM object").fetchone() or (0,)
        last = connection.execute("SELECT digest FROM event WHERE sequence = ?", (events,)).fetchone()
        return version_of(connection), int(events), int(objects), last[0].hex() if last else ""
    finally:
        connection.close()


def _copied(source: Path, target: Path, progress: Progress) -> tuple[int, int, int, str]:
    """Copy the database as it is now by SQLite's own means; returns its facts."""
    from app.store.connection import Access, connect
    from app.store.copying import copy_into

    size, free = source.stat().st_size, free_bytes(target.parent)
    needed = (UPGRADE_COPIES + 1) * size
    if free < needed or network_type(target.parent) is not None:
        raise DosimetryError(
            f"a rehearsal needs {size_text(needed)} on a disk of this computer, there are {size_text(free)}",
            where=str(target.parent),
            remedy="name a larger folder with the environment variable TMPDIR (TEMP on Windows)",
        )
    connection = connect(Access(source), read_only=True, guarded=False)
    try:
        copy_into(connection, Access(target), progress=part_of(progress, 0.0, 0.5), message="Copying the store")
    finally:
        connection.close()
    return _facts(target)
