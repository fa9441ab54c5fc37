"""Storage commitment (PS3.4 annex J): a node answers for what it has been sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import evt

from app.network.errors import NetworkError, place_of
from app.network.link import SUCCESS, UNCOMPRESSED, association, check_status
from app.network.nodes import NetworkSettings, Node
from app.network.patience import RepeatedProgress
from app.network.receiver import Receiver
from app.network.send import Ledger, Sent
from app.network.services import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from dosimetry_core.progress import Progress, no_progress

_LOOK_EVERY_S: Final = 0.2
_OVER_THIS_S: Final = 1.0
"""How long the association is held for a report that comes over it."""


def committed(
    settings: NetworkSettings, node: Node, references: Sequence[tuple[str, str]], *, progress: Progress = no_progress
) -> tuple[set[str], set[str]]:
    """Ask a node to answer for stored objects: those it has committed to, and all others that were asked for.

    The report comes over the same association or over one that the node opens to the receiver, which is switched on
    for that time.

    Raises
    ------
    NetworkError
        If the node refuses, or no report comes in time; if it is reached by DICOMweb, which knows no commitment.
    """
    if node.is_web:
        raise NetworkError(
            "DICOMweb knows no storage commitment", where=place_of(node), remedy="ask by a node reached by DICOM"
        )
    told = RepeatedProgress(progress)
    told(0.0, f"Asking {node.name} to answer for what was sent")
    asked = Dataset()
    asked.TransactionUID = generate_uid()
    asked.ReferencedSOPSequence = [_reference(*one) for one in references]
    came = threading.Event()
    safe: set[str] = set()

    def report(information: Dataset, _kind: int | None) -> None:
        if information.get("TransactionUID") != asked.TransactionUID:
            return
        safe.update(str(item.ReferencedSOPInstanceUID) for item in information.get("ReferencedSOPSequence", ()))
        came.set()

    def over_this(event: evt.Event) -> tuple[int, None]:
        report(event.event_information, event.event_type)
        return SUCCESS, None

    def wait(longest_s: float) -> bool:
        end = time.monotonic() + longest_s
        while not came.wait(max(0.0, min(_LOOK_EVERY_S, end - time.monotonic()))):
            if time.monotonic() >= end:
                return False
            told.repeat()
        return True

    with Receiver(settings, None, callers=[node.ae_title], reported=report):
        handlers = [(evt.EVT_N_EVENT_REPORT, over_this)]
        kinds = [(STORAGE_COMMITMENT, UNCOMPRESSED)]
        with association(settings, node, kinds, handlers=handlers, hears_requests=True, waiting=told.repeat) as link:
            status, _answer = link.send_n_action(asked, 1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE)
            check_status(status, node, "storage commitment", settings)
            told(0.5, f"Waiting for the commitment of {node.name}")
            wait(min(_OVER_THIS_S, settings.answer_s))
        if not wait(settings.answer_s):
            raise NetworkError(
                f"no commitment came within {settings.answer_s:g} s",
                where=place_of(node),
                remedy=f"have {settings.own_ae_title} at port {settings.receiver_port} entered there",
            )
    asked_for = {uid for _sop_class, uid in references}
    return safe & asked_for, asked_for - safe


def commit_sent(
    settings: NetworkSettings, node: Node, sent: Sent, ledger: Ledger, *, progress: Progress = no_progress
) -> tuple[set[str], set[str]]:
    """Ask a node to answer for what it has acknowledged; what it does not answer for is sent again the next time.

    Raises
    ------
    NetworkError
        See `committed`.
    """
    if not sent.references:
        return set(), set()
    safe, failed = committed(settings, node, sent.references, progress=progress)
    ledger.forget(node, failed)
    ledger.keep()
    return safe, failed


def _reference(sop_class: str, instance: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
    return item
