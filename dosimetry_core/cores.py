"""How many cores this process may use at once: those of the computer, or as many as whoever started it allows."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

ALLOWED: Final = "LUTETIA_CORES"
"""Environment variable that a process sets for itself and those that it starts: no thread pool is larger."""
Item = TypeVar("Item")
Result = TypeVar("Result")


def usable_cores() -> int:
    """How many threads can compute at once, at least 1."""
    cores = os.cpu_count() or 1
    allowed = os.environ.get(ALLOWED, "")
    return max(1, min(cores, int(allowed))) if allowed.isdecimal() else cores


def threads(most: int | None = None) -> Executor:
    """Threads for the cores there are, at most so many; on a single core everything is done at once and in turn.

    Where many processes compute one course each, every one of them has a single core: threads would only wait for each
    other, and passing files from one to the next takes a fifth of the time of reading them.
    """
    count = usable_cores() if most is None else min(most, usable_cores())
    return ThreadPoolExecutor(max_workers=count) if count > 1 else _InTurn()


def at_once(function: Callable[[Item], Result], items: Iterable[Item], *, most: int | None = None) -> list[Result]:
    """Results of a function for each item, in their order, computed on the cores there are, at most so many.

    Where one fails no further one is begun, and its error is raised once the others under way have ended.
    """
    with threads(most) as pool:
        return list(pool.map(function, items))


def made_once(most: int) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Keep the results used last of a function of hashable values, at most so many.

    As `functools.lru_cache`, which lets two threads that ask for the same at the same time both compute it.
    """

    def kept(function: Callable[..., Result]) -> Callable[..., Result]:
        cached = functools.lru_cache(maxsize=most)(function)
        guard, making = threading.Lock(), dict[tuple[Any, ...], threading.Lock]()

        @functools.wraps(function)
        def call(*values: Any) -> Result:
            with guard:
                lock = making.setdefault(values, threading.Lock())
            with lock:
                return cached(*values)

        return call

    return kept


class _InTurn(Executor):
    """Calls each function when it is submitted, in the caller's thread."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """The future of a call that is over."""
        future: Future[Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # raised again where the result is asked for, as of a thread
            future.set_exception(error)
        return future

    def map(
        self, fn: Callable[..., Result], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[Result]:
        """Each result when it is asked for, so that progress is told in between."""
        return map(fn, *iterables)
