"""What the store window shows of the store: sizes, numbers, the last change and the last backup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.operations.backups import Backup, last_backup
from app.operations.data_folder import DataFolder
from app.operations.folder_checks import folder_bytes, free_bytes
from app.operations.site_configuration import SiteConfiguration
from app.operations.store_access import has_store, opened_store
from dosimetry_core.progress import Progress


@dataclass(frozen=True)
class StoreFacts:
    """A look at the data folder.

    Parameters
    ----------
    bytes, free_bytes
        Of all files of the data folder, and room left on its disk.
    courses, archived
        Courses in the list, and put away.
    events
        Length of the chain; 0 without a store.
    changed, changed_by
        Of the last event.
    backup
        The last one noted.
    warnings
        What the store itself complains about.
    """

    folder: DataFolder
    bytes: int
    free_bytes: int
    courses: int = 0
    archived: int = 0
    events: int = 0
    changed: datetime | None = None
    changed_by: str = ""
    backup: Backup | None = None
    warnings: tuple[str, ...] = ()


def store_facts(folder: DataFolder, configuration: SiteConfiguration, *, progress: Progress) -> StoreFacts:
    """Look at the data folder through a connection of its own; runs as a job.

    Raises
    ------
    StoreError
        If the store can't be opened or read.
    """
    progress(0.0, "Looking at the data folder")
    path: Path = folder.path
    size = folder_bytes(path) if path.is_dir() else 0
    free = free_bytes(path)
    if not has_store(path):
        return StoreFacts(folder, size, free)
    with opened_store(folder, configuration, who=None) as storage:
        courses = storage.courses()
        last = next(iter(storage.events(newest_first=True, limit=1)), None)
        progress(0.5, "Looking for the last backup")
        return StoreFacts(
            folder,
            size,
            free,
            sum(not course.summary.archived for course in courses),
            sum(course.summary.archived for course in courses),
            storage.head().sequence,
            None if last is None else last.event.time,
            "" if last is None else last.event.who,
            last_backup(path),
            storage.warnings,
        )
