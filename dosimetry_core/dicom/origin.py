"""What objects filed beside a series repeat of it."""

from __future__ import annotations

from collections.abc import Sequence

from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.image import DicomOrigin


def origin_of(files: Sequence[DicomFile]) -> DicomOrigin:
    """Study, patient and instances of a series, of its files in the order of the slices."""
    header = files[0].header
    return DicomOrigin(
        instance_uids=tuple(file.header.text("SOPInstanceUID") for file in files),
        study_date=header.text("StudyDate"),
        study_time=header.text("StudyTime"),
        study_id=header.text("StudyID"),
        study_description=header.text("StudyDescription"),
        accession_number=header.text("AccessionNumber"),
        referring_physician=header.text("ReferringPhysicianName"),
        patient_birth_date=header.text("PatientBirthDate"),
        patient_sex=header.text("PatientSex"),
        position_reference=header.text("PositionReferenceIndicator"),
    )
