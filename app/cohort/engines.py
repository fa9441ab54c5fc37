"""Where courses are computed: processes of this computer, or a Dask cluster that the department runs."""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from dosimetry_core.cores import ALLOWED
from dosimetry_core.errors import DosimetryError, MissingDataError

if TYPE_CHECKING:
    from distributed import Client

Task = TypeVar("Task")
Result = TypeVar("Result")
CONNECT_SECONDS = 10.0
LOOK_SECONDS = 0.2
"""How soon a wish to stop is heard while nothing comes to its end."""
_AHEAD = 2
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", ALLOWED)


class ProcessEnded(RuntimeError):
    """A computing process died with a course in hand; memory may have run out."""


class Engine(Protocol):
    """Applies a function to tasks, somewhere."""

    @property
    def name(self) -> str:
        """In words, for progress and methods."""

    def run(
        self, function: Callable[[Task], Result], tasks: Sequence[Task], *, pause: Callable[[], None]
    ) -> Iterator[tuple[int, Result | Exception]]:
        """Number of each task with its result, or what it raised, as they come to their end.

        Parameters
        ----------
        function
            Of a module, so that other processes can import it.
        pause
            Called several times a second; what it raises stops everything that is under way.
        """


class Processes:
    """Processes of this computer, each computing one course at a time on one core.

    Parameters
    ----------
    count
        How many; by default one for each core.
    """

    def __init__(self, count: int | None = None) -> None:
        self._count = count if count is not None else len(os.sched_getaffinity(0)) if _has_affinity() else _cores()
        if self._count < 1:
            raise ValueError("at least one process is needed")

    @property
    def name(self) -> str:
        """In words."""
        return "one process" if self._count == 1 else f"{self._count} processes"

    def run(
        self, function: Callable[[Task], Result], tasks: Sequence[Task], *, pause: Callable[[], None]
    ) -> Iterator[tuple[int, Result | Exception]]:
        """See `Engine`. A process that dies loses the courses in hand, which are told; the others go on.

        Twice as many tasks as processes are handed out, so that none waits while a result is written down.
        """
        waiting = list(range(len(tasks)))[::-1]
        while waiting:
            yield from self._run_until_broken(function, tasks, waiting, pause)

    def _run_until_broken(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        waiting: list[int],
        pause: Callable[[], None],
    ) -> Iterator[tuple[int, Result | Exception]]:
        context = multiprocessing.get_context("spawn")
        pool = concurrent.futures.ProcessPoolExecutor(self._count, mp_context=context, initializer=_begin)
        under_way: dict[concurrent.futures.Future[Result], int] = {}
        try:
            while waiting or under_way:
                while waiting and len(under_way) < _AHEAD * self._count:
                    try:
                        future = pool.submit(function, tasks[waiting[-1]])
                    except concurrent.futures.BrokenExecutor:
                        # A process died while nobody looked; what it had in hand is told below.
                        break
                    under_way[future] = waiting.pop()
                if not under_way:
                    return
                pause()
                done, _ = concurrent.futures.wait(
                    under_way, LOOK_SECONDS, return_when=concurrent.futures.FIRST_COMPLETED
                )
                is_broken = any(isinstance(future.exception(), concurrent.futures.BrokenExecutor) for future in done)
                if is_broken:
                    done, _ = concurrent.futures.wait(under_way)  # all are over then
                lost = []
                for future in [one for one in under_way if one in done]:
                    number, error = under_way.pop(future), future.exception()
                    if isinstance(error, concurrent.futures.BrokenExecutor):
                        lost.append(number)
                    else:
                        yield number, _told(error) if error is not None else future.result()
                if is_broken:
                    # Tasks are begun in their order: those behind the first ones were in nobody's hands yet.
                    waiting += lost[self._count :][::-1]
                    for number in lost[: self._count]:
                        yield number, _told(None)
                    return
        finally:
            _end(pool)


def _has_affinity() -> bool:
    return hasattr(os, "sched_getaffinity")  # not on Windows and macOS


def _cores() -> int:
    return os.cpu_count() or 1


def _begin() -> None:
    """One core for one process and its reading process: each would begin as many threads as there are cores."""
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))


def _end(pool: concurrent.futures.ProcessPoolExecutor) -> None:
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        with contextlib.suppress(ValueError):
            process.terminate()
    for process in processes:
        with contextlib.suppress(ValueError, AssertionError):
            process.join(CONNECT_SECONDS)


def _told(error: BaseException | None) -> Exception:
    if isinstance(error, concurrent.futures.BrokenExecutor) or error is None:
        return ProcessEnded("the computing process ended unexpectedly: compute it again with fewer processes")
    return error if isinstance(error, Exception) else RuntimeError(str(error))


class DaskCluster:
    """A Dask cluster; its workers need this program and see the data folder under the same path.

    Parameters
    ----------
    address
        Of its scheduler, for example ``tcp://scheduler:8786``.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    @property
    def name(self) -> str:
        """In words."""
        return f"Dask at {self._address}"

    def run(
        self, function: Callable[[Task], Result], tasks: Sequence[Task], *, pause: Callable[[], None]
    ) -> Iterator[tuple[int, Result | Exception]]:
        """See `Engine`.

        Raises
        ------
        MissingDataError
            If Dask is not installed.
        DosimetryError
            If the scheduler does not answer.
        """
        with self._client() as client:
            futures = client.map(function, tasks, pure=False, retries=1)
            numbers = {future.key: number for number, future in enumerate(futures)}
            waiting = set(futures)
            try:
                while waiting:
                    pause()
                    done = {future for future in waiting if future.done()}
                    if not done:
                        time.sleep(LOOK_SECONDS)
                        continue
                    waiting -= done
                    for future in done:
                        error = future.exception()
                        yield numbers[future.key], _told(error) if error is not None else future.result()
            finally:
                client.cancel(list(waiting))

    def _client(self) -> Client:
        try:
            from distributed import Client
        except ImportError as error:
            raise MissingDataError(
                "Dask is not installed here", where="cluster", remedy="install the program with its extra: [cluster]"
            ) from error
        try:
            return Client(self._address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TimeoutError) as error:
            raise DosimetryError(
                f"the scheduler does not answer ({error})",
                where=self._address,
                remedy="start the cluster, or compute on this computer",
            ) from error
