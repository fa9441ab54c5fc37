"""A store of an older version becomes one of this version: on a copy, checked, and only then in its place."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import apsw

from app.store import files
from app.store.anchor import Anchor
from app.store.anchoring import require_answer
from app.store.chaining import append_event, head_of
from app.store.checking import check_database
from app.store.connection import Access, connect
from app.store.copying import back_up_to, copy_into, require_well
from app.store.database_faults import RESTORE, spoken
from app.store.events import Event
from app.store.instances import living
from app.store.schema import APPLICATION_ID, NEWEST, migrate, version_of
from app.store.storage import StoreCheck, StoreDamagedError, StoreError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.progress import Progress, no_progress, part_of

WORKING_COPY: Final = "store.sqlite.upgrading"
_ROWS: Final = {
    "object": "SELECT number, digest, size, packed, content FROM object ORDER BY number",
    "event": "SELECT sequence, digest, CAST(body AS BLOB) FROM event WHERE sequence <= ? ORDER BY sequence",
}


@dataclass(frozen=True)
class UpgradeRehearsal:
    """What an upgrade of a copy came to.

    Parameters
    ----------
    from_version, to_version
        Equal where there is nothing to upgrade.
    check
        Of the upgraded copy.
    seconds
        How long it took, the copying included.
    """

    from_version: int
    to_version: int
    check: StoreCheck
    seconds: float

    def text(self) -> str:
        """In words."""
        noted = 0 if self.from_version == self.to_version else 1
        looked = f"{self.check.events - noted:,} events and {self.check.objects:,} objects are as before"
        if not noted:
            return f"the store has version {self.to_version} already; in a copy {looked}"
        return f"a copy went from version {self.from_version} to {self.to_version} in {self.seconds:.1f} s; {looked}"


def row_digests(connection: apsw.Connection, *, events: int) -> dict[str, str]:
    """SHA-256 over every value of every row of the record, up to a number of events; the same in every version."""
    return {
        table: _digest_of_rows(connection.execute(statement, (events,) if table == "event" else ()))
        for table, statement in _ROWS.items()
    }


def _digest_of_rows(rows: Iterator[Any]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        for value in row:
            kept = value if isinstance(value, bytes) else str(value).encode("ascii")
            digest.update(len(kept).to_bytes(8, "big"))
            digest.update(kept)
    return digest.hexdigest()


def older_version(access: Access) -> int | None:
    """Version of the store in a file if this program has to upgrade it; None for a newest, a blank or no file."""
    if not access.path.exists() or access.path.stat().st_size == 0:
        return None
    connection = connect(access, guarded=False, checkpoint=False)
    try:
        version = version_of(connection)
        ours = int(connection.pragma("application_id")) == APPLICATION_ID
    finally:
        connection.close()
    return version if ours and 0 < version < NEWEST else None


def upgrade(access: Access, anchor: Anchor, *, who: str, progress: Progress = no_progress) -> None:
    """Put an upgraded, checked copy in the place of an older store; the caller holds the opening lock.

    The old file is read only until the very end. A copy of it stays in ``backups``. Interrupted before the end, the old
    files are as they were, byte by byte.

    Raises
    ------
    StoreError
        If another window has the store open, or there is no room.
    StoreDamagedError
        If the store is damaged, or the upgraded copy is not what it should be.
    """
    folder = access.path.parent
    if living(folder / "instances"):
        raise StoreError(
            "another window has the store open, which is of an older version and must be upgraded",
            where=str(access.path),
            remedy="close the other windows and open this one again",
        )
    copy = Access(folder / WORKING_COPY, access.vfs, access.exclusive)
    with spoken(access.path, "upgrading"):
        try:
            with _no_writer(access), contextlib.closing(connect(access, guarded=False, checkpoint=False)) as source:
                require_answer(source, anchor, str(access.path))
                version = version_of(source)
                kept = folder / "backups" / f"store-v{version}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.sqlite"
                files.make_folder(kept.parent)
                back_up_to(source, kept, staging=folder, vfs=access.vfs, progress=part_of(progress, 0.0, 0.3))
                check = upgraded_copy(source, copy, who=who, kept=kept.name, progress=part_of(progress, 0.3, 0.95))
                require_well(check, access.path, remedy=RESTORE)
            put_in_place(copy.path, access)
        finally:
            discard(copy.path)
    progress(1.0, "Upgrading the store")


@contextlib.contextmanager
def _no_writer(access: Access) -> Iterator[None]:
    """Keep every other connection from writing meanwhile; one that is alone needs nothing for this."""
    if access.exclusive:
        yield
        return
    with contextlib.closing(connect(access, guarded=False, checkpoint=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


def upgraded_copy(source: apsw.Connection, copy: Access, *, who: str, kept: str, progress: Progress) -> StoreCheck:
    """Copy a store, bring the copy to the newest version in one transaction, and check it.

    Raises
    ------
    StoreDamagedError
        If a row of the record is not as it was.
    """
    copy_into(source, copy, progress=part_of(progress, 0.0, 0.3), message="Copying the store")
    version = version_of(source)
    events = head_of(source).sequence
    before = row_digests(source, events=events)
    progress(0.5, "Upgrading the store")
    connection = connect(copy, guarded=False)
    try:
        connection.execute("BEGIN IMMEDIATE")
        migrate(connection)
        if version < NEWEST:
            append_event(
                connection,
                Event(
                    kind="store-migrated",
                    course_id=None,
                    who=who,
                    what="Upgrade the store",
                    time=datetime.now().astimezone(),
                    old=f"version {version}",
                    new=f"version {NEWEST}",
                    data=FrozenMap({"from": version, "to": NEWEST, "kept": kept}),
                ),
            )
        connection.execute("COMMIT")
        if row_digests(connection, events=events) != before:
            raise StoreDamagedError(
                "an upgrade changed what was kept; it was not used",
                where=str(copy.path),
                remedy="report this as a fault of the program; the store is as it was",
            )
    finally:
        connection.close()
    files.sync_file(copy.path)
    return check_database(copy, anchor=None, progress=part_of(progress, 0.6, 1.0))


def put_in_place(copy: Path, access: Access, *, old_is_kept: bool = False) -> None:
    """Let a finished copy be the store.

    What the old one has in its ``-wal`` file is brought into it first: that file must be gone before another database
    takes the name, as it would be taken for a part of that one.

    Parameters
    ----------
    old_is_kept
        Whether the old files were copied aside as they are: then a damaged one may go without this.
    """
    beside = [access.path.with_name(access.path.name + ending) for ending in ("-wal", "-shm", "-journal")]
    try:
        connection = connect(access, guarded=False)
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        finally:
            connection.close()
    except apsw.Error:
        if not old_is_kept:
            raise
    for path in beside:
        files.remove(path)
    files.sync_folder(access.path.parent)
    files.rename(copy, access.path)


def discard(copy: Path) -> None:
    """Take away a copy and what SQLite put beside it."""
    for ending in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(OSError):
            files.remove(copy.with_name(copy.name + ending))


def rehearse_upgrade(
    folder: Path,
    *,
    scratch: Path | None = None,
    vfs: str | None = None,
    exclusive: bool = False,
    progress: Progress = no_progress,
) -> UpgradeRehearsal:
    """Upgrade a copy of the store of a data folder, check it and throw it away; the store is only read.

    Parameters
    ----------
    scratch
        Where the copy goes and is thrown away again; None for the folder of the backups, which only the user may enter.

    Raises
    ------
    StoreError
        If there is no store, or it can't be read.
    StoreDamagedError
        If the upgrade would not succeed.
    """
    begin = time.monotonic()
    path = folder.absolute() / "store.sqlite"
    if not path.exists():
        raise StoreError("there is no store", where=str(path), remedy="check the name of the data folder")
    place = scratch or folder.absolute() / "backups"
    with spoken(path, "rehearsing the upgrade"), tempfile.TemporaryDirectory(dir=place, prefix="rehearsal-") as name:
        with contextlib.closing(
            connect(Access(path, vfs, exclusive), read_only=True, guarded=False, checkpoint=False)
        ) as source:
            version = version_of(source)
            if int(source.pragma("application_id")) != APPLICATION_ID:
                raise StoreError("is not a store of Lutetia", where=str(path), remedy="name another data folder")
            if version > NEWEST:
                raise StoreError(
                    f"was written by a newer Lutetia (store version {version}, this one knows {NEWEST})",
                    where=str(path),
                    remedy="install the newer Lutetia; nothing was changed",
                )
            copy = Access(Path(name) / "rehearsed.sqlite", vfs, exclusive)
            source.execute("BEGIN")
            check = upgraded_copy(source, copy, who="rehearsal", kept="", progress=progress)
            source.execute("ROLLBACK")
        require_well(check, path, remedy="restore the last good backup before upgrading")
    return UpgradeRehearsal(version, NEWEST, check, time.monotonic() - begin)
