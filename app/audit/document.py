"""The audit trail as a file: printed pages, a table for a spreadsheet, and the very texts that were hashed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from app.audit.lines import AuditFilter, AuditLine, event_record, exact_time, local_time, short_digest
from app.audit.reading import all_lines, course_summaries
from app.outputs import write_file
from app.store.events import FIRST_PREVIOUS, Digest, Head
from app.store.plan_anchor import store_identity
from app.store.storage import Storage, StoreDamagedError
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Progress, part_of
from dosimetry_core.report.words import RESEARCH_NOTICE
from dosimetry_core.typesetting import AUDIT_TEMPLATE, typeset
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

MOST_PRINTED: Final = 5000
"""More than some three hundred pages are read by nobody; a spreadsheet takes them."""
_LONG: Final = 1200
"""Letters that may not fit in the rest of a page; a table with such a cell has rows that go over page ends."""
_CHECKED: Final = 0.5
_READ: Final = 0.8
_CSV_COLUMNS: Final = (
    "number", "kind", "time", "time UTC", "who", "course", "patient", "what", "old", "new", "why", "software",
    "case SHA-256", "previous SHA-256", "event SHA-256",
)  # fmt: skip


@dataclass(frozen=True)
class AuditVerdict:
    """What a check of the whole store found, and when."""

    head: Head
    events: int
    problems: tuple[str, ...]
    checked_at: datetime

    def in_words(self) -> str:
        """In one line."""
        count = f"{self.events:,} event{'' if self.events == 1 else 's'}"
        if self.problems:
            return f"{count}: {len(self.problems)} fault{'' if len(self.problems) == 1 else 's'} found"
        return (
            f"{count} verified on {local_time(self.checked_at)}: each follows from the one before, nothing is missing"
        )


@dataclass(frozen=True)
class PrintedTrail:
    """Pages, and the verdict printed on them."""

    content: bytes
    verdict: AuditVerdict


def checked(storage: Storage, *, progress: Progress) -> AuditVerdict:
    """Check the whole store: database, objects, chain and anchor."""
    check = storage.check(progress=progress)
    return AuditVerdict(check.head, check.events, check.problems, datetime.now().astimezone())


def audit_pdf(
    storage: Storage, wanted: AuditFilter, *, printed_by: str, printed_at: datetime, progress: Progress
) -> PrintedTrail:
    """The chosen events on A4, with the verdict on the chain; the events themselves are attached.

    Parameters
    ----------
    printed_by
        Who asked for it.
    printed_at
        With a time zone.

    Raises
    ------
    DosimetryError
        If these are too many events to print.
    """
    verdict = checked(storage, progress=part_of(progress, 0.0, _CHECKED))
    lines = []
    for line in all_lines(storage, wanted, progress=part_of(progress, _CHECKED, _READ)):
        lines.append(line)
        if len(lines) > MOST_PRINTED:
            raise DosimetryError(
                f"more than {MOST_PRINTED:,} events are chosen",
                where="audit trail",
                remedy="choose a shorter time or one course, or write them as CSV",
            )
    progress(_READ, f"Typesetting {len(lines):,} events")
    data = {
        "software": f"{SOFTWARE_NAME} {SOFTWARE_VERSION}",
        "notice": RESEARCH_NOTICE,
        "document_date": [getattr(printed_at, part) for part in ("year", "month", "day", "hour", "minute", "second")],
        "printed_by": printed_by,
        "printed_at": local_time(printed_at),
        "filter": wanted.in_words(course_summaries(storage)),
        "shown": f"{len(lines):,} of {verdict.events:,}",
        "chain": verdict.in_words(),
        "problems": verdict.problems,
        "head": verdict.head.digest if verdict.head.sequence else "none",
        "short_head": short_digest(verdict.head.digest) if verdict.head.sequence else "none",
        "store": _identity(storage) or "none",
        "rows": [_row(line) for line in lines],
        "has_long_rows": any(len(cell) > _LONG for line in lines for cell in line.cells()),
    }
    content = "".join(audit_json(verdict.head, reversed(lines))).encode("utf-8")
    pdf = typeset(AUDIT_TEMPLATE, data, attachments={"audit_json": content}, moment=printed_at, with_system_fonts=True)
    return PrintedTrail(pdf, verdict)


def _identity(storage: Storage) -> Digest | None:
    try:
        return store_identity(storage)
    except StoreDamagedError:
        return None


def _row(line: AuditLine) -> dict[str, Any]:
    day, _, clock = ("", "", "") if line.is_damaged else line.time.partition(" ")
    return {
        "number": f"{line.sequence:,}",
        "day": day,
        "clock": clock,
        "who": line.who,
        "course": line.course,
        "kind": line.kind,
        "what": line.what,
        "old": line.old,
        "new": line.new,
        "why": line.why,
        "digest": "" if line.stored is None else short_digest(line.stored.digest),
        "software": line.software,
        "damaged": line.is_damaged,
    }


def audit_csv(lines: Iterable[AuditLine]) -> bytes:
    """The lines for a spreadsheet: UTF-8 with its mark, commas, every text in quotes."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(_CSV_COLUMNS)
    for line in lines:
        if line.stored is None:
            writer.writerow([line.sequence, line.kind, "", "", "", "", "", line.what, *[""] * (len(_CSV_COLUMNS) - 8)])
            continue
        event = line.stored.event
        writer.writerow(
            [
                line.sequence,
                event.kind,
                line.time,
                exact_time(event.time),
                event.who,
                event.course_id or "",
                line.course,
                event.what,
                line.old,
                line.new,
                event.why,
                event.software,
                event.case or "",
                line.stored.previous,
                line.stored.digest,
            ]
        )
    return text.getvalue().encode("utf-8-sig")


def audit_json(head: Head, lines: Iterable[AuditLine]) -> Iterator[str]:
    """The events as they are kept, each with the digest before it and its own: one JSON document, piece by piece.

    Parameters
    ----------
    lines
        Oldest first.
    """
    top = {"head": {"sequence": head.sequence, "sha256": head.digest}, "first_previous": FIRST_PREVIOUS}
    yield json.dumps(top, indent=1).removesuffix("\n}") + ',\n "events": ['
    separator = "\n"
    for line in lines:
        entry = {"sequence": line.sequence, "fault": line.what} if line.stored is None else event_record(line.stored)
        yield f"{separator}  {json.dumps(entry, ensure_ascii=False)}"
        separator = ",\n"
    yield "\n ]\n}\n"


def written_pdf(storage: Storage, wanted: AuditFilter, target: Path, *, printed_by: str, progress: Progress) -> Path:
    """Print the chosen events into a file that appears whole or not at all."""
    printed = audit_pdf(
        storage, wanted, printed_by=printed_by, printed_at=datetime.now().astimezone(), progress=progress
    )
    write_file(target, printed.content)
    return target


def written_csv(storage: Storage, wanted: AuditFilter, target: Path, *, progress: Progress) -> Path:
    """Write the chosen events for a spreadsheet into a file that appears whole or not at all."""
    write_file(target, audit_csv(all_lines(storage, wanted, progress=progress)))
    return target
