"""What each scan is worth: computed once after an edit, when nothing of the results is pending any more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app import missing_scans
from app.document import Document
from app.jobs import Jobs
from app.missing_scans import WAITING, MissingScans
from tests.app.small_values import case as make_case


@dataclass(frozen=True, eq=False)
class Cycle:
    """Stands in for results of a cycle."""

    pending: bool


@dataclass(frozen=True, eq=False)
class Results:
    """Stands in for an evaluation."""

    cycles: tuple[Cycle, ...]
    plan: object


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    asked: list[Any] = []

    def compute(evaluation: Any, cycle: int, *, progress: Any) -> tuple[Any, ...]:
        asked.append(evaluation)
        return (evaluation,)

    monkeypatch.setattr(missing_scans, "computed_without_each_scan", compute)
    return asked


def test_that_it_waits_for_what_is_pending_and_is_computed_once(jobs: Jobs, qtbot: QtBot, asked: list[Any]) -> None:
    document = Document(make_case())
    missing = MissingScans(document, jobs)
    held, complete = Results((Cycle(True),), object()), Results((Cycle(False),), object())
    document.attach(document.case, held)
    assert missing.without_each(0) is None
    assert jobs.running == ()
    assert missing.problem == WAITING
    document.attach(document.case, complete)
    with qtbot.waitSignal(missing.changed, timeout=20_000):
        assert missing.without_each(0) is None
    found: Any = missing.without_each(0)
    assert found == (complete,)
    assert missing.problem == ""
    assert asked == [complete]


def test_that_the_next_edit_stops_it_and_nothing_of_before_is_shown(jobs: Jobs, qtbot: QtBot, asked: list[Any]) -> None:
    document = Document(make_case())
    missing = MissingScans(document, jobs)
    document.attach(document.case, Results((Cycle(False),), object()))
    missing.without_each(0)
    (job,) = jobs.running
    document.attach(document.case, Results((Cycle(True),), object()))
    with qtbot.waitSignal(job.cancelled, timeout=20_000):
        assert missing.without_each(0) is None
    assert missing.problem == WAITING
    assert missing.without_each(0) is None


def test_that_it_lets_the_second_opinion_go_first(jobs: Jobs, qtbot: QtBot, asked: list[Any]) -> None:
    document = Document(make_case())
    missing = MissingScans(document, jobs)
    missing.changed.connect(lambda: missing.without_each(0))  # as the card that shows it
    complete = Results((Cycle(False),), object())
    document.attach(document.case, complete)
    heard = threading.Event()

    def check(*, progress: Any) -> None:
        assert heard.wait(20)

    checking = jobs.start(check, purpose="second opinion")
    assert missing.without_each(0) is None
    assert missing.without_each(0) is None
    assert jobs.running == (checking,)
    assert asked == []
    heard.set()
    qtbot.waitUntil(lambda: missing.without_each(0) is not None, timeout=20_000)
    assert asked == [complete]
