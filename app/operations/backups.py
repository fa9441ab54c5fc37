"""Backups of the store: where they go, what is noted of them, and whether the last one is too old."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from app.operations.data_folder import BACKUPS, DataFolder, make_private
from app.operations.site_configuration import SiteConfiguration
from app.operations.store_access import opened_store
from app.store.events import FIRST_PREVIOUS, Event, StoredEvent, chained, event_from_body
from app.store.storage import Storage, StoreDamagedError
from dosimetry_core.errors import DosimetryError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.progress import Cancelled, Progress, part_of

SUFFIX: Final = ".lutetia-backup"
_CHUNK_BYTES: Final = 1 << 20
_UNFINISHED: Final = ".unfinished"
"""Behind the name of a backup while it is written; see `app.store.copying`."""
_OF_STORE: Final = '{"case":null,"course":null,'
"""How the text of an event of the store as a whole begins: much faster to see than what it is about."""
_LAST_BACKUP: Final = """
    SELECT event.sequence, before.digest, event.digest, CAST(event.body AS BLOB)
    FROM event LEFT JOIN event AS before ON before.sequence = event.sequence - 1
    WHERE substr(event.body, 1, ?) = ? AND json_extract(event.body, '$.kind') = 'backup-made'
    ORDER BY event.sequence DESC LIMIT 1
"""


@dataclass(frozen=True)
class Backup:
    """One backup as the store's own event states it.

    Parameters
    ----------
    file
        Where it was written.
    bytes, sha256
        Size and digest of the file.
    head_sequence
        Number of events in it.
    sequence
        Of the event that notes it.
    """

    file: Path
    bytes: int
    sha256: str
    head_sequence: int
    time: datetime
    who: str
    sequence: int = 0


def suggested_file(data_folder: Path, configuration: SiteConfiguration, now: datetime) -> Path:
    """Where a backup goes when no file is named: the site's backup folder, else that of the data folder."""
    folder = configuration.backup_folder or data_folder / BACKUPS
    return folder / f"lutetia-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}{SUFFIX}"


def make_backup(storage: Storage, file: Path, *, who: str, progress: Progress) -> Backup:
    """Write a whole, checked copy of the store into a new file and note it in the store.

    Raises
    ------
    DosimetryError
        If the file exists already, can't be written, or the store is damaged. If only the note can't be written, the
        copy stays, because it is whole, and the message says so.
    """
    make_private(file.parent)
    head = storage.head()
    storage.back_up(file, progress=part_of(progress, 0.0, 0.9))
    try:
        digest, size = _digest(file, progress=part_of(progress, 0.9, 1.0))
    except Cancelled:
        file.unlink()
        raise
    now = datetime.now().astimezone()
    data = {
        "file": str(file),
        "bytes": size,
        "sha256": digest,
        "head_sequence": head.sequence,
        "head_digest": head.digest,
    }
    event = Event("backup-made", None, who, "Back up the store", now, new=file.name, data=FrozenMap(data))
    try:
        (stored,) = storage.append([event])
    except DosimetryError as error:
        raise DosimetryError(
            f"the backup is whole, but the store could not note it ({error.what})",
            where=str(file),
            remedy=error.remedy or "run lutetia doctor",
        ) from error
    return Backup(file, size, digest, head.sequence, now, who, stored.sequence)


def backed_up(
    folder: DataFolder, configuration: SiteConfiguration, file: Path, who: str, *, progress: Progress
) -> Backup:
    """`make_backup` through a connection of its own; runs as a job."""
    with opened_store(folder, configuration, who=who) as storage:
        return make_backup(storage, file, who=who, progress=progress)


def last_backup(data_folder: Path) -> Backup | None:
    """The newest backup that the store of a data folder notes; None if there was none.

    Raises
    ------
    StoreError
        If the store can't be read, or the note is not what was written.
    """
    from app.store.connection import Access, connect
    from app.store.database_faults import spoken
    from app.store.opening import DATABASE

    path = data_folder / DATABASE
    with spoken(path, "looking for the last backup"):
        connection = connect(Access(path), read_only=True, guarded=False, checkpoint=False)
        try:
            row = connection.execute(_LAST_BACKUP, (len(_OF_STORE), _OF_STORE)).fetchone()
        finally:
            connection.close()
    if row is None:
        return None
    sequence, previous, digest, body = row
    before = FIRST_PREVIOUS if previous is None else bytes(previous).hex()
    if chained(before, bytes(body)) != bytes(digest).hex():
        raise StoreDamagedError(
            f"event {sequence:,} is not what was written", where=str(path), remedy="run lutetia doctor"
        )
    event = event_from_body(bytes(body), where=f"event {sequence}")
    return _of_event(StoredEvent(int(sequence), before, bytes(digest).hex(), event))


def _of_event(stored: StoredEvent) -> Backup:
    data = stored.event.data
    return Backup(
        Path(data["file"]),
        int(data["bytes"]),
        data["sha256"],
        int(data["head_sequence"]),
        stored.event.time,
        stored.event.who,
        stored.sequence,
    )


def is_old(backup: Backup | None, events: int, configuration: SiteConfiguration, now: datetime) -> bool:
    """Whether the store changed since the last backup, and that is longer ago than the site allows."""
    if backup is None:
        return events > 0
    changed_since = events > backup.sequence
    return changed_since and now - backup.time > timedelta(days=configuration.backup_after_days)


def backup_text(backup: Backup | None, events: int, now: datetime, *, with_file: bool = True) -> str:
    """When and by whom, what came since, and which file."""
    if backup is None:
        return "never backed up"
    since = events - backup.sequence
    changes = "nothing was changed since" if since <= 0 else f"{since:,} change{'s' if since != 1 else ''} since"
    text = f"{backup.time:%d %b %Y %H:%M} by {backup.who} ({_age_text(now - backup.time)}), {changes}"
    return f"{text}; {backup.file}" if with_file else text


def backup_reminder(folder: DataFolder, configuration: SiteConfiguration, *, progress: Progress) -> str:
    """What the window should say of an old or missing backup; empty if all is well. Runs as a job.

    A store that was never backed up is given as many days from its first event as a backup may be old.
    """
    progress(0.0, "Looking for the last backup")
    now = datetime.now().astimezone()
    with opened_store(folder, configuration, who=None) as storage:
        events = storage.head().sequence
        first = next(iter(storage.events(limit=1)), None)
    backup = last_backup(folder.path)
    if first is None or not is_old(backup, events, configuration, now):
        return ""
    if backup is None and now - first.event.time <= timedelta(days=configuration.backup_after_days):
        return ""
    return f"Last backup: {backup_text(backup, events, now, with_file=False)}. Make one: File, Data folder and backups…"


def unfinished_backups(places: Iterable[Path]) -> tuple[Path, ...]:
    """What interrupted backups have left in these folders: files with patient data that nobody needs."""
    left = []
    for place in dict.fromkeys(places):
        try:
            left += [path for path in place.iterdir() if path.name.endswith(SUFFIX + _UNFINISHED)]
        except OSError:
            continue
    return tuple(sorted(left))


def _age_text(age: timedelta) -> str:
    minutes, hours, days = (age // timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days"))
    if minutes < 1:
        return "just now"
    if hours < 1:
        return f"{minutes} min ago"
    return f"{hours} h ago" if days < 2 else f"{days} days ago"


def _digest(file: Path, *, progress: Progress) -> tuple[str, int]:
    digest, done, size = hashlib.sha256(), 0, max(file.stat().st_size, 1)
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            progress(done / size, "Reading the backup")
    return digest.hexdigest(), done


def same_content(backup: Backup, *, progress: Progress) -> bool | None:
    """Whether the file still holds what was written; None if it is not there, or can't be read."""
    try:
        return _digest(backup.file, progress=progress)[0] == backup.sha256
    except OSError:
        return None
