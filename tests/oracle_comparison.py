"""Makes resources/documentation/oracles.md anew: ``python -m tests.oracle_comparison``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.test_oracles import CASES, ORACLES

PAGE = Path(__file__).parents[1] / "resources" / "documentation" / "oracles.md"
SAME_BELOW = 5e-8
"""The file of oracles has eight digits."""
HEAD = """# Oracles: each number beside one computed without this program

Made by `python -m tests.oracle_comparison` from `tests/reference/oracles.json` and the production functions; a test
keeps it up to date. The numbers of the file were computed by other means: formulas, other programs, publications. "How"
says by what. The difference is relative, or absolute where the reference is zero or the tolerance is; `same` is below
the eight digits of the file. What a value means, and the inputs, stand in the file under the same id.

| id | topic | quantity | ours | reference | difference | allowed | how |
|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Comparison:
    """One number of an oracle: ours and the reference."""

    identity: str
    topic: str
    quantity: str
    ours: Any
    reference: Any
    tolerance: dict[str, Any]
    how: str

    @property
    def is_number(self) -> bool:
        """Whether both are numbers, not words or yes and no."""
        return all(isinstance(v, int | float) and not isinstance(v, bool) for v in (self.ours, self.reference))

    @property
    def is_absolute(self) -> bool:
        """Whether the difference is stated as it is, not divided by the reference."""
        return self.tolerance["type"] == "absolute" or not self.reference

    @property
    def difference(self) -> float | None:
        """Ours less the reference; None where they are not numbers."""
        if not self.is_number:
            return None
        difference = float(self.ours) - float(self.reference)
        return difference if self.is_absolute else difference / float(self.reference)

    def row(self) -> str:
        """The row of the page."""
        allowed = f"{self.tolerance['type']} {self.tolerance['value']:g}" if "value" in self.tolerance else "exact"
        cells = (
            f"`{self.identity}`",
            self.topic,
            f"`{self.quantity}`",
            _shown(self.ours),
            _shown(self.reference),
            self._difference_text(),
            allowed,
            self.how,
        )
        return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |"

    def _difference_text(self) -> str:
        difference = self.difference
        if difference is None:
            return "same" if self.ours == self.reference else "differs"
        return "same" if abs(difference) < SAME_BELOW else f"{difference:+.1e}"


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:.8g}" if isinstance(value, int | float) else str(value)


def comparisons() -> Iterator[Comparison]:
    """Every number of every oracle, in the order of the file."""
    for identity, oracle in ORACLES.items():
        ours = CASES[identity](oracle["inputs"])
        for quantity, expected in oracle["expected"].items():
            if quantity in ours:
                for name, mine, reference in _flat(quantity, ours[quantity], expected):
                    yield Comparison(
                        identity, oracle["topic"], name, mine, reference, oracle["tolerance"], oracle["how_obtained"]
                    )


def _flat(name: str, ours: Any, reference: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(reference, dict):
        for key, value in reference.items():
            if key in ours:
                yield from _flat(f"{name}.{key}", ours[key], value)
    elif isinstance(reference, list):
        for number, (mine, value) in enumerate(zip(ours, reference, strict=True), start=1):
            yield from _flat(f"{name} {number}", mine, value)
    else:
        yield name, ours, reference


def page() -> str:
    """Text of the page."""
    return HEAD + "\n".join(comparison.row() for comparison in comparisons()) + "\n"


def largest_relative_differences() -> dict[str, float]:
    """Oracle → largest difference where it is relative."""
    found: dict[str, float] = {}
    for comparison in comparisons():
        difference = comparison.difference
        if difference is not None and not comparison.is_absolute and math.isfinite(difference):
            found[comparison.identity] = max(found.get(comparison.identity, 0.0), abs(difference))
    return found


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
