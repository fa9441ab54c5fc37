"""One VOI on all scans: propagated by each registration, shifted or drawn anew on single ones, reviewed on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike

from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import FloatArray, RigidTransform, VolumeGeometry
from dosimetry_core.image import TimePoint, VoiMotion
from dosimetry_core.units import PERCENT
from dosimetry_core.voi import Voi, VoiMask
from dosimetry_core.voi_on_scan import VoiRedrawn, VoiReview
from dosimetry_core.voi_sampling import coverage_on_grid

_LOST_SHARE = 1e-3
"""Share of a VOI that may leave the declared grid by rounding at its rim."""
_SMALLEST_SHIFT_MM = 1e-3


def mask_on_scan(voi: Voi, point: TimePoint) -> VoiMask:
    """The mask that a VOI has on a scan: drawn anew there, else the VOI's own; a motion of its own comes on top."""
    redrawn = point.redrawn_vois.get(voi.voi_id)
    return voi.mask if redrawn is None else redrawn.mask


def vois_on_scan(vois: Sequence[Voi], point: TimePoint) -> tuple[Voi, ...]:
    """VOIs with the masks they have on a scan; the very objects where nothing was drawn anew."""
    return tuple(voi if voi.voi_id not in point.redrawn_vois else _redrawn(voi, point) for voi in vois)


def _redrawn(voi: Voi, point: TimePoint) -> Voi:
    return replace(voi, mask=mask_on_scan(voi, point))


def motion_on_reference(point: TimePoint, voi_id: str) -> RigidTransform | None:
    """The VOI's own motion on a scan as it is seen on the reference grid; None if it has none."""
    moved = point.registration.voi_motions.get(voi_id)
    if moved is None:
        return None
    transform = point.registration.transform
    return transform.inverse().after(moved.motion.after(transform))


def placed_mask(voi: Voi, point: TimePoint) -> VoiMask:
    """Where a VOI lies on a scan, as a mask on its declared grid; the very mask where it has no motion of its own.

    Raises
    ------
    InconsistentCaseError
        If a part of it would leave the grid.
    """
    mask, motion = mask_on_scan(voi, point), motion_on_reference(point, voi.voi_id)
    if motion is None or mask.is_empty:
        return mask
    placed, outside = mask_moved_to(mask, motion, mask.geometry)
    if outside > _LOST_SHARE:
        raise InconsistentCaseError(
            f"{PERCENT.text(outside)} of {voi.name} would leave the grid on which VOIs are drawn",
            where=voi.name,
            remedy="shift it less",
        )
    return placed


def mask_moved_to(mask: VoiMask, transform: RigidTransform, grid: VolumeGeometry) -> tuple[VoiMask, float]:
    """A mask on a grid after a motion, and the share of its volume that lies outside.

    Parameters
    ----------
    transform
        From a patient point of the mask's grid to the point on the other.
    """
    covered = coverage_on_grid(mask, transform, grid)
    shape = covered.fraction.shape
    if not covered.fraction.size:
        return VoiMask(grid, (0, 0, 0), np.zeros((0, 0, 0), np.uint8)), covered.fraction_outside
    part = VoiMask.from_array(grid.cropped(covered.start, (shape[0], shape[1], shape[2])), covered.fraction)
    start = tuple(a + b for a, b in zip(covered.start, part.start, strict=True))
    return VoiMask(grid, (start[0], start[1], start[2]), part.coverage), covered.fraction_outside


def with_shift(point: TimePoint, voi: Voi, shift_mm: ArrayLike, reason: str, *, by: str = "") -> TimePoint:
    """The scan with a VOI shifted further on it by hand.

    Parameters
    ----------
    shift_mm
        (x, y, z) where the VOI is shown, in the patient system of the reference.
    reason
        Why; kept with the motion.

    Raises
    ------
    ValueError
        If the VOI is empty.
    MissingDataError
        Without a reason.
    """
    shift = np.asarray(shift_mm, dtype=np.float64)
    if not shift.any():
        return point
    _need_reason(reason, voi)
    registration = point.registration
    transform, held = registration.transform, registration.voi_motions.get(voi.voi_id)
    before = RigidTransform.identity() if held is None else held.motion
    moved = RigidTransform(np.eye(3), transform.rotation @ shift).after(before)
    centre = transform.apply(mask_on_scan(voi, point).centroid_mm())
    x, y, z = (float(value) for value in moved.apply(centre) - centre)
    if moved.angle_rad == 0 and np.linalg.norm((x, y, z)) < _SMALLEST_SHIFT_MM:
        return with_motion(point, voi.voi_id, None)
    return with_motion(point, voi.voi_id, VoiMotion(moved, "manual", (x, y, z), None, reason.strip(), by))


def with_motion(point: TimePoint, voi_id: str, motion: VoiMotion | None) -> TimePoint:
    """The scan with a VOI's own motion set, or taken away; the registration itself stays as confirmed."""
    motions = {key: moved for key, moved in point.registration.voi_motions.items() if key != voi_id}
    if motion is not None:
        motions[voi_id] = motion
    return replace(point, registration=replace(point.registration, voi_motions=FrozenMap(motions)))


def with_redrawn(point: TimePoint, voi: Voi, mask: VoiMask, reason: str, *, by: str = "") -> TimePoint:
    """The scan with a mask of its own for a VOI, which then lies where it is drawn.

    Raises
    ------
    MissingDataError
        Without a reason.
    InconsistentCaseError
        If the mask is on another grid than the VOI.
    """
    _need_reason(reason, voi)
    if not mask.geometry.is_same_grid(voi.mask.geometry):
        raise InconsistentCaseError("the new shape is on another grid", where=voi.name, remedy="draw it on this cycle")
    redrawn = dict(point.redrawn_vois) | {voi.voi_id: VoiRedrawn(mask, reason.strip(), by)}
    return replace(with_motion(point, voi.voi_id, None), redrawn_vois=FrozenMap(redrawn))


def as_propagated(point: TimePoint, voi_id: str) -> TimePoint:
    """The scan with a VOI following the registration again; the very same scan if it does."""
    if voi_id not in point.redrawn_vois and voi_id not in point.registration.voi_motions:
        return point
    redrawn = {key: kept for key, kept in point.redrawn_vois.items() if key != voi_id}
    return replace(with_motion(point, voi_id, None), redrawn_vois=FrozenMap(redrawn))


def _need_reason(reason: str, voi: Voi) -> None:
    if not reason.strip():
        raise MissingDataError(
            f"no reason is given why {voi.name} lies elsewhere on this scan",
            where=voi.name,
            remedy="type the reason; it is printed with the results",
        )


def with_review(point: TimePoint, voi: Voi, by: str, at: datetime) -> TimePoint:
    """The scan with a VOI reviewed on it as it lies there; the very same scan if it was already.

    Raises
    ------
    ValueError
        Without a name, or for an instant without a time zone.
    """
    if not by.strip() or at.tzinfo is None:
        raise ValueError("a review needs a name and an instant with a time zone")
    if review_on(point, voi) is not None:
        return point
    motion = point.registration.voi_motions.get(voi.voi_id)
    review = VoiReview(
        mask_on_scan(voi, point),
        point.registration.transform,
        None if motion is None else motion.motion,
        by.strip(),
        at,
    )
    return replace(point, voi_reviews=FrozenMap(dict(point.voi_reviews) | {voi.voi_id: review}))


def review_on(point: TimePoint, voi: Voi) -> VoiReview | None:
    """The review of a VOI on a scan that still holds; None if there is none, or the VOI lies elsewhere since."""
    review = point.voi_reviews.get(voi.voi_id)
    if review is None:
        return None
    moved = point.registration.voi_motions.get(voi.voi_id)
    motion = None if moved is None else moved.motion
    holds = (
        review.mask is mask_on_scan(voi, point)
        and review.transform is point.registration.transform
        and review.motion is motion
    )
    return review if holds else None


def displacement_on_scan_mm(voi: Voi, point: TimePoint) -> FloatArray:
    """How far a VOI's centre lies from where the registration alone puts that of the reference, patient axes there.

    Raises ValueError if either is empty.
    """
    transform, motion = point.registration.transform, point.registration.voi_motions.get(voi.voi_id)
    there = transform.apply(mask_on_scan(voi, point).centroid_mm())
    if motion is not None:
        there = motion.motion.apply(there)
    away: FloatArray = there - transform.apply(voi.mask.centroid_mm())
    return away
