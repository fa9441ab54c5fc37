"""The course at a glance: cycles as columns, absorbed doses against limits, laboratory values."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.dose_bars import organ_bars
from app.number_grid import GridColumn, GridRow, Number, NumberGrid
from app.result_paths import result_path
from app.session import Session
from app.steps.cycle_card import CycleCard
from app.steps.step import SPACING, ScrolledGrid, Section
from dosimetry_core.case import Case
from dosimetry_core.report.words import laboratory_order, laboratory_words
from dosimetry_core.units import DisplayUnit
from widgets.dose_bars_view import DoseBarsView


class CourseOverview(QWidget):
    """Delivered cycles and the proposed one side by side, above bars and laboratory values."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.setObjectName("course_overview")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        self._cards = QHBoxLayout()
        self._cards.setContentsMargins(0, 0, 0, 0)
        self._cards.setSpacing(SPACING)
        holder = QWidget()
        holder.setObjectName("cycle_columns")
        holder.setLayout(self._cards)
        column.addWidget(ScrolledGrid(holder, fits=True))
        lower = QHBoxLayout()
        lower.setSpacing(SPACING)
        bars = Section("Absorbed dose so far")
        self.bars = DoseBarsView()
        bars.add(self.bars, 1)
        lower.addWidget(bars, 3)
        laboratory = Section("Laboratory")
        self.laboratory = NumberGrid("laboratory")
        laboratory.add(ScrolledGrid(self.laboratory), 1)
        lower.addWidget(laboratory, 2)
        column.addLayout(lower, 1)
        self._cycle_cards: list[CycleCard] = []

    def refresh(self) -> None:
        """Show the course as it is now."""
        case, evaluation, stale = self.session.case, self.session.evaluation, not self.session.is_current
        self._show_cards(case)
        self.bars.show_bars(organ_bars(evaluation, stale=stale) if evaluation is not None else [])
        self._show_laboratory(case)

    def _show_cards(self, case: Case) -> None:
        evaluation, stale = self.session.evaluation, not self.session.is_current
        plan = evaluation.plan if evaluation is not None else None
        wanted = len(case.cycles) + (1 if plan is not None and plan.next_cycle is not None else 0)
        while len(self._cycle_cards) > wanted:
            card = self._cycle_cards.pop()
            self._cards.removeWidget(card)
            card.setParent(None)
            card.deleteLater()
        while len(self._cycle_cards) < wanted:
            card = CycleCard()
            self._cycle_cards.append(card)
            self._cards.addWidget(card, 1)
        for index, cycle in enumerate(case.cycles):
            results = evaluation.cycles[index] if evaluation is not None and index < len(evaluation.cycles) else None
            self._cycle_cards[index].show_cycle(index, case, cycle, results, stale=stale)
        if plan is not None and plan.next_cycle is not None:
            self._cycle_cards[-1].show_plan(plan, stale=stale)

    def _show_laboratory(self, case: Case) -> None:
        days = [
            (index, number, result)
            for index, cycle in enumerate(case.cycles)
            for number, result in enumerate(cycle.laboratory)
        ]
        keys = laboratory_order({key for _i, _n, result in days for key in result.values})
        columns = [GridColumn("name", "")]
        columns += [GridColumn(f"{i}.{n}", f"{result.date:%d %b %Y}", f"cycle {i + 1}") for i, n, result in days]
        columns.append(GridColumn("limit", "Limit"))
        rows = []
        for key in keys:
            name, unit = laboratory_words(key)
            cells: dict[str, Number | str | None] = {"name": f"{name} ({unit})" if unit else name}
            for i, n, result in days:
                path = result_path("cycles", i, "laboratory", n, key)
                cells[f"{i}.{n}"] = Number(path, result.values.get(key), DisplayUnit("", 1.0, _digits(key)))
            limit = case.laboratory_limits.get(key)
            lower, upper = (limit.lower, limit.upper) if limit is not None else (None, None)
            texts = [f"≥ {lower:g}" if lower is not None else "", f"≤ {upper:g}" if upper is not None else ""]
            cells["limit"] = " ".join(text for text in texts if text)
            rows.append(GridRow(key, cells))
        self.laboratory.show_rows(columns, rows)


def _digits(key: str) -> int:
    return 0 if key.endswith(("umol_per_l", "u_per_l", "1_73m2", "karnofsky")) or key.startswith("platelets") else 1
