"""The store of a department after years: 500 patients of four cycles with four time points, 1,000,000 events."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.app.store.faults.load import quickest, write_store
from tests.app.store.faults.store_figure import store_figure

pytestmark = pytest.mark.long


def test_that_a_million_events_start_within_3_s_open_within_half_a_second_and_verify_within_5_s(tmp_path: Path) -> None:
    write_s = write_store(tmp_path, courses=500, events=1_000_000)
    size = (tmp_path / "store.sqlite").stat().st_size
    times = quickest(tmp_path, times=3)
    figures = {key: value for key, value in dataclasses.asdict(times).items() if key != "problems"}
    store_figure(
        "store-load",
        n=times.events,
        failures=len(times.problems),
        seed=None,
        write_s=write_s,
        bytes=size,
        **figures,
    )
    assert times.problems == ()
    assert times.start_s < 3.0
    assert times.course_s < 0.5
    assert times.check_s < 5.0
