"""VOIs that have a shape of their own on one scan, and whether somebody looked at VOIs on every scan."""

from __future__ import annotations

from dosimetry_core.case import Cycle
from dosimetry_core.errors import Finding, InconsistentCaseError
from dosimetry_core.exclusive_vois import ExclusiveVois, exclusive_masks
from dosimetry_core.image import TimePoint
from dosimetry_core.quantification.measurement import TimePointMeasurement
from dosimetry_core.scan_vois import review_on, vois_on_scan
from dosimetry_core.units import MILLILITRE, PERCENT

SPREAD_REMARKABLE = 0.10
"""Relative change of a VOI's volume between scans beyond which it stands out (gui.md C, step 4)."""


def exclusive_on_scan(
    cycle: Cycle, time_point: TimePoint, exclusive: ExclusiveVois, old: TimePointMeasurement | None, place: str
) -> ExclusiveVois | None:
    """VOIs without common volume as they are on one scan; None where none was drawn anew on it.

    Raises
    ------
    InconsistentCaseError
        If a VOI that holds others was drawn anew, or one of the new shapes holds an organ.
    """
    redrawn = [voi for voi in cycle.vois if voi.voi_id in time_point.redrawn_vois]
    if not redrawn:
        return None
    holding = [voi.name for voi in redrawn if voi.voi_id in exclusive.containers]
    before = old.own_exclusive if old is not None and old.own_exclusive is not None else exclusive
    own = exclusive_masks(vois_on_scan(cycle.vois, time_point), previous=before, place=place)
    names = {voi.voi_id: voi.name for voi in cycle.vois}
    holding += [names[key] for key in sorted(own.containers - exclusive.containers)]
    if holding:
        raise InconsistentCaseError(
            f"{', '.join(holding)}: a VOI that holds other organs can't have a shape of its own on one scan",
            where=place,
            remedy="let it follow the registration, or draw it so that it holds lesions only",
        )
    return own


def redrawn_findings(cycle: Cycle, time_point: TimePoint, own: ExclusiveVois | None, place: str) -> tuple[Finding, ...]:
    """VOIs drawn anew on a scan, each with its volumes and the reason; overlaps that they make there."""
    if own is None:
        return ()
    found = []
    for voi in cycle.vois:
        redrawn = time_point.redrawn_vois.get(voi.voi_id)
        if redrawn is None:
            continue
        volume, reference = redrawn.mask.volume_ml, voi.mask.volume_ml
        change = volume / reference - 1 if reference > 0 else float("inf")
        share = f" ({'+' if change > 0 else ''}{PERCENT.text(change)})" if reference > 0 else ""
        found.append(
            Finding(
                "voi-redrawn",
                "warning" if abs(change) > SPREAD_REMARKABLE else "info",
                f"{voi.name} was drawn anew on this scan{f' by {redrawn.drawn_by}' if redrawn.drawn_by else ''}: "
                f"{MILLILITRE.text(volume)} instead of {MILLILITRE.text(reference)}{share}. Its activity there is that "
                f"inside the new shape; its mass stays that of the reference. Reason: {redrawn.reason}",
                f"{place}, {voi.name}",
            )
        )
    return (*found, *own.findings)


def review_findings(cycle: Cycle, place: str) -> list[Finding]:
    """VOIs that nobody looked at on some scan, in a cycle where scans are looked at one by one, or shapes changed."""
    points = cycle.time_points
    touched = any(
        point.redrawn_vois or any(moved.method == "manual" for moved in point.registration.voi_motions.values())
        for point in points
    )
    if not touched and not any(point.voi_reviews for point in points):
        return []
    open_ones = []
    for voi in cycle.vois:
        numbers = [str(n) for n, point in enumerate(points, start=1) if review_on(point, voi) is None]
        if numbers:
            open_ones.append(f"{voi.name} (time point{'s' if len(numbers) > 1 else ''} {', '.join(numbers)})")
    if not open_ones:
        return []
    text = f"Not reviewed as it lies on the scan: {'; '.join(open_ones)}."
    return [Finding("voi-not-reviewed", "warning", text, place)]
