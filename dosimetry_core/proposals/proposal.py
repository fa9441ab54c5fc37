"""Proposed VOIs of a cycle: found on working grids, put on the cycle's declared grid, marked as proposals."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from dosimetry_core.case import Cycle
from dosimetry_core.errors import Finding
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.proposals.kidneys import SIDES, found_kidneys
from dosimetry_core.proposals.lesions import found_lesions
from dosimetry_core.proposals.organs import found_organs
from dosimetry_core.proposals.scene import Mask, scene_of
from dosimetry_core.voi import Role, Voi, VoiMask

SOURCE = "proposed from SPECT and CT"
FINE_MM, COARSE_MM = 3.0, 4.0
_ROLES: dict[str, tuple[str, Role]] = {
    "kidney left": ("Kidney L", "kidney_left"),
    "kidney right": ("Kidney R", "kidney_right"),
    "liver": ("Liver", "liver"),
    "spleen": ("Spleen", "spleen"),
}


@dataclass(frozen=True, eq=False)
class VoiProposals:
    """VOIs to be reviewed, and what is doubtful or was left out, with reasons."""

    vois: tuple[Voi, ...]
    findings: tuple[Finding, ...]


def propose_vois(
    cycle: Cycle,
    grid: VolumeGeometry | None = None,
    *,
    taken_names: Iterable[str] = (),
    progress: Progress = no_progress,
) -> VoiProposals:
    """Kidneys, liver, spleen and hot lesions of a cycle, from SPECT and CT of its reference visit.

    Parameters
    ----------
    cycle
        With images; scans aligned to the reference visit add their uptake.
    grid
        The declared grid of the cycle's VOIs; by default that of the reference CT.
    taken_names
        VOI names that new lesions must not get.

    Raises
    ------
    MissingDataError, InconsistentCaseError
        If the reference visit has no CT, or CT and SPECT show no common body with a spine.

    Notes
    -----
    What is not told with confidence is not proposed; a finding ``proposal-uncertain`` says why.
    """
    place = f"cycle {cycle.number}"
    progress(0.0, "Body and spine")
    coarse = scene_of(cycle, COARSE_MM)
    scene = scene_of(cycle, FINE_MM)
    rows = np.nonzero(scene.body)[1]
    doubts: list[str] = []
    masks: dict[str, Mask] = {}
    if float(np.median(scene.spine_row)) <= float(rows.mean()):
        doubts.append("nothing is proposed: the spine lies in front of the body's middle, so the orientation is wrong")
        return VoiProposals((), _findings(doubts, place))
    progress(0.2, "Kidneys")
    kidneys = found_kidneys(coarse, scene)
    doubts += kidneys.doubts
    progress(0.6, "Liver and spleen")
    both = np.zeros(scene.grid.shape, bool)
    for mask in kidneys.masks.values():
        both |= mask
    organs = found_organs(coarse, scene, both)
    doubts += organs.doubts
    if any("mirrored" in doubt for doubt in organs.doubts):
        doubts.append("nothing is proposed: left and right can't be trusted")
        return VoiProposals((), _findings(doubts, place))
    masks |= {f"kidney {side}": kidneys.masks[side] for side in SIDES if side in kidneys.masks}
    masks |= {str(name): mask for name, mask in organs.masks.items()}
    progress(0.8, "Lesions")
    lesions, lesion_doubts = found_lesions(scene, masks, kidneys.refused)
    doubts += lesion_doubts
    progress(0.9, "Outlines")
    reference = cycle.time_points[cycle.reference_time_point]
    ct = reference.ct
    target = grid or (ct.volume.geometry if ct is not None else reference.spect.volume.geometry)
    vois = [_voi(*_ROLES[name], mask, scene.grid, target) for name, mask in masks.items()]
    taken = set(taken_names)
    number = 0
    for mask in lesions:
        number = next(n for n in range(number + 1, number + len(taken) + 2) if f"Lesion {n}" not in taken)
        vois.append(_voi(f"Lesion {number}", "lesion", mask, scene.grid, target))
    progress(1.0, "VOIs are proposed")
    return VoiProposals(tuple(voi for voi in vois if not voi.mask.is_empty), _findings(doubts, place))


def _findings(doubts: Iterable[str], place: str) -> tuple[Finding, ...]:
    sentences = (doubt if doubt.endswith("?") else f"{doubt}." for doubt in dict.fromkeys(doubts))
    return tuple(Finding("proposal-uncertain", "warning", text[:1].upper() + text[1:], place) for text in sentences)


def _voi(name: str, role: Role, mask: Mask, grid: VolumeGeometry, target: VolumeGeometry) -> Voi:
    return Voi(f"proposed-{uuid.uuid4().hex}", name, role, mask_on(mask, grid, target), SOURCE, proposed=True)


def mask_on(mask: Mask, grid: VolumeGeometry, target: VolumeGeometry) -> VoiMask:
    """A mask of a working grid, its steps smoothed, on the declared grid."""
    spans = ndimage.find_objects(mask.astype(np.int8))[0]
    box = [slice(max(0, s.start - 3), min(n, s.stop + 3)) for s, n in zip(spans, mask.shape, strict=True)]
    smooth = ndimage.gaussian_filter(mask[tuple(box)].astype(np.float32), 0.6)
    corners = np.array(np.meshgrid(*[(b.start, b.stop - 1) for b in box], indexing="ij")).reshape(3, -1).T
    index = target.point_to_index(grid.index_to_point(corners))
    low = np.maximum(np.floor(index.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 1, target.shape)
    shape = tuple(int(n) for n in np.maximum(high - low, 0))
    if min(shape) == 0:
        return VoiMask(target, (0, 0, 0), np.zeros((0, 0, 0), np.uint8))
    basis = grid.point_to_index(
        target.index_to_point(low + np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], float))
    ) - [b.start for b in box]
    found = ndimage.affine_transform(smooth, (basis[1:] - basis[0]).T, offset=basis[0], output_shape=shape, order=1)
    whole = np.zeros(target.shape, bool)
    whole[tuple(slice(a, a + n) for a, n in zip(low, shape, strict=True))] = found > 0.5
    return VoiMask.from_array(target, whole)
