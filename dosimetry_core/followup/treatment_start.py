"""When treatment began, as follow-up counts it."""

from __future__ import annotations

from datetime import date

from dosimetry_core.case import Case


def treatment_start(case: Case) -> date | None:
    """Day of the first administration of the course; None where none is recorded."""
    return min((one.start.date() for cycle in case.cycles for one in cycle.administrations), default=None)
