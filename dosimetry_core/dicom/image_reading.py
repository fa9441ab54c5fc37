"""One `ImageSeries` from the files of one series, by the kind of object they are."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.uid import CTImageStorage, NuclearMedicineImageStorage

from dosimetry_core.dicom.assembly import Stated
from dosimetry_core.dicom.enhanced import ENHANCED_CT, frames_of, is_enhanced, states_activity_in_mbq
from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.dicom.slices import read_slices, slice_of
from dosimetry_core.dicom.timing import Clock
from dosimetry_core.dicom.tomogram import read_multi_frame
from dosimetry_core.image import ImageSeries
from dosimetry_core.progress import Progress, no_progress


def is_multi_frame(file: DicomFile) -> bool:
    """Whether the file holds all slices itself."""
    return is_enhanced(file) or (file.header.integer("NumberOfFrames") or 1) > 1


def place_of(files: Sequence[DicomFile]) -> str:
    """How errors name a series: the file, or the folder with the series' number and description."""
    if len(files) == 1:
        return str(files[0].path)
    header = files[0].header
    name = " ".join(part for part in (header.text("SeriesNumber"), header.text("SeriesDescription")) if part)
    return f"{files[0].path.parent} (series {name or header.text('SeriesInstanceUID')})"


def group_key(file: DicomFile) -> tuple[str, ...]:
    """What the files of one image have in common and no other file has.

    Raises
    ------
    DicomReadError
        If the file doesn't say of which series it is.
    """
    header = file.header
    key = (file.sop_class_uid, header.required_text("SeriesInstanceUID", rule="identity-missing"))
    if is_enhanced(file) and header.has("ConcatenationUID"):
        return (*key, header.text("ConcatenationUID"))
    return (*key, str(file.path)) if is_multi_frame(file) else key


def read_image(
    files: Sequence[DicomFile], clock: Clock, stated: Stated, *, progress: Progress = no_progress
) -> ImageSeries:
    """The image that the files of one series hold.

    Raises
    ------
    DicomReadError
        As `read_multi_frame`, `frames_of` and `read_slices`.
    """
    first = files[0]
    if is_enhanced(first):
        return read_slices(
            frames_of(files),
            place_of(files),
            clock,
            stated,
            is_ct=first.sop_class_uid in ENHANCED_CT,
            is_nm=False,
            activity_in_mbq=states_activity_in_mbq(first),
            progress=progress,
        )
    if is_multi_frame(first):
        return read_multi_frame(first, clock, stated)
    is_nm = first.sop_class_uid == NuclearMedicineImageStorage
    return read_slices(
        [slice_of(file) for file in files],
        place_of(files),
        clock,
        stated,
        is_ct=first.sop_class_uid == CTImageStorage,
        is_nm=is_nm,
        activity_in_mbq=is_nm,
        progress=progress,
    )
