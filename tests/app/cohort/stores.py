"""Stores of courses whose doses were entered by hand, each patient with another activity: quick to keep and compute."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from app.store.case_tree import CaseTree
from app.store.events import CourseSummary, Event
from app.store.storage import Storage
from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.frozen import FrozenMap
from tests.app.store.store_events import START

ENTERED = Path(__file__).parents[2] / "reference" / "entered_doses"


def entered_case(number: int) -> Case:
    """The case of the entered doses for another patient, whose first activity is 1 MBq more for each number."""
    case = read_case(ENTERED)
    first, *others = case.cycles
    one, *rest = first.administrations
    more = replace(one, administered_activity_bq=one.administered_activity_bq + 1e6 * number)
    return replace(
        case,
        patient=replace(case.patient, patient_id=f"P-{number:04d}", name=f"Patient^{number}"),
        cycles=(replace(first, administrations=(more, *rest)), *others),
    )


def course_of(number: int) -> str:
    """A course id, different in its first letters."""
    return f"{number * 2654435761 % 2**32:08x}{number:024x}"


def keep_cases(storage: Storage, cases: dict[str, Case]) -> None:
    """Keep each case as a course without a history."""
    tree = CaseTree()
    for number, (course_id, case) in enumerate(cases.items()):
        patient = case.patient
        encoded = tree.encode(case)
        event = Event(
            "course-created",
            course_id,
            "A. Kowalska",
            "Take the course from its case file",
            START + timedelta(seconds=number),
            case=encoded.root,
            data=FrozenMap({"folder": case.folder, "case_file_sha256": "0" * 64}),
            summary=CourseSummary(patient.patient_id, patient.name, None, case.course.protocol, 1, 4),
        )
        storage.append([event], objects=encoded.objects)
        encoded.kept()


def keep_change(storage: Storage, course_id: str, case: Case) -> None:
    """Keep one edit of a course, which is then another case."""
    encoded = CaseTree().encode(case)
    event = Event(
        "edited",
        course_id,
        "A. Kowalska",
        "Another activity",
        START + timedelta(hours=1),
        case=encoded.root,
        data=FrozenMap({"position": 1}),
    )
    storage.append([event], objects=encoded.objects)
