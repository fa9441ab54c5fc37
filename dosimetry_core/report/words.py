"""The words, order and number forms of the printed plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from dosimetry_core.laboratory import LABORATORY_NAMES
from dosimetry_core.plan_record import audit_head
from dosimetry_core.units import DisplayUnit

NOT_MEASURED: Final = "not measured"
RESEARCH_NOTICE: Final = (
    "Research use only. Not a medical device; not for treatment decisions without local commissioning."
)

OUTSIDE_A_STORE: Final = "Not kept in a store: no audit chain."
_SHORT_HEAD_LENGTH: Final = 16

_ORGANS: Final = {
    "kidneys": "Kidneys",
    "kidney_left": "Left kidney",
    "kidney_right": "Right kidney",
    "red_marrow": "Red marrow",
    "liver": "Liver",
    "spleen": "Spleen",
    "remainder": "Remainder",
    "whole_body": "Whole body",
}
_NUCLIDES: Final = ("Lu-177", "Y-90")
_ROLES: Final = (
    "kidneys", "kidney_left", "kidney_right", "red_marrow", "liver", "spleen", "lesion", "other", "remainder",
    "whole_body", "background",
)  # fmt: skip
_LIMITING: Final = {
    "kidneys": "the kidney limit",
    "red_marrow_per_cycle": "the red marrow limit per cycle",
    "red_marrow_total": "the red marrow limit of the course",
    "kidneys_bed": "the kidney limit of BED",
    "fixed_nuclide": "the fixed nuclide, which alone exceeds what is left",
    "activity_cap": "the activity cap",
    "minimum_activity": "the smallest activity that can be dispensed",
    "stop_rule": "a stop rule",
    "protocol": "the protocol",
    "missing_data": "missing data: nothing can be planned",
    "none": "nothing: no limit binds",
}
_SUPERSCRIPTS: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def in_words(name: str) -> str:
    """An identifier as words: the first letter a capital, underscores and hyphens blanks."""
    known = _ORGANS.get(name)
    if known:
        return known
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def capitalised(text: str) -> str:
    """The text with its first letter a capital."""
    return text[:1].upper() + text[1:]


def nuclide_symbol(nuclide: str) -> str:
    """¹⁷⁷Lu for Lu-177."""
    element, _, mass = nuclide.partition("-")
    return mass.translate(_SUPERSCRIPTS) + element


def limiting_words(limiting: str) -> str:
    """What bounds the proposal, as the end of a sentence."""
    return _LIMITING.get(limiting, in_words(limiting).lower())


def laboratory_words(key: str) -> tuple[str, str]:
    """Name and unit of a laboratory value."""
    return LABORATORY_NAMES.get(key, (in_words(key), ""))


def laboratory_order(keys: Iterable[str]) -> list[str]:
    """Laboratory keys in the order of the case file, unknown ones last."""
    known = list(LABORATORY_NAMES)
    return sorted(keys, key=lambda key: (known.index(key) if key in known else len(known), key))


def organ_order(names: Iterable[str]) -> list[str]:
    """Organs at risk first."""
    known = list(_ORGANS)
    return sorted(names, key=lambda name: (known.index(name) if name in known else len(known), name))


def nuclide_order(names: Iterable[str]) -> list[str]:
    """Nuclides in a fixed order, ``total`` left out."""
    given = [name for name in names if name != "total"]
    return sorted(given, key=lambda name: (_NUCLIDES.index(name) if name in _NUCLIDES else len(_NUCLIDES), name))


def measured_nuclides(voi: Mapping[str, Any]) -> list[str]:
    """Nuclides whose activity was measured in a VOI, not derived from another's."""
    fits = voi.get("fit") or {}
    return nuclide_order(n for n in voi.get("activity_bq") or {} if not (fits.get(n) or {}).get("derived_from"))


def voi_order(vois: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """VOI names by role, then by name."""
    return sorted(
        vois,
        key=lambda name: (
            _ROLES.index(vois[name]["role"]) if vois[name].get("role") in _ROLES else len(_ROLES),
            name,
        ),
    )


def patient_name(name: str) -> str:
    """A DICOM person name for reading: family name, then the other parts; ideographic parts after it in brackets."""
    groups = [" ".join(part for part in group.split("^")[1:] if part) for group in name.split("=")]
    families = [group.split("^")[0] for group in name.split("=")]
    readable = [", ".join(part for part in pair if part) for pair in zip(families, groups, strict=True)]
    kept = [text for text in readable if text]
    return kept[0] + "".join(f" ({text})" for text in kept[1:]) if kept else ""


def text_of(unit: DisplayUnit, value: float | None, *, digits: int | None = None) -> str:
    """A core value in a display unit without its symbol; a dash if there is none."""
    return "–" if value is None else unit.text(value, digits=digits, with_symbol=False).replace("-", "−")


def minus(text: str | None) -> str:
    """A decimal string with a real minus sign; a dash if there is none."""
    return "–" if text is None else text.replace("-", "−")


def audit_words(record: Mapping[str, Any]) -> dict[str, str]:
    """Where the plan stands in the audit chain: in one line for page 1, and whole."""
    head = audit_head(record)
    if head is None:
        return {"line": OUTSIDE_A_STORE, "whole": OUTSIDE_A_STORE}
    events = f"{head.events:,} event{'' if head.events == 1 else 's'}"
    beginning = f"{head.head_sha256[:_SHORT_HEAD_LENGTH]}…"
    return {
        "line": f"Audit chain: {events}, head {beginning}; all 64 digits under Provenance.",
        "whole": f"{events}; head {head.head_sha256}; store {head.store}",
    }
