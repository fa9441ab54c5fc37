"""Readings of the dose calibrator as they are typed: times, the clock's correction, and what was given by them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.steps.giving_sheet import GivingSheet
from app.typed_numbers import typed_number
from dosimetry_core.case import Administration, VialMeasurement
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.given_details import DETAILS
from dosimetry_core.planning.administration_entry import read_activity_mbq
from dosimetry_core.report.words import nuclide_symbol
from dosimetry_core.units import MINUTE, SECONDS_PER_DAY

TIME_FORM = "%Y-%m-%d %H:%M"
TIME_HINT = "2026-11-21 10:15"
FIELDS = (
    ("vial", "Vial (MBq)", "7431.5"),
    ("vial_time", "read at", TIME_HINT),
    ("residual", "Residual (MBq)", "21.0"),
    ("residual_time", "read at", TIME_HINT),
    ("start", "Infusion from", TIME_HINT),
    ("infusion", "for (min)", "30"),
)
DETAIL_TITLES: Final[Mapping[str, str]] = {
    "product": "Product",
    "batch": "Batch",
    "calibrator": "Dose calibrator",
    "amino_acids": "Amino acids",
    "injection_site": "Site of injection",
}
"""By `DETAILS`: typed where known, left empty where not."""


def add_details(sheet: GivingSheet, names: Sequence[str], before: Mapping[str, Administration], row: int) -> None:
    """Fields of the details below ``row``; a correction begins with those that were recorded ``before``."""
    for column, key in enumerate(DETAILS, start=1):
        sheet.add_title(DETAIL_TITLES[key], row, column)
    for below, name in enumerate(names, start=1):
        sheet.add_title(nuclide_symbol(name), row + below, 0)
        for column, key in enumerate(DETAILS, start=1):
            field = f"detail_{name}_{key}"
            columns = 2 if key == DETAILS[-1] else 1
            sheet.add_field(field, f"{name}, {DETAIL_TITLES[key]}", "if known", row + below, column, columns=columns)
            if name in before:
                sheet.fields[field].setText(getattr(before[name], key))


def with_details(made: Administration, sheet: GivingSheet) -> Administration:
    """What was given, with its details as typed."""
    typed: dict[str, Any] = {key: sheet.typed(f"detail_{made.nuclide}_{key}") for key in DETAILS}
    return replace(made, **typed)


def time_of(text: str, zone: ZoneInfo) -> datetime:
    """A time as typed, in the patient's time zone. Raises InconsistentCaseError if it is none."""
    try:
        return datetime.strptime(text.strip(), TIME_FORM).replace(tzinfo=zone)
    except ValueError as error:
        raise InconsistentCaseError(
            f"{text.strip()!r} is no time", where="time", remedy=f"write it as {TIME_HINT}"
        ) from error


def offset_of(text: str) -> float:
    """Seconds to be added to the calibrator's times; nothing typed is no correction, which is asked about.

    Raises
    ------
    InconsistentCaseError
        If it is no number, or more than a day.
    """
    try:
        offset_s = typed_number(text or "0")
    except ValueError:
        offset_s = math.nan
    if not abs(offset_s) <= SECONDS_PER_DAY:
        raise InconsistentCaseError(
            f"{text!r} is no number of seconds within a day", where="Calibrator's clock", remedy="type such as 42"
        )
    return offset_s


def administration_of(name: str, texts: Mapping[str, str], zone: ZoneInfo, *, offset_s: float) -> Administration:
    """What was given of a nuclide, from the texts of its fields.

    Raises
    ------
    InconsistentCaseError
        If one is missing or can't be read.
    """
    for key, title, _hint in FIELDS:
        if not texts[key]:
            raise InconsistentCaseError("is missing", where=f"{name}, {title}", remedy="type what was read")
    late = timedelta(seconds=offset_s)
    vial = VialMeasurement(
        read_activity_mbq(texts["vial"]),
        time_of(texts["vial_time"], zone) + late,
        read_activity_mbq(texts["residual"]),
        time_of(texts["residual_time"], zone) + late,
    )
    if not texts["infusion"].isdigit():
        raise InconsistentCaseError("is no number of minutes", where=f"{name}, infusion", remedy="type whole minutes")
    infusion_s = MINUTE.to_core(float(texts["infusion"]))
    return Administration.from_vial(name, vial, start=time_of(texts["start"], zone), infusion_s=infusion_s)
