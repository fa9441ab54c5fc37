"""What follows a brush stroke at once: volume, activity, curve, absorbed dose, bar and plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest

from app.curves_shown import curve_shown, measured_nuclide
from app.display import voi_colour_of
from app.dose_bars import organ_bars
from app.number_grid import Cell, GridColumn, GridRow, Number, NumberGrid
from app.pending_words import curves_missing_words
from app.result_paths import result_path
from app.scan_reviews import reviewed_count
from app.session import Session
from app.steps.step import Section
from dosimetry_core.case import Cycle
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.report.words import in_words, limiting_words, nuclide_symbol, organ_order
from dosimetry_core.results import VoiResult
from dosimetry_core.units import (
    GIGABECQUEREL,
    GRAY,
    HOUR,
    MEGABECQUEREL,
    MEGABECQUEREL_HOUR,
    MILLILITRE,
)
from dosimetry_core.voi import Voi
from widgets.curve_view import CurveView
from widgets.dose_bars_view import DoseBarsView
from widgets.lines_label import LinesLabel
from widgets.voi_table import VoiRow

CURVE_HEIGHT = 300
BARS_HEIGHT = 220
SHOWN_BARS = 2
"""Organs at risk beside the images: kidneys and red marrow come first."""
NO_VALUE = "–"
_Named = tuple[str, Cell]


def partial_volume_factor(session: Session, name: str, time_point: int) -> float | None:
    """Factor by which the measured mean was multiplied; None if not computed."""
    results = session.cycle_result
    result = results.vois.get(name) if results is not None else None
    factors = result.partial_volume_factors if result is not None else ()
    return float(factors[time_point]) if time_point < len(factors) else None


def activity_bq(result: VoiResult | None, time_point: int) -> float | None:
    """Activity of the imaged nuclide at a time point."""
    if result is None:
        return None
    nuclide = measured_nuclide(result)
    curve = result.curves.get(nuclide) if nuclide else None
    return float(curve.activity_bq[time_point]) if curve is not None and time_point < curve.activity_bq.size else None


def shown_volume_ml(voi: Voi, result: VoiResult | None) -> float:
    """Volume that the results rest on: without VOIs inside and the other's share of common volume.

    Of a VOI that was edited since, the volume as drawn, until there are results of it.
    """
    return result.volume_ml if result is not None and result.voi.mask is voi.mask else voi.mask.volume_ml


def voi_rows(session: Session, cycle: Cycle, hidden: frozenset[str]) -> list[VoiRow]:
    """Rows of the VOI table."""
    results = session.cycle_result
    stale, point = not session.is_current, session.view_state.time_point
    rows = []
    for voi in cycle.vois:
        result = results.vois.get(voi.name) if results is not None else None
        activity = activity_bq(result, point)
        total = result.total if result is not None else None
        rows.append(
            VoiRow(
                voi.voi_id,
                voi.name,
                voi.role,
                voi_colour_of(cycle, voi.voi_id),
                shown_volume_ml(voi, result),
                activity / result.volume_ml
                if activity is not None and result is not None and result.volume_ml
                else None,
                activity,
                partial_volume_factor(session, voi.name, point),
                total.absorbed_dose_gy if total is not None else None,
                total.standard_uncertainty_gy if total is not None else None,
                visible=voi.voi_id not in hidden,
                stale=stale,
                note=result.failure or "" if result is not None else "",
                proposed=voi.proposed,
                review=f"{reviewed_count(cycle, voi)} of {len(cycle.time_points)}",
            )
        )
    return rows


class LiveNumbers(Section):
    """The active VOI's chain from volume to plan, small enough to stand beside the images.

    The numbers are the section itself; ``plots`` is another one with the curve and the course, for a place below.
    """

    def __init__(self, session: Session) -> None:
        super().__init__("Live results", name="live_results")
        self.narrow()
        self._session = session
        self.numbers = NumberGrid("live_numbers", line_spacing=1)
        self.add(self.numbers)
        # Always two lines, so that the sections below stay where they are while numbers follow a stroke.
        self.limiting = LinesLabel(2, object_name="live_limiting")
        self.limiting.setProperty("role", "dimmed")
        self.add(self.limiting)
        self.plots = Section("Live curve and course", name="live_plots")
        self.curve = CurveView()
        self.curve.setObjectName("live_curve")
        self.curve.setFixedHeight(CURVE_HEIGHT)
        self.plots.add(self.curve)
        self.bars = DoseBarsView()
        self.bars.setObjectName("live_bars")
        self.bars.setFixedHeight(BARS_HEIGHT)
        self.plots.add(self.bars)

    def refresh(self) -> None:
        """Show the newest results; dimmed while newer ones are on their way."""
        for part in self.parts():
            part()

    def parts(self) -> list[Callable[[], None]]:
        """What `refresh` does, in parts short enough to come between two paintings of a stroke."""
        return [self._refresh_numbers, self._refresh_curve, self._refresh_bars]

    def _result(self) -> VoiResult | None:
        results, voi = self._session.cycle_result, self._session.voi
        return results.vois.get(voi.name) if results is not None and voi is not None else None

    def _refresh_numbers(self) -> None:
        session, result = self._session, self._result()
        evaluation, voi, stale = session.evaluation, session.voi, not session.is_current
        title = "Live results (pending)" if stale and evaluation is not None else "Live results"
        self.heading.setText(title if voi is None else f"{title}: {voi.name}")
        of_plan = [] if evaluation is None else _plan_cells(evaluation)
        self._show_columns(self._voi_cells(voi, result), of_plan, "stale" if stale else "")
        self.limiting.set_text(_limiting_text(evaluation, result))

    def _refresh_curve(self) -> None:
        session, result = self._session, self._result()
        cycle, stale = session.cycle, not session.is_current
        if result is not None and cycle is not None:
            # Notes stand in the curves step; here they would take the place of the plot.
            self.curve.show_curves([replace(curve_shown(session.case, cycle, result, stale=stale), notes=())])
            self.curve.set_current(result.voi.voi_id)
        else:
            self.curve.show_curves([], missing=curves_missing_words(session))

    def _refresh_bars(self) -> None:
        evaluation, stale = self._session.evaluation, not self._session.is_current
        self.bars.show_bars(organ_bars(evaluation, stale=stale)[:SHOWN_BARS] if evaluation is not None else [])

    def _show_columns(self, of_voi: Sequence[_Named], of_plan: Sequence[_Named], mark: str) -> None:
        """The VOI at the left, the plan at the right: a number stays at its place when others have no value."""
        rows = []
        for line, (left, right) in enumerate(zip_longest(of_voi, of_plan)):
            row: dict[str, Cell] = {}
            if left is not None:
                row |= {"name": left[0], "value": left[1]}
            if right is not None:
                row |= {"name 2": right[0], "value 2": right[1]}
            rows.append(GridRow(str(line), row, mark=mark))
        self.numbers.show_rows([GridColumn(key, "") for key in ("name", "value", "name 2", "value 2")], rows)

    def _voi_cells(self, voi: Voi | None, result: VoiResult | None) -> list[_Named]:
        """The same lines for every VOI and for none; what there is no result of is a dash."""
        c, p = self._session.view_state.cycle, self._session.view_state.time_point
        base = "" if voi is None else result_path("cycles", c, "vois", voi.name)
        volume: Cell = NO_VALUE
        if voi is not None:
            volume = Number(f"{base}.volume_ml", shown_volume_ml(voi, result), MILLILITRE)
        activity: Cell = NO_VALUE
        half_life: Cell = NO_VALUE
        integral: Cell = NO_VALUE
        dose: Cell = NO_VALUE
        activity_of = "Activity"
        nuclide = None if result is None else measured_nuclide(result)
        if result is not None and nuclide is not None:
            activity_of = nuclide_symbol(nuclide)
            activity = Number(f"{base}.activity_bq.{nuclide}.{p}", activity_bq(result, p), MEGABECQUEREL)
            fit = result.fits.get(nuclide)
            if fit is not None:
                path = f"{base}.fit.{nuclide}"
                half_life = Number(f"{path}.effective_half_life_s", fit.effective_half_life_s, HOUR, digits=1)
                integral = Number(
                    f"{path}.time_integrated_activity_bq_s", fit.time_integrated_activity_bq_s, MEGABECQUEREL_HOUR
                )
        if result is not None:
            dose_gy = None if result.total is None else result.total.absorbed_dose_gy
            dose = Number(f"{base}.absorbed_dose_gy.total", dose_gy, GRAY, digits=3)
        return [
            ("Volume (mL)", volume),
            (f"{activity_of} (MBq)", activity),
            ("Half-life (h)", half_life),
            ("∫ (MBq·h)", integral),
            ("Dose (Gy)", dose),
        ]


def _plan_cells(evaluation: Evaluation) -> list[_Named]:
    plan = evaluation.plan
    cells: list[_Named] = []
    for organ in organ_order(evaluation.course_organs)[:SHOWN_BARS]:
        path = result_path("course", "organs", organ, "absorbed_dose_gy")
        delivered = evaluation.course_organs[organ].delivered.absorbed_dose_gy
        cells.append((f"{in_words(organ)} (Gy)", Number(path, delivered, GRAY, digits=3)))
    if plan.next_cycle is not None:
        for name, value in plan.unrounded_activities_bq.items():
            number = Number(result_path("plan", "unrounded_activities_bq", name), value, GIGABECQUEREL, digits=3)
            if name == plan.free_nuclide:
                cells.append((f"{nuclide_symbol(name)} allowed (GBq)", number))
        for name, value in plan.activities_bq.items():
            number = Number(result_path("plan", "activities_bq", name), value, GIGABECQUEREL)
            cells.append((f"{nuclide_symbol(name)} plan (GBq)", number))
    return cells


def _limiting_text(evaluation: Evaluation | None, result: VoiResult | None) -> str:
    if result is not None and result.failure:
        # Which VOI it is stands above.
        return f"No result: {result.failure.partition(f'{result.voi.name}: ')[2] or result.failure}"
    if evaluation is None:
        return ""
    if evaluation.plan.next_cycle is None:
        return "All planned cycles are done."
    return f"Plan for cycle {evaluation.plan.next_cycle}, limited by {limiting_words(evaluation.plan.limiting)}."
