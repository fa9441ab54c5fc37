"""A small course with a history of everything that can be in one, kept in any storage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np

from app.store.case_tree import CaseTree
from app.store.events import CourseSummary, Event
from app.store.storage import Storage
from dosimetry_core.canonical_json import sha256_hex
from dosimetry_core.case import Case
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.voi import VoiMask

COURSE = "5f0c1a"
PLAN = b"%PDF-1.7 a plan of " + b"x" * 400
BEGIN = datetime(2026, 3, 2, 8, 30, tzinfo=timezone(timedelta(hours=1)))


def painted(case: Case, value: int) -> Case:
    """The case with one voxel of its first VOI changed."""
    cycle = case.cycles[0]
    voi = cycle.vois[0]
    coverage = voi.mask.coverage.copy()
    coverage[0, 0, 0] = np.uint8(value)
    new = replace(voi, mask=VoiMask(voi.mask.geometry, voi.mask.start, coverage))
    return replace(case, cycles=(replace(cycle, vois=(new, *cycle.vois[1:])), *case.cycles[1:]))


def keep_course(storage: Storage, case: Case, *, course: str = COURSE) -> list[Case]:
    """Write the history of a course event by event; return the cases of its undo stack."""
    tree = CaseTree()
    outline = replace(case, cycles=tuple(replace(c, time_points=(), vois=()) for c in case.cycles))
    times = (BEGIN + timedelta(minutes=minute) for minute in range(1000))
    cases = [case, painted(case, 17), replace(painted(case, 17), settings=case.settings), painted(case, 201)]
    summary = CourseSummary(case.patient.patient_id, case.patient.name, None, case.course.protocol, 1, 4)

    def add(kind: Any, what: str, made: Case | None = None, objects: Any = None, **more: Any) -> None:
        encoded = None if made is None else tree.encode(made)
        event = Event(
            kind,
            course,
            "A. Kowalska",
            what,
            next(times),
            case=encoded.root if encoded else None,
            data=FrozenMap(more.pop("data", {})),
            **more,
        )
        storage.append([event], objects={**(encoded.objects if encoded else {}), **(objects or {})})
        if encoded:
            encoded.kept()

    def data(**items: Any) -> dict[str, Any]:
        return items

    add(
        "course-created",
        "Take the course from its case file",
        outline,
        data=data(folder=case.folder, case_file_sha256="0" * 64),
        summary=summary,
    )
    add("images-read", "Read and align the images", case)
    add("edited", "Paint Kidney L", cases[1], data=data(position=1), old="89.6 mL", new="89.5 mL")
    add("edited", "Change a setting", cases[2], data=data(position=2), why="site's own")
    add("moved", "Undo", cases[1], data=data(position=1))
    add("edited", "Paint Kidney L", cases[3], data=data(position=2))
    mask = tree.digest_of(cases[3].cycles[0].vois[0].mask)
    add("voi-reviewed", "Look at a VOI", data=data(mask=mask))
    add("reason-given", "Give a reason", data=data(code="c", place="p", reason="żółć"), why="żółć")
    add("step-confirmed", "Confirm step 2", cases[3], data=data(step="vois"))
    add("activities-chosen", "Choose activities", data=data(activities_bq={"Lu-177": 7.4e9}))
    add(
        "plan-signed",
        "Sign the plan",
        cases[3],
        {sha256_hex(PLAN): PLAN},
        data=data(file_sha256=sha256_hex(PLAN), path="plan.pdf", cycle=2, activities_bq={"Lu-177": 7.4e9}, signer="K"),
        summary=replace(summary, state="signed"),
    )
    return cases


def bodies(storage: Storage, course: str = COURSE) -> Iterator[bytes]:
    """The events of a course as they are kept."""
    return (stored.event.body() for stored in storage.events(course_id=course))
