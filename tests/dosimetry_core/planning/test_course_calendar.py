from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dosimetry_core.case import Administration, Cycle
from dosimetry_core.planning.course_calendar import coming_windows, is_usual_interval, start_of, weeks_between

WARSAW = ZoneInfo("Europe/Warsaw")
FIRST = datetime(2025, 3, 3, 10, 30, tzinfo=WARSAW)


def given(number: int, start: datetime) -> Cycle:
    later = Administration("Y-90", 1.85e9, start + timedelta(hours=1), 1800.0)
    return Cycle(number, (later, Administration("Lu-177", 3.7e9, start, 1800.0)))


def test_that_the_next_cycle_is_due_eight_weeks_after_the_last_infusion_began() -> None:
    second = FIRST + timedelta(days=63)
    (window,) = coming_windows([given(1, FIRST), given(2, second)], 3, None)
    assert window.cycle == 3
    assert (window.due - second).days == 56
    assert (window.due - window.earliest).days == (window.latest - window.due).days == 14
    assert start_of(given(1, FIRST)) == FIRST
    assert weeks_between(FIRST, second) == 9.0


def test_that_later_cycles_follow_to_the_last_and_each_adds_its_tolerance() -> None:
    windows = coming_windows([given(1, FIRST)], 2, 4)
    assert [window.cycle for window in windows] == [2, 3, 4]
    assert [(window.due - FIRST).days for window in windows] == [56, 112, 168]
    assert [(window.latest - window.due).days for window in windows] == [14, 28, 42]


def test_that_nothing_is_due_when_all_cycles_were_given_or_none_was() -> None:
    assert coming_windows([given(1, FIRST)], None, 4) == ()
    assert coming_windows([Cycle(1, ())], 2, 4) == ()


def test_that_six_to_ten_weeks_are_usual() -> None:
    day = 86_400.0
    assert [is_usual_interval(days * day) for days in (41, 42, 56, 70, 71)] == [False, True, True, True, False]
