"""`lutetia cohort`: tables of many courses, from case folders, a table of earlier patients, or a simulation."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.secret_key import secret_key
from dosimetry_core.errors import DosimetryError, MissingDataError

if TYPE_CHECKING:
    from dosimetry_core.cohort.records import CourseRecord
    from dosimetry_core.cohort.tables import Table

DONE = 0


def add_cohort_parser(commands: Any) -> None:
    """Add the command to the command line."""
    cohort = commands.add_parser("cohort", help="tables of many courses")
    cohort.add_argument("cases", nargs="*", type=Path, metavar="CASE", help="cases to compute and take in")
    cohort.add_argument("--csv", action="append", default=[], type=Path, metavar="FILE", help="earlier patients")
    cohort.add_argument("--simulate", type=int, metavar="SEED", help="92 simulated courses of the trial's four arms")
    cohort.add_argument("--key-file", type=Path, metavar="F", help="the same key gives the same pseudonyms again")
    cohort.add_argument("--out", type=Path, required=True, metavar="DIR")


def cohort(arguments: argparse.Namespace) -> int:
    """Gather the records, write every table as CSV, and the paragraph on methods."""
    from app.outputs import output_folder, require_folder
    from dosimetry_core.cohort.csv_records import records_csv
    from dosimetry_core.cohort.methods_text import methods_paragraph
    from dosimetry_core.cohort.tables import cohort_tables

    require_folder(arguments.out)
    records, origin = _gathered(arguments)
    tables = cohort_tables(records)
    with output_folder(arguments.out) as folder:
        (folder / "records.csv").write_text(records_csv(records), "utf-8")
        written_tables(tables, folder)
        (folder / "methods.txt").write_text(methods_paragraph(records, origin=origin) + "\n", "utf-8")
    print(f"{len(records)} courses, {len(tables)} tables in {arguments.out}")
    return DONE


def _gathered(arguments: argparse.Namespace) -> tuple[list[CourseRecord], str]:
    from dosimetry_core.cohort.csv_records import read_records
    from dosimetry_core.cohort.simulated import simulated_cohort

    records: list[CourseRecord] = []
    origins = []
    if arguments.simulate is not None:
        records += simulated_cohort(arguments.simulate)
        origins.append(f"simulated with seed {arguments.simulate} (no patient stands behind them)")
    for path in arguments.csv:
        records += read_records(_content(path), where=str(path))
        origins.append(f"from the table {path.name}")
    if arguments.cases:
        key = secret_key(arguments.key_file)
        records += [_computed(path, key) for path in arguments.cases]
        origins.append("computed from their cases")
    if not records:
        raise MissingDataError("no courses", where="cohort", remedy="name cases, --csv FILE or --simulate SEED")
    keys = [record.key for record in records]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise DosimetryError(
            f"the same patient is there twice: {', '.join(twice)}", where="cohort", remedy="take each course in once"
        )
    return records, " and ".join(origins)


def _computed(path: Path, key: bytes) -> CourseRecord:
    from app.importing.files_read import read_cycle
    from app.operations.terminal import terminal_progress
    from dosimetry_core.case_file import read_case
    from dosimetry_core.cohort.of_course import pseudonym, record_of
    from dosimetry_core.pipeline import compute

    case = read_case(path)
    evaluation = compute(case, read_cycle=read_cycle, progress=terminal_progress())
    return record_of(evaluation, key=pseudonym(case.patient.patient_id, key))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DosimetryError(
            f"can't be read ({error.strerror})", where=str(path), remedy="check the path and the access rights"
        ) from error


def table_csv(table: Table) -> str:
    """A table with its title as a comment in the first line; numbers with six significant digits."""
    target = io.StringIO()
    target.write(f"# {table.title}\n")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(table.heading)
    writer.writerows([_cell(cell) for cell in row] for row in table.rows)
    return target.getvalue()


def _cell(value: str | float | int | None) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def written_tables(tables: Sequence[Table], folder: Path) -> None:
    """Write tables into a folder."""
    for table in tables:
        (folder / f"{table.name}.csv").write_text(table_csv(table), "utf-8")
