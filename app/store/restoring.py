"""A backup in the place of the store: checked before anything is touched, and never to be taken for a roll-back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import apsw

from app.store import files
from app.store.anchor import Anchor
from app.store.chaining import append_event, head_of
from app.store.checking import check_database
from app.store.connection import Access, connect, require_safe_sqlite
from app.store.copying import SEAL_BYTES, require_well, sealed_digest
from app.store.database_faults import spoken, store_error
from app.store.events import Event, Head
from app.store.file_system import require_local, require_room
from app.store.instances import living
from app.store.opening import ANCHOR, COPIES, DATABASE, make_folders, opening_lock
from app.store.schema import APPLICATION_ID, NEWEST, version_of
from app.store.storage import StoreCheck, StoreDamagedError, StoreError
from app.store.upgrade import discard, put_in_place, upgraded_copy
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.progress import Progress, no_progress, part_of

_OTHER_BACKUP: Final = "use another backup; nothing was changed"


@dataclass(frozen=True)
class Restored:
    """What a restore did.

    Parameters
    ----------
    head
        End of the chain now, the note of the restore included.
    check
        Of the backup.
    kept
        Where the store that was there is now; None if there was none.
    warning
        What did not go well though the store is restored; empty mostly.
    """

    head: Head
    check: StoreCheck
    kept: Path | None
    warning: str = ""


def restore(
    backup: Path,
    folder: Path,
    *,
    who: str,
    anchor: Path | None = None,
    vfs: str | None = None,
    exclusive: bool = False,
    progress: Progress = no_progress,
) -> Restored:
    """Put a backup in the place of the store of a data folder; the store that was there is kept in ``backups``.

    Parameters
    ----------
    backup
        As `Storage.back_up` wrote it, or a plain copy of a store's files.
    anchor
        As for `open_store`: it is told that the chain was set back deliberately.

    Raises
    ------
    StoreDamagedError
        If the backup is not what was written; nothing was changed then.
    StoreError
        If it is no backup, of a newer version, a window has the store open, or there is no room.
    """
    require_safe_sqlite(apsw.sqlite_lib_version())
    if not who.strip():
        raise ValueError("who is working is needed")
    folder = folder.absolute()
    require_local(folder)
    with spoken(backup, "reading the backup"):
        if not backup.is_file():
            raise StoreError("there is no such backup", where=str(backup), remedy="check the name of the file")
    make_folders(folder)
    with opening_lock(folder):
        if living(folder / "instances"):
            raise StoreError(
                "another window has the store open", where=str(folder), remedy="close all windows, then restore"
            )
        copy, upgraded = (Access(folder / name, vfs, exclusive) for name in COPIES)
        store = Access(folder / DATABASE, vfs, exclusive)
        told = Anchor(anchor or folder / ANCHOR, folder / "instances" / "anchor.lock")
        with spoken(folder, "restoring"):
            try:
                digest = _bring_in(backup, copy)
                ready, check = _made_ready(copy, upgraded, backup, who, part_of(progress, 0.1, 0.8))
                kept, before = _kept_aside(store)
                head = _noted(ready, _note(backup, digest, check, before, told, kept), who)
                progress(0.9, "Restoring")
                put_in_place(ready.path, store, old_is_kept=True)
            finally:
                discard(copy.path)
                discard(upgraded.path)
        warning = _told(told, head)
    progress(1.0, "Restoring")
    return Restored(head, check, kept, warning)


def _bring_in(backup: Path, copy: Access) -> str:
    """Copy the backup beside the store without its seal, which must be right; SHA-256 of its content."""
    size = backup.stat().st_size
    require_room(copy.path.parent, 2 * size)
    discard(copy.path)
    sealed = sealed_digest(backup)
    digest = files.copy_file(backup, copy.path, count=None if sealed is None else size - SEAL_BYTES)
    damaged = StoreDamagedError("is not what was written", where=str(backup), remedy=_OTHER_BACKUP)
    if sealed is not None and sealed != digest:
        raise damaged
    if sealed is None and (size == 0 or size % _page_bytes(backup)):
        raise damaged
    wal = backup.with_name(backup.name + "-wal")
    if sealed is None and wal.is_file():
        files.copy_file(wal, copy.path.with_name(copy.path.name + "-wal"))
    return digest


def _page_bytes(path: Path) -> int:
    """Page size as the header of a database states it; 1, which is none, stands for the largest."""
    with path.open("rb") as reader:
        header = reader.read(18)
    stated = int.from_bytes(header[16:18], "big")
    return stated if stated > 1 else 2**16


def _made_ready(
    copy: Access, upgraded: Access, backup: Path, who: str, progress: Progress
) -> tuple[Access, StoreCheck]:
    """The copy checked, and in the newest version."""
    try:
        connection = connect(copy, guarded=False)
        try:
            identity, version = int(connection.pragma("application_id")), version_of(connection)
            if identity != APPLICATION_ID or version < 1:
                raise StoreDamagedError("is no backup of Lutetia", where=str(backup), remedy=_OTHER_BACKUP)
            if version > NEWEST:
                raise StoreError(
                    f"was written by a newer Lutetia (store version {version}, this one knows {NEWEST})",
                    where=str(backup),
                    remedy="install the newer Lutetia; nothing was changed",
                )
            connection.pragma("journal_mode", "DELETE")
            check = check_database(copy, anchor=None, progress=part_of(progress, 0.0, 0.5), connection=connection)
            require_well(check, backup, remedy=_OTHER_BACKUP)
            if check.events == 0:
                raise StoreDamagedError("holds no event", where=str(backup), remedy=_OTHER_BACKUP)
            if version == NEWEST:
                return copy, check
            upgrade = upgraded_copy(
                connection, upgraded, who=who, kept=backup.name, progress=part_of(progress, 0.5, 1.0)
            )
            require_well(upgrade, backup, remedy=_OTHER_BACKUP)
            return upgraded, check
        finally:
            connection.close()
    except apsw.Error as error:
        told = store_error(error, backup, "reading the backup")
        if isinstance(error, apsw.CorruptError | apsw.NotADBError | apsw.SQLError):
            raise StoreDamagedError(told.what, where=str(backup), remedy=_OTHER_BACKUP) from error
        raise told from error


def _kept_aside(store: Access) -> tuple[Path | None, Head | None]:
    """Copies of the files of the store as they are, whatever state they are in; its head, if it can be read."""
    if not store.path.exists() or store.path.stat().st_size == 0:
        return None, None
    before: Head | None = None
    try:
        connection = connect(store, guarded=False, checkpoint=False)
        try:
            before = head_of(connection)
        finally:
            connection.close()
    except apsw.Error:
        # A store that can't be read is what a restore is for.
        before = None
    kept = store.path.parent / "backups" / f"store-before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.sqlite"
    require_room(kept.parent, store.path.stat().st_size)
    wal = store.path.with_name(store.path.name + "-wal")
    if wal.is_file() and wal.stat().st_size:
        files.copy_file(wal, kept.with_name(kept.name + "-wal"))
    files.copy_file(store.path, kept)
    return kept, before


def _note(
    backup: Path, digest: str, check: StoreCheck, before: Head | None, anchor: Anchor, kept: Path | None
) -> dict[str, Any]:
    """What the chain says of the restore: from where to where."""
    try:
        furthest = anchor.state().furthest()
    except OSError:
        furthest = None
    return {
        "backup": backup.name,
        "backup_sha256": digest,
        "backup_sequence": check.head.sequence,
        "backup_digest": check.head.digest,
        "replaced": None if before is None else {"sequence": before.sequence, "digest": before.digest},
        "anchor": None if furthest is None else {"sequence": furthest.sequence, "digest": furthest.digest},
        "kept": None if kept is None else kept.name,
    }


def _noted(ready: Access, note: dict[str, Any], who: str) -> Head:
    """Add the restore to the chain of the copy."""
    replaced = note["replaced"]
    connection = connect(ready, guarded=False)
    try:
        connection.execute("BEGIN IMMEDIATE")
        append_event(
            connection,
            Event(
                kind="store-restored",
                course_id=None,
                who=who,
                what="Restore the store from a backup",
                time=datetime.now().astimezone(),
                old="no store" if replaced is None else f"{replaced['sequence']} events",
                new=f"{note['backup_sequence']} events",
                data=FrozenMap(note),
            ),
        )
        connection.execute("DELETE FROM held")
        connection.execute("COMMIT")
        head = head_of(connection)
    finally:
        connection.close()
    files.sync_file(ready.path)
    return head


def _told(anchor: Anchor, head: Head) -> str:
    """Tell the anchor that the chain was set back on purpose; where that fails it is told at the next opening."""
    try:
        anchor.tell(head, restored=True)
    except OSError as error:
        return f"{store_error(error, anchor.path, 'writing the anchor').line()}; the store itself is restored"
    return ""
