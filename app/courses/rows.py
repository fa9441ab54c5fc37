"""Texts of one course in the patient list."""

from __future__ import annotations

from datetime import date, datetime

from app.store.events import CourseSummary
from app.store.storage import ListedCourse
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.report.words import patient_name
from widgets.course_table import CourseRow

_ISOLATE, _ISOLATE_LEFT_TO_RIGHT, _END_OF_ISOLATE = "\u2068", "\u2066", "\u2069"
_NO_NAME = "(no name)"


def isolated(text: str, *, sentence: bool = False) -> str:
    """Text of either direction that does not turn its neighbours round (Unicode Standard Annex 9, isolates).

    A ``sentence`` of this program runs from left to right even where it begins with a name that does not.
    """
    return f"{_ISOLATE_LEFT_TO_RIGHT if sentence else _ISOLATE}{text}{_END_OF_ISOLATE}"


def birth_text(birth_date: str | None) -> str:
    """``"12 Mar 1961"``; as it is kept where it is no date, a dash for none."""
    if not birth_date:
        return "–"
    try:
        return f"{date.fromisoformat(birth_date):%d %b %Y}"
    except ValueError:
        return birth_date


def cycle_text(summary: CourseSummary) -> str:
    """``"2 of 4"``, ``"2"`` where the number is open, a dash before the first."""
    if summary.planned_cycles is None:
        return str(summary.cycle) if summary.cycle else "–"
    return f"{summary.cycle} of {summary.planned_cycles}"


def local_text(instant: datetime) -> str:
    """An instant on this computer's clock: ``"21 Nov 2026 10:02"``."""
    return f"{instant.astimezone():%d %b %Y %H:%M}"


def short_local_text(instant: datetime, *, now: datetime) -> str:
    """The same in a table: ``"21 Nov 10:02"`` in the present year, ``"21 Nov 2025"`` in others."""
    local = instant.astimezone()
    return f"{local:%d %b %H:%M}" if local.year == now.astimezone().year else f"{local:%d %b %Y}"


def state_text(summary: CourseSummary) -> str:
    """``"signed"``, ``"signed, archived"``."""
    return f"{summary.state}, archived" if summary.archived else summary.state


def name_text(summary: CourseSummary) -> str:
    """The name as people write it."""
    return patient_name(summary.name) or _NO_NAME


def course_row(course: ListedCourse, *, now: datetime, held_by: str = "") -> CourseRow:
    """A course as the table shows it; ``held_by`` in words, empty for nobody."""
    summary = course.summary
    return CourseRow(
        course_id=course.course_id,
        patient_id=summary.patient_id,
        name=name_text(summary),
        birth_date=birth_text(summary.birth_date),
        protocol=summary.protocol,
        cycle=cycle_text(summary),
        state="archived" if summary.archived else summary.state,
        changed=short_local_text(course.changed, now=now),
        changed_by=course.changed_by,
        held_by=held_by,
        archived=summary.archived,
        full=FrozenMap({"changed": local_text(course.changed), "state": state_text(summary)}),
    )


def selected_text(course: ListedCourse, *, held_by: str = "") -> str:
    """One line on the selected course: who it is, in full, and what opening it will mean."""
    summary = course.summary
    who = f"{isolated(name_text(summary))}, {isolated(summary.patient_id)}, born {birth_text(summary.birth_date)}"
    if held_by:
        return f"{who}; opens read-only: open elsewhere by {isolated(held_by, sentence=True)}"
    if summary.archived:
        return f"{who}; {state_text(summary)}: restore it before working on it"
    return f"{who}; changed {local_text(course.changed)} by {isolated(course.changed_by)}"
