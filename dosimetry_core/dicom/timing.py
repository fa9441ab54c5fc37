"""Instants from DICOM dates and times, and times after administration from instants.

Every instant leaves here with a fixed offset from UTC, so that subtracting two of them gives the elapsed time even
across a clock change (Python subtracts wall clocks when both carry the same named zone).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dosimetry_core.dicom.header import Header, element_name
from dosimetry_core.errors import DicomReadError, Finding, InconsistentCaseError
from dosimetry_core.units import SECONDS_PER_MINUTE

InfusionReference = Literal["start", "mid", "end"]

# AcquisitionDateTime and AcquisitionDate with AcquisitionTime name one instant; apart by more they contradict.
_SAME_INSTANT_S = 1.0
_CONTRADICTION_S = SECONDS_PER_MINUTE
_FIRST_PLAUSIBLE_YEAR = 1990
_OTHER_TIMES = ("Series", "Content", "Study")
_DATE = re.compile(r"(\d{4})[-.]?(\d{2})[-.]?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2}):?(?:(\d{2})(?:\.(\d{1,6}))?)?")
_DATE_TIME = re.compile(r"(\d{8})(\d{4,6}(?:\.\d{1,6})?)([+-]\d{4})?")
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")


def time_after_administration_s(time_zero: datetime, acquisition_start: datetime) -> float:
    """Seconds from time zero (the middle of the infusion) to the start of an acquisition; negative if before.

    Parameters
    ----------
    time_zero, acquisition_start
        Instants with a time zone.

    Raises
    ------
    ValueError
        If one lacks a time zone.
    """
    for instant in (time_zero, acquisition_start):
        if instant.tzinfo is None:
            raise ValueError("an instant needs a time zone")
    return (acquisition_start.astimezone(UTC) - time_zero.astimezone(UTC)).total_seconds()


def infusion_instant(start: datetime, infusion_s: float, reference: InfusionReference = "mid") -> datetime:
    """Start, middle or end of an infusion at a constant rate that lasts ``infusion_s`` seconds.

    Raises
    ------
    ValueError
        If the start lacks a time zone, the duration is negative or the reference unknown.
    """
    if start.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    if not infusion_s >= 0:
        raise ValueError(f"an infusion can't last {infusion_s} s")
    share = {"start": 0.0, "mid": 0.5, "end": 1.0}[reference]
    return start.astimezone(UTC) + timedelta(seconds=share * infusion_s)


def local_instant(local: datetime, time_zone: str, *, where: str = "") -> datetime:
    """Instant, with a fixed offset from UTC, of a wall-clock time in a named zone.

    Raises
    ------
    InconsistentCaseError
        If the zone is unknown.
    DicomReadError
        If the clock showed this time never or twice, because it was being changed.
    """
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InconsistentCaseError(
            f"unknown time zone {time_zone!r}", where="[patient] time_zone", remedy='use a name such as "Europe/Warsaw"'
        ) from error
    first = local.replace(tzinfo=zone, fold=0)
    second = local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() != second.utcoffset():
        exists = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None, fold=0)
        what = "occurs twice" if exists else "does not exist"
        raise DicomReadError(
            f"the time {local:%Y-%m-%d %H:%M:%S} {what} in {time_zone}, whose clock was changed then",
            where=where,
            rule="time-in-clock-change",
            remedy="export with Timezone Offset From UTC (0008,0201), or correct the scanner's clock",
        )
    offset = first.utcoffset()
    assert offset is not None
    return first.replace(tzinfo=timezone(offset))


@dataclass(frozen=True)
class Clock:
    """How a scanner's times are read.

    Parameters
    ----------
    time_zone
        IANA name for times without an offset; None if unknown: instants are then in UTC and may only be shown as
        wall-clock times.
    offset_s
        Correction added to the scanner's times: what its clock was late.
    """

    time_zone: str | None
    offset_s: float = 0.0


@dataclass(frozen=True)
class Timing:
    """An instant as read: with the clock correction, and whether its offset from UTC is known."""

    instant: datetime
    zone_known: bool = True
    findings: tuple[Finding, ...] = ()


def _calendar(header: Header, date_text: str, time_text: str, keyword: str) -> datetime:
    date_match = _DATE.fullmatch(date_text)
    time_match = _TIME.fullmatch(time_text)
    if not date_match or not time_match:
        what = f"{element_name(keyword)} is no date or time: {date_text!r} {time_text!r}"
        raise header.error(what, rule="time-unreadable")
    year, month, day = (int(part) for part in date_match.groups())
    hour, minute = int(time_match[1]), int(time_match[2])
    second = int(time_match[3] or 0)
    microsecond = int((time_match[4] or "0").ljust(6, "0"))
    try:
        # Second 60 is a leap second, which DICOM allows; a timedelta carries it over.
        moment = datetime(year, month, day, hour, minute) + timedelta(seconds=second, microseconds=microsecond)
    except ValueError as error:
        what = f"{element_name(keyword)} is no date or time: {date_text!r} {time_text!r}"
        raise header.error(what, rule="time-unreadable") from error
    if second > SECONDS_PER_MINUTE:
        raise header.error(f"{element_name(keyword)} is no time: {time_text!r}", rule="time-unreadable")
    if year < _FIRST_PLAUSIBLE_YEAR:
        raise header.error(f"{element_name(keyword)} gives the year {year}, a placeholder", rule="time-placeholder")
    return moment


def _offset(header: Header, text: str) -> timezone:
    match = _OFFSET.fullmatch(text)
    if not match or int(match[2]) > 14 or int(match[3]) >= SECONDS_PER_MINUTE:
        raise header.error(
            f"{element_name('TimezoneOffsetFromUTC')} is no offset: {text!r}", rule="time-zone-unreadable"
        )
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(size if match[1] == "+" else -size)


def _split_date_time(header: Header, keyword: str) -> tuple[datetime, timezone | None] | None:
    """Wall-clock time and offset of a DT element, or None if not said."""
    text = header.text(keyword)
    if not text:
        return None
    match = _DATE_TIME.fullmatch(text)
    if not match:
        raise header.error(f"{element_name(keyword)} is no date and time: {text!r}", rule="time-unreadable")
    return _calendar(header, match[1], match[2], keyword), _offset(header, match[3]) if match[3] else None


def _instant(header: Header, local: datetime, offset: timezone | None, clock: Clock, root: Header) -> Timing:
    findings: list[Finding] = []
    if offset is None:
        stated = root.text("TimezoneOffsetFromUTC")
        offset = _offset(header, stated) if stated else None
    if offset is not None:
        instant = local.replace(tzinfo=offset)
        if clock.time_zone is not None:
            there = instant.astimezone(ZoneInfo(clock.time_zone))
            if there.utcoffset() != instant.utcoffset():
                findings.append(
                    Finding(
                        "time-zone-differs",
                        "warning",
                        f"the file says UTC{instant:%z}, but {clock.time_zone} had UTC{there:%z}; the file is followed",
                        header.where,
                    )
                )
        known = True
    elif clock.time_zone is not None:
        instant = local_instant(local, clock.time_zone, where=header.where)
        known = True
    else:
        instant = local.replace(tzinfo=UTC)
        known = False
        text = "the file doesn't say in which time zone its times are"
        findings.append(Finding("time-zone-unknown", "warning", text, header.where))
    return Timing(instant + timedelta(seconds=clock.offset_s), known, tuple(findings))


def acquisition_start(header: Header, clock: Clock) -> Timing:
    """Instant at which an acquisition began.

    Read from AcquisitionDateTime, or AcquisitionDate with AcquisitionTime; never from the series or content time,
    which may be that of the reconstruction.

    Raises
    ------
    DicomReadError
        If the file doesn't say, or says two different times.
    """
    joined = _split_date_time(header, "AcquisitionDateTime")
    date_text, time_text = header.text("AcquisitionDate"), header.text("AcquisitionTime")
    separate = _calendar(header, date_text, time_text, "AcquisitionTime") if date_text and time_text else None
    findings: tuple[Finding, ...] = ()
    if joined and separate:
        apart_s = abs((joined[0] - separate).total_seconds())
        if apart_s > _CONTRADICTION_S:
            raise header.error(
                f"two acquisition times: {joined[0]} in {element_name('AcquisitionDateTime')}, {separate} in "
                f"{element_name('AcquisitionTime')}",
                "export again with one of them",
                rule="acquisition-times-contradict",
            )
        if apart_s > _SAME_INSTANT_S:
            text = f"its two acquisition times differ by {apart_s:.0f} s; the first is used"
            findings = (Finding("acquisition-times-differ", "warning", text, header.where),)
    if joined:
        timing = _instant(header, joined[0], joined[1], clock, header)
    elif separate:
        timing = _instant(header, separate, None, clock, header)
    else:
        missing = "AcquisitionTime" if not time_text else "AcquisitionDate"
        raise header.missing(
            missing,
            "export it with its acquisition date and time; the series time may be that of the reconstruction",
            rule="acquisition-time-missing",
        )
    return Timing(timing.instant, timing.zone_known, findings + timing.findings)


def ct_start(header: Header, clock: Clock) -> Timing:
    """Date and time of a CT that doesn't say when it was acquired: those of its series, content or study.

    No decay is counted from them: CT numbers give shape and density. They stand in tables, and the nearest is taken
    where several CTs fit a SPECT equally, so a remark is enough. Nearness alone gives no SPECT such a CT: study and
    frame of reference must be the same. A SPECT, whose decay is counted from its start, is never read so.

    Raises
    ------
    DicomReadError
        If the file holds none of them complete, or only such as contradict the day of acquisition that it does state.
    """
    day = header.text("AcquisitionDate")
    for kind in _OTHER_TIMES:
        date_text, time_text = header.text(f"{kind}Date"), header.text(f"{kind}Time")
        if date_text and time_text and day in ("", date_text):
            timing = _instant(header, _calendar(header, date_text, time_text, f"{kind}Time"), None, clock, header)
            text = (
                f"the CT doesn't say when it was acquired; {element_name(f'{kind}Time')} stands for it in tables "
                "and among several CTs; only a SPECT of the same study and frame of reference gets this CT"
            )
            remark = Finding("ct-time-not-stated", "warning", text, header.where)
            return Timing(timing.instant, timing.zone_known, (remark, *timing.findings))
    return acquisition_start(header, clock)


def stated_administration_start(header: Header, item: Header, clock: Clock) -> Timing | None:
    """Start of the administration as the image says it, with its date; None if the file doesn't say both."""
    joined = _split_date_time(item, "RadiopharmaceuticalStartDateTime")
    if joined is None:
        return None
    return _instant(item, joined[0], joined[1], clock, header)


def seconds_between(header: Header, earlier: str, later: str) -> float:
    """Seconds from one DT value of a file to another; offsets from UTC count where both carry one.

    Raises
    ------
    DicomReadError
        If one is no date and time.
    """
    moments = []
    for text in (earlier, later):
        match = _DATE_TIME.fullmatch(text.strip())
        if not match:
            raise header.error(f"{text!r} is no date and time", rule="time-unreadable")
        local = _calendar(header, match[1], match[2], "AcquisitionDateTime")
        moments.append((local, _offset(header, match[3]) if match[3] else None))
    (first, first_zone), (second, second_zone) = moments
    if first_zone and second_zone:
        return (second.replace(tzinfo=second_zone) - first.replace(tzinfo=first_zone)).total_seconds()
    return (second - first).total_seconds()
