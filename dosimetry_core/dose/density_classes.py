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

from dosimetry_core.dose.media import CODES, MEDIA, OUTSIDE, SOFT_TISSUE

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
    """Classes that together are the whole map. Activity outside every tissue goes with the soft tissue."""
    total = float(time_integrated_activity_bq_s.sum(dtype=np.float64))
    found: list[SourceClass] = []
    parts: dict[str, NDArray[np.float32]] = {}
    for medium in MEDIA:
        inside = media == CODES[medium]
        count = int(np.count_nonzero(inside))
        if count == media.size:
            parts[medium] = time_integrated_activity_bq_s
        elif count:
            parts[medium] = time_integrated_activity_bq_s * inside
    for name, part in parts.items():
        share = float(part.sum(dtype=np.float64)) / total
        if share > 0:
            found += _by_density(name, part, density_g_per_ml, share)
    if not media.all():
        lost = time_integrated_activity_bq_s * (media == OUTSIDE)
        if lost.any():
            _add_to_soft_tissue(found, lost, float(lost.sum(dtype=np.float64)) / total)
    return tuple(found)


def _add_to_soft_tissue(found: list[SourceClass], lost: NDArray[np.float32], share: float) -> None:
    """Activity outside every tissue, such as spill-out of an image, spreads like that of the main soft-tissue class."""
    soft = [number for number, one in enumerate(found) if one.medium == SOFT_TISSUE]
    if not soft:
        found.append(SourceClass(SOFT_TISSUE, 1.0, lost, share))
        return
    main = max(soft, key=lambda number: found[number].share)
    one = found[main]
    found[main] = SourceClass(
        one.medium, one.density_g_per_ml, one.time_integrated_activity_bq_s + lost, one.share + share
    )


def _by_density(medium: str, part: NDArray[np.float32], density: NDArray[Any], share: float) -> list[SourceClass]:
    weight = part.ravel()
    total = float(weight.sum(dtype=np.float64))
    flat = np.ascontiguousarray(density, dtype=np.float32).ravel()
    mean = float(np.dot(weight, flat)) / total
    difference = flat - np.float32(mean)
    difference *= difference
    deviation = math.sqrt(float(np.dot(weight, difference)) / total)
    if deviation <= _ONE_CLASS_WITHIN * mean:
        return [SourceClass(medium, _rounded(mean), part, share)]
    values = flat[weight > 0]
    low = max(mean - 2 * deviation, float(values.min()))
    high = min(mean + 2 * deviation, float(values.max()))
    count = min(_MOST_CLASSES, 1 + max(1, math.ceil(math.log(high / low) / math.log(_CLASS_RATIO))))
    nodes = np.unique([_rounded(node) for node in np.geomspace(low, high, count)])
    step = np.log(np.clip(density, nodes[0], nodes[-1]), dtype=np.float32)
    place = np.interp(step, np.log(nodes), np.arange(nodes.size)).astype(np.float32)
    classes = []
    for number, node in enumerate(nodes):
        portion = np.maximum(np.float32(0), np.float32(1) - np.abs(place - np.float32(number)))
        portion *= part
        own = float(portion.sum(dtype=np.float64))
        if own > 0:
            classes.append(SourceClass(medium, float(node), portion, share * own / total))
    return classes


def _rounded(density: float) -> float:
    return max(1, round(density / _KERNEL_DENSITY_STEP_G_PER_ML)) * _KERNEL_DENSITY_STEP_G_PER_ML
