"""Which VOI a point belongs to where VOIs lie inside or across each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import Finding, GeometryMismatchError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.units import MILLILITRE, PERCENT
from dosimetry_core.voi import FULL_COVERAGE, Voi, VoiMask

ENCLOSED_SHARE = 0.95
"""A VOI counts as enclosed in a larger one when at least this share of its volume lies inside it."""
_REMARKABLE_OVERLAP_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class ExclusiveVois:
    """VOIs without common volume.

    Parameters
    ----------
    masks
        voi_id → what belongs to this VOI alone. A VOI that shares nothing keeps its own mask object.
    enclosed
        voi_id → the VOIs that lie inside it, directly or not; their volume is not in its mask.
    findings
        Overlaps that are not enclosures, and VOIs of which nothing is left.
    """

    masks: FrozenMap[str, VoiMask]
    enclosed: FrozenMap[str, tuple[str, ...]]
    findings: tuple[Finding, ...]
    _made_from: FrozenMap[str, tuple[VoiMask, ...]] = field(default_factory=FrozenMap, repr=False)


def exclusive_masks(vois: Sequence[Voi], *, previous: ExclusiveVois | None = None, place: str = "") -> ExclusiveVois:
    """Give every point to one VOI at most: the smaller one.

    A lesion in the liver is taken out of the liver; where VOIs only touch and overlap, the common part goes to the
    smaller one (equal volumes: to the name that sorts first) and a finding states how much it is.

    Parameters
    ----------
    vois
        Any order; all on the same grid.
    previous
        An earlier answer; masks that need no new computation are taken over as the same objects.
    place
        Prefix of the findings' places, for example ``"cycle 1"``.

    Raises
    ------
    GeometryMismatchError
        If the VOIs are declared on different grids.
    """
    for voi in vois[1:]:
        same = voi.mask.geometry is vois[0].mask.geometry or voi.mask.geometry.is_same_grid(vois[0].mask.geometry)
        if not same:
            raise GeometryMismatchError(
                f"{voi.name} is drawn on another grid than {vois[0].name}",
                where=place,
                remedy="bring all VOIs of a cycle onto the grid of its reference time point",
            )
    volumes = {voi.voi_id: voi.mask.volume_ml for voi in vois}
    ordered = sorted(vois, key=lambda voi: (volumes[voi.voi_id], voi.name))
    masks: dict[str, VoiMask] = {}
    made_from: dict[str, tuple[VoiMask, ...]] = {}
    enclosed: dict[str, tuple[str, ...]] = {}
    findings: list[Finding] = []
    for rank, voi in enumerate(ordered):
        near = [other for other in ordered[:rank] if _common_box(voi.mask, other.mask) is not None]
        inside = []
        for other in near:
            share = _common_volume_ml(voi.mask, other.mask) / volumes[other.voi_id]
            if share >= ENCLOSED_SHARE:
                inside.append(other.voi_id)
            elif share > _REMARKABLE_OVERLAP_SHARE:
                findings.append(_overlap_finding(voi, other, share, volumes[other.voi_id], place))
        enclosed[voi.voi_id] = tuple(inside)
        sources = (voi.mask, *(masks[other.voi_id] for other in near))
        made_from[voi.voi_id] = sources
        old = previous._made_from.get(voi.voi_id) if previous else None
        if (
            previous is not None
            and old is not None
            and len(old) == len(sources)
            and all(a is b for a, b in zip(old, sources, strict=True))
        ):
            masks[voi.voi_id] = previous.masks[voi.voi_id]
        else:
            made = _without(voi.mask, sources[1:])
            before = previous.masks.get(voi.voi_id) if previous else None
            masks[voi.voi_id] = before if before is not None and _are_equal(before, made) else made
        if masks[voi.voi_id].is_empty:
            text = "nothing is drawn" if voi.mask.is_empty else "all of it belongs to smaller VOIs"
            findings.append(Finding("voi-empty", "error", f"{voi.name} has no volume: {text}.", _at(place, voi.name)))
    return ExclusiveVois(
        FrozenMap({voi.voi_id: masks[voi.voi_id] for voi in vois}),
        FrozenMap({voi.voi_id: enclosed[voi.voi_id] for voi in vois}),
        tuple(findings),
        FrozenMap(made_from),
    )


def _at(place: str, name: str) -> str:
    return f"{place}, {name}" if place else name


def _overlap_finding(voi: Voi, other: Voi, share: float, volume_ml: float, place: str) -> Finding:
    return Finding(
        "voi-overlap",
        "warning",
        f"{PERCENT.text(share)} of {other.name} ({MILLILITRE.text(share * volume_ml)}) lies in {voi.name} too; "
        f"it was counted for {other.name}, the smaller one.",
        _at(place, other.name),
    )


def _common_box(a: VoiMask, b: VoiMask) -> tuple[tuple[slice, ...], tuple[slice, ...]] | None:
    """The index ranges of the shared box inside both masks' boxes; None where the boxes don't meet."""
    if not a.coverage.size or not b.coverage.size:
        return None
    low = np.maximum(a.start, b.start)
    high = np.minimum(np.array(a.start) + a.coverage.shape, np.array(b.start) + b.coverage.shape)
    if np.any(high <= low):
        return None
    return (
        tuple(slice(int(lo - s), int(hi - s)) for lo, hi, s in zip(low, high, a.start, strict=True)),
        tuple(slice(int(lo - s), int(hi - s)) for lo, hi, s in zip(low, high, b.start, strict=True)),
    )


def _common_volume_ml(a: VoiMask, b: VoiMask) -> float:
    """Volume that both claim: where partial coverages fit beside each other in a voxel, nothing is common."""
    box = _common_box(a, b)
    if box is None:
        return 0.0
    claimed = a.coverage[box[0]].astype(np.int16) + b.coverage[box[1]]
    common = np.maximum(claimed - FULL_COVERAGE, 0)
    return float(common.sum(dtype=np.int64)) / FULL_COVERAGE * a.geometry.voxel_volume_ml


def _are_equal(a: VoiMask, b: VoiMask) -> bool:
    return a.geometry is b.geometry and a.start == b.start and np.array_equal(a.coverage, b.coverage)


def _without(mask: VoiMask, taken: Sequence[VoiMask]) -> VoiMask:
    """What is left of a mask in the room that other, mutually exclusive masks leave."""
    room: NDArray[np.int16] | None = None
    for other in taken:
        box = _common_box(mask, other)
        if box is None:
            continue
        if room is None:
            room = np.full(mask.coverage.shape, FULL_COVERAGE, np.int16)
        room[box[0]] -= other.coverage[box[1]]
    if room is None:
        return mask
    left = np.minimum(mask.coverage, np.maximum(room, 0)).astype(np.uint8)
    if np.array_equal(left, mask.coverage):
        return mask
    return VoiMask(mask.geometry, mask.start, left)
