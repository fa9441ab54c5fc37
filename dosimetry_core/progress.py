"""Progress and cancellation, handed down to a computation as one callable."""

from __future__ import annotations

import threading
from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Called as ``progress(fraction, message)`` a few times a second; raises `Cancelled` when the user stops."""


class Cancelled(Exception):
    """The user stopped the computation. Not an error."""


def no_progress(fraction: float, message: str) -> None:
    """Progress for scripts and tests: does nothing."""


def show_nothing(value: object) -> None:
    """For those who wait for the whole: does nothing with what is there before."""


def part_of(progress: Progress, begin: float, end: float) -> Progress:
    """Progress of one part of a longer computation, mapped to fractions ``begin`` … ``end`` of the whole."""

    def report(fraction: float, message: str) -> None:
        progress(begin + (end - begin) * fraction, message)

    return report


def from_threads(progress: Progress) -> Progress:
    """Progress that several threads report to: passed on one at a time, and never back."""
    lock, furthest = threading.Lock(), 0.0

    def report(fraction: float, message: str) -> None:
        nonlocal furthest
        with lock:
            furthest = max(furthest, fraction)
            progress(furthest, message)

    return report
