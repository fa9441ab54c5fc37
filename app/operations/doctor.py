"""Looks at everything the store rests on and says what is well and what to mend; changes nothing."""

from __future__ import annotations

import platform
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from app.operations.backups import backup_text, is_old, last_backup, same_content, unfinished_backups
from app.operations.counted import counted
from app.operations.data_folder import BACKUPS, LOGS, REPORTS, DataFolder, located_data_folder
from app.operations.doctor_report import DoctorLine, DoctorReport, State
from app.operations.folder_checks import (
    closed_to_user,
    folder_bytes,
    free_bytes,
    modes_remedy,
    needed_bytes,
    of_others,
    open_to_others,
    open_to_others_text,
    size_text,
)
from app.operations.site_configuration import SiteConfiguration, read_site_configuration, site_configuration_file
from app.operations.store_access import has_store, opened_store, require_not_lost
from app.store.storage import StoreCheck
from dosimetry_core.errors import DosimetryError, InputProblems
from dosimetry_core.progress import Progress, part_of
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION


def examined(option: Path | DataFolder | None, *, rehearse_upgrade: bool = False, progress: Progress) -> DoctorReport:
    """Look at everything.

    Parameters
    ----------
    option
        The data folder if one was named, or is known already.
    rehearse_upgrade
        Also upgrade a copy of the store in a temporary folder, check it and throw it away.
    """
    lines = [_versions()]
    lines += _guarded("SQLite", _sqlite)
    try:
        configuration = read_site_configuration()
    except DosimetryError as error:
        lines += _problem_lines("site configuration", error)
        if option is None:
            return DoctorReport(tuple(lines))
        configuration = SiteConfiguration()
    else:
        lines += _configuration(configuration)
    folder = option if isinstance(option, DataFolder) else located_data_folder(option, configuration=configuration)
    lines += _guarded("data folder", lambda: _data_folder(folder))
    lines += _guarded("file system", lambda: _file_system(folder.path))
    lines += _guarded("rights", lambda: _rights(folder.path))
    lines += _guarded("free space", lambda: _free_space(folder.path))
    begin = 0.6 if rehearse_upgrade else 1.0
    checks: list[StoreCheck] = []
    lines += _guarded("store", lambda: _kept(folder, configuration, checks, part_of(progress, 0.0, begin)))
    if rehearse_upgrade:
        lines += _guarded("upgrade", lambda: _rehearsal(folder.path, part_of(progress, begin, 1.0)))
    lines += _guarded("logs", lambda: _logs(folder.path, configuration))
    return DoctorReport(tuple(lines), folder.path, checks[0] if checks else None)


def _guarded(subject: str, look: Callable[[], Iterator[DoctorLine]]) -> list[DoctorLine]:
    """What a look found; if it could not look, that is the problem."""
    try:
        return list(look())
    except DosimetryError as error:
        return _problem_lines(subject, error)
    except OSError as error:
        remedy = "check the path and the access rights"
        return [DoctorLine(subject, "problem", f"can't be looked at ({error.strerror or error})", remedy)]


def _problem_lines(subject: str, error: DosimetryError) -> list[DoctorLine]:
    parts = error.problems if isinstance(error, InputProblems) else (error,)
    return [
        DoctorLine(subject, "problem", f"{part.where}: {part.what}" if part.where else part.what, part.remedy)
        for part in parts
    ]


# --- program ----------------------------------------------------------------------------------------------------------


def _versions() -> DoctorLine:
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return DoctorLine(
        "program", "well", f"{SOFTWARE_NAME} {SOFTWARE_VERSION}, Python {platform.python_version()}, {system}"
    )


def _sqlite() -> Iterator[DoctorLine]:
    import apsw

    from app.store.connection import SAFE_SQLITE, require_safe_sqlite

    version = apsw.sqlite_lib_version()
    require_safe_sqlite(version)
    least = ".".join(str(part) for part in SAFE_SQLITE)
    yield DoctorLine("SQLite", "well", f"{version} through apsw {apsw.apsw_version()}; {least} or newer is needed")


def _configuration(configuration: SiteConfiguration) -> Iterator[DoctorLine]:
    file = configuration.file
    if file is None:
        where, _ = site_configuration_file()
        yield DoctorLine("site configuration", "well", f"none at {where}; built-in values apply")
        return
    said = ", ".join(f"{key} = {configuration.values()[key]}" for key in configuration.sources)
    yield DoctorLine("site configuration", "well", f"{file}: {said or 'nothing set'}")
    if sys.platform != "win32" and stat.S_IMODE(file.stat().st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
        yield DoctorLine(
            "site configuration", "problem", f"{file} can be changed by other users", f"chmod go-w '{file}'"
        )


# --- folder -----------------------------------------------------------------------------------------------------------


def _data_folder(folder: DataFolder) -> Iterator[DoctorLine]:
    named = f"{folder.path} ({folder.source})"
    if not folder.path.exists():
        yield DoctorLine("data folder", "well", f"{named}: not there yet, made when something is first kept")
    elif not folder.path.is_dir():
        yield DoctorLine("data folder", "problem", f"{named} is a file", "name a folder for the data")
    elif not has_store(folder.path):
        yield DoctorLine("data folder", "notice", f"{named}: holds no store yet")
    else:
        yield DoctorLine("data folder", "well", f"{named}: {size_text(folder_bytes(folder.path))}")


def _file_system(folder: Path) -> Iterator[DoctorLine]:
    from app.store.file_system import require_local

    require_local(folder)
    yield DoctorLine("file system", "well", "on a disk of this computer")


def _rights(folder: Path) -> Iterator[DoctorLine]:
    if not folder.is_dir():
        return
    if sys.platform == "win32":
        yield DoctorLine("rights", "well", "kept by the access lists of the user's profile")
        return
    strange, closed, opened = of_others(folder), closed_to_user(folder), open_to_others(folder)
    if strange:
        text = f"of another user: {open_to_others_text(strange, folder)}"
        remedy = "name this user's own data folder, or have an administrator give this one to this user"
        yield DoctorLine("rights", "problem", text, remedy)
    elif closed:
        text = f"nothing can be saved, this user may not read or write: {open_to_others_text(closed, folder)}"
        yield DoctorLine("rights", "problem", text, modes_remedy(folder))
    elif opened:
        text = f"open to other users: {open_to_others_text(opened, folder)}"
        yield DoctorLine("rights", "problem", text, modes_remedy(folder))
    else:
        yield DoctorLine("rights", "well", "folders and files are open to this user only")


def _free_space(folder: Path) -> Iterator[DoctorLine]:
    used = folder_bytes(folder) if folder.is_dir() else 0
    free, needed = free_bytes(folder), needed_bytes(used)
    text = f"{size_text(free)} free, {size_text(needed)} needed (room for an upgrade with its backup)"
    if free < needed:
        yield DoctorLine("free space", "problem", text, "make room on this disk, or move the data folder to another")
    else:
        yield DoctorLine("free space", "well", text)


# --- store ------------------------------------------------------------------------------------------------------------


def _kept(
    folder: DataFolder, configuration: SiteConfiguration, checks: list[StoreCheck], progress: Progress
) -> Iterator[DoctorLine]:
    """Everything about the store itself; its check is added to ``checks``."""
    require_not_lost(folder.path, configuration)
    if not has_store(folder.path):
        return
    older = _older_version(folder.path)
    if older is not None:
        yield DoctorLine(
            "store",
            "notice",
            f"of store version {older}: it is upgraded when it is next opened for writing",
            "first run lutetia doctor --rehearse-upgrade",
        )
        return
    with opened_store(folder, configuration, who=None) as storage:
        for text in storage.warnings:
            yield DoctorLine("store", "problem", text, "see what keeps that file from being read or written")
        check = storage.check(progress=part_of(progress, 0.0, 0.8))
    checks.append(check)
    yield from _store(check)
    yield _windows(folder.path)
    yield from _backups(folder.path, check, configuration, part_of(progress, 0.8, 1.0))


def _windows(folder: Path) -> DoctorLine:
    from app.store.instances import living
    from app.store.opening import SUBFOLDERS

    count = len(living(folder / SUBFOLDERS[0]))
    text = f"{count} open on this store now" if count else "none is open on this store now"
    return DoctorLine("windows", "well", text)


def _older_version(folder: Path) -> int | None:
    """Version of the store if this program has to upgrade it first."""
    from app.store.connection import Access, connect
    from app.store.database_faults import spoken
    from app.store.opening import DATABASE
    from app.store.schema import APPLICATION_ID, NEWEST, version_of

    path = folder / DATABASE
    with spoken(path, "reading its version"):
        connection = connect(Access(path), read_only=True, guarded=False, checkpoint=False)
        try:
            version = version_of(connection)
            ours = int(connection.pragma("application_id")) == APPLICATION_ID
        finally:
            connection.close()
    return version if ours and 0 < version < NEWEST else None


def _store(check: StoreCheck) -> Iterator[DoctorLine]:
    if check.problems:
        for problem in check.problems:
            yield DoctorLine(
                "store", "problem", problem, "close Lutetia, keep a copy of the data folder, and restore a backup"
            )
        return
    yield DoctorLine(
        "store",
        "well",
        f"{counted(check.events, 'event')} in an unbroken chain, {counted(check.objects, 'object')}, "
        f"{counted(check.courses, 'course')}, "
        f"anchor agrees; looked at in {check.seconds:.1f} s",
    )
    yield DoctorLine("head", "well", f"event {check.head.sequence:,}, {check.head.digest}")


def _backups(
    folder: Path, check: StoreCheck, configuration: SiteConfiguration, progress: Progress
) -> Iterator[DoctorLine]:
    backup = last_backup(folder)
    now = datetime.now().astimezone()
    text = backup_text(backup, check.head.sequence, now)
    if is_old(backup, check.head.sequence, configuration, now):
        state: State = "problem" if configuration.is_set("backup_after_days") else "notice"
        days = configuration.backup_after_days
        yield DoctorLine("backup", state, text, f"run lutetia backup; the limit is {days} days")
    else:
        yield DoctorLine("backup", "well", text)
    places = [folder / BACKUPS, *([configuration.backup_folder] if configuration.backup_folder else [])]
    left = unfinished_backups([*places, backup.file.parent] if backup is not None else places)
    if left:
        named = ", ".join(str(path) for path in left)
        yield DoctorLine("backup", "notice", f"interrupted backups are left: {named}", "delete them if none is running")
    if backup is None:
        return
    same = same_content(backup, progress=progress)
    if same is None:
        yield DoctorLine("backup file", "notice", "is no longer where it was written", "know where your backups are")
    elif not same:
        yield DoctorLine(
            "backup file", "problem", f"{backup.file} is not what was written", "make a new backup; check that disk"
        )
    else:
        yield DoctorLine("backup file", "well", f"{size_text(backup.bytes)}, as it was written")


def _rehearsal(folder: Path, progress: Progress) -> Iterator[DoctorLine]:
    from app.store.upgrade import rehearse_upgrade

    if not has_store(folder):
        yield DoctorLine("upgrade", "well", "no store, so nothing to upgrade")
        return
    yield DoctorLine("upgrade", "well", rehearse_upgrade(folder, progress=progress).text())


def _logs(folder: Path, configuration: SiteConfiguration) -> Iterator[DoctorLine]:
    days = configuration.log_retention_days
    for name in (LOGS, REPORTS):
        place = folder / name
        files = [path for path in place.iterdir() if path.is_file()] if place.is_dir() else []
        if files:
            oldest = datetime.fromtimestamp(min(path.stat().st_mtime for path in files)).astimezone()
            size = sum(path.stat().st_size for path in files)
            count = f"{len(files)} file{'s' if len(files) != 1 else ''}"
            text = f"{count}, {size_text(size)}, from {oldest:%d %b %Y}; kept for {days} days; {place}"
        else:
            text = f"none in {place}"
        yield DoctorLine(name, "well", text)
