"""Proposed VOIs become VOIs of a cycle: nothing that is there is replaced, and every one is marked as proposed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from dosimetry_core.case import Case, Cycle
from dosimetry_core.errors import Finding
from dosimetry_core.image import TimePoint
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.proposals import VoiProposals, propose_vois
from dosimetry_core.voi import Role, Voi

UNCERTAIN = "proposal-uncertain"
_ONCE: tuple[Role, ...] = ("kidney_left", "kidney_right", "kidneys", "liver", "spleen")
_SAME_LESION_SHARE = 0.3


def proposals_for(cycle: Cycle, taken_names: tuple[str, ...], *, progress: Progress = no_progress) -> VoiProposals:
    """Proposals on the grid that the cycle's VOIs are declared on."""
    grid = cycle.vois[0].mask.geometry if cycle.vois else None
    return propose_vois(cycle, grid, taken_names=taken_names, progress=progress)


def new_ones(cycle: Cycle, proposed: Iterable[Voi], taken_names: Iterable[str] = ()) -> tuple[Voi, ...]:
    """Those that the cycle doesn't have yet: organs by role, lesions by place; names made unique."""
    roles = {voi.role for voi in cycle.vois}
    names = {voi.name for voi in cycle.vois}
    others = set(taken_names)
    lesions = [voi for voi in cycle.vois if voi.role == "lesion"]
    added: list[Voi] = []
    for voi in proposed:
        if voi.role in _ONCE and (voi.role in roles or (voi.role.startswith("kidney") and "kidneys" in roles)):
            continue
        if voi.role == "lesion" and any(_share_within(voi, lesion) > _SAME_LESION_SHARE for lesion in lesions):
            continue
        name = voi.name
        if name in names or (voi.role == "lesion" and name in others):
            stem = "Lesion" if voi.role == "lesion" else f"{name} proposed"
            free = (f"{stem} {n}" for n in range(1, len(names) + len(others) + 2))
            name = next(one for one in free if one not in names and one not in others)
        names.add(name)
        added.append(replace(voi, name=name))
    return tuple(added)


def _share_within(voi: Voi, other: Voi) -> float:
    """Share of a VOI's voxels that lie in another on the same grid."""
    if voi.mask.is_empty or other.mask.is_empty or not voi.mask.geometry.is_same_grid(other.mask.geometry):
        return 0.0
    inside = voi.mask.whole_grid_fraction() > 0.5
    return float((other.mask.whole_grid_fraction()[inside] > 0.5).mean()) if inside.any() else 0.0


def with_proposals(case: Case, index: int, proposals: VoiProposals, reference: TimePoint) -> Case:
    """The case with the new ones of some proposals; unchanged if the reference visit is another by now."""
    cycle = case.cycles[index]
    if not cycle.time_points or cycle.time_points[cycle.reference_time_point].spect is not reference.spect:
        return case
    elsewhere = {voi.name for other in case.cycles for voi in other.vois if other is not cycle}
    added = new_ones(cycle, proposals.vois, elsewhere)
    kept = tuple(finding for finding in cycle.import_findings if finding.code != UNCERTAIN)
    findings: tuple[Finding, ...] = (*kept, *proposals.findings)
    if not added and findings == cycle.import_findings:
        return case
    changed = replace(cycle, vois=(*cycle.vois, *added), import_findings=findings)
    return replace(case, cycles=(*case.cycles[:index], changed, *case.cycles[index + 1 :]))


def with_voi_reviewed(case: Case, index: int, voi_id: str) -> Case:
    """The case with one proposed VOI accepted by a person."""
    cycle = case.cycles[index]
    if not any(voi.voi_id == voi_id and voi.proposed for voi in cycle.vois):
        return case
    vois = tuple(replace(voi, proposed=False) if voi.voi_id == voi_id else voi for voi in cycle.vois)
    changed = replace(cycle, vois=vois)
    return replace(case, cycles=(*case.cycles[:index], changed, *case.cycles[index + 1 :]))


def label_volume(vois: Iterable[Voi]) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], dict[str, object]]:
    """Labels on the VOIs' grid and the file of names; a small VOI lies over a large one that holds it.

    Raises
    ------
    ValueError
        If there is no VOI, or more than a label volume can number.
    """
    listed = list(vois)
    if not listed or len(listed) > np.iinfo(np.uint8).max:
        raise ValueError("a label volume holds 1 to 255 VOIs")
    labels = np.zeros(listed[0].mask.geometry.shape, np.uint8)
    numbered = list(enumerate(listed, start=1))
    for number, voi in sorted(numbered, key=lambda one: one[1].mask.volume_ml, reverse=True):
        part = labels[voi.mask.slices]
        part[voi.mask.coverage > np.iinfo(np.uint8).max // 2] = number
    return labels, {str(n): {"name": voi.name, "role": voi.role, "proposed": True} for n, voi in numbered}
