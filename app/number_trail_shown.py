"""The number trail of a VOI as a table: every number, its uncertainty, how it follows, and where a click goes."""

from __future__ import annotations

from collections.abc import Sequence

from app.dose_engines_shown import BESIDE, ENGINE_WORDS, parts_text
from app.number_grid import Cell, GridColumn, GridRow, Number
from app.result_paths import result_path
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.report.number_trail import TrailRow, number_trail
from dosimetry_core.units import GRAY, PERCENT

SECOND_OPINION = "Second opinion"
S_VALUE_GROUP = "S value"
"""End of the names of groups that come from the dose engine."""
PLACE_WORDS = {"import": "Import", "voi": "VOIs", "curves": "Curves", "dose": "Dose"}
COLUMNS = [
    GridColumn("name", "Number"),
    GridColumn("value", "Value"),
    GridColumn("uncertainty", "± (k = 1)", "standard uncertainty, or why there is none", wraps=True),
    GridColumn("how", "How it follows, and from where", wraps=True),
    GridColumn("place", "Opens", "a click on the row goes to this step"),
]


def shown_trail(evaluation: Evaluation, cycle: int, voi: str) -> tuple[TrailRow, ...]:
    """The trail of a VOI, with what the second computation and the other engines have for its dose at the end."""
    return (*number_trail(evaluation, cycle, voi), *_second_opinion(evaluation, cycle, voi))


def _second_opinion(evaluation: Evaluation, cycle: int, voi: str) -> list[TrailRow]:
    result = evaluation.cycles[cycle].vois[voi]
    total = result.total
    if total is None:
        return []
    path = result_path("cycles", cycle, "vois", voi, "absorbed_dose_gy", "total")
    second = evaluation.second_values.get(path)
    rows = []
    if second is not None:
        rows.append(_opinion_row("second", "Independent computation", "written apart, from the same measurements",
                                 second, total.absorbed_dose_gy, ""))  # fmt: skip
    for item in result.comparisons:
        by_engine = result.cross_checks_gy.get(item.engine)
        if by_engine is None:
            continue
        beside = result_path("cycles", cycle, "vois", voi, "cross_check_absorbed_dose_gy", item.engine, "total")
        words = ENGINE_WORDS[item.engine]
        rows.append(_opinion_row(item.engine, f"By {words}", f"{parts_text(item)}", sum(by_engine.values()),
                                 total.absorbed_dose_gy, beside))  # fmt: skip
    return rows


def _opinion_row(key: str, name: str, how: str, value_gy: float, own_gy: float, path: str) -> TrailRow:
    difference = f"{PERCENT.from_core(value_gy / own_gy - 1):+.2f} %".replace("-", "−") if own_gy else ""
    return TrailRow(
        group=SECOND_OPINION,
        key=f"{SECOND_OPINION}, {key}",
        name=name,
        how=how,
        place="dose",
        value=value_gy,
        unit=GRAY,
        digits=3,
        uncertainty_text=f"{difference} to the dose in use" if difference else "",
        path=path,
    )


def trail_grid(rows: Sequence[TrailRow], voi: str, mark: str) -> list[GridRow]:
    """Rows of the table: a heading for each group, then its numbers; the key of a number is its own."""
    shown = []
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            shown.append(GridRow(f"# {row.key}", {"name": group}, mark="total"))
        path = row.path or f"{BESIDE}{voi}.{row.key}"
        value: Cell = row.text
        if row.value is not None:
            value = Number(path, row.value, row.unit, digits=row.digits, with_symbol=True)
        uncertainty: Cell = row.uncertainty_text
        if row.standard_uncertainty is not None:
            uncertainty = Number(f"{BESIDE}{path}.u", row.standard_uncertainty, row.unit, digits=row.digits)
        cells: dict[str, Cell] = {
            "name": f"   {row.name}",
            "value": value,
            "uncertainty": uncertainty,
            "place": PLACE_WORDS[row.place],
            "how": row.how,
        }
        shown.append(GridRow(row.key, cells, tooltip=f"click: to {PLACE_WORDS[row.place]}", mark=mark))
    return shown
