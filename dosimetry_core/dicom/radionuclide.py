"""Which nuclide an image shows, from its code, its half-life or its energy windows, which must agree."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dosimetry_core.dicom.header import Header, element_name
from dosimetry_core.errors import Finding
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.units import BQ_PER_MBQ, DAY

# Code values of PS3.16 CID 18 (SNOMED CT, and the older SNOMED RT) for the nuclides of the therapy; others are known by
# their code meaning.
_CODES = {"447553000": LU177, "C-101ED": LU177, "14691008": Y90, "C-162A7": Y90}
_SYMBOLS = {
    "lu": "Lu", "lutetium": "Lu", "lutecium": "Lu", "lutet": "Lu", "lutezio": "Lu", "lutecio": "Lu",
    "y": "Y", "yttrium": "Y", "itr": "Y", "ittrio": "Y", "itrio": "Y",
    "tc": "Tc", "technetium": "Tc", "technet": "Tc", "tecnezio": "Tc", "tecnecio": "Tc",
    "in": "In", "indium": "In", "ind": "In", "indio": "In",
    "i": "I", "iodine": "I", "jod": "I", "iode": "I", "iodio": "I", "yodo": "I",
    "ga": "Ga", "gallium": "Ga", "gal": "Ga", "gallio": "Ga", "galio": "Ga",
    "f": "F", "fluorine": "F", "fluor": "F", "fluoro": "F", "cu": "Cu", "copper": "Cu", "zr": "Zr", "zirconium": "Zr",
    "ho": "Ho", "holmium": "Ho", "sm": "Sm", "samarium": "Sm", "ra": "Ra", "radium": "Ra", "ac": "Ac", "actinium": "Ac",
    "tb": "Tb", "terbium": "Tb", "pb": "Pb", "lead": "Pb", "bi": "Bi", "bismuth": "Bi", "sc": "Sc", "scandium": "Sc",
}  # fmt: skip
# Nuclides of therapy and imaging; anything else that looks like one ("in 20 mL") is not.
_NUCLIDES = frozenset(
    f"{symbol}-{mass}"
    for symbol, masses in {
        "Lu": ("177", "177m"), "Y": ("86", "90"), "Tc": ("99m",), "In": ("111",), "I": ("123", "124", "125", "131"),
        "Ga": ("67", "68"), "F": ("18",), "Cu": ("61", "64", "67"), "Zr": ("89",), "Ho": ("166",), "Sm": ("153",),
        "Ra": ("223", "224"), "Ac": ("225",), "Tb": ("149", "152", "155", "161"), "Pb": ("203", "212"), "Bi": ("213",),
        "Sc": ("43", "44", "47"),
    }.items()
    for mass in masses
)  # fmt: skip
_MASS_FIRST = re.compile(r"(?<![\w.])\^?(\d{2,3}m?)\^?[\s\-]*([^\W\d_]+)", re.IGNORECASE)
_SYMBOL_FIRST = re.compile(r"(?<![^\W_])([^\W\d_]+)[\s\-]*\^?(\d{2,3}m?)\^?(?![\w.])", re.IGNORECASE)
# Published half-lives of one nuclide differ by up to 1 % (6.647 d, 6.65 d, 6.71 d for 177Lu).
_HALF_LIFE_TOLERANCE = 0.02
# Photopeaks of 177Lu, ICRP Publication 107: 208.4 keV (11.0 %) and 112.9 keV (6.4 %).
_PHOTOPEAKS_KEV = (208.366, 112.95)
# A photopeak window is no wider than this; wider ones are open windows that prove nothing.
_WIDEST_PHOTOPEAK_WINDOW = 0.35
# No therapy has ever been above 1 TBq or below 1 MBq; beyond that the unit in the file is the other modality's.
_LEAST_PLAUSIBLE_BQ = BQ_PER_MBQ
_MOST_PLAUSIBLE_BQ = BQ_PER_MBQ * BQ_PER_MBQ


@dataclass(frozen=True)
class Radiopharmaceutical:
    """What the file says of the administered nuclide; None where it doesn't."""

    nuclide: str | None
    stated_administered_activity_bq: float | None = None
    item: Header | None = None
    findings: tuple[Finding, ...] = ()


def nuclide_in_text(text: str) -> str | None:
    """``"Lu-177"`` of any usual spelling: ``177Lu``, ``Lu177``, ``^177^Lutetium``, ``Lutetium-177``; else None."""
    for pattern, mass, symbol in ((_MASS_FIRST, 1, 2), (_SYMBOL_FIRST, 2, 1)):
        for match in pattern.finditer(text):
            name = f"{_SYMBOLS.get(match[symbol].lower())}-{match[mass].lower()}"
            if name in _NUCLIDES:
                return name
    return None


def _windows_kev(header: Header) -> list[tuple[float, float]]:
    windows = []
    for window in header.items("EnergyWindowInformationSequence"):
        for part in window.items("EnergyWindowRangeSequence"):
            low, high = part.number("EnergyWindowLowerLimit"), part.number("EnergyWindowUpperLimit")
            if low is not None and high is not None and 0 < low < high:
                windows.append((low, high))
    return windows


def _is_lu177_photopeak(window: tuple[float, float]) -> bool:
    low, high = window
    narrow = high - low <= _WIDEST_PHOTOPEAK_WINDOW * (low + high) / 2
    return narrow and any(low < peak < high for peak in _PHOTOPEAKS_KEV)


def _nuclide_by_half_life(half_life_s: float) -> str | None:
    for name in (LU177, Y90):
        if abs(half_life_s / nuclide(name).physical_half_life_s - 1) <= _HALF_LIFE_TOLERANCE:
            return name
    return None


def radiopharmaceutical(header: Header, *, activity_in_mbq: bool) -> Radiopharmaceutical:
    """Nuclide and administered activity as stated in an NM or PET header.

    Parameters
    ----------
    activity_in_mbq
        Whether RadionuclideTotalDose is in MBq (NM Isotope Module) or Bq (PET Isotope Module).

    Raises
    ------
    DicomReadError
        If name and half-life contradict each other, or several nuclides are stated.
    """
    items = header.items("RadiopharmaceuticalInformationSequence")
    names: set[str] = set()
    half_lives: set[float] = set()
    findings: list[Finding] = []
    for item in items:
        named = None
        for code in item.items("RadionuclideCodeSequence"):
            named = _CODES.get(code.text("CodeValue")) or nuclide_in_text(code.text("CodeMeaning"))
        named = named or nuclide_in_text(item.text("Radiopharmaceutical"))
        if named:
            names.add(named)
        half_life = item.number("RadionuclideHalfLife")
        if half_life:
            half_lives.add(half_life)
    if len(names) > 1:
        what = f"states several nuclides: {', '.join(sorted(names))}"
        raise header.error(what, "export one image per nuclide", rule="several-nuclides")
    name = next(iter(names), None)
    for half_life in sorted(half_lives):
        if name in (LU177, Y90):
            expected = nuclide(name).physical_half_life_s
            if abs(half_life / expected - 1) > _HALF_LIFE_TOLERANCE:
                raise header.error(
                    f"{element_name('RadionuclideHalfLife')} is {half_life:g} s ({DAY.text(half_life, digits=3)}), but "
                    f"{name} has {expected:g} s ({DAY.text(expected, digits=3)})",
                    "correct nuclide or half-life at the scanner and reconstruct again",
                    rule="half-life-contradicts-nuclide",
                )
        elif name is None:
            name = _nuclide_by_half_life(half_life)
            if name:
                text = f"nuclide taken as {name} from the half-life of {DAY.text(half_life, digits=3)}"
                findings.append(Finding("nuclide-from-half-life", "info", text, header.where))
    windows = _windows_kev(header)
    if name is None and any(_is_lu177_photopeak(window) for window in windows):
        name = LU177
        text = "nuclide taken as Lu-177 from the energy window"
        findings.append(Finding("nuclide-from-energy-window", "info", text, header.where))
    elif name == LU177 and windows and not any(_is_lu177_photopeak(window) for window in windows):
        stated = ", ".join(f"{low:g}–{high:g}" for low, high in windows)
        text = f"no energy window ({stated} keV) is on a photopeak of Lu-177 (113 or 208 keV)"
        findings.append(Finding("energy-window", "warning", text, header.where))
    if name is None:
        text = "the file doesn't say which nuclide it shows"
        findings.append(Finding("nuclide-unknown", "warning", text, header.where))
    activity, remarks = _stated_activity(items, activity_in_mbq)
    return Radiopharmaceutical(name, activity, items[0] if items else None, tuple(findings) + remarks)


def _stated_activity(items: list[Header], in_mbq: bool) -> tuple[float | None, tuple[Finding, ...]]:
    if len(items) != 1:
        return None, ()
    stated = items[0].number("RadionuclideTotalDose")
    if not stated:
        return None, ()
    activity_bq = stated * BQ_PER_MBQ if in_mbq else stated
    where = items[0].where
    if not _LEAST_PLAUSIBLE_BQ <= activity_bq <= _MOST_PLAUSIBLE_BQ:
        text = (
            f"{element_name('RadionuclideTotalDose')} of {stated:g} can't be in {'MBq' if in_mbq else 'Bq'}, "
            "as this kind of image states it; it is not used"
        )
        return None, (Finding("stated-activity-unit", "warning", text, where),)
    text = f"the image states an administered activity of {activity_bq / BQ_PER_MBQ:.1f} MBq"
    return activity_bq, (Finding("stated-activity", "info", text, where),)
