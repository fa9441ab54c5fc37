"""Progress handed down to parts of a computation, and reported by several threads."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dosimetry_core.progress import Cancelled, from_threads, part_of


def test_that_a_part_is_told_as_its_part_of_the_whole() -> None:
    told: list[tuple[float, str]] = []
    report = part_of(lambda fraction, text: told.append((fraction, text)), 0.5, 1.0)
    report(0.0, "begin")
    report(0.5, "middle")
    report(1.0, "end")
    assert told == [(0.5, "begin"), (0.75, "middle"), (1.0, "end")]


def test_that_several_threads_report_one_at_a_time_and_never_back() -> None:
    inside, most, told = 0, 0, []

    def progress(fraction: float, message: str) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.001)  # another thread may come here now
        told.append((fraction, message))
        inside -= 1

    report, together = from_threads(progress), threading.Barrier(4)

    def work(number: int) -> None:
        together.wait()
        for step in range(5):
            report((5 * number + step) / 20, f"{number}.{step}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert most == 1
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert {message for _, message in told} == {f"{number}.{step}" for number in range(4) for step in range(5)}


def test_that_every_thread_hears_that_the_user_stopped() -> None:
    def stopped(_fraction: float, _message: str) -> None:
        raise Cancelled

    report = from_threads(stopped)
    for _ in range(2):
        with pytest.raises(Cancelled):
            report(0.5, "")
