"""Units that laboratories report in, and what each is in the unit of the case file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.laboratory import LABORATORY_BOUNDS, LABORATORY_NAMES, SCALE_STEPS, unit_of, within_a_sentence

_COUNTS: Final = {
    "10⁹/L": "1", "G/L": "1", "10³/µL": "1", "K/µL": "1", "tys./µL": "1", "/nL": "1", "/µL": "0.001",
}  # fmt: skip
# 1 µkat = 60 µmol/min.
_ENZYMES: Final = {"U/L": "1", "IU/L": "1", "µkat/L": "60"}
_PER_ML: Final = {"µg/L": "1", "ng/mL": "1"}
_FACTORS: Final[Mapping[str, Mapping[str, str]]] = {
    # 1 mmol/L of haemoglobin monomers (16 114 g/mol) is 1.6114 g/dL.
    "haemoglobin_g_per_dl": {"g/dL": "1", "g/L": "0.1", "mmol/L": "1.6114"},
    "platelets_1e9_per_l": _COUNTS,
    "leukocytes_1e9_per_l": _COUNTS,
    "neutrophils_1e9_per_l": _COUNTS,
    "lymphocytes_1e9_per_l": _COUNTS,
    # 113.12 g/mol: methods 8.4.
    "creatinine_umol_per_l": {"µmol/L": "1", "mg/dL": "88.42", "mg/L": "8.842"},
    "egfr_ml_per_min_per_1_73m2": {"mL/min/1.73 m²": "1", "mL/s/1.73 m²": "60"},
    "alt_u_per_l": _ENZYMES,
    "ast_u_per_l": _ENZYMES,
    # 584.66 g/mol.
    "bilirubin_umol_per_l": {"µmol/L": "1", "mg/dL": "17.104", "mg/L": "1.7104"},
    "karnofsky": {"": "1", "%": "1"},
    "ecog": {"": "1"},
    "chromogranin_a_ug_per_l": _PER_ML,
    "neuron_specific_enolase_ug_per_l": _PER_ML,
    # 191.18 g/mol.
    "hydroxyindoleacetic_acid_umol_per_24h": {"µmol/24 h": "1", "mg/24 h": "5.2307"},
}
"""Case-file name → unit as reported → factor into the unit of the case file, exact as decimals."""

_OTHER_QUANTITY: Final[Mapping[tuple[str, str], str]] = {
    ("egfr_ml_per_min_per_1_73m2", "ml/min"): (
        "mL/min is a clearance (Cockcroft–Gault, or measured), not an eGFR per 1.73 m²; the two must not be mixed"
    ),
    ("chromogranin_a_ug_per_l", "nmol/l"): "nmol/L depends on the assay: convert by its own factor",
}


@dataclass(frozen=True)
class Conversion:
    """A reported value, and what it is in the unit of the case file."""

    key: str
    reported: float
    reported_unit: str
    value: float

    @property
    def text(self) -> str:
        """``"0.86 mg/dL = 76.0 µmol/L"``; the value alone where nothing was converted."""
        own = unit_of(self.key)
        taken = f"{self.value:.4g} {'× ' if own.startswith('10') else ''}{own}".rstrip()
        if self.reported == self.value:
            return taken
        return f"{self.reported:g} {self.reported_unit} = {taken}"


def units_of(key: str) -> tuple[str, ...]:
    """Units that a value may be reported in, the case file's own first."""
    return tuple(_FACTORS[key])


def known_unit(key: str, text: str) -> str:
    """The unit that was meant, in this module's spelling; only what has no unit may be without.

    Raises
    ------
    InconsistentCaseError
        If it is missing, is no unit of this value, or belongs to another quantity.
    """
    if not text.strip() and "" not in units_of(key):
        raise InconsistentCaseError(
            f"no unit is stated for {within_a_sentence(key)}",
            where=LABORATORY_NAMES[key][0],
            remedy=f"write {' or '.join(units_of(key))}, as the laboratory reported it",
        )
    folded = _folded(text)
    for unit in units_of(key):
        if _folded(unit) == folded:
            return unit
    raise InconsistentCaseError(
        _OTHER_QUANTITY.get((key, folded), f"{text.strip()!r} is no unit of {within_a_sentence(key)}"),
        where=LABORATORY_NAMES[key][0],
        remedy=f"use {' or '.join(unit or 'no unit' for unit in units_of(key))}",
    )


def _folded(unit: str) -> str:
    """Without what different laboratories write differently: micro signs, powers, spaces, capitals."""
    text = unicodedata.normalize("NFKC", unit).replace("μ", "u").replace("µ", "u").casefold()
    text = re.sub(r"[\s*·×x^]|\.$", "", text).replace(",", ".").replace("1e9", "109").replace("tys.", "tys")
    text = (
        re.sub(r"^1/", "/", text)
        .replace("mcl", "ul")
        .replace("mm3", "ul")
        .replace("mcg", "ug")
        .replace("thou/", "103/")
    )
    return text.replace("24h", "24").replace("/d", "/24") if text.endswith(("24h", "/d")) else text


def converted(key: str, reported: float, unit: str) -> Conversion:
    """A reported value in the unit of the case file.

    Parameters
    ----------
    key
        Name of the value in case files.
    reported
        As the laboratory wrote it.
    unit
        Its unit; empty only for what has none.

    Raises
    ------
    InconsistentCaseError
        If the unit is missing or not one of this value, or no living adult can have it; names the unit in
        which it would fit.
    """
    known = known_unit(key, unit)
    value = float(Decimal(repr(float(reported))) * Decimal(_FACTORS[key][known]))
    _check_scale(key, value)
    low, high = LABORATORY_BOUNDS[key]
    if not low <= value <= high:
        fitting = [
            other
            for other, factor in _FACTORS[key].items()
            if other != known and Decimal(factor) != Decimal(_FACTORS[key][known])
            and low <= float(Decimal(repr(float(reported))) * Decimal(factor)) <= high
        ]  # fmt: skip
        own = unit_of(key)
        remedy = f"it would fit in {' or '.join(fitting)}; check the unit" if fitting else "check the value"
        raise InconsistentCaseError(
            f"{reported:g} {known}".rstrip() + f" is outside {low:g} to {high:g} {own}".rstrip(),
            where=LABORATORY_NAMES[key][0],
            remedy=remedy,
        )
    return Conversion(key, reported, known, value)


def _check_scale(key: str, value: float) -> None:
    """Karnofsky goes in steps of ten, ECOG in whole numbers."""
    step = SCALE_STEPS.get(key)
    if step is not None and value % step:
        raise InconsistentCaseError(
            f"{value:g} is no value of this scale", where=LABORATORY_NAMES[key][0], remedy=f"use a multiple of {step}"
        )


_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "haemoglobin_g_per_dl": ("haemoglobin", "hemoglobin", "hemoglobina", "hämoglobin", "hb", "hgb"),
    "platelets_1e9_per_l": ("platelets", "platelet count", "thrombocytes", "thrombozyten", "plt"),
    "leukocytes_1e9_per_l": ("leukocytes", "leucocytes", "leukozyten", "white blood cells", "wbc"),
    "neutrophils_1e9_per_l": ("neutrophils", "neutrophil count", "absolute neutrophil count", "anc", "neut"),
    "lymphocytes_1e9_per_l": ("lymphocytes", "lymphocyte count", "alc", "lymph"),
    "creatinine_umol_per_l": ("creatinine", "kreatinin", "kreatynina", "crea", "cr"),
    "egfr_ml_per_min_per_1_73m2": ("egfr", "gfr", "estimated glomerular filtration rate"),
    "alt_u_per_l": ("alt", "alat", "gpt", "sgpt"),
    "ast_u_per_l": ("ast", "asat", "aspat", "got", "sgot"),
    "bilirubin_umol_per_l": ("bilirubin", "total bilirubin", "bilirubina", "bili"),
    "karnofsky": ("karnofsky", "kps", "karnofsky performance status"),
    "ecog": ("ecog", "ecog ps", "who performance status"),
    "chromogranin_a_ug_per_l": ("chromogranin a", "cga"),
    "neuron_specific_enolase_ug_per_l": ("neuron-specific enolase", "nse"),
    "hydroxyindoleacetic_acid_umol_per_24h": ("5-hiaa, urine", "5-hiaa", "5hiaa", "hydroxyindoleacetic acid"),
}


def key_of(name: str) -> str | None:
    """Case-file name of a value as a laboratory, or the case file itself, calls it; None if unknown."""
    folded = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    if folded in LABORATORY_NAMES:
        return folded
    return next((key for key, names in _ALIASES.items() if folded in names), None)
