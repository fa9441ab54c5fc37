"""What a dispensing system's report says of a cycle, as it would be typed; what it does not say stays to be typed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from dosimetry_core.dicom.administration_report import AdministrationReport, ReportedAdministration
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.units import MEGABECQUEREL, MINUTE

TIME_FORM: Final = "%Y-%m-%d %H:%M"


def reported_readings(
    report: AdministrationReport, *, patient_id: str, nuclides: Iterable[str], zone: ZoneInfo
) -> dict[str, dict[str, str]]:
    """Nuclide → name of a reading → text.

    Readings are ``vial``, ``vial_time``, ``residual``, ``residual_time``, ``start`` and ``infusion``. A report that
    gives only the administered activity gives it as a vial without residual, at the start of the infusion, which is
    its reference time (PS3.16 TID 10022).

    Parameters
    ----------
    zone
        The patient's; a report without a time zone is taken to be in it, as readings of a clock on the wall are.

    Raises
    ------
    InconsistentCaseError
        If it is of another patient, or reports a nuclide twice.
    MissingDataError
        If it reports none of the nuclides.
    """
    where = report.source.path
    if report.patient_id != patient_id:
        raise InconsistentCaseError(
            f"is of patient {report.patient_id or 'unknown'}, not of {patient_id}",
            where=where,
            remedy="choose this patient's report",
        )
    found = {}
    for name in nuclides:
        given = [one for one in report.administrations if one.nuclide == name]
        if len(given) > 1:
            raise InconsistentCaseError(
                f"reports {len(given)} administrations of {name}", where=where, remedy="type what was given in all"
            )
        if given:
            found[name] = _readings(given[0], zone)
    if not found:
        raise MissingDataError(
            "reports none of the planned nuclides", where=where, remedy="choose the report of this cycle"
        )
    return found


def _readings(one: ReportedAdministration, zone: ZoneInfo) -> dict[str, str]:
    texts = {"start": _time(one.start, zone)}
    if one.end is not None:
        texts["infusion"] = f"{MINUTE.from_core((one.end - one.start).total_seconds()):.0f}"
    if one.before_bq is not None and one.after_bq is not None:
        texts |= {"vial": _activity(one.before_bq), "residual": _activity(one.after_bq)}
        for key, at in (("vial_time", one.before_at), ("residual_time", one.after_at)):
            if at is not None:
                texts[key] = _time(at, zone)
    elif one.administered_activity_bq is not None:
        texts |= {"vial": _activity(one.administered_activity_bq), "residual": "0"}
        texts |= {"vial_time": texts["start"], "residual_time": texts["start"]}
    return texts


def _time(at: datetime, zone: ZoneInfo) -> str:
    return (at if at.tzinfo is None else at.astimezone(zone)).strftime(TIME_FORM)


def _activity(value_bq: float) -> str:
    """With one decimal: three could be read as thousands."""
    return MEGABECQUEREL.text(value_bq, digits=1, with_symbol=False)
