"""Course records as JSON and back, to be kept beside a store or sent to another computer; nothing is lost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from dosimetry_core.cohort.records import (
    END_REASONS,
    RESPONSES,
    CourseRecord,
    CycleRecord,
    FollowedTime,
    LaboratoryCourse,
)
from dosimetry_core.errors import DosimetryError
from dosimetry_core.frozen import FrozenMap

_PLAIN = (
    "key",
    "protocol",
    "sex",
    "age_years",
    "free_nuclide",
    "response",
    "confirmed_response",
    "best_change",
    "ecog_before",
    "ecog_after",
    "karnofsky_before",
    "karnofsky_after",
    "stated_cycles",
    "end_reason",
)
_MAPS = ("standard_activity_bq", "stated_activity_bq")
_FORMAT = 3
"""Grows with what a field means, so that records of another meaning are computed again."""
_TIMES = ("survival", "progression")


def record_content(record: CourseRecord) -> dict[str, Any]:
    """What JSON keeps of a record; `record_from_content` gives an equal one back."""
    content: dict[str, Any] = {name: getattr(record, name) for name in _PLAIN}
    content["format"] = _FORMAT
    content |= {name: dict(getattr(record, name)) for name in _MAPS}
    events = record.adverse_events
    content["adverse_events"] = None if events is None else dict(events)
    for name in _TIMES:
        time: FollowedTime | None = getattr(record, name)
        content[name] = None if time is None else [time.days, time.event]
    content["sum_changes"] = [list(one) for one in record.sum_changes]
    content["cycles"] = [
        {
            "number": cycle.number,
            "activity_bq": dict(cycle.activity_bq),
            "absorbed_dose_gy": {organ: dict(doses) for organ, doses in cycle.absorbed_dose_gy.items()},
        }
        for cycle in record.cycles
    ]
    content["laboratory"] = {key: [one.baseline, one.worst, one.grade] for key, one in record.laboratory.items()}
    return content


def record_from_content(content: Mapping[str, Any], *, where: str) -> CourseRecord:
    """The record that JSON kept.

    Parameters
    ----------
    where
        What an error names.

    Raises
    ------
    DosimetryError
        If it is not what `record_content` writes.
    """
    try:
        record = _record(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DosimetryError(
            f"is not a course record ({error})", where=where, remedy="compute the course's record again"
        ) from error
    numbers = [
        record.age_years,
        record.best_change,
        *(number for one in record.sum_changes for number in one),
        *record.standard_activity_bq.values(),
        *record.stated_activity_bq.values(),
    ]
    numbers += [value for cycle in record.cycles for value in cycle.activity_bq.values()]
    numbers += [dose for cycle in record.cycles for doses in cycle.absorbed_dose_gy.values() for dose in doses.values()]
    if any(number is not None and not math.isfinite(number) for number in numbers):
        raise DosimetryError("holds a number that is none", where=where, remedy="compute the course's record again")
    return record


def _record(content: Mapping[str, Any]) -> CourseRecord:
    known = {"format", *(field.name for field in fields(CourseRecord))}
    if set(content) != known:
        raise ValueError(f"fields {', '.join(sorted(set(content) ^ known))}")
    if content["format"] != _FORMAT:
        raise ValueError("format")
    if any(content[name] not in (None, *RESPONSES) for name in ("response", "confirmed_response")):
        raise ValueError("response")
    if content["end_reason"] not in (None, *END_REASONS):
        raise ValueError("end_reason")
    if content["sex"] not in (None, "F", "M"):
        raise ValueError("sex")
    cycles = tuple(
        CycleRecord(
            int(cycle["number"]),
            _numbers(cycle["activity_bq"]),
            FrozenMap({organ: _numbers(doses) for organ, doses in cycle["absorbed_dose_gy"].items()}),
        )
        for cycle in content["cycles"]
    )
    laboratory = {key: LaboratoryCourse(*values) for key, values in content["laboratory"].items()}
    values: dict[str, Any] = {name: content[name] for name in _PLAIN}
    values |= {name: FrozenMap(content[name]) for name in _MAPS}
    values["sum_changes"] = tuple((float(days), float(change)) for days, change in content["sum_changes"])
    values |= {name: None if content[name] is None else FollowedTime(*content[name]) for name in _TIMES}
    events = None if content["adverse_events"] is None else FrozenMap(content["adverse_events"])
    return CourseRecord(**values, cycles=cycles, laboratory=FrozenMap(laboratory), adverse_events=events)


def _numbers(content: Mapping[str, Any]) -> FrozenMap[str, float]:
    return FrozenMap({str(key): float(value) for key, value in content.items()})
