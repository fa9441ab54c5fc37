"""What stands beside results that are not, or not yet, of the case as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.completion import has_pending
from app.problems import problems_of
from app.session import Session

if TYPE_CHECKING:
    from dosimetry_core.evaluation import Evaluation

PENDING = "Pending: as before the last change, being computed anew"
OUT_OF_DATE = "Out of date: as before the last change, which could not be computed"

DRAW_FIRST = "Draw a VOI and align the time points first."

VOXELS_COMING = "Voxel doses are being computed."
VOXELS_CANCELLED = "Voxel doses are pending: their computation was cancelled. The next change begins it again."
VOXELS_FAILED = "Voxel doses are pending: their computation failed ({}). The next change begins it again."
VOXELS_AFTER = "Voxel doses are pending: the last change could not be computed."

CONFIRMED = "The independent second computation confirms every number."
CONFIRMED_SO_FAR = "The independent second computation confirms every number that is there."
NOT_HEARD = "The independent second computation has not been heard on these results yet."
HEARD_AFTER = "The independent second computation has not been heard on these results yet: they are not complete."
NOT_MADE = "The independent second computation could not be made: {}."


def curves_missing_words(session: Session) -> str:
    """Why there are no curves: they are on their way, could not be computed, or wait for something to be done."""
    failure = session.recomputation.failure
    if failure is not None:
        return problems_of(failure)[0].text()
    return "Being computed" if session.recomputation.is_busy else DRAW_FIRST


def voxels_pending_words(session: Session) -> str:
    """Words for voxel doses that are not there yet: on their way, or why they don't come."""
    stop = session.recomputation.completion_stop
    if stop is None:
        return VOXELS_COMING if session.recomputation.failure is None else VOXELS_AFTER
    return VOXELS_CANCELLED if stop.error is None else VOXELS_FAILED.format(_cause(stop.error))


def second_opinion_words(session: Session, evaluation: Evaluation) -> str:
    """Whether the second opinion was heard on results of which it contradicts nothing, or why it was not."""
    pending = has_pending(evaluation)
    if session.second_opinion.is_checked(evaluation):
        return CONFIRMED_SO_FAR if pending else CONFIRMED
    problem = session.second_opinion.problem(evaluation)
    if problem is not None:
        return NOT_MADE.format(_cause(problem))
    return HEARD_AFTER if pending and session.recomputation.completion_stop is None else NOT_HEARD


def _cause(error: Exception) -> str:
    return problems_of(error)[0].text().rstrip(".")


def pending_words(session: Session) -> str:
    """Words for results that belong to the case before the last change; empty where they are current, or none."""
    if session.evaluation is None or session.is_current:
        return ""
    return PENDING if session.recomputation.failure is None else OUT_OF_DATE


def summary_with_pending(summary: str, session: Session) -> str:
    """The line beside a step's title; its numbers are only dimmed while newer ones are on their way, this says so."""
    words = pending_words(session).partition(":")[0].lower()
    return "   ↻ ".join(part for part in (summary, f"results {words}" if words else "") if part)
