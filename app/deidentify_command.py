"""`lutetia deidentify`: a case for research, without its patient."""

from __future__ import annotations

import argparse
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from dosimetry_core.errors import DosimetryError

DONE = 0
_KEY_BYTES = 32


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
    from app.outputs import output_folder, require_folder

    reading_process().warm_up()
    from dosimetry_core.case_file import CASE_FILE_NAME, read_case
    from dosimetry_core.deidentification.course import course_files, prepared
    from dosimetry_core.pipeline import compute, import_case
    from dosimetry_core.plan_record import results_bytes
    from dosimetry_core.planning.protocol import bundled_protocols
    from dosimetry_core.results_json import results_json
    from dosimetry_core.toml_table import load_toml

    require_folder(arguments.out)
    key = _key(arguments.key_file)
    case = import_case(read_case(arguments.case), read_cycle=read_cycle, progress=terminal_progress())
    content = load_toml(arguments.case / CASE_FILE_NAME)
    made = prepared(case, key)
    count = 0
    with output_folder(arguments.out) as folder:
        for file in course_files(
            case,
            content,
            made.disguise,
            protocols=frozenset(bundled_protocols()),
            made_at=datetime.now().astimezone(),
            progress=terminal_progress(),
        ):
            place = folder / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.content)
            count += 1
        evaluation = compute(read_case(folder), read_cycle=read_cycle, progress=terminal_progress())
        (folder / "results.json").write_bytes(results_bytes(results_json(evaluation)))
    for finding in made.findings:
        print(f"{finding.level} [{finding.code}] {finding.place}: {finding.text}")
    print(f"{count} files and results.json of {made.disguise.pseudonym} in {arguments.out}")
    return DONE


def _key(path: Path | None) -> bytes:
    """The key of a file, made there if there is none; without a file one that is forgotten."""
    if path is None:
        return secrets.token_bytes(_KEY_BYTES)
    from app.outputs import write_file

    if not path.exists():
        write_file(path, secrets.token_hex(_KEY_BYTES).encode("ascii") + b"\n")
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise DosimetryError("is no key", where=str(path), remedy="name a file that this command made") from error
    if len(key) < _KEY_BYTES:
        raise DosimetryError("holds a key that is too short", where=str(path), remedy="let the command make one")
    return key
