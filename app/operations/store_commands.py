"""What the commands on kept courses do: list, archive, export, import, back up, restore, doctor."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app.courses.named import SHORT_ID, course_named
from app.operations.counted import counted
from app.operations.data_folder import DataFolder, located_data_folder
from app.operations.said_by import said_by
from app.operations.site_configuration import SiteConfiguration, read_site_configuration
from app.operations.store_access import has_store, opened_store, require_not_lost, require_store, say_warnings
from app.operations.terminal import columns_wide, terminal_progress
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import no_progress

DONE, PROBLEMS = 0, 2
STATES: Final = ("draft", "checked", "signed", "approved", "administered", "returned", "stale", "revoked")
SORTS: Final = ("id", "name", "birth", "protocol", "cycle", "state", "changed", "by")


def add_store_parsers(commands: Any) -> None:
    """The commands and their options."""
    store = argparse.ArgumentParser(add_help=False)
    store.add_argument("--data-folder", type=Path, metavar="DIR", help="where the courses are")
    writer = argparse.ArgumentParser(add_help=False)
    writer.add_argument("--by", metavar="NAME", help="who is working")

    listing = commands.add_parser("list", parents=[store], help="the courses of the store")
    listing.add_argument("--search", default="", metavar="TEXT", help="words of id, name (any script) or protocol")
    listing.add_argument("--protocol", metavar="P")
    listing.add_argument("--state", choices=STATES)
    listing.add_argument("--cycle", type=int, metavar="N")
    listing.add_argument("--archived", action="store_true", help="archived courses too")
    listing.add_argument("--sort", choices=SORTS, default="changed")
    listing.add_argument("--reverse", action="store_true")
    listing.add_argument("--json", action="store_true")

    backup = commands.add_parser("backup", parents=[store, writer], help="a whole, checked copy of the store")
    backup.add_argument("file", nargs="?", type=Path, metavar="FILE")

    restore = commands.add_parser("restore", parents=[store, writer], help="put a backup in the place of the store")
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--yes", action="store_true", help="replace what is there")

    doctor = commands.add_parser("doctor", parents=[store], help="is all well here; changes nothing")
    doctor.add_argument("--json", action="store_true")
    doctor.add_argument("--rehearse-upgrade", action="store_true", help="upgrade a copy of the store and check it")

    export = commands.add_parser("export", parents=[store, writer], help="one course as one file")
    export.add_argument("course", metavar="COURSE")
    export.add_argument("file", type=Path, metavar="FILE")
    export.add_argument("--with-images", action="store_true")

    read = commands.add_parser("import", parents=[store, writer], help="take a course from such a file")
    read.add_argument("file", type=Path, metavar="FILE")

    for name, what in (("archive", "take a course out of the list"), ("unarchive", "put it back")):
        command = commands.add_parser(name, parents=[store, writer], help=what)
        command.add_argument("course", metavar="COURSE")
        command.add_argument("--reason", default="", metavar="TEXT")


def _place(arguments: argparse.Namespace) -> tuple[DataFolder, SiteConfiguration]:
    configuration = read_site_configuration()
    return located_data_folder(arguments.data_folder, configuration=configuration), configuration


# --- list -------------------------------------------------------------------------------------------------------------


def list_courses(arguments: argparse.Namespace) -> int:
    """The courses that fit, one line each; the store is opened for reading only."""
    from app.store.course_search import matching

    folder, configuration = _place(arguments)
    courses: Sequence[Any] = ()
    if has_store(folder.path) or arguments.data_folder is not None:
        with opened_store(folder, configuration, who=None) as storage:
            say_warnings(storage)
            courses = matching(
                storage.courses(),
                text=arguments.search,
                protocol=arguments.protocol,
                state=arguments.state,
                cycle=arguments.cycle,
                archived=arguments.archived,
                sort=arguments.sort,
                # The newest change comes first, everything else from the beginning.
                reverse=arguments.reverse != (arguments.sort == "changed"),
            )
    else:
        require_not_lost(folder.path, configuration)
        print(f"There is no store in {folder.path} yet ({folder.source}).", file=sys.stderr)
    if arguments.json:
        print(json.dumps([_course_json(course) for course in courses], indent=1, ensure_ascii=False))
        return DONE
    rows = [_row(course) for course in courses]
    if rows:
        heads = ("course", "patient", "name", "protocol", "cycle", "state", "changed", "by")
        for line in _table([heads, *rows]):
            print(line)
    elif has_store(folder.path):
        print("No course fits.", file=sys.stderr)
    return DONE


def _course_json(course: Any) -> dict[str, Any]:
    return {
        "course_id": course.course_id,
        **course.summary.as_json(),
        "changed": course.changed.astimezone(UTC).isoformat(timespec="seconds"),
        "changed_by": course.changed_by,
        "last_sequence": course.last_sequence,
    }


def _row(course: Any) -> tuple[str, ...]:
    summary = course.summary
    cycle = f"{summary.cycle} of {summary.planned_cycles}" if summary.planned_cycles else str(summary.cycle)
    name = " ".join(summary.name.replace("^", " ").replace("=", " = ").split())
    state = f"{summary.state}, archived" if summary.archived else summary.state
    changed = f"{course.changed.astimezone():%Y-%m-%d %H:%M}"
    short = course.course_id[:SHORT_ID]
    return (short, summary.patient_id, name, summary.protocol, cycle, state, changed, course.changed_by)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    # A control character in a name could rewrite what the terminal shows.
    rows = [["".join(c if c.isprintable() else "\ufffd" for c in cell) for cell in row] for row in rows]
    widths = [max(columns_wide(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(cell + " " * (width - columns_wide(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


# --- one course -------------------------------------------------------------------------------------------------------


def archive(arguments: argparse.Namespace) -> int:
    """Take a course out of the list, or put it back; nothing of it is lost."""
    from app.courses.acts import archived

    away = arguments.command == "archive"
    who = said_by(arguments.by)
    folder, configuration = _place(arguments)
    with opened_store(folder, configuration, who=who) as storage:
        course_id = course_named(storage, arguments.course).course_id
        archived(storage, course_id, away, who=who, why=" ".join(arguments.reason.split()))
    print(f"{course_id} is {'archived' if away else 'in the list again'}.")
    return DONE


def export(arguments: argparse.Namespace) -> int:
    """One course with its whole history as one file."""
    from app.store.course_file import export_course

    who = said_by(arguments.by)
    folder, configuration = _place(arguments)
    require_store(folder)
    if arguments.file.exists():
        raise DosimetryError("is there already", where=str(arguments.file), remedy="name a file that does not exist")
    with opened_store(folder, configuration, who=who) as storage:
        course = course_named(storage, arguments.course)
        export_course(
            storage,
            course.course_id,
            arguments.file,
            with_images=arguments.with_images,
            who=who,
            progress=terminal_progress(),
        )
    print(arguments.file)
    return DONE


def import_file(arguments: argparse.Namespace) -> int:
    """Take a course from a file into the store."""
    from app.store.course_archive import CourseReader
    from app.store.course_file import import_course

    who = said_by(arguments.by)
    folder, configuration = _place(arguments)
    with CourseReader(arguments.file, progress=no_progress):
        pass  # no store is begun for a file that is none
    with opened_store(folder, configuration, who=who, make=True) as storage:
        print(import_course(storage, arguments.file, who=who, progress=terminal_progress()))
    return DONE


# --- the store as a whole ---------------------------------------------------------------------------------------------


def backup(arguments: argparse.Namespace) -> int:
    """A whole, checked copy of the store in one new file."""
    from app.operations.backups import make_backup, suggested_file
    from app.operations.folder_checks import size_text

    who = said_by(arguments.by)
    folder, configuration = _place(arguments)
    suggested = suggested_file(folder.path, configuration, datetime.now().astimezone())
    file: Path = arguments.file or suggested
    with opened_store(folder, configuration, who=who) as storage:
        if os.path.isdir(file):  # False, not an error, where this user may not even look
            file = file / suggested.name
        made = make_backup(storage, file.absolute(), who=who, progress=terminal_progress())
    print(f"{made.file}: {counted(made.head_sequence, 'event')}, {size_text(made.bytes)}, SHA-256 {made.sha256}")
    return DONE


def restore(arguments: argparse.Namespace) -> int:
    """Put a backup in the place of the store; without --yes it only says what that would replace."""
    from app.operations.restoration import outlook, restored, restored_text

    who = said_by(arguments.by)
    folder, configuration = _place(arguments)
    print(outlook(arguments.file, folder, configuration).text)
    if not arguments.yes:
        raise DosimetryError("nothing was changed", where="restore", remedy="add --yes to do this")
    done = restored(arguments.file, folder.path, configuration, who=who, progress=terminal_progress())
    print(restored_text(done, folder.path))
    return DONE


def doctor(arguments: argparse.Namespace) -> int:
    """Look at everything the store rests on; exit status 2 if something needs to be mended. Changes nothing."""
    from app.operations.doctor import examined

    progress = no_progress if arguments.json else terminal_progress()
    report = examined(arguments.data_folder, rehearse_upgrade=arguments.rehearse_upgrade, progress=progress)
    if arguments.json:
        print(json.dumps(report.as_json(), indent=1, ensure_ascii=False))
    else:
        print(report.text)
    return PROBLEMS if report.problems else DONE
