"""The number trail of the active VOI: from counts to gray, each row a way to where it comes from; as CSV too."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.number_grid import NumberGrid
from app.number_trail_shown import COLUMNS, shown_trail, trail_grid
from app.outputs import write_file
from app.problems import problems_of
from app.session import Session
from app.steps.step import ScrolledGrid, push_button, text_label
from dosimetry_core.errors import DosimetryError
from dosimetry_core.report.number_trail import TrailRow, trail_csv
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION


class NumberTrailPage(QWidget):
    """``row_chosen`` carries the row of the trail that was clicked."""

    row_chosen = Signal(object)
    told = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("number_trail_page")
        self.session = session
        self.rows: dict[str, TrailRow] = {}
        self._voi = ""
        self._shown: tuple[object, ...] = ()
        self.title = text_label(role="heading", name="number_trail_title")
        self.export = push_button(
            "Export CSV…", name="export_number_trail", tooltip="every number of this trail, unrounded, with its origin"
        )
        self.export.clicked.connect(self._choose_file)
        self.grid = NumberGrid("number_trail", spread=False, gap=14)
        self.grid.row_clicked.connect(self._choose_row)
        head = QHBoxLayout()
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.export)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.addLayout(head)
        column.addWidget(ScrolledGrid(self.grid), 1)

    @property
    def voi(self) -> str:
        """Name of the VOI whose trail is shown; empty without one."""
        return self._voi

    def show_trail(self, mark: str) -> None:
        """Show the trail of the active VOI of the cycle in view, else of its first one."""
        evaluation, results = self.session.evaluation, self.session.cycle_result
        voi = self.session.voi
        names = [] if results is None else list(results.vois)
        name = voi.name if voi is not None and voi.name in names else next(iter(names), "")
        shown = (evaluation, self.session.view_state.cycle, name, mark)
        if shown == self._shown:
            return
        self._shown, self._voi = shown, name
        if evaluation is None or not name:
            self.rows = {}
            self.title.setText("No VOI has numbers yet.")
            self.grid.show_rows([], [])
            self.export.setEnabled(False)
            return
        trail = shown_trail(evaluation, self.session.view_state.cycle, name)
        self.rows = {row.key: row for row in trail}
        self.title.setText(f"{name}, cycle {evaluation.cycles[self.session.view_state.cycle].cycle.number}")
        self.grid.show_rows(COLUMNS, trail_grid(trail, name, mark))
        self.export.setEnabled(True)

    def _choose_row(self, key: str) -> None:
        """A heading stands for the first number of its group."""
        row = self.rows.get(key.removeprefix("# "))
        if row is not None:
            self.row_chosen.emit(row)

    def _choose_file(self) -> None:
        suggested = str(Path(self.session.case.folder) / f"number-trail-{self._voi.replace(' ', '-')}.csv")
        chosen, _kind = QFileDialog.getSaveFileName(self, "Export the number trail", suggested, "CSV (*.csv)")
        if chosen:
            self.write_csv(Path(chosen))

    def write_csv(self, target: Path) -> None:
        """Write the trail in view, whole or not at all."""
        evaluation = self.session.evaluation
        if evaluation is None or not self.rows:
            self.told.emit("There is no trail to export")
            return
        number = evaluation.cycles[self.session.view_state.cycle].cycle.number
        stale = "" if self.session.is_current else "; STALE: inputs changed since"
        title = (
            f"{SOFTWARE_NAME} {SOFTWARE_VERSION}, patient {evaluation.case.patient.patient_id}, cycle {number}, "
            f"{self._voi}{stale}"
        )
        try:
            write_file(target, trail_csv(self.rows.values(), title=title).encode("utf-8"))
        except DosimetryError as error:
            self.told.emit(problems_of(error)[0].text())
            return
        self.told.emit(f"Number trail of {self._voi} written: {target.name}")
