"""`lutetia report` and `lutetia tables`: the report as PDF, and all results as CSV, XLSX and JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from dosimetry_core.errors import DosimetryError

DONE = 0
FORMATS = ("csv", "xlsx", "json")


def add_parsers(commands: Any) -> None:
    """Add both commands to the command line."""
    from dosimetry_core.treatment_report.language import LANGUAGES
    from dosimetry_core.treatment_report.values import PAPERS

    report = commands.add_parser("report", help="the report as PDF, in a language and for a paper size")
    report.add_argument("case", type=Path, metavar="CASE")
    report.add_argument("--out", type=Path, required=True, metavar="FILE.pdf")
    report.add_argument("--language", choices=tuple(LANGUAGES), help="otherwise that of the preferences")
    report.add_argument("--paper", choices=tuple(PAPERS), help="otherwise that of the preferences")
    report.add_argument("--no-annex", action="store_true", help="without the technical annex")
    report.add_argument(
        "--plan", type=Path, metavar="PLAN.pdf", help="a signed plan of this course: its record is shown"
    )
    tables = commands.add_parser("tables", help="all results as tables: CSV, XLSX and JSON")
    tables.add_argument("case", type=Path, metavar="CASE", help="a case, or its results.json")
    tables.add_argument("--out", type=Path, required=True, metavar="DIR")
    tables.add_argument("--format", action="append", choices=FORMATS, help="only this one; may be repeated")


def report(arguments: argparse.Namespace) -> int:
    """Compute the case and write its report."""
    from app.importing.files_read import read_cycle, reading_process
    from app.operations.terminal import terminal_progress
    from app.outputs import write_file
    from app.preferences import read_preferences
    from app.reports.making import made_report, verified_plan
    from dosimetry_core.case_file import read_case
    from dosimetry_core.pipeline import compute
    from dosimetry_core.treatment_report import ReportOptions
    from dosimetry_core.treatment_report.values import paper_of

    if arguments.out.is_dir():
        raise DosimetryError("is a folder", where=str(arguments.out), remedy="name the PDF file")
    plan = None if arguments.plan is None else _read(arguments.plan)
    if plan is not None:
        verified_plan(plan)
    reading_process().warm_up()
    preferences = read_preferences()
    options = ReportOptions(
        arguments.language or preferences.report_language,
        paper_of(arguments.paper or preferences.report_paper),
        not arguments.no_annex,
    )
    evaluation = compute(read_case(arguments.case), read_cycle=read_cycle, progress=terminal_progress())
    content = made_report(evaluation, {}, options, plan=plan, progress=terminal_progress())
    write_file(arguments.out, content)
    print(arguments.out)
    return DONE


def tables(arguments: argparse.Namespace) -> int:
    """Write the tables of a case, or of results that were computed before."""
    from app.outputs import output_folder, require_folder
    from dosimetry_core.result_tables import table_files

    require_folder(arguments.out)
    files = table_files(_results(arguments.case), tuple(arguments.format or FORMATS))
    with output_folder(arguments.out) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)
    for name in files:
        print(arguments.out / name)
    return DONE


def _results(path: Path) -> dict[str, Any]:
    if path.suffix == ".json":
        try:
            tree = json.loads(_read(path))
        except ValueError as error:
            raise DosimetryError("is not JSON", where=str(path), remedy="name results.json or a case") from error
        if not isinstance(tree, dict) or not isinstance(tree.get("cycles"), list):
            raise DosimetryError("holds no results", where=str(path), remedy="name results.json or a case")
        return tree
    from app.importing.files_read import read_cycle, reading_process
    from app.operations.terminal import terminal_progress
    from dosimetry_core.case_file import read_case
    from dosimetry_core.pipeline import compute
    from dosimetry_core.results_json import results_json

    reading_process().warm_up()
    return dict(results_json(compute(read_case(path), read_cycle=read_cycle, progress=terminal_progress())))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DosimetryError(
            f"can't be read ({error.strerror})", where=str(path), remedy="check the path and the access rights"
        ) from error
