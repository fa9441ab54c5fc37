"""A department's store: many courses of four cycles with four time points, and a long history of each."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from app.store import open_store
from app.store.case_tree import CaseTree
from app.store.course_history import replayed
from app.store.events import CourseSummary, Event
from dosimetry_core.case import Case
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.progress import no_progress
from tests.app.small_values import START, time_point
from tests.app.small_values import case as small_case
from tests.app.store.faults.use_cases import image_values

STATES = 20
"""Cases that a course goes through, over and over: as undo and redo do."""


def four_cycles(patient: int) -> Case:
    case = small_case()
    cycles = tuple(
        replace(case.cycles[0], number=number + 1, time_points=tuple(time_point(hours=4.0 * k) for k in (1, 6, 12, 48)))
        for number in range(4)
    )
    name = f"Patient^{patient:04d}"
    return replace(case, patient=replace(case.patient, patient_id=f"P-{patient:04d}", name=name), cycles=cycles)


def write_store(folder: Path, *, courses: int, events: int) -> float:
    """A store of so many courses and events in all; seconds it took."""
    begin = time.perf_counter()
    storage = open_store(folder, who="Ada")
    tree = CaseTree()
    base = four_cycles(0)
    for course in range(courses):
        target = events * (course + 1) // courses
        case = replace(base, patient=replace(base.patient, patient_id=f"P-{course:04d}", name=f"Patient^{course:04d}"))
        states = [
            replace(case, settings=replace(case.settings, density_g_per_ml=FrozenMap({"liver": 1.0 + k / 100})))
            for k in range(STATES)
        ]
        encoded = [tree.encode(state) for state in states]
        objects = {digest: content for item in encoded for digest, content in item.objects.items()}
        summary = CourseSummary(case.patient.patient_id, case.patient.name, None, "duonen-d", 4, None)
        name = f"course-{course:04d}"
        room = target - storage.head().sequence
        data = {"folder": "/images", "case_file_sha256": "0" * 64}
        batch = [
            Event(
                "course-created",
                name,
                "Ada",
                "Open",
                START,
                case=encoded[0].root,
                data=FrozenMap(data),
                summary=summary,
            )
        ]
        for number in range(1, room):
            batch.append(
                Event(
                    "edited",
                    name,
                    "Ada",
                    "Density of Liver",
                    START + timedelta(minutes=number),
                    old=f"{number}",
                    new=f"{number + 1}",
                    case=encoded[number % STATES].root,
                    data=FrozenMap({"position": number}),
                )
            )
        storage.append(batch, objects=objects)
        for item in encoded:
            item.kept()
    storage.close()
    return time.perf_counter() - begin


@dataclass(frozen=True)
class LoadTimes:
    """Seconds; ``problems`` of the check."""

    start_s: float
    course_s: float
    check_s: float
    courses: int
    events: int
    steps: int
    problems: tuple[str, ...]


def quickest(folder: Path, *, times: int) -> LoadTimes:
    """The least of several measurements each: what else the computer does meanwhile is not the store's."""
    measured = [timed(folder) for _ in range(times)]
    return replace(
        measured[-1],
        start_s=min(one.start_s for one in measured),
        course_s=min(one.course_s for one in measured),
        check_s=min(one.check_s for one in measured),
    )


def timed(folder: Path) -> LoadTimes:
    """Open and list, open one course with its undo stack, check everything with the chain."""
    images = image_values(four_cycles(0))
    begin = time.perf_counter()
    storage = open_store(folder, who="Ada")
    listed = storage.courses()
    start_s = time.perf_counter() - begin

    begin = time.perf_counter()
    history = replayed(stored.event for stored in storage.events(course_id=listed[len(listed) // 2].course_id))
    tree = CaseTree()
    cases = [tree.decode(digest, storage.get, images) for digest in history.cases()]
    course_s = time.perf_counter() - begin
    assert len(cases) == len(history.steps) + 1

    begin = time.perf_counter()
    check = storage.check(progress=no_progress)
    check_s = time.perf_counter() - begin
    storage.close()
    return LoadTimes(start_s, course_s, check_s, len(listed), check.events, len(history.steps), check.problems)
