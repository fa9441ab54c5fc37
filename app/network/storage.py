"""Answers to objects that come: which are taken, and what becomes of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydicom import uid as known
from pydicom.uid import UID

from app.network.kept_files import KeptFiles
from app.network.link import SUCCESS, UNCOMPRESSED
from dosimetry_core.dicom.decompression import LOSSLESS, LOSSY
from dosimetry_core.errors import DosimetryError

IMAGES_HERE: Final = (
    known.NuclearMedicineImageStorage,
    known.CTImageStorage,
    known.PositronEmissionTomographyImageStorage,
    known.EnhancedCTImageStorage,
    known.EnhancedPETImageStorage,
    known.LegacyConvertedEnhancedCTImageStorage,
    known.LegacyConvertedEnhancedPETImageStorage,
    known.SecondaryCaptureImageStorage,
)
"""Images, which archives may hold compressed."""
STORED_HERE: Final = (
    *IMAGES_HERE,
    known.RTStructureSetStorage,
    known.SegmentationStorage,
    known.SpatialRegistrationStorage,
    known.RTDoseStorage,
    known.ParametricMapStorage,
    known.EncapsulatedPDFStorage,
    known.BasicTextSRStorage,
    known.EnhancedSRStorage,
    known.ComprehensiveSRStorage,
    known.Comprehensive3DSRStorage,
    known.RadiopharmaceuticalRadiationDoseSRStorage,
    known.PatientRadiationDoseSRStorage,
)
"""What a planning needs: images, VOIs, registrations, doses, reports, documents."""
COMPRESSED: Final = (known.JPEGLosslessSV1, *sorted((LOSSLESS | LOSSY) - {known.JPEGLosslessSV1}))
"""Transfer syntaxes that the reading of images knows, the usual one of archives first."""
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


def is_taken(sop_class: str) -> bool:
    """Whether objects of a class are fetched; those of an unknown one are."""
    return not sop_class or sop_class in STORED_HERE


def contexts_of(sop_classes: Iterable[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Classes with transfer syntaxes to be offered to a peer that is to give objects, each as it may hold them.

    A peer takes one syntax of each context, so that every compressed one stands alone. Where a class is not known, it
    may be any.
    """
    wanted = set(sop_classes)
    classes = STORED_HERE if "" in wanted else [one for one in STORED_HERE if one in wanted]
    plain: list[tuple[str, tuple[str, ...]]] = [(str(one), tuple(UNCOMPRESSED)) for one in classes]
    return plain + [(str(one), (syntax,)) for one in classes if one in IMAGES_HERE for syntax in COMPRESSED]


def kinds_text(sop_classes: Iterable[str]) -> str:
    """Names of classes in words."""
    return ", ".join(sorted({UID(one).name for one in sop_classes}))
