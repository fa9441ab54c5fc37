"""What stands behind a curve, as tables: models compared, the curve without each scan, the budget of the dose."""

from __future__ import annotations

from app.number_grid import Cell, GridColumn, GridRow, Number
from app.result_paths import result_path
from dosimetry_core.kinetics.leave_one_out import leave_one_out
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.results import VoiResult
from dosimetry_core.units import HOUR, MEGABECQUEREL_HOUR, PERCENT

Table = tuple[list[GridColumn], list[GridRow]]
_NO_TABLE: Table = ([], [])


def models_compared(base: str, fit: FitResult, mark: str) -> Table:
    """Each model that was compared, with its criterion and weight; the one returned first in bold."""
    if not fit.candidates:
        return _NO_TABLE
    rows = []
    for number, candidate in enumerate(fit.candidates):
        path = f"{base}.candidates.{number}"
        criterion: Cell = "not defined"
        if candidate.information_criterion is not None:
            criterion = Number(f"{path}.information_criterion", candidate.information_criterion, None, digits=1)
        cells: dict[str, Cell] = {
            "model": candidate.model.replace("-", " "),
            "criterion": criterion,
            "weight": Number(f"{path}.weight", candidate.weight, PERCENT, digits=0),
            "integral": Number(
                f"{path}.time_integrated_activity_bq_s",
                candidate.time_integrated_activity_bq_s,
                MEGABECQUEREL_HOUR,
                digits=0,
            ),
        }
        rows.append(GridRow(str(number), cells, mark="total" if candidate.model == fit.model else mark))
    columns = [
        GridColumn("model", "Model"),
        GridColumn("criterion", "AICc", "not defined with so few points: such a model is never chosen"),
        GridColumn("weight", "Weight %"),
        GridColumn("integral", "MBq·h"),
    ]
    return columns, rows


def without_each_scan(base: str, fit: FitResult, mark: str) -> Table:
    """How the time-integrated activity changes when a scan is left out."""
    rows = []
    for number, left_out in enumerate(leave_one_out(fit)):
        time_s = float(fit.curve.times_s[left_out.time_point - 1])
        change: Cell = "no curve"
        if left_out.relative_change is not None:
            path = f"{base}.leave_one_out.{number}.relative_change"
            change = Number(path, left_out.relative_change, PERCENT, digits=1)
        rows.append(GridRow(str(number), {"scan": HOUR.text(time_s, digits=1), "change": change}, mark=mark))
    if not rows:
        return _NO_TABLE
    return [GridColumn("scan", "Without the scan at"), GridColumn("change", "Change (%)")], rows


def budget(c: int, result: VoiResult, mark: str) -> tuple[Table, str]:
    """Share of each source in the variance of the VOI's dose, and what would improve it most."""
    budgets = result.budgets
    if "total" not in budgets:
        return _NO_TABLE, ""
    whole = budgets["total"]
    base = result_path("cycles", c, "vois", result.voi.name, "uncertainty_budget", "total")
    shares = sorted(whole.variance_shares.items(), key=lambda pair: -pair[1])
    rows = []
    for source, share in shares:
        item, path = whole.items[source], f"{base}.sources.{source}"
        rows.append(
            GridRow(
                source,
                {
                    "source": source.replace("_", " "),
                    "random": Number(f"{path}.random_relative_standard_uncertainty", item.random, PERCENT, digits=1),
                    "common": Number(f"{path}.common_relative_standard_uncertainty", item.common, PERCENT, digits=1),
                    "share": Number(f"{path}.variance_share", share, PERCENT, digits=0),
                },
                mark=mark,
            )
        )
    columns = [
        GridColumn("source", "Uncertainty (%)"),
        GridColumn("random", "Random", "differs from cycle to cycle"),
        GridColumn("common", "Common", "the same in every cycle"),
        GridColumn("share", "Share", "of the variance"),
    ]
    return (columns, rows), whole.text
