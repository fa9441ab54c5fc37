"""A time–activity curve as a value, with the words that belong to it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.units import HOUR, MEGABECQUEREL, PERCENT
from widgets.quantity_edit import quantity_text

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class CurveShown:
    """A curve with its fit, all in core units (s after administration, Bq).

    Parameters
    ----------
    voi_id, name, colour
        Of the VOI.
    time_s, activity_bq, activity_standard_uncertainty_bq
        Measured points, shape (n,).
    excluded
        Which of them the fit leaves out, shape (n,).
    point_texts
        One remark for each point, for example the reason of an exclusion; may be empty.
    fit_time_s, fit_activity_bq, fit_standard_uncertainty_bq
        The fitted curve, shape (m,), and its standard uncertainty; None without a fit.
    fit_at_points_bq
        Fit at the measured times, shape (n,), for the residuals.
    last_measured_s, extrapolated_fraction
        Where the extrapolated tail begins, and its share of the integral.
    model, notes
        Words beside the plot: model, half-lives, integral.
    state, message
        Whether the fit is current; why it failed.
    """

    voi_id: str
    name: str
    colour: str
    time_s: Floats
    activity_bq: Floats
    activity_standard_uncertainty_bq: Floats
    excluded: NDArray[np.bool_]
    point_texts: tuple[str, ...] = ()
    fit_time_s: Floats | None = None
    fit_activity_bq: Floats | None = None
    fit_standard_uncertainty_bq: Floats | None = None
    fit_at_points_bq: Floats | None = None
    last_measured_s: float | None = None
    extrapolated_fraction: float | None = None
    model: str = ""
    notes: tuple[str, ...] = ()
    state: Literal["current", "stale", "failed"] = "current"
    message: str = ""

    def looks_like(self, other: CurveShown) -> bool:
        """Whether all of it is the same as of another: numbers, words, colour and state."""
        return all(_same(getattr(self, field.name), getattr(other, field.name)) for field in fields(self))

    def tail_text(self) -> str:
        """The extrapolated share in words."""
        if self.extrapolated_fraction is None or self.last_measured_s is None:
            return ""
        share = PERCENT.text(self.extrapolated_fraction)
        return f"{share} of the integral lies beyond {HOUR.text(self.last_measured_s, digits=0)}"

    def point_text(self, index: int) -> str:
        """One measured point in words."""
        value = quantity_text(MEGABECQUEREL, self.activity_bq[index], self.activity_standard_uncertainty_bq[index])
        parts = [f"{self.name}, {HOUR.text(self.time_s[index])}: {value}"]
        if self.fit_at_points_bq is not None:
            parts.append(f"fit {MEGABECQUEREL.text(self.fit_at_points_bq[index])}")
        if self.excluded[index]:
            parts.append("excluded")
        if index < len(self.point_texts) and self.point_texts[index]:
            parts.append(self.point_texts[index])
        return " · ".join(parts)


def _same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and np.array_equal(one, other)
    return one == other
