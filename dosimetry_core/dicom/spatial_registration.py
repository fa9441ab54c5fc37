"""DICOM spatial registration objects: rigid motions between frames of reference, read and written.

The matrix of a frame takes its points to the registered frame: (x, y, z) of the registered frame = M · (x, y, z) of the
frame named in the item (PS3.3 C.20.2.1.1).
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    UID,
    DeformableSpatialRegistrationStorage,
    ExplicitVRLittleEndian,
    SpatialRegistrationStorage,
    generate_uid,
)
from pydicom.valuerep import DSfloat

from dosimetry_core.dicom.files import DicomFile, read_dicom
from dosimetry_core.dicom.header import Header
from dosimetry_core.errors import DicomReadError, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import FloatArray, RigidTransform
from dosimetry_core.image import DicomOrigin, ImageSeries, Registration, SourceFile, TimePoint
from dosimetry_core.units import PERCENT
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

_MATRIX_NUMBERS = 16
# Writers give six digits; an axis 1e-3 off unit length moves a point 200 mm away by 0.2 mm.
_RIGID_TOLERANCE = 1e-3
_LARGEST_TRANSLATION_MM = 10_000.0


@dataclass(frozen=True, eq=False)
class SpatialRegistration:
    """What a spatial registration object says.

    Parameters
    ----------
    registered_frame_uid
        Frame of reference that the others are brought to.
    to_registered
        Frame of reference UID → rigid motion of its points to the registered frame.
    description
        The object's own.
    """

    registered_frame_uid: str
    to_registered: FrozenMap[str, RigidTransform]
    description: str
    source: SourceFile

    def between(self, first_frame_uid: str, second_frame_uid: str) -> RigidTransform | None:
        """Motion of points of the first frame to the second; None if the object doesn't relate them."""
        known = {self.registered_frame_uid: RigidTransform.identity(), **self.to_registered}
        if first_frame_uid not in known or second_frame_uid not in known or first_frame_uid == second_frame_uid:
            return None
        return known[second_frame_uid].inverse().after(known[first_frame_uid])


def read_spatial_registration(path: Path) -> SpatialRegistration:
    """Rigid motions of a DICOM spatial registration object.

    Raises
    ------
    DicomReadError
        If it is another object, a deformable registration (only rigid ones are read), or its matrices are missing,
        damaged, scale, shear or mirror.
    """
    file = read_dicom(path)
    where = str(path)
    if file.sop_class_uid == DeformableSpatialRegistrationStorage:
        raise DicomReadError(
            "is a deformable registration; only rigid ones are read, and taking its rigid part alone would be wrong",
            where=where,
            remedy="export a rigid registration",
        )
    if file.sop_class_uid != SpatialRegistrationStorage:
        raise DicomReadError(
            "is not a DICOM spatial registration object", where=where, remedy="name the registration object"
        )
    registered = file.header.text("FrameOfReferenceUID")
    motions: dict[str, RigidTransform] = {}
    for number, item in enumerate(file.header.items("RegistrationSequence"), start=1):
        frame = item.text("FrameOfReferenceUID")
        if not frame:
            continue
        motion = _motion(item, f"{where}, registration {number}")
        if frame in motions:
            raise DicomReadError(
                "names one frame of reference twice", where=where, remedy="export one registration per scan"
            )
        motions[frame] = motion
    if not registered or not motions:
        raise DicomReadError(
            "names no frames of reference to relate", where=where, remedy="export the registration again"
        )
    own = motions.pop(registered, None)
    if own is not None and not _is_identity(own):
        raise DicomReadError(
            "moves the registered frame of reference against itself", where=where, remedy="export it again"
        )
    if not motions:
        raise DicomReadError("relates a frame of reference to itself only", where=where, remedy="name another object")
    return SpatialRegistration(registered, FrozenMap(motions), _description(file), file.source)


def _description(file: DicomFile) -> str:
    return file.header.text("ContentDescription") or file.header.text("SeriesDescription")


def _motion(item: Header, where: str) -> RigidTransform:
    """All matrices of an item, the first applied first."""
    matrices = [matrix for part in item.items("MatrixRegistrationSequence") for matrix in part.items("MatrixSequence")]
    if not matrices:
        raise DicomReadError("has no matrix", where=where, remedy="export the registration again")
    motion = RigidTransform.identity()
    for matrix in matrices:
        values = matrix.numbers("FrameOfReferenceTransformationMatrix")
        numbers = [] if values is None else [float(v) for v in values]
        motion = rigid_of_matrix(numbers, where=where).after(motion)
    return motion


def rigid_of_matrix(numbers: list[float] | tuple[float, ...], *, where: str) -> RigidTransform:
    """Rigid motion of 16 numbers, row by row, translation in mm in the last column.

    Raises
    ------
    DicomReadError
        If there are not 16, the last row is not (0, 0, 0, 1), or the matrix scales, shears or mirrors.
    """
    remedy = "give a rigid matrix, row by row, in mm"
    if len(numbers) != _MATRIX_NUMBERS or not all(math.isfinite(v) for v in numbers):
        raise DicomReadError(f"the matrix needs 16 numbers, not {len(numbers)}", where=where, remedy=remedy)
    matrix = np.array(numbers, dtype=np.float64).reshape(4, 4)
    if not np.allclose(matrix[3], (0, 0, 0, 1), atol=1e-6):
        raise DicomReadError("the last row of the matrix is not 0, 0, 0, 1", where=where, remedy=remedy)
    if np.abs(matrix[:3, 3]).max() > _LARGEST_TRANSLATION_MM:
        raise DicomReadError("the matrix moves by more than 10 m", where=where, remedy=remedy)
    rotation = matrix[:3, :3]
    off = float(np.abs(rotation.T @ rotation - np.eye(3)).max())
    if off > _RIGID_TOLERANCE:
        raise DicomReadError(
            f"the matrix scales or shears by up to {PERCENT.text(off)}; only rigid ones are read",
            where=where,
            remedy=remedy,
        )
    if np.linalg.det(rotation) < 0:
        raise DicomReadError("the matrix mirrors", where=where, remedy=remedy)
    # What is off is rounding of the writer: the nearest rotation.
    u, _, v = np.linalg.svd(rotation)
    return RigidTransform(u @ v, matrix[:3, 3])


def _is_identity(motion: RigidTransform) -> bool:
    return bool(np.allclose(motion.rotation, np.eye(3), atol=1e-4) and np.abs(motion.translation_mm).max() < 1e-2)


def frame_of(point: TimePoint) -> str:
    """Frame of reference of a scan: its CT's, or its SPECT's where it has none."""
    return (point.ct or point.spect).frame_of_reference_uid


def registration_from(read: SpatialRegistration, reference: TimePoint, point: TimePoint) -> Registration | None:
    """Registration of a scan as an object states it; None if the object doesn't relate the two scans."""
    for first in _frames(reference):
        for second in _frames(point):
            motion = read.between(first, second)
            if motion is not None:
                return Registration(motion, "dicom", None, source=read.source.path)
    return None


def _frames(point: TimePoint) -> list[str]:
    series = [one for one in (point.ct, point.spect) if one is not None]
    return list(dict.fromkeys(one.frame_of_reference_uid for one in series if one.frame_of_reference_uid))


def spatial_registration_bytes(
    reference: TimePoint, point: TimePoint, *, made_at: datetime, identity: Mapping[str, str] | None = None
) -> bytes:
    """A DICOM file that brings a scan to the cycle's reference: registered frame, reference; moved frame, the scan.

    Parameters
    ----------
    reference, point
        The point's registration is written; both need frames of reference that differ.
    made_at
        Content date and time, with a time zone.
    identity
        DICOM keywords of the patient beyond ID and name, such as ``PatientBirthDate`` and ``PatientSex``, for what
        the images don't say.

    Raises
    ------
    MissingDataError
        If a frame of reference is missing, or both scans have the same.
    """
    registered, moved = frame_of(reference), frame_of(point)
    if not registered or not moved or registered == moved:
        raise MissingDataError(
            "a registration can't be written: both scans name the same frame of reference"
            if registered and registered == moved
            else "a registration can't be written: an image names no frame of reference",
            where=(point.ct or point.spect).description,
            remedy="there is nothing to export for this scan",
        )
    series = reference.ct or reference.spect
    motion = point.registration.transform.inverse()
    unique = [series.study_uid, registered, moved, repr(_matrix(motion).tolist()), made_at.isoformat()]
    dataset = _common(series, made_at, unique, identity or {})
    dataset.FrameOfReferenceUID = UID(registered)
    dataset.PositionReferenceIndicator = ""
    dataset.ContentDate, dataset.ContentTime = dataset.SeriesDate, dataset.SeriesTime
    dataset.InstanceNumber = 1
    dataset.ContentLabel = "REGISTRATION"
    dataset.ContentDescription = f"{point.registration.method}, by {SOFTWARE_NAME}, research use"
    dataset.ContentCreatorName = point.registration.confirmed_by.replace("^", " ")
    dataset.RegistrationSequence = Items(
        [_item(registered, RigidTransform.identity()), _item(moved, motion)],
    )
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    content = io.BytesIO()
    dataset.save_as(content, enforce_file_format=True)
    return content.getvalue()


def _common(series: ImageSeries, made_at: datetime, unique: list[str], identity: Mapping[str, str]) -> Dataset:
    if made_at.tzinfo is None:
        raise ValueError("made_at must carry a time zone")
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = SpatialRegistrationStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["registration", *unique])
    dataset.StudyInstanceUID = UID(series.study_uid)
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["registration series", *unique])
    dataset.Modality = "REG"
    dataset.BodyPartExamined = "ABDOMEN"
    dataset.PatientID, dataset.PatientName = series.patient_id, series.patient_name
    # Patient and study as the images themselves state them, so that an archive files it with them.
    origin = series.origin or DicomOrigin(())
    dataset.PatientBirthDate, dataset.PatientSex = origin.patient_birth_date, origin.patient_sex
    dataset.StudyDate = origin.study_date or f"{series.acquisition_start:%Y%m%d}"
    dataset.StudyTime = origin.study_time or f"{series.acquisition_start:%H%M%S}"
    dataset.SeriesDate, dataset.SeriesTime = f"{made_at:%Y%m%d}", f"{made_at:%H%M%S}"
    dataset.TimezoneOffsetFromUTC = f"{made_at:%z}"
    dataset.StudyID, dataset.AccessionNumber = origin.study_id, origin.accession_number
    dataset.ReferringPhysicianName = origin.referring_physician
    if origin.study_description:
        dataset.StudyDescription = origin.study_description
    dataset.SeriesNumber = 1
    dataset.SeriesDescription = "Registration (research use)"
    dataset.Manufacturer = SOFTWARE_NAME
    dataset.ManufacturerModelName = SOFTWARE_NAME
    dataset.DeviceSerialNumber = "1"
    dataset.SoftwareVersions = SOFTWARE_VERSION
    for keyword, value in identity.items():
        if not dataset.get(keyword):
            setattr(dataset, keyword, value)
    return dataset


def _item(frame_uid: str, motion: RigidTransform) -> Dataset:
    matrix = Dataset()
    matrix.FrameOfReferenceTransformationMatrixType = "RIGID"
    matrix.FrameOfReferenceTransformationMatrix = [DSfloat(float(v), auto_format=True) for v in _matrix(motion).ravel()]
    registration = Dataset()
    registration.RegistrationTypeCodeSequence = Items([])
    registration.MatrixSequence = Items([matrix])
    item = Dataset()
    item.FrameOfReferenceUID = UID(frame_uid)
    item.MatrixRegistrationSequence = Items([registration])
    return item


def _matrix(motion: RigidTransform) -> FloatArray:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = motion.rotation, motion.translation_mm
    return matrix
