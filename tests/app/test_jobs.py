from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QEventLoop, QTimer
from pytestqt.qtbot import QtBot

from app.jobs import Job, Jobs
from dosimetry_core.errors import FitError
from dosimetry_core.progress import Progress


@pytest.fixture
def jobs(qapp: object) -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.close()


def record(job: Job) -> list[object]:
    seen: list[object] = []
    job.succeeded.connect(lambda result: seen.append(("succeeded", result)))
    job.failed.connect(lambda error: seen.append(("failed", type(error))))
    job.cancelled.connect(lambda: seen.append("cancelled"))
    return seen


def until_stopped(*, progress: Progress) -> None:
    begin = time.monotonic()
    while time.monotonic() - begin < 20:
        progress(0.5, "working")
        time.sleep(0.002)


def test_that_a_job_delivers_its_result_once_on_the_ui_thread(jobs: Jobs, qtbot: QtBot) -> None:
    threads: list[threading.Thread] = []

    def add(a: int, b: int, *, progress: Progress) -> int:
        threads.append(threading.current_thread())
        return a + b

    job = jobs.start(add, 2, 3)
    seen = record(job)
    job.succeeded.connect(lambda _result: threads.append(threading.current_thread()))
    qtbot.waitUntil(lambda: bool(seen), timeout=5000)
    qtbot.wait(20)
    assert seen == [("succeeded", 5)]
    assert threads[0] is not threading.main_thread()
    assert threads[1] is threading.main_thread()
    assert jobs.running == ()


def test_that_a_failure_is_delivered_as_the_error_itself(jobs: Jobs, qtbot: QtBot) -> None:
    def fail(*, progress: Progress) -> None:
        raise FitError("two points only")

    seen = record(jobs.start(fail))
    qtbot.waitUntil(lambda: bool(seen), timeout=5000)
    assert seen == [("failed", FitError)]


def test_that_progress_comes_through_with_its_text(jobs: Jobs, qtbot: QtBot) -> None:
    def work(*, progress: Progress) -> None:
        progress(0.25, "first quarter")

    job = jobs.start(work)
    said: list[tuple[float, str]] = []
    job.progressed.connect(lambda fraction, text: said.append((fraction, text)))
    with qtbot.waitSignal(job.succeeded, timeout=5000):
        pass
    assert said == [(0.25, "first quarter")]


def test_that_progress_is_passed_on_at_a_bearable_rate(jobs: Jobs, qtbot: QtBot) -> None:
    def chatter(*, progress: Progress) -> None:
        for step in range(20_000):
            progress(step / 20_000, "")

    job = jobs.start(chatter)
    said: list[float] = []
    job.progressed.connect(lambda fraction, text: said.append(fraction))
    with qtbot.waitSignal(job.succeeded, timeout=10_000):
        pass
    assert len(said) < 40


def test_that_a_cancelled_job_ends_cancelled(jobs: Jobs, qtbot: QtBot) -> None:
    job = jobs.start(until_stopped)
    seen = record(job)
    job.cancel()
    qtbot.waitUntil(lambda: bool(seen), timeout=5000)
    assert seen == ["cancelled"]


def test_that_a_job_cancelled_after_its_last_look_still_never_succeeds(jobs: Jobs, qtbot: QtBot) -> None:
    go = threading.Event()

    def deaf(*, progress: Progress) -> str:
        go.wait(5)
        return "too late"

    job = jobs.start(deaf)
    seen = record(job)
    job.cancel()
    go.set()
    qtbot.waitUntil(lambda: bool(seen), timeout=5000)
    assert seen == ["cancelled"]


def test_that_a_newer_job_for_the_same_purpose_cancels_the_older(jobs: Jobs, qtbot: QtBot) -> None:
    first, second = jobs.start(until_stopped, purpose="align"), jobs.start(until_stopped, purpose="align")
    other = jobs.start(until_stopped, purpose="else")
    seen = record(first)
    qtbot.waitUntil(lambda: bool(seen), timeout=5000)
    assert seen == ["cancelled"]
    assert second.is_running
    assert other.is_running


def test_that_closing_stops_everything_quickly(qapp: object) -> None:
    jobs = Jobs()
    jobs.start(until_stopped, purpose=1)
    jobs.start(until_stopped, purpose=2)
    begin = time.monotonic()
    jobs.close()
    assert time.monotonic() - begin < 2.0


def test_that_idle_comes_after_the_last_job(jobs: Jobs, qtbot: QtBot) -> None:
    def short(*, progress: Progress) -> None:
        return None

    with qtbot.waitSignal(jobs.idle, timeout=5000):
        jobs.start(short, purpose=1)
        jobs.start(short, purpose=2)
    assert jobs.running == ()


def test_that_nothing_is_lost_while_the_ui_thread_is_busy_for_long(jobs: Jobs, qtbot: QtBot) -> None:
    count = 50_000
    done = threading.Event()

    def many(*, progress: Progress, show: Callable[[int], None]) -> int:
        for number in range(count):
            show(number)
        done.set()
        return count

    job = jobs.start(many, shows=True)
    shown: list[int] = []
    job.shown.connect(shown.append)
    seen = record(job)
    # The bell's own room is full long before the last of them; the worker must not wait for it.
    assert done.wait(20)
    qtbot.waitUntil(lambda: bool(seen), timeout=20000)
    assert shown == list(range(count))
    assert seen == [("succeeded", count)]


def test_that_a_dialog_opened_by_a_result_does_not_stop_the_others(jobs: Jobs, qtbot: QtBot) -> None:
    def short(*, progress: Progress) -> None:
        return None

    idle: list[bool] = []
    ended: list[object] = []
    jobs.idle.connect(lambda: idle.append(True))
    first = jobs.start(short, purpose=1)

    def opens_a_dialog() -> None:
        other = jobs.start(short, purpose=2)
        loop = QEventLoop()
        other.finished.connect(lambda: ended.append(other))
        other.finished.connect(loop.quit)
        QTimer.singleShot(5000, loop.quit)
        loop.exec()

    first.finished.connect(opens_a_dialog)
    qtbot.waitUntil(lambda: bool(idle), timeout=10000)
    assert len(ended) == 1
    assert jobs.running == ()
    qtbot.wait(20)
    assert len(idle) == 1


def test_that_jobs_that_are_no_more_leave_nothing_open(qapp: object) -> None:
    jobs = Jobs()
    bell = jobs._bell
    jobs.close()
    assert bell.fileno() >= 0
    del jobs
    gc.collect()
    assert bell.fileno() == -1
    bell.ring()
