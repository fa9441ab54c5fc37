"""The program killed with the hand on the brush: at most the stroke in hand is lost, never a part of one is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.store.faults.store_figure import store_figure
from tests.app.store.faults.stroke_kills import kill_while_painting

SEED = 177
KEEPS_LATE = """
from app.courses.journal import CourseJournal
write = CourseJournal.flush
CourseJournal.flush = lambda journal: len(journal._pending) % 3 != 0 or write(journal)
"""


def test_that_a_kill_in_a_stroke_costs_at_most_that_stroke(tmp_path: Path) -> None:
    tally = kill_while_painting(tmp_path, seed=SEED, kills=8, at_least=2, longest_s=3)
    assert tally.wrong == []
    assert tally.most_lost <= 1


@pytest.mark.long
def test_that_100_kills_in_a_stroke_cost_at_most_that_stroke_each(tmp_path: Path) -> None:
    tally = kill_while_painting(tmp_path, seed=SEED, kills=100)
    store_figure(
        "stroke-kills",
        n=tally.kills,
        failures=len(tally.wrong),
        seed=SEED,
        button_down=tally.button_down,
        finished_strokes=tally.strokes,
        most_strokes_lost=tally.most_lost,
    )
    assert tally.wrong == []
    assert tally.most_lost <= 1
    assert tally.button_down > 0


@pytest.mark.long
def test_that_a_program_that_keeps_strokes_late_is_caught(tmp_path: Path) -> None:
    tally = kill_while_painting(tmp_path, seed=SEED, kills=6, prologue=KEEPS_LATE)
    store_figure("stroke-kills-control-kept-late", n=tally.kills, failures=0, seed=SEED, caught=len(tally.wrong))
    assert tally.wrong
