"""A store with a long history is written and read like a short one. How fast it is, the figures in tests/long say."""

from __future__ import annotations

from pathlib import Path

from tests.app.store.faults.load import timed, write_store


def test_that_50000_events_of_25_courses_are_listed_opened_and_checked(tmp_path: Path) -> None:
    write_store(tmp_path, courses=25, events=50_000)
    times = timed(tmp_path)
    assert (times.courses, times.events) == (25, 50_000)
    assert times.steps == 1999
    assert times.problems == ()
    assert times.start_s < 10
    assert times.course_s < 10
    assert times.check_s < 30
