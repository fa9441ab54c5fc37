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


NOT_ALIGNED = "this scan is not registered: where VOIs lie on it is not known; align it in step 3"


def is_aligned(cycle: Cycle, point: TimePoint) -> bool:
    """Whether it is known where the VOIs of the cycle lie on a scan: it is the reference, or has a registration."""
    if point.registration.method != "none":
        return True
    points, reference = cycle.time_points, cycle.reference_time_point
    return reference < len(points) and points[reference].spect is point.spect


def is_well_registered(point: TimePoint) -> bool:
    """Whether the scan has a registration that nothing speaks against."""
    registration = point.registration
    return registration.method != "none" and all(finding.level == "info" for finding in registration.findings)


def registration_text(point: TimePoint) -> str:
    """Registration state in words, with the residual if there is one."""
    registration, residual = point.registration, point.registration.residual_mm
    words = REGISTRATION_WORDS.get(registration.method, registration.method)
    if registration.method != "none" and any(finding.level == "error" for finding in registration.findings):
        words = f"alignment failed, {words}"
    return words if residual is None else f"{words} ({MILLIMETRE.text(residual)})"
