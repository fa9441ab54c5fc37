from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.main import make_application
from app.main_window import MainWindow
from app.session import empty_case
from dosimetry_core.progress import Progress


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    make_application()
    window = MainWindow(empty_case())
    qtbot.addWidget(window)
    yield window
    window.session.jobs.close()


def slow_to_notice(number: int, *, progress: Progress) -> int:
    progress(0.5, "working")
    time.sleep(0.2)
    progress(0.6, "working")
    return number


def test_that_a_computation_that_was_replaced_leaves_the_status_line_at_once(window: MainWindow, qtbot: QtBot) -> None:
    strip, jobs = window.job_strip, window.session.jobs
    for number in range(3):
        job = jobs.start(slow_to_notice, number, purpose="evaluate", title="Computing doses and plan")
        assert strip.running() == (str(id(job)),)
    qtbot.waitUntil(lambda: not jobs.running)
    assert strip.running() == ()
    assert "cancelled" not in strip.message()


def test_that_a_cancelled_computation_is_told(window: MainWindow, qtbot: QtBot) -> None:
    job = window.session.jobs.start(slow_to_notice, 0, title="Reading images")
    job.cancel()
    qtbot.waitUntil(lambda: not window.session.jobs.running)
    assert window.job_strip.message() == "Reading images: cancelled"
