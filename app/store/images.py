"""Reads the images of stored cases again from their files, and makes sure that they are what was read first."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from app.store.arrays import array_digest
from app.store.events import Digest
from app.store.image_files import ImageFiles, copy_in, image_files_of, missing_file
from app.store.nodes import ImageReference
from dosimetry_core.cores import threads
from dosimetry_core.dicom.assembly import Stated
from dosimetry_core.dicom.files import DicomFile, read_dicom, read_each
from dosimetry_core.dicom.making import IMAGE_CLASSES
from dosimetry_core.dicom.series import read_one
from dosimetry_core.dicom.timing import Clock
from dosimetry_core.dicom.values import SpectQuantity
from dosimetry_core.errors import (
    DosimetryError,
    InconsistentCaseError,
    InputProblems,
    MissingDataError,
    raise_problems,
)
from dosimetry_core.frozen import read_only
from dosimetry_core.image import DecayReference, ImageSeries, SourceFile
from dosimetry_core.progress import Cancelled, Progress, no_progress, part_of

__all__ = ["copy_in", "image_files_of", "read_images"]

_READERS: Final = 2
_SHOWN_ALIKE: Final = 20
_READING: Final = 0.8
"""Share of a series' time that goes into its files; the rest makes the values and checks them."""

# A file's own word on its unit comes first; the stated one only stands in where there is none, as at the first reading.
_STATED: Final[Mapping[str, SpectQuantity]] = {"counts": "counts", "counts_per_s": "counts_per_s"}


def read_images(
    references: Iterable[ImageReference],
    store_folder: Path,
    *,
    folders: Sequence[Path] = (),
    progress: Progress = no_progress,
) -> dict[Digest, NDArray[Any]]:
    """Values of images by their digest, read from the files and compared with what was read first.

    Parameters
    ----------
    references
        Of `image_references`; images that are named twice are read once.
    store_folder
        The data folder, where copies may be.
    folders
        Where files are looked for, by their digest, that are not where they were.

    Raises
    ------
    DosimetryError
        For every file that is missing or another one now, with what to do; or if the values that come out of the right
        files are others than those the course was made from.
    """
    wanted = list({(item.array_digest, item.source_files): item for item in references}.values())
    parts = _Parts(progress, [max(1, len(reference.source_files)) for reference in wanted])
    places = ImageFiles(store_folder, folders, progress=lambda fraction, message: parts.say(message))
    values: dict[Digest, NDArray[Any]] = {}
    problems: list[DosimetryError] = []

    def read(number: int) -> NDArray[Any] | DosimetryError:
        try:
            return _read(wanted[number], places, parts.of(number))
        except DosimetryError as error:
            return error
        except BaseException:
            parts.stop()
            raise

    with warnings.catch_warnings():
        # What pydicom remarks on the files was said when they were first read.
        warnings.simplefilter("ignore")
        with threads(_READERS) as executor:
            outcomes = executor.map(read, range(len(wanted)))
            for reference, outcome in zip(wanted, outcomes, strict=True):
                if isinstance(outcome, DosimetryError):
                    problems += outcome.problems if isinstance(outcome, InputProblems) else [outcome]
                else:
                    values.setdefault(reference.array_digest, outcome)
    raise_problems(_shortened(problems))
    progress(1.0, "Images are read")
    return values


class _Parts:
    """Progress of several series that are read at the same time; what stops one stops all."""

    def __init__(self, progress: Progress, sizes: Sequence[int]) -> None:
        self._progress = progress
        self._sizes = sizes
        self._done = [0.0] * len(sizes)
        self._lock = threading.Lock()
        self._stopped = False

    def of(self, number: int) -> Progress:
        """Progress of one series."""

        def report(fraction: float, message: str) -> None:
            self._done[number] = fraction * self._sizes[number]
            self.say(message)

        return report

    def say(self, message: str) -> None:
        """Tell how far all of them are."""
        with self._lock:
            if self._stopped:
                raise Cancelled
            self._progress(sum(self._done) / max(1, sum(self._sizes)), message)

    def stop(self) -> None:
        """Make the others stop at their next report."""
        self._stopped = True


def _read(reference: ImageReference, places: ImageFiles, progress: Progress) -> NDArray[Any]:
    if not reference.source_files:
        raise MissingDataError(
            "the course names no files for this image", where=reference.place, remedy="import the images again"
        )
    files = _files(reference, places, part_of(progress, 0.0, _READING))
    try:
        image = _image(files, reference)
    except DosimetryError as error:
        raise InconsistentCaseError(
            f"this version of the program can't read the image any more: {error.line()}",
            where=reference.place,
            remedy="open the course with the version that made it",
        ) from error
    del files
    values = _as_kept(image.volume.values, reference)
    if image.volume.quantity != reference.quantity or array_digest(values) != reference.array_digest:
        raise InconsistentCaseError(
            "this version of the program reads other values from the very files that the course was made from",
            where=reference.place,
            remedy="open the course with the version that made it, or make a new course of its images",
        )
    progress(1.0, f"{reference.place} is read")
    return values


def _as_kept(values: NDArray[Any], reference: ImageReference) -> NDArray[Any]:
    """The values in the type that the course keeps: up to version 0.3 whole CT numbers were in single precision too."""
    kept = np.dtype(reference.dtype)
    if values.dtype != np.int16 or kept != np.float32:
        return values
    return read_only(values.astype(kept))


def _image(files: Sequence[DicomFile], reference: ImageReference) -> ImageSeries:
    """The image, by whichever answer to the question of contradictory decay tags gives the values that it had.

    The answer stands with the image in the course; values depend on it only where beds are joined.
    """
    quantity = _STATED.get(reference.quantity)
    answers: tuple[DecayReference, ...] = get_args(DecayReference)
    outcomes: list[ImageSeries | DosimetryError] = []
    for answer in answers:
        try:
            image = read_one(files, Clock(None), Stated(quantity, answer))
        except DosimetryError as error:
            outcomes.append(error)
            continue
        asked = any(finding.code == "decay-reference-entered" for finding in image.findings)
        if not asked or array_digest(image.volume.values) == reference.array_digest:
            return image
        outcomes.append(image)
    for outcome in outcomes:
        if isinstance(outcome, ImageSeries):
            return outcome
    first = outcomes[0]
    assert isinstance(first, DosimetryError)
    raise first


def _files(reference: ImageReference, places: ImageFiles, progress: Progress) -> list[DicomFile]:
    """The files of a series, each with its digest."""
    wanted = reference.source_files
    first = [next(places.places(file), None) for file in wanted]
    problems: list[DosimetryError] = []
    found: list[DicomFile] = []
    there = [path for path in first if path is not None]
    outcomes = iter(read_each(there, keep_pixels_of=IMAGE_CLASSES, progress=progress, message="Reading images"))
    for file, path in zip(wanted, first, strict=True):
        read = next(outcomes) if path is not None else None
        if not isinstance(read, DicomFile) or read.sha256 != file.sha256:
            read = _elsewhere(file, places)
        if read is None:
            problems.append(missing_file(file, reference.place))
        else:
            found.append(read)
    raise_problems(problems)
    return found


def _elsewhere(file: SourceFile, places: ImageFiles) -> DicomFile | None:
    """The file in the second and third place where it may be."""
    for path in places.places(file):
        try:
            read = read_dicom(path)
        except DosimetryError:
            continue
        if read.sha256 == file.sha256:
            return read
    return None


def _shortened(problems: Sequence[DosimetryError]) -> list[DosimetryError]:
    """The first problems of one kind and place, and how many more there are."""
    by_kind: dict[str, list[DosimetryError]] = {}
    for problem in problems:
        by_kind.setdefault(problem.what, []).append(problem)
    shown: list[DosimetryError] = []
    for what, alike in by_kind.items():
        shown += alike[:_SHOWN_ALIKE]
        if len(alike) > _SHOWN_ALIKE:
            rest = len(alike) - _SHOWN_ALIKE
            shown.append(type(alike[-1])(f"{rest} more: {what}", where=alike[-1].where, remedy=alike[-1].remedy))
    return shown
