"""Draws the faults of the study: a fixed seed, spread over the modules in proportion to their statements."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from tests.fault_study.faults import Fault, faults_of, is_another_program, statements_of

ROOMS = ("kinetics", "dose", "planning")
SEED = 20260301
NUMBER = 150


def modules(root: Path) -> dict[str, str]:
    """Text of each module of the studied rooms, by its path."""
    found = {}
    for room in ROOMS:
        for path in sorted((root / "dosimetry_core" / room).rglob("*.py")):
            found[path.relative_to(root).as_posix()] = path.read_text("utf-8")
    return found


def chosen(texts: Mapping[str, str], *, seed: int = SEED, number: int = NUMBER) -> list[Fault]:
    """The faults of a study, in the order of modules and lines.

    Notes
    -----
    Within a module the operators take turns, in an order drawn for it, so that rare kinds are not lost among the many
    constants; each gives its fault of lowest draw. Draws are SHA-256 of seed and name of the fault, so that a change of
    one function leaves those of the others as they are. A line is changed once only, as long as others are left.
    """
    shares = _shares({module: statements_of(text) for module, text in texts.items()}, number)
    found = []
    for module, text in texts.items():
        found += _drawn(text, faults_of(module, text), seed, shares[module])
    return sorted(found, key=lambda fault: (fault.module, fault.line, fault.start, fault.identity))


def _shares(statements: Mapping[str, int], number: int) -> dict[str, int]:
    """Number of faults by module: in proportion to the statements, largest remainders rounded up."""
    total = sum(statements.values())
    exact = {module: number * count / total for module, count in statements.items()}
    shares = {module: int(value) for module, value in exact.items()}
    left = number - sum(shares.values())
    for module in sorted(exact, key=lambda module: (shares[module] - exact[module], module))[:left]:
        shares[module] += 1
    return shares


def _draw(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def _drawn(text: str, candidates: list[Fault], seed: int, number: int) -> list[Fault]:
    waiting: dict[str, list[Fault]] = {}
    for fault in sorted(candidates, key=lambda fault: _draw(seed, fault.identity)):
        waiting.setdefault(fault.operator, []).append(fault)
    turns = sorted(waiting, key=lambda operator: _draw(seed, f"{waiting[operator][0].module}:{operator}"))
    found: list[Fault] = []
    lines: set[int] = set()
    for fresh_only in (True, False):
        progress = True
        while progress and len(found) < number:
            progress = False
            for operator in turns:
                pick = next((f for f in waiting[operator] if not fresh_only or f.line not in lines), None)
                if pick is None or len(found) == number:
                    continue
                progress = True
                waiting[operator].remove(pick)
                if is_another_program(pick, text):
                    found.append(pick)
                    lines.add(pick.line)
    return found
