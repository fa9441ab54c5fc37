"""Connected hot parts beside the spine that have the place, size and shape of a kidney's core."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from dosimetry_core.proposals.scene import Mask, Scene, opened

_CT_BELOW_HU: Final = (150.0, 40.0, 30.0, 25.0)
_RELATIVE_GRADIENT_BELOW_PER_MM: Final = (math.inf, 0.06, 0.04)
"""A flank of a hotter neighbour has the level of a kidney but is steep."""
_LEVELS: Final = 28
_LEVEL_RANGE: Final = 80.0
_HOTTER_THAN_SOFT_TISSUE: Final = 2.0
_SIDE_MM, _FRONT_MM, _BACK_MM = 125.0, 75.0, 55.0
_CORE_ML: Final = 70.0
"""A larger core is no better: about half of a kidney lies 5 mm below its surface."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A connected part; distances are from the spine's middle, x to the left and y to the back."""

    where: Mask
    volume_ml: float
    centre_x_mm: float
    centre_y_mm: float
    inner_mm: float
    outer_mm: float
    extent_mm: tuple[float, float, float]
    median_hu: float
    spread_hu: float
    variation: float

    @property
    def merit(self) -> float:
        """How much of it looks like one organ: volume up to that of a core, even in uptake and on CT."""
        even = math.exp(-((self.variation / 0.2) ** 2) - (self.spread_hu / 20) ** 2)
        return min(self.volume_ml, _CORE_ML) / _CORE_ML * even

    @property
    def has_place_of_kidney(self) -> bool:
        """Beside the spine, as long as a kidney, not as wide as a liver, soft tissue."""
        return (
            40 <= abs(self.centre_x_mm) <= 90
            and -48 <= self.centre_y_mm <= 28
            and 20 <= self.inner_mm <= 62
            and self.outer_mm <= 118
            and 56 <= self.extent_mm[0] <= 160
            and max(self.extent_mm[1:]) <= 100
            and -10 < self.median_hu < 200
        )


def paraspinal_candidates(scene: Scene) -> list[Candidate]:
    """All parts above one of many levels, within one of several ranges of CT numbers and steepness."""
    size = scene.voxel_mm
    left = max(0, int(scene.spine_column.min() - _SIDE_MM / size))
    front = max(0, int(scene.spine_row.min() - _FRONT_MM / size))
    box = (
        slice(None),
        slice(front, int(scene.spine_row.max() + _BACK_MM / size)),
        slice(left, int(scene.spine_column.max() + _SIDE_MM / size)),
    )
    uptake = ndimage.gaussian_filter(scene.uptake, 0.75)
    top = float(np.percentile(uptake[scene.body], 99.95))
    uptake = uptake[box]
    steep = ndimage.gaussian_gradient_magnitude(uptake, 0.75) / size / np.maximum(uptake, top / 1000)
    soft = scene.body[box] & scene.seen[box] & (scene.ct_hu[box] > -20)
    lowest = max(top / _LEVEL_RANGE, _HOTTER_THAN_SOFT_TISSUE * scene.soft_tissue_uptake)
    found = []
    for below_hu in _CT_BELOW_HU:
        for gradient in _RELATIVE_GRADIENT_BELOW_PER_MM:
            allowed = soft & (scene.ct_hu[box] < below_hu) & (steep < gradient)
            for level in np.geomspace(top, lowest, _LEVELS) if lowest < top else ():
                parts, count = ndimage.label(opened((uptake > level) & allowed))
                volumes = np.bincount(parts.ravel(), minlength=count + 1) * scene.grid.voxel_volume_ml
                for number, own in enumerate(ndimage.find_objects(parts), start=1):
                    if not 20 < volumes[number] < 300:
                        continue
                    inside = parts[own] == number
                    peak = float(np.percentile(uptake[own][inside], 90))
                    if not 0.4 < level / peak < 0.9:
                        continue
                    candidate = _candidate(scene, (own[0], _moved(own[1], front), _moved(own[2], left)), inside)
                    if candidate.has_place_of_kidney:
                        found.append(candidate)
    return found


def _moved(part: slice, by: int) -> slice:
    return slice(part.start + by, part.stop + by)


def _candidate(scene: Scene, box: tuple[slice, slice, slice], inside: Mask) -> Candidate:
    size = scene.voxel_mm
    z, y, x = np.nonzero(inside)
    z = z + box[0].start
    left = (x + box[2].start - scene.spine_column[z]) * size
    back = (y + box[1].start - scene.spine_row[z]) * size
    low, high = np.percentile(left, [5, 95])
    values, hu = scene.uptake[box][inside], scene.ct_hu[box][inside]
    middle = float(np.median(hu))
    where = np.zeros(scene.grid.shape, bool)
    where[box] = inside
    return Candidate(
        where,
        len(z) * scene.grid.voxel_volume_ml,
        float(left.mean()),
        float(back.mean()),
        float(min(abs(low), abs(high))) if low * high > 0 else 0.0,
        float(max(abs(low), abs(high))),
        (inside.shape[0] * size, inside.shape[1] * size, inside.shape[2] * size),
        middle,
        1.48 * float(np.median(np.abs(hu - middle))),
        float(values.std() / values.mean()),
    )
