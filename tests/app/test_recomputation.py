from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.document import Document
from app.jobs import Jobs
from app.recomputation import GESTURE_AFTER_MS, Recomputation
from dosimetry_core.case import Case
from dosimetry_core.errors import FitError
from dosimetry_core.progress import Progress
from tests.app.small_values import case as make_case


class Evaluator:
    """Stands in for the pipeline: remembers what it was asked, and answers with the protocol's name."""

    def __init__(self) -> None:
        self.asked: list[tuple[Case, Any]] = []
        self.seconds = 0.0
        self.error: Exception | None = None

    def __call__(self, case: Case, *, previous: Any, progress: Progress) -> str:
        self.asked.append((case, previous))
        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            progress(0.5, "")
            time.sleep(0.002)
        if self.error is not None:
            raise self.error
        return f"results of {case.course.protocol}"


@pytest.fixture
def evaluator() -> Evaluator:
    return Evaluator()


@pytest.fixture
def jobs(qapp: object) -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.close()


@pytest.fixture
def document(qapp: object) -> Document:
    return Document(make_case())


@pytest.fixture
def recomputation(document: Document, jobs: Jobs, evaluator: Evaluator) -> Recomputation:
    return Recomputation(document, jobs, evaluator)


def with_protocol(name: str):
    return lambda case: replace(case, course=replace(case.course, protocol=name))


def test_that_nothing_is_computed_before_it_is_switched_on(
    recomputation: Recomputation, document: Document, evaluator: Evaluator, qtbot: QtBot
) -> None:
    document.apply("x", with_protocol("duonen-a"))
    qtbot.wait(30)
    assert evaluator.asked == []
    with qtbot.waitSignal(recomputation.finished, timeout=3000):
        recomputation.set_enabled(True)
    assert document.evaluation == "results of duonen-a"


def test_that_every_edit_is_evaluated_with_the_results_before_it(
    recomputation: Recomputation, document: Document, evaluator: Evaluator, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(recomputation.finished, timeout=3000):
        recomputation.set_enabled(True)
    with qtbot.waitSignal(recomputation.finished, timeout=3000):
        document.apply("x", with_protocol("duonen-a"))
    assert evaluator.asked[-1] == (document.case, "results of duonen-d")


def test_that_undo_computes_nothing_again(
    recomputation: Recomputation, document: Document, evaluator: Evaluator, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(recomputation.finished, timeout=3000):
        recomputation.set_enabled(True)
    with qtbot.waitSignal(recomputation.finished, timeout=3000):
        document.apply("x", with_protocol("duonen-a"))
    asked = len(evaluator.asked)
    document.undo()
    qtbot.wait(30)
    assert len(evaluator.asked) == asked
    assert document.evaluation == "results of duonen-d"


def test_that_the_newest_case_wins_over_one_still_computed(
    recomputation: Recomputation, document: Document, evaluator: Evaluator, qtbot: QtBot
) -> None:
    evaluator.seconds = 5.0
    recomputation.set_enabled(True)
    qtbot.waitUntil(lambda: len(evaluator.asked) == 1)
    evaluator.seconds = 0.0
    with qtbot.waitSignal(recomputation.finished, timeout=2000):
        document.apply("x", with_protocol("duonen-b"))
    assert document.evaluation == "results of duonen-b"
    qtbot.waitUntil(lambda: not recomputation.is_busy)


def test_that_a_gesture_shows_results_on_its_way_and_ends_on_its_own(
    recomputation: Recomputation, document: Document, evaluator: Evaluator, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(recomputation.finished, timeout=3000):
        recomputation.set_enabled(True)
    evaluator.seconds = 0.02
    seen: list[str] = []
    recomputation.finished.connect(seen.append)
    provisional = None
    for number in range(30):
        provisional = document.preview(with_protocol(str(number)))
        qtbot.wait(5)
    qtbot.waitUntil(lambda: document.evaluation == "results of 29", timeout=3000)
    assert 2 <= len(seen) <= 30
    asked = len(evaluator.asked)
    assert provisional is not None
    document.apply("gesture", lambda _case: provisional)
    qtbot.wait(30)
    assert len(evaluator.asked) == asked
    assert document.evaluation == "results of 29"


def test_that_a_gesture_over_at_once_is_evaluated_once_as_it_ended(
    recomputation: Recomputation, document: Document, evaluator: Evaluator, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(recomputation.finished, timeout=3000):
        recomputation.set_enabled(True)
    asked = len(evaluator.asked)
    for number in range(3):
        provisional = document.preview(with_protocol(str(number)))
    assert recomputation.is_busy
    with qtbot.waitSignal(recomputation.finished, timeout=3000):
        document.apply("gesture", lambda _case: provisional)
    assert document.evaluation == "results of 2"
    qtbot.wait(3 * GESTURE_AFTER_MS)
    assert len(evaluator.asked) == asked + 1
    assert not recomputation.is_busy


def test_that_a_gesture_given_up_leaves_nothing_to_evaluate(
    recomputation: Recomputation, document: Document, evaluator: Evaluator, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(recomputation.finished, timeout=3000):
        recomputation.set_enabled(True)
    asked = len(evaluator.asked)
    document.preview(with_protocol("provisional"))
    document.cancel_preview()
    qtbot.wait(3 * GESTURE_AFTER_MS)
    assert len(evaluator.asked) == asked
    assert not recomputation.is_busy
    assert document.evaluation == "results of duonen-d"


def test_that_a_failure_belongs_to_its_case(
    recomputation: Recomputation, document: Document, evaluator: Evaluator, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(recomputation.finished, timeout=3000):
        recomputation.set_enabled(True)
    evaluator.error = FitError("two points")
    with qtbot.waitSignal(recomputation.failed, timeout=3000):
        document.apply("x", with_protocol("duonen-a"))
    assert isinstance(recomputation.failure, FitError)
    assert document.evaluation is None
    assert document.latest_evaluation == "results of duonen-d"
    document.undo()
    assert recomputation.failure is None
    assert document.evaluation == "results of duonen-d"
