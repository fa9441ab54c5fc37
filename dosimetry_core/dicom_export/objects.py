"""What every exported DICOM object has in common: patient, study, series, equipment, identity."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from datetime import datetime

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID, ExplicitVRLittleEndian
from pydicom.valuerep import DSfloat

from dosimetry_core.errors import MissingDataError
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import DicomOrigin, ImageSeries
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

NOTICE = "Research use only: not a medical device."
# PS3.5 6.2: the longest long string (LO).
_LONGEST_TEXT = 64


@dataclass(frozen=True, eq=False)
class ExportFacts:
    """What places exported objects beside the series that they describe.

    Parameters
    ----------
    beside
        The series on which the VOIs lie: study, patient and frame of reference are taken over from it.
    made_at
        Content date and time, with a time zone.
    digest
        Of what is exported. The same content exported again at the same time has the same identifiers, any other
        content or time has others: an archive never sees two contents under one identifier.
    """

    beside: ImageSeries
    made_at: datetime
    digest: str

    def __post_init__(self) -> None:
        if self.made_at.tzinfo is None:
            raise ValueError("made_at must carry a time zone")

    @property
    def origin(self) -> DicomOrigin:
        """Study and instances of the series.

        Raises
        ------
        MissingDataError
            If they are not known.
        """
        if self.beside.origin is None or not all(self.beside.origin.instance_uids):
            raise MissingDataError(
                "its study and instances are not known, so that no object can be filed beside it",
                where=f"{self.beside.kind} {self.beside.description or self.beside.series_uid}",
                remedy="import its DICOM files again",
            )
        return self.beside.origin

    def uid(self, *what: object) -> str:
        """Unique identifier of one thing in this export (2.25 and a UUID made of the name, PS3.5 B.2)."""
        name = "/".join(str(part) for part in (SOFTWARE_NAME, self.digest, self.made_at.isoformat(), *what))
        return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, name).int}"


def ds(value: float) -> DSfloat:
    """A decimal string, rounded to what fits its 16 bytes."""
    return DSfloat(float(value), auto_format=True)


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """One coded concept."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def items(*datasets: Dataset) -> Items:
    """A sequence of items."""
    return Items(list(datasets))


def reference(sop_class_uid: str, instance_uid: str) -> Dataset:
    """Reference to one instance."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = UID(sop_class_uid), UID(instance_uid)
    return item


def new_object(
    facts: ExportFacts, sop_class_uid: str, modality: str, *, kind: str, number: int, description: str
) -> Dataset:
    """Patient, study, series, equipment and identity of one object that is a series of its own.

    Parameters
    ----------
    kind
        Tells the objects of one export apart.
    number
        Of the series.
    description
        Of the series; that it is for research is added.
    """
    series, origin = facts.beside, facts.origin
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = UID(sop_class_uid)
    dataset.SOPInstanceUID = UID(facts.uid(kind, "instance"))
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = date_of(facts.made_at), time_of(facts.made_at)
    dataset.PatientName, dataset.PatientID = series.patient_name, series.patient_id
    dataset.PatientBirthDate, dataset.PatientSex = origin.patient_birth_date, origin.patient_sex
    dataset.StudyInstanceUID = UID(series.study_uid)
    dataset.StudyDate, dataset.StudyTime = origin.study_date, origin.study_time
    dataset.StudyID, dataset.AccessionNumber = origin.study_id, origin.accession_number
    dataset.ReferringPhysicianName = origin.referring_physician
    if origin.study_description:
        dataset.StudyDescription = origin.study_description
    dataset.SeriesInstanceUID = UID(facts.uid(kind, "series"))
    dataset.Modality = modality
    dataset.SeriesNumber = number
    dataset.SeriesDescription = described(description)
    dataset.SeriesDate, dataset.SeriesTime = date_of(facts.made_at), time_of(facts.made_at)
    dataset.TimezoneOffsetFromUTC = f"{facts.made_at:%z}"
    dataset.Manufacturer = dataset.ManufacturerModelName = SOFTWARE_NAME
    dataset.DeviceSerialNumber = "none"
    dataset.SoftwareVersions = SOFTWARE_VERSION
    dataset.InstanceNumber = 1
    return dataset


def described(description: str) -> str:
    """A description with the notice that it is for research, in the length that DICOM allows."""
    ending = " (research use)"
    return description[: _LONGEST_TEXT - len(ending)] + ending


def add_frame_of_reference(dataset: Dataset, facts: ExportFacts) -> None:
    """The frame of reference of the series that the object lies beside."""
    dataset.FrameOfReferenceUID = UID(facts.beside.frame_of_reference_uid)
    dataset.PositionReferenceIndicator = facts.origin.position_reference


def date_of(instant: datetime) -> str:
    """Date as DA."""
    return f"{instant:%Y%m%d}"


def time_of(instant: datetime) -> str:
    """Time as TM."""
    return f"{instant:%H%M%S.%f}"


def orientation(grid: VolumeGeometry) -> list[DSfloat]:
    """ImageOrientationPatient: direction of growing column index, then of growing row index."""
    return [ds(v) for v in (*grid.directions[:, 2], *grid.directions[:, 1])]


def position(grid: VolumeGeometry, slice_index: int) -> list[DSfloat]:
    """ImagePositionPatient of a slice."""
    return [ds(v) for v in grid.index_to_point((slice_index, 0, 0))]


def instance_of_slice(facts: ExportFacts, slice_index: int) -> str:
    """SOP instance UID that holds a slice of the series."""
    uids = facts.origin.instance_uids
    return uids[slice_index] if len(uids) > 1 else uids[0]


def file_bytes(dataset: Dataset) -> bytes:
    """The object as a file, explicit little endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    dataset.file_meta = meta
    content = io.BytesIO()
    pydicom.dcmwrite(content, dataset, enforce_file_format=True)
    return content.getvalue()


@dataclass(frozen=True)
class ExportedObject:
    """One object to be stored.

    Parameters
    ----------
    name
        File name without folder.
    what
        In words.
    content
        The file.
    """

    name: str
    what: str
    content: bytes


def safe_name(text: str) -> str:
    """A file name of plain letters, digits and hyphens."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text)
    return "-".join(part for part in kept.split("-") if part) or "object"
