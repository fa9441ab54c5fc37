"""Emitted particles of a nuclide: energies and yields of the bundled ICRP 107 table."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

from dosimetry_core.data_tables import table_json
from dosimetry_core.nuclide import nuclide
from dosimetry_core.units import JOULE_PER_MEV

# Differences between transition and conversion-electron energies of the 177Lu table itself: shells K, L1, L2, L3, M
# and outer of hafnium, MeV.
_BINDING_ENERGIES_MEV: Final = {"Lu-177": (0.065482, 0.011245, 0.010763, 0.009558, 0.002099, 0.0)}
_SAME_LINE_MEV: Final = 2e-6
_NUCLEAR_TRANSITION_MEV: Final = {"Lu-177": 0.0703}


@dataclass(frozen=True)
class EmissionLine:
    """One discrete line: energy and number per decay."""

    energy_j: float
    yield_per_decay: float

    @property
    def energy_per_decay_j(self) -> float:
        """Energy times yield."""
        return self.energy_j * self.yield_per_decay


@dataclass(frozen=True)
class Emissions:
    """What one decay emits on average.

    Parameters
    ----------
    photons, conversion_electrons, auger_electrons
        Lines; Auger includes Coster–Kronig electrons. Conversion electrons are told from Auger electrons by their
        energies, which are those of the nuclear transitions less a shell's binding energy; for a nuclide without
        known shells all discrete electrons are listed as conversion electrons.
    beta_energy_per_decay_j
        Mean energy per decay of the beta particles.
    """

    nuclide: str
    beta_energy_per_decay_j: float
    photons: tuple[EmissionLine, ...]
    conversion_electrons: tuple[EmissionLine, ...]
    auger_electrons: tuple[EmissionLine, ...]

    def photon_yield_near(self, energy_j: float, *, half_width_j: float) -> float:
        """Photons per decay within ``half_width_j`` of an energy."""
        return sum(line.yield_per_decay for line in self.photons if abs(line.energy_j - energy_j) <= half_width_j)


def energy_per_decay_j(lines: tuple[EmissionLine, ...]) -> float:
    """Mean energy per decay of a list of lines."""
    return sum(line.energy_per_decay_j for line in lines)


@functools.cache
def emissions(name: str) -> Emissions:
    """Emissions of a nuclide of the bundled table; raises InconsistentCaseError for an unknown one."""
    nuclide(name)
    entry = table_json("physics", "nuclides.json")[name]
    photons = entry["photons"]
    electrons = entry["conversion_auger_electrons"]
    binding = _BINDING_ENERGIES_MEV.get(name)
    if binding is None:
        conversion, auger = electrons, []
    else:
        transitions = [p["E_MeV"] for p in photons if p["E_MeV"] > _NUCLEAR_TRANSITION_MEV[name]]
        expected = [energy - shell for energy in transitions for shell in binding]
        conversion = [e for e in electrons if any(abs(e["E_MeV"] - x) < _SAME_LINE_MEV for x in expected)]
        auger = [e for e in electrons if e not in conversion]
    return Emissions(
        name,
        float(entry["energy_per_decay_MeV"]["beta"]) * JOULE_PER_MEV,
        _lines(photons),
        _lines(conversion),
        _lines(auger),
    )


def _lines(rows: list[dict[str, float]]) -> tuple[EmissionLine, ...]:
    return tuple(EmissionLine(float(row["E_MeV"]) * JOULE_PER_MEV, float(row["y"])) for row in rows)
