"""Liver and spleen: the large part of even uptake on each side of the upper abdomen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy import ndimage

from dosimetry_core.proposals.kidneys import is_cut, resampled_mask
from dosimetry_core.proposals.refinement import EdgeRule, refined
from dosimetry_core.proposals.scene import Mask, Scene, opened

Organ = Literal["liver", "spleen"]
_RULE: Final = EdgeRule(least_variation=0.12, ct_weight=1.0, most_ct_evidence=2.5)
_LIVER_ML: Final = (500.0, 4000.0)
_SPLEEN_ML: Final = (40.0, 1500.0)
_LEVELS: Final = 30
_OWN_LEVEL: Final = 0.55
"""Level, relative to the median above it, at which a blurred organ is about as large as it is."""
_HOTTER_THAN_SOFT_TISSUE: Final = 1.7
_LEAST_EVENNESS: Final = 0.5


@dataclass(frozen=True, eq=False)
class FoundOrgans:
    """Liver and spleen, as far as they are told, and doubts in words."""

    masks: dict[Organ, Mask]
    doubts: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Part:
    where: Mask
    volume_ml: float
    median: float
    evenness: float


def found_organs(coarse: Scene, scene: Scene, kidneys: Mask) -> FoundOrgans:
    """Liver on the right and spleen on the left, never in the place of a kidney.

    Parameters
    ----------
    kidneys
        On the grid of ``scene``.
    """
    spared = ndimage.binary_dilation(resampled_mask(kidneys, scene.grid, coarse.grid))
    masks: dict[Organ, Mask] = {}
    doubts = []
    left_liver = _part(coarse, spared, "left", _LIVER_ML, opening_mm=12.0)
    liver = _part(coarse, spared, "right", _LIVER_ML, opening_mm=12.0)
    if left_liver is not None and (liver is None or left_liver.volume_ml > 1.5 * liver.volume_ml):
        return FoundOrgans(
            {},
            ("the large organ of the upper abdomen lies on the left: the image or the patient's organs are mirrored",),
        )
    barred = ndimage.binary_dilation(kidneys)
    for name, part in (
        ("liver", liver),
        ("spleen", _part(coarse, spared, "left", _SPLEEN_ML, opening_mm=4.0, lateral=True)),
    ):
        organ: Organ = "liver" if name == "liver" else "spleen"
        if part is None:
            doubts.append(f"no {organ} is proposed: nothing has its place, size and even uptake")
            continue
        core = ndimage.binary_erosion(part.where, iterations=2 if organ == "liver" else 1)
        core = resampled_mask(core if core.any() else part.where, coarse.grid, scene.grid)
        if not core.any():
            doubts.append(f"no {organ} is proposed: it is too small to be told")
            continue
        found = refined(scene, core & ~barred, _RULE, barred=barred)
        found = _filled(
            found | (scene.body & (scene.uptake > 2 * part.median) & ndimage.binary_closing(found, iterations=4))
        )
        found &= ~kidneys
        volume = float(found.sum()) * scene.grid.voxel_volume_ml
        least, most = _LIVER_ML if organ == "liver" else _SPLEEN_ML
        if not least <= volume <= most:
            doubts.append(f"no {organ} is proposed: what lies in its place has {volume:.0f} mL")
            continue
        masks[organ] = found
        if is_cut(scene, found):
            doubts.append(f"the proposed {organ} reaches the end of the field of view: only a part of it is seen")
    if len(masks) == 2:
        masks["spleen"] &= ~masks["liver"]
    return FoundOrgans(masks, tuple(doubts))


def _filled(where: Mask) -> Mask:
    return np.asarray(ndimage.binary_fill_holes(where))


def _part(
    scene: Scene,
    spared: Mask,
    side: Literal["left", "right"],
    limits_ml: tuple[float, float],
    *,
    opening_mm: float,
    lateral: bool = False,
) -> _Part | None:
    """The part of a side whose own level is nearest to what a blurred organ's would be."""
    size = scene.voxel_mm
    base = scene.soft_tissue_uptake * _HOTTER_THAN_SOFT_TISSUE
    soft = scene.body & scene.seen & ~spared & (scene.ct_hu > -20) & (scene.ct_hu < 160)
    top = float(np.percentile(scene.uptake[scene.body], 99.8))
    if not 0 < base < top:
        return None
    times = max(1, round(opening_mm / size / 2))
    best: tuple[float, _Part] | None = None
    for level in np.geomspace(top, base, _LEVELS):
        parts, count = ndimage.label(opened((scene.uptake > level) & soft, times))
        if not count:
            continue
        volumes = np.bincount(parts.ravel(), minlength=count + 1) * scene.grid.voxel_volume_ml
        for number in np.flatnonzero((volumes[1:] > limits_ml[0]) & (volumes[1:] < limits_ml[1])) + 1:
            where = parts == number
            across, behind = scene.from_spine_mm(where)
            middle = float(across.mean())
            if (middle > 0) != (side == "left") or abs(middle) < (55 if lateral else 20):
                continue
            if lateral and (float(np.percentile(across, 10)) < 25 or not -90 < float(behind.mean()) < 50):
                continue
            values = scene.uptake[where]
            median = float(np.median(values))
            even = float(((values > 0.6 * median) & (values < 1.5 * median)).mean())
            if even < _LEAST_EVENNESS:
                continue
            merit = abs(level / median - _OWN_LEVEL) - 0.2 * even
            if best is None or merit < best[0]:
                best = (merit, _Part(where, float(volumes[number]), median, even))
    return best[1] if best is not None else None
