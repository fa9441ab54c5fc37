"""From the core of an organ to its outline: each voxel is won by the side that SPECT and CT speak for.

The blurred edge of an organ passes half-way between the uptake inside and that of its surroundings just there, be they
fat, liver or a hotter spleen; both are estimated near each voxel and again after each step. CT adds how much likelier a
CT number is inside than outside (region competition: Zhu and Yuille, IEEE Trans Pattern Anal Mach Intell 18 (1996)
884).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from dosimetry_core.proposals.scene import FAT_BELOW_HU, Mask, Scene, Values, opened

_STEPS = 5
_MARGIN_MM = 35.0
_NEIGHBOURHOOD_MM = 8.0
_SMOOTHING_MM = 1.5
_MOST_EVIDENCE = 6.0
_CT_SMOOTHING_VOXELS = 1.0
"""Noise of a low-dose CT is as large as what kidney and liver differ by; that of means over neighbours is less."""


@dataclass(frozen=True)
class EdgeRule:
    """How an organ's edge is found.

    Parameters
    ----------
    share
        Where the edge lies between outside (0) and inside (1): below a half, for the surface is convex.
    least_variation
        Standard deviation of the uptake inside, relative to it, that is reckoned with at least.
    ct_weight
        Of the CT's evidence beside the SPECT's.
    most_ct_evidence
        Bound of the logarithm of how much likelier a CT number is on one side.
    above_hu, below_hu
        CT numbers that the organ's voxels may have.
    """

    share: float = 0.4
    least_variation: float = 0.10
    ct_weight: float = 2.0
    most_ct_evidence: float = 4.0
    above_hu: float = FAT_BELOW_HU
    below_hu: float = 160.0


def refined(scene: Scene, core: Mask, rule: EdgeRule, *, barred: Mask | None = None) -> Mask:
    """The organ that a core belongs to; nothing of ``barred``."""
    size = scene.voxel_mm
    margin = int(_MARGIN_MM / size)
    box = tuple(slice(max(0, s.start - margin), s.stop + margin) for s in ndimage.find_objects(core.astype(np.int8))[0])
    start, uptake, hu = core[box], scene.uptake[box], scene.ct_hu[box]
    allowed = scene.body[box] & scene.seen[box] & (hu > rule.above_hu) & (hu < rule.below_hu)
    if barred is not None:
        allowed &= ~barred[box]
    level = float(np.median(uptake[start]))
    smooth_hu = _smoothed_soft_tissue(hu, rule)
    middle_hu = float(np.median(smooth_hu[start]))
    inner = ndimage.binary_erosion(start)
    variation = max(rule.least_variation, float(uptake[inner].std()) / level if inner.any() else 0.0)
    organ = start.copy()
    for step in range(_STEPS):
        inside = ((ndimage.distance_transform_edt(organ) * size > 4.5) | inner) if step else start
        away = ndimage.distance_transform_edt(~organ) * size
        outside = (away > 7) & (away < 25)
        own, other = _near(uptake, inside, size), _near(uptake, outside, size)
        contrast = np.abs(own - other) / level
        edge = other + rule.share * (own - other)
        gain = np.minimum(14 / np.maximum(contrast, 0.35), 0.6 * contrast / variation**2)
        towards = np.where(own > other, uptake - edge, edge - uptake)
        evidence = np.clip(gain * towards / level, -_MOST_EVIDENCE, _MOST_EVIDENCE) + rule.ct_weight * _ct_evidence(
            smooth_hu, inside & allowed, outside & allowed, middle_hu, rule.most_ct_evidence
        )
        won = ndimage.gaussian_filter(evidence, _SMOOTHING_MM / size) > 0
        won = opened(won & allowed & (away < (14 if step < 2 else 6)))
        parts, count = ndimage.label(won)
        if not count:
            break
        shares = np.bincount(parts[start], minlength=count + 1)
        shares[0] = 0
        organ = parts == int(shares.argmax())
    whole = np.zeros_like(core)
    whole[box] = organ
    return whole


def _near(uptake: Values, where: Mask, size: float) -> Values:
    """Mean uptake of the voxels of a mask near each voxel."""
    weight = where.astype(np.float32)
    deviation = _NEIGHBOURHOOD_MM / size
    own = np.maximum(ndimage.gaussian_filter(weight, deviation), np.float32(1e-4))
    return np.asarray(ndimage.gaussian_filter(uptake * weight, deviation) / own, np.float32)


def _smoothed_soft_tissue(hu: Values, rule: EdgeRule) -> Values:
    """CT numbers averaged over neighbours that may be of the organ, so that fat and bone do not run into them."""
    soft = (hu > rule.above_hu) & (hu < rule.below_hu)
    weight = ndimage.gaussian_filter(soft.astype(np.float32), _CT_SMOOTHING_VOXELS)
    total = ndimage.gaussian_filter(np.where(soft, hu, 0).astype(np.float32), _CT_SMOOTHING_VOXELS)
    return np.asarray(np.where(soft, total / np.maximum(weight, np.float32(1e-3)), hu), np.float32)


def _ct_evidence(hu: Values, inside: Mask, outside: Mask, middle_hu: float, most: float) -> Values:
    """Logarithm of how much likelier a CT number is inside than outside."""
    edges = np.arange(-60.0, 123.0, 3.0)

    def density(where: Mask) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        counts, _ = np.histogram(np.clip(hu[where], edges[0], edges[-1] - 0.1), edges)
        smooth = ndimage.gaussian_filter1d(counts.astype(float), 2.0)
        return np.asarray(smooth / max(smooth.sum(), 1e-9) + 1e-4)

    ratio = np.log(density(inside) / density(outside))
    found = np.clip(np.interp(hu, (edges[1:] + edges[:-1]) / 2, ratio), -most, most)
    # Between fat and the organ's own number a voxel may hold both: the SPECT decides.
    return np.asarray(np.where(hu < middle_hu, np.maximum(found, -0.3), found), np.float32)
