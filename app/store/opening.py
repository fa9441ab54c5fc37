"""Opening the store of a data folder: refused in words where it would not be safe."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import apsw

from app.store import files
from app.store.anchor import Anchor
from app.store.anchoring import settle
from app.store.chaining import append_event
from app.store.connection import Access, connect, require_safe_sqlite
from app.store.database_faults import RESTORE, spoken
from app.store.events import Event
from app.store.file_lock import FileLock
from app.store.file_system import low_room, require_local
from app.store.schema import APPLICATION_ID, NEWEST, migrate, shape_of, shape_of_version, version_of
from app.store.sqlite_storage import SqliteStorage
from app.store.storage import StoreDamagedError, StoreError
from app.store.upgrade import WORKING_COPY, discard, older_version, upgrade
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.progress import Progress, no_progress

DATABASE: Final = "store.sqlite"
ANCHOR: Final = "anchor"
SUBFOLDERS: Final = ("instances", "images", "backups", "logs", "reports")
COPIES: Final = ("store.sqlite.restoring", "store.sqlite.restoring-upgraded")
"""Working copies of a restore; one left behind belongs to one that was interrupted."""
_OPENING_WAIT_S: Final = 10.0


def open_store(
    folder: Path,
    *,
    who: str,
    read_only: bool = False,
    anchor: Path | None = None,
    vfs: str | None = None,
    exclusive: bool = False,
    progress: Progress = no_progress,
) -> SqliteStorage:
    """The store of a data folder, made if there is none.

    Parameters
    ----------
    folder
        On a disk of this computer.
    who
        Who is working; stands in the events the store itself writes.
    read_only
        Write nothing at all; then a store must be there.
    anchor
        Another place for the anchor file than in the folder.
    vfs, exclusive
        Name of a virtual file system registered with SQLite, and whether it can't share memory between connections.
    progress
        Of an upgrade, the only thing here that takes long.

    Raises
    ------
    StoreDamagedError
        If the store is not what was written: a damaged file, other tables, or a chain the anchor disproves.
    StoreError
        If it can't be opened: no permission, no room, no database, a newer version, a network folder, an old SQLite.
    """
    require_safe_sqlite(apsw.sqlite_lib_version())
    if not who.strip():
        raise ValueError("who is working is needed")
    access = Access(folder.absolute() / DATABASE, vfs, exclusive)
    if read_only and not folder.is_dir():
        raise StoreError("there is no store", where=str(folder), remedy="check the name of the data folder")
    require_local(folder)
    if not read_only:
        make_folders(folder)
    with opening_lock(folder):
        told = Anchor(anchor or folder / ANCHOR, folder / "instances" / "anchor.lock")
        return _opened(access, told, who=who, read_only=read_only, progress=progress)


def make_folders(folder: Path) -> None:
    """The data folder and those in it, where they are not there yet."""
    with spoken(folder, "making the data folder"):
        # A folder that was there already becomes a data folder now: from now on only its owner may enter.
        becomes_one = folder.is_dir() and not (folder / DATABASE).exists()
        files.make_folder(folder, inside=SUBFOLDERS)
        if becomes_one and os.name == "posix" and folder.stat().st_uid == os.getuid():
            folder.chmod(files.FOLDER_MODE)


@contextlib.contextmanager
def opening_lock(folder: Path) -> Iterator[None]:
    """Only one process at a time opens, upgrades or restores a store; a folder that can't be written needs no lock."""
    lock = FileLock(folder / "instances" / "opening.lock")
    try:
        taken = lock.take(wait_s=_OPENING_WAIT_S)
    except OSError:
        yield
        return
    if not taken:
        raise StoreError(
            "another Lutetia is opening, upgrading or restoring the store",
            where=str(folder),
            remedy="wait until it is done and try again",
        )
    try:
        yield
    finally:
        lock.give_back()


def _opened(access: Access, anchor: Anchor, *, who: str, read_only: bool, progress: Progress) -> SqliteStorage:
    if not access.path.exists() and read_only:
        raise StoreError("there is no store", where=str(access.path), remedy="check the name of the data folder")
    if read_only:
        created = False
        access = replace(access, unchanging=_is_unchanging(access.path))
    else:
        created = _prepared(access, anchor, who, progress)
    with spoken(access.path, "opening"):
        connection = connect(access, read_only=read_only)
        try:
            require_known(connection, access.path)
            storage = SqliteStorage(connection, access, anchor, who=who, read_only=read_only)
        except BaseException:
            connection.close()
            raise
    try:
        with spoken(access.path, "opening"):
            settle(storage, connection, just_created=created)
            if not read_only:
                storage.register()
                if room := low_room(access.path.parent):
                    storage.warn(room)
    except BaseException:
        with contextlib.suppress(StoreError):
            storage.close()
        raise
    return storage


def _is_unchanging(path: Path) -> bool:
    """Whether nobody can write the store here, and all of it is in the one file."""
    wal = path.with_name(path.name + "-wal")
    return not os.access(path.parent, os.W_OK) and not (wal.exists() and wal.stat().st_size)


def _prepared(access: Access, anchor: Anchor, who: str, progress: Progress) -> bool:
    """Bring the file to where it can be used: made if it is not there, in WAL mode; whether it was made."""
    with spoken(access.path, "making the store"):
        empty = not access.path.exists() or access.path.stat().st_size == 0
        for name in (WORKING_COPY, *COPIES):
            discard(access.path.with_name(name))
        if empty:
            _require_no_memory(access, anchor)
            files.make_file(access.path)
    with spoken(access.path, "opening"):
        if not empty and older_version(access) is not None:
            upgrade(access, anchor, who=who, progress=progress)
        connection = connect(access, guarded=False, checkpoint=False)
        try:
            created = _is_blank(connection)
            if not created:
                require_known(connection, access.path)
            connection.pragma("journal_mode", "WAL")
            if created:
                _create(connection, who)
        finally:
            connection.close()
    return created


def require_no_lost_store(folder: Path, *, anchor: Path | None = None) -> None:
    """Refuse a data folder that lost its store: there is none, but the anchor knows of one.

    Raises
    ------
    StoreDamagedError
        If there was one.
    StoreError
        If the anchor can't be read.
    """
    access = Access(folder.absolute() / DATABASE)
    if not access.path.exists():
        with spoken(folder, "reading the anchor"):
            _require_no_memory(access, Anchor(anchor or folder / ANCHOR, folder / "instances" / "anchor.lock"))


def _require_no_memory(access: Access, anchor: Anchor) -> None:
    """Refuse to begin a new store where there was one."""
    furthest = anchor.state().furthest()
    if furthest is not None:
        raise StoreDamagedError(
            f"the store is gone: the anchor knows {furthest.sequence} events ({furthest.time})",
            where=str(access.path),
            remedy="restore the newest backup; to begin anew, name another data folder",
        )
    wal = access.path.with_name(access.path.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        raise StoreDamagedError(
            f"the store is gone, but {wal.name} still holds changes of it",
            where=str(access.path),
            remedy="put the file back beside it, or restore the newest backup into another data folder",
        )


def _is_blank(connection: apsw.Connection) -> bool:
    nothing = connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None
    return nothing and version_of(connection) == 0


def _create(connection: apsw.Connection, who: str) -> None:
    """Tables and the first event, all at once."""
    connection.execute("BEGIN IMMEDIATE")
    migrate(connection)
    event = Event(
        kind="store-created",
        course_id=None,
        who=who,
        what="Make the store",
        time=datetime.now().astimezone(),
        data=FrozenMap({"store": uuid.uuid4().hex, "schema": NEWEST}),
    )
    append_event(connection, event)
    connection.execute("COMMIT")


def require_known(connection: apsw.Connection, path: Path) -> None:
    """Refuse a database that is not a store of this version, with nothing more and nothing less in it."""
    where = str(path)
    identity, version = int(connection.pragma("application_id")), version_of(connection)
    if identity != APPLICATION_ID:
        raise StoreError("is a database, but not of Lutetia", where=where, remedy="name another data folder")
    if version > NEWEST:
        raise StoreError(
            f"was written by a newer Lutetia (store version {version}, this one knows {NEWEST})",
            where=where,
            remedy="install the newer Lutetia; nothing was changed",
        )
    if version < NEWEST:
        raise StoreError(
            f"is of an older version ({version}, now {NEWEST})",
            where=where,
            remedy="open it for writing once, which upgrades it",
        )
    if shape_of(connection) != shape_of_version(version):
        raise StoreDamagedError("has other tables or rules than Lutetia made", where=where, remedy=RESTORE)
