"""Readings of the dose calibrator as they are typed: times, the clock's correction, and what was given by them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.typed_numbers import typed_number
from dosimetry_core.case import Administration, VialMeasurement
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.planning.administration_entry import read_activity_mbq
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
