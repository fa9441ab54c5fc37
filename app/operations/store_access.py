"""Opens the store of the data folder for one command, and closes it whatever happens."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.operations.data_folder import DataFolder, make_private
from app.operations.site_configuration import SiteConfiguration
from dosimetry_core.errors import MissingDataError

if TYPE_CHECKING:
    from app.store.sqlite_storage import SqliteStorage

READER: Final = "reading only"


def has_store(folder: Path) -> bool:
    """Whether there is a store in this data folder.

    Raises
    ------
    MissingDataError
        If the data folder is a file, or this user may not even look.
    """
    from app.store.opening import DATABASE

    path = folder / DATABASE
    try:
        if folder.is_file():
            raise MissingDataError("is a file", where=str(folder), remedy="name a folder for the data")
        return path.exists()
    except OSError as error:
        raise MissingDataError(
            f"can't be looked at ({error.strerror})", where=str(path), remedy="check the path and the access rights"
        ) from error


def require_not_lost(folder: Path, configuration: SiteConfiguration) -> None:
    """Refuse a data folder whose store is gone, which is another thing than one that never had any.

    Raises
    ------
    StoreDamagedError
        If it is gone.
    """
    from app.store.opening import require_no_lost_store

    if not has_store(folder):
        require_no_lost_store(folder, anchor=configuration.anchor_file)


def say_warnings(storage: SqliteStorage) -> bool:
    """Whether what was read is to be doubted, for example because the anchor contradicts it; says why."""
    for text in storage.warnings:
        print(f"warning: {text}", file=sys.stderr)
    return bool(storage.warnings)


def require_store(folder: DataFolder) -> None:
    """Refuse a data folder without a store, saying what named the folder.

    Raises
    ------
    MissingDataError
        If there is none.
    """
    if not has_store(folder.path):
        raise MissingDataError(
            f"holds no store yet (folder named by: {folder.source})",
            where=str(folder.path),
            remedy="open a case or import a course first, or name the right folder with --data-folder",
        )


@contextlib.contextmanager
def opened_store(
    folder: DataFolder, configuration: SiteConfiguration, *, who: str | None, make: bool = False
) -> Iterator[SqliteStorage]:
    """The store of a data folder, read-only unless somebody is named; ``make`` begins one where there is none.

    Raises
    ------
    StoreError, MissingDataError
        If there is none, or it can't be opened.
    """
    from app.store import open_store

    if make and who is not None:
        make_private(folder.path)
    else:
        require_not_lost(folder.path, configuration)
        require_store(folder)
    storage = open_store(folder.path, who=who or READER, read_only=who is None, anchor=configuration.anchor_file)
    try:
        yield storage
    finally:
        storage.close()
