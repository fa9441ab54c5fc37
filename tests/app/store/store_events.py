"""Small events and objects for tests of the store."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone
from typing import Any

from app.store.events import CourseSummary, Event
from dosimetry_core.frozen import FrozenMap

START = datetime(2026, 3, 2, 8, 30, tzinfo=timezone(timedelta(hours=1)))


def summary(name: str = "Żółć^Łucja", **changes: Any) -> CourseSummary:
    values: dict[str, Any] = {
        "patient_id": "P-1",
        "name": name,
        "birth_date": "1960-05-01",
        "protocol": "kidney-guided",
        "cycle": 1,
        "planned_cycles": 4,
    }
    return CourseSummary(**(values | changes))


def created(course_id: str = "a", **changes: Any) -> Event:
    values: dict[str, Any] = {"who": "Ada", "what": "Begin the course", "time": START, "summary": summary()}
    return Event("course-created", course_id, **(values | changes))


def edited(course_id: str = "a", number: int = 1, **changes: Any) -> Event:
    values: dict[str, Any] = {
        "who": "Ada",
        "what": f"Paint Kidney L, stroke {number}",
        "time": START + timedelta(seconds=number),
        "old": "141.3 mL",
        "new": "142.0 mL",
        "data": FrozenMap({"number": number}),
    }
    return Event("edited", course_id, **(values | changes))


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def objects_of(*contents: bytes) -> dict[str, bytes]:
    return {digest_of(content): content for content in contents}
