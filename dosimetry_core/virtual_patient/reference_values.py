"""S values, masses and point kernels that the truth rests on, each with the line or file it was read from.

This is the truth's own reader and its own arithmetic: nothing here is shared with the program's dose code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from dosimetry_core.data_tables import table_rows
from dosimetry_core.nuclide import nuclide
from dosimetry_core.units import JOULE_PER_MEV, MM3_PER_ML, mass_kg
from dosimetry_core.virtual_patient.body import Sex

S_TABLE = "s_values_icrp133.csv"
PHANTOM = {"F": "AF", "M": "AM"}
# ICRP Publication 133, body total of the reference woman and man as in resources/physics/SOURCE.
TOTAL_BODY_KG: dict[str, float] = {"F": 58.93, "M": 71.84}
KERNELS = {"Lu-177": "dpk_Lu177_softtissue_icru4.csv", "Y-90": "dpk_Y90_softtissue_icru4.csv"}


@dataclass(frozen=True)
class SValue:
    """S(target ← source) of a reference phantom.

    Parameters
    ----------
    electron_gy_per_bq_s, photon_gy_per_bq_s
        Its two parts.
    target_kg
        Mass of the target that the value belongs to.
    line
        The line of the table, for anyone who wants to recompute.
    """

    electron_gy_per_bq_s: float
    photon_gy_per_bq_s: float
    target_kg: float
    line: str

    @property
    def total_gy_per_bq_s(self) -> float:
        """Both parts together, unscaled."""
        return self.electron_gy_per_bq_s + self.photon_gy_per_bq_s

    def for_mass_gy_per_bq_s(self, mass: float) -> float:
        """Self-absorption in a target of another mass in kg: electrons ∝ 1/m, photons ∝ m^(-2/3) (methods 3)."""
        ratio = self.target_kg / mass
        return self.electron_gy_per_bq_s * ratio + self.photon_gy_per_bq_s * math.pow(ratio, 2 / 3)


def s_value(nuclide_name: str, sex: Sex, target: str, source: str) -> SValue:
    """Look up S(target ← source); raises ValueError if the table doesn't have it."""
    for row in table_rows("physics", S_TABLE):
        if (row["nuclide"], row["phantom"], row["target"], row["source"]) == (
            nuclide_name,
            PHANTOM[sex],
            target,
            source,
        ):
            return SValue(
                float(row["S_electron"]),
                float(row["S_photon"]),
                float(row["target_kg"]),
                f"resources/physics/{S_TABLE}: {','.join(row.values())}",
            )
    raise ValueError(f"no S value for {nuclide_name}, {target} ← {source}")


def sphere_s_value_gy_per_bq_s(nuclide_name: str, volume_ml: float, density_g_per_ml: float) -> float:
    """S of a uniformly filled soft-tissue sphere onto itself, electrons and photons.

    Notes
    -----
    Energy absorbed per decay = ∫ J(r) U(r/2R) dr with U(x) = 1 - 3x/2 + x³/2 for x < 1, the exact overlap of a sphere
    with itself shifted by r (methods 3.1). J is constant inside each shell of the point kernel, so that every shell is
    integrated in closed form. Radii of the kernel, which is for 1 g/mL, are divided by the density. Electrons are
    scaled to the energy of the nuclide table (kernels/SOURCE: 0.10 to 0.16 %).
    """
    rows = table_rows("physics", "kernels", KERNELS[nuclide_name])
    inner = np.array([float(row["r_in_mm"]) for row in rows]) / density_g_per_ml
    outer = np.array([float(row["r_out_mm"]) for row in rows]) / density_g_per_ml
    electron = np.array([float(row["E_electron_MeV_per_decay"]) for row in rows])
    photon = np.array([float(row["E_photon_MeV_per_decay"]) for row in rows])
    # Energy that leaves the last shell as bremsstrahlung belongs to the electrons' total but is not absorbed here.
    emitted = nuclide(nuclide_name).electron_energy_j / JOULE_PER_MEV
    kernel_total = {"Lu-177": 0.147779, "Y-90": 0.932766}[nuclide_name]  # kernels/summary.csv, soft tissue
    diameter = 2 * (3 * volume_ml * MM3_PER_ML / (4 * math.pi)) ** (1 / 3)

    def antiderivative(r: Any) -> Any:
        x = np.minimum(r / diameter, 1.0)
        return diameter * (x - 3 * x**2 / 4 + x**4 / 8)

    overlap = (antiderivative(outer) - antiderivative(inner)) / (outer - inner)
    energy_mev = float(((electron * emitted / kernel_total + photon) * overlap).sum())
    return energy_mev * JOULE_PER_MEV / mass_kg(volume_ml, density_g_per_ml)


def remainder_s_value_gy_per_bq_s(value: SValue, sex: Sex, body_kg: float) -> float:
    """S(red marrow ← rest of the body), its photon part scaled by reference over patient body mass (methods 4.2)."""
    return value.electron_gy_per_bq_s + value.photon_gy_per_bq_s * TOTAL_BODY_KG[sex] / body_kg
