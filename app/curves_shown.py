"""Time–activity curves of a cycle as the curve view shows them."""

from __future__ import annotations

from typing import Literal

import numpy as np

from app.case_edits import exclusion_reasons
from app.display import voi_colour_of
from dosimetry_core.case import Case, Cycle
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.results import VoiResult
from dosimetry_core.units import HOUR
from widgets.curve_view import CurveShown

POINTS = 160
# The curve is drawn this far beyond the last point, so that the extrapolated part is seen.
TAIL_SHARE = 1.6


def measured_nuclide(result: VoiResult) -> str | None:
    """The nuclide that was imaged: the one whose fit is not derived from another's."""
    for nuclide, fit in result.fits.items():
        if fit.derived_from is None:
            return nuclide
    return next(iter(result.curves), None)


def curve_shown(
    case: Case, cycle: Cycle, result: VoiResult, *, nuclide: str | None = None, stale: bool = False
) -> CurveShown:
    """Points, fit and tail of one VOI for one nuclide (by default the imaged one)."""
    nuclide = nuclide or measured_nuclide(result)
    voi = result.voi
    colour = voi_colour_of(cycle, voi.voi_id)
    curve = result.curves.get(nuclide) if nuclide else None
    fit = result.fits.get(nuclide) if nuclide else None
    reasons = exclusion_reasons(case, voi.name, cycle.number)
    if curve is None:
        return CurveShown(
            voi_id=voi.voi_id,
            name=voi.name,
            colour=colour,
            time_s=np.empty(0),
            activity_bq=np.empty(0),
            activity_standard_uncertainty_bq=np.empty(0),
            excluded=np.empty(0, bool),
            state="failed",
            message=result.failure or "no activity was measured",
        )
    stated = result.activity_standard_uncertainty_bq.get(nuclide or "")
    uncertainty = curve.random_standard_uncertainty_bq if stated is None else np.asarray(stated)
    texts = tuple(
        f"scan {number}: {HOUR.text(float(t), digits=1)}"
        + (f", excluded: {reasons[number]}" if number in reasons else "")
        for number, t in enumerate(curve.times_s, start=1)
    )
    state: Literal["current", "stale", "failed"] = "stale" if stale else "failed" if fit is None else "current"
    times = fit_times_s(fit) if fit is not None else None
    return CurveShown(
        voi_id=voi.voi_id,
        name=voi.name,
        colour=colour,
        time_s=curve.times_s,
        activity_bq=curve.activity_bq,
        activity_standard_uncertainty_bq=np.zeros_like(curve.times_s) if uncertainty is None else uncertainty,
        excluded=~curve.mask,
        point_texts=texts,
        fit_time_s=times,
        fit_activity_bq=None if fit is None or times is None else fit.activity_bq(times),
        fit_standard_uncertainty_bq=(
            None if fit is None or times is None else fit.activity_standard_uncertainty_bq(times)
        ),
        fit_at_points_bq=None if fit is None else fit.activity_bq(curve.times_s),
        last_measured_s=float(curve.fitted_times_s[-1]) if curve.fitted_times_s.size else None,
        extrapolated_fraction=None if fit is None else fit.extrapolated_fraction,
        model="" if fit is None else fit.model,
        notes=tuple(finding.text for finding in (fit.findings if fit is not None else ()) if finding.level != "info"),
        state=state,
        message=result.failure or "",
    )


def fit_times_s(fit: FitResult) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Times at which a fit is drawn: from the infusion to well beyond the last point."""
    last = float(fit.curve.times_s[-1])
    return np.linspace(0.0, last * TAIL_SHARE, POINTS)


def curves_of(case: Case, cycle: Cycle, result: CycleResult, *, stale: bool) -> list[CurveShown]:
    """Curves of all VOIs of a cycle, in the order of the VOIs."""
    vois: FrozenMap[str, VoiResult] = result.vois
    return [curve_shown(case, cycle, vois[voi.name], stale=stale) for voi in cycle.vois if voi.name in vois]
