"""Names and units of laboratory values for people, by their case-file names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LABORATORY_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "haemoglobin_g_per_dl": ("Haemoglobin", "g/dL"),
    "platelets_1e9_per_l": ("Platelets", "10⁹/L"),
    "leukocytes_1e9_per_l": ("Leukocytes", "10⁹/L"),
    "neutrophils_1e9_per_l": ("Neutrophils", "10⁹/L"),
    "lymphocytes_1e9_per_l": ("Lymphocytes", "10⁹/L"),
    "creatinine_umol_per_l": ("Creatinine", "µmol/L"),
    "egfr_ml_per_min_per_1_73m2": ("eGFR", "mL/min/1.73 m²"),
    "alt_u_per_l": ("ALT", "U/L"),
    "ast_u_per_l": ("AST", "U/L"),
    "bilirubin_umol_per_l": ("Bilirubin", "µmol/L"),
    "karnofsky": ("Karnofsky", ""),
    "ecog": ("ECOG", ""),
    "chromogranin_a_ug_per_l": ("Chromogranin A", "µg/L"),
    "neuron_specific_enolase_ug_per_l": ("Neuron-specific enolase", "µg/L"),
    "hydroxyindoleacetic_acid_umol_per_24h": ("5-HIAA, urine", "µmol/24 h"),
}
"""Name and unit of each, in the order of the case file; an empty unit where there is none."""

LABORATORY_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "haemoglobin_g_per_dl": (1.0, 25.0),
    "platelets_1e9_per_l": (0.0, 3000.0),
    "leukocytes_1e9_per_l": (0.0, 500.0),
    "neutrophils_1e9_per_l": (0.0, 500.0),
    "lymphocytes_1e9_per_l": (0.0, 500.0),
    "creatinine_umol_per_l": (15.0, 3000.0),
    "egfr_ml_per_min_per_1_73m2": (0.0, 250.0),
    "alt_u_per_l": (1.0, 30000.0),
    "ast_u_per_l": (1.0, 30000.0),
    "bilirubin_umol_per_l": (1.0, 1500.0),
    "karnofsky": (0.0, 100.0),
    "ecog": (0.0, 5.0),
    "chromogranin_a_ug_per_l": (0.0, 1_000_000.0),
    "neuron_specific_enolase_ug_per_l": (0.0, 100_000.0),
    "hydroxyindoleacetic_acid_umol_per_24h": (0.0, 100_000.0),
}
"""Lowest and highest value that a living adult can have; one beyond is in another unit (g/L, mg/dL, per µL)."""

ZERO_LOWER_LIMIT_KEYS: Final = ("alt_u_per_l", "ast_u_per_l", "bilirubin_umol_per_l")
"""Values whose range of normal laboratories print from 0 on (0–40 U/L); no grade and no rule rests on that end."""

SCALE_STEPS: Final[Mapping[str, int]] = {"karnofsky": 10, "ecog": 1}
"""Scales that go in steps."""

_ABBREVIATED: Final = ("eGFR", "ALT", "AST", "Karnofsky", "ECOG")
PERFORMANCE_KEYS: Final = ("karnofsky", "ecog")
MARKER_KEYS: Final = (
    "chromogranin_a_ug_per_l",
    "neuron_specific_enolase_ug_per_l",
    "hydroxyindoleacetic_acid_umol_per_24h",
)


def within_a_sentence(key: str) -> str:
    """Name as it stands within a sentence: ``"creatinine"``, ``"eGFR"``; an unknown key as words."""
    name, _ = LABORATORY_NAMES.get(key, (key.replace("_", " "), ""))
    return name if name in _ABBREVIATED else name[:1].lower() + name[1:]


def unit_of(key: str) -> str:
    """Its unit; empty if it has none or is not known."""
    return LABORATORY_NAMES.get(key, ("", ""))[1]
