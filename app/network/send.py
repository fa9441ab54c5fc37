"""Sends objects to a node, each until it is acknowledged, none twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID

from app.network.errors import BrokenOffError, NetworkError, place_of
from app.network.kept_files import dataset_digest
from app.network.link import MOST_CONTEXTS, UNCOMPRESSED, association, check_status
from app.network.nodes import NetworkSettings, Node
from app.network.patience import RepeatedProgress
from app.network.web import store_web
from app.network.web_connection import web_link
from app.outputs import write_file
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Progress, no_progress

_LEDGER_EVERY = 50


@dataclass
class Sent:
    """What was acknowledged, what was before, and what was refused with the reason."""

    acknowledged: list[Path] = field(default_factory=list)
    before: list[Path] = field(default_factory=list)
    refused: list[tuple[Path, str]] = field(default_factory=list)
    references: list[tuple[str, str]] = field(default_factory=list)
    """SOP class and instance of everything that the node has acknowledged, now or before."""
    digests: dict[str, str] = field(default_factory=dict)
    """Instance → digest of the same."""


@dataclass(frozen=True)
class _Waiting:
    """A file that is to be sent, with the digest and identity of what is in it."""

    path: Path
    digest: str
    sop_class: str
    syntax: str
    instance: str


class Ledger:
    """Objects that nodes have acknowledged, by node and digest; kept in a file so that a break costs nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, set[str]] = {}
        if path is not None and path.exists():
            try:
                self._known = {str(k): {str(v) for v in values} for k, values in json.loads(path.read_bytes()).items()}
            except (ValueError, AttributeError, TypeError) as error:
                raise DosimetryError(
                    "is no record of sent objects", where=str(path), remedy="move it away; objects are then sent again"
                ) from error

    def has(self, node: Node, digest: str) -> bool:
        """Whether a node has acknowledged this very content."""
        return digest in self._known.get(_key(node), ())

    def add(self, node: Node, digest: str) -> None:
        """Note an acknowledgement; see `keep`."""
        self._known.setdefault(_key(node), set()).add(digest)

    def forget(self, node: Node, digests: Iterable[str]) -> None:
        """Take acknowledgements back, so that these objects are sent again; see `keep`."""
        self._known.get(_key(node), set()).difference_update(digests)

    def keep(self) -> None:
        """Write the notes."""
        if self._path is not None:
            known = {node: sorted(digests) for node, digests in self._known.items()}
            write_file(self._path, json.dumps(known, indent=1).encode("utf-8"))


def _key(node: Node) -> str:
    return node.url if node.is_web else f"{node.ae_title}@{node.host}:{node.port}"


def send_files(
    settings: NetworkSettings,
    node: Node,
    paths: Sequence[Path],
    *,
    ledger: Ledger | None = None,
    progress: Progress = no_progress,
) -> Sent:
    """Store files at a node.

    Parameters
    ----------
    ledger
        What was acknowledged before is left out.

    Raises
    ------
    NetworkError
        If the node refuses the association, or breaks off; what it acknowledged until then is in the ledger.
    DosimetryError
        If a file is no DICOM.
    """
    notes = ledger or Ledger(None)
    progress = RepeatedProgress(progress)
    sent = Sent()
    waiting: list[_Waiting] = []
    for number, path in enumerate(paths):
        progress(0.0, f"Reading file {number + 1} of {len(paths)}")
        dataset = _read(path)
        digest = dataset_digest(dataset)
        instance, sop_class = str(dataset.SOPInstanceUID), str(dataset.SOPClassUID)
        if notes.has(node, digest):
            sent.before.append(path)
            sent.references.append((sop_class, instance))
            sent.digests[instance] = digest
        else:
            syntax = str(dataset.file_meta.TransferSyntaxUID)
            waiting.append(_Waiting(path, digest, sop_class, syntax, instance))
    if not waiting:
        return sent
    try:
        if node.is_web:
            _by_web(settings, node, waiting, notes, sent, progress)
        else:
            _by_dicom(settings, node, waiting, notes, sent, progress)
    finally:
        notes.keep()
    progress(1.0, f"{len(sent.acknowledged)} objects sent to {node.name}")
    return sent


def _by_dicom(
    settings: NetworkSettings,
    node: Node,
    waiting: Sequence[_Waiting],
    notes: Ledger,
    sent: Sent,
    progress: RepeatedProgress,
) -> None:
    kinds = sorted({(one.sop_class, (syntax,)) for one in waiting for syntax in _syntaxes(one.syntax)})
    if len(kinds) > MOST_CONTEXTS:
        raise NetworkError("more than 128 kinds of objects", where=place_of(node), remedy="send them in parts")
    with association(settings, node, kinds, waiting=progress.repeat) as link:
        accepted = {(c.abstract_syntax, c.transfer_syntax[0]) for c in link.accepted_contexts}
        for number, one in enumerate(waiting):
            progress(number / len(waiting), f"{number} of {len(waiting)} objects to {node.name}")
            if not any((one.sop_class, syntax) in accepted for syntax in _syntaxes(one.syntax)):
                why = f"{UID(one.sop_class).name} in {UID(one.syntax).name} is not taken there"
                sent.refused.append((one.path, why))
                continue
            dataset = _read(one.path)
            answer = link.send_c_store(dataset) if link.is_established else Dataset()
            try:
                check_status(answer, node, one.path.name, settings)
            except BrokenOffError:
                raise
            except NetworkError as error:
                sent.refused.append((one.path, error.what))
                continue
            _acknowledge(one, number, node, notes, sent)


def _syntaxes(own: str) -> tuple[str, ...]:
    """As what an object may be offered: as it is, and uncompressed in the standard's default, too (PS3.5 10.1)."""
    return (own, *(str(one) for one in UNCOMPRESSED if one != own)) if own in UNCOMPRESSED else (own,)


def _by_web(
    settings: NetworkSettings,
    node: Node,
    waiting: Sequence[_Waiting],
    notes: Ledger,
    sent: Sent,
    progress: RepeatedProgress,
) -> None:
    with web_link(settings, node, progress.repeat) as link:
        for number, one in enumerate(waiting):
            progress(number / len(waiting), f"{number} of {len(waiting)} objects to {node.name}")
            why = store_web(link, node, one.path.read_bytes(), one.instance, one.path.name)
            if why:
                sent.refused.append((one.path, why))
            else:
                _acknowledge(one, number, node, notes, sent)


def _acknowledge(one: _Waiting, number: int, node: Node, notes: Ledger, sent: Sent) -> None:
    notes.add(node, one.digest)
    sent.acknowledged.append(one.path)
    sent.references.append((one.sop_class, one.instance))
    sent.digests[one.instance] = one.digest
    if number % _LEDGER_EVERY == 0:
        notes.keep()


def _read(path: Path) -> pydicom.FileDataset:
    try:
        found = pydicom.dcmread(path)
    except OSError as error:
        raise DosimetryError(
            f"can't be read ({error.strerror})", where=str(path), remedy="check the path and the access rights"
        ) from error
    except Exception as error:  # pydicom raises many kinds on what is no DICOM
        raise DosimetryError("is no DICOM file", where=str(path), remedy="leave it out") from error
    if not found.get("SOPClassUID") or not found.get("SOPInstanceUID"):
        raise DosimetryError("is no DICOM object, but a list of them", where=str(path), remedy="leave it out")
    return found
