"""Dose–volume numbers of a VOI: mean, D98, D90, D2, volume at a dose, and the cumulative histogram.

All of them weigh each voxel by the part of it that lies in the VOI. They are limited by the resolution of the image:
the blur of a SPECT smooths true differences within an organ, and its noise makes false ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.frozen import read_only

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DoseVolume:
    """The voxels of a VOI in order of their dose.

    Parameters
    ----------
    absorbed_dose_gy
        Doses of the voxels, rising, shape (n,).
    volume_ml
        Volume of each that lies in the VOI, positive, same shape.
    """

    absorbed_dose_gy: FloatArray
    volume_ml: FloatArray

    @property
    def total_volume_ml(self) -> float:
        """Volume of the VOI."""
        return float(self.volume_ml.sum())

    @property
    def mean_gy(self) -> float:
        """Mean over the volume."""
        return float(self.absorbed_dose_gy @ self.volume_ml) / self.total_volume_ml

    def dose_to_fraction_gy(self, fraction: float) -> float:
        """Dose that a fraction of the volume receives at least: D98 for 0.98.

        Straight between voxels, each standing at the middle of its own volume (definition 5 of Hyndman and Fan,
        American Statistician 50 (1996) 361); the smallest and largest voxel dose at the ends.
        """
        if not 0 <= fraction <= 1:
            raise ValueError(f"a fraction of the volume lies between 0 and 1, not {fraction}")
        below = np.cumsum(self.volume_ml) - self.volume_ml / 2
        return float(np.interp((1 - fraction) * self.total_volume_ml, below, self.absorbed_dose_gy))

    @property
    def d98_gy(self) -> float:
        """Dose that 98 % of the volume receives at least: the near minimum (ICRU 83)."""
        return self.dose_to_fraction_gy(0.98)

    @property
    def d90_gy(self) -> float:
        """Dose that 90 % of the volume receives at least."""
        return self.dose_to_fraction_gy(0.90)

    @property
    def d50_gy(self) -> float:
        """Dose that half the volume receives at least: the median."""
        return self.dose_to_fraction_gy(0.5)

    @property
    def d2_gy(self) -> float:
        """Dose that 2 % of the volume receives at least: the near maximum (ICRU 83)."""
        return self.dose_to_fraction_gy(0.02)

    def volume_receiving_ml(self, absorbed_dose_gy: float) -> float:
        """Volume whose dose is at least a given one."""
        first = int(np.searchsorted(self.absorbed_dose_gy, absorbed_dose_gy, side="left"))
        return float(self.volume_ml[first:].sum())

    def cumulative_histogram(self, bins: int = 100) -> tuple[FloatArray, FloatArray]:
        """Doses from 0 to the largest, shape (bins + 1,), and the part of the volume that receives at least each."""
        doses = np.linspace(0.0, float(self.absorbed_dose_gy[-1]), bins + 1)
        first = np.searchsorted(self.absorbed_dose_gy, doses, side="left")
        from_here = np.append(np.cumsum(self.volume_ml[::-1])[::-1], 0.0)
        return doses, from_here[first] / self.total_volume_ml


def dose_volume(
    absorbed_dose_gy: NDArray[Any], coverage: NDArray[Any], *, voxel_volume_ml: float, where: str = ""
) -> DoseVolume:
    """Dose–volume numbers of a VOI.

    Parameters
    ----------
    absorbed_dose_gy
        Dose of each voxel, any shape.
    coverage
        Part of each voxel in the VOI, 0 to 1 or true and false, same shape.
    where
        Name of the VOI, for the error.

    Raises
    ------
    InconsistentCaseError
        If the VOI has no voxel.
    """
    if absorbed_dose_gy.shape != coverage.shape:
        raise ValueError("dose and coverage differ in shape")
    inside = coverage > 0
    doses = np.asarray(absorbed_dose_gy[inside], dtype=np.float64)
    if not doses.size:
        raise InconsistentCaseError("has no voxel in the dose map", where=where, remedy="draw it inside the image")
    if not np.all(np.isfinite(doses)):
        raise ValueError("doses must be finite")
    weights = np.asarray(coverage[inside], dtype=np.float64) * voxel_volume_ml
    order = np.argsort(doses, kind="stable")
    return DoseVolume(read_only(doses[order]), read_only(weights[order]))
