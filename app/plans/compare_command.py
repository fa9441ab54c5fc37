"""``lutetia compare A B``: what differs between two revisions of a course, and by how much."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dosimetry_core.errors import DosimetryError

if TYPE_CHECKING:
    from dosimetry_core.case import Case

DONE = 0


def add_parser(commands: Any) -> None:
    """The command and its options."""
    parser = commands.add_parser("compare", help="what differs between two revisions of a course, and by how much")
    for name in ("A", "B"):
        parser.add_argument(
            f"revision_{name.lower()}", type=Path, metavar=name, help="case folder, results.json or plan"
        )
    parser.add_argument("--json", action="store_true")


def compare(arguments: argparse.Namespace) -> int:
    """Print inputs and results that differ."""
    from app.plans.comparison import compared

    (one, first), (other, second) = (_read(path) for path in (arguments.revision_a, arguments.revision_b))
    cases = (first, second) if first is not None and second is not None else None
    found = compared(one, other, cases=cases)
    if arguments.json:
        tree = {
            "inputs": [{"place": c.place, "before": c.old, "after": c.new} for c in found.inputs],
            "results": [
                {"name": row.name, "before": row.before, "after": row.after, "differs": row.differs}
                for row in found.results
            ],
        }
        print(json.dumps(tree, indent=1, ensure_ascii=False))
        return DONE
    for line in found.lines():
        print(line)
    return DONE


def _read(path: Path) -> tuple[dict[str, Any], Case | None]:
    """Results of a revision, and its case where they are computed from one."""
    from dosimetry_core.canonical_json import parse_json

    if path.suffix.lower() in (".json", ".pdf"):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DosimetryError(f"can't be read ({error.strerror})", where=str(path)) from error
        if path.suffix.lower() == ".pdf":
            from app.plans.plan_attachments import attached_plan

            return attached_plan(content).results, None
        results = parse_json(content, where=str(path))
        return results if isinstance(results, dict) else {}, None
    from app.importing.files_read import read_cycle
    from app.operations.terminal import terminal_progress
    from dosimetry_core.case_file import read_case
    from dosimetry_core.pipeline import compute
    from dosimetry_core.results_json import results_json

    evaluation = compute(read_case(path), read_cycle=read_cycle, progress=terminal_progress())
    return results_json(evaluation), evaluation.case
