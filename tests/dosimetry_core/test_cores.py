"""Thread pools of as many cores as a process may use; on one core everything is done in turn."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dosimetry_core.cores import ALLOWED, at_once, made_once, threads, usable_cores
from dosimetry_core.progress import Cancelled


def test_that_without_a_word_all_cores_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ALLOWED, raising=False)
    assert usable_cores() == (os.cpu_count() or 1)


@pytest.mark.parametrize(("said", "cores"), [("1", 1), ("0", 1), ("3", 3), ("1000", 8), ("many", 8), ("", 8)])
def test_that_a_word_lowers_the_number_and_never_raises_it(
    said: str, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setenv(ALLOWED, said)
    assert usable_cores() == cores


@pytest.mark.parametrize("cores", ["1", "2"])
def test_that_results_and_errors_come_in_order_on_any_number_of_cores(
    cores: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setenv(ALLOWED, cores)
    with threads() as pool:
        assert list(pool.map(lambda x: 10 // x, (1, 2, 5))) == [10, 5, 2]
        failed = pool.submit(lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            failed.result()
        assert (pool.submit(threading.get_ident).result() == threading.get_ident()) == (cores == "1")


def test_that_on_one_core_a_result_is_made_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOWED, "1")
    made: list[int] = []
    with threads(4) as pool:
        results = pool.map(made.append, range(3))
        next(results)
        assert made == [0]


@pytest.mark.parametrize("cores", ["1", "2"])
def test_that_what_is_computed_at_once_comes_in_order_and_a_failure_ends_it(
    cores: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setenv(ALLOWED, cores)
    assert at_once(lambda x: x * x, range(7)) == [0, 1, 4, 9, 16, 25, 36]
    begun: list[int] = []

    def third_fails(number: int) -> None:
        begun.append(number)
        if number == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        at_once(third_fails, range(1000))
    assert len(begun) < 1000


def test_that_threads_that_ask_for_the_same_get_the_same_made_once() -> None:
    made: list[int] = []
    together = threading.Barrier(4)

    @made_once(2)
    def square(number: int) -> list[int]:
        time.sleep(0.01)  # the others come meanwhile
        made.append(number)
        return [number**2]

    def ask(_thread: int) -> list[int]:
        together.wait()
        return square(3)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(4)))
    assert made == [3]
    assert all(each is found[0] for each in found)
    assert [square(4), square(5), square(4)] == [[16], [25], [16]]
    assert made == [3, 4, 5]
    assert square(3) == [9]
    assert made == [3, 4, 5, 3], "no more than two are kept"
