"""The cohort's tables on screen: choose one, read it, copy it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from app.steps.step import combo_box, text_label
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.cohort.tables import TABLE_MAKERS, Cell, Table


class TablesPage(QWidget):
    """One table at a time, made when it is looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._records: tuple[CourseRecord, ...] = ()
        self._made: tuple[str, tuple[CourseRecord, ...]] | None = None
        self.choice = combo_box("cohort_table_choice", list(TABLE_MAKERS))
        self.choice.setAccessibleName("Table")
        self.choice.setMinimumContentsLength(30)
        self.choice.currentIndexChanged.connect(lambda _index: self._show())
        self.title = text_label(role="dimmed", name="cohort_table_title", wrap=True)
        self.table = CohortTable()
        bar = QHBoxLayout()
        bar.addWidget(self.choice)
        bar.addStretch(1)
        column = QVBoxLayout(self)
        column.addLayout(bar)
        column.addWidget(self.title)
        column.addWidget(self.table, 1)

    def show_records(self, records: Sequence[CourseRecord]) -> None:
        """Tables of these courses; the same one stays chosen."""
        self._records = tuple(records)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 Qt override
        """Makes what was not looked at before."""
        super().showEvent(event)
        self._show()

    def _show(self) -> None:
        wanted = (self.choice.currentText(), self._records)
        if not self.isVisible() or wanted == self._made:
            return
        self._made = wanted
        table = TABLE_MAKERS[wanted[0]](self._records) if self._records else None
        self.title.setText("" if table is None else f"{table.title}. Ctrl+C copies what is marked, or all of it.")
        self.table.show_table(table)


class CohortTable(QTableWidget):
    """Cells as text; Ctrl+C copies the marked ones with their headings, or all of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cohort_table")
        self.setAccessibleName("Table of the cohort")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self._table: Table | None = None

    def show_table(self, table: Table | None) -> None:
        """Show this one, or none."""
        self._table = table
        self.clear()
        self.clearSelection()
        self.setCurrentCell(-1, -1)
        self.setColumnCount(0 if table is None else len(table.heading))
        self.setRowCount(0 if table is None else len(table.rows))
        if table is None:
            return
        self.setHorizontalHeaderLabels([_heading(heading) for heading in table.heading])
        for row, cells in enumerate(table.rows):
            for column, cell in enumerate(cells):
                item = QTableWidgetItem(cell_text(cell))
                if isinstance(cell, int | float):
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, column, item)
        self.resizeColumnsToContents()

    def copy_text(self) -> str:
        """What is marked, or everything, tab separated below the headings; the title names the units."""
        if self._table is None:
            return ""
        marked = {(index.row(), index.column()) for index in self.selectedIndexes()}
        rows = sorted({row for row, _ in marked}) or list(range(self.rowCount()))
        columns = sorted({column for _, column in marked}) or list(range(self.columnCount()))
        lines = [self._table.title, "\t".join(self._table.heading[column] for column in columns)]
        for row in rows:
            cells = [self._table.rows[row][column] for column in columns]
            lines.append("\t".join("" if cell is None or cell != cell else str(cell) for cell in cells))
        return "\n".join(lines)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt override
        """Ctrl+C copies."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.copy_text())
            event.accept()
            return
        super().keyPressEvent(event)


def _heading(text: str) -> str:
    """With a capital, except for the letters of statistics."""
    return text if len(text.split()[0]) == 1 else text[:1].upper() + text[1:]


def cell_text(cell: Cell) -> str:
    """A cell as it is read: four significant digits; a dash where nothing is known."""
    if cell is None or cell != cell:
        return "–"
    if not isinstance(cell, float):
        return str(cell)
    if cell != 0 and abs(cell) < 0.0005:
        return f"{cell:.1e}"
    return f"{cell:.4g}" if abs(cell) < 1000 else f"{cell:.0f}"
