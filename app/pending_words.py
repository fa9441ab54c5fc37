"""What stands beside results that are not, or not yet, of the case as it is now."""

from __future__ import annotations

from app.session import Session

PENDING = "Pending: as before the last change, being computed anew"
OUT_OF_DATE = "Out of date: as before the last change, which could not be computed"

VOXELS_COMING = "Voxel doses are being computed."
VOXELS_STOPPED = "Voxel doses are pending: their computation was stopped. The next change begins it again."


def voxels_pending_words(session: Session) -> str:
    """Words for voxel doses that are not there yet."""
    recomputation = session.recomputation
    return VOXELS_COMING if recomputation.is_completing or recomputation.is_busy else VOXELS_STOPPED


def pending_words(session: Session) -> str:
    """Words for results that belong to the case before the last change; empty where they are current, or none."""
    if session.evaluation is None or session.is_current:
        return ""
    return PENDING if session.recomputation.failure is None else OUT_OF_DATE


def summary_with_pending(summary: str, session: Session) -> str:
    """The line beside a step's title; its numbers are only dimmed while newer ones are on their way, this says so."""
    words = pending_words(session).partition(":")[0].lower()
    return "   ↻ ".join(part for part in (summary, f"results {words}" if words else "") if part)
