"""What follows a brush stroke at once: volume, activity, curve, absorbed dose, bar and plan."""

from __future__ import annotations

from app.curves_shown import curve_shown, measured_nuclide
from app.display import voi_colour_of
from app.dose_bars import organ_bars
from app.number_grid import Cell, GridColumn, GridRow, Number, NumberGrid
from app.result_paths import result_path
from app.session import Session
from app.steps.step import Section, text_label
from dosimetry_core.case import Cycle
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.report.words import in_words, limiting_words, nuclide_symbol, organ_order
from dosimetry_core.results import VoiResult
from dosimetry_core.units import (
    GIGABECQUEREL,
    GRAM,
    GRAY,
    HOUR,
    MEGABECQUEREL,
    MEGABECQUEREL_HOUR,
    MILLILITRE,
    DisplayUnit,
)
from widgets.curve_view import CurveView
from widgets.dose_bars_view import DoseBarsView
from widgets.voi_table import VoiRow

FACTOR = DisplayUnit("", 1.0, 3)


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


def voi_rows(session: Session, cycle: Cycle, hidden: frozenset[str]) -> list[VoiRow]:
    """Rows of the VOI table: volume as drawn, the rest as computed."""
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
                voi.mask.volume_ml,
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
            )
        )
    return rows


class LiveNumbers(Section):
    """The active VOI's chain from volume to plan, small enough to stand beside the images."""

    def __init__(self, session: Session) -> None:
        super().__init__("Live results", name="live_results")
        self._session = session
        self.numbers = NumberGrid("live_numbers")
        self.add(self.numbers)
        self.curve = CurveView()
        self.curve.setObjectName("live_curve")
        self.curve.setFixedHeight(190)
        self.add(self.curve)
        self.bars = DoseBarsView()
        self.bars.setObjectName("live_bars")
        self.bars.setFixedHeight(150)
        self.add(self.bars)
        self.plan = NumberGrid("live_plan")
        self.add(self.plan)
        self.limiting = text_label(role="dimmed", name="live_limiting", wrap=True)
        self.add(self.limiting)

    def refresh(self) -> None:
        """Show the newest results; dimmed while newer ones are on their way."""
        session = self._session
        evaluation, results, voi, cycle = session.evaluation, session.cycle_result, session.voi, session.cycle
        stale = not session.is_current
        result = results.vois.get(voi.name) if results is not None and voi is not None else None
        self.heading.setText(f"Live results: {voi.name}" if voi is not None else "Live results")
        rows = [] if voi is None or cycle is None else self._voi_rows(voi.name, result, stale)
        self.numbers.show_rows([GridColumn("name", ""), GridColumn("value", "")], rows)
        if result is not None and cycle is not None:
            self.curve.show_curves([curve_shown(session.case, cycle, result, stale=stale)])
            self.curve.set_current(result.voi.voi_id)
        else:
            self.curve.show_curves([])
        self.bars.show_bars(organ_bars(evaluation, stale=stale)[:2] if evaluation is not None else [])
        self._show_plan(evaluation, stale)

    def _voi_rows(self, name: str, result: VoiResult | None, stale: bool) -> list[GridRow]:
        c, p = self._session.view_state.cycle, self._session.view_state.time_point
        base = result_path("cycles", c, "vois", name)
        mark = "stale" if stale else ""
        cells: list[tuple[str, Cell]] = []
        voi = self._session.voi
        if result is None:
            drawn = voi.mask.volume_ml if voi is not None else None
            cells.append(("Volume (mL)", Number(f"{base}.volume_ml", drawn, MILLILITRE)))
            cells.append(("", "not computed yet"))
            return [GridRow(text, {"name": text, "value": cell}) for text, cell in cells]
        cells.append(("Volume (mL)", Number(f"{base}.volume_ml", result.volume_ml, MILLILITRE)))
        cells.append(("Mass (g)", Number(f"{base}.mass_kg", result.mass_kg, GRAM)))
        nuclide = measured_nuclide(result)
        if nuclide is not None:
            symbol = nuclide_symbol(nuclide)
            activity = activity_bq(result, p)
            cells.append(
                (
                    f"Activity of {symbol} now (MBq)",
                    Number(f"{base}.activity_bq.{nuclide}.{p}", activity, MEGABECQUEREL),
                )
            )
            fit = result.fits.get(nuclide)
            if fit is not None:
                path = f"{base}.fit.{nuclide}"
                half_life = Number(f"{path}.effective_half_life_s", fit.effective_half_life_s, HOUR, digits=1)
                cells.append(("Effective half-life (h)", half_life))
                integral = Number(
                    f"{path}.time_integrated_activity_bq_s", fit.time_integrated_activity_bq_s, MEGABECQUEREL_HOUR
                )
                cells.append(("Time-integrated (MBq·h)", integral))
        for name_, dose in result.doses.items():
            number = Number(f"{base}.absorbed_dose_gy.{name_}", dose.absorbed_dose_gy, GRAY, digits=3)
            cells.append((f"Absorbed dose {nuclide_symbol(name_)} (Gy)", number))
        total = result.total
        if total is not None:
            cells.append(
                ("Absorbed dose (Gy)", Number(f"{base}.absorbed_dose_gy.total", total.absorbed_dose_gy, GRAY, digits=3))
            )
        if result.failure:
            cells.append(("No result", result.failure))
        return [GridRow(text, {"name": text, "value": cell}, mark=mark) for text, cell in cells]

    def _show_plan(self, evaluation: Evaluation | None, stale: bool) -> None:
        if evaluation is None or evaluation.plan.next_cycle is None:
            self.plan.show_rows([], [])
            self.limiting.setText("" if evaluation is None else "All planned cycles are done.")
            return
        plan, mark = evaluation.plan, "stale" if stale else ""
        rows = [
            GridRow(
                name,
                {
                    "name": f"Cycle {plan.next_cycle}: {nuclide_symbol(name)} (GBq)",
                    "value": Number(result_path("plan", "activities_bq", name), value, GIGABECQUEREL),
                },
                mark=mark,
            )
            for name, value in plan.activities_bq.items()
        ]
        rows += [
            GridRow(
                organ,
                {
                    "name": f"{in_words(organ)}, whole course (Gy)",
                    "value": Number(
                        result_path("plan", "predicted_absorbed_dose_gy", organ, "course"),
                        plan.forecast.predicted[organ].course_gy,
                        GRAY,
                    ),
                },
                mark=mark,
            )
            for organ in organ_order(plan.forecast.predicted)
        ]
        self.plan.show_rows([GridColumn("name", "Plan"), GridColumn("value", "")], rows)
        self.limiting.setText(f"Limited by {limiting_words(plan.limiting)}.")
