"""``lutetia protocols``: which protocols there are, what one says, and what is wrong with a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

DONE: Final = 0
FAULTY: Final = 2


def add_protocols_parser(commands: Any) -> None:
    """Add ``protocols``."""
    protocols = commands.add_parser("protocols", help="treatment protocols: list them, check a file of your own")
    actions = protocols.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=type(protocols))
    actions.add_parser("list", help="those that come with the program, and the clinic's own")
    check = actions.add_parser("check", help="faults of a file by line and key, and its effect on a sample patient")
    check.add_argument("file", type=Path, metavar="FILE.toml")
    show = actions.add_parser("show", help="the text of one, to begin a file of your own from")
    show.add_argument("name", metavar="NAME")


def protocols(arguments: argparse.Namespace) -> int:
    """Do what is asked; exit status 2 for a file with faults."""
    acts = {"list": _list, "check": _check, "show": _show}
    return acts[str(arguments.action)](arguments)


def _list(_: argparse.Namespace) -> int:
    from app.operations.data_folder import data_folder
    from app.protocols.own_protocols import own_protocols
    from dosimetry_core.planning.protocol import bundled_protocols, read_protocol

    for name in bundled_protocols():
        protocol = read_protocol(name)
        print(f"{name}: {protocol.title}; sha256 {protocol.digest}")
    for own in own_protocols(data_folder()):
        read = own.checked.protocol
        said = f"saved by {own.saved_by} at {own.saved_at}: {own.why}" if own.saved_by else "of unknown origin"
        told = f"{read.title}; sha256 {read.digest}" if read is not None else f"{len(own.checked.faults)} faults"
        print(f"{own.path}: {told}; {said}")
    return DONE


def _check(arguments: argparse.Namespace) -> int:
    from app.protocols.effect import effect_rows, sample_outcome
    from app.protocols.own_protocols import read_own

    own = read_own(arguments.file, where=str(arguments.file))
    if own.checked.protocol is None:
        for fault in own.checked.faults:
            print(fault.text, file=sys.stderr)
        return FAULTY
    print(f"{own.checked.protocol.name}: {own.checked.protocol.title}; sha256 {own.checked.protocol.digest}")
    for doubt in own.checked.doubts:
        print(f"warning: {doubt.text}", file=sys.stderr)
    outcome = sample_outcome(own.checked.protocol)
    print("sample patient (the demonstration after two cycles):")
    if outcome.plan is None:
        print(f"  can't be planned by: {outcome.reason}")
    for row in effect_rows(outcome, outcome):
        print(f"  {row.cells['what']}: {row.cells['after']}")
    return DONE


def _show(arguments: argparse.Namespace) -> int:
    from dosimetry_core.data_tables import table_bytes
    from dosimetry_core.planning.protocol import read_protocol

    read_protocol(arguments.name)  # names those there are if it is unknown
    print(table_bytes("protocols", f"{arguments.name}.toml").decode("utf-8"), end="")
    return DONE
