"""What stands behind a curve, as tables: models compared, the course without each scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.dose_engines_shown import BESIDE
from app.number_grid import Cell, GridColumn, GridRow, Number
from app.result_paths import result_path
from dosimetry_core.kinetics.leave_one_out import leave_one_out
from dosimetry_core.kinetics.model_comparison import ModelComparison
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.report.words import nuclide_symbol
from dosimetry_core.units import GIGABECQUEREL, GRAY, HOUR, MEGABECQUEREL_HOUR, PERCENT

if TYPE_CHECKING:
    from dosimetry_core.evaluation import Evaluation
    from dosimetry_core.pipeline.missing_scan import WithoutScan

Table = tuple[list[GridColumn], list[GridRow]]
NO_TABLE: Table = ([], [])
ALL_SCANS = "all"


def models_compared(place: str, comparison: ModelComparison, mark: str) -> Table:
    """Each model with its criterion, weight and what it gives; the one in use in bold."""
    rows = []
    several = sum(model.weight is not None for model in comparison.models) > 1
    for number, model in enumerate(comparison.models):
        path = f"{BESIDE}{place}.models.{model.model}"
        criterion: Cell = "not defined"
        if model.information_criterion is not None:
            criterion = Number(f"{path}.information_criterion", model.information_criterion, None, digits=1)
        weight: Cell = "" if model.weight is None else "alone"
        if model.weight is not None and several:
            weight = Number(f"{path}.weight", model.weight, PERCENT, digits=0)
        cells: dict[str, Cell] = {
            "model": f"{'▸ ' if model.in_use else ''}{model.model}",
            "half_life": Number(f"{path}.effective_half_life_s", model.effective_half_life_s, HOUR, digits=1),
            "integral": Number(
                f"{path}.time_integrated_activity_bq_s",
                model.time_integrated_activity_bq_s,
                MEGABECQUEREL_HOUR,
                digits=0,
            ),
            "weight": weight,
            "criterion": criterion,
            "remark": model.remark.removeprefix("AICc not defined").lstrip(" :"),
        }
        rows.append(GridRow(str(number), cells, tooltip=model.remark, mark="total" if model.in_use else mark))
    columns = [
        GridColumn("model", "Model"),
        GridColumn("half_life", "T½ (h)", "effective half-life of the last phase"),
        GridColumn("integral", "MBq·h", "time-integrated activity"),
        GridColumn("weight", "Weight", "Akaike weight in % among the models that can be compared"),
        GridColumn("criterion", "AICc", "corrected information criterion; a model without it is never the best"),
        GridColumn("remark", "", wraps=True),
    ]
    return columns, rows


def course_without_each_scan(
    place: tuple[int, str, str],
    fit: FitResult,
    evaluation: Evaluation,
    without: Sequence[WithoutScan] | None,
    mark: str,
) -> Table:
    """What time-integrated activity, dose and next activities would be without each scan.

    Parameters
    ----------
    place
        Place of the cycle in the course, name of the VOI, imaged nuclide.
    fit
        Of that nuclide.
    without
        None while it is being computed: then only the change of the curve is known.
    """
    c, voi, nuclide = place
    base = result_path("cycles", c, "vois", voi)
    alone = {item.time_point: (n, item) for n, item in enumerate(leave_one_out(fit))}
    total = evaluation.cycles[c].vois[voi].total
    dose = None if total is None else total.absorbed_dose_gy
    plan = evaluation.plan
    shown: list[str] = []
    if not plan.refused and plan.next_cycle is not None:
        # What a protocol fixes is the same without any scan.
        shown = list(plan.activities_bq) if plan.free_nuclide is None else [plan.free_nuclide]
    rows = [_all_scans(base, nuclide, fit, dose, evaluation, shown)]
    for n, time_s in enumerate(fit.curve.times_s.tolist()):
        number = n + 1
        found = next((item for item in without or () if item.time_point == number), None)
        cells: dict[str, Cell] = {"scan": HOUR.text(time_s, digits=1)}
        if not fit.curve.mask[n]:
            cells["change"] = "left out already"
        elif number in alone:
            at, item = alone[number]
            path = f"{base}.fit.{nuclide}.leave_one_out.{at}.relative_change"
            cells["change"] = (
                "no curve" if item.relative_change is None else Number(path, item.relative_change, PERCENT, digits=1)
            )
        elif found is not None:
            there = found.time_integrated_activity_bq_s(c, voi, nuclide)
            relative = None if there is None else there / fit.time_integrated_activity_bq_s - 1
            path = f"{BESIDE}{base}.without.{number}.relative_change"
            cells["change"] = "no curve" if relative is None else Number(path, relative, PERCENT, digits=1)
        if found is None:
            cells["dose"] = "…" if without is None else "–"
        else:
            cells |= _course_cells(f"{BESIDE}{base}.without.{number}", c, voi, found, dose, evaluation, shown)
        tip = "" if found is None else found.problem
        rows.append(GridRow(str(n), cells, tooltip=tip, mark=mark))
    next_cycle = "" if plan.next_cycle is None else f" in cycle {plan.next_cycle}"
    columns = [
        GridColumn("scan", "Without the scan at"),
        GridColumn("change", "Ã (%)", "change of this VOI's time-integrated activity"),
        GridColumn("dose", "Dose (Gy)", "absorbed dose of this VOI in this cycle, all nuclides"),
        GridColumn("dose_change", "(%)", "change of the dose"),
    ]
    for name in shown:
        symbol = nuclide_symbol(name)
        columns.append(GridColumn(name, f"{symbol} (GBq)", f"proposed activity{next_cycle}, rounded down"))
        columns.append(GridColumn(f"unrounded {name}", "unrounded", "before cap, minimum and rounding, in GBq"))
    return columns, rows


def _all_scans(
    base: str, nuclide: str, fit: FitResult, dose: float | None, evaluation: Evaluation, shown: list[str]
) -> GridRow:
    cells: dict[str, Cell] = {
        "scan": "none: all scans",
        "change": f"{MEGABECQUEREL_HOUR.text(fit.time_integrated_activity_bq_s)}",
        "dose": Number(f"{base}.absorbed_dose_gy.total", dose, GRAY, digits=3),
    }
    for name in shown:
        path = result_path("plan", "activities_bq", name)
        cells[name] = Number(path, evaluation.plan.activities_bq[name], GIGABECQUEREL)
        path, unrounded = result_path("plan", "unrounded_activities_bq", name), evaluation.plan.unrounded_activities_bq
        cells[f"unrounded {name}"] = Number(path, unrounded.get(name), GIGABECQUEREL, digits=3)
    return GridRow(ALL_SCANS, cells, mark="total")


def _course_cells(
    path: str,
    c: int,
    voi: str,
    found: WithoutScan,
    dose: float | None,
    evaluation: Evaluation,
    shown: list[str],
) -> dict[str, Cell]:
    there = found.absorbed_dose_gy(c, voi)
    cells: dict[str, Cell] = {"dose": "no dose"}
    if there is not None:
        cells["dose"] = Number(f"{path}.absorbed_dose_gy", there, GRAY, digits=3)
        if dose:
            cells["dose_change"] = Number(f"{path}.dose_change", there / dose - 1, PERCENT, digits=1)
    activities = found.next_activities_bq
    for name in shown:
        known = activities.get(name)
        cells[name] = "no plan" if known is None else Number(f"{path}.next.{name}", known, GIGABECQUEREL)
    after = None if found.evaluation is None else found.evaluation.plan.unrounded_activities_bq
    for name in shown:
        if activities and after is not None and name in after:
            unrounded = Number(f"{path}.unrounded.{name}", after[name], GIGABECQUEREL, digits=3)
            cells[f"unrounded {name}"] = unrounded
    return cells
