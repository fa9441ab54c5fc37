"""Safety over the course: trends with cycles and grades, stop rules with value, limit and date, nadir and change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.number_grid import GridColumn, GridRow, NumberGrid
from app.session import Session
from app.steps.step import ScrolledGrid, Section, combo_box, text_label
from app.window_texts import protocol_of
from dosimetry_core.case import Case
from dosimetry_core.followup.laboratory_trend import LaboratoryTrend, TrendValue, laboratory_trends, name_and_unit
from dosimetry_core.followup.receptor_entry import question_words
from dosimetry_core.followup.stop_criteria import stop_criteria
from dosimetry_core.laboratory import LABORATORY_NAMES, MARKER_KEYS, PERFORMANCE_KEYS
from dosimetry_core.safety.rules import Condition, RuleOutcome
from dosimetry_core.units import PERCENT
from widgets.theme import set_role
from widgets.trend_plot import TrendPlot, TrendShown

_SETS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Blood counts and kidneys",
        (
            "haemoglobin_g_per_dl",
            "platelets_1e9_per_l",
            "leukocytes_1e9_per_l",
            "neutrophils_1e9_per_l",
            "lymphocytes_1e9_per_l",
            "egfr_ml_per_min_per_1_73m2",
        ),
    ),
    (
        "Kidneys and liver",
        (
            "creatinine_umol_per_l",
            "egfr_ml_per_min_per_1_73m2",
            "creatinine_clearance_cockcroft_gault_ml_per_min",
            "alt_u_per_l",
            "ast_u_per_l",
            "bilirubin_umol_per_l",
        ),
    ),
    ("Performance and tumour markers", (*PERFORMANCE_KEYS, *MARKER_KEYS)),
)
_PLOTS = 6
_WHEN = "C2 d21: 21 days after the administration of cycle 2"


class SafetyPage(QWidget):
    """Nothing is entered here."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("safety_page")
        self._session = session
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        self.choice = combo_box("safety_set", [name for name, _keys in _SETS])
        self.choice.setMinimumContentsLength(27)
        self.choice.setAccessibleName("Which quantities are plotted")
        self.choice.activated.connect(lambda _n: self.refresh())
        trends = Section("Trends", name="safety_trends", actions=[self.choice])
        self.none = text_label("No laboratory values are entered.", role="dimmed", name="no_trends")
        trends.add(self.none)
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        self.plots = [TrendPlot() for _n in range(_PLOTS)]
        for number, plot in enumerate(self.plots):
            grid.addWidget(plot, number // 2, number % 2)
        trends.add(holder, 1)
        row.addWidget(trends, 5)
        side = QVBoxLayout()
        side.setSpacing(10)
        stop = Section("Stop rules, latest values", name="safety_stop")
        self.verdict = text_label(name="safety_verdict", wrap=True)
        stop.add(self.verdict)
        self.rules = NumberGrid("safety_rules", spread=False)
        stop.add(ScrolledGrid(self.rules), 1)
        side.addWidget(stop, 3)
        changes = Section("Against the baseline", name="safety_changes")
        self.changes = NumberGrid("safety_change_table", spread=False)
        changes.add(ScrolledGrid(self.changes), 1)
        side.addWidget(changes, 4)
        row.addLayout(side, 4)

    def refresh(self) -> None:
        """Show the course as it is now."""
        case = self._session.document.case
        trends = {trend.key: trend for trend in laboratory_trends(case)} if case.cycles else {}
        first = _first_day(case)
        self._show_plots(case, trends, first)
        self._show_rules()
        self._show_changes(trends)

    def _show_plots(self, case: Case, trends: dict[str, LaboratoryTrend], first: date | None) -> None:
        wanted = [trends[key] for key in _SETS[max(self.choice.currentIndex(), 0)][1] if key in trends]
        self.none.setVisible(not wanted)
        origin = first or min((t.values[0].day for t in wanted), default=date.today())
        cycles = tuple(
            (float((min(a.start for a in cycle.administrations).date() - origin).days), cycle.number)
            for cycle in case.cycles
            if cycle.administrations
        )
        days = [float((value.day - origin).days) for trend in wanted for value in trend.values]
        days += [day for day, _number in cycles]
        low, high = min(days, default=0.0), max(days, default=1.0)
        room = 0.06 * ((high - low) or 1.0)
        for number, plot in enumerate(self.plots):
            trend = wanted[number] if number < len(wanted) else None
            plot.setVisible(trend is not None)
            if trend is None:
                continue
            name, unit = name_and_unit(trend.key)
            limit = case.laboratory_limits.get(trend.key)
            shown = TrendShown(
                f"{name} ({unit})" if unit else name,
                tuple(float((value.day - origin).days) for value in trend.values),
                tuple(value.value for value in trend.values),
                tuple(value.grade for value in trend.values),
                cycles,
                None if limit is None else limit.lower,
                None if limit is None else limit.upper,
            )
            title = "Days since the first administration" if number >= len(wanted) - 2 else ""
            plot.show_trend(shown, (low - room, high + room), x_title=title)

    def _show_rules(self) -> None:
        evaluation = self._session.evaluation
        result = evaluation.cycles[-1] if evaluation is not None and evaluation.cycles else None
        if evaluation is None or result is None:
            self.verdict.setText("Not computed yet.")
            set_role(self.verdict, "dimmed")
            self.rules.show_rows([], [])
            return
        criteria = stop_criteria([cycle.safety for cycle in evaluation.cycles])
        outcomes, earlier = criteria.latest, criteria.met_earlier
        met, open_ = ([o for o in outcomes if o.outcome == what] for what in ("met", "cannot decide"))
        protocol = protocol_of_shown(self._session)
        if not outcomes:
            text, role = f"{protocol} has no stop rules.", "warning"
        elif met:
            text, role = f"STOP by {len(met)} rule{'' if len(met) == 1 else 's'} of {protocol}.", "error"
        elif open_:
            text, role = f"No rule of {protocol} is met; {len(open_)} can't be decided.", "warning"
        else:
            text, role = f"No rule of {protocol} is met.", "good"
        if earlier:
            text += f" Met earlier, no longer: {'; '.join(outcome.text for outcome in earlier)}."
            role = role if met else "warning"
        self.verdict.setText(text if self._session.is_current else f"{text} Being computed anew.")
        set_role(self.verdict, role)
        columns, rows = outcome_table(outcomes, {"met": "error", "cannot decide": "warning"})
        before = {outcome.rule.name for outcome in earlier}
        rows = [
            replace(
                row, cells={**row.cells, "answer": f"{row.cells['answer']}, met earlier"}, mark=row.mark or "warning"
            )
            if outcome.rule.name in before
            else row
            for row, outcome in zip(rows, outcomes, strict=True)
        ]
        self.rules.show_rows(columns, rows)

    def _show_changes(self, trends: dict[str, LaboratoryTrend]) -> None:
        columns = [
            GridColumn("name", "", wraps=True),
            GridColumn("baseline", "Baseline", "last value up to the first administration"),
            GridColumn(
                "worst",
                "Worst after",
                f"lowest after the first administration, highest where high is bad; {_WHEN}",
                wraps=True,
            ),
            GridColumn("change", "Change"),
            GridColumn("grade", "Grade", "worst CTCAE grade after the first administration"),
            GridColumn("latest", "Latest", _WHEN, wraps=True),
        ]
        rows = []
        for trend in trends.values():
            name, unit = name_and_unit(trend.key)
            grade = trend.worst_grade
            worst = trend.worst
            change = None if worst is None else trend.change(worst)
            cells = {
                "name": f"{name} ({unit})" if unit else name,
                "baseline": "" if trend.baseline is None else f"{trend.baseline.value:.4g}",
                "worst": "" if worst is None else f"{worst.value:.4g}, {_when(worst)}",
                "change": "" if change is None else f"{PERCENT.from_core(change):+.0f} %",
                "grade": "" if grade is None else str(grade),
                "latest": f"{trend.latest.value:.4g}, {_when(trend.latest)}",
            }
            mark = "" if not grade else "warning" if grade < 3 else "error"
            rows.append(GridRow(trend.key, cells, mark=mark))
        self.changes.show_rows(columns, rows)


def outcome_table(outcomes: Sequence[RuleOutcome], marks: Mapping[str, str]) -> tuple[list[GridColumn], list[GridRow]]:
    """Rules with their answer, and what it rests on; ``marks``: how an answer is marked."""
    columns = [
        GridColumn("rule", "Rule", wraps=True),
        GridColumn("answer", "Answer"),
        GridColumn("limit", "Limit", wraps=True),
        GridColumn("why", "Value and date", wraps=True),
    ]
    rows = []
    for number, outcome in enumerate(outcomes):
        cells = {
            "rule": outcome.rule.name,
            "answer": outcome.outcome,
            "limit": _limit_words(outcome),
            "why": _value_words(outcome),
        }
        tooltip = f"{outcome.rule.requirement}: {outcome.text}"
        rows.append(GridRow(str(number), cells, tooltip=tooltip, mark=marks.get(outcome.outcome, "")))
    return columns, rows


def _limit_words(outcome: RuleOutcome) -> str:
    """The rule's comparisons, where there are few; else how many."""
    conditions = outcome.rule.conditions
    if len(conditions) > 2:
        every = {condition.statement().partition(" ")[2] for condition in conditions}
        if len(every) == 1 and conditions[0].comparison != "is":
            return f"{outcome.rule.combine} of {len(conditions)} {every.pop()}"
        return f"{outcome.rule.combine} of {len(conditions)} answers"
    return f" {'or' if outcome.rule.combine == 'any' else 'and'} ".join(_statement(c) for c in conditions)


def _statement(condition: Condition) -> str:
    """The comparison, with questions that only a person answers as they are asked."""
    if condition.quantity in LABORATORY_NAMES:
        return condition.statement()
    asked = question_words(condition.quantity)
    if condition.comparison == "is":
        return asked if condition.bound else f"no {asked[:1].lower()}{asked[1:]}"
    return f"{asked} {condition.statement().rpartition(' ')[0].rpartition(' ')[2]} {condition.bound:g}"


def _value_words(outcome: RuleOutcome) -> str:
    """What is missing, what decided, or the values that were compared, each day once."""
    if outcome.outcome == "cannot decide":
        asked = [key for key in outcome.missing if key not in LABORATORY_NAMES and not key.startswith("upper limit")]
        return "not stated" if len(asked) == len(outcome.missing) else outcome.text
    answers = {condition.quantity for condition in outcome.rule.conditions if condition.comparison == "is"}
    by_day: dict[date | None, list[str]] = {}
    for key, observed in outcome.values.items():
        if outcome.deciding and key not in outcome.deciding:
            continue
        said = f"{observed.value:.4g}"
        if key in answers:
            said = f"{question_words(key)}: {'yes' if observed.value else 'no'}"
        by_day.setdefault(observed.date, []).append(said)
    return "; ".join(
        ", ".join(said) + (f" ({day:%d %b %Y})" if day is not None else "") for day, said in by_day.items()
    )


def protocol_of_shown(session: Session) -> str:
    """Name of the protocol of the course."""
    protocol = protocol_of(session.document.case)
    return protocol.name if protocol is not None else "the protocol"


def _when(value: TrendValue) -> str:
    if not value.cycle:
        return f"{value.day:%d %b %Y}"
    return f"C{value.cycle} d{value.days_after}"


def _first_day(case: Case) -> date | None:
    given = [a.start.date() for a in case.cycles[0].administrations] if case.cycles else []
    return min(given) if given else None
