"""Activity concentration in VOIs of one scan, corrected for the limited resolution by a geometric transfer matrix.

Each VOI is a region of unknown uniform concentration. What surrounds the VOIs may hold anything (bowel, renal pelvis,
gallbladder, a lesion nobody drew), so each voxel outside them is its own region, whose concentration follows from the
image at that voxel; eliminating those regions leaves a small matrix between the VOIs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.geometry import FloatArray, RigidTransform
from dosimetry_core.partial_volume.noise_sample import NoiseSample, noise_sample
from dosimetry_core.partial_volume.point_spread import Box, PointSpread, common_range
from dosimetry_core.partial_volume.sampled_voi import NEGLIGIBLE_OUTSIDE, SampledVoi, sampled_voi
from dosimetry_core.partial_volume.voi_terms import VoiTerms, dot_boxes
from dosimetry_core.voi import VoiMask

LARGEST_CONDITION_NUMBER = 50.0
"""Condition number of the transfer matrix beyond which it is not solved: an error of 1 % in the image could then become
50 % in a VOI. VOIs wider than about one full width at half maximum stay below 10."""
SMALLEST_RECOVERY = 0.04
"""A VOI that keeps less than this share of its own signal, what the background could explain not counted, is not
resolved: a sphere of about two thirds of a full width across. It is left out, so that the others can be solved."""
# Of a background voxel wedged between VOIs, at least this share of its image value must come from background before
# the value is divided by it.
_SMALLEST_BACKGROUND_SHARE = 0.15
# Coverage below this is rounding.
_NEGLIGIBLE = 1e-9


@dataclass(frozen=True, eq=False)
class RegionConcentrations:
    """Concentrations of the VOIs of one scan, in the order of ``voi_ids``.

    VOIs outside the field of view, and those too small for the resolution (`SMALLEST_RECOVERY`), are left out.

    Parameters
    ----------
    measured_bq_per_ml
        Means of the image in the VOIs, uncorrected.
    true_bq_per_ml
        Corrected for partial volume.
    background_bq_per_ml
        What the surroundings add to each measured mean.
    transfer_matrix
        w_ij: share of the image value in VOI i per concentration in VOI j; the background's share makes each row 1.
    width_sensitivity
        d ln T / d ln FWHM, of each VOI by itself.
    condition_number
        Of the matrix that was solved.
    """

    voi_ids: tuple[str, ...]
    measured_bq_per_ml: FloatArray
    true_bq_per_ml: FloatArray
    background_bq_per_ml: FloatArray
    transfer_matrix: FloatArray
    width_sensitivity: FloatArray
    condition_number: float


@dataclass(frozen=True, eq=False)
class ScanRegions:
    """The VOIs of one scan with everything that a change of one VOI need not compute again.

    Use `scan_regions` to make one and `updated` to follow an edit.

    Notes
    -----
    With χ_i the coverage of VOI i, B_i = g ∗ χ_i, the image y = Σ_j T_j B_j + g ∗ b and the background b outside all
    VOIs, the mean over VOI i gives Σ_j ⟨χ_i, B_j⟩ T_j = ⟨χ_i, y⟩ − ⟨B_i, b⟩ (geometric transfer matrix: Rousset et al.
    1998, J Nucl Med 39:904; Labbé et al. 1998). A background voxel sees b = c (y − Σ_j T_j B_j) with c its coverage
    by background over the blurred coverage by background, 1 − Σ_j B_j. Inserting b leaves for the VOIs alone

        (P − S) T = q,  P_ij = ⟨χ_i, B_j⟩,  S_ij = ⟨B_i, c B_j⟩,  q_i = ⟨χ_i, y⟩ − ⟨B_i, c y⟩.

    It is linear in the image, so noise does not bias it, and each term involves two VOIs at a time, so an edit of one
    changes only the terms near it.
    """

    image: FloatArray
    point_spread: PointSpread
    transform: RigidTransform
    vois: FrozenMap[str, SampledVoi]
    compensation: FrozenMap[str, Box]
    """c around each VOI, on the box of its blurred coverage."""
    overlaps: FloatArray
    """P, shape (VOIs, VOIs)."""
    compensations: FloatArray
    """S."""
    compensated: FloatArray
    """q."""
    covered_sums: FloatArray
    """⟨χ_i, y⟩."""
    noise_samples: FrozenMap[str, NoiseSample]
    """What the image says about its noise inside each VOI."""
    terms: FrozenMap[str, VoiTerms]
    """What each VOI and its surroundings say by themselves."""
    motions: FrozenMap[str, RigidTransform] = field(default_factory=FrozenMap)
    """VOIs with a motion of their own after the transform, by voi_id."""

    def updated(self, masks: Mapping[str, VoiMask]) -> ScanRegions:
        """The same scan with other masks; VOIs with the same mask object are taken over as they are."""
        if list(masks) == list(self.vois) and all(masks[k] is self.vois[k].mask for k in masks):
            return self
        vois: dict[str, SampledVoi] = {}
        touched: list[Box] = [old.blurred for key, old in self.vois.items() if key not in masks]
        for key, mask in masks.items():
            known = self.vois.get(key)
            if known is not None and known.mask is mask:
                vois[key] = known
                continue
            own = self.motions.get(key)
            placed = self.transform if own is None else own.after(self.transform)
            vois[key], changed = sampled_voi(mask, known, placed, self.point_spread)
            touched.append(changed)
        return self._with(vois, touched)

    def seen_in(self, image: FloatArray) -> ScanRegions:
        """The same VOIs on another image of the same grid."""
        if image.shape != self.point_spread.grid.shape:
            raise ValueError("the image has another grid")
        values = read_only(np.array(image, dtype=np.float64))
        sums = np.array([_dot(voi.coverage, values) for voi in self.vois.values()])
        taken = np.array([_dot(voi.blurred, values, self.compensation[key].values) for key, voi in self.vois.items()])
        return replace(
            self,
            image=values,
            covered_sums=read_only(sums),
            compensated=read_only(sums - taken),
            noise_samples=FrozenMap({k: noise_sample(values, v.coverage, v.blurred) for k, v in self.vois.items()}),
            terms=FrozenMap({key: replace(terms, image=values) for key, terms in self.terms.items()}),
        )

    def _with(self, vois: Mapping[str, SampledVoi], touched: list[Box]) -> ScanRegions:
        keys = list(vois)
        old_index = {key: i for i, key in enumerate(self.vois)}
        count = len(keys)
        overlaps, compensations = np.zeros((count, count)), np.zeros((count, count))
        compensated, sums = np.zeros(count), np.zeros(count)
        kept = [vois[k] is self.vois.get(k) for k in keys]
        reached, compensation = [], {}
        # Nothing was there before the first VOIs.
        parts = [box for box in touched if box.values.size] if self.compensation else []
        renewed = [_compensation(vois, box.start, box.stop) for box in parts]
        for key, is_kept in zip(keys, kept, strict=True):
            blurred, known = vois[key].blurred, self.compensation.get(key)
            if known is not None and (known.start, known.stop) == (blurred.start, blurred.stop):
                compensation[key], is_reached = _patched(known, blurred, renewed)
            else:
                compensation[key], is_reached = _compensation(vois, blurred.start, blurred.stop), True
            reached.append(is_reached or not is_kept)
        for i, first in enumerate(keys):
            a = vois[first]
            if kept[i]:
                sums[i] = self.covered_sums[old_index[first]]
            else:
                sums[i] = _dot(a.coverage, self.image)
            if kept[i] and not reached[i]:
                compensated[i] = self.compensated[old_index[first]]
            else:
                compensated[i] = sums[i] - _dot(a.blurred, self.image, compensation[first].values)
            for j, second in enumerate(keys[: i + 1]):
                b = vois[second]
                old = (old_index.get(first, -1), old_index.get(second, -1))
                if kept[i] and kept[j]:
                    overlaps[i, j], overlaps[j, i] = self.overlaps[old], self.overlaps[old[::-1]]
                else:
                    overlaps[i, j] = dot_boxes(a.coverage, b.blurred)
                    # Symmetric but where a VOI reaches beyond the field of view and is seen from there.
                    whole = a.fraction_outside + b.fraction_outside < NEGLIGIBLE_OUTSIDE
                    overlaps[j, i] = overlaps[i, j] if whole else dot_boxes(b.coverage, a.blurred)
                if kept[i] and kept[j] and not (reached[i] and reached[j]):
                    compensations[i, j] = self.compensations[old]
                else:
                    compensations[i, j] = dot_boxes(a.blurred, b.blurred, compensation[first])
                compensations[j, i] = compensations[i, j]
        terms = {
            key: self.terms[key]
            if kept[i] and not reached[i]
            else VoiTerms(vois[key], compensation[key], self.image, float(overlaps[i, i] - compensations[i, i]))
            for i, key in enumerate(keys)
        }
        return ScanRegions(
            self.image,
            self.point_spread,
            self.transform,
            FrozenMap(vois),
            FrozenMap(compensation),
            read_only(overlaps),
            read_only(compensations),
            read_only(compensated),
            read_only(sums),
            FrozenMap(
                {
                    key: self.noise_samples[key] if same else noise_sample(self.image, voi.coverage, voi.blurred)
                    for (key, voi), same in zip(vois.items(), kept, strict=True)
                }
            ),
            FrozenMap(terms),
            self.motions,
        )

    def concentrations(self, *, where: str = "") -> RegionConcentrations:
        """Solve for the true concentrations.

        Raises
        ------
        InconsistentCaseError
            If the transfer matrix is too ill-conditioned: VOIs in nearly the same place.
        """
        keys = list(self.vois)
        volumes = np.array([voi.covered_voxels for voi in self.vois.values()])
        own = self.overlaps.diagonal() - self.compensations.diagonal()
        pick = [i for i in range(len(keys)) if volumes[i] > _NEGLIGIBLE and own[i] >= SMALLEST_RECOVERY * volumes[i]]
        seen = [keys[i] for i in pick]
        volume = volumes[pick]
        overlaps = self.overlaps[np.ix_(pick, pick)]
        matrix = (overlaps - self.compensations[np.ix_(pick, pick)]) / volume[:, None]
        condition = float(np.linalg.cond(matrix)) if seen else 1.0
        if condition > LARGEST_CONDITION_NUMBER:
            raise InconsistentCaseError(
                f"the transfer matrix of the VOIs can't be solved reliably (condition number {condition:.0f}, limit "
                f"{LARGEST_CONDITION_NUMBER:.0f})",
                where=where,
                remedy="merge or remove VOIs that lie in the same place, or use a recovery curve",
            )
        true = np.linalg.solve(matrix, self.compensated[pick] / volume) if seen else np.zeros(0)
        measured = self.covered_sums[pick] / volume
        transfer = overlaps / volume[:, None]
        slopes = np.array([self.terms[key].width_slope for key in seen])
        return RegionConcentrations(
            tuple(seen),
            measured,
            true,
            measured - transfer @ true,
            transfer,
            -slopes / own[pick],
            condition,
        )

    def mean_bq_per_ml(self, voi_id: str) -> float:
        """Mean of the image in a VOI, uncorrected."""
        return float(self.covered_sums[list(self.vois).index(voi_id)]) / self.vois[voi_id].covered_voxels


def scan_regions(
    image: FloatArray,
    point_spread: PointSpread,
    transform: RigidTransform,
    masks: Mapping[str, VoiMask],
    motions: Mapping[str, RigidTransform] | None = None,
) -> ScanRegions:
    """Place exclusive VOIs on a scan.

    Parameters
    ----------
    image
        Bq/mL on the point spread's grid, shape (slice, row, column).
    transform
        From the VOIs' reference frame to the scan.
    masks
        voi_id → exclusive mask.
    motions
        voi_id → motion of this VOI in the scan's patient system, after the transform.
    """
    if image.shape != point_spread.grid.shape:
        raise ValueError("image and point spread have different grids")
    values = read_only(np.array(image, dtype=np.float64))
    none = np.zeros((0, 0))
    nothing = np.zeros(0)
    empty = ScanRegions(
        values,
        point_spread,
        transform,
        FrozenMap(),
        FrozenMap(),
        none,
        none,
        nothing,
        nothing,
        FrozenMap(),
        FrozenMap(),
        FrozenMap(motions or {}),
    )
    return empty.updated(masks)


def _compensation(vois: Mapping[str, SampledVoi], start: tuple[int, int, int], stop: tuple[int, int, int]) -> Box:
    """c in a part of the grid: coverage by background over its blurred coverage; 0 inside VOIs."""
    shape = [hi - lo for lo, hi in zip(start, stop, strict=True)]
    where = Box(start, np.empty(shape))
    background, blurred = np.ones(shape), np.ones(shape)
    for voi in vois.values():
        for target, box in ((background, voi.coverage), (blurred, voi.blurred)):
            shared = common_range(box, where)
            if shared is not None:
                target[where.index_of(*shared)] -= box.within(*shared)
    background[background < _NEGLIGIBLE] = 0.0
    return Box(start, background / np.maximum(blurred, _SMALLEST_BACKGROUND_SHARE))


def _patched(compensation: Box, blurred: Box, renewed: Sequence[Box]) -> tuple[Box, bool]:
    """c around a VOI whose box is the same, and whether it changed anywhere where the VOI is seen.

    Boxes of large organs meet edits far away from the organ; c then changes only where all sums have zeros.

    Parameters
    ----------
    renewed
        c where it is new.
    """
    parts = [(shared, part) for part in renewed if (shared := common_range(compensation, part)) is not None]
    if not parts:
        return compensation, False
    values, is_reached = np.array(compensation.values), False
    for shared, part in parts:
        place, new = compensation.index_of(*shared), part.within(*shared)
        is_reached = is_reached or bool(((new != values[place]) & (blurred.within(*shared) != 0)).any())
        values[place] = new
    return Box(compensation.start, values), is_reached


def _dot(box: Box, image: FloatArray, weights: FloatArray | None = None) -> float:
    product = box.values * image[box.slices]
    if weights is not None:
        product *= weights
    return float(product.sum())
