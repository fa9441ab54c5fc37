"""`lutetia cohort`: tables of many courses, from the store, case folders, tables of earlier patients, or simulated."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.secret_key import secret_key
from dosimetry_core.errors import DosimetryError, MissingDataError

if TYPE_CHECKING:
    from dosimetry_core.cohort.records import CourseRecord
    from dosimetry_core.cohort.selection import Selection

DONE = 0
INCOMPLETE = 2
"""Tables were written, but courses of the store are missing in them."""


def add_cohort_parser(commands: Any) -> None:
    """Add the command to the command line."""
    cohort = commands.add_parser("cohort", help="tables of many courses")
    cohort.add_argument("cases", nargs="*", type=Path, metavar="CASE", help="cases to compute and take in")
    cohort.add_argument("--store", action="store_true", help="courses of the data folder; what is missing is computed")
    cohort.add_argument("--data-folder", type=Path, metavar="DIR", help="instead of the user's own")
    where = cohort.add_mutually_exclusive_group()
    where.add_argument("--processes", type=int, metavar="N", help="compute here with so many (default: one a core)")
    where.add_argument(
        "--dask", metavar="ADDRESS", help="compute on the Dask cluster of this scheduler (default: the site's)"
    )
    cohort.add_argument("--csv", action="append", default=[], type=Path, metavar="FILE", help="earlier patients")
    cohort.add_argument("--simulate", type=int, metavar="SEED", help="92 simulated courses of the trial's four arms")
    cohort.add_argument("--key-file", type=Path, metavar="F", help="the same key gives the same pseudonyms again")
    cohort.add_argument("--protocol", action="append", metavar="NAME", help="only courses by this protocol")
    cohort.add_argument("--sex", choices=("F", "M"), help="only these")
    cohort.add_argument("--youngest", type=float, metavar="YEARS", help="only from this age at the first cycle")
    cohort.add_argument("--oldest", type=float, metavar="YEARS", help="only to this age at the first cycle")
    cohort.add_argument("--fewest-cycles", type=int, metavar="N", help="only courses of at least so many cycles")
    cohort.add_argument("--with-kidney-dose", action="store_true", help="only with a kidney dose in every cycle")
    cohort.add_argument(
        "--decimal", choices=("point", "comma"), default="point", help="sign of the CSV files; comma: cells parted by ;"
    )
    cohort.add_argument("--out", type=Path, required=True, metavar="DIR")


def cohort(arguments: argparse.Namespace) -> int:
    """Gather the records, write every table as CSV, and the paragraph on methods."""
    from app.cohort.export import write_cohort
    from app.outputs import require_folder
    from dosimetry_core.cohort.selection import selected

    require_folder(arguments.out)
    gathered, origin, failures = _gathered(arguments)
    selection = _selection(arguments)
    records = selected(gathered, selection)
    if not records:
        raise MissingDataError(
            f"none of {len(gathered)} courses is chosen", where="cohort", remedy="choose fewer conditions"
        )
    tables = write_cohort(arguments.out, records, origin=origin, selection=selection.text(), decimal=arguments.decimal)
    for failure in failures:
        print(f"left out: {failure}", file=sys.stderr)
    print(f"{len(records)} courses, {tables} tables in {arguments.out}")
    return INCOMPLETE if failures else DONE


def _selection(arguments: argparse.Namespace) -> Selection:
    from dosimetry_core.cohort.selection import Selection

    return Selection(
        protocols=None if arguments.protocol is None else frozenset(arguments.protocol),
        sex=arguments.sex,
        youngest_years=arguments.youngest,
        oldest_years=arguments.oldest,
        fewest_cycles=arguments.fewest_cycles,
        with_kidney_dose=arguments.with_kidney_dose,
    )


def _gathered(arguments: argparse.Namespace) -> tuple[list[CourseRecord], str, list[str]]:
    from app.cohort.sources import SHA_LETTERS
    from dosimetry_core.cohort.csv_records import read_records
    from dosimetry_core.cohort.simulated import simulated_cohort

    records: list[CourseRecord] = []
    origins: list[str] = []
    failures: list[str] = []
    if arguments.store:
        kept, failures = _of_store(arguments)
        records += kept
        origins.append(f"those of this department's store ({len(kept)})")
    if arguments.simulate is not None:
        records += simulated_cohort(arguments.simulate)
        origins.append(f"simulated with seed {arguments.simulate} (no patient stands behind them)")
    for path in arguments.csv:
        content = _content(path)
        records += read_records(content, where=str(path))
        origins.append(f"from the table {path.name} (SHA-256 {hashlib.sha256(content).hexdigest()[:SHA_LETTERS]}…)")
    if arguments.cases:
        key = secret_key(arguments.key_file)
        records += [_computed(path, key) for path in arguments.cases]
        origins.append("computed from their cases")
    if not records:
        raise MissingDataError(
            "no courses", where="cohort", remedy="name cases, or say --store, --csv FILE or --simulate SEED"
        )
    _require_once(records)
    return records, " and ".join(origins), failures


def _require_once(records: Sequence[CourseRecord]) -> None:
    keys = [record.key for record in records]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise DosimetryError(
            f"the same patient is there twice: {', '.join(twice)}", where="cohort", remedy="take each course in once"
        )


def _of_store(arguments: argparse.Namespace) -> tuple[list[CourseRecord], list[str]]:
    """Records of the store's courses, computed where they are not current, and what is left out."""
    from app.cohort.engines import DaskCluster, Engine, Processes
    from app.cohort.store_courses import recompute, store_courses
    from app.operations.data_folder import located_data_folder
    from app.operations.site_configuration import read_site_configuration
    from app.operations.store_access import opened_store
    from app.operations.terminal import terminal_progress

    configuration = read_site_configuration()
    is_chosen = arguments.dask is not None or arguments.processes is not None
    cluster = arguments.dask if is_chosen else configuration.cohort_cluster
    engine: Engine = Processes(arguments.processes) if cluster is None else DaskCluster(cluster)
    folder = located_data_folder(arguments.data_folder, configuration=configuration)
    with opened_store(folder, configuration, who=None) as storage:
        recompute(
            storage,
            store_courses(storage),
            engine,
            anchor=configuration.anchor_file,
            progress=terminal_progress(),
        )
        found = store_courses(storage)
    records = [course.record for course in found if course.state == "current" and course.record is not None]
    failures = [
        f"course {course.listed.course_id}: {'' if course.kept is None else course.kept.failure or course.state}"
        for course in found
        if course.state != "current"
    ]
    return records, failures


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
