"""Received objects as files: whole or not at all, each once, under names that the sender can't choose."""

from __future__ import annotations

import hashlib
import io
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from app.outputs import write_file

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_LONGEST_UID = 64


@dataclass
class Received:
    """What came: new files, copies of what was there, and contents that differ under one identifier."""

    new: list[Path] = field(default_factory=list)
    known: list[Path] = field(default_factory=list)
    contradicting: list[Path] = field(default_factory=list)
    left_there: int = 0
    """Objects of kinds that are not fetched, and the names of these kinds."""
    kinds_left_there: str = ""

    @property
    def count(self) -> int:
        """Objects that came."""
        return len(self.new) + len(self.known) + len(self.contradicting)


class KeptFiles:
    """A folder that objects are received into; may be used by several associations at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.received = Received()
        self._lock = threading.Lock()

    def keep(self, content: bytes) -> Path:
        """Write an object, as it came with its file meta information, unless the same is there.

        An object with the identifier of another and other content is kept beside it, and neither is lost.

        Raises
        ------
        DosimetryError
            If the folder can't be written.
        """
        dataset = pydicom.dcmread(io.BytesIO(content), force=False)
        digest = dataset_digest(dataset)
        study, instance = safe_uid(dataset.get("StudyInstanceUID", "")), safe_uid(dataset.get("SOPInstanceUID", ""))
        with self._lock:
            place = self.folder / study / f"{instance}.dcm"
            if place.exists():
                if dataset_digest(pydicom.dcmread(place)) == digest:
                    self.received.known.append(place)
                    return place
                place = place.with_name(f"{instance}-{digest[:16]}.dcm")
                if place.exists():
                    self.received.known.append(place)
                    return place
                write_file(place, content)
                self.received.contradicting.append(place)
                return place
            write_file(place, content)
            self.received.new.append(place)
            return place

    def instances(self, study_uid: str) -> set[str]:
        """Identifiers of the instances of a study that are there, by their file names."""
        folder = self.folder / safe_uid(study_uid)
        return {path.stem for path in folder.glob("*.dcm")} if folder.is_dir() else set()


def safe_uid(value: object) -> str:
    """A unique identifier as a file name; its digest if it is not one."""
    text = str(value)
    if _UID.fullmatch(text) and len(text) <= _LONGEST_UID:
        return text
    return "not-a-uid-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def dataset_digest(dataset: Dataset) -> str:
    """Digest of what a data set says, however it is encoded.

    Peers write file meta information anew, and may change between implicit and explicit value representations and
    between stated and open lengths of sequences; none of that is another content. Sequences have stated lengths
    afterwards.
    """
    _close_lengths(dataset)
    target = DicomBytesIO()
    target.is_little_endian, target.is_implicit_VR = True, False
    write_dataset(target, dataset)
    return hashlib.sha256(target.getvalue()).hexdigest()


def _close_lengths(dataset: Dataset) -> None:
    for element in dataset:
        if element.VR == "SQ":
            element.is_undefined_length = False
            for item in element.value:
                item.is_undefined_length_sequence_item = False
                _close_lengths(item)
