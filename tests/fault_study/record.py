"""What a study found: the kept file, its summary, and the page made of it."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fault_study.choice import ROOMS
from tests.fault_study.faults import Fault
from tests.fault_study.trial import Result

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "tests" / "reference" / "fault_study.json"
SURVIVORS = ROOT / "tests" / "reference" / "fault_study_survivors.toml"
PAGE = ROOT / "resources" / "documentation" / "fault-study.md"
OUTCOMES = ("test", "second opinion", "time limit", "survived")
HEADING = "\n## What was found\n"


@dataclass(frozen=True)
class Study:
    """A seed, the sources it was drawn from, and each fault with what became of it, as kept in JSON."""

    version: str
    seed: int
    sources_sha256: Mapping[str, str]
    tests: int
    faults: Sequence[Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "seed": self.seed,
            "sources_sha256": dict(self.sources_sha256),
            "tests": self.tests,
            "faults": list(self.faults),
        }


@dataclass(frozen=True)
class Count:
    """Number of faults, of those that survived, and of those among them that no test can catch."""

    faults: int
    by_outcome: Mapping[str, int]
    equivalent: int
    closed: int

    @property
    def caught(self) -> int:
        return self.faults - self.by_outcome["survived"]

    @property
    def share(self) -> float:
        """Of all faults, equivalent ones counted as not caught."""
        return self.caught / self.faults

    @property
    def share_of_real(self) -> float:
        """Of the faults that change what the program does."""
        return self.caught / (self.faults - self.equivalent)


def entry(fault: Fault, result: Result) -> dict[str, Any]:
    """A fault and its result as kept."""
    return {
        "module": fault.module,
        "function": fault.function,
        "operator": fault.operator,
        "ordinal": fault.ordinal,
        "line": fault.line,
        "before": fault.before,
        "after": fault.after,
        "outcome": result.outcome,
        "by": result.by,
    }


def identity(kept: Mapping[str, Any]) -> str:
    """Name of a kept fault, as `Fault.identity`."""
    return f"{kept['module']}:{kept['function']}:{kept['operator']}:{kept['ordinal']}"


def read_study(path: Path = KEPT) -> Study:
    return Study(**json.loads(path.read_text("utf-8")))


def write_study(study: Study, path: Path = KEPT) -> None:
    path.write_text(json.dumps(study.to_json(), indent=1, ensure_ascii=False) + "\n", "utf-8")


def arguments() -> dict[str, str]:
    """Name of a fault → why no test can tell the program with it from the one without."""
    return dict(tomllib.loads(SURVIVORS.read_text("utf-8"))["equivalent"])


def closed_gaps() -> list[str]:
    """Names of the faults that survived at first and for which a test was written."""
    return list(tomllib.loads(SURVIVORS.read_text("utf-8"))["closed"])


def count(faults: Iterable[Mapping[str, Any]], argued: Mapping[str, str], closed: Sequence[str]) -> Count:
    faults = list(faults)
    outcomes = Counter(kept["outcome"] for kept in faults)
    equivalent = sum(kept["outcome"] == "survived" and identity(kept) in argued for kept in faults)
    mended = sum(kept["outcome"] != "survived" and identity(kept) in closed for kept in faults)
    return Count(len(faults), {name: outcomes[name] for name in OUTCOMES}, equivalent, mended)


def page_tables(study: Study, argued: Mapping[str, str], closed: Sequence[str]) -> str:
    """The part of the page that follows from the kept study."""
    lines = [
        f"Run on the sources of version {study.version} (digests in the file) with seed {study.seed}: "
        f"{len(study.faults)} faults, {study.tests} tests.",
        "",
        "| room | faults | caught by a test | of these by one written for it | by the second opinion "
        "| by the time limit | survived | of these equivalent | caught, of all | caught, of those not equivalent |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for room in (*ROOMS, "together"):
        of_room = [kept for kept in study.faults if room in (kept["module"].split("/")[1], "together")]
        number = count(of_room, argued, closed)
        by = number.by_outcome
        cells = (
            number.faults,
            by["test"],
            number.closed,
            by["second opinion"],
            by["time limit"],
            by["survived"],
            number.equivalent,
            f"{100 * number.share:.1f} %",
            f"{100 * number.share_of_real:.1f} %",
        )
        lines.append(f"| {room} | {' | '.join(str(cell) for cell in cells)} |")
    lines += ["", "| kind of fault | faults | caught |", "|---|---|---|"]
    for operator in sorted({kept["operator"] for kept in study.faults}):
        number = count((kept for kept in study.faults if kept["operator"] == operator), argued, closed)
        lines.append(f"| {operator} | {number.faults} | {number.caught} |")
    survivors = [kept for kept in study.faults if kept["outcome"] == "survived"]
    lines += ["", "Survivors:", "", "| where | fault | why it is not caught |", "|---|---|---|"]
    for kept in survivors:
        where = f"{kept['module'].removeprefix('dosimetry_core/')}, {kept['function']}"
        change = f"`{_cell(kept['before'])}` → `{_cell(kept['after'])}`"
        lines.append(f"| {where} | {change} | {argued.get(identity(kept), 'Not equivalent: a gap.')} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "¦").replace("`", "'")


def with_tables(page: str, tables: str) -> str:
    """The page with what follows from the kept study made anew."""
    head, _, rest = page.partition(HEADING)
    _, mark, tail = rest.partition("\n## ")
    return f"{head}{HEADING}\n{tables}\n{mark}{tail}"
