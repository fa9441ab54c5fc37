"""What was given, as a dispensing system or an infusion pump reported it: Radiopharmaceutical Radiation Dose SR.

Read are the events of TID 10022 (PS3.16): radionuclide, start and end, administered activity, and the activity of the
container measured before and after. Codes are those of SNOMED CT and of the older SRT.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from pydicom.uid import RadiopharmaceuticalRadiationDoseSRStorage
from pydicom.valuerep import DT

from dosimetry_core.dicom.files import read_dicom
from dosimetry_core.dicom.header import Header
from dosimetry_core.errors import MissingDataError
from dosimetry_core.image import SourceFile
from dosimetry_core.units import BQ_PER_MBQ

Code = tuple[str, str]
ADMINISTRATION: Final[Code] = ("113502", "DCM")
ADMINISTERED_ACTIVITY: Final[Code] = ("113507", "DCM")
MEASURED_BEFORE: Final[Code] = ("113508", "DCM")
MEASURED_AFTER: Final[Code] = ("113509", "DCM")
STARTED: Final[Code] = ("123003", "DCM")
ENDED: Final[Code] = ("123004", "DCM")
RADIONUCLIDE: Final = frozenset({("89457008", "SCT"), ("C-10072", "SRT")})
NUCLIDES: Final = {
    ("447553000", "SCT"): "Lu-177",
    ("C-101ED", "SRT"): "Lu-177",
    ("14691008", "SCT"): "Y-90",
    ("C-162A7", "SRT"): "Y-90",
}
_UNITS: Final = {"MBq": BQ_PER_MBQ, "Bq": 1.0, "kBq": 1e3, "GBq": 1e9}
_AGAIN: Final = "type what was given instead, or export the report again"


@dataclass(frozen=True)
class ReportedAdministration:
    """One administration as reported; times in the report's own offset, or without one.

    Parameters
    ----------
    administered_activity_bq
        As reported; its reference time is the start of the administration (PS3.16 TID 10022).
    before_bq, after_bq
        Activity of the container, with the time of each measurement; None where not said.
    """

    nuclide: str
    start: datetime
    end: datetime | None
    administered_activity_bq: float | None
    before_bq: float | None
    before_at: datetime | None
    after_bq: float | None
    after_at: datetime | None


@dataclass(frozen=True)
class AdministrationReport:
    """Every administration of a report."""

    patient_id: str
    made_by: str
    administrations: tuple[ReportedAdministration, ...]
    source: SourceFile


def read_administration_report(path: Path) -> AdministrationReport:
    """A Radiopharmaceutical Radiation Dose SR.

    Raises
    ------
    DicomReadError
        If it is another object, or an event names an unknown radionuclide or unit, or no activity or start.
    MissingDataError
        If it reports no administration.
    """
    file = read_dicom(path)
    header = file.header
    if file.sop_class_uid != RadiopharmaceuticalRadiationDoseSRStorage:
        raise header.error("is no report of radiopharmaceutical dose", "choose the report of the dispensing system")
    zone = _zone(header)
    events = [_administration(event, zone) for event in _containers(header)]
    if not events:
        raise MissingDataError("reports no administration", where=str(path), remedy=_AGAIN)
    made_by = " ".join(t for t in (header.text("Manufacturer"), header.text("ManufacturerModelName")) if t)
    return AdministrationReport(header.text("PatientID"), made_by, tuple(events), file.source)


def _zone(header: Header) -> timezone | None:
    text = header.text("TimezoneOffsetFromUTC")
    if not text:
        return None
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    if len(digits) != 4 or not digits.isdigit():
        raise header.error(f"names the time zone {text!r}", _AGAIN)
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))


def _containers(item: Header) -> Iterator[Header]:
    for child in item.items("ContentSequence"):
        if _name(child) == ADMINISTRATION and child.text("ValueType") == "CONTAINER":
            yield child
        else:
            yield from _containers(child)


def _code(item: Header | None) -> Code:
    return ("", "") if item is None else (item.text("CodeValue"), item.text("CodingSchemeDesignator"))


def _name(item: Header) -> Code:
    return _code(item.first_item("ConceptNameCodeSequence"))


def _below(item: Header) -> Iterator[Header]:
    for child in item.items("ContentSequence"):
        yield child
        yield from _below(child)


def _one(event: Header, names: frozenset[Code] | set[Code], what: str) -> Header | None:
    found = [item for item in _below(event) if _name(item) in names]
    if len(found) > 1:
        raise event.error(f"says {what} more than once", _AGAIN)
    return found[0] if found else None


def _administration(event: Header, zone: timezone | None) -> ReportedAdministration:
    named = _one(event, RADIONUCLIDE, "the radionuclide")
    code = _code(None if named is None else named.first_item("ConceptCodeSequence"))
    if code not in NUCLIDES:
        raise event.error(f"names a radionuclide that is not known here ({code[0] or 'none'})", _AGAIN)
    start = _time(event, STARTED, "the start", zone)
    if start is None:
        raise event.error("does not say when the administration started", _AGAIN)
    end = _time(event, ENDED, "the end", zone)
    if end is not None and end < start:
        raise event.error("ends before it starts", _AGAIN)
    given, _ = _activity(event, ADMINISTERED_ACTIVITY, "the administered activity", zone)
    before, before_at = _activity(event, MEASURED_BEFORE, "the activity before", zone)
    after, after_at = _activity(event, MEASURED_AFTER, "the activity after", zone)
    if given is None and (before is None or after is None):
        raise event.error("says no administered activity", _AGAIN)
    return ReportedAdministration(NUCLIDES[code], start, end, given, before, before_at, after, after_at)


def _time(event: Header, name: Code, what: str, zone: timezone | None) -> datetime | None:
    item = _one(event, {name}, what)
    return None if item is None else _instant(item, "DateTime", what, zone)


def _instant(item: Header, keyword: str, what: str, zone: timezone | None) -> datetime | None:
    text = item.text(keyword)
    if not text:
        return None
    if len(text.partition(".")[0].rstrip()) < len("YYYYMMDDHHMM"):
        raise item.error(f"says {what} without a time of day ({text})", _AGAIN)
    try:
        found = DT(text)
    except ValueError as error:
        raise item.error(f"says {what} as {text!r}", _AGAIN) from error
    made = datetime(found.year, found.month, found.day, found.hour, found.minute, found.second, found.microsecond)
    return made.replace(tzinfo=found.tzinfo or zone)


def _activity(event: Header, name: Code, what: str, zone: timezone | None) -> tuple[float | None, datetime | None]:
    item = _one(event, {name}, what)
    if item is None:
        return None, None
    measured = item.first_item("MeasuredValueSequence")
    if measured is None:
        return None, None
    unit, _ = _code(measured.first_item("MeasurementUnitsCodeSequence"))
    if unit not in _UNITS:
        raise item.error(f"gives {what} in {unit or 'no unit'}", _AGAIN)
    value = measured.number("NumericValue")
    if value is None or value < 0:
        raise item.error(f"gives {what} as no number of 0 or more", _AGAIN)
    return value * _UNITS[unit], _instant(item, "ObservationDateTime", f"the time of {what}", zone)
