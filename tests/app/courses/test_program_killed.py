"""The whole program killed while it works: nothing that was called saved is lost, nothing is half there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.store.faults.kills import kill
from tests.app.store.faults.store_figure import store_figure

SEED = 20261121
SAVED_TOO_EARLY = """
from datetime import datetime
from app.courses.journal import CourseJournal
write = CourseJournal.flush
def flush(journal):
    journal.saved.emit(datetime.now().astimezone())
    return len(journal._pending) % 4 != 3 or write(journal)
CourseJournal.flush = flush
"""


def test_that_no_saved_change_is_lost_when_the_program_is_killed(tmp_path: Path) -> None:
    tally = kill(tmp_path, seed=SEED, kills=20, at_least=3, longest_s=4)
    assert tally.wrong == []
    assert tally.kills >= 3
    assert tally.saved > 0


@pytest.mark.long
def test_that_100_kills_lose_no_saved_change(tmp_path: Path) -> None:
    tally = kill(tmp_path, seed=SEED, kills=100)
    store_figure(
        "store-kills",
        n=tally.kills,
        failures=len(tally.wrong),
        seed=SEED,
        while_starting=tally.while_starting,
        saved_changes=tally.saved,
        written_files=tally.files,
    )
    assert tally.wrong == []


@pytest.mark.long
def test_that_a_program_that_says_saved_too_early_is_caught(tmp_path: Path) -> None:
    tally = kill(tmp_path, seed=SEED, kills=6, prologue=SAVED_TOO_EARLY)
    store_figure("store-kills-control-saved-too-early", n=tally.kills, failures=0, seed=SEED, caught=len(tally.wrong))
    assert tally.wrong
