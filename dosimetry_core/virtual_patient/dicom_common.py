"""What every DICOM object of the demonstration has in common: patient, study, series, equipment, file meta."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian
from pydicom.valuerep import DSfloat

from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.units import CM_PER_M
from dosimetry_core.virtual_patient.body import Sex
from dosimetry_core.virtual_patient.seeding import Seed

IMPLEMENTATION_UID = "2.25.268131915733386012263421868290176412317"
MANUFACTURER = "Lutetia demonstration"
PREAMBLE = bytes(128)


@dataclass(frozen=True)
class Person:
    """Who the demonstration patient says to be."""

    patient_id: str
    name: str
    sex: Sex
    birth_date: date
    height_cm: float
    weight_kg: float
    haematocrit: float

    @property
    def height_m(self) -> float:
        """Height as DICOM wants it."""
        return self.height_cm / CM_PER_M


@dataclass(frozen=True)
class SeriesFacts:
    """What places one series in its study."""

    seed: Seed
    person: Person
    study: tuple[object, ...]
    series: str
    series_number: int
    acquired: datetime
    study_start: datetime
    study_description: str
    series_description: str
    zone_in_file: bool

    @property
    def study_uid(self) -> str:
        """Study instance UID."""
        return self.seed.uid("study", *self.study)

    @property
    def series_uid(self) -> str:
        """Series instance UID."""
        return self.seed.uid("series", *self.study, self.series)

    @property
    def frame_of_reference_uid(self) -> str:
        """Frame of reference shared by all series of this study."""
        return self.seed.uid("frame of reference", *self.study)

    def instance_uid(self, number: int) -> str:
        """SOP instance UID of the n-th object of the series."""
        return self.seed.uid("instance", *self.study, self.series, number)


def ds(value: float) -> DSfloat:
    """A decimal string that fits its 16 bytes, rounded to what can be written."""
    return DSfloat(value, auto_format=True)


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """One coded concept."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def items(*datasets: Dataset) -> Sequence:
    """A sequence of items."""
    return Sequence(list(datasets))


def dicom_date(instant: datetime) -> str:
    """Date as DA."""
    return instant.strftime("%Y%m%d")


def dicom_time(instant: datetime) -> str:
    """Time as TM, whole seconds with a fraction of zero."""
    return instant.strftime("%H%M%S.000000")


def zone_offset(instant: datetime) -> str:
    """Offset from UTC as ``+0100``."""
    return instant.strftime("%z")


def new_object(
    facts: SeriesFacts, sop_class_uid: str, modality: str, *, series_time: datetime | None = None
) -> Dataset:
    """Patient, study, series, equipment and SOP common modules of one object, without its instance number."""
    person = facts.person
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class_uid
    dataset.StudyDate, dataset.StudyTime = dicom_date(facts.study_start), dicom_time(facts.study_start)
    begun = facts.acquired if series_time is None else series_time
    dataset.SeriesDate, dataset.SeriesTime = dicom_date(begun), dicom_time(begun)
    dataset.AccessionNumber = ""
    dataset.Modality = modality
    if modality != "RTSTRUCT":
        dataset.BodyPartExamined = "ABDOMEN"
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = "Virtual SPECT/CT"
    dataset.DeviceSerialNumber = "1"
    dataset.SoftwareVersions = "1"
    dataset.InstitutionName = "Demonstration, not a patient"
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = facts.study_description
    dataset.SeriesDescription = facts.series_description
    dataset.PatientName = person.name
    dataset.PatientID = person.patient_id
    dataset.PatientBirthDate = person.birth_date.strftime("%Y%m%d")
    dataset.PatientSex = person.sex
    dataset.PatientSize = ds(round(person.height_m, 3))
    dataset.PatientWeight = ds(person.weight_kg)
    dataset.StudyInstanceUID = facts.study_uid
    dataset.SeriesInstanceUID = facts.series_uid
    dataset.StudyID = "-".join(str(part) for part in facts.study)
    dataset.SeriesNumber = facts.series_number
    if facts.zone_in_file:
        dataset.TimezoneOffsetFromUTC = zone_offset(facts.acquired)
    return dataset


def add_frame_of_reference(dataset: Dataset, facts: SeriesFacts) -> None:
    """Frame of reference module."""
    dataset.FrameOfReferenceUID = facts.frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""


def add_pixels(dataset: Dataset, values: NDArray[Any]) -> None:
    """Image pixel module for 16-bit values, shape (row, column) or (frame, row, column)."""
    if values.dtype not in (np.dtype("int16"), np.dtype("uint16")):
        raise ValueError("pixels must be 16-bit integers")
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = values.shape[-2:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = int(values.dtype == np.int16)
    dataset.PixelData = values.astype(values.dtype.newbyteorder("<")).tobytes()


def row_column_directions(grid: VolumeGeometry) -> list[float]:
    """ImageOrientationPatient: direction of growing column index, then of growing row index."""
    return [float(v) for v in (*grid.directions[:, 2], *grid.directions[:, 1])]


def position_of_slice(grid: VolumeGeometry, index: int) -> list[DSfloat]:
    """ImagePositionPatient of a slice."""
    return [ds(float(v)) for v in grid.index_to_point((index, 0, 0))]


def write(dataset: Dataset, path: Path, instance_uid: str) -> None:
    """Write one object, explicit little endian, same bytes for the same content."""
    dataset.SOPInstanceUID = instance_uid
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = UID(instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = "LUTETIA_DEMO_1"
    dataset.file_meta = meta
    dataset.preamble = PREAMBLE
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
