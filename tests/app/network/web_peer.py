"""A small DICOMweb service in this process (PS3.18), on the loopback address, that can be told to misbehave."""

from __future__ import annotations

import io
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pydicom
from pydicom.dataset import Dataset

from app.network.nodes import Node

UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


class WebPeer:
    """Holds files, answers queries, gives back, stores.

    ``status``: of all answers, once set. ``token``: what must be shown. ``cuts_after``: breaks off in the middle of
    the body of that retrieval, once. ``freezes``: keeps silent for so many seconds. ``refuses``: failure reason.
    ``gives``: content and type of every retrieval.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.held: dict[str, bytes] = {}
        self.stored: list[str] = []
        self.asked: list[str] = []
        self.shown: list[str] = []
        self.status = 0
        self.token = ""
        self.cuts_after: int | None = None
        self.cuts_store = False
        self.leaves = False
        self.freezes = 0.0
        self.pause = 0.0
        self.refuses = 0
        self.page = 1000
        self.gives: tuple[bytes, str] | None = None
        self.silent_about_stored = False
        peer = self

        class Handler(_Handler):
            owner = peer

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A refused certificate is no event of the test."""

        self.server = Server(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "https" if context else "http"
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def node(self, **changes: Any) -> Node:
        named: dict[str, Any] = {"url": f"{self.scheme}://127.0.0.1:{self.port}/dicom-web", **changes}
        return Node("web", "", "", 0, kind="dicomweb", **named)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: WebPeer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def _say(self, status: int, content: bytes = b"", kind: str = "application/dicom+json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        # As a server may at any time, and without a word.
        self.close_connection = self.close_connection or self.owner.leaves

    def _refused(self) -> bool:
        peer = self.owner
        peer.asked.append(self.path)
        peer.shown.append(self.headers.get("Authorization", ""))
        time.sleep(peer.freezes)
        if peer.token and self.headers.get("Authorization") != peer.token:
            self._say(401)
        elif peer.status:
            self._say(peer.status)
        else:
            return False
        return True

    def do_GET(self) -> None:
        if self._refused():
            return
        parts = urlsplit(self.path)
        steps = parts.path.removeprefix("/dicom-web/").split("/")
        named = dict(zip(UIDS, steps[1::2], strict=False))
        if len(steps) == 6:
            self._give(named["SOPInstanceUID"])
        else:
            self._answer(UIDS[(len(steps) - 1) // 2], named, parse_qsl(parts.query))

    def _answer(self, key: str, named: dict[str, str], query: list[tuple[str, str]]) -> None:
        asked = dict(query)
        found: dict[str, Dataset] = {}
        for content in self.owner.held.values():
            dataset = pydicom.dcmread(io.BytesIO(content))
            criteria = {**named, **{k: v for k, v in query if k not in ("includefield", "limit", "offset")}}
            if all(str(dataset.get(k, "")) == v for k, v in criteria.items()):
                told = Dataset()
                for keyword in (*UIDS, "PatientID", "PatientName", "StudyDate", "Modality", "SeriesNumber"):
                    if keyword in dataset:
                        told[keyword] = dataset[keyword]
                found.setdefault(str(dataset[key].value), told)
        start, count = int(asked.get("offset", 0)), min(self.owner.page, int(asked.get("limit", 1000)))
        page = list(found.values())[start : start + count]
        if page:
            self._say(200, json.dumps([one.to_json_dict() for one in page]).encode())
        else:
            self._say(204)

    def _give(self, uid: str) -> None:
        peer = self.owner
        if uid not in peer.held:
            self._say(404)
            return
        if peer.gives is not None:
            self._say(200, *peer.gives)
            return
        body = b"--b1\r\nContent-Type: application/dicom\r\n\r\n" + peer.held[uid] + b"\r\n--b1--\r\n"
        self.send_response(200)
        self.send_header("Content-Type", 'multipart/related; type="application/dicom"; boundary=b1')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if peer.cuts_after is not None and sum(len(path.split("/")) == 8 for path in peer.asked) > peer.cuts_after:
            peer.cuts_after = None
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.close_connection = True
            return
        for start in range(0, len(body), 500):
            self.wfile.write(body[start : start + 500])
            time.sleep(peer.pause)
        self.close_connection = self.close_connection or peer.leaves

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self._refused():
            return
        peer = self.owner
        boundary = self.headers["Content-Type"].split('boundary="')[1].split('"')[0].encode()
        _before, part, after = content.split(b"--" + boundary)
        assert after == b"--\r\n"
        file = part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
        dataset = pydicom.dcmread(io.BytesIO(file))
        item, told = Dataset(), Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
        if peer.refuses:
            item.FailureReason = peer.refuses
            told.FailedSOPSequence = [item]
            self._say(409, told.to_json().encode())
            return
        peer.held[dataset.SOPInstanceUID] = file
        peer.stored.append(dataset.SOPInstanceUID)
        if peer.cuts_store:
            peer.cuts_store = False
            self.close_connection = True
            return
        if not peer.silent_about_stored:
            told.ReferencedSOPSequence = [item]
        self._say(200, told.to_json().encode())
