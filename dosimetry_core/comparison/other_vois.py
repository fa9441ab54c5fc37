"""VOIs of another system (structure set, segmentation) beside this program's: overlap, distances, and the dose in both.

Both are asked on this program's dose map, so that what differs is the outline alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from dosimetry_core.case import Cycle
from dosimetry_core.comparison.dose_maps import sum_of, voxel_doses_of
from dosimetry_core.comparison.mask_agreement import MaskAgreement, common_volume_ml, mask_agreement
from dosimetry_core.dicom.region import on_grid, outside_finding
from dosimetry_core.dicom.vois import VoiReading
from dosimetry_core.dose.dose_volume import DoseVolume, dose_volume
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError, MissingDataError
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.exclusive_vois import exclusive_masks
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.pipeline.voxel_doses import CycleVoxelDoses
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.voi import Role, Voi, VoiMask
from dosimetry_core.voi_sampling import coverage_on_grid

MatchedBy = Literal["name", "organ", "overlap"]
_ONE_OF_ITS_KIND: Final[tuple[Role, ...]] = (
    "kidney_left",
    "kidney_right",
    "kidneys",
    "liver",
    "spleen",
    "red_marrow",
    "whole_body",
    "remainder",
)
_LEAST_INSIDE: Final = 0.999
"""Part of an outline's volume that must lie inside the dose map, if its dose is to be told."""


@dataclass(frozen=True, eq=False)
class VoiPair:
    """One of our VOIs and the other system's outline of the same.

    ``own_dose`` and ``other_dose`` are None where there is no dose map, or where the outline reaches beyond it.
    """

    name: str
    other_name: str
    matched_by: MatchedBy
    agreement: MaskAgreement
    own_dose: DoseVolume | None = None
    other_dose: DoseVolume | None = None

    @property
    def mean_dose_difference(self) -> float | None:
        """(other − own)/own of the mean doses; None where one is not known or the own is 0."""
        if self.own_dose is None or self.other_dose is None or not self.own_dose.mean_gy > 0:
            return None
        return (self.other_dose.mean_gy - self.own_dose.mean_gy) / self.own_dose.mean_gy


@dataclass(frozen=True, eq=False)
class VoiSetComparison:
    """All VOIs of a file beside those of a cycle.

    Parameters
    ----------
    own_only, other_only
        VOIs that have no counterpart.
    placed_by
        Number of the scan whose registration the file's VOIs were placed by; None if they lie on the reference scan.
    without_dose
        Why no doses stand with them; empty if they do.
    """

    cycle: int
    nuclide: str | None
    pairs: FrozenMap[str, VoiPair]
    own_only: tuple[str, ...]
    other_only: tuple[str, ...]
    placed_by: int | None
    without_dose: str
    findings: tuple[Finding, ...]


def compare_vois(
    result: CycleResult,
    reading: VoiReading,
    *,
    where: str,
    nuclide: str | None = None,
    progress: Progress = no_progress,
) -> VoiSetComparison:
    """Hold another system's VOIs against those of a cycle.

    Parameters
    ----------
    reading
        As `dicom.vois.read_vois` reads the file with the cycle's time points.
    nuclide
        Whose dose is asked in both; None for all together.

    Raises
    ------
    MissingDataError
        If the cycle has no VOIs, or no dose map of the nuclide.
    InconsistentCaseError
        If the file's VOIs lie on a scan that is not registered.
    """
    cycle = result.cycle
    drawn = [voi for voi in cycle.vois if not voi.mask.is_empty]
    if not drawn:
        raise MissingDataError("has no VOIs to compare with", where=f"cycle {cycle.number}", remedy="draw them first")
    others, placed_by, findings = _placed(reading, cycle, drawn[0].mask.geometry, where)
    matches = _matches(drawn, others)
    others = [_with_role(voi, matches, drawn) for voi in others]
    doses, without = _doses(result)
    if doses is not None and nuclide is not None and nuclide not in doses.maps:
        raise MissingDataError(
            f"the cycle has no dose map of {nuclide}", where=where, remedy=f"choose {', '.join(doses.maps)}"
        )
    in_maps = _InMaps.of(doses, others, nuclide) if doses is not None else None
    by_name = {voi.name: voi for voi in others}
    pairs = {}
    for number, own in enumerate(drawn):
        if own.name not in matches:
            continue
        progress(number / len(drawn), f"Comparing {own.name}")
        other_name, matched_by = matches[own.name]
        other = by_name[other_name]
        both = in_maps.doses(own.name, other) if in_maps is not None else (None, None)
        pairs[own.name] = VoiPair(own.name, other_name, matched_by, mask_agreement(own.mask, other.mask), *both)
    taken = {pair.other_name for pair in pairs.values()}
    return VoiSetComparison(
        cycle.number,
        nuclide,
        FrozenMap(pairs),
        tuple(voi.name for voi in drawn if voi.name not in pairs),
        tuple(voi.name for voi in others if voi.name not in taken),
        placed_by,
        without,
        (*reading.findings, *findings),
    )


def _placed(
    reading: VoiReading, cycle: Cycle, grid: VolumeGeometry, where: str
) -> tuple[list[Voi], int | None, list[Finding]]:
    """The file's VOIs on our grid, the scan (from 1) whose registration put them there, and what was remarkable."""
    number = reading.reference_time_point
    found: list[Voi] = []
    findings: list[Finding] = []
    if number == cycle.reference_time_point:
        motion = None
    else:
        registration = cycle.time_points[number].registration
        if registration.method == "none":
            raise InconsistentCaseError(
                f"lies on scan {number + 1}, which is not registered",
                where=where,
                remedy="register the scan, or draw the VOIs on the reference scan in the other system",
            )
        motion = registration.transform.inverse()
    for voi in reading.vois:
        if motion is None:
            mask, remarks = on_grid(voi.mask, grid, place=f"{where}, {voi.name}")
            findings += remarks
        else:
            mask, share_outside = _moved(voi.mask, motion, grid)
            volume_ml = voi.mask.volume_ml
            findings += outside_finding(volume_ml, volume_ml * (1 - share_outside), f"{where}, {voi.name}")
        if mask.is_empty:
            findings.append(Finding("voi-outside-image", "warning", "lies outside the grid of the VOIs", voi.name))
        else:
            found.append(replace(voi, mask=mask))
    return found, None if motion is None else number + 1, findings


def _moved(mask: VoiMask, motion: RigidTransform, grid: VolumeGeometry) -> tuple[VoiMask, float]:
    """A mask after a motion on another grid, and the share of its volume that lies outside that."""
    covered = coverage_on_grid(mask, motion, grid)
    if covered.fraction.size == 0:
        return VoiMask(grid, (0, 0, 0), covered.fraction.astype("uint8")), covered.fraction_outside
    a, b, c = covered.fraction.shape
    box = VoiMask.from_array(grid.cropped(covered.start, (a, b, c)), covered.fraction)
    start = [first + inner for first, inner in zip(covered.start, box.start, strict=True)]
    return VoiMask(grid, (start[0], start[1], start[2]), box.coverage), covered.fraction_outside


def _matches(own: Sequence[Voi], others: Sequence[Voi]) -> dict[str, tuple[str, MatchedBy]]:
    """Our name → name in the file, and by what: the same name, the same single organ, or else most volume in common."""
    found: dict[str, tuple[str, MatchedBy]] = {}
    left = list(others)

    def take(voi: Voi, other: Voi, by: MatchedBy) -> None:
        found[voi.name] = (other.name, by)
        left.remove(other)

    for voi in own:
        same = [one for one in left if one.name.casefold() == voi.name.casefold()]
        if len(same) == 1:
            take(voi, same[0], "name")
    for voi in own:
        same = [one for one in left if one.role == voi.role]
        if voi.name not in found and voi.role in _ONE_OF_ITS_KIND and len(same) == 1:
            take(voi, same[0], "organ")
    open_ones = [voi for voi in own if voi.name not in found]
    overlaps = sorted(
        ((_dice(voi.mask, one.mask), number, voi, one) for voi in open_ones for number, one in enumerate(left)),
        key=lambda each: (-each[0], each[2].name, each[1]),
    )
    for dice, _number, voi, one in overlaps:
        if dice > 0 and voi.name not in found and one in left and not _are_other_organs(voi, one):
            take(voi, one, "overlap")
    return found


def _are_other_organs(own: Voi, other: Voi) -> bool:
    """Whether both are organs of which there is one, and not the same: a touching neighbour is no counterpart."""
    return own.role != other.role and own.role in _ONE_OF_ITS_KIND and other.role in _ONE_OF_ITS_KIND


def _dice(own: VoiMask, other: VoiMask) -> float:
    return 2 * common_volume_ml(own, other) / (own.volume_ml + other.volume_ml)


def _with_role(other: Voi, matches: Mapping[str, tuple[str, MatchedBy]], own: Sequence[Voi]) -> Voi:
    """The outline with the role of ours that it was matched with: what is enclosed in what follows from roles."""
    return next((replace(other, role=voi.role) for voi in own if matches.get(voi.name, ("",))[0] == other.name), other)


def _doses(result: CycleResult) -> tuple[CycleVoxelDoses | None, str]:
    try:
        return voxel_doses_of(result), ""
    except DosimetryError as error:
        return None, error.line()


@dataclass(frozen=True, eq=False)
class _InMaps:
    """What both outlines receive on our map; the other system's as ours without the VOIs that lie inside them."""

    doses_of_cycle: CycleVoxelDoses
    names: list[str]
    exclusive: Mapping[str, VoiMask]

    @staticmethod
    def of(doses: CycleVoxelDoses, others: Sequence[Voi], nuclide: str | None) -> _InMaps:
        names = list(doses.maps) if nuclide is None else [nuclide]
        return _InMaps(doses, names, exclusive_masks(others).masks)

    def doses(self, own_name: str, other: Voi) -> tuple[DoseVolume | None, DoseVolume | None]:
        known = self.doses_of_cycle.vois.get(own_name)
        mask = self.exclusive[other.voi_id]
        if known is None or mask.is_empty:
            return None, None
        grid, values = self.doses_of_cycle.curve_maps.grid, sum_of(self.doses_of_cycle, self.names)
        fine = known.fine
        coverage = fine.region.block_sum(fine.region.inside).astype("float64") / fine.region.parts**3
        size = grid.voxel_volume_ml
        own = dose_volume(values[fine.box], coverage, voxel_volume_ml=size, where=own_name)
        theirs = coverage_on_grid(mask, fine.transform, grid)
        if 1 - theirs.fraction_outside < _LEAST_INSIDE:
            return own, None
        return own, dose_volume(values[theirs.slices], theirs.fraction, voxel_volume_ml=size, where=other.name)
