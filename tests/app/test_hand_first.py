from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.hand_first import HandFirst
from app.jobs import Jobs
from dosimetry_core.progress import Progress


class Pane(QWidget):
    """Answers a move by painting, and notes whether computations gave way meanwhile."""

    def __init__(self, hand: HandFirst) -> None:
        super().__init__()
        self.hand = hand
        self.painted: list[bool] = []

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt override
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 Qt override
        self.painted.append(self.hand.is_answering)


@pytest.fixture
def jobs(qapp: object) -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.close()


@pytest.fixture
def pane(jobs: Jobs, qtbot: QtBot) -> Pane:
    pane = Pane(jobs.hand)
    qtbot.addWidget(pane)
    pane.setMouseTracking(True)
    pane.resize(80, 60)
    pane.show()
    qtbot.waitUntil(lambda: bool(pane.painted), timeout=5000)
    QApplication.processEvents()
    jobs.hand.watch(pane.windowHandle())
    return pane


def move(pane: Pane) -> None:
    at = QPointF(20, 20)
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        at,
        QPointF(pane.mapToGlobal(at.toPoint())),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(pane.windowHandle(), event)


def test_that_the_window_is_answering_from_a_move_until_it_is_painted(jobs: Jobs, pane: Pane) -> None:
    pane.painted.clear()
    assert not jobs.hand.is_answering
    move(pane)
    assert jobs.hand.is_answering
    assert pane.painted == []
    QApplication.processEvents()
    assert pane.painted == [True]
    assert not jobs.hand.is_answering


def test_that_a_painting_by_itself_holds_nobody_up(jobs: Jobs, pane: Pane) -> None:
    pane.painted.clear()
    pane.update()
    QApplication.processEvents()
    assert pane.painted == [False]


def test_that_a_job_waits_at_its_next_look_until_the_answer_is_painted(
    jobs: Jobs, pane: Pane, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the computer is: it waits for the painting, not for the time to run out.
    monkeypatch.setattr("app.hand_first.LONGEST_S", 60.0)
    begun, looked = threading.Event(), threading.Event()
    may_look = threading.Event()

    def work(*, progress: Progress) -> str:
        begun.set()
        may_look.wait(20)
        looked.set()
        progress(0.5, "half")
        return "done"

    results: list[object] = []
    jobs.start(work).succeeded.connect(results.append)
    assert begun.wait(20)
    move(pane)
    may_look.set()
    assert looked.wait(20)
    jobs._empty_mailboxes()
    assert results == []
    pane.painted.clear()
    qtbot.waitUntil(lambda: results == ["done"], timeout=20_000)
    assert pane.painted == [True]


def test_that_a_job_goes_on_when_the_window_never_comes_to_an_end(
    jobs: Jobs, pane: Pane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.hand_first.LONGEST_S", 0.01)
    move(pane)
    passed = threading.Event()

    def look() -> None:
        jobs.hand.give_way()
        passed.set()

    threading.Thread(target=look, daemon=True).start()
    # Nothing is painted here, as the event loop is not let in.
    assert passed.wait(20)
    assert jobs.hand.is_answering


def test_that_closing_lets_jobs_go(jobs: Jobs, pane: Pane) -> None:
    move(pane)
    jobs.close()
    assert not jobs.hand.is_answering
