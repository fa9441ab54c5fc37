"""Hot lesions: local maxima far above their surroundings, each with its part of the image."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from scipy import ndimage

from dosimetry_core.proposals.scene import Mask, Scene

_OUTLINE: Final = 0.42
"""Share of the maximum above the background at which a small blurred sphere is outlined about as large as it is."""
_APART_MM: Final = 15.0
_OVER_ORGAN: Final = 2.2
_OVER_SOFT_TISSUE: Final = 8.0
_OVER_KIDNEY: Final = 0.7
_SMALLEST_ML, _LARGEST_ML = 0.8, 250.0
_NEAR_MM: Final = 9.0
_MOST: Final = 30
_FLUID_HU: Final = (-10.0, 17.0)
_BLADDER_ML: Final = 25.0
_OVER_SURROUNDINGS: Final = 1.6
"""Maxima of noise in warm bowel reach 1.0 to 1.5, lesions 2.2 and more (on the phantoms of the tests)."""
_SURROUNDINGS_MM: Final = (5.0, 12.0)
_WARMER_PERCENTILE: Final = 75.0


def found_lesions(scene: Scene, organs: dict[str, Mask], refused: Mask) -> tuple[list[Mask], tuple[str, ...]]:
    """Masks of hot parts, the hottest first, and doubts in words.

    Parameters
    ----------
    organs
        Proposed kidneys, liver and spleen by name: lesions in liver and spleen must stand out of them, and a hot part
        in a kidney is no lesion.
    refused
        What may be a kidney and is not proposed as one: a hot part in it is no lesion either.
    """
    size = scene.voxel_mm
    uptake = ndimage.gaussian_filter(scene.uptake, 0.5)
    kidney = np.zeros(scene.grid.shape, bool)
    least = np.full(scene.grid.shape, _OVER_SOFT_TISSUE * scene.soft_tissue_uptake, np.float32)
    levels = [float(np.median(uptake[mask])) for name, mask in organs.items() if name.startswith("kidney")]
    if refused.any():
        levels.append(float(np.median(uptake[refused])))
        kidney |= ndimage.binary_dilation(refused, iterations=round(_NEAR_MM / size))
    if levels:
        least[:] = np.maximum(least, _OVER_KIDNEY * min(levels))
    for name, mask in organs.items():
        near = ndimage.binary_dilation(mask, iterations=round(_NEAR_MM / size))
        if name.startswith("kidney"):
            kidney |= near
        else:
            least[near] = np.maximum(least[near], _OVER_ORGAN * float(np.median(uptake[mask])))
    window = 2 * round(_APART_MM / size / 2) + 1
    is_peak = (uptake == ndimage.maximum_filter(uptake, window)) & (uptake > least) & scene.body & scene.seen & ~kidney
    peaks = np.argwhere(is_peak)
    peaks = peaks[np.argsort(-uptake[tuple(peaks.T)])][:_MOST]
    found: list[Mask] = []
    doubts = []
    alike = 0
    taken = np.zeros(scene.grid.shape, bool)
    for number, peak in enumerate(peaks, start=1):
        mask = _outlined(uptake, peak, size) & scene.body & scene.seen & ~taken & ~kidney
        volume = float(mask.sum()) * scene.grid.voxel_volume_ml
        if not _SMALLEST_ML <= volume <= _LARGEST_ML:
            continue
        if _over_surroundings(scene, mask, taken) < _OVER_SURROUNDINGS:
            alike += 1
            continue
        hu = float(np.median(scene.ct_hu[mask]))
        if volume > _BLADDER_ML and _FLUID_HU[0] < hu < _FLUID_HU[1]:
            doubts.append(
                f"hot part {number} of {volume:.0f} mL has the CT number of fluid and is not proposed: bladder, bowel?"
            )
            continue
        taken |= mask
        found.append(mask)
    if alike:
        doubts.append(
            f"{alike} hot part(s) that hardly stand out of what is around them are not proposed as lesions: bowel, or "
            "part of an organ?"
        )
    return found, tuple(doubts)


def _over_surroundings(scene: Scene, mask: Mask, taken: Mask) -> float:
    """Uptake of a part over that of the warmer quarter of what is around it, lesions found before left out."""
    near, far = _SURROUNDINGS_MM
    margin = round(far / scene.voxel_mm) + 1
    spans = ndimage.find_objects(mask.astype(np.int8))[0]
    box = tuple(slice(max(0, span.start - margin), span.stop + margin) for span in spans)
    away = ndimage.distance_transform_edt(~mask[box]) * scene.voxel_mm
    around = (away > near) & (away <= far) & scene.body[box] & ~taken[box]
    if not around.any():
        return np.inf
    warm = float(np.percentile(scene.uptake[box][around], _WARMER_PERCENTILE))
    return float(np.median(scene.uptake[mask])) / warm if warm > 0 else np.inf


def _outlined(uptake: Any, peak: Any, size: float) -> Mask:
    """The part around a maximum above a share of it, background taken off, as far as its own slope reaches."""
    reach = round(45 / size)
    box = tuple(slice(max(0, int(p) - reach), int(p) + reach + 1) for p in peak)
    own = tuple(int(p) - b.start for p, b in zip(peak, box, strict=True))
    values = uptake[box]
    top = float(values[own])
    background = float(np.percentile(values, 30))
    for _ in range(3):
        above = values > background + _OUTLINE * (top - background)
        parts, _count = ndimage.label(above)
        inside = parts == parts[own]
        distance = ndimage.distance_transform_edt(~inside) * size
        shell = (distance > 10) & (distance < 18)
        if not shell.any():
            break
        background = float(np.median(values[shell]))
    away = np.sqrt(
        sum(
            ((np.arange(n) - o) * size).reshape([-1 if a == k else 1 for a in range(3)]) ** 2
            for k, (n, o) in enumerate(zip(values.shape, own, strict=True))
        )
    )
    inside &= _own_slope(values, inside, own, away)
    whole = np.zeros(uptake.shape, bool)
    whole[box] = inside
    return whole


def _own_slope(values: Any, inside: Mask, own: tuple[int, ...], away: Any) -> Mask:
    """Voxels nearer to this maximum than to another one of at least two thirds of its height in the same part."""
    peaks = (values == ndimage.maximum_filter(values, 5)) & inside & (values > 0.67 * values[own])
    others = np.argwhere(peaks & (away > 12))
    if not len(others):
        return inside
    index = np.stack(np.meshgrid(*map(np.arange, values.shape), indexing="ij"), axis=-1)
    nearest = np.min([((index - other) ** 2).sum(axis=-1) for other in others], axis=0)
    return np.asarray(((index - np.array(own)) ** 2).sum(axis=-1) <= nearest)
