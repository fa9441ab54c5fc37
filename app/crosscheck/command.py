"""`lutetia crosscheck`: dose maps and numbers of other systems beside those of a case."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dosimetry_core.errors import DosimetryError

if TYPE_CHECKING:
    from dosimetry_core.comparison.gamma import GammaCriteria

DONE = 0
_CRITERIA = re.compile(r"(\d+(?:\.\d+)?)\s*%\s*/\s*(\d+(?:\.\d+)?)\s*mm")


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    one = commands.add_parser(
        "crosscheck", help="doses, VOIs, registrations and numbers of other systems beside a case"
    )
    one.add_argument("case", type=Path, metavar="CASE")
    one.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="RT Dose, structure set, segmentation, registration, or table (CSV)",
    )
    one.add_argument("--cycle", type=int, metavar="N", help="of which objects and organ tables are")
    one.add_argument("--nuclide", metavar="NAME", help="of which they are; a dose map without it is of all together")
    one.add_argument("--gamma", default="3%/3mm", metavar="P%%/Dmm", help="accepted differences (default 3%%/3mm)")
    one.add_argument("--local", action="store_true", help="percent of the dose at the place, not of the largest")
    one.add_argument("--out", type=Path, required=True, metavar="DIR")


def crosscheck(arguments: argparse.Namespace) -> int:
    """Compute the case with voxel doses, compare, and write tables."""
    from dataclasses import replace

    from app.crosscheck.compared import compare_files
    from app.crosscheck.tables import sentences_of, tables_of
    from app.importing.files_read import read_cycle, reading_process
    from app.operations.terminal import terminal_progress
    from app.outputs import output_folder, require_folder

    reading_process().warm_up()
    from dosimetry_core.case_file import read_case
    from dosimetry_core.pipeline import compute
    from dosimetry_core.result_tables.files import csv_bytes, xlsx_bytes

    require_folder(arguments.out)
    criteria = _criteria(arguments.gamma, local=arguments.local)
    case = read_case(arguments.case)
    # Voxel doses beside the chosen ones change none of them, and are what a dose map is compared with.
    case = replace(case, settings=replace(case.settings, voxel_s_values_beside=True))
    evaluation = compute(case, read_cycle=read_cycle, progress=terminal_progress())
    found = compare_files(
        evaluation,
        arguments.files,
        cycle=arguments.cycle,
        nuclide=arguments.nuclide,
        criteria=criteria,
        progress=terminal_progress(),
    )
    tables = tables_of(found)
    lines = [line for one in found for line in sentences_of(one)]
    with output_folder(arguments.out) as folder:
        for table in tables:
            (folder / f"{table.name.replace(' ', '-')}.csv").write_bytes(csv_bytes(table))
        (folder / "crosscheck.xlsx").write_bytes(xlsx_bytes(tables))
        content = [
            {"name": t.name, "columns": [c.heading for c in t.columns], "rows": [list(row) for row in t.rows]}
            for t in tables
        ]
        tree = {"remarks": lines, "tables": content}
        (folder / "crosscheck.json").write_text(json.dumps(tree, indent=1, ensure_ascii=False) + "\n", "utf-8")
    for line in lines:
        print(line)
    return DONE


def _criteria(text: str, *, local: bool) -> GammaCriteria:
    from dosimetry_core.comparison.gamma import GammaCriteria

    found = _CRITERIA.fullmatch(text.strip())
    if found is None:
        raise DosimetryError(f"can't be {text!r}", where="--gamma", remedy="write for example 3%/3mm")
    try:
        return GammaCriteria(float(found[1]) / 100, float(found[2]), local=local)
    except ValueError as error:
        raise DosimetryError(str(error), where="--gamma", remedy="write for example 3%/3mm") from error
