"""How long a peer may be silent. A slow transfer is no silence: what counts is the time without a byte either way."""

from __future__ import annotations

import queue
import socket
import time
from collections.abc import Callable
from typing import Any, Final

from pynetdicom import evt
from pynetdicom.association import Association

from dosimetry_core.progress import Progress

_LOOK_EVERY_S: Final = 0.2
"""How often a waiting job looks whether it was cancelled."""

SENT_AHEAD_BYTES: Final = 65_536
"""Bytes that the system may hold back while a peer takes them: with megabytes, a slow line would look silent."""


class RepeatedProgress:
    """A progress that can say its last words again, so that a job that waits hears that it was cancelled."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._last: tuple[float, str] | None = None

    def __call__(self, fraction: float, text: str) -> None:
        """Pass on and remember."""
        self._last = (fraction, text)
        self._progress(fraction, text)

    def repeat(self) -> None:
        """Say the last words again; raises `Cancelled` if the job was cancelled."""
        if self._last is not None:
            self._progress(*self._last)


class Patience:
    """Watches one association.

    The library's own time limit holds from a request to the whole answer, so that a large object over a slow line
    would be given up while it comes. And it takes every limit off a connection once that stands, so that a peer that
    stops in the middle of a message would be waited for without end.

    Parameters
    ----------
    answer_s
        Longest silence.
    waiting
        Is called a few times a second while an answer is waited for; may raise.
    signs
        A value that changes while something comes from the peer over other connections.
    """

    def __init__(self, answer_s: float, waiting: Callable[[], None], signs: Callable[[], object]) -> None:
        self._answer_s, self._waiting, self._signs = answer_s, waiting, signs
        self._heard = time.monotonic()

    @property
    def handlers(self) -> list[tuple[Any, ...]]:
        """What is to be bound to the association's events."""
        return [
            (evt.EVT_CONN_OPEN, limit_each_read, [self._answer_s]),
            (evt.EVT_DATA_RECV, self._hear),
            (evt.EVT_DATA_SENT, self._hear),
        ]

    def _hear(self, _event: evt.Event) -> None:
        self._heard = time.monotonic()

    def watch(self, link: Association, *, hears_requests: bool) -> None:
        """Have an open association wait by this object.

        Parameters
        ----------
        hears_requests
            Whether the peer may ask something by itself over this association (a commitment report). If not, the
            library's second thread takes no message: on a busy machine it would now and then take an answer away from
            the one who waits for it, and drop it as unexpected.
        """
        messages = link.dimse.msg_queue

        def get_msg(block: bool = False) -> Any:
            if not block and not hears_requests:
                return None, None
            self._heard, seen = time.monotonic(), self._signs()
            while True:
                try:
                    return messages.get(block=block, timeout=_LOOK_EVERY_S)
                except queue.Empty:
                    if self._signs() != seen:
                        self._heard, seen = time.monotonic(), self._signs()
                    if not block or time.monotonic() - self._heard >= self._answer_s:
                        return None, None
                self._waiting()

        # The library has no place for another way to wait; this is the one method by which it does.
        setattr(link.dimse, "get_msg", get_msg)  # noqa: B010 a method of the instance


def limit_each_read(event: evt.Event, answer_s: float) -> None:
    """Limit how long one read or write of an open connection may last, and how much waits unseen to be sent.

    Nor does the system hold back what is less than a packet until the peer has taken note of what went before: a peer
    does so after 40 ms, for each object.
    """
    connection = event.assoc.dul.socket
    if connection is not None and connection.socket is not None:
        connection.socket.settimeout(answer_s)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_AHEAD_BYTES)
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
