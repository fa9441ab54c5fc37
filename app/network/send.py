"""Sends objects to a node, each until it is acknowledged, none twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom.datadict import dictionary_description
from pydicom.dataset import Dataset
from pydicom.uid import UID

from app.network.errors import BrokenOffError, NetworkError, place_of
from app.network.kept_files import dataset_digest
from app.network.link import MOST_CONTEXTS, UNCOMPRESSED, association, check_status
from app.network.nodes import NetworkSettings, Node
from app.network.patience import RepeatedProgress
from app.network.query import find_instances
from app.network.web import store_web
from app.network.web_connection import web_link
from app.outputs import write_file
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Progress, no_progress

_LEDGER_EVERY = 50
_NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "TransferSyntaxUID")
OTHER_CONTENT = "another content of this identifier was sent before, and archives keep one of the two"
"""Why an object is not sent."""


@dataclass
class Sent:
    """What was acknowledged, what was before, and what was refused with the reason."""

    acknowledged: list[Path] = field(default_factory=list)
    before: list[Path] = field(default_factory=list)
    asked: bool = True
    """Whether the node was asked for those of before, and lists them; if not, it has only acknowledged them once."""
    refused: list[tuple[Path, str]] = field(default_factory=list)
    references: list[tuple[str, str]] = field(default_factory=list)
    """SOP class and instance of everything that the node has acknowledged, now or before."""

    @property
    def before_text(self) -> str:
        """How many were not sent again, in words."""
        number = len(self.before)
        return f"{number:,} were there" if self.asked else f"{number:,} were acknowledged before (it can't be asked)"


@dataclass(frozen=True)
class _File:
    """A file that is to be sent, with the digest and identity of what is in it."""

    path: Path
    digest: str
    sop_class: str
    syntax: str
    instance: str
    series: tuple[str, str]
    """Study and series."""


class Ledger:
    """Objects that nodes have acknowledged, by node and instance; kept in a file so that a break costs nothing.

    Digests are those of what was sent. Of notes of earlier versions, which name no instances, nothing is kept: the node
    gets these objects once more, under the identifiers that it has.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, dict[str, str]] = {}
        if path is not None and path.exists():
            try:
                read = {str(k): v for k, v in json.loads(path.read_bytes()).items()}
                self._known = {
                    k: {str(i): str(d) for i, d in v.items()} for k, v in read.items() if not isinstance(v, list)
                }
            except (ValueError, AttributeError, TypeError) as error:
                raise DosimetryError(
                    "is no record of sent objects", where=str(path), remedy="move it away; objects are then sent again"
                ) from error

    def digest_of(self, node: Node, instance: str) -> str | None:
        """Digest of the content that a node has acknowledged under an identifier, or None."""
        return self._known.get(_key(node), {}).get(instance)

    def add(self, node: Node, instance: str, digest: str) -> None:
        """Note an acknowledgement; see `keep`."""
        self._known.setdefault(_key(node), {})[instance] = digest

    def forget(self, node: Node, instances: Iterable[str]) -> None:
        """Take acknowledgements back, so that these objects are sent again; see `keep`."""
        for instance in instances:
            self._known.get(_key(node), {}).pop(instance, None)

    def keep(self) -> None:
        """Write the notes."""
        if self._path is not None:
            write_file(self._path, json.dumps(self._known, indent=1, sort_keys=True).encode("utf-8"))


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

    What the node has acknowledged before and still lists is not sent again; what it has lost is. A second content of an
    identifier is not sent: some archives drop it without a word, others the first.

    Parameters
    ----------
    ledger
        What was acknowledged before.

    Raises
    ------
    NetworkError
        If the node refuses the association, or breaks off; what it acknowledged until then is in the ledger.
    DosimetryError
        If a file is no DICOM, or doesn't say to which study and series it belongs.
    """
    notes = ledger or Ledger(None)
    progress = RepeatedProgress(progress)
    sent = Sent()
    files = []
    for number, path in enumerate(paths):
        progress(0.0, f"Reading file {number + 1} of {len(paths)}")
        files.append(_file_of(path))
    _forget_what_is_lost(settings, node, files, notes, sent, progress)
    waiting: list[_File] = []
    contents: dict[str, str] = {}
    for one in files:
        before = notes.digest_of(node, one.instance)
        if (before or contents.setdefault(one.instance, one.digest)) != one.digest:
            sent.refused.append((one.path, OTHER_CONTENT))
        elif before:
            sent.before.append(one.path)
            sent.references.append((one.sop_class, one.instance))
        else:
            waiting.append(one)
    try:
        if not waiting:
            return sent
        if node.is_web:
            _by_web(settings, node, waiting, notes, sent, progress)
        else:
            _by_dicom(settings, node, waiting, notes, sent, progress)
    finally:
        notes.keep()
    progress(1.0, f"{len(sent.acknowledged)} objects sent to {node.name}")
    return sent


def _forget_what_is_lost(
    settings: NetworkSettings,
    node: Node,
    files: Sequence[_File],
    notes: Ledger,
    sent: Sent,
    progress: RepeatedProgress,
) -> None:
    """Take back the notes of what a node has acknowledged and does not list any more, if it can be asked."""
    noted = [one for one in files if notes.digest_of(node, one.instance)]
    try:
        for study, series in sorted({one.series for one in noted}):
            listed = {found.instance_uid for found in find_instances(settings, node, study, series, progress=progress)}
            ours = {one.instance for one in noted if one.series == (study, series)}
            notes.forget(node, ours - listed)
    except NetworkError:  # some nodes take objects and answer no query
        sent.asked = False


def _by_dicom(
    settings: NetworkSettings,
    node: Node,
    waiting: Sequence[_File],
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
    waiting: Sequence[_File],
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


def _acknowledge(one: _File, number: int, node: Node, notes: Ledger, sent: Sent) -> None:
    notes.add(node, one.instance, one.digest)
    sent.acknowledged.append(one.path)
    sent.references.append((one.sop_class, one.instance))
    if number % _LEDGER_EVERY == 0:
        notes.keep()


def _file_of(path: Path) -> _File:
    dataset = _read(path)
    return _File(
        path,
        dataset_digest(dataset),
        str(dataset.SOPClassUID),
        str(dataset.file_meta.TransferSyntaxUID),
        str(dataset.SOPInstanceUID),
        (str(dataset.StudyInstanceUID), str(dataset.SeriesInstanceUID)),
    )


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
    missing = [keyword for keyword in _NEEDED if not found.get(keyword) and not found.file_meta.get(keyword)]
    if missing:
        raise DosimetryError(
            f"has no {' and no '.join(dictionary_description(keyword) for keyword in missing)}, by which an archive "
            "files it",
            where=str(path),
            remedy="export it anew from where it comes from, or leave it out",
        )
    return found
