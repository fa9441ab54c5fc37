"""Has the curve in view drawn again within the uncertainty of its points: an interval by sampling, as a job."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from app.document import Document
from app.jobs import Jobs, let_others_go_first
from app.problems import problems_of
from dosimetry_core.kinetics.result import AveragedShape, FitResult
from dosimetry_core.progress import Progress
from dosimetry_core.units import MEGABECQUEREL_HOUR

_PARTS, _DRAWS_OF_A_PART = 20, 50
DRAWS = _PARTS * _DRAWS_OF_A_PART
"""The ends of the interval are then known to a twelfth of the standard uncertainty."""
SHARE = 0.95
SEED = 95
"""The same curve has the same interval, whenever it is asked for."""
REST_S = 0.1
"""The window shows the new curve before its interval is sampled."""
PENDING = "being sampled …"
SAMPLED_TITLE = "95 % by sampling (MBq·h)"
SAMPLED_TOOLTIP = (
    f"the points drawn {DRAWS} times within their uncertainties, fitted and integrated again; "
    "what all scans share, such as calibration, is not in it"
)

Interval = tuple[float, float]


def can_be_sampled(fit: FitResult) -> bool:
    """Whether it is a measured curve of one model through several scans: only such can be drawn again."""
    return fit.derived_from is None and fit.single_scan is None and not isinstance(fit.shape, AveragedShape)


def sampled_interval_bq_s(fit: FitResult, *, progress: Progress) -> Interval:
    """Where the middle 95 % of the time-integrated activities of refitted curves lie, in Bq·s; runs as a job.

    Raises
    ------
    FitError
        If the uncertainties of the points are not known, or a drawn activity can't be weighted.
    """
    import numpy as np

    from dosimetry_core.kinetics.monte_carlo import sampled_time_integrated_activity_bq_s

    generator = np.random.default_rng(SEED)
    drawn = []
    for part in range(_PARTS):
        progress(part / _PARTS, "Sampling the curve")
        drawn.append(sampled_time_integrated_activity_bq_s(fit, _DRAWS_OF_A_PART, generator))
    low, high = np.quantile(np.concatenate(drawn), ((1 - SHARE) / 2, (1 + SHARE) / 2))
    return float(low), float(high)


def sampled_after_a_rest(fit: FitResult, *, progress: Progress) -> Interval:
    """The interval of a curve that the window is about to show."""
    let_others_go_first(REST_S, progress, "Sampling the curve")
    return sampled_interval_bq_s(fit, progress=progress)


class SampledIntervals(QObject):
    """Keeps the interval asked for last; ``changed`` says that it is there, or why there is none."""

    changed = Signal()

    def __init__(self, document: Document, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self._asked: FitResult | None = None
        self._found: Interval | None = None
        self._problem = ""

    def words(self, fit: FitResult) -> str:
        """The interval of a measured curve in MBq·h; `PENDING` until it is computed, which this sets going.

        Nothing is begun in the middle of a stroke: its curve is another one at the next moment.
        """
        if fit is not self._asked:
            if self._document.is_previewing:
                return PENDING
            self._begin(fit)
        if self._problem:
            return self._problem
        if self._found is None:
            return PENDING
        low, high = (MEGABECQUEREL_HOUR.text(bound, with_symbol=False) for bound in self._found)
        return f"{low} to {high}"

    def is_known(self, fit: FitResult) -> bool:
        """Whether the interval of this very curve is there; asks for nothing."""
        return fit is self._asked and self._found is not None

    def _begin(self, fit: FitResult) -> None:
        self._asked, self._found, self._problem = fit, None, ""
        job = self._jobs.start(sampled_after_a_rest, fit, purpose="sampled interval", title="Sampling the curve")
        job.succeeded.connect(lambda found: self._keep(fit, found, ""))
        job.cancelled.connect(lambda: self._keep(fit, None, "stopped"))
        job.failed.connect(lambda error: self._keep(fit, None, problems_of(error)[0].text()))

    def _keep(self, fit: Any, found: Interval | None, problem: str) -> None:
        if fit is self._asked:
            self._found, self._problem = found, problem
            self.changed.emit()
