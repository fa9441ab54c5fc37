"""Which VOI a point belongs to where VOIs lie inside or across each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import Finding, GeometryMismatchError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.units import MILLILITRE, PERCENT
from dosimetry_core.voi import FULL_COVERAGE, Role, Voi, VoiMask

ENCLOSED_SHARE = 0.95
"""A VOI counts as enclosed in a larger one when at least this share of its volume lies inside it."""
CONTAINER_ROLES: tuple[Role, ...] = ("whole_body", "remainder", "background")
"""Roles of VOIs that are no organ: they hold whatever no other VOI claims."""
_REMARKABLE_OVERLAP_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class ExclusiveVois:
    """VOIs without common volume.

    Parameters
    ----------
    masks
        voi_id → what belongs to this VOI alone; for a container its own whole mask. A VOI that shares nothing keeps
        its own mask object.
    volume_ml
        voi_id → volume that belongs to this VOI alone, containers too.
    enclosed
        voi_id → the VOIs that lie inside it, directly or not; their volume is not in its own.
    containers
        VOIs that hold others besides lesions (the body's outline), or whose role says so: no organ of uniform uptake.
    findings
        Overlaps that are not enclosures, and VOIs of which nothing is left.
    """

    masks: FrozenMap[str, VoiMask]
    volume_ml: FrozenMap[str, float]
    enclosed: FrozenMap[str, tuple[str, ...]]
    containers: frozenset[str]
    findings: tuple[Finding, ...]
    _made_from: FrozenMap[str, tuple[VoiMask, ...]] = field(default_factory=FrozenMap, repr=False)
    _common: FrozenMap[tuple[str, str], tuple[VoiMask, VoiMask, float]] = field(default_factory=FrozenMap, repr=False)


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
    _check_grids(vois, place)
    whole = {voi.voi_id: voi.mask.volume_ml for voi in vois}
    ordered = sorted(vois, key=lambda voi: (whole[voi.voi_id], voi.name))
    masks: dict[str, VoiMask] = {}
    volumes: dict[str, float] = {}
    made_from: dict[str, tuple[VoiMask, ...]] = {}
    enclosed: dict[str, tuple[str, ...]] = {}
    common: dict[tuple[str, str], tuple[VoiMask, VoiMask, float]] = {}
    containers: set[str] = set()
    findings: list[Finding] = []
    for rank, voi in enumerate(ordered):
        near = [other for other in ordered[:rank] if _common_box(voi.mask, other.mask) is not None]
        shared = {other.voi_id: _known_common_volume_ml(voi, other, previous, common) for other in near}
        inside = [other for other in near if shared[other.voi_id] >= ENCLOSED_SHARE * whole[other.voi_id] > 0]
        enclosed[voi.voi_id] = tuple(other.voi_id for other in inside)
        if voi.role in CONTAINER_ROLES or any(other.role != "lesion" for other in inside):
            containers.add(voi.voi_id)
            masks[voi.voi_id] = voi.mask
            organs = [other for other in near if other.voi_id not in containers]
            taken = sum(_common_volume_ml(voi.mask, masks[other.voi_id]) for other in organs)
            volumes[voi.voi_id] = whole[voi.voi_id] - taken
            continue
        organs = [other for other in near if other.voi_id not in containers]
        findings += _overlap_findings(voi, [other for other in organs if other not in inside], shared, whole, place)
        sources = (voi.mask, *(masks[other.voi_id] for other in organs if shared[other.voi_id] > 0))
        made_from[voi.voi_id] = sources
        masks[voi.voi_id] = _mask_from(voi.voi_id, sources, previous)
        volumes[voi.voi_id] = masks[voi.voi_id].volume_ml
        if masks[voi.voi_id].is_empty:
            text = "nothing is drawn" if voi.mask.is_empty else "all of it belongs to smaller VOIs"
            findings.append(Finding("voi-empty", "error", f"{voi.name} has no volume: {text}.", _at(place, voi.name)))
    keys = [voi.voi_id for voi in vois]
    return ExclusiveVois(
        FrozenMap({key: masks[key] for key in keys}),
        FrozenMap({key: volumes[key] for key in keys}),
        FrozenMap({key: enclosed[key] for key in keys}),
        frozenset(containers),
        tuple(findings),
        FrozenMap(made_from),
        FrozenMap(common),
    )


def _check_grids(vois: Sequence[Voi], place: str) -> None:
    for voi in vois[1:]:
        first = vois[0].mask.geometry
        if voi.mask.geometry is not first and not voi.mask.geometry.is_same_grid(first):
            raise GeometryMismatchError(
                f"{voi.name} is drawn on another grid than {vois[0].name}",
                where=place,
                remedy="bring all VOIs of a cycle onto the grid of its reference time point",
            )


def _at(place: str, name: str) -> str:
    return f"{place}, {name}" if place else name


def _overlap_findings(
    voi: Voi, others: Sequence[Voi], shared: dict[str, float], whole: dict[str, float], place: str
) -> list[Finding]:
    return [
        Finding(
            "voi-overlap",
            "warning",
            f"{PERCENT.text(shared[other.voi_id] / whole[other.voi_id])} of {other.name} "
            f"({MILLILITRE.text(shared[other.voi_id])}) lies in {voi.name} too; it was counted for {other.name}, the "
            "smaller one.",
            _at(place, other.name),
        )
        for other in others
        if shared[other.voi_id] > _REMARKABLE_OVERLAP_SHARE * whole[other.voi_id]
    ]


def _mask_from(voi_id: str, sources: tuple[VoiMask, ...], previous: ExclusiveVois | None) -> VoiMask:
    """First mask without the others; the previous object where it would be the same."""
    if previous is None or voi_id not in previous._made_from:
        return _without(sources[0], sources[1:])
    old = previous._made_from[voi_id]
    if len(old) == len(sources) and all(a is b for a, b in zip(old, sources, strict=True)):
        return previous.masks[voi_id]
    made, before = _without(sources[0], sources[1:]), previous.masks[voi_id]
    same = made.geometry is before.geometry and made.start == before.start
    return before if same and np.array_equal(made.coverage, before.coverage) else made


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


def _known_common_volume_ml(
    voi: Voi,
    other: Voi,
    previous: ExclusiveVois | None,
    common: dict[tuple[str, str], tuple[VoiMask, VoiMask, float]],
) -> float:
    key = (voi.voi_id, other.voi_id)
    known = previous._common.get(key) if previous is not None else None
    if known is None or known[0] is not voi.mask or known[1] is not other.mask:
        known = (voi.mask, other.mask, _common_volume_ml(voi.mask, other.mask))
    common[key] = known
    return known[2]


def _common_volume_ml(a: VoiMask, b: VoiMask) -> float:
    """Volume that both claim: where partial coverages fit beside each other in a voxel, nothing is common."""
    box = _common_box(a, b)
    if box is None:
        return 0.0
    claimed = a.coverage[box[0]].astype(np.int16) + b.coverage[box[1]]
    common = np.maximum(claimed - FULL_COVERAGE, 0)
    return float(common.sum(dtype=np.int64)) / FULL_COVERAGE * a.geometry.voxel_volume_ml


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
