"""A scan in words: its delay after the administration, its registration."""

from __future__ import annotations

from app.registration_words import REGISTRATION_WORDS
from dosimetry_core.case import Cycle
from dosimetry_core.image import TimePoint
from dosimetry_core.units import HOUR, MILLIMETRE


def delay_s(cycle: Cycle, point: TimePoint) -> float | None:
    """Time from the middle of the first nuclide's infusion to the start of the scan."""
    if not cycle.administrations:
        return None
    return (point.spect.acquisition_start - cycle.administrations[0].time_zero).total_seconds()


def delay_text(cycle: Cycle, point: TimePoint) -> str:
    """The delay as read: ``"24.0 h"``."""
    delay = delay_s(cycle, point)
    return "no administration" if delay is None else HOUR.text(delay, digits=1)


def registration_text(point: TimePoint) -> str:
    """Registration state in words, with the residual if there is one."""
    words = REGISTRATION_WORDS.get(point.registration.method, point.registration.method)
    residual = point.registration.residual_mm
    return words if residual is None else f"{words} ({MILLIMETRE.text(residual)})"
