"""One cycle of the course as a column: administrations, scans, absorbed doses; or what is proposed for the next."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtWidgets import QFrame, QVBoxLayout

from app.number_grid import GridColumn, GridRow, Number, NumberGrid
from app.result_paths import result_path
from app.scan_words import delay_s, delay_text
from app.steps.step import MARGIN, SPACING, text_label
from app.window_texts import time_text
from dosimetry_core.case import Administration, Case, Cycle
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.given_details import recorded_details
from dosimetry_core.planning.course_calendar import is_usual_interval, start_of, weeks_between
from dosimetry_core.planning.given import deviation_findings
from dosimetry_core.planning.next_cycle import NextCyclePlan
from dosimetry_core.report.words import in_words, nuclide_symbol, organ_order
from dosimetry_core.results import OrganResult
from dosimetry_core.units import GIGABECQUEREL, GRAY, PERCENT
from widgets.scan_line import ScanLine


class CycleCard(QFrame):
    """One cycle as a column: administrations, scans, absorbed doses, laboratory grade."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setMinimumWidth(260)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, SPACING, MARGIN, SPACING)
        column.setSpacing(6)
        self._title = text_label(role="heading")
        self._subtitle = text_label(role="dimmed", wrap=True)
        self._given = NumberGrid("")
        self._doses = NumberGrid("")
        self._scans = text_label(role="dimmed", wrap=True)
        self.scan_line = ScanLine()
        for widget in (self._title, self._subtitle, self._given, self._scans, self.scan_line, self._doses):
            column.addWidget(widget)
        column.addStretch(1)

    def show_cycle(
        self, index: int, case: Case, cycle: Cycle, result: CycleResult | None, *, stale: bool, line_end_s: float
    ) -> None:
        """Show a delivered cycle; ``index`` is its place in the case, ``line_end_s`` where the line of scans ends."""
        self._title.setText(f"Cycle {cycle.number}")
        start = min((a.start for a in cycle.administrations), default=None)
        self._subtitle.setText("no administration" if start is None else _when(case, index, start))
        self._given.setObjectName(f"cycle_{index}_administrations")
        self._doses.setObjectName(f"cycle_{index}_doses")
        self._given.show_rows(
            _GIVEN_COLUMNS if _is_planned(cycle) else _GIVEN_COLUMNS[:2],
            [
                GridRow(
                    a.nuclide,
                    {
                        "nuclide": nuclide_symbol(a.nuclide),
                        "activity": Number(
                            result_path("cycles", index, "administrations", number, "administered_activity_bq"),
                            a.administered_activity_bq,
                            GIGABECQUEREL,
                        ),
                        "planned": Number(
                            result_path("cycles", index, "administrations", number, "planned_activity_bq"),
                            a.planned_activity_bq,
                            GIGABECQUEREL,
                        ),
                        "share": _share(a),
                    },
                    tooltip="; ".join(text for text in (a.given_by, a.comment, *recorded_details(a).values()) if text),
                    mark=_deviation_mark(a),
                )
                for number, a in enumerate(cycle.administrations)
            ],
        )
        self._scans.setText(_scans_text(cycle))
        self.scan_line.show_scans(scan_delays_s(cycle), line_end_s)
        self._doses.show_rows(_DOSE_COLUMNS, _organ_rows(index, result, stale))

    def show_plan(self, plan: NextCyclePlan, state: str, *, stale: bool) -> None:
        """Show what is planned for the next cycle; ``state`` is that of its plan and when it is due."""
        self.scan_line.show_scans((), 0.0)
        self._title.setText(f"Cycle {plan.next_cycle}: planned")
        self._subtitle.setText(state)
        self._given.setObjectName("plan_administrations")
        self._doses.setObjectName("plan_doses")
        self._given.show_rows(
            [GridColumn("nuclide", "Proposed"), GridColumn("activity", "GBq")],
            [
                GridRow(
                    name,
                    {
                        "nuclide": nuclide_symbol(name),
                        "activity": Number(result_path("plan", "activities_bq", name), activity, GIGABECQUEREL),
                    },
                    mark="stale" if stale else "",
                )
                for name, activity in plan.activities_bq.items()
            ],
        )
        self._scans.setText("")
        self._doses.show_rows(
            _DOSE_COLUMNS,
            [
                GridRow(
                    organ,
                    {
                        "organ": in_words(organ),
                        "dose": Number(
                            result_path("plan", "predicted_absorbed_dose_gy", organ, "next_cycle"),
                            plan.forecast.predicted[organ].next_cycle_gy,
                            GRAY,
                        ),
                    },
                    mark="stale" if stale else "",
                )
                for organ in organ_order(plan.forecast.predicted)
            ],
        )


_DOSE_COLUMNS = (GridColumn("organ", "Absorbed dose"), GridColumn("dose", "Gy"))


_GIVEN_COLUMNS = (
    GridColumn("nuclide", "Given"),
    GridColumn("activity", "GBq"),
    GridColumn("planned", "Planned"),
    GridColumn("share", "%", "given less planned"),
)


def _when(case: Case, index: int, start: datetime) -> str:
    """When the cycle was given, and how long after the one before; whether that is more or less than 8 ± 2 weeks."""
    text = time_text(case, start)
    before = next((at for cycle in reversed(case.cycles[:index]) if (at := start_of(cycle)) is not None), None)
    if before is None:
        return text
    usual = is_usual_interval((start - before).total_seconds())
    return f"{text}, {weeks_between(before, start):.1f} weeks after the last{'' if usual else ' (8 ± 2 are usual)'}"


def _is_planned(cycle: Cycle) -> bool:
    """Whether anything of the cycle was given by a plan."""
    return any(given.planned_activity_bq is not None for given in cycle.administrations)


def _share(given: Administration) -> str:
    planned = given.planned_activity_bq
    return "" if not planned else f"{PERCENT.from_core(given.administered_activity_bq / planned - 1.0):+.1f}"


def _deviation_mark(given: Administration) -> str:
    """Warning above 10 %, error above 20 % without a comment."""
    found = deviation_findings(given, "")
    return found[0].level if found else ""


def _scans_text(cycle: Cycle) -> str:
    if cycle.entered is not None:
        return "absorbed doses entered from elsewhere"
    if not cycle.time_points:
        return "images not read yet" if cycle.image_paths else "not measured"
    delays = [delay_text(cycle, point) for point in cycle.time_points]
    return "SPECT/CT" if scan_delays_s(cycle) else "SPECT/CT: " + ", ".join(delays)


def _origin_words(organ: OrganResult) -> str:
    """How a dose came to be, where it was not measured; which nuclide, where that is so for one of several."""
    if not organ.estimated:
        return " (entered)" if organ.origin == "entered" else ""
    partly = [name for name in organ.doses if name in organ.estimated_nuclides]
    if len(partly) == len(organ.doses):
        return " (estimated)"
    return f" ({', '.join(nuclide_symbol(name) for name in partly)} estimated)"


def scan_delays_s(cycle: Cycle) -> tuple[float, ...]:
    """Delays of the scans of a cycle; empty where nothing was given or scanned."""
    delays = (delay_s(cycle, point) for point in cycle.time_points)
    return tuple(delay for delay in delays if delay is not None)


def _organ_rows(index: int, result: CycleResult | None, stale: bool) -> list[GridRow]:
    if result is None:
        return []
    rows = []
    for organ in organ_order(result.organs):
        held = result.organs[organ]
        path = result_path("cycles", index, "organs", organ)
        rows.append(
            GridRow(
                organ,
                {
                    "organ": in_words(organ) + _origin_words(held),
                    "dose": Number(
                        f"{path}.absorbed_dose_gy.total",
                        held.total.absorbed_dose_gy,
                        GRAY,
                        uncertainty=held.total.standard_uncertainty_gy,
                        uncertainty_path=f"{path}.absorbed_dose_standard_uncertainty_gy.total",
                    ),
                },
                tooltip=f"{in_words(organ)}: {held.origin}",
                mark="stale" if stale else "",
            )
        )
    return rows
