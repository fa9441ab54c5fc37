"""Every number between the counts of a VOI's scans and its absorbed dose, each with its uncertainty and its origin."""

from __future__ import annotations

from dosimetry_core.evaluation import Evaluation
from dosimetry_core.report.trail_doses import DoseTrail
from dosimetry_core.report.trail_row import TrailRow, trail_csv
from dosimetry_core.report.trail_scans import scan_rows

__all__ = ["TrailRow", "number_trail", "trail_csv"]


def number_trail(evaluation: Evaluation, cycle: int, voi: str) -> tuple[TrailRow, ...]:
    """The trail of one VOI.

    Parameters
    ----------
    cycle
        Place of the cycle in the course, 0 = first.
    voi
        Name of the VOI.

    Returns
    -------
    tuple of TrailRow
        As far as the chain came.
    """
    result = evaluation.cycles[cycle]
    own = result.vois[voi]
    return (*scan_rows(cycle, result, own), *DoseTrail(cycle, evaluation.case, result, own).rows())
