"""One HTTP connection to a DICOMweb node: patient with slow lines, not with silence, and cancelled while it waits."""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import os
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from app.network.encryption import client_context, named_fault
from app.network.errors import BrokenOffError, NetworkError, place_of
from app.network.nodes import NetworkSettings, Node
from dosimetry_core.errors import MissingDataError

_LOOK_EVERY_S: Final = 0.2
_PIECE_BYTES: Final = 65_536
_OK, _REDIRECTED, _UNAUTHORISED, _FORBIDDEN, _NOT_FOUND, _BUSY, _FAULTS = 200, 300, 401, 403, 404, 503, 400
_MOST_SAID = 200


@dataclass(frozen=True)
class Answer:
    """Status, content type and whole content of an answer."""

    status: int
    content_type: str
    content: bytes
    has_length: bool
    """Whether the node said how much there is, so that a break is seen."""


class _Reader(io.RawIOBase):
    """Reads of a socket in short waits."""

    def __init__(self, owner: _PatientSocket) -> None:
        self._owner = owner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._owner.patiently(lambda: self._owner.plain.recv_into(buffer))


class _PatientSocket:
    """What `http.client` uses of a socket. Each wait is short; only silence of ``answer_s`` is given up."""

    def __init__(self, plain: socket.socket, answer_s: float, waiting: Callable[[], None]) -> None:
        self.plain, self._answer_s, self._waiting = plain, answer_s, waiting
        plain.settimeout(_LOOK_EVERY_S)

    def patiently(self, act: Callable[[], int]) -> int:
        begin = time.monotonic()
        while True:
            try:
                return act()
            except TimeoutError:
                if time.monotonic() - begin >= self._answer_s:
                    raise
            self._waiting()

    def sendall(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[self.patiently(partial(self.plain.send, rest[:_PIECE_BYTES])) :]

    def makefile(self, *_arguments: object, **_named: object) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        self.plain.close()


class WebLink:
    """An open connection; requests go one after the other."""

    def __init__(self, settings: NetworkSettings, node: Node, waiting: Callable[[], None]) -> None:
        self._settings, self._node, self._waiting = settings, node, waiting
        self._parts = urlsplit(node.url)
        self._headers = {"Accept-Encoding": "identity", "User-Agent": "Lutetia", **authorization(node)}
        self._http: http.client.HTTPConnection | None = None

    def _connected(self) -> http.client.HTTPConnection:
        if self._http is not None and self._http.sock is not None:
            return self._http
        named: dict[str, Any] = {"timeout": self._settings.connect_s}
        host = self._parts.hostname or ""
        if self._parts.scheme == "https":
            context = client_context(self._settings, self._node)
            made: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, self._parts.port, context=context, **named
            )
        else:
            made = http.client.HTTPConnection(host, self._parts.port, **named)
        try:
            made.connect()
        except OSError as error:
            made.close()
            raise named_fault(error, self._node) or NetworkError(
                f"does not answer within {self._settings.connect_s:g} s, or refuses the connection",
                where=place_of(self._node),
                remedy="check the address and whether it is running",
            ) from error
        made.sock = cast(Any, _PatientSocket(made.sock, self._settings.answer_s, self._waiting))
        self._http = made
        return made

    def ask(
        self, method: str, path: str, headers: dict[str, str], content: bytes | None = None, *, what: str
    ) -> Answer:
        """Ask and read the whole answer.

        Raises
        ------
        BrokenOffError
            If the node falls silent or breaks off before the answer is whole.
        """
        if self._http is not None and _was_left(self._http):
            self.close()
        used_before = self._http is not None
        link = self._connected()
        try:
            try:
                link.request(method, self._parts.path.rstrip("/") + path, content, {**self._headers, **headers})
                reply = link.getresponse()
            except ConnectionError:
                if method != "GET" or not used_before:
                    raise
                # The node left while it was asked: another connection is no second question to a node that only reads.
                self.close()
                return self.ask(method, path, headers, content, what=what)
            expected = reply.length
            pieces = []
            while piece := reply.read(_PIECE_BYTES):
                pieces.append(piece)
                self._waiting()
            whole = b"".join(pieces)
            if expected is not None and len(whole) != expected:
                raise http.client.IncompleteRead(whole, expected - len(whole))
            # A chunked answer says where it ends, too.
            return Answer(
                reply.status,
                reply.headers.get("Content-Type", ""),
                whole,
                expected is not None or bool(reply.chunked),
            )
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise BrokenOffError(
                f"{what}: no answer within {self._settings.answer_s:g} s, or the connection broke",
                where=place_of(self._node),
                remedy="try again; what is done is not done twice",
            ) from error

    def close(self) -> None:
        """Leave."""
        if self._http is not None:
            self._http.close()
            self._http = None


def _was_left(link: http.client.HTTPConnection) -> bool:
    """Whether the node has left a connection that rested, as it may at any time (CivetWeb does after 0.5 s)."""
    if link.sock is None:
        return True
    with selectors.DefaultSelector() as looks:
        looks.register(cast(_PatientSocket, link.sock).plain, selectors.EVENT_READ)
        return bool(looks.select(timeout=0))


@contextlib.contextmanager
def web_link(settings: NetworkSettings, node: Node, waiting: Callable[[], None]) -> Iterator[WebLink]:
    """A connection for the length of a block; opened with its first request."""
    link = WebLink(settings, node, waiting)
    try:
        yield link
    finally:
        link.close()


def refuse_fault(answer: Answer, node: Node, what: str) -> None:
    """Raise what a status says if it is no success.

    Raises
    ------
    NetworkError
        With the status, and what to do.
    """
    if _OK <= answer.status < _REDIRECTED:
        return
    said = answer.content[:_MOST_SAID].decode("utf-8", "replace").strip() if "text/plain" in answer.content_type else ""
    reason, remedy = f"refused with status {answer.status}", "ask who runs the archive"
    if answer.status in (_UNAUTHORISED, _FORBIDDEN):
        reason = f"does not accept the authorization (status {answer.status})"
        remedy = "check the secret of the node, and what it allows"
    elif answer.status == _NOT_FOUND:
        reason, remedy = "is not there (status 404)", "check the address of the node"
    elif answer.status == _BUSY:
        reason, remedy = "is busy (status 503)", "try again later; what is done is not done twice"
    elif answer.status < _FAULTS:
        reason, remedy = f"points elsewhere (status {answer.status})", "enter the address where it really is"
    raise NetworkError(f"{what}: {reason}" + (f", {said}" if said else ""), where=place_of(node), remedy=remedy)


def authorization(node: Node) -> dict[str, str]:
    """Header that proves who asks; the secret is read when it is needed, and kept nowhere.

    Raises
    ------
    MissingDataError
        If the environment or the file does not hold it.
    """
    if node.authorization == "none":
        return {}
    kind, _colon, name = node.secret.partition(":")
    try:
        secret = os.environ[name] if kind == "env" else Path(name).read_text("utf-8")
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise MissingDataError(
            f"the secret of the node is not in {node.secret}", where=place_of(node), remedy="put it there"
        ) from error
    secret = secret.strip()
    if not secret or not secret.isprintable():
        raise MissingDataError(
            f"the secret in {node.secret} is not one line of text", where=place_of(node), remedy="write one line"
        )
    if node.authorization == "basic":
        return {"Authorization": "Basic " + base64.b64encode(secret.encode("utf-8")).decode("ascii")}
    return {"Authorization": f"Bearer {secret}"}
