"""VOIs of one cycle as a start for another: carried over by the alignment of both reference CTs, to be reviewed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dosimetry_core.case import Cycle
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.image import ImageSeries, Registration
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.registration import register_rigid_ct
from dosimetry_core.scan_vois import mask_moved_to
from dosimetry_core.units import MILLIMETRE, PERCENT
from dosimetry_core.voi import Role, Voi

LARGEST_SHARE_OUTSIDE = 0.01
"""Of a VOI's volume: what leaves the other grid by more would be another organ."""
_ONCE: tuple[Role, ...] = ("kidney_left", "kidney_right", "kidneys", "liver", "spleen", "whole_body")


@dataclass(frozen=True, eq=False)
class CarriedVois:
    """What came of it.

    Parameters
    ----------
    vois
        New ones for the other cycle, marked as proposed.
    registration
        From the reference CT that they were drawn on to that of the other cycle.
    left_out
        Names of those that were not carried over, with the reason.
    """

    vois: tuple[Voi, ...]
    registration: Registration
    left_out: tuple[str, ...]


def vois_from_cycle(source: Cycle, target: Cycle, *, progress: Progress = no_progress) -> CarriedVois:
    """VOIs of ``source`` on the grid of ``target``, by rigid alignment of the reference CTs.

    What ``target`` has under the same name, or as the same organ, is left as it is.

    Raises
    ------
    MissingDataError
        If there is nothing to carry, or a reference scan has no CT to align by.
    InconsistentCaseError
        If the CTs can't be aligned.
    """
    if not source.vois:
        raise MissingDataError("it has no VOIs", where=f"cycle {source.number}", remedy="draw them there first")
    first, second = _reference_ct(source), _reference_ct(target)
    place = f"cycle {source.number} to cycle {target.number}"
    registration = register_rigid_ct(first, second, progress=progress, where=place)
    bad = next((finding for finding in registration.findings if finding.level == "error"), None)
    if bad is not None:
        raise InconsistentCaseError(bad.text.rstrip("."), where=place, remedy="draw the VOIs of this cycle anew")
    grid = target.vois[0].mask.geometry if target.vois else second.volume.geometry
    residual = registration.residual_mm
    by = "CT to CT" if residual is None else f"CT to CT, {MILLIMETRE.text(residual)}"
    made, left_out = [], []
    for voi in source.vois:
        reason = _already_there(voi, target.vois)
        if not reason and voi.mask.is_empty:
            reason = "is empty"
        if not reason:
            mask, outside = mask_moved_to(voi.mask, registration.transform, grid)
            if outside > LARGEST_SHARE_OUTSIDE:
                reason = f"{PERCENT.text(outside)} of it lies outside the other CT"
            else:
                voi_id = f"carried-{source.number}-{target.number}-{voi.voi_id}"
                text = f"copied from cycle {source.number} ({by})"
                made.append(replace(voi, voi_id=voi_id, mask=mask, source=text, proposed=True))
        if reason:
            left_out.append(f"{voi.name} ({reason})")
    return CarriedVois(tuple(made), registration, tuple(left_out))


def _reference_ct(cycle: Cycle) -> ImageSeries:
    if cycle.time_points:
        ct = cycle.time_points[cycle.reference_time_point].ct
        if ct is not None:
            return ct
    raise MissingDataError(
        "the reference scan has no CT, so VOIs can't be carried from or to it",
        where=f"cycle {cycle.number}",
        remedy="choose a reference scan with a CT, or draw the VOIs anew",
    )


def _already_there(voi: Voi, vois: Iterable[Voi]) -> str:
    for other in vois:
        if other.name == voi.name or (voi.role in _ONCE and other.role == voi.role):
            return "there already"
    return ""
