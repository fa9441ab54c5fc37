"""`lutetia deidentify`: a case for research, without its patient."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.secret_key import secret_key

DONE = 0


def add_deidentify_parser(commands: Any) -> None:
    """Add the command to the command line."""
    one = commands.add_parser("deidentify", help="a case for research, without its patient")
    one.add_argument("case", type=Path, metavar="CASE")
    one.add_argument("--out", type=Path, required=True, metavar="DIR")
    one.add_argument("--key-file", type=Path, metavar="F", help="the same key gives the same pseudonyms again")


def deidentify(arguments: argparse.Namespace) -> int:
    """Import the case, write what may go out, compute the results anew from that alone."""
    from app.importing.files_read import read_cycle, reading_process
    from app.operations.terminal import terminal_progress

    reading_process().warm_up()
    from app.deidentification.export import require_empty, write_deidentified
    from dosimetry_core.case_file import CASE_FILE_NAME, read_case
    from dosimetry_core.pipeline import align_case, evaluate, import_case
    from dosimetry_core.toml_table import load_toml

    require_empty(arguments.out)
    key = secret_key(arguments.key_file)
    case = import_case(read_case(arguments.case), read_cycle=read_cycle, progress=terminal_progress())
    content = load_toml(arguments.case / CASE_FILE_NAME)
    made = write_deidentified(
        case,
        content,
        lambda: evaluate(align_case(case, progress=terminal_progress())),
        arguments.out,
        key,
        progress=terminal_progress(),
    )
    for finding in made.findings:
        print(f"{finding.level} [{finding.code}] {finding.place}: {finding.text}")
    if made.without_report:
        print(f"no report.pdf: {made.without_report}")
    others = " and results.json" if made.without_report else ", results.json and report.pdf"
    print(f"{made.count} files{others} of {made.pseudonym} in {arguments.out}")
    return DONE
