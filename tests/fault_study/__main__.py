"""Lists the faults, tries them, and writes what was found to the kept file and the page.

python -m tests.fault_study list               the faults of the present sources
python -m tests.fault_study run                tries them all and keeps the result (about an hour of one core)
python -m tests.fault_study run --seed 7 --number 60 --into FOLDER    another draw, kept in FOLDER only
python -m tests.fault_study page               makes the tables of the page anew
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dosimetry_core.version import SOFTWARE_VERSION
from tests.fault_study.choice import NUMBER, SEED, chosen, modules
from tests.fault_study.faults import Fault, digest_of
from tests.fault_study.record import (
    PAGE,
    ROOT,
    Study,
    arguments,
    closed_gaps,
    count,
    entry,
    page_tables,
    read_study,
    with_tables,
    write_study,
)
from tests.fault_study.trial import Bench


def study(
    root: Path,
    folder: Path,
    *,
    seed: int = SEED,
    number: int = NUMBER,
    only: str = "",
    quick: bool = False,
    learn: bool = True,
    known: Path | None = None,
) -> Study:
    """Draw the faults of the sources under ``root`` and try them; what ``folder`` already holds is not repeated."""
    texts = modules(root)
    digests = {module: digest_of([root / module]) for module in texts}
    faults = [fault for fault in chosen(texts, seed=seed, number=number) if re.search(only, fault.identity)]
    argued = arguments()
    done = _done(folder / "done.jsonl")
    bench = Bench(root, folder)
    begin = time.monotonic()
    if learn:
        bench.learn(known)
    tests = bench.count()
    print(f"{tests} tests, learnt in {time.monotonic() - begin:.0f} s", flush=True)
    kept = []
    for place, fault in enumerate(faults, start=1):
        key = _key(fault, digests)
        if key not in done:
            begin = time.monotonic()
            done[key] = entry(fault, bench.tried(fault, thorough=not quick and fault.identity not in argued))
            with (folder / "done.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "entry": done[key]}, ensure_ascii=False) + "\n")
            taken = time.monotonic() - begin
            what = f"{done[key]['outcome']}: {done[key]['by'][:90]}"
            print(f"{place}/{len(faults)} {fault.identity} {taken:.0f} s, {what}", flush=True)
        kept.append(done[key])
    return Study(SOFTWARE_VERSION, seed, digests, tests, kept)


def _key(fault: Fault, digests: Mapping[str, str]) -> str:
    return f"{fault.identity} {digests[fault.module]}"


def _done(path: Path) -> dict[str, Any]:
    """Faults that an interrupted run has tried, by name and digest of the module."""
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return {row["key"]: row["entry"] for row in rows}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fault_study")
    parser.add_argument("command", choices=["list", "run", "page"])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--number", type=int, default=NUMBER)
    parser.add_argument("--only", default="", help="faults whose name matches this expression")
    parser.add_argument("--quick", action="store_true", help="only the tests that reach the changed lines")
    parser.add_argument("--all-tests", action="store_true", help="do not learn which tests reach what; slower for many")
    parser.add_argument("--map", type=Path, help="choose tests by the map of an earlier run, in its folder")
    parser.add_argument("--into", type=Path, help="folder for the copy and the result; nothing else is written")
    options = parser.parse_args()
    if options.command == "list":
        for fault in chosen(modules(ROOT), seed=options.seed, number=options.number):
            if re.search(options.only, fault.identity):
                print(f"{fault.identity} line {fault.line}\n    {fault.before}\n    {fault.after}")
    if options.command == "run":
        folder = options.into or Path(tempfile.mkdtemp(prefix="lutetia-faults-"))
        folder.mkdir(parents=True, exist_ok=True)
        found = study(
            ROOT,
            folder,
            seed=options.seed,
            number=options.number,
            only=options.only,
            quick=options.quick,
            learn=not options.all_tests,
            known=options.map,
        )
        write_study(found, folder / "fault_study.json")
        if options.into is None:
            write_study(found)
        number = count(found.faults, arguments(), closed_gaps())
        print(
            f"{number.caught} of {number.faults} caught ({100 * number.share:.1f} %), "
            f"{number.equivalent} of the others equivalent"
        )
    if options.command == "page" or (options.command == "run" and options.into is None):
        tables = page_tables(read_study(), arguments(), closed_gaps())
        PAGE.write_text(with_tables(PAGE.read_text("utf-8"), tables), "utf-8")


if __name__ == "__main__":
    main()
