"""How the plan screen sets other protocols beside the patient's own."""

from __future__ import annotations

from typing import Final

from app.number_grid import Cell, GridColumn, GridRow
from dosimetry_core.pipeline.alternatives import ProtocolAlternative
from dosimetry_core.report.words import limiting_words, nuclide_symbol
from dosimetry_core.units import GIGABECQUEREL, GRAY, PERCENT

OTHER_COLUMNS: Final = (
    GridColumn("protocol", "Protocol"),
    GridColumn("activity", "Next (GBq)", "activities of the next cycle"),
    GridColumn("kidneys", "Gy", "absorbed dose of the kidneys at the end of that protocol's course"),
    GridColumn("p", "P %", "largest probability of exceeding a limit"),
)

OTHER_NOTE: Final = "Gy: kidneys at the end of that course. P: largest probability of exceeding a limit."


def other_row(alternative: ProtocolAlternative, mark: str) -> GridRow:
    """One protocol: what it would give, and what that does."""
    protocol, plan = alternative.protocol, alternative.plan
    cells: dict[str, Cell] = {"protocol": protocol.name}
    if plan is None:
        cells |= {"activity": "not known", "kidneys": None, "p": None}
        return GridRow(protocol.name, cells, alternative.reason or "", mark)
    if plan.next_cycle is None or plan.stop:
        word = "done" if plan.next_cycle is None else "stop"
        cells |= {"activity": word, "kidneys": None, "p": None}
        return GridRow(protocol.name, cells, f"{protocol.title}: {limiting_words(plan.limiting)}", mark)
    kidneys = plan.forecast.predicted.get("kidneys")
    known = [p for p in plan.forecast.probability_of_exceeding.values() if p is not None]
    cells |= {
        "activity": " + ".join(
            f"{GIGABECQUEREL.text(activity, with_symbol=False)} {nuclide_symbol(name)}"
            for name, activity in plan.activities_bq.items()
        ),
        "kidneys": None if kidneys is None else GRAY.text(kidneys.course_gy, digits=1, with_symbol=False),
        "p": PERCENT.text(max(known), digits=0, with_symbol=False) if known else None,
    }
    limited = f"limited by {limiting_words(plan.limiting)}"
    return GridRow(protocol.name, cells, f"{protocol.title}; {limited}", mark or ("" if plan.feasible else "error"))
