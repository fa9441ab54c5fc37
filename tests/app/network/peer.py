"""A small archive in this process, on the loopback address, that can be told to misbehave."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE, evt

from app.network.nodes import NetworkSettings, Node
from app.network.services import STORAGE_COMMITMENT, STUDY_FIND, STUDY_GET, STUDY_MOVE, VERIFICATION
from tests.phantoms import Visit, ct_series, grid

STUDY, SERIES = "StudyInstanceUID", "SeriesInstanceUID"


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


def slices(folder: Path, number: int = 5) -> list[Path]:
    """CT slices of one series."""
    import numpy as np

    place = grid((number, 4, 4), (3.0, 2.0, 2.0))
    ct_series(folder, np.arange(number * 16, dtype=np.int16).reshape(number, 4, 4), place, Visit())
    return sorted(folder.glob("*"))


class Peer:
    """Stores CT and other ``kinds``, answers queries, gives back. ``fails_after``: breaks off after so many, once."""

    def __init__(self, own: NetworkSettings | None = None, kinds: Sequence[str] = ()) -> None:
        self.port = free_port()
        self.held: dict[str, Dataset] = {}
        self.stored: list[str] = []
        self.fails_after: int | None = None
        self.refuses_store = 0
        self.delay_s = 0.0
        self.loses: set[str] = set()
        self.silent_about: set[str] = set()
        self.reports = self.finds = True
        self.own = own
        entity = AE(ae_title="PEER")
        for uid in (VERIFICATION, STUDY_FIND, STUDY_GET, STUDY_MOVE, STORAGE_COMMITMENT):
            entity.add_supported_context(uid, ExplicitVRLittleEndian)
        entity.add_supported_context(CTImageStorage, ExplicitVRLittleEndian, scu_role=True, scp_role=True)
        entity.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
        for kind in kinds:
            entity.add_supported_context(kind, ExplicitVRLittleEndian)
        self.entity = entity
        self.server: Any = entity.start_server(
            ("127.0.0.1", self.port),
            block=False,
            evt_handlers=[
                (evt.EVT_C_ECHO, self._echo),
                (evt.EVT_C_STORE, self._store),
                (evt.EVT_C_FIND, self._find),
                (evt.EVT_C_GET, self._get),
                (evt.EVT_C_MOVE, self._move),
                (evt.EVT_N_ACTION, self._commit),
            ],
        )

    def node(self, **changes: Any) -> Node:
        return replace(Node("peer", "PEER", "127.0.0.1", self.port), **changes)

    def stop(self) -> None:
        self.server.shutdown()

    def hold(self, paths: list[Path]) -> None:
        for path in paths:
            dataset = pydicom.dcmread(path)
            self.held[dataset.SOPInstanceUID] = dataset

    def _wait(self) -> None:
        time.sleep(self.delay_s)

    def _echo(self, event: evt.Event) -> int:
        self._wait()
        return 0

    def _breaks(self, event: evt.Event, count: int) -> bool:
        if self.fails_after is not None and count >= self.fails_after:
            self.fails_after = None
            event.assoc.abort()
            return True
        return False

    def _store(self, event: evt.Event) -> int:
        self._wait()
        if self._breaks(event, len(self.stored)):
            return 0x0110
        if self.refuses_store:
            return self.refuses_store
        dataset = pydicom.dcmread(io.BytesIO(event.encoded_dataset()))
        self.held[dataset.SOPInstanceUID] = dataset
        self.stored.append(dataset.SOPInstanceUID)
        return 0

    def _find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        asked = event.identifier
        if not self.finds:
            yield 0x0122, None
            return
        seen = set()
        for dataset in self.held.values():
            if any(asked.get(key) and asked.get(key) != dataset.get(key) for key in (STUDY, SERIES, "PatientID")):
                continue
            key = {"STUDY": STUDY, "SERIES": SERIES, "IMAGE": "SOPInstanceUID"}[asked.QueryRetrieveLevel]
            if dataset.get(key) in seen:
                continue
            seen.add(dataset.get(key))
            answer = Dataset()
            answer.QueryRetrieveLevel = asked.QueryRetrieveLevel
            for element in asked:
                if element.keyword and element.keyword in dataset:
                    answer[element.tag] = dataset[element.tag]
            yield 0xFF00, answer

    def _wanted(self, event: evt.Event) -> list[Dataset]:
        uids = event.identifier.SOPInstanceUID
        uids = [uids] if isinstance(uids, str) else list(uids)
        return [self.held[uid] for uid in uids if uid in self.held and uid not in self.loses]

    def _get(self, event: evt.Event) -> Iterator[Any]:
        wanted = self._wanted(event)
        yield len(wanted)
        for count, dataset in enumerate(wanted):
            self._wait()
            if self._breaks(event, count):
                return
            yield 0xFF00, dataset

    def _move(self, event: evt.Event) -> Iterator[Any]:
        wanted = self._wanted(event)
        assert self.own is not None
        yield "127.0.0.1", self.own.receiver_port
        yield len(wanted)
        for dataset in wanted:
            yield 0xFF00, dataset

    def _commit(self, event: evt.Event) -> tuple[int, Dataset | None]:
        asked = event.action_information
        answer = Dataset()
        answer.TransactionUID = asked.TransactionUID
        there = [item for item in asked.ReferencedSOPSequence if item.ReferencedSOPInstanceUID in self.held]
        lost = [item for item in asked.ReferencedSOPSequence if item.ReferencedSOPInstanceUID not in self.held]
        answer.ReferencedSOPSequence = [i for i in there if i.ReferencedSOPInstanceUID not in self.silent_about]
        for item in lost:
            item.FailureReason = 0x0112
        if lost:
            answer.FailedSOPSequence = lost

        def report() -> None:
            assert self.own is not None
            caller = AE(ae_title="PEER")
            caller.add_requested_context(STORAGE_COMMITMENT, ExplicitVRLittleEndian)
            from pynetdicom import build_role

            role = build_role(STORAGE_COMMITMENT, scp_role=True)
            link = caller.associate("127.0.0.1", self.own.receiver_port, ae_title=self.own.own_ae_title, ext_neg=[role])
            if link.is_established:
                link.send_n_event_report(answer, 2 if lost else 1, STORAGE_COMMITMENT, "1.2.840.10008.1.20.1.1")
                link.release()

        if self.reports:
            threading.Timer(0.05, report).start()
        return 0, None
