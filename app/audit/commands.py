"""What ``lutetia audit`` does: the trail as text, as JSON with the very texts that were hashed, as CSV or as pages."""

from __future__ import annotations

import argparse
import sys
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, get_args

from app.audit.lines import AuditFilter, AuditLine, day_of
from app.audit.reading import lines_in_order
from app.courses.named import course_named
from app.operations.data_folder import located_data_folder
from app.operations.said_by import said_by
from app.operations.site_configuration import read_site_configuration
from app.operations.store_access import opened_store, say_warnings
from app.operations.terminal import terminal_progress
from app.store.events import EventKind
from app.store.storage import Storage
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.progress import no_progress

DONE, PROBLEMS = 0, 2
_ENDINGS: Final = (".pdf", ".csv")


def add_audit_parser(commands: Any) -> None:
    """The command and its options."""
    parser = commands.add_parser("audit", help="who changed what, when and why; changes nothing")
    parser.add_argument("--data-folder", type=Path, metavar="DIR", help="where the courses are")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--course", metavar="COURSE", help="of one course only")
    which.add_argument("--patient", metavar="ID", help="of all courses of this patient only")
    parser.add_argument("--person", default="", metavar="NAME", help="part of the name of who did it")
    parser.add_argument("--from", dest="first_day", default="", metavar="DAY", help="first day: 2026-11-21")
    parser.add_argument("--to", dest="last_day", default="", metavar="DAY", help="last day")
    parser.add_argument("--kind", choices=get_args(EventKind), metavar="KIND", help="one kind, such as plan-signed")
    parser.add_argument("--text", default="", metavar="TEXT", help="words that all stand in an event")
    parser.add_argument("--out", type=Path, metavar="FILE", help="pages (.pdf) or a table (.csv)")
    parser.add_argument("--by", metavar="NAME", help="who prints the pages")
    parser.add_argument("--json", action="store_true", help="the texts that were hashed, with their digests")


def audit(arguments: argparse.Namespace) -> int:
    """Show, write or print the events that fit; exit status 2 if one of them is not what was written."""
    target: Path | None = arguments.out
    if target is not None and target.suffix.lower() not in _ENDINGS:
        raise DosimetryError("is neither .pdf nor .csv", where=str(target), remedy="choose one of these endings")
    if target is not None and arguments.json:
        raise DosimetryError("goes to the terminal, not into --out", where="--json", remedy="use one of the two")
    first, last = day_of(arguments.first_day, where="--from"), day_of(arguments.last_day, where="--to")
    person = said_by(arguments.by) if target is not None and target.suffix.lower() == ".pdf" else ""
    configuration = read_site_configuration()
    folder = located_data_folder(arguments.data_folder, configuration=configuration)
    with opened_store(folder, configuration, who=None) as storage:
        wanted = AuditFilter(
            _courses(storage, arguments), arguments.person, arguments.kind, arguments.text, first, last
        )
        doubtful = say_warnings(storage)
        if target is not None and person:
            status = _print(storage, wanted, target, person)
        elif target is not None:
            status = _write(storage, wanted, target)
        else:
            lines = lines_in_order(storage, wanted, progress=no_progress)
            status = _show_json(storage, lines) if arguments.json else _show(lines)
        return PROBLEMS if doubtful else status


def _courses(storage: Storage, arguments: argparse.Namespace) -> frozenset[str] | None:
    if arguments.course is not None:
        return frozenset({course_named(storage, arguments.course).course_id})
    if arguments.patient is None:
        return None
    patient = unicodedata.normalize("NFC", arguments.patient.strip())
    courses = frozenset(
        course.course_id
        for course in storage.courses()
        if unicodedata.normalize("NFC", course.summary.patient_id) == patient
    )
    if not courses:
        raise MissingDataError(
            "no course of this patient is in the store", where=patient, remedy="lutetia list --archived shows them all"
        )
    return courses


def _show(lines: Iterable[AuditLine]) -> int:
    status, shown = DONE, 0
    for line in lines:
        shown += 1
        if line.is_damaged:
            status = PROBLEMS
            print(f"event {line.sequence}: {line.what}", file=sys.stderr)
            continue
        change = f": {line.old or 'nothing'} → {line.new or 'nothing'}" if line.old or line.new else ""
        why = f" ({line.why})" if line.why else ""
        text = f"{line.sequence}  {line.time}  {line.who}  [{line.course}]  {line.kind}: {line.what}{change}{why}"
        print(" ".join(part for part in text.splitlines() if part))
    if not shown:
        print("No event fits.", file=sys.stderr)
    return status


def _show_json(storage: Storage, lines: Iterable[AuditLine]) -> int:
    from app.audit.document import audit_json

    damaged: list[int] = []

    def noted() -> Iterable[AuditLine]:
        for line in lines:
            if line.is_damaged:
                damaged.append(line.sequence)
            yield line

    for piece in audit_json(storage.head(), noted()):
        sys.stdout.write(piece)
    for sequence in damaged:
        print(f"event {sequence} is not what was written", file=sys.stderr)
    return PROBLEMS if damaged else DONE


def _write(storage: Storage, wanted: AuditFilter, target: Path) -> int:
    from app.audit.document import written_csv

    written_csv(storage, wanted, target, progress=terminal_progress())
    print(target)
    return DONE


def _print(storage: Storage, wanted: AuditFilter, target: Path, person: str) -> int:
    from app.audit.document import audit_pdf
    from app.outputs import write_file

    printed = audit_pdf(
        storage, wanted, printed_by=person, printed_at=datetime.now().astimezone(), progress=terminal_progress()
    )
    write_file(target, printed.content)
    print(target)
    for problem in printed.verdict.problems:
        print(problem, file=sys.stderr)
    return PROBLEMS if printed.verdict.problems else DONE
