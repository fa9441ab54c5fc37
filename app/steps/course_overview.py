"""The course at a glance: cycles as columns, doses of organs and lesions, what is left, the forecast, laboratory."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.dose_bars import organ_bars, voi_bars
from app.number_grid import NumberGrid
from app.session import Session
from app.steps import course_tables
from app.steps.cycle_card import CycleCard
from app.steps.step import SPACING, ScrolledGrid, Section, push_button, text_label
from app.window_texts import planned_cycles
from dosimetry_core.case import Case
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.planning.course_calendar import coming_windows
from widgets.dose_bars_view import DoseBarShown, DoseBarsView

_LEAST_BELOW = 350
_WIDE = 960
_TABLES_WIDTH = 330


class _Below(QWidget):
    """What stands below the cycles: they get the height they need, this takes the rest."""

    def hasHeightForWidth(self) -> bool:  # noqa: N802 Qt override
        """Its wrapped texts ask for nothing: they have room enough."""
        return False

    def sizeHint(self) -> QSize:  # noqa: N802 Qt override
        """No more than it needs at least."""
        return QSize(super().sizeHint().width(), _LEAST_BELOW)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 Qt override
        """Room for bars that can still be read."""
        return QSize(super().minimumSizeHint().width(), _LEAST_BELOW)


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
        below = _Below()
        below.setObjectName("course_below")
        lower = QHBoxLayout(below)
        lower.setContentsMargins(0, 0, 0, 0)
        lower.setSpacing(SPACING)
        self.swap = push_button("Lesions", name="course_swap", tooltip="doses of the lesions in place of the organs")
        self.swap.setCheckable(True)
        self.swap.toggled.connect(lambda _on: self._show_bars())
        bars = Section("Absorbed dose so far", actions=(self.swap,))
        self.bars = DoseBarsView()
        self.bars.setObjectName("course_bars")
        bars.add(self.bars, 1)
        lower.addWidget(bars, 3)
        self._lesions = Section("Lesions so far")
        self.lesion_bars = DoseBarsView()
        self.lesion_bars.setObjectName("lesion_bars")
        self._lesions.add(self.lesion_bars, 1)
        lower.addWidget(self._lesions, 3)
        holder_of_tables = QWidget()
        holder_of_tables.setMinimumWidth(_TABLES_WIDTH)
        side = QVBoxLayout(holder_of_tables)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(SPACING)
        ahead = Section("What is left, and the forecast")
        self.budget = NumberGrid("course_budget")
        ahead.add(self.budget)
        self.calendar = text_label(role="dimmed", name="course_calendar", wrap=True)
        ahead.add(self.calendar)
        side.addWidget(ahead)
        laboratory = Section("Laboratory")
        self.laboratory = NumberGrid("laboratory")
        self._no_laboratory = text_label("No laboratory values are entered.", role="dimmed", name="no_laboratory")
        laboratory.add(self._no_laboratory)
        laboratory.add(ScrolledGrid(self.laboratory), 1)
        side.addWidget(laboratory, 1)
        lower.addWidget(holder_of_tables, 3)
        column.addWidget(below, 1)
        self._cycle_cards: list[CycleCard] = []

    def refresh(self) -> None:
        """Show the course as it is now."""
        case, evaluation, stale = self.session.case, self.session.evaluation, not self.session.is_current
        self._show_cards(case)
        mark = "stale" if stale else ""
        self._show_bars()
        self.budget.show_rows(*(course_tables.budget(evaluation, mark) if evaluation is not None else ([], [])))
        self.calendar.setText(_calendar_text(case, evaluation))
        self.laboratory.show_rows(*course_tables.laboratory(case))
        self._no_laboratory.setVisible(not any(cycle.laboratory for cycle in case.cycles))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt override
        """Organs and lesions stand beside each other where there is room, else a button changes between them."""
        super().resizeEvent(event)
        self._show_bars()

    def _show_bars(self) -> None:
        evaluation, stale = self.session.evaluation, not self.session.is_current
        organs = organ_bars(evaluation, stale=stale) if evaluation is not None else []
        lesions = _lesion_bars(evaluation, stale=stale) if evaluation is not None else []
        is_wide = self.width() >= _WIDE
        self.swap.setVisible(bool(lesions) and not is_wide)
        self._lesions.setVisible(bool(lesions) and is_wide)
        self.lesion_bars.show_bars(lesions if is_wide else [])
        self.bars.show_bars(lesions if lesions and not is_wide and self.swap.isChecked() else organs)

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
            self._cycle_cards[-1].show_plan(plan, self._plan_text(), stale=stale)

    def _plan_text(self) -> str:
        """State of the plan of the next cycle."""
        plan, why = self.session.signed_plan, self.session.staleness
        if plan is None:
            return "not signed"
        return f"{plan.act}: {plan.path.name}" if why is None else f"STALE: {plan.path.name}"


def _lesion_bars(evaluation: Evaluation, *, stale: bool) -> list[DoseBarShown]:
    """One bar per lesion: the dose of all cycles."""
    names = {voi.name for cycle in evaluation.case.cycles for voi in cycle.vois if voi.role == "lesion"}
    return [bar for bar in voi_bars(evaluation, stale=stale) if bar.key in names]


def _calendar_text(case: Case, evaluation: Evaluation | None) -> str:
    """When the coming cycles are due."""
    if evaluation is None:
        return ""
    planned = planned_cycles(case, evaluation.protocol)
    windows = coming_windows(case.cycles, evaluation.plan.next_cycle, planned)
    if not windows:
        return "All planned cycles are done."
    zone = ZoneInfo(case.patient.time_zone)
    first, *others = windows
    texts = [
        f"Cycle {first.cycle} is due {first.due.astimezone(zone):%d %b %Y}, from "
        f"{first.earliest.astimezone(zone):%d %b} to {first.latest.astimezone(zone):%d %b %Y} (8 ± 2 weeks)"
    ]
    texts += [f"cycle {window.cycle} about {window.due.astimezone(zone):%b %Y}" for window in others]
    return "; ".join(texts) + "."
