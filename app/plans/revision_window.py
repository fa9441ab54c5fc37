"""Two revisions of the open course beside each other: which inputs differ, and by how much the results do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.case_reading import evaluated
from app.number_grid import GridColumn, GridRow, NumberGrid
from app.plans.chosen_plan import is_open_to_choice, planned_as_chosen, with_plan
from app.plans.comparison import Comparison, compared
from app.problems import problems_of
from app.steps.step import ScrolledGrid, Section, combo_box, push_button, text_label
from dosimetry_core.progress import Progress, part_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.session import Session
    from dosimetry_core.case import Case


@dataclass(frozen=True, eq=False)
class Revision:
    """A state of the course: what it is called, its case, and the activities that were chosen (None: the proposal)."""

    name: str
    case: Case
    activities_bq: Mapping[str, float] | None = None
    ends_treatment: bool = False


def revisions_of(session: Session) -> tuple[Revision, ...]:
    """Every state of the course that is at hand: as opened, after each step, as signed, and as it is; newest first."""
    document = session.document
    cases = [("As opened", case) for case in document.earlier_cases()[-1:]]
    steps = [*reversed(document.earlier_cases()), document.case][1:]
    labels = document.labels[: document.position]
    cases += [(f"{n}  {label}", case) for n, (label, case) in enumerate(zip(labels, steps, strict=True), start=1)]
    found = [Revision(name, case) for name, case in cases[:-1]]
    for plan in session.plan_files:
        if plan.case is not None:
            found.append(
                Revision(f"{plan.path.name} as {plan.act}", plan.case, plan.activities_bq, plan.ends_treatment)
            )
    now = f"Now: after {labels[-1]}" if labels else "Now"
    choice = session.plan_choice
    found.append(Revision(now, document.case, choice.activities_bq, choice.ends_treatment))
    return tuple(reversed(found))


def comparison_of(first: Revision, second: Revision, *, progress: Progress) -> Comparison:
    """Compute both and compare them; runs as a job."""
    from dosimetry_core.results_json import results_json

    trees: list[Any] = []
    for number, revision in enumerate((first, second)):
        results = evaluated(revision.case, progress=part_of(progress, number / 2, (number + 1) / 2))
        chosen = revision.activities_bq
        if chosen is not None and is_open_to_choice(results.plan, chosen):
            decided = planned_as_chosen(results, chosen, ends_treatment=revision.ends_treatment)
            results = with_plan(results, decided)
        trees.append(results_json(results))
    return compared(trees[0], trees[1], cases=(first.case, second.case))


class RevisionWindow(QDialog):
    """Choose two revisions; what differs stands below. Nothing here changes anything."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("revisions")
        self.setWindowTitle("Compare two revisions")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(980, 720)
        self._session = session
        self._revisions = revisions_of(session)
        self.comparison: Comparison | None = None
        names = [revision.name for revision in self._revisions]
        self.first, self.second = combo_box("revision_first", names), combo_box("revision_second", names)
        self.first.setCurrentIndex(self._place_of_signed())
        self.all_results = push_button("All results", name="revision_all", tooltip="also those that read the same")
        self.all_results.setCheckable(True)
        self.all_results.toggled.connect(lambda _on: self._show())
        row = QHBoxLayout()
        for text, box in (("From", self.first), ("to", self.second)):
            row.addWidget(text_label(text, role="dimmed"))
            row.addWidget(box, 1)
            box.currentIndexChanged.connect(lambda _index: self.compare())
        row.addWidget(self.all_results)
        self.message = text_label(role="dimmed", name="revision_message", wrap=True)
        self.inputs = NumberGrid("revision_inputs", spread=False)
        self.results = NumberGrid("revision_results", spread=False)
        column = QVBoxLayout(self)
        column.addLayout(row)
        column.addWidget(self.message)
        for title, grid, stretch in (("Inputs that differ", self.inputs, 2), ("Results", self.results, 3)):
            section = Section(title)
            section.add(ScrolledGrid(grid), 1)
            column.addWidget(section, stretch)
        foot = QHBoxLayout()
        foot.addStretch(1)
        copy = push_button("Copy", name="revision_copy", tooltip="both tables, tab-separated (Ctrl+Shift+C)")
        copy.clicked.connect(self.copy)
        close = push_button("Close", name="revision_close")
        close.clicked.connect(self.close)
        foot.addWidget(copy)
        foot.addWidget(close)
        column.addLayout(foot)
        QShortcut(QKeySequence("Ctrl+Shift+C"), self, self.copy)
        self.compare()

    def _place_of_signed(self) -> int:
        """What is compared first: the newest signed plan, else the revision before this one."""
        signed = [n for n, revision in enumerate(self._revisions) if revision.activities_bq is not None and n]
        return signed[0] if signed else min(1, len(self._revisions) - 1)

    def compare(self) -> None:
        """Compute what differs between the two that are chosen, beside the user's work."""
        first, second = (self._revisions[box.currentIndex()] for box in (self.first, self.second))
        self.message.setText("Computing both revisions …")
        job = self._session.jobs.start(comparison_of, first, second, purpose="compare", title="Comparing two revisions")
        job.succeeded.connect(self._take)
        job.failed.connect(lambda error: self.message.setText(problems_of(error)[0].text()))

    def _take(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self._show()

    def _show(self) -> None:
        found = self.comparison
        if found is None:
            return
        changed = found.changed_results
        same = len(found.results) - len(changed)
        self.message.setText(
            f"Different: {_counted(len(found.inputs), 'input')}, {_counted(len(changed), 'result')}; "
            f"{same} of {len(found.results)} results read the same."
        )
        columns = (GridColumn("name", ""), GridColumn("before", "From"), GridColumn("after", "To"))
        self.inputs.show_rows(
            columns,
            [
                GridRow(f"{n} {c.place}", {"name": c.place, "before": c.old, "after": c.new})
                for n, c in enumerate(found.inputs)
            ],
        )
        shown = found.results if self.all_results.isChecked() else changed
        rows = []
        for result in shown:
            before, after, change = result.texts()
            cells = {"name": result.name, "before": before, "after": after, "change": change}
            rows.append(GridRow(result.name, cells, mark="warning" if result.differs else ""))
        self.results.show_rows((*columns, GridColumn("change", "Change")), rows)

    def copy(self) -> None:
        """Both tables to the clipboard."""
        if self.comparison is not None:
            QGuiApplication.clipboard().setText("\n".join(self.comparison.lines()))


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
