"""The first scan of a reading: which files it is likely to be, so that it can be seen while the others are read.

Nothing here decides what is read or how: a wrong guess, or none, only means that the picture comes later.
"""

from __future__ import annotations

import io
import stat
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, Self

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, NuclearMedicineImageStorage, PositronEmissionTomographyImageStorage

from dosimetry_core.dicom.beds import joined_beds
from dosimetry_core.dicom.enhanced import ENHANCED_CT, ENHANCED_PET
from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.dicom.making import Making, Outcome
from dosimetry_core.dicom.reading_watch import reading
from dosimetry_core.dicom.study import LONGEST_GAP_TO_CT_S
from dosimetry_core.image import ImageSeries
from dosimetry_core.progress import Progress

ShowImages = Callable[[tuple[ImageSeries, ...]], None]
"""Is given the images of the first scan, checked one by one but not against the rest."""
_HEAD_BYTES: Final = 64 * 1024
_MOST_FOLDERS: Final = 200
_TAGS: Final = (
    "SOPClassUID",
    "ImageType",
    "StudyInstanceUID",
    "FrameOfReferenceUID",
    "AcquisitionDateTime",
    "AcquisitionDate",
    "AcquisitionTime",
    "SeriesDate",
    "SeriesTime",
)
_RECONSTRUCTED: Final = "RECON TOMO"
_PET_CLASSES: Final = (PositronEmissionTomographyImageStorage, *ENHANCED_PET)
_CT_CLASSES: Final = (CTImageStorage, *ENHANCED_CT)


@dataclass(frozen=True)
class _Head:
    """What the first bytes of a file say of it."""

    kind: Literal["spect", "ct", "other"]
    study_uid: str
    frame_of_reference_uid: str
    start: datetime | None
    """By the scanner's clock."""

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        said = {keyword: _said(dataset, keyword) for keyword in _TAGS}
        starts = [
            said["AcquisitionDateTime"],
            *(said[f"{kind}Date"] + said[f"{kind}Time"] for kind in ("Acquisition", "Series")),
        ]
        uid = said["SOPClassUID"]
        is_tomogram = uid == NuclearMedicineImageStorage and _RECONSTRUCTED in said["ImageType"].upper()
        return cls(
            "ct" if uid in _CT_CLASSES else "spect" if is_tomogram or uid in _PET_CLASSES else "other",
            said["StudyInstanceUID"],
            said["FrameOfReferenceUID"],
            next((start for start in map(_instant, starts) if start is not None), None),
        )


def _said(dataset: Dataset, keyword: str) -> str:
    """An element as text; one that is damaged says nothing here, and is refused when its series is read."""
    try:
        return str(dataset.get(keyword, "") or "")
    except Exception:  # pydicom raises many kinds on damaged values (reliability.md B6)
        return ""


def _instant(written: str) -> datetime | None:
    try:
        return datetime.strptime(written[:14], "%Y%m%d%H%M%S")
    except ValueError:
        return None


def first_scan_first(paths: Sequence[Path]) -> tuple[list[Path], int]:
    """The files with those of the first scan in front, and how many these are; 0 where folders don't tell.

    A folder is taken for what its first file is: the folder of the earliest SPECT, and those of images of its visit
    in its frame of reference, or else in its study.
    """
    folders: dict[Path, list[Path]] = {}
    for path in paths:
        folders.setdefault(path.parent, []).append(path)
    if not 1 < len(folders) <= _MOST_FOLDERS:
        return list(paths), 0
    heads = {folder: head for folder, files in folders.items() if (head := _head_of(files[0])) is not None}
    first = _first_scan(list(heads.values()))
    wanted = [folder for folder, head in heads.items() if any(head is one for one in first)]
    if not wanted:
        return list(paths), 0
    ahead = [path for folder in wanted for path in folders[folder]]
    return [*ahead, *(path for path in paths if path.parent not in wanted)], len(ahead)


def first_scan_of(groups: Sequence[list[DicomFile]]) -> list[int]:
    """Which of several series are those of the first SPECT and the CT with it; none if there is no such pair."""
    heads = [_Head.of(group[0].dataset) for group in groups]
    first = _first_scan(heads)
    return [number for number, head in enumerate(heads) if any(head is one for one in first)]


def _first_scan(heads: Sequence[_Head]) -> list[_Head]:
    dated = [head for head in heads if head.start is not None and head.kind != "other"]
    spects = [head for head in dated if head.kind == "spect"]
    if not spects:
        return []
    first = min(spects, key=lambda head: head.start or datetime.max)
    near = [head for head in dated if _apart_s(head, first) <= LONGEST_GAP_TO_CT_S]
    in_frame = [head for head in near if first.frame_of_reference_uid == head.frame_of_reference_uid != ""]
    in_study = [head for head in near if first.study_uid == head.study_uid != ""]
    for there in (in_frame, in_study):
        if any(head.kind == "ct" for head in there):
            return there
    return []


def _apart_s(one: _Head, other: _Head) -> float:
    assert one.start is not None
    assert other.start is not None
    return abs((one.start - other.start).total_seconds())


def _head_of(path: Path) -> _Head | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            content = file.read(_HEAD_BYTES)
        with reading(path), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _Head.of(pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True, specific_tags=list(_TAGS)))
    except Exception:  # of damaged files pydicom raises many kinds (reliability.md B6); the reading itself names them
        return None


class FirstScan:
    """Makes the images of the first scan and shows them, before other files are read or other series made."""

    def __init__(self, making: Making, show: ShowImages) -> None:
        self._making, self._show = making, show
        self._made: list[tuple[list[DicomFile], Outcome]] | None = None

    @property
    def is_made(self) -> bool:
        """Whether there is nothing more to be done."""
        return self._made is not None

    def make(self, groups: Sequence[list[DicomFile]], progress: Progress) -> None:
        """Make and show series that are whole as far as is known; of doubtful ones nothing is shown."""
        outcomes = self._making.outcomes(groups, progress, keep_pixels=True)
        self._made = list(zip(groups, outcomes, strict=True))
        joined = joined_beds([outcome.image for outcome in outcomes if outcome.image is not None])
        problems = [*joined.problems, *(outcome.problem for outcome in outcomes if outcome.problem is not None)]
        if not problems:
            self._show(joined.series)

    def outcome_of(self, group: list[DicomFile]) -> Outcome | None:
        """What became of a series, if it was made of just these files, which let go of their pixels then."""
        for files, outcome in self._made or ():
            if files == group:
                for file in group if outcome.image is not None else ():
                    file.release_pixels()
                return outcome
        return None
