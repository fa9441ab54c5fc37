"""Course records kept beside the store, one line of JSON each, so that the cohort opens without computing anything.

They can always be computed again: a line that can't be read is left out, as if that course had never been computed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.store.files import FILE_MODE
from dosimetry_core.cohort.record_json import record_content, record_from_content
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.errors import DosimetryError
from dosimetry_core.version import SOFTWARE_VERSION

FILE_NAME: Final = "cohort-records.jsonl"
_APPENDING: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class KeptRecord:
    """What was computed of one course.

    Parameters
    ----------
    case
        Digest of the case it was computed from.
    sequence
        Number of the course's newest event then.
    record
        None where computing failed.
    failure
        Why, in words without names, paths and numbers of patients; empty where it did not.
    software_version
        What computed it.
    """

    course_id: str
    case: str
    sequence: int
    record: CourseRecord | None
    failure: str = ""
    software_version: str = SOFTWARE_VERSION

    def line(self) -> bytes:
        """As it stands in the file."""
        content = {
            "course": self.course_id,
            "case": self.case,
            "sequence": self.sequence,
            "software": self.software_version,
            "failure": self.failure,
            "record": None if self.record is None else record_content(self.record),
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8") + b"\n"


def read_kept_records(folder: Path) -> dict[str, KeptRecord]:
    """The newest record of each course of a data folder, by course.

    Raises
    ------
    DosimetryError
        If the file is there and can't be read.
    """
    path = folder / FILE_NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise DosimetryError(
            f"can't be read ({error.strerror})", where=str(path), remedy="check the access rights, or delete the file"
        ) from error
    return {one.course_id: one for one in _records(content, where=str(path))}


def _records(content: bytes, *, where: str) -> Iterator[KeptRecord]:
    for line in content.split(b"\n"):
        if not line:
            continue
        try:
            yield _kept(json.loads(line), where=where)
        except (ValueError, KeyError, TypeError, DosimetryError):
            continue  # cut short by a power failure, or of another version: computed again


def _kept(content: dict[str, Any], *, where: str) -> KeptRecord:
    record = content["record"]
    return KeptRecord(
        str(content["course"]),
        str(content["case"]),
        int(content["sequence"]),
        None if record is None else record_from_content(record, where=where),
        str(content["failure"]),
        str(content["software"]),
    )


def keep_record(folder: Path, kept: KeptRecord) -> None:
    """Append one record, which from then on counts for its course.

    Raises
    ------
    DosimetryError
        If it can't be written.
    """
    path = folder / FILE_NAME
    try:
        with os.fdopen(
            os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), FILE_MODE), "ab"
        ) as stream:
            # A line that was cut short stays alone.
            stream.write((b"" if stream.tell() == 0 or _ends_with_newline(path) else b"\n") + kept.line())
    except OSError as error:
        raise DosimetryError(
            f"can't be written ({error.strerror})", where=str(path), remedy="free space or check the access rights"
        ) from error


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) == b"\n"


def rewrite_records(folder: Path, kept: Iterable[KeptRecord]) -> None:
    """Write these alone, once superseded lines are more than they are."""
    from app.outputs import write_file

    write_file(folder / FILE_NAME, b"".join(one.line() for one in kept))
