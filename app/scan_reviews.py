"""Each VOI on each scan: how it lies there, how much it differs, whether somebody looked; and what to look at next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.curves_shown import measured_nuclide
from app.scan_words import is_aligned
from app.session import Session
from dosimetry_core.case import Cycle
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.image import TimePoint
from dosimetry_core.quantification.redrawn import SPREAD_REMARKABLE
from dosimetry_core.results import VoiResult
from dosimetry_core.scan_vois import displacement_on_scan_mm, mask_on_scan, review_on
from dosimetry_core.voi import Voi, VoiMask

Placing = Literal["reference", "propagated", "shifted", "redrawn", "not registered"]
REMARKABLE_SHIFT_MM = 5.0
"""A shift that weighs as much as a spread of 10 %: as the finding on displaced uptake has it."""


@dataclass(frozen=True)
class VoiOnScan:
    """One VOI on one scan.

    Parameters
    ----------
    time_point
        Index of the scan.
    placing
        How it came there.
    volume_ml
        Inside which its activity was measured there, without the VOIs inside it; as drawn, where it was edited since.
    volume_change
        Of its mask there, relative to the reference.
    shift_mm
        From where the registration puts the reference's centre; of a kidney that was not moved, to its uptake.
    nuclide, activity_bq, activity_change
        Measured there, and relative to the fitted curve; None while not computed.
    reviewed_by
        Who looked at it as it lies; empty if nobody did.
    """

    voi_id: str
    time_point: int
    placing: Placing
    volume_ml: float
    volume_change: float
    shift_mm: float
    nuclide: str | None
    activity_bq: float | None
    activity_change: float | None
    reviewed_by: str

    @property
    def stands_out(self) -> bool:
        """Whether volume or activity is more than 10 % off."""
        return max(abs(self.volume_change), abs(self.activity_change or 0.0)) > SPREAD_REMARKABLE

    @property
    def weight(self) -> float:
        """How much it needs eyes: the largest of its changes over what is remarkable."""
        shares = (
            abs(self.volume_change) / SPREAD_REMARKABLE,
            self.shift_mm / REMARKABLE_SHIFT_MM,
            abs(self.activity_change or 0.0) / SPREAD_REMARKABLE,
        )
        return max(shares)

    def words(self) -> str:
        """State in words."""
        return f"{self.placing}, " + (f"reviewed by {self.reviewed_by}" if self.reviewed_by else "not reviewed")


def placing_of(cycle: Cycle, index: int, voi: Voi) -> Placing:
    """How a VOI came to where it lies on a scan."""
    point = cycle.time_points[index]
    if not is_aligned(cycle, point):
        return "not registered"
    if voi.voi_id in point.redrawn_vois:
        return "redrawn"
    if voi.voi_id in point.registration.voi_motions:
        return "shifted"
    return "reference" if index == cycle.reference_time_point else "propagated"


def voi_on_scans(cycle: Cycle, voi: Voi, results: CycleResult | None) -> tuple[VoiOnScan, ...]:
    """A VOI on all scans of its cycle, with the numbers of the newest results."""
    result = results.vois.get(voi.name) if results is not None else None
    return tuple(_on_scan(cycle, index, voi, results, result) for index in range(len(cycle.time_points)))


def _on_scan(cycle: Cycle, index: int, voi: Voi, results: CycleResult | None, result: VoiResult | None) -> VoiOnScan:
    point = cycle.time_points[index]
    drawn = mask_on_scan(voi, point)
    nuclide, activity, change = _activity(result, index)
    review = review_on(point, voi)
    return VoiOnScan(
        voi.voi_id,
        index,
        placing_of(cycle, index, voi),
        _volume_ml(drawn, index, results, result),
        drawn.volume_ml / voi.mask.volume_ml - 1 if voi.mask.volume_ml > 0 else 0.0,
        _shift_mm(voi, point, index, results),
        nuclide,
        activity,
        change,
        review.reviewed_by if review is not None else "",
    )


def _volume_ml(drawn: VoiMask, index: int, results: CycleResult | None, result: VoiResult | None) -> float:
    """Volume inside which the activity was measured; as drawn, where it was edited since."""
    scans = results.measurement.time_points if results is not None and results.measurement is not None else ()
    if result is None or index >= min(len(scans), len(result.volume_by_time_point_ml)):
        return drawn.volume_ml
    measured = mask_on_scan(result.voi, scans[index].time_point)
    return result.volume_by_time_point_ml[index] if measured is drawn else drawn.volume_ml


def _activity(result: VoiResult | None, index: int) -> tuple[str | None, float | None, float | None]:
    nuclide = measured_nuclide(result) if result is not None else None
    curve = result.curves.get(nuclide) if result is not None and nuclide is not None else None
    if result is None or nuclide is None or curve is None or index >= curve.activity_bq.size:
        return None, None, None
    measured, fit = float(curve.activity_bq[index]), result.fits.get(nuclide)
    fitted = 0.0 if fit is None else float(fit.activity_bq(curve.times_s[index : index + 1])[0])
    return nuclide, measured, measured / fitted - 1 if fitted > 0 else None


def _shift_mm(voi: Voi, point: TimePoint, index: int, results: CycleResult | None) -> float:
    if voi.mask.is_empty or mask_on_scan(voi, point).is_empty:
        return 0.0
    away = float(np.linalg.norm(displacement_on_scan_mm(voi, point)))
    measurement = results.measurement if results is not None else None
    if away > 0 or measurement is None or index >= len(measurement.time_points):
        return away
    position = measurement.time_points[index].positions.get(voi.voi_id)
    return 0.0 if position is None else position.distance_mm


def reviewed_count(cycle: Cycle, voi: Voi) -> int:
    """On how many scans somebody looked at a VOI as it lies."""
    return sum(review_on(point, voi) is not None for point in cycle.time_points)


def open_reviews(session: Session) -> tuple[VoiOnScan, ...]:
    """What nobody looked at in the cycle in view, what differs most first; else in the order of VOIs and scans.

    Without scans that are not aligned: what lies there is not known yet.
    """
    cycle = session.cycle
    if cycle is None:
        return ()
    found = [
        one
        for voi in cycle.vois
        if not voi.mask.is_empty
        for one in voi_on_scans(cycle, voi, session.cycle_result)
        if not one.reviewed_by and one.placing != "not registered"
    ]
    return tuple(sorted(found, key=lambda one: -round(one.weight, 3)))
