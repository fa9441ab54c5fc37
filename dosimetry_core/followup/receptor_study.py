"""A receptor PET with its CT and VOIs, to draw on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydicom.uid import CTImageStorage

from dosimetry_core.dicom.assembly import Stated
from dosimetry_core.dicom.enhanced import ENHANCED_CT
from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.dicom.image_reading import group_key, read_image
from dosimetry_core.dicom.timing import Clock
from dosimetry_core.dicom.voi_names import role_of
from dosimetry_core.dicom.vois import read_vois
from dosimetry_core.followup.receptor_dicom import (
    PET_CLASSES,
    Reading,
    ReceptorImage,
    files_of,
    is_blood,
    receptor_image_of,
)
from dosimetry_core.image import ImageSeries, TimePoint
from dosimetry_core.progress import Progress, no_progress, part_of
from dosimetry_core.voi import Role, Voi

_CT: Final = (CTImageStorage, *ENHANCED_CT)
_FILES_SHARE, _IMAGES_SHARE = 0.6, 0.8


@dataclass(frozen=True, eq=False)
class ReceptorStudy:
    """A receptor PET, its CT (None where there is none in the same frame of reference), and VOIs on one grid."""

    image: ReceptorImage
    ct: ImageSeries | None
    vois: tuple[Voi, ...]


def read_receptor_study(
    folder: Path,
    vois: Sequence[Path] = (),
    *,
    time_zone: str,
    patient_id: str | None = None,
    weight_kg: float | None = None,
    progress: Progress = no_progress,
) -> ReceptorStudy:
    """The one PET of a folder with the CT that was made with it, and VOIs of files.

    Of several CT series in the PET's frame of reference the one with most files is taken: it is drawn on, and no number
    rests on its values. Other parameters and errors are those of `receptor_dicom.read_receptor_image` and `read_vois`.
    """
    reading = files_of(folder, (*PET_CLASSES, *_CT), progress=part_of(progress, 0.0, _FILES_SHARE))
    image = receptor_image_of(reading, folder, time_zone=time_zone, patient_id=patient_id, weight_kg=weight_kg)
    ct = _ct_of(reading, image.series, Clock(time_zone), part_of(progress, _FILES_SHARE, _IMAGES_SHARE))
    read = read_vois(vois, time_points=(TimePoint(image.series, ct),), progress=part_of(progress, _IMAGES_SHARE, 1.0))
    return ReceptorStudy(image, ct, read.vois)


def _ct_of(reading: Sequence[Reading], pet: ImageSeries, clock: Clock, progress: Progress) -> ImageSeries | None:
    groups: dict[tuple[str, ...], list[DicomFile]] = {}
    for file in reading:
        if not isinstance(file, DicomFile) or file.sop_class_uid not in _CT:
            continue
        if "LOCALIZER" in file.header.texts("ImageType"):
            continue
        frame = file.header.text("FrameOfReferenceUID")
        if frame == pet.frame_of_reference_uid and file.header.text("PatientID") == pet.patient_id:
            groups.setdefault(group_key(file), []).append(file)
    if not groups:
        return None
    most = max(groups, key=lambda key: (len(groups[key]), key))
    return read_image(groups[most], clock, Stated(), progress=progress)


def with_roles_of_names(vois: Sequence[Voi]) -> tuple[Voi, ...]:
    """VOIs with the role that their name tells, as those of files: a drawn VOI named Liver is no lesion."""
    return tuple(replace(voi, role=role_told_by(voi.name) or voi.role) for voi in vois)


def role_told_by(name: str) -> Role | None:
    """Role of a VOI by its name on a receptor scan: blood is no lesion, and has no role of its own."""
    return "other" if is_blood(name) else role_of(name, {})
