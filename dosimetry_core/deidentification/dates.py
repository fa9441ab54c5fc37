"""How far dates may move so that no interval changes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dosimetry_core.errors import DosimetryError

_NEAREST_DAYS, _FURTHEST_DAYS = 400, 4000


def fitting_shift_days(key: bytes, instants: Iterable[datetime], zone: str) -> int:
    """A number of days between −400 and −4000 by which all instants move, chosen by a key.

    A time without its own zone is read by the clock of its place: where summer time begins or ends between two events,
    another shift would change the interval between them by an hour. So every instant has the same offset from UTC
    before and after.

    Raises
    ------
    DosimetryError
        If no shift fits; a course that spans many changes of the clock.
    """
    place = ZoneInfo(zone)
    local = [instant.astimezone(place).replace(tzinfo=None) for instant in instants]
    # The day around each event: a header may name an event a little before or after those listed.
    watched = [moment + timedelta(hours=hours) for moment in local for hours in (-12, 0, 12)]
    offsets = [moment.replace(tzinfo=place).utcoffset() for moment in watched]
    days = list(range(-_FURTHEST_DAYS, -_NEAREST_DAYS + 1))
    start = int.from_bytes(hmac.new(key, b"dates", hashlib.sha256).digest()[:8], "big") % len(days)
    for number in range(len(days)):
        shift = timedelta(days=days[(start + number) % len(days)])
        if all((m + shift).replace(tzinfo=place).utcoffset() == o for m, o in zip(watched, offsets, strict=True)):
            return shift.days
    raise DosimetryError(
        "no shift of dates keeps every interval", where="de-identification", remedy="give times with their zone"
    )
