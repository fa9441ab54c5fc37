"""Kidneys: a core beside the spine on each side, refined, and held against what a kidney can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy import ndimage

from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.proposals.candidates import Candidate, paraspinal_candidates
from dosimetry_core.proposals.form import likeness_to_ellipsoid
from dosimetry_core.proposals.refinement import EdgeRule, refined
from dosimetry_core.proposals.scene import Mask, Scene
from dosimetry_core.units import MILLILITRE

Side = Literal["left", "right"]
SIDES: Final[tuple[Side, Side]] = ("left", "right")
SMALLEST_ML, LARGEST_ML = 80.0, 350.0
_RULE: Final = EdgeRule()
_LEAST_LIKENESS: Final = 0.67
"""Kidneys of the phantoms and of the real trunk have 0.77 to 0.95, those with cysts 0.85; a kidney with the bowel
beside it, as warm as it is, 0.58 to 0.63."""
_CORES_TRIED: Final = 6
_SAME_CORE: Final = 0.9
_MIDLINE_MM: Final = 12.0
_ACROSS_MIDLINE_ML: Final = 1.5
_RIVAL_MERIT: Final = 0.6
_RIVAL_SHARE_WITHIN: Final = 0.3
_LARGEST_RATIO: Final = 2.5
_BRIDGE_SHARE: Final = 0.55
_BRIDGE_HALF_WIDTH_MM, _BRIDGE_BEFORE_SPINE_MM = 55.0, 75.0


@dataclass(frozen=True, eq=False)
class FoundKidneys:
    """Kidneys by side, and in words what was not proposed or is doubtful.

    ``refused``: parts in the place of kidneys that are not proposed as such; they are no lesions either.
    """

    masks: dict[Side, Mask]
    doubts: tuple[str, ...]
    refused: Mask


def found_kidneys(coarse: Scene, scene: Scene) -> FoundKidneys:
    """Kidneys on the grid of ``scene``; the search itself is done on the coarse one."""
    candidates = paraspinal_candidates(coarse)
    masks: dict[Side, Mask] = {}
    refused = np.zeros(scene.grid.shape, bool)
    doubts = []
    for side in SIDES:
        own = sorted(
            (c for c in candidates if (c.centre_x_mm > 0) == (side == "left")), key=lambda c: c.merit, reverse=True
        )
        if not own:
            doubts.append(
                f"no {side} kidney is proposed: nothing beside the spine has its place, size and uptake (a single, "
                "displaced or silent kidney, or one outside the field of view)"
            )
            continue
        organ, doubt = _found_on(coarse, scene, own, side)
        if doubt:
            doubts.append(doubt)
            refused |= organ
        else:
            masks[side] = organ
    if any("midline" in doubt for doubt in doubts) and masks:
        doubts.append("the other side is not proposed either, for it may be a part of the same horseshoe kidney")
        refused |= np.any(list(masks.values()), axis=0)
        masks = {}
    if len(masks) == 2:
        if (masks["left"] & masks["right"]).any():
            joined = masks["left"] | masks["right"]
            return FoundKidneys({}, (*doubts, "no kidneys are proposed: both sides run together"), joined)
        joined = _bridged(scene, masks)
        if joined.any():
            doubt = "no kidneys are proposed: uptake joins them across the midline, as in a horseshoe kidney"
            return FoundKidneys({}, (*doubts, doubt), joined)
        doubts += _asymmetry(scene, masks)
    return FoundKidneys(masks, tuple(doubts), refused)


def _found_on(coarse: Scene, scene: Scene, own: list[Candidate], side: Side) -> tuple[Mask, str]:
    """The kidney that the best core leads to, and why it is not proposed, if so.

    Where that has not the form of one organ, for bowel as warm as the kidney lies against it, the next cores are tried.
    """
    tried: list[Mask] = []
    first = np.zeros(scene.grid.shape, bool)
    for candidate in own:
        if any(_share_in_common(candidate.where, other) > _SAME_CORE for other in tried):
            continue
        organ = refined(scene, resampled_mask(candidate.where, coarse.grid, scene.grid), _RULE)
        doubt = _why_not(scene, organ, side)
        if not doubt and likeness_to_ellipsoid(organ) >= _LEAST_LIKENESS:
            return organ, _rival(coarse, scene, own, organ, side)
        if not tried:
            first = organ
            if doubt:
                break
        tried.append(candidate.where)
        if len(tried) == _CORES_TRIED:
            break
    return first, _why_not(scene, first, side) or (
        f"no {side} kidney is proposed: what lies in its place has not the form of one organ (bowel beside it that is "
        "as warm as it is, or a kidney of another form)"
    )


def _share_in_common(one: Mask, other: Mask) -> float:
    return float((one & other).sum()) / max(int(one.sum()), int(other.sum()))


def resampled_mask(where: Mask, grid: VolumeGeometry, other: VolumeGeometry) -> Mask:
    """A mask on another grid, by linear interpolation."""
    index = grid.point_to_index(other.index_to_point(np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], float)))
    found = ndimage.affine_transform(
        where.astype(np.float32), (index[1:] - index[0]).T, offset=index[0], output_shape=other.shape, order=1
    )
    return np.asarray(found > 0.5)


def is_cut(scene: Scene, organ: Mask) -> bool:
    """Whether an organ reaches the end of the CT or of the SPECT."""
    seen = scene.seen.copy()
    seen[[0, -1]] = False
    return bool((ndimage.binary_dilation(organ) & ~seen & scene.body).sum() > 12)


def _why_not(scene: Scene, organ: Mask, side: Side) -> str:
    volume = float(organ.sum()) * scene.grid.voxel_volume_ml
    if not organ.any() or not SMALLEST_ML <= volume <= LARGEST_ML:
        return (
            f"no {side} kidney is proposed: what lies in its place has {MILLILITRE.text(volume)}, a kidney has "
            f"{MILLILITRE.text(SMALLEST_ML, digits=0)} to {MILLILITRE.text(LARGEST_ML, digits=0)}"
        )
    if is_cut(scene, organ):
        return f"no {side} kidney is proposed: it is cut by the end of the field of view"
    across, _ = scene.from_spine_mm(organ)
    towards = across if side == "left" else -across
    if float((towards < _MIDLINE_MM).sum()) * scene.grid.voxel_volume_ml > _ACROSS_MIDLINE_ML:
        return f"no {side} kidney is proposed: it reaches the midline, as a horseshoe kidney does"
    return ""


def _rival(coarse: Scene, scene: Scene, own: list[Candidate], organ: Mask, side: Side) -> str:
    """Another part with the looks of a kidney on the same side."""
    near = ndimage.binary_dilation(resampled_mask(organ, scene.grid, coarse.grid), iterations=2)
    ruled_out = np.zeros(coarse.grid.shape, bool)
    for candidate in own[1:]:
        if candidate.merit < _RIVAL_MERIT * own[0].merit:
            return ""
        if near[candidate.where].mean() >= _RIVAL_SHARE_WITHIN or (ruled_out & candidate.where).any():
            continue
        other = refined(scene, resampled_mask(candidate.where, coarse.grid, scene.grid), _RULE)
        if float(other.sum()) * scene.grid.voxel_volume_ml > LARGEST_ML:
            # A band of a larger organ, of the liver above all, that is as even as a kidney.
            ruled_out |= candidate.where
        else:
            return f"no {side} kidney is proposed: two parts on this side could be it"
    return ""


def _bridged(scene: Scene, masks: dict[Side, Mask]) -> Mask:
    """Both and what joins them, where uptake like theirs leads across in front of the spine; else nothing."""
    size = scene.voxel_mm
    level = _BRIDGE_SHARE * min(float(np.median(scene.uptake[masks[side]])) for side in SIDES)
    _, row, column = np.indices(scene.grid.shape, sparse=True)
    across = np.abs(column - scene.spine_column[:, None, None]) * size < _BRIDGE_HALF_WIDTH_MM
    behind = (row - scene.spine_row[:, None, None]) * size
    between = across & (behind > -_BRIDGE_BEFORE_SPINE_MM) & (behind < _MIDLINE_MM)
    warm = between & (scene.uptake > level) & scene.body
    parts, _ = ndimage.label(warm | masks["left"] | masks["right"])
    left, right = (set(np.unique(parts[masks[side]]).tolist()) for side in SIDES)
    joining = (left & right) - {0}
    return np.isin(parts, sorted(joining)) if joining else np.zeros_like(warm)


def _asymmetry(scene: Scene, masks: dict[Side, Mask]) -> list[str]:
    doubts = []
    volumes = [float(masks[side].sum()) for side in SIDES]
    uptakes = [float(scene.uptake[masks[side]].mean()) for side in SIDES]
    for what, values in (("volume", volumes), ("uptake", uptakes)):
        ratio = max(values) / min(values)
        if ratio > _LARGEST_RATIO:
            doubts.append(
                f"the proposed kidneys differ in {what} by a factor {ratio:.1f}: is one of them another organ?"
            )
    return doubts
