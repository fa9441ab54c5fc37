from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app import second_opinion_watch
from app.completion import Stopped, has_pending
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
        self.error: Exception | None = None

    def evaluate(self, case: Case, *, previous: Any, progress: Progress) -> Results:
        self.previous.append(previous)
        return Results(case, (Cycle(True),))

    def complete(self, evaluation: Results, *, progress: Progress) -> Results:
        self.completed.append(evaluation)
        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            progress(0.5, "")
            time.sleep(0.002)
        if self.error is not None:
            raise self.error
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
    assert recomputation.completion_stop == Stopped(None)


def test_that_a_completion_that_failed_is_told_with_its_cause(jobs: Jobs, qtbot: QtBot) -> None:
    document, pipeline = Document(make_case()), Pipeline()
    pipeline.error = MemoryError()
    recomputation = Recomputation(document, jobs, pipeline.evaluate, complete=pipeline.complete)
    with qtbot.waitSignal(recomputation.stopped, timeout=5000):
        recomputation.set_enabled(True)
    assert not recomputation.is_completing
    assert recomputation.completion_stop == Stopped(pipeline.error)


def test_that_what_was_stopped_is_begun_again_by_the_next_change_and_by_nothing_else(jobs: Jobs, qtbot: QtBot) -> None:
    document, pipeline = Document(make_case()), Pipeline()
    pipeline.error = MemoryError()
    recomputation = Recomputation(document, jobs, pipeline.evaluate, complete=pipeline.complete)
    with qtbot.waitSignal(recomputation.stopped, timeout=5000):
        recomputation.set_enabled(True)
    pipeline.error = None
    # What the second opinion heard comes with the same cycles.
    document.attach(document.case, replace(document.evaluation))  # type: ignore[type-var]
    assert recomputation.completion_stop is not None
    assert not recomputation.is_completing
    document.apply("x", _with_protocol("duonen-a"))
    assert recomputation.completion_stop is None
    qtbot.waitUntil(lambda: document.evaluation is not None and not has_pending(document.evaluation), timeout=5000)
    assert len(pipeline.completed) == 2


@pytest.mark.parametrize("cancelled", [True, False])
def test_that_the_second_opinion_is_heard_on_results_whose_rest_does_not_come(
    cancelled: bool, jobs: Jobs, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []

    def check(evaluation: Results, *, progress: Progress) -> Results:
        heard.append(evaluation)
        return replace(evaluation)

    monkeypatch.setattr(second_opinion_watch, "checked", check)
    document, pipeline = Document(make_case()), Pipeline()
    pipeline.seconds, pipeline.error = (30.0, None) if cancelled else (0.0, MemoryError())
    recomputation = Recomputation(document, jobs, pipeline.evaluate, complete=pipeline.complete)
    opinion = second_opinion_watch.SecondOpinionWatch(document, jobs)
    opinion.rest_ms = 0
    recomputation.stopped.connect(opinion.hear_as_they_are)
    recomputation.set_enabled(True)
    qtbot.waitUntil(lambda: len(pipeline.completed) == 1, timeout=5000)
    if cancelled:
        jobs.running[0].cancel()
    qtbot.waitUntil(lambda: opinion.is_checked(document.evaluation), timeout=5000)
    assert len(heard) == 1
    assert has_pending(heard[0])
    assert len(pipeline.completed) == 1


def test_that_a_second_opinion_that_can_not_be_made_says_why_of_these_results_alone(
    jobs: Jobs, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = MemoryError()

    def check(evaluation: Results, *, progress: Progress) -> Results:
        raise error

    monkeypatch.setattr(second_opinion_watch, "checked", check)
    document = Document(make_case())
    opinion = second_opinion_watch.SecondOpinionWatch(document, jobs)
    opinion.rest_ms = 0
    with qtbot.waitSignal(opinion.failed, timeout=5000):
        document.attach(document.case, Results(document.case, (Cycle(False),)))
    assert opinion.problem(document.evaluation) is error
    document.attach(document.case, Results(document.case, (Cycle(False),)))
    assert opinion.problem(document.evaluation) is None
