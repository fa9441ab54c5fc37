"""Whether the image ends where the body does not, and how much activity may lie beyond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dosimetry_core.volume import Volume

EDGE_DENSITY_REMARKABLE: Final = 0.05
"""Activity per length at an end of the image over the mean: where the body ends there is next to none."""
_OUTERMOST: Final = 2
_ALONG_THE_BODY: Final = 0.9


@dataclass(frozen=True)
class FieldOfViewCut:
    """Ends of an image that cut the body.

    Parameters
    ----------
    edge_density
        Activity per length at each end (lower z, upper z) over the mean of the image.
    length_mm
        Length of the image along the body.
    """

    edge_density: tuple[float, float]
    length_mm: float

    @property
    def cut_ends(self) -> int:
        """How many ends cut the body."""
        return sum(density > EDGE_DENSITY_REMARKABLE for density in self.edge_density)

    def missing_over_seen(self, height_mm: float) -> float:
        """Activity beyond the image over that inside, at most: the rest of the body's height as active as the cut ends.

        Limbs and head hold less than the trunk's cross-section, so it is less in truth.
        """
        cut = [density for density in self.edge_density if density > EDGE_DENSITY_REMARKABLE]
        beyond_mm = max(height_mm - self.length_mm, 0.0)
        return beyond_mm / self.length_mm * sum(cut) / len(cut) if cut else 0.0


def field_of_view_cut(concentration: Volume) -> FieldOfViewCut | None:
    """Ends of a SPECT; None if its slices do not run along the body, or it holds nothing.

    Slices that are blank at an end, as reconstructions leave them, are passed over.
    """
    geometry = concentration.geometry
    along = float(geometry.directions[2, 0])
    per_slice = concentration.sum_per_slice
    filled = np.flatnonzero(per_slice != 0.0)
    if abs(along) < _ALONG_THE_BODY or filled.size <= 2 * _OUTERMOST:
        return None
    inside = per_slice[filled[0] : filled[-1] + 1]
    mean = float(inside.mean())
    if not mean > 0:
        return None
    ends = (float(inside[:_OUTERMOST].mean()) / mean, float(inside[-_OUTERMOST:].mean()) / mean)
    return FieldOfViewCut(ends if along > 0 else ends[::-1], inside.size * geometry.spacing_mm[0])
