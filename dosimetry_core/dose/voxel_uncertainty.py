"""Standard uncertainty of a VOI's voxel dose for a map that is exactly known: emissions, range, photons, boundaries."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from dosimetry_core.dose.media import BONE, LUNG, SOFT_TISSUE
from dosimetry_core.nuclide import LU177, Y90

ENERGY_PER_DECAY: Final = 0.005
"""Relative standard uncertainty of the mean electron energy per decay."""
ELECTRON_RANGE: Final = 0.01
"""Of the range of the point kernels (their own statement)."""
PHOTON_MODEL: Final[dict[str, float]] = {SOFT_TISSUE: 0.05, LUNG: 0.10, BONE: 0.25}
"""Relative, of the photon dose by one soft-tissue kernel, by the medium of the VOI."""
BOUNDARIES: Final[dict[tuple[str, str], float]] = {
    (LU177, SOFT_TISSUE): 0.002,
    (LU177, LUNG): 0.01,
    (LU177, BONE): 0.005,
    (Y90, SOFT_TISSUE): 0.005,
    (Y90, LUNG): 0.04,
    (Y90, BONE): 0.01,
}
"""Relative, of the electron dose: what one kernel per source medium leaves out at boundaries of media."""


@dataclass(frozen=True)
class VoxelDoseBudget:
    """Standard uncertainties of a VOI's mean absorbed dose, Gy, independent of each other."""

    energy_per_decay_gy: float
    electron_range_gy: float
    photon_model_gy: float
    boundaries_gy: float
    single_precision_gy: float

    @property
    def total_gy(self) -> float:
        """All of them in quadrature."""
        return math.hypot(
            self.energy_per_decay_gy,
            self.electron_range_gy,
            self.photon_model_gy,
            self.boundaries_gy,
            self.single_precision_gy,
        )


def voxel_dose_budget(
    nuclide_name: str,
    medium: str,
    *,
    absorbed_dose_gy: float,
    photon_absorbed_dose_gy: float,
    with_longer_range_gy: float,
    rounding_error_gy: float,
) -> VoxelDoseBudget:
    """Budget of a VOI's mean dose.

    Parameters
    ----------
    with_longer_range_gy
        Mean dose computed with the electrons' range longer by ``ELECTRON_RANGE``.
    rounding_error_gy
        Of single precision in any voxel.
    """
    electrons = absorbed_dose_gy - photon_absorbed_dose_gy
    return VoxelDoseBudget(
        ENERGY_PER_DECAY * electrons,
        abs(with_longer_range_gy - absorbed_dose_gy),
        PHOTON_MODEL[medium] * photon_absorbed_dose_gy,
        BOUNDARIES[nuclide_name, medium] * electrons,
        rounding_error_gy,
    )
