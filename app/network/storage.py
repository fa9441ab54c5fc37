"""Answers to objects that come: which are taken, and what becomes of each."""

from __future__ import annotations

from typing import Any, Final

from pydicom.uid import (
    CTImageStorage,
    EncapsulatedPDFStorage,
    EnhancedCTImageStorage,
    EnhancedPETImageStorage,
    NuclearMedicineImageStorage,
    ParametricMapStorage,
    PositronEmissionTomographyImageStorage,
    RTDoseStorage,
    RTStructureSetStorage,
    SegmentationStorage,
    SpatialRegistrationStorage,
)

from app.network.kept_files import KeptFiles
from app.network.link import SUCCESS
from dosimetry_core.errors import DosimetryError

STORED_HERE: Final = (
    NuclearMedicineImageStorage,
    CTImageStorage,
    PositronEmissionTomographyImageStorage,
    EnhancedCTImageStorage,
    EnhancedPETImageStorage,
    RTStructureSetStorage,
    SegmentationStorage,
    SpatialRegistrationStorage,
    RTDoseStorage,
    ParametricMapStorage,
    EncapsulatedPDFStorage,
    "1.2.840.10008.5.1.4.1.1.88.11",
    "1.2.840.10008.5.1.4.1.1.88.22",
    "1.2.840.10008.5.1.4.1.1.88.33",
    "1.2.840.10008.5.1.4.1.1.88.34",
    "1.2.840.10008.5.1.4.1.1.88.68",
    "1.2.840.10008.5.1.4.1.1.7",
)
"""What a planning needs: images, VOIs, registrations, doses, reports, documents."""
OUT_OF_RESOURCES: Final = 0xA700
"""Answer to an object that can't be written."""
_CANNOT_UNDERSTAND = 0xC000


def answer(event: Any, kept: KeptFiles, failure: list[DosimetryError]) -> int:
    """Answer to one object that comes."""
    try:
        kept.keep(event.encoded_dataset())
    except DosimetryError as error:
        failure.append(error)
        return OUT_OF_RESOURCES
    except Exception:  # damaged in a way that pydicom names by many kinds of errors: refused, and nothing written
        return _CANNOT_UNDERSTAND
    return SUCCESS
