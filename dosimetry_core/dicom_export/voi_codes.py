"""Coded anatomy of VOIs by their role (SNOMED CT; context groups 7150, 7151 and 7159 of PS3.16)."""

from __future__ import annotations

from typing import Final, NamedTuple

from pydicom.dataset import Dataset

from dosimetry_core.dicom_export.objects import code, items
from dosimetry_core.voi import Role


class Concept(NamedTuple):
    """Value and meaning of a code of SNOMED CT."""

    value: str
    meaning: str


ANATOMY: Final = Concept("123037004", "Anatomical Structure")
ABNORMAL: Final = Concept("49755003", "Morphologically Abnormal Structure")
TISSUE: Final = Concept("85756007", "Tissue")
LEFT: Final = Concept("7771000", "Left")
RIGHT: Final = Concept("24028007", "Right")
BOTH: Final = Concept("51440002", "Right and left")

_CODES: Final[dict[Role, tuple[Concept, Concept, Concept | None]]] = {
    "kidney_left": (ANATOMY, Concept("64033007", "Kidney"), LEFT),
    "kidney_right": (ANATOMY, Concept("64033007", "Kidney"), RIGHT),
    "kidneys": (ANATOMY, Concept("64033007", "Kidney"), BOTH),
    "liver": (ANATOMY, Concept("10200004", "Liver"), None),
    "spleen": (ANATOMY, Concept("78961009", "Spleen"), None),
    "lesion": (ABNORMAL, Concept("108369006", "Neoplasm"), None),
    "remainder": (TISSUE, Concept("85756007", "Tissue"), None),
    "whole_body": (ANATOMY, Concept("38266002", "Entire body"), None),
    "red_marrow": (ANATOMY, Concept("14016003", "Bone marrow"), None),
    "background": (TISSUE, Concept("85756007", "Tissue"), None),
    "other": (TISSUE, Concept("85756007", "Tissue"), None),
}


def anatomy_of(role: Role) -> tuple[Dataset, Dataset]:
    """Category, and type with its side where it has one."""
    category, kind, side = _CODES[role]
    item = code(kind.value, "SCT", kind.meaning)
    if side is not None:
        item.SegmentedPropertyTypeModifierCodeSequence = items(code(side.value, "SCT", side.meaning))
    return code(category.value, "SCT", category.meaning), item


def interpreted_type(role: Role) -> str:
    """RT ROI Interpreted Type: an organ, or tumour."""
    match role:
        case "lesion":
            return "GTV"
        case "remainder" | "background" | "other":
            return ""
        case "whole_body":
            return "EXTERNAL"
    return "ORGAN"
