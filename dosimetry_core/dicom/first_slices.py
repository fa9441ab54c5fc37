"""A first look at what is being imported: one slice of each series, before all files are read and checked."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.dicom.enhanced import frame_header, is_enhanced
from dosimetry_core.dicom.files import DicomFile, find_files, is_nifti, read_dicom
from dosimetry_core.dicom.grid import pixel_spacing
from dosimetry_core.dicom.making import IMAGE_CLASSES
from dosimetry_core.dicom.pixels import frame_shape, stored_values
from dosimetry_core.dicom.values import rescale
from dosimetry_core.errors import DosimetryError

# So many files are looked into beyond one per folder: enough for the series of a visit in one folder.
_SAMPLES_PER_FOLDER = 6


@dataclass(frozen=True, eq=False)
class FirstSlice:
    """One slice of one series, as stored: unchecked, to be shown while the import goes on.

    Parameters
    ----------
    values
        Rescaled values, shape (row, column).
    pixel_spacing_mm
        Between rows and between columns; None if the file doesn't say.
    """

    path: Path
    series_uid: str
    modality: str
    description: str
    values: NDArray[np.float32]
    pixel_spacing_mm: tuple[float, float] | None


def first_slices(paths: Sequence[Path]) -> Iterator[FirstSlice]:
    """A slice of each series that a few files of each folder show, the middle one of a folder first.

    What can't be read is passed over: the import itself names it.
    """
    found, _ = find_files([Path(path) for path in paths])
    folders: dict[Path, list[Path]] = {}
    for path in found:
        if not is_nifti(path):
            folders.setdefault(path.parent, []).append(path)
    seen: set[str] = set()
    samples = [_sampled(files) for files in folders.values()]
    for turn in range(1 + _SAMPLES_PER_FOLDER):
        for sample in samples:
            if turn >= len(sample):
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    shown = _slice_of(read_dicom(sample[turn]), seen)
            except DosimetryError:
                continue
            if shown is not None:
                seen.add(shown.series_uid)
                yield shown


def _sampled(files: list[Path]) -> list[Path]:
    """The middle file, then others spread evenly."""
    spread = np.linspace(0, len(files) - 1, _SAMPLES_PER_FOLDER).round().astype(int)
    return list(dict.fromkeys([files[len(files) // 2], *(files[index] for index in spread)]))


def _slice_of(file: DicomFile, seen: set[str]) -> FirstSlice | None:
    header = file.header
    uid = header.text("SeriesInstanceUID")
    if file.sop_class_uid not in IMAGE_CLASSES or uid in seen:
        return None
    middle = frame_shape(file)[0] // 2
    if is_enhanced(file):
        header = frame_header(file, middle)
    slope, intercept = rescale(header) or (1.0, 0.0)
    values = stored_values(file)[middle] * np.float32(slope) + np.float32(intercept)
    spacing = pixel_spacing(header) if header.has("PixelSpacing") else None
    return FirstSlice(
        file.path,
        uid,
        header.text("Modality"),
        header.text("SeriesDescription"),
        np.asarray(values, np.float32),
        spacing,
    )
