"""Places and shapes of VOIs on single scans that the case file states, put where they belong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dosimetry_core.case import Cycle, StatedVoiOnScan
from dosimetry_core.dicom.spatial_registration import rigid_of_matrix
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, raise_problems
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import TimePoint, VoiMotion
from dosimetry_core.scan_vois import mask_on_scan, with_motion, with_redrawn
from dosimetry_core.voi import Voi


def with_stated_vois_on_scans(cycle: Cycle) -> Cycle:
    """The aligned cycle with the places and shapes that its case file states; the very cycle if it states none.

    A VOI that is named as a shape stands for its scan only, and is no VOI of the cycle any more. A VOI that has a place
    or shape of its own on a scan already keeps it: the case was read before.

    Raises
    ------
    DosimetryError
        Every statement about a VOI, scan or shape that is not there, and two about the same.
    """
    if not cycle.stated_vois_on_scans:
        return cycle
    vois = {voi.name: voi for voi in cycle.vois}
    points = list(cycle.time_points)
    problems: list[DosimetryError] = []
    seen: set[tuple[str, int, str]] = set()
    # A new shape lies where it is drawn, so that shapes come before motions.
    numbered = sorted(enumerate(cycle.stated_vois_on_scans, start=1), key=lambda item: not item[1].shape)
    for number, stated in numbered:
        where = f"cycle {cycle.number}, voi_on_scan {number}"
        try:
            index, voi = _found(cycle, stated, vois, where)
            for what in _stated(stated):
                if (stated.voi, index, what) in seen:
                    raise InconsistentCaseError(
                        f"{stated.voi} has two {what}s on time point {stated.time_point}",
                        where=where,
                        remedy="keep one",
                    )
                seen.add((stated.voi, index, what))
            points[index] = _placed(points[index], cycle.time_points[index], voi, stated, vois, where)
        except DosimetryError as error:
            problems.append(error)
    raise_problems(problems)
    shapes = {stated.shape for stated in cycle.stated_vois_on_scans}
    return replace(cycle, time_points=tuple(points), vois=tuple(voi for voi in cycle.vois if voi.name not in shapes))


def _stated(stated: StatedVoiOnScan) -> tuple[str, ...]:
    """What is said of the VOI on that scan."""
    moves = bool(stated.shift_mm or stated.matrix_on_scan)
    return (*(("shape",) if stated.shape else ()), *(("place",) if moves else ()))


def _found(cycle: Cycle, stated: StatedVoiOnScan, vois: dict[str, Voi], where: str) -> tuple[int, Voi]:
    index = stated.time_point - 1
    if index >= len(cycle.time_points):
        raise InconsistentCaseError(
            f"there is no time point {stated.time_point}", where=where, remedy="correct its number, 1 = first"
        )
    if stated.voi not in vois:
        raise InconsistentCaseError(
            f"there is no VOI {stated.voi!r}", where=where, remedy=f"use one of {', '.join(sorted(vois))}"
        )
    return index, vois[stated.voi]


def _placed(
    point: TimePoint, before: TimePoint, voi: Voi, stated: StatedVoiOnScan, vois: dict[str, Voi], where: str
) -> TimePoint:
    if voi.voi_id in before.redrawn_vois or voi.voi_id in before.registration.voi_motions:
        return point
    if stated.shape:
        shape = vois.get(stated.shape)
        if shape is None or shape is voi:
            raise InconsistentCaseError(
                f"no other VOI is named {stated.shape!r}", where=where, remedy="name a VOI of the cycle's files"
            )
        point = with_redrawn(point, voi, shape.mask, stated.reason, by=stated.by)
    motion = _motion(point, stated, where)
    if motion is None:
        return point
    mask = mask_on_scan(voi, point)
    if mask.is_empty:
        raise InconsistentCaseError(f"{voi.name} is empty and can't be moved", where=where, remedy="draw it first")
    centre = point.registration.transform.apply(mask.centroid_mm())
    x, y, z = (float(value) for value in motion.apply(centre) - centre)
    moved = VoiMotion(motion, stated.method, (x, y, z), stated.standard_uncertainty_mm, stated.reason, stated.by)
    return with_motion(point, voi.voi_id, moved)


def _motion(point: TimePoint, stated: StatedVoiOnScan, where: str) -> RigidTransform | None:
    """In the patient system of the scan; None where the VOI only has another shape."""
    if stated.matrix_on_scan:
        return rigid_of_matrix(stated.matrix_on_scan, where=where)
    if not any(stated.shift_mm):
        return None
    return RigidTransform(np.eye(3), point.registration.transform.rotation @ np.array(stated.shift_mm))
