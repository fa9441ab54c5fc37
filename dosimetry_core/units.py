"""Conversion factors and display units: the only place where units change.

Inside the core every value is in s, Bq, Bq·s, J, Gy or kg, with mm, mL, Bq/mL and g/mL for geometry and tissue.
Prefixed units exist only where a person reads or types, and are converted here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SECONDS_PER_MINUTE: Final = 60.0
SECONDS_PER_HOUR: Final = 3600.0
SECONDS_PER_DAY: Final = 86400.0
MILLISECONDS_PER_SECOND: Final = 1e3
# Exact by the definition of the electronvolt (SI brochure, 9th edition).
JOULE_PER_MEV: Final = 1.602176634e-13
MM3_PER_ML: Final = 1e3
GRAM_PER_KG: Final = 1e3
MM_PER_CM: Final = 10.0
CM_PER_M: Final = 100.0
BQ_PER_MBQ: Final = 1e6


@dataclass(frozen=True)
class DisplayUnit:
    """How a core quantity is shown to, and typed by, a person.

    Parameters
    ----------
    symbol
        Unit symbol as printed, for example ``"MBq"``.
    core_per_display
        Value in the core unit of one display unit (1e6 for MBq).
    digits
        Decimals shown by default.
    """

    symbol: str
    core_per_display: float
    digits: int

    def from_core(self, value: float) -> float:
        """Value in this display unit of a value in the core unit."""
        return value / self.core_per_display

    def to_core(self, value: float) -> float:
        """Value in the core unit of a value typed in this display unit."""
        return value * self.core_per_display

    def text(self, value: float, *, digits: int | None = None, with_symbol: bool = True) -> str:
        """Core value as text in this unit, rounded only here."""
        number = f"{self.from_core(value):.{self.digits if digits is None else digits}f}"
        return f"{number} {self.symbol}" if with_symbol and self.symbol else number


SECOND: Final = DisplayUnit("s", 1.0, 1)
MINUTE: Final = DisplayUnit("min", SECONDS_PER_MINUTE, 1)
HOUR: Final = DisplayUnit("h", SECONDS_PER_HOUR, 2)
DAY: Final = DisplayUnit("d", SECONDS_PER_DAY, 2)
MICROSECOND: Final = DisplayUnit("µs", 1e-6, 2)
MEGABECQUEREL: Final = DisplayUnit("MBq", BQ_PER_MBQ, 1)
GIGABECQUEREL: Final = DisplayUnit("GBq", 1e9, 2)
KILOBECQUEREL: Final = DisplayUnit("kBq", 1e3, 2)
KILOBECQUEREL_PER_ML: Final = DisplayUnit("kBq/mL", 1e3, 1)
MEGABECQUEREL_HOUR: Final = DisplayUnit("MBq·h", BQ_PER_MBQ * SECONDS_PER_HOUR, 0)
GRAY: Final = DisplayUnit("Gy", 1.0, 2)
MILLIGRAY: Final = DisplayUnit("mGy", 1e-3, 1)
GRAY_PER_GIGABECQUEREL: Final = DisplayUnit("Gy/GBq", 1e-9, 3)
COUNTS_PER_S_PER_MBQ: Final = DisplayUnit("counts/s/MBq", 1e-6, 2)
MILLILITRE: Final = DisplayUnit("mL", 1.0, 1)
GRAM: Final = DisplayUnit("g", 1e-3, 1)
MILLIMETRE: Final = DisplayUnit("mm", 1.0, 1)
PERCENT: Final = DisplayUnit("%", 1e-2, 1)


def volume_ml_from_mm3(volume_mm3: float) -> float:
    """Volume in mL of a volume in mm³."""
    return volume_mm3 / MM3_PER_ML


def mass_kg(volume_ml: float, density_g_per_ml: float) -> float:
    """Mass in kg of a volume in mL at a density in g/mL."""
    return volume_ml * density_g_per_ml / GRAM_PER_KG
