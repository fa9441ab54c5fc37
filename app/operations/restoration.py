"""Putting a backup in the place of the store: what that would replace, said before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.operations.counted import counted
from app.operations.data_folder import DataFolder
from app.operations.site_configuration import SiteConfiguration
from app.operations.store_access import has_store, opened_store
from app.store.events import Head
from app.store.storage import ListedCourse, StoreDamagedError, StoreError
from dosimetry_core.progress import Progress

if TYPE_CHECKING:
    from app.store.restoring import Restored
    from app.store.sqlite_storage import SqliteStorage

_MOST_NAMED: Final = 8


@dataclass(frozen=True)
class BackupFacts:
    """What is in a backup: end of its chain, number of courses, and who changed something last."""

    file: Path
    head: Head
    courses: int
    changed: datetime
    changed_by: str

    @property
    def text(self) -> str:
        """In words, without the name of the file."""
        return (
            f"{counted(self.head.sequence, 'event')}, {counted(self.courses, 'course')}, "
            f"last change {self.changed:%d %b %Y %H:%M} by {self.changed_by}."
        )


@dataclass(frozen=True)
class Outlook:
    """What a restore would do.

    Parameters
    ----------
    backup
        What would be there.
    folder
        The data folder.
    events, courses
        In the store now; 0 where there is none.
    taken_back
        Changes made since the backup, which the store would not have any more; None if they can't be told, because the
        store can't be read or has another history.
    changed_courses
        Courses with such changes.
    trouble
        Why they can't be told.
    """

    backup: BackupFacts
    folder: Path
    events: int = 0
    courses: int = 0
    taken_back: int | None = 0
    changed_courses: tuple[ListedCourse, ...] = ()
    trouble: str = ""

    @property
    def text(self) -> str:
        """In words, with the places of backup and store."""
        return f"{self.backup.file} in the place of the store in {self.folder}:\n{self.text_without_paths}"

    @property
    def text_without_paths(self) -> str:
        """In words."""
        lines = [f"The backup: {self.backup.text}"]
        if not self.events and not self.trouble:
            lines.append("There is no store yet: nothing would be replaced.")
            return "\n".join(lines)
        if self.events:
            lines.append(f"The store: {counted(self.events, 'event')}, {counted(self.courses, 'course')}.")
        if self.taken_back is None:
            lines.append(f"What would be lost can't be told: {self.trouble}.")
        elif self.taken_back == 0:
            lines.append("Nothing was changed since this backup.")
        else:
            named = ", ".join(course.summary.patient_id for course in self.changed_courses[:_MOST_NAMED])
            more = len(self.changed_courses) - _MOST_NAMED
            within = f", in the courses of {named}" + (f" and {more} more" if more > 0 else "") if named else ""
            plural = "s" if self.taken_back != 1 else ""
            lines.append(f"Restoring would take back {self.taken_back:,} change{plural} made since{within}.")
        lines.append("The store as it is now would be kept aside in the folder backups.")
        return "\n".join(lines)


def backup_facts(file: Path) -> BackupFacts:
    """What is in a backup.

    Raises
    ------
    StoreError
        If it can't be read, or is not what was written.
    """
    import apsw

    from app.store.chaining import head_of
    from app.store.connection import Access, connect
    from app.store.copying import SEAL_BYTES, sealed_digest
    from app.store.database_faults import spoken
    from app.store.events import event_from_body
    from app.store.schema import APPLICATION_ID

    remedy = "use another backup; nothing was changed"
    with spoken(file, "reading the backup"):
        if not file.is_file():
            raise StoreError("there is no such backup", where=str(file), remedy="check the name of the file")
        sealed = sealed_digest(file)
        if sealed is not None and sealed != _digest_of_first(file, file.stat().st_size - SEAL_BYTES):
            raise StoreDamagedError("is not what was written", where=str(file), remedy=remedy)
        try:
            connection = connect(Access(file), read_only=True, guarded=False, checkpoint=False)
            try:
                if int(connection.pragma("application_id")) != APPLICATION_ID:
                    raise StoreDamagedError("is no backup of Lutetia", where=str(file), remedy=remedy)
                head = head_of(connection)
                if head.sequence == 0:
                    raise StoreDamagedError("holds no event", where=str(file), remedy=remedy)
                row = connection.execute(
                    "SELECT CAST(body AS BLOB) FROM event WHERE sequence = ?", (head.sequence,)
                ).fetchone()
                last = event_from_body(bytes(row[0]), where=str(file)) if row is not None else None
                counted = connection.execute("SELECT count(DISTINCT course) FROM event").fetchone()
            finally:
                connection.close()
        except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
            raise StoreDamagedError("is no backup of Lutetia, or damaged", where=str(file), remedy=remedy) from error
    if last is None or counted is None:
        raise StoreDamagedError("holds no event", where=str(file), remedy=remedy)
    return BackupFacts(file, head, int(counted[0]), last.time, last.who)


def _digest_of_first(file: Path, count: int) -> str:
    import hashlib

    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while count and (chunk := stream.read(min(count, 1 << 20))):
            digest.update(chunk)
            count -= len(chunk)
    return digest.hexdigest()


def outlook(file: Path, folder: DataFolder, configuration: SiteConfiguration) -> Outlook:
    """What putting this backup in the place of the store would do; changes nothing.

    Raises
    ------
    StoreError
        If the backup can't be used.
    """
    facts = backup_facts(file)
    if not has_store(folder.path):
        return Outlook(facts, folder.path)
    try:
        with opened_store(folder, configuration, who=None) as storage:
            return _compared(facts, folder.path, storage)
    except StoreError as error:
        return Outlook(
            facts, folder.path, taken_back=None, trouble=f"the store that is there can't be read: {error.what}"
        )


def _compared(facts: BackupFacts, folder: Path, storage: SqliteStorage) -> Outlook:
    head, courses = storage.head(), storage.courses()
    changed = tuple(course for course in courses if course.last_sequence > facts.head.sequence)
    if storage.digest_at(facts.head.sequence) == facts.head.digest:
        taken_back = head.sequence - facts.head.sequence
        return Outlook(facts, folder, head.sequence, len(courses), taken_back, changed)
    trouble = (
        "the backup has a longer history than the store"
        if facts.head.sequence > head.sequence
        else "the backup is of another store, or of another history of this one"
    )
    return Outlook(facts, folder, head.sequence, len(courses), None, (), trouble)


def restored(file: Path, folder: Path, configuration: SiteConfiguration, *, who: str, progress: Progress) -> Restored:
    """Do it; all windows on this store must be closed. See `app.store.restoring.restore`."""
    from app.store.restoring import restore

    return restore(file, folder, who=who, anchor=configuration.anchor_file, progress=progress)


def restored_text(done: Restored, folder: Path) -> str:
    """In words."""
    text = f"Restored into {folder}: {counted(done.head.sequence, 'event')}, {counted(done.check.courses, 'course')}."
    if done.kept is not None:
        text += f" The store that was there is kept as {done.kept}."
    return f"{text} {done.warning}".strip()
