"""Runs core functions off the UI thread, with progress, cancel and exactly one outcome.

A worker touches no Qt object: it puts what it has to say into a mailbox and rings a bell, and the UI thread empties it.
So nothing can be delivered to an object that is being destroyed, and every signal comes on the UI thread.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Literal

from PySide6.QtCore import QObject, QSocketNotifier, Signal

from app.hand_first import HandFirst
from app.loading import load_what_computations_need
from dosimetry_core.progress import Cancelled, Progress

PROGRESS_INTERVAL_S = 0.05
"""Progress is passed on at most this often."""
SWITCH_INTERVAL_S = 0.0005
"""How soon a job lets the UI thread go on: with Python's usual 5 ms, each of the dozens of calls of one painting that
let a job in would cost as much."""
LOOK_AGAIN_S = 0.01
"""How often a job that waits looks whether it was cancelled."""
CLOSING_PATIENCE_S = 2.0

_Kind = Literal["progressed", "shown", "succeeded", "failed", "cancelled"]


def let_others_go_first(seconds: float, progress: Progress, message: str) -> None:
    """Wait on a job's thread for what is more urgent; ends at once when the job is cancelled.

    Python lets one thread work at a time: computations that begin together with the window's own work are all late.
    """
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        progress(0.0, message)
        time.sleep(min(left, LOOK_AGAIN_S))


class _Bell:
    """Rung by workers, heard by the UI thread: a pair of sockets, which Qt can wait for on every system.

    Looking into the mailboxes again and again instead would take turns with the computation some thirty times a stroke.
    """

    def __init__(self) -> None:
        self._heard, self._rung = socket.socketpair()
        for end in (self._heard, self._rung):
            end.setblocking(False)

    def fileno(self) -> int:
        """What Qt waits for."""
        return self._heard.fileno()

    def ring(self) -> None:
        """From any thread. A bell that nobody has silenced for long rings anyway; a closed one is heard by nobody."""
        with contextlib.suppress(OSError):
            self._rung.send(b"!")

    def silence(self) -> None:
        """What was rung so far has been heard."""
        with contextlib.suppress(OSError):
            while self._heard.recv(4096):
                pass

    def close(self) -> None:
        """For ever."""
        self._heard.close()
        self._rung.close()


class Job(QObject):
    """One computation under way.

    ``progressed(fraction, text)`` comes a few times a second, ``shown(value)`` with what is worth being seen before the
    end, from functions that have such. Exactly one of ``succeeded(result)``, ``failed(error)``
    and ``cancelled()`` comes at the end, then ``finished()``. A job that was cancelled never succeeds, even if its
    function came to its end before it noticed.
    """

    progressed = Signal(float, str)
    shown = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    finished = Signal()

    def __init__(self, title: str, purpose: object, hand: HandFirst, ring: Callable[[], None]) -> None:
        super().__init__()
        self.title = title
        self.purpose = purpose
        self._hand = hand
        self._ring = ring
        self._stop = threading.Event()
        self._mailbox: queue.SimpleQueue[tuple[_Kind, Any]] = queue.SimpleQueue()
        self._ended = False
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether none of the three outcomes has come yet."""
        return not self._ended

    def cancel(self) -> None:
        """Ask the computation to stop; ``cancelled`` follows."""
        self._stop.set()

    def _begin(
        self, function: Callable[..., Any], inputs: tuple[Any, ...], named: dict[str, Any], *, shows: bool
    ) -> None:
        mailbox, ring, stop, hand = self._mailbox, self._ring, self._stop, self._hand
        last_report = 0.0

        def say(kind: _Kind, value: Any) -> None:
            mailbox.put((kind, value))
            ring()

        def progress(fraction: float, message: str) -> None:
            nonlocal last_report
            hand.give_way()
            if stop.is_set():
                raise Cancelled
            now = time.monotonic()
            if now - last_report >= PROGRESS_INTERVAL_S:
                last_report = now
                say("progressed", (fraction, message))

        def show(value: Any) -> None:
            say("shown", value)

        own = {"progress": progress, "show": show} if shows else {"progress": progress}

        def run() -> None:
            try:
                load_what_computations_need()
                result = function(*inputs, **named, **own)
            except Cancelled:
                say("cancelled", None)
            except Exception as error:  # every failure is an outcome, shown by problems.py
                say("failed", error)
            else:
                say("succeeded", result)

        self._thread = threading.Thread(target=run, name=self.title, daemon=True)
        self._thread.start()

    def _deliver(self) -> None:
        while not self._ended:
            try:
                kind, value = self._mailbox.get_nowait()
            except queue.Empty:
                return
            if kind == "progressed":
                if not self._stop.is_set():
                    self.progressed.emit(*value)
                continue
            if kind == "shown":
                if not self._stop.is_set():
                    self.shown.emit(value)
                continue
            self._ended = True
            if self._stop.is_set():
                self.cancelled.emit()
            elif kind == "succeeded":
                self.succeeded.emit(value)
            else:
                self.failed.emit(value)
            self.finished.emit()

    def _wait(self, seconds: float) -> None:
        if self._thread is not None:
            self._thread.join(seconds)


class Jobs(QObject):
    """The computations of the application. ``started`` carries each new `Job`; ``idle`` says that none is left.

    At each report of progress a job waits while ``hand`` says that the window is answering the mouse or a key.
    """

    started = Signal(object)
    idle = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: list[Job] = []
        self.hand = HandFirst(self)
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._bell = _Bell()
        weakref.finalize(self, self._bell.close)
        self._listener = QSocketNotifier(self._bell.fileno(), QSocketNotifier.Type.Read, self)
        self._listener.activated.connect(self._empty_mailboxes)

    @property
    def running(self) -> tuple[Job, ...]:
        """Jobs without an outcome yet."""
        return tuple(self._running)

    def start(
        self,
        function: Callable[..., Any],
        *inputs: Any,
        purpose: object = None,
        title: str = "",
        shows: bool = False,
        **named: Any,
    ) -> Job:
        """Run ``function(*inputs, **named, progress=…)`` on a thread of its own; with ``show=…`` too if it ``shows``.

        A running job with the same ``purpose`` (by default the function) is cancelled.
        """
        purpose = function if purpose is None else purpose
        for job in self._running:
            if job.purpose == purpose:
                job.cancel()
        job = Job(title or getattr(function, "__name__", "computation"), purpose, self.hand, self._bell.ring)
        self._running.append(job)
        job._begin(function, inputs, named, shows=shows)
        self._listener.setEnabled(True)
        self.started.emit(job)
        return job

    def _empty_mailboxes(self) -> None:
        self._bell.silence()
        ended = False
        for job in self.running:
            job._deliver()
            # What a job delivers may open a dialog, in whose loop this runs, too.
            if not job.is_running and job in self._running:
                self._running.remove(job)
                ended = True
        if ended and not self._running:
            self.idle.emit()

    def close(self, patience_s: float = CLOSING_PATIENCE_S) -> None:
        """Cancel everything and wait briefly; no signal comes afterwards."""
        self._listener.setEnabled(False)
        self.hand.let_go()
        until = time.monotonic() + patience_s
        for job in self._running:
            job.cancel()
        for job in self._running:
            job._wait(max(0.0, until - time.monotonic()))
        self._running.clear()
