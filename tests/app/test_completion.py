from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.completion import has_pending
from app.document import Document
from app.jobs import Jobs
from app.recomputation import Recomputation
from dosimetry_core.case import Case
from dosimetry_core.progress import Progress
from tests.app.small_values import case as make_case


@dataclass(frozen=True, eq=False)
class Cycle:
    """Stands in for results of a cycle."""

    pending: bool
    voxels_pending: bool = False


@dataclass(frozen=True, eq=False)
class Results:
    """Stands in for an evaluation."""

    case: Case
    cycles: tuple[Cycle, ...]


class Pipeline:
    """Evaluates with something pending, and completes it; remembers what it was asked."""

    def __init__(self) -> None:
        self.previous: list[Any] = []
        self.completed: list[Results] = []
        self.seconds = 0.0

    def evaluate(self, case: Case, *, previous: Any, progress: Progress) -> Results:
        self.previous.append(previous)
        return Results(case, (Cycle(True),))

    def complete(self, evaluation: Results, *, progress: Progress) -> Results:
        self.completed.append(evaluation)
        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            progress(0.5, "")
            time.sleep(0.002)
        return Results(evaluation.case, (Cycle(False),))


@pytest.fixture
def jobs(qapp: object) -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.close()


def _with_protocol(name: str) -> Any:
    return lambda case: replace(case, course=replace(case.course, protocol=name))


def test_that_what_is_pending_is_completed_once_the_case_rests(jobs: Jobs, qtbot: QtBot) -> None:
    document, pipeline = Document(make_case()), Pipeline()
    recomputation = Recomputation(document, jobs, pipeline.evaluate, complete=pipeline.complete)
    recomputation.set_enabled(True)
    qtbot.waitUntil(lambda: document.evaluation is not None, timeout=3000)
    assert has_pending(document.evaluation)
    assert recomputation.is_completing
    qtbot.waitUntil(lambda: not has_pending(document.evaluation), timeout=5000)
    assert not recomputation.is_completing
    # The next edit rests on the complete results.
    complete = document.evaluation
    document.apply("x", _with_protocol("duonen-a"))
    qtbot.waitUntil(lambda: len(pipeline.previous) == 2, timeout=3000)
    assert pipeline.previous[1] is complete


def test_that_a_completion_is_given_up_when_the_case_changes(jobs: Jobs, qtbot: QtBot) -> None:
    document, pipeline = Document(make_case()), Pipeline()
    pipeline.seconds = 30.0
    recomputation = Recomputation(document, jobs, pipeline.evaluate, complete=pipeline.complete)
    recomputation.set_enabled(True)
    qtbot.waitUntil(lambda: len(pipeline.completed) == 1, timeout=5000)
    pipeline.seconds = 0.0
    document.apply("x", _with_protocol("duonen-a"))
    qtbot.waitUntil(lambda: len(pipeline.completed) == 2, timeout=5000)
    qtbot.waitUntil(lambda: document.evaluation is not None and not has_pending(document.evaluation), timeout=5000)
    assert document.evaluation is not None
    assert document.evaluation.case.course.protocol == "duonen-a"


def test_that_nothing_pending_starts_nothing(jobs: Jobs, qtbot: QtBot) -> None:
    document, pipeline = Document(make_case()), Pipeline()
    pipeline.evaluate = lambda case, **_: Results(case, (Cycle(False),))  # type: ignore[method-assign]
    recomputation = Recomputation(document, jobs, pipeline.evaluate, complete=pipeline.complete)
    with qtbot.waitSignal(recomputation.finished, timeout=3000):
        recomputation.set_enabled(True)
    assert not recomputation.is_completing
    assert pipeline.completed == []


def test_that_results_that_come_back_while_their_completion_is_being_stopped_are_completed_anew(
    jobs: Jobs, qtbot: QtBot
) -> None:
    document, pipeline = Document(make_case()), Pipeline()
    recomputation = Recomputation(document, jobs, pipeline.evaluate, complete=pipeline.complete)
    with qtbot.waitSignal(recomputation._completion.finished, timeout=5000):  # type: ignore[union-attr]
        recomputation.set_enabled(True)
    pipeline.seconds = 30.0
    document.apply("x", _with_protocol("duonen-a"))
    qtbot.waitUntil(lambda: len(pipeline.completed) == 2, timeout=5000)
    pipeline.seconds = 0.0
    # Both before the job has noticed that it is to stop.
    document.undo()
    document.redo()
    qtbot.waitUntil(lambda: document.evaluation is not None and not has_pending(document.evaluation), timeout=5000)
    assert len(pipeline.completed) == 3


def test_that_a_completion_the_user_stopped_is_told_and_not_called_under_way(jobs: Jobs, qtbot: QtBot) -> None:
    document, pipeline = Document(make_case()), Pipeline()
    pipeline.seconds = 30.0
    recomputation = Recomputation(document, jobs, pipeline.evaluate, complete=pipeline.complete)
    recomputation.set_enabled(True)
    qtbot.waitUntil(lambda: len(pipeline.completed) == 1, timeout=5000)
    with qtbot.waitSignal(recomputation.stopped, timeout=5000):
        jobs.running[0].cancel()
    assert not recomputation.is_completing
    assert has_pending(document.evaluation)
