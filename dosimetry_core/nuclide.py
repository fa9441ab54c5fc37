"""Nuclides of the therapy: half-life and energy per decay, from the bundled ICRP 107 table."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from dosimetry_core.data_tables import table_json
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.units import JOULE_PER_MEV

LU177 = "Lu-177"
Y90 = "Y-90"


def decay_constant_per_s(half_life_s: float) -> float:
    """Decay constant ln 2 / half-life; effective or physical alike. Raises ValueError unless positive."""
    if not half_life_s > 0:
        raise ValueError(f"a half-life must be positive, not {half_life_s}")
    return math.log(2) / half_life_s


def half_life_s(constant_per_s: float) -> float:
    """Half-life ln 2 / decay constant. Raises ValueError unless positive."""
    if not constant_per_s > 0:
        raise ValueError(f"a decay constant must be positive, not {constant_per_s}")
    return math.log(2) / constant_per_s


@dataclass(frozen=True)
class Nuclide:
    """Decay data of one nuclide (ICRP Publication 107).

    Parameters
    ----------
    name
        As written in case files, ``"Lu-177"``.
    physical_half_life_s
        Physical half-life.
    electron_energy_j, photon_energy_j
        Mean energy per decay given to electrons (beta, conversion, Auger) and to photons.
    """

    name: str
    physical_half_life_s: float
    electron_energy_j: float
    photon_energy_j: float

    @property
    def decay_constant_per_s(self) -> float:
        """Physical decay constant."""
        return decay_constant_per_s(self.physical_half_life_s)

    def decay_factor(self, elapsed_s: float) -> float:
        """Fraction of the activity left after a time; above 1 for a negative one."""
        return math.exp(-self.decay_constant_per_s * elapsed_s)


def is_nuclide(name: str) -> bool:
    """Whether the bundled table has a nuclide of this name."""
    return not name.startswith("_") and name in table_json("physics", "nuclides.json")


@functools.cache
def nuclide(name: str) -> Nuclide:
    """Look up a nuclide of the bundled table.

    Raises
    ------
    InconsistentCaseError
        If the table doesn't have it.
    """
    table = table_json("physics", "nuclides.json")
    known = sorted(key for key in table if not key.startswith("_"))
    if name not in known:
        raise InconsistentCaseError(f"unknown nuclide {name!r}", remedy=f"use one of {', '.join(known)}")
    entry = table[name]
    energy = entry["energy_per_decay_MeV"]
    return Nuclide(
        name,
        float(entry["half_life_s"]),
        float(energy["electrons_total"]) * JOULE_PER_MEV,
        float(energy.get("photons_gt_1keV", 0.0)) * JOULE_PER_MEV,
    )
