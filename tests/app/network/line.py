"""A line between here and a peer that is slow, freezes or breaks after so many bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class Line:
    """Passes on what comes, both ways.

    Parameters
    ----------
    bytes_a_s
        How fast, in either direction; 0 as fast as it goes.
    freezes_after, breaks_after
        Number of bytes, of both directions together, after which nothing is passed on, or the line is cut; once.
    """

    def __init__(
        self, port: int, *, bytes_a_s: float = 0.0, freezes_after: int | None = None, breaks_after: int | None = None
    ) -> None:
        self._to = port
        self.bytes_a_s, self.freezes_after, self.breaks_after = bytes_a_s, freezes_after, breaks_after
        self.passed = 0
        self._ends: list[socket.socket] = []
        self._open = socket.socket()
        # What the line holds itself would be passed on unseen.
        self._open.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        self._open.bind(("127.0.0.1", 0))
        self._open.listen()
        self.port = int(self._open.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _address = self._open.accept()
                there = socket.create_connection(("127.0.0.1", self._to))
                self._ends += [here, there]
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := one.recv(4096):
                if self.freezes_after is not None and self.passed >= self.freezes_after:
                    self.freezes_after = None
                    return
                if self.breaks_after is not None and self.passed >= self.breaks_after:
                    self.breaks_after = None
                    break
                other.sendall(content)
                self.passed += len(content)
                if self.bytes_a_s:
                    time.sleep(len(content) / self.bytes_a_s)
            for end in (one, other):
                end.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self._open.close()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
