"""Where this user's courses, logs and reports are: found without touching anything, made private when first written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from app.operations.site_configuration import SiteConfiguration, read_site_configuration
from dosimetry_core.errors import DosimetryError

ENVIRONMENT: Final = "LUTETIA_DATA"
OPTION: Final = "--data-folder"
BACKUPS: Final = "backups"
LOGS: Final = "logs"
REPORTS: Final = "reports"
PRIVATE_FOLDER: Final = 0o700
PRIVATE_FILE: Final = 0o600


@dataclass(frozen=True)
class DataFolder:
    """The data folder and what decided it."""

    path: Path
    source: str


def located_data_folder(option: Path | None = None, *, configuration: SiteConfiguration | None = None) -> DataFolder:
    """The data folder: the option, else ``LUTETIA_DATA``, else the site configuration, else the user's own place.

    Raises
    ------
    DosimetryError
        If the site configuration can't be read.
    """
    if option is not None:
        return DataFolder(_absolute(option), OPTION)
    named = os.environ.get(ENVIRONMENT, "")
    if named:
        return DataFolder(_absolute(Path(named)), f"environment variable {ENVIRONMENT}")
    configuration = read_site_configuration() if configuration is None else configuration
    if configuration.data_folder is not None:
        return DataFolder(configuration.data_folder, configuration.source("data_folder"))
    return DataFolder(platformdirs.user_data_path("lutetia", appauthor=False), "this user's own place")


def data_folder(option: Path | None = None, *, configuration: SiteConfiguration | None = None) -> Path:
    """Path of the data folder; see `located_data_folder`."""
    return located_data_folder(option, configuration=configuration).path


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise DosimetryError("has no home folder", where=str(path), remedy="write an absolute path") from error


def make_private(folder: Path) -> Path:
    """The folder, made for this user only if it was not there; one that is there is left as it is.

    Raises
    ------
    DosimetryError
        If it can't be made.
    """
    if os.path.isdir(folder):  # False, not an error, where this user may not even look
        return folder
    try:
        folder.mkdir(parents=True, mode=PRIVATE_FOLDER, exist_ok=True)
        folder.chmod(PRIVATE_FOLDER)  # whatever the user's file mode mask says
    except FileExistsError as error:
        raise DosimetryError("is a file", where=str(folder), remedy="name a folder for the data") from error
    except OSError as error:
        raise DosimetryError(
            f"can't be made ({error.strerror})", where=str(folder), remedy="check the path, disk space and rights"
        ) from error
    return folder
