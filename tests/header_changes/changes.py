"""Changes of header elements of every kind, by turns."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.header_changes import counting, ct_and_vois, decay, identity, missing, placement, times, values
from tests.header_changes.change import HeaderChange, Rule

RULES: list[Rule] = [
    *values.RULES,
    *times.RULES,
    *counting.RULES,
    *decay.RULES,
    *placement.RULES,
    *identity.RULES,
    *ct_and_vois.RULES,
    *missing.RULES,
]
"""All ways of changing elements; the order decides what a seed draws."""


def header_changes(count: int, seed: int) -> Iterator[HeaderChange]:
    """So many changes; the rules take turns."""
    for number in range(count):
        yield RULES[number % len(RULES)](random.Random(f"{seed} {number}"))
