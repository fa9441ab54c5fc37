"""Texts of the window's frame: title, patient banner, constancy line."""

from __future__ import annotations

import functools
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dosimetry_core.case import Administration, Case, Cycle
from dosimetry_core.errors import DosimetryError
from dosimetry_core.planning.protocol import Protocol, protocol_of_course, read_protocol
from dosimetry_core.report.words import nuclide_symbol, patient_name
from dosimetry_core.units import GIGABECQUEREL
from widgets.patient_banner import BannerShown

RESEARCH_BADGE = "RESEARCH USE"


def window_title(case: Case) -> str:
    """Title of the window: program, patient number."""
    return f"Lutetia – {case.patient.patient_id}" if case.patient.patient_id else "Lutetia"


def time_text(case: Case, instant: datetime, *, short: bool = False, seconds: bool = False) -> str:
    """An instant in the patient's time zone: ``"26 Mar 2025 10:05 CET"``, without year and zone if ``short``."""
    try:
        local = instant.astimezone(ZoneInfo(case.patient.time_zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        local = instant
    if short:
        return f"{local:%d %b %H:%M}"
    return f"{local:%d %b %H:%M:%S %Z}" if seconds else f"{local:%d %b %Y %H:%M %Z}"


def protocol_of(case: Case) -> Protocol | None:
    """The protocol of a case, or None if it can't be read; the evaluation says why."""
    name = case.course.protocol
    try:
        return (
            protocol_of_course(case.course, folder=case.folder) if name.endswith(".toml") else _bundled_protocol(name)
        )
    except DosimetryError:
        return None


@functools.cache
def _bundled_protocol(name: str) -> Protocol:
    return read_protocol(name)


def planned_cycles(case: Case, protocol: Protocol | None) -> int | None:
    """Planned number of cycles: the case's own, else the protocol's; None if open."""
    if case.course.planned_cycles is not None:
        return case.course.planned_cycles
    return protocol.cycles if protocol is not None else None


def administered_text(administrations: tuple[Administration, ...]) -> str:
    """``"3.70 GBq ¹⁷⁷Lu + 1.85 GBq ⁹⁰Y"``."""
    return " + ".join(
        f"{GIGABECQUEREL.text(a.administered_activity_bq)} {nuclide_symbol(a.nuclide)}" for a in administrations
    )


def cycle_text(case: Case, cycle: Cycle) -> str:
    """``"Cycle 2 of 4"``."""
    planned = planned_cycles(case, protocol_of(case))
    return f"Cycle {cycle.number} of {planned}" if planned else f"Cycle {cycle.number}"


def banner_of(case: Case, cycle_index: int) -> BannerShown:
    """Who is treated, and which cycle is in view."""
    patient = case.patient
    cycle = case.cycles[cycle_index] if cycle_index < len(case.cycles) else None
    start = cycle.administrations[0].start if cycle is not None and cycle.administrations else None
    return BannerShown(
        name=patient_name(patient.name) or "No case is open",
        patient_id=patient.patient_id,
        birth_date=f"born {patient.birth_date:%d %b %Y}" if patient.birth_date else "",
        cycle=cycle_text(case, cycle) if cycle is not None else "",
        administered=administered_text(cycle.administrations) if cycle is not None else "",
        time=time_text(case, start) if start is not None else "",
        badge=RESEARCH_BADGE,
    )
