"""Sources sorted by medium and density, each class with the point-kernel density it is convolved with.

An electron's range goes with 1/density, so a medium whose active voxels differ in density (spongiosa and cortical
bone, lung at its base and apex) gets several kernel densities; a voxel between two shares its activity between them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.dose.media import CODES, MEDIA, SOFT_TISSUE

_ONE_CLASS_WITHIN: Final = 0.03
_CLASS_RATIO: Final = 1.25
_MOST_CLASSES: Final = 4
_KERNEL_DENSITY_STEP_G_PER_ML: Final = 5e-3


@dataclass(frozen=True, eq=False)
class SourceClass:
    """Time-integrated activity of the voxels of one medium near one density, zero elsewhere.

    Parameters
    ----------
    time_integrated_activity_bq_s
        Shape of the map, float32; may be the map itself.
    share
        Part of the whole activity.
    """

    medium: str
    density_g_per_ml: float
    time_integrated_activity_bq_s: NDArray[np.float32]
    share: float


def source_classes(
    time_integrated_activity_bq_s: NDArray[np.float32], density_g_per_ml: NDArray[Any], media: NDArray[np.uint8]
) -> tuple[SourceClass, ...]:
    """Classes that together are the whole map. Activity outside every tissue goes with soft tissue of its density 1."""
    total = float(time_integrated_activity_bq_s.sum(dtype=np.float64))
    present = np.bincount(media.ravel(), minlength=len(MEDIA) + 1)
    found: list[SourceClass] = []
    for medium in MEDIA:
        code = CODES[medium]
        if present[code] == media.size:
            part, density = time_integrated_activity_bq_s, density_g_per_ml
        else:
            inside = media == code
            if medium == SOFT_TISSUE:
                inside |= media == 0
            part, density = np.where(inside, time_integrated_activity_bq_s, np.float32(0)), density_g_per_ml
        activity = float(part.sum(dtype=np.float64))
        if activity > 0:
            found += _by_density(medium, part, density, activity / total, outside=media == 0 if present[0] else None)
    return tuple(found)


def _by_density(
    medium: str,
    part: NDArray[np.float32],
    density: NDArray[Any],
    share: float,
    *,
    outside: NDArray[np.bool_] | None,
) -> list[SourceClass]:
    active = part > 0
    if outside is not None:
        active &= ~outside
    weight = part[active].astype(np.float64)
    if not weight.size:
        return [SourceClass(medium, 1.0, part, share)]
    values = density[active].astype(np.float64)
    mean = float(np.average(values, weights=weight))
    deviation = math.sqrt(float(np.average((values - mean) ** 2, weights=weight)))
    if deviation <= _ONE_CLASS_WITHIN * mean:
        return [SourceClass(medium, _rounded(mean), part, share)]
    low = max(mean - 2 * deviation, float(values.min()))
    high = min(mean + 2 * deviation, float(values.max()))
    count = min(_MOST_CLASSES, 1 + max(1, math.ceil(math.log(high / low) / math.log(_CLASS_RATIO))))
    nodes = np.array([_rounded(node) for node in np.geomspace(low, high, count)])
    limited = np.where(active, density, mean).astype(np.float64)
    place = np.interp(np.log(limited), np.log(nodes), np.arange(count))
    classes = []
    for number, node in enumerate(nodes):
        portion = (np.maximum(0.0, 1.0 - np.abs(place - number)) * part).astype(np.float32)
        own = float(portion.sum(dtype=np.float64))
        if own > 0:
            classes.append(SourceClass(medium, float(node), portion, share * own / float(part.sum(dtype=np.float64))))
    return classes


def _rounded(density: float) -> float:
    return max(1, round(density / _KERNEL_DENSITY_STEP_G_PER_ML)) * _KERNEL_DENSITY_STEP_G_PER_ML
