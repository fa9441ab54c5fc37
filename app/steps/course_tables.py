"""Tables of the course screen: what is left of each limit and what is forecast, and the laboratory with its trend."""

from __future__ import annotations

from app.number_grid import Cell, GridColumn, GridRow, Number
from app.result_paths import result_path
from dosimetry_core.case import Case, LaboratoryLimit
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.planning.protocol import LIMIT_ORGANS
from dosimetry_core.report.words import in_words, laboratory_order, laboratory_words, organ_order
from dosimetry_core.units import GRAY, PERCENT, DisplayUnit

Table = tuple[list[GridColumn], list[GridRow]]


def budget(evaluation: Evaluation, mark: str) -> Table:
    """A column for each organ with a limit: the limit, what was delivered, what is left, and what is forecast."""
    plan = evaluation.plan
    limited = {LIMIT_ORGANS[key] for key in evaluation.protocol.limits_gy}
    organs = [organ for organ in organ_order(evaluation.course_organs) if organ in limited]
    cells: dict[str, dict[str, Cell]] = {}
    for organ in organs:
        held, predicted = evaluation.course_organs[organ], plan.forecast.predicted.get(organ)
        base, ahead = result_path("course", "organs", organ), result_path("plan", "predicted_absorbed_dose_gy", organ)
        delivered = Number(
            f"{base}.absorbed_dose_gy",
            held.delivered.absorbed_dose_gy,
            GRAY,
            uncertainty=held.delivered.standard_uncertainty_gy,
            uncertainty_path=f"{base}.absorbed_dose_standard_uncertainty_gy",
        )
        cells.setdefault("Limit", {})[organ] = Number(f"{base}.limit_gy", held.limit_gy, GRAY, digits=1)
        cells.setdefault("So far", {})[organ] = delivered
        cells.setdefault("Left", {})[organ] = Number(f"{base}.remaining_gy", held.remaining_gy, GRAY)
        if predicted is None or plan.next_cycle is None:
            continue
        reached = Number(
            f"{ahead}.course",
            predicted.course_gy,
            GRAY,
            uncertainty=predicted.course_standard_uncertainty_gy,
            uncertainty_path=f"plan.predicted_absorbed_dose_standard_uncertainty_gy.{organ}.course",
        )
        next_row = f"Cycle {plan.next_cycle} as planned"
        cells.setdefault(next_row, {})[organ] = Number(f"{ahead}.next_cycle", predicted.next_cycle_gy, GRAY)
        cells.setdefault(_end(evaluation), {})[organ] = reached
        cells.setdefault("P of exceeding (%)", {})[organ] = _probability(evaluation, organ)
    exceeded = {LIMIT_ORGANS[key] for key in plan.forecast.exceeded}
    rows = [
        GridRow(name, {"name": name, **row}, mark="error" if exceeded and name == _end(evaluation) else mark)
        for name, row in cells.items()
    ]
    return [GridColumn("name", "Absorbed dose (Gy)"), *(GridColumn(organ, in_words(organ)) for organ in organs)], rows


def _end(evaluation: Evaluation) -> str:
    planned = evaluation.case.course.planned_cycles or evaluation.protocol.cycles
    return f"Forecast, cycle {planned}" if planned is not None else "Forecast after it"


def _probability(evaluation: Evaluation, organ: str) -> Number | None:
    known = [
        (risk, key)
        for key, risk in evaluation.plan.forecast.probability_of_exceeding.items()
        if LIMIT_ORGANS[key] == organ and risk is not None
    ]
    if not known:
        return None
    risk, key = max(known)
    return Number(result_path("plan", "probability_of_exceeding", key), risk, PERCENT)


def laboratory(case: Case) -> Table:
    """The newest value with its trend since the first and the site's limits, then every earlier day, newest first."""
    days = [
        (index, number, result)
        for index, cycle in enumerate(case.cycles)
        for number, result in enumerate(cycle.laboratory)
    ]
    if not days:
        return [], []
    days.sort(key=lambda day: day[2].date)
    keys = laboratory_order({key for _i, _n, result in days for key in result.values})
    newest, *earlier = [
        GridColumn(f"{i}.{n}", f"{result.date:%d %b}\n{result.date:%Y}", f"cycle {case.cycles[i].number}")
        for i, n, result in reversed(days)
    ]
    # What decides stands at the left: a course of many days scrolls to the right.
    columns = [GridColumn("name", ""), newest]
    columns += [GridColumn("trend", "Trend", "from the first to the last value"), GridColumn("limit", "Limit")]
    columns += earlier
    rows = []
    for key in keys:
        name, unit = laboratory_words(key)
        cells: dict[str, Cell] = {"name": f"{name} ({unit})" if unit else name}
        for i, n, result in days:
            path = result_path("cycles", i, "laboratory", n, key)
            cells[f"{i}.{n}"] = Number(path, result.values.get(key), DisplayUnit("", 1.0, _digits(key)))
        values = [result.values[key] for _i, _n, result in days if key in result.values]
        limit = case.laboratory_limits.get(key)
        cells["trend"] = trend(values)
        cells["limit"] = limit_text(limit)
        rows.append(GridRow(key, cells, mark="warning" if values and _is_outside(values[-1], limit) else ""))
    return columns, rows


def trend(values: list[float]) -> str:
    """How a value went from first to last: an arrow and percent; nothing for fewer than two values."""
    if len(values) < 2 or values[0] == 0:
        return ""
    change = values[-1] / values[0] - 1.0
    text = f"{PERCENT.from_core(change):+.0f} %"
    if text in ("+0 %", "-0 %"):
        return "→"
    return f"{'↗' if change > 0 else '↘'} {text.replace('-', '−')}"


def limit_text(limit: LaboratoryLimit | None) -> str:
    """``"≥ 12 ≤ 16"``."""
    lower, upper = (limit.lower, limit.upper) if limit is not None else (None, None)
    texts = [f"≥ {lower:g}" if lower is not None else "", f"≤ {upper:g}" if upper is not None else ""]
    return " ".join(text for text in texts if text)


def _is_outside(value: float, limit: LaboratoryLimit | None) -> bool:
    if limit is None:
        return False
    return (limit.lower is not None and value < limit.lower) or (limit.upper is not None and value > limit.upper)


def _digits(key: str) -> int:
    return 0 if key.endswith(("umol_per_l", "u_per_l", "1_73m2", "karnofsky")) or key.startswith("platelets") else 1
