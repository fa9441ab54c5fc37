"""How a protocol's activity was modified from cycle to cycle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dosimetry_core.cohort.records import CourseRecord

Change = Literal["increased", "unchanged", "reduced"]
_SIGNS = {"increased": "+", "unchanged": "=", "reduced": "−"}
UNCHANGED_WITHIN = 0.05
"""A free activity within 5 % of the standard one counts as unchanged: calibrators and rounding differ by as much."""


@dataclass(frozen=True)
class Modification:
    """Free activity of one cycle against the protocol's standard."""

    cycle: int
    factor: float

    @property
    def change(self) -> Change:
        """Whether it was increased, reduced, or left as it is."""
        if self.factor > 1 + UNCHANGED_WITHIN:
            return "increased"
        return "reduced" if self.factor < 1 - UNCHANGED_WITHIN else "unchanged"


def modifications(record: CourseRecord) -> tuple[Modification, ...]:
    """Of each cycle; empty where the protocol has no free nuclide, or its standard activity is not known."""
    nuclide = record.free_nuclide
    standard = record.standard_activity_bq.get(nuclide) if nuclide is not None else None
    if nuclide is None or not standard:
        return ()
    return tuple(Modification(cycle.number, cycle.activity_bq.get(nuclide, 0.0) / standard) for cycle in record.cycles)


def pattern(record: CourseRecord) -> str:
    """One sign a cycle, ``"= + + −"``; empty where nothing could be modified."""
    return " ".join(_SIGNS[one.change] for one in modifications(record))


def patterns(records: Sequence[CourseRecord]) -> list[tuple[str, int]]:
    """How often each pattern occurs, the most frequent first."""
    counted = Counter(found for record in records if (found := pattern(record)))
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))
