"""S values of uniform soft-tissue spheres, for lesions (methods 3.1).

The table in resources/s_values is computed once from the point kernels by this module (``sphere_table_csv``) and kept
with its digest; a test computes it again.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.data_tables import table_rows
from dosimetry_core.dose.point_kernel import PointKernel, point_kernel
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.units import GRAM, GRAM_PER_KG, MM3_PER_ML

SMALLEST_MASS_KG: Final = 0.5 / GRAM_PER_KG
LARGEST_MASS_KG: Final = 1000.0 / GRAM_PER_KG
QUANTIFICATION_LIMIT_ML: Final = 2.0
"""Smaller lesions are computed, marked, and left out of summaries and plan bars (methods 3.1)."""

TABLE_DENSITY_G_PER_ML: Final = 1.0
_TABLE_NAME: Final = "sphere_soft_tissue.csv"
# Beyond the accepted masses, because a mass at another density is looked up at m (ρ/ρ_table)².
_TABLE_FROM_G: Final = 0.3
_TABLE_TO_G: Final = 4000.0
_TABLE_POINTS: Final = 60


@dataclass(frozen=True)
class SphereSValue:
    """Self absorbed dose per decay of a uniform sphere.

    Parameters
    ----------
    electron_gy_per_bq_s, photon_gy_per_bq_s
        Parts by electrons and photons.
    electron_absorbed_fraction
        Part of the electron energy that stays in the sphere.
    """

    nuclide: str
    mass_kg: float
    density_g_per_ml: float
    electron_gy_per_bq_s: float
    photon_gy_per_bq_s: float
    electron_absorbed_fraction: float

    @property
    def total_gy_per_bq_s(self) -> float:
        """Electrons and photons."""
        return self.electron_gy_per_bq_s + self.photon_gy_per_bq_s


def sphere_radius_mm(mass_kg: float, density_g_per_ml: float) -> float:
    """Radius of a sphere of a mass and density."""
    volume_mm3 = mass_kg * GRAM_PER_KG / density_g_per_ml * MM3_PER_ML
    return math.cbrt(3 * volume_mm3 / (4 * math.pi))


def overlap_fraction(distance_mm: NDArray[np.float64] | float, radius_mm: float) -> NDArray[np.float64]:
    """Fraction of uniformly distributed pairs' starting points that stay inside after a step of a given length.

    U(x) = 1 − 3x/2 + x³/2 with x = distance/(2 radius); 1 at 0, 0 for x ≥ 1.
    """
    x = np.minimum(np.asarray(distance_mm, dtype=np.float64) / (2 * radius_mm), 1.0)
    return np.asarray(1 - 1.5 * x + 0.5 * x**3)


def _mean_overlap(
    inner_mm: NDArray[np.float64], outer_mm: NDArray[np.float64], radius_mm: float
) -> NDArray[np.float64]:
    """Overlap averaged over each shell's thickness, by its antiderivative x − 3x²/4 + x⁴/8."""

    def primitive(r: NDArray[np.float64]) -> NDArray[np.float64]:
        x = np.minimum(r / (2 * radius_mm), 1.0)
        return np.asarray((x - 0.75 * x**2 + 0.125 * x**4) * 2 * radius_mm)

    return (primitive(outer_mm) - primitive(inner_mm)) / (outer_mm - inner_mm)


def computed_sphere_s_value(
    nuclide_name: str, mass_kg: float, *, density_g_per_ml: float, kernel: PointKernel | None = None
) -> SphereSValue:
    """S value of a sphere straight from a point kernel: absorbed energy = Σ shells energy × overlap fraction.

    Parameters
    ----------
    kernel
        By default that of ICRU four-component soft tissue; its radii are scaled by its density over the sphere's.
    """
    if not (mass_kg > 0 and density_g_per_ml > 0):
        raise ValueError("mass and density must be positive")
    used = kernel or point_kernel(nuclide_name)
    stretch = used.density_g_per_ml / density_g_per_ml
    radius = sphere_radius_mm(mass_kg, density_g_per_ml)
    overlap = _mean_overlap(used.inner_radius_mm * stretch, used.outer_radius_mm * stretch, radius)
    electrons = float(used.electron_energy_j @ overlap)
    photons = float(used.photon_energy_j @ overlap)
    fraction = electrons / nuclide(nuclide_name).electron_energy_j
    return SphereSValue(nuclide_name, mass_kg, density_g_per_ml, electrons / mass_kg, photons / mass_kg, fraction)


def sphere_table_csv() -> str:
    """The table of S values as it is kept in resources/s_values, computed from the point kernels."""
    lines = [
        "# Self absorbed dose per decay of uniform soft-tissue spheres, density 1.00 g/mL; see SOURCE",
        "nuclide,mass_g,S_electron_Gy_per_Bq_s,S_photon_Gy_per_Bq_s,electron_absorbed_fraction",
    ]
    masses_g = np.geomspace(_TABLE_FROM_G, _TABLE_TO_G, _TABLE_POINTS)
    for name in (LU177, Y90):
        for mass_g in masses_g:
            s = computed_sphere_s_value(name, mass_g / GRAM_PER_KG, density_g_per_ml=TABLE_DENSITY_G_PER_ML)
            values = (s.electron_gy_per_bq_s, s.photon_gy_per_bq_s, s.electron_absorbed_fraction)
            lines.append(",".join([name, f"{mass_g:.6e}", *(f"{value:.6e}" for value in values)]))
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, eq=False)
class _Column:
    log_mass: NDArray[np.float64]
    log_electron: NDArray[np.float64]
    log_photon: NDArray[np.float64] | None


@functools.cache
def _column(nuclide_name: str) -> _Column:
    rows = [row for row in table_rows("s_values", _TABLE_NAME) if row["nuclide"] == nuclide_name]
    if not rows:
        raise MissingDataError(
            f"there are no sphere S values of {nuclide_name}", where=f"resources/s_values/{_TABLE_NAME}"
        )
    photons = np.array([float(row["S_photon_Gy_per_Bq_s"]) for row in rows])
    return _Column(
        np.log([float(row["mass_g"]) / GRAM_PER_KG for row in rows]),
        np.log([float(row["S_electron_Gy_per_Bq_s"]) for row in rows]),
        np.log(photons) if (photons > 0).all() else None,
    )


# An edit changes the masses of few VOIs.
@functools.lru_cache(maxsize=1024)
def sphere_s_value(nuclide_name: str, mass_kg: float, *, density_g_per_ml: float) -> SphereSValue:
    """S value of a lesion by its mass: ln S against ln m of the bundled table, straight between its points.

    Parameters
    ----------
    mass_kg
        0.5 g to 1000 g.
    density_g_per_ml
        The kernel's radii scale with 1/density, so a sphere of mass m and density ρ absorbs the same fraction as one
        of mass m (ρ/ρ_table)² at the table's density.

    Raises
    ------
    InconsistentCaseError
        Outside those masses or the table: nothing is extrapolated.
    """
    if not SMALLEST_MASS_KG * (1 - 1e-9) <= mass_kg <= LARGEST_MASS_KG * (1 + 1e-9):
        raise InconsistentCaseError(
            f"a mass of {GRAM.text(mass_kg, digits=2)} is outside the sphere S values "
            f"({GRAM.text(SMALLEST_MASS_KG)} to {GRAM.text(LARGEST_MASS_KG, digits=0)})",
            remedy="check the VOI, or choose another dose engine",
        )
    column = _column(nuclide_name)
    table_mass_kg = mass_kg * (density_g_per_ml / TABLE_DENSITY_G_PER_ML) ** 2
    place = math.log(table_mass_kg)
    if not column.log_mass[0] <= place <= column.log_mass[-1]:
        raise InconsistentCaseError(
            f"a sphere of {GRAM.text(mass_kg)} at {density_g_per_ml:.2f} g/mL is outside the table",
            remedy="check the density, or choose another dose engine",
        )
    per_mass = table_mass_kg / mass_kg
    electron = math.exp(float(np.interp(place, column.log_mass, column.log_electron))) * per_mass
    photon = 0.0
    if column.log_photon is not None:
        photon = math.exp(float(np.interp(place, column.log_mass, column.log_photon))) * per_mass
    fraction = electron * mass_kg / nuclide(nuclide_name).electron_energy_j
    return SphereSValue(nuclide_name, mass_kg, density_g_per_ml, electron, photon, fraction)


def sphere_absorbed_dose_gy(
    nuclide_name: str, time_integrated_activity_bq_s: float, *, mass_kg: float, density_g_per_ml: float
) -> float:
    """Self absorbed dose D = Ã S(m) of a lesion; activity in other regions is left out."""
    s = sphere_s_value(nuclide_name, mass_kg, density_g_per_ml=density_g_per_ml)
    return time_integrated_activity_bq_s * s.total_gy_per_bq_s
