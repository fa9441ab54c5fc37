"""When the cycles of a course are due: eight weeks apart, two more or less (methods 6.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dosimetry_core.case import Cycle
from dosimetry_core.units import SECONDS_PER_DAY

DAYS_PER_WEEK: Final = 7
CYCLE_INTERVAL_S: Final = 8 * DAYS_PER_WEEK * SECONDS_PER_DAY
CYCLE_INTERVAL_TOLERANCE_S: Final = 2 * DAYS_PER_WEEK * SECONDS_PER_DAY


@dataclass(frozen=True)
class CycleWindow:
    """When a cycle may be given.

    Parameters
    ----------
    cycle
        Its number.
    earliest, due, latest
        Instants; ``due`` is eight weeks after the cycle before, or after that one's due date.
    """

    cycle: int
    earliest: datetime
    due: datetime
    latest: datetime


def start_of(cycle: Cycle) -> datetime | None:
    """When the first infusion of a cycle began; None without an administration."""
    return min((given.start for given in cycle.administrations), default=None)


def weeks_between(before: datetime, after: datetime) -> float:
    """Weeks from one start to another."""
    return (after - before).total_seconds() / (DAYS_PER_WEEK * SECONDS_PER_DAY)


def is_usual_interval(apart_s: float) -> bool:
    """Whether two cycles that are so far apart keep the interval."""
    return abs(apart_s - CYCLE_INTERVAL_S) <= CYCLE_INTERVAL_TOLERANCE_S


def coming_windows(
    cycles: Sequence[Cycle], next_cycle: int | None, planned_cycles: int | None
) -> tuple[CycleWindow, ...]:
    """Windows of the next cycle and of those after it; of the next one only where their number is open.

    Only the next one's is measured from a cycle that was given: the others assume that each is given when it is due, so
    each adds a tolerance.
    """
    starts = [start for cycle in cycles if (start := start_of(cycle)) is not None]
    if not starts or next_cycle is None:
        return ()
    last, windows = max(starts), []
    for count, number in enumerate(range(next_cycle, max(planned_cycles or next_cycle, next_cycle) + 1), start=1):
        due = last + timedelta(seconds=count * CYCLE_INTERVAL_S)
        tolerance = timedelta(seconds=count * CYCLE_INTERVAL_TOLERANCE_S)
        windows.append(CycleWindow(number, due - tolerance, due, due + tolerance))
    return tuple(windows)
