"""Kidneys that lie elsewhere in a SPECT than their VOIs: breathing between SPECT and CT, seen on every scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dosimetry_core.case import Cycle
from dosimetry_core.errors import Finding
from dosimetry_core.exclusive_vois import exclusive_masks
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import FloatArray
from dosimetry_core.image import TimePoint
from dosimetry_core.partial_volume.point_spread import PointSpread, common_range
from dosimetry_core.partial_volume.sampled_voi import SampledVoi
from dosimetry_core.partial_volume.transfer_matrix import ScanRegions, scan_regions
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.quantification.findings import KIDNEY_ROLES, ORGAN_ROLES
from dosimetry_core.quantification.measurement import Positions, TimePointMeasurement
from dosimetry_core.registration.uptake_position import UptakePosition, uptake_position
from dosimetry_core.units import MILLIMETRE

DISPLACEMENT_REMARKABLE_MM = 5.0
"""Distance of a kidney's uptake from its VOI beyond which a finding is raised: breathing between SPECT and CT makes 5
to 10 mm, and 5 mm cost a kidney several per cent (methods 1.5b: 1.5 mm cost 1 %)."""
_SIGNIFICANT = 2.0
# Below this a direction isn't worth a word.
_SMALLEST_NAMED_MM = 0.5
_DIRECTIONS = (("left", "right"), ("back", "front"), ("head", "feet"))


@dataclass(frozen=True)
class KidneyPositions:
    """Position of the uptake of each kidney VOI on a scan, by voi_id; None where the image can't tell.

    ``pending``: VOIs that were edited since, whose positions are those of before the edit.
    """

    found: FrozenMap[str, UptakePosition | None]
    pending: frozenset[str] = frozenset()


def kidney_positions(
    cycle: Cycle, regions: ScanRegions, old: TimePointMeasurement | None, *, positions: Positions = "computed"
) -> KidneyPositions:
    """Position of the uptake of each kidney VOI on a scan.

    Taken over from ``old``, a measurement of the same scan, for VOIs that nothing near them has changed; for others,
    too, where positions are held.
    """
    found: dict[str, UptakePosition | None] = {}
    pending = set()
    kidneys = {voi.voi_id for voi in cycle.vois if voi.role in KIDNEY_ROLES}
    for key, voi in regions.vois.items():
        if key not in kidneys:
            continue
        near = _near(regions, voi)
        if old is not None and key in old.positions and old.regions.image is regions.image:
            before = old.regions.vois.get(key)
            same = before is voi and _same(_near(old.regions, voi), near) and key not in old.positions_pending
            if same or positions == "held":
                found[key] = old.positions[key]
                if not same:
                    pending.add(key)
                continue
        others = [other.blurred for other in near if other is not voi]
        found[key] = uptake_position(regions.image, regions.point_spread.grid, voi.blurred, others)
    return KidneyPositions(FrozenMap(found), frozenset(pending))


def _near(regions: ScanRegions, voi: SampledVoi) -> list[SampledVoi]:
    return [other for other in regions.vois.values() if common_range(other.blurred, voi.blurred) is not None]


def _same(one: list[SampledVoi], other: list[SampledVoi]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def displacement_words(displacement_mm: FloatArray | tuple[float, float, float]) -> str:
    """A displacement in the patient's directions: ``"8.0 mm to the feet, 1.2 mm to the left"``."""
    parts = []
    for value, (ahead, behind) in zip(displacement_mm, _DIRECTIONS, strict=True):
        if abs(value) >= _SMALLEST_NAMED_MM:
            parts.append(
                (abs(float(value)), f"{MILLIMETRE.text(abs(float(value)))} to the {ahead if value > 0 else behind}")
            )
    return ", ".join(text for _, text in sorted(parts, reverse=True)) or "no direction above 0.5 mm"


def position_findings(
    cycle: Cycle, time_point: TimePoint, positions: FrozenMap[str, UptakePosition | None], place: str
) -> tuple[Finding, ...]:
    """Kidneys displaced on a scan, and VOIs that were moved on it."""
    names = {voi.voi_id: voi.name for voi in cycle.vois}
    findings = []
    expected = MILLIMETRE.text(DISPLACEMENT_REMARKABLE_MM)
    for key, position in positions.items():
        if position is None:
            continue
        distance = position.distance_mm
        if distance >= DISPLACEMENT_REMARKABLE_MM and distance >= _SIGNIFICANT * position.standard_uncertainty_mm:
            findings.append(
                Finding(
                    "uptake-displaced",
                    "warning",
                    f"The uptake of {names[key]} lies {MILLIMETRE.text(distance)} from its VOI on this scan: "
                    f"{displacement_words(position.displacement_mm)} (up to {expected} is expected); breathing between "
                    "SPECT and CT, or alignment. Refine its position in the align step.",
                    f"{place}, {names[key]}",
                )
            )
    for key, moved in time_point.registration.voi_motions.items():
        if key in names:
            findings.append(
                Finding(
                    "voi-moved",
                    "info",
                    f"{names[key]} was moved by itself on this scan: {displacement_words(moved.displacement_mm)} "
                    f"({moved.method}{f', {moved.moved_by}' if moved.moved_by else ''})."
                    f"{f' Reason: {moved.reason}' if moved.reason else ''}",
                    f"{place}, {names[key]}",
                )
            )
    return tuple(findings)


def organ_positions(
    cycle: Cycle, index: int, *, turning: bool = False, progress: Progress = no_progress
) -> dict[str, UptakePosition | None]:
    """Where the uptake of kidneys, liver and spleen lies on one scan against where its registration puts their VOIs.

    Parameters
    ----------
    index
        Of the time point. Motions that VOIs already have of their own are not counted: the positions take their place.
    turning
        Whether organs may turn as well.

    Returns
    -------
    dict
        By voi_id; None where the image can't tell.
    """
    point = cycle.time_points[index]
    exclusive = exclusive_masks(cycle.vois, place=f"cycle {cycle.number}")
    masks = {key: mask for key, mask in exclusive.masks.items() if key not in exclusive.containers}
    grid = point.spect.volume.geometry
    width = cycle.calibration.point_spread_fwhm_mm
    spread = PointSpread.none(grid) if width is None else PointSpread.on_grid(grid, width)
    progress(0.1, "Placing the VOIs on the scan")
    image = np.asarray(point.spect.volume.values, dtype=np.float64)
    regions = scan_regions(image, spread, point.registration.transform, masks)
    asked = [voi for voi in cycle.vois if voi.role in ORGAN_ROLES and voi.voi_id in regions.vois]
    found: dict[str, UptakePosition | None] = {}
    for number, voi in enumerate(asked):
        progress(0.3 + 0.7 * number / len(asked), f"Finding {voi.name}")
        own = regions.vois[voi.voi_id]
        others = [other.blurred for key, other in regions.vois.items() if key != voi.voi_id]
        found[voi.voi_id] = uptake_position(regions.image, grid, own.blurred, others, turning=turning)
    progress(1.0, "Found")
    return found
