"""When the coming cycles of a course are due, in words."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from app.window_texts import planned_cycles
from dosimetry_core.case import Case
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.planning.course_calendar import CycleWindow, coming_windows


def coming_cycles_text(case: Case, evaluation: Evaluation | None) -> str:
    """When each coming cycle is due, the next one with its window of 8 ± 2 weeks."""
    if evaluation is None:
        return ""
    windows = _windows(case, evaluation)
    if not windows:
        return "All planned cycles are done."
    zone = ZoneInfo(case.patient.time_zone)
    first, *others = windows
    texts = [f"Cycle {first.cycle} is {_due_text(first, zone)} (8\u00a0±\u00a02\u00a0weeks)"]
    texts += [f"cycle {window.cycle} about {window.due.astimezone(zone):%b %Y}" for window in others]
    return "; ".join(texts) + "."


def next_cycle_text(case: Case, evaluation: Evaluation | None) -> str:
    """When the next cycle is due; empty where none is."""
    windows = () if evaluation is None else _windows(case, evaluation)
    return _due_text(windows[0], ZoneInfo(case.patient.time_zone)) if windows else ""


def _windows(case: Case, evaluation: Evaluation) -> tuple[CycleWindow, ...]:
    return coming_windows(case.cycles, evaluation.plan.next_cycle, planned_cycles(case, evaluation.protocol))


def _due_text(window: CycleWindow, zone: ZoneInfo) -> str:
    due, earliest, latest = (instant.astimezone(zone) for instant in (window.due, window.earliest, window.latest))
    return f"due {due:%d %b %Y}, from {earliest:%d %b} to {latest:%d %b %Y}"
