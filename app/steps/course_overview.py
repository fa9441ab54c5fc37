"""The course at a glance: cycles as columns, doses of organs and lesions, what is left, the forecast, laboratory."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.dose_bars import organ_bars, voi_bars
from app.number_grid import NumberGrid
from app.plans.working_state import working_state
from app.session import Session
from app.steps import course_calendar, course_tables
from app.steps.cycle_card import CycleCard, scan_delays_s
from app.steps.step import SPACING, ScrolledColumn, ScrolledGrid, Section, push_button, text_label
from dosimetry_core.case import Case
from dosimetry_core.evaluation import Evaluation
from widgets.discarding import discard
from widgets.dose_bars_view import DoseBarShown, DoseBarsView

_LEAST_BELOW = 350
_WIDE = 960
_TABLES_WIDTH = 350


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
        bars = Section("Absorbed dose: delivered and ahead", actions=(self.swap,))
        self.bars = DoseBarsView()
        self.bars.setObjectName("course_bars")
        bars.add(self.bars, 1)
        lower.addWidget(bars, 3)
        self._lesions = Section("Lesions so far")
        self.lesion_bars = DoseBarsView()
        self.lesion_bars.setObjectName("lesion_bars")
        self._lesions.add(self.lesion_bars, 1)
        lower.addWidget(self._lesions, 3)
        side = ScrolledColumn("course_tables", least_width=_TABLES_WIDTH)
        self.revisions = push_button(
            "Compare revisions…", name="course_compare", tooltip="two states of this course: what differs, by how much"
        )
        self.revisions.clicked.connect(self._compare_revisions)
        ahead = Section("What is left", actions=(self.revisions,))
        self.budget = NumberGrid("course_budget")
        ahead.add(self.budget)
        self.calendar = text_label(role="dimmed", name="course_calendar", wrap=True)
        ahead.add(self.calendar)
        side.add(ahead)
        laboratory = Section("Laboratory")
        self.laboratory = NumberGrid("laboratory")
        self._no_laboratory = text_label("No laboratory values are entered.", role="dimmed", name="no_laboratory")
        laboratory.add(self._no_laboratory)
        laboratory.add(ScrolledGrid(self.laboratory), 1)
        side.add(laboratory, 1)
        lower.addWidget(side, 3)
        column.addWidget(below, 1)
        self._cycle_cards: list[CycleCard] = []

    def refresh(self) -> None:
        """Show the course as it is now."""
        case, evaluation, stale = self.session.case, self.session.evaluation, not self.session.is_current
        self._show_cards(case)
        mark = "stale" if stale else ""
        self._show_bars()
        self.budget.show_rows(*(course_tables.budget(evaluation, mark) if evaluation is not None else ([], [])))
        self.calendar.setText(course_calendar.coming_cycles_text(case, evaluation))
        self.laboratory.show_rows(*course_tables.laboratory(case))
        self._no_laboratory.setVisible(not any(cycle.laboratory for cycle in case.cycles))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt override
        """Organs and lesions stand beside each other where there is room, else a button changes between them."""
        super().resizeEvent(event)
        self._show_bars()

    def _show_bars(self) -> None:
        evaluation, stale = self.session.evaluation, not self.session.is_current
        organs = organ_bars(evaluation, stale=stale, with_plan=True) if evaluation is not None else []
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
            discard(card)
        while len(self._cycle_cards) < wanted:
            card = CycleCard()
            self._cycle_cards.append(card)
            self._cards.addWidget(card, 1)
        line_end_s = max((delay for cycle in case.cycles for delay in scan_delays_s(cycle)), default=0.0)
        for index, cycle in enumerate(case.cycles):
            results = evaluation.cycles[index] if evaluation is not None and index < len(evaluation.cycles) else None
            self._cycle_cards[index].show_cycle(index, case, cycle, results, stale=stale, line_end_s=line_end_s)
        if plan is not None and plan.next_cycle is not None:
            due = course_calendar.next_cycle_text(case, evaluation)
            self._cycle_cards[-1].show_plan(plan, "; ".join(filter(None, (self._plan_text(), due))), stale=stale)

    def _compare_revisions(self) -> None:
        """What differs between two states of the course."""
        from app.plans.revision_window import RevisionWindow

        RevisionWindow(self.session, self.window()).show()

    def _plan_text(self) -> str:
        """State of the plan of the next cycle."""
        plan, why = self.session.signed_plan, self.session.staleness
        if plan is None:
            return f"{working_state(self.session).state}, not signed"
        return f"{plan.act}: {plan.path.name}" if why is None else f"STALE: {plan.path.name}"


def _lesion_bars(evaluation: Evaluation, *, stale: bool) -> list[DoseBarShown]:
    """One bar per lesion: the dose of all cycles."""
    names = {voi.name for cycle in evaluation.case.cycles for voi in cycle.vois if voi.role == "lesion"}
    return [bar for bar in voi_bars(evaluation, stale=stale) if bar.key in names]
