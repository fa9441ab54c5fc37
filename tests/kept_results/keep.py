"""The kept numbers: one file for each room, one line for each case."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.kept_results import dose, kinetics, planning
from tests.kept_results.flatten import Leaf

FOLDER: Final = Path(__file__).parents[1] / "reference" / "kept_results"
ROOMS: Final[Mapping[str, Mapping[str, Callable[[], dict[str, Leaf]]]]] = {
    "kinetics": kinetics.PARTS,
    "dose": dose.PARTS,
    "planning": planning.PARTS,
}
# Far below any stated uncertainty, far above what another processor or library makes of the same formula.
SAME_WITHIN: Final = 1e-5
_DIGITS: Final = 7


def differences(room: str, part: str) -> list[str]:
    """What is not as it was kept. What is new is no difference, what is gone is one."""
    found, kept = ROOMS[room][part](), dict(_flat(_read(room)[part]))
    said = []
    for path, before in kept.items():
        now = found.get(path, "gone")
        if not _same(before, now):
            said.append(f"{path}: {before} before, {now} now")
    return said


def write() -> None:
    """Keep the present numbers."""
    FOLDER.mkdir(exist_ok=True)
    for room, parts in ROOMS.items():
        lines = []
        for name, make in parts.items():
            cases: dict[str, Any] = {}
            for path, leaf in make().items():
                _put(cases, path.split("."), float(f"{leaf:.{_DIGITS}g}") if isinstance(leaf, float) else leaf)
            rows = ",\n".join(f"{json.dumps(case)}:{_line(tree)}" for case, tree in cases.items())
            lines.append(f"{json.dumps(name)}:{{\n{rows}\n}}")
        (FOLDER / f"{room}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def _line(tree: Any) -> str:
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))


def _put(tree: dict[str, Any], path: list[str], leaf: Leaf) -> None:
    first, *rest = path
    if rest:
        below = tree.setdefault(first, {})
        if not isinstance(below, dict):
            below = tree[first] = {"": below}
        _put(below, rest, leaf)
    elif isinstance(tree.get(first), dict):
        tree[first][""] = leaf
    else:
        tree[first] = leaf


def _flat(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Leaf]]:
    for key, value in tree.items():
        below = path if key == "" else f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from _flat(value, below)
        else:
            yield below, value


@functools.cache
def _read(room: str) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads((FOLDER / f"{room}.json").read_text("utf-8"))
    return tree


def _same(before: Leaf, now: Leaf) -> bool:
    if isinstance(before, str) or isinstance(now, str) or before is None or now is None:
        return before == now
    return abs(now - before) <= SAME_WITHIN * max(abs(before), abs(now))
