"""The program against the second opinion on fixed random courses; ends with 1 and says what differs.

It imports what computes, so that a fault in the program under it is seen here.
"""

from __future__ import annotations

import sys
from itertools import islice

from dosimetry_core.second_opinion import compare
from tests.dosimetry_core.second_opinion.records import course

PROTOCOLS = ("duonen-a", "duonen-b", "duonen-c", "duonen-d", "garske-roman")
MODELS = ("mono-exponential", "bi-exponential", "bi-exponential-uptake", "log-trapezoid", "automatic")
NUMBER = 25


def disagreement(number: int = NUMBER) -> str:
    """The first course and quantity that both do not agree on; nothing if they do."""
    for seed in range(number):
        record = course(
            1000 + seed,
            protocol=PROTOCOLS[seed % len(PROTOCOLS)],
            model=MODELS[seed // len(PROTOCOLS) % len(MODELS)],
            cycles=1 + seed % 4,
        )
        for found in islice(compare(record), 1):
            return f"course {1000 + seed}, {found['quantity']}: {found['value']} and {found['second_value']}"
    return ""


if __name__ == "__main__":
    said = disagreement()
    if said:
        sys.exit(said)
