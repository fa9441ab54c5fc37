"""One DICOM object without its patient."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

import pydicom
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ExplicitVRLittleEndian

from dosimetry_core.deidentification.elements import (
    CLASS_UIDS,
    CODE_SCHEMES,
    CODED,
    DATES,
    EMPTY,
    INSTANCE_UIDS,
    MAKER,
    NUMBERS,
    PIXELS,
    SEQUENCES,
    TIMES,
    VOI_NAMES,
)
from dosimetry_core.deidentification.words import OWN_LABEL, STANDARD_WORDS, words_of_make
from dosimetry_core.errors import DosimetryError
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

_STANDARD_ROOT = "1.2.840.10008."
_CODE_VALUE = re.compile(r"[A-Z]?-?[A-Z0-9]{1,14}|[A-Za-z0-9./{}*^-]{1,16}")
_TIME = re.compile(r"\d{2,6}(\.\d{1,6})?")
_ZONE = re.compile(r"[+-]\d{4}")
_DATE_DIGITS = 8
BITS_PER_BYTE: Final = 8
_NUCLIDE_CODES: Final = {LU177: ("447553000", "SCT", "^177^Lutetium"), Y90: ("14691008", "SCT", "^90^Yttrium")}
_METHOD_CODES: Final = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113108", "Retain Patient Characteristics Option"),
)


@dataclass(frozen=True)
class Disguise:
    """What the identity is replaced by; everything follows from one key that is kept nowhere.

    Parameters
    ----------
    key
        Secret; with the same key the same patient, study and instance become the same again.
    shift_days
        By how many days dates move; see `fitting_shift_days`.
    voi_names
        Original name → name without meaning beyond the organ.
    nuclide_of
        Series instance UID → nuclide that its image was read as.
    """

    key: bytes
    pseudonym: str
    shift_days: int
    voi_names: Mapping[str, str] = field(default_factory=dict)
    nuclide_of: Mapping[str, str] = field(default_factory=dict)
    shape_roles: Mapping[str, str] = field(default_factory=dict)
    """Plain name of a VOI's own shape on a scan → role."""

    def uid(self, original: str) -> str:
        """Another unique identifier for one that names an instance; those that the standard defines stay."""
        if not original or original.startswith(_STANDARD_ROOT):
            return original
        digest = hmac.new(self.key, original.encode("utf-8"), hashlib.sha256).digest()
        return f"2.25.{uuid.UUID(bytes=digest[:16], version=4).int}"

    def day(self, original: date) -> date:
        """A moved date."""
        return original + timedelta(days=self.shift_days)


def pseudonym_of(key: bytes, patient_id: str) -> str:
    """Twelve letters and digits for a patient."""
    return "R" + hmac.new(key, b"patient/" + patient_id.encode("utf-8"), hashlib.sha256).hexdigest()[:11].upper()


def without_identity(
    original: FileDataset, disguise: Disguise, *, where: str, pixels: NDArray[Any] | None = None
) -> Dataset:
    """A new object of the elements that may go out.

    Parameters
    ----------
    pixels
        Stored values to be written instead of the file's pixel data, uncompressed: compressed ones have room for
        comments, and longer ones for anything.

    Raises
    ------
    DosimetryError
        If the object says that an identity is drawn into its pixels.
    """
    if str(original.get("BurnedInAnnotation", "NO")).strip().upper() == "YES":
        raise DosimetryError(
            "says that annotations are drawn into its pixels", where=where, remedy="leave it out of the case"
        )
    nuclide = disguise.nuclide_of.get(str(original.get("SeriesInstanceUID", "")))
    made = _kept(original, disguise, nuclide)
    made.PatientID = made.PatientName = disguise.pseudonym
    for keyword in EMPTY:
        if keyword in original and keyword not in made:
            setattr(made, keyword, "")
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SeriesDescription = f"{made.get('Modality', '')} for research"
    made.PatientIdentityRemoved = "YES"
    made.LongitudinalTemporalInformationModified = "MODIFIED"
    made.DeidentificationMethod = f"{SOFTWARE_NAME} {SOFTWARE_VERSION}: only listed elements kept"
    made.DeidentificationMethodCodeSequence = Items([_code(value, "DCM", meaning) for value, meaning in _METHOD_CODES])
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = made.SOPClassUID, made.SOPInstanceUID
    meta.TransferSyntaxUID = original.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID = pydicom.uid.PYDICOM_IMPLEMENTATION_UID
    made.file_meta = meta
    if pixels is not None:
        _write_pixels(made, pixels)
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def _write_pixels(made: Dataset, pixels: NDArray[Any]) -> None:
    kind = "i" if made.PixelRepresentation else "u"
    content = pixels.astype(f"<{kind}{made.BitsAllocated // BITS_PER_BYTE}").tobytes()
    vr = "OB" if made.BitsAllocated <= BITS_PER_BYTE else "OW"
    made.add(DataElement("PixelData", vr, content + b"\0" * (len(content) % 2)))


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _kept(original: Dataset, disguise: Disguise, nuclide: str | None) -> Dataset:
    made = Dataset()
    for element in original:
        value = _value(element, disguise, nuclide)
        if value is not None:
            made.add(DataElement(element.tag, element.VR, value))
    if _is_code(original):
        made.update(_code_of(original))
    if "RadionuclideTotalDose" in made and nuclide in _NUCLIDE_CODES:
        made.RadionuclideCodeSequence = Items([_code(*_NUCLIDE_CODES[nuclide])])
    return made


def _is_code(item: Dataset) -> bool:
    return "CodeValue" in item and "CodingSchemeDesignator" in item


def _code_of(item: Dataset) -> Dataset:
    """A code of a known scheme, its meaning left out for the reader to look up."""
    kept = Dataset()
    value, scheme = str(item.CodeValue).strip(), str(item.CodingSchemeDesignator).strip()
    if scheme in CODE_SCHEMES and _CODE_VALUE.fullmatch(value):
        kept.CodeValue, kept.CodingSchemeDesignator, kept.CodeMeaning = value, scheme, value
    return kept


def _value(element: DataElement, disguise: Disguise, nuclide: str | None) -> Any:
    """What is written of an element; None for one that stays behind."""
    keyword, value = element.keyword, element.value
    if keyword in SEQUENCES:
        return Items([_kept(item, disguise, nuclide) for item in value])
    if value is None or keyword == "":
        return None
    if keyword in PIXELS:
        return value
    if keyword in NUMBERS:
        return _numbers(element)
    if keyword in INSTANCE_UIDS:
        return UID(disguise.uid(str(value)))
    if keyword in CLASS_UIDS:
        return value if str(value).startswith(_STANDARD_ROOT) else None
    if keyword in CODED:
        return _each(value, _word)
    if keyword in DATES:
        return _each(value, lambda text: _moved(text, disguise))
    if keyword in TIMES:
        return _each(value, lambda text: text if _TIME.fullmatch(text) else None)
    if keyword == "TimezoneOffsetFromUTC":
        return value if _ZONE.fullmatch(str(value).strip()) else None
    if keyword in MAKER:
        return words_of_make(str(value)) or None
    if keyword in VOI_NAMES:
        return disguise.voi_names.get(str(value), "VOI")
    return None


def _word(text: str) -> str:
    """A word that the standard or this program defines; nothing for any other."""
    return text if text in STANDARD_WORDS or OWN_LABEL.fullmatch(text) else ""


def _each(value: Any, change: Any) -> Any:
    if isinstance(value, MultiValue | list | tuple):
        changed = [change(str(item)) for item in value]
        return None if None in changed else changed
    return change(str(value))


def _numbers(element: DataElement) -> Any:
    """Numbers as numbers; None for what only looks like one."""
    value = element.value
    if element.VR in ("DS", "IS"):
        try:
            if isinstance(value, MultiValue | list):
                return [item if str(item).strip() == "" else type(item)(item) for item in value] and value
            float(value)
        except (TypeError, ValueError):
            return None
    return value


def _moved(text: str, disguise: Disguise) -> str | None:
    text = text.strip()
    if not text:
        return ""
    digits, rest = text[:_DATE_DIGITS], text[_DATE_DIGITS:]
    if rest and not re.fullmatch(r"\d{0,6}(\.\d{1,6})?([+-]\d{4})?", rest):
        return None
    try:
        day = datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return None
    return f"{disguise.day(day):%Y%m%d}{rest}"
