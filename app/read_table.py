"""A table to be read: numbers to the right, Ctrl+C copies what is marked with its headings, which name the units."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QWidget

Cell = str | float | int | None
_SMALL, _LARGE = 0.0005, 1000.0


class ReadTable(QTableWidget):
    """Cells as text of four significant digits; copied numbers are whole."""

    def __init__(self, name: str, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible_name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self._title = ""
        self._heading: tuple[str, ...] = ()
        self._rows: tuple[tuple[Cell, ...], ...] = ()

    def show_rows(self, title: str, heading: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Show these.

        Parameters
        ----------
        title
            Stands above what is copied.
        """
        self._title, self._heading = title, tuple(heading)
        self._rows = tuple(tuple(row) for row in rows)
        self.clear()
        self.clearSelection()
        self.setCurrentCell(-1, -1)
        self.setColumnCount(len(self._heading))
        self.setRowCount(len(self._rows))
        self.setHorizontalHeaderLabels([_capital(text) for text in self._heading])
        for row, cells in enumerate(self._rows):
            for column, cell in enumerate(cells):
                item = QTableWidgetItem(cell_text(cell))
                if isinstance(cell, int | float):
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, column, item)
        self.resizeColumnsToContents()

    def copy_text(self) -> str:
        """What is marked, or everything, tab separated below title and headings."""
        marked = {(index.row(), index.column()) for index in self.selectedIndexes()}
        rows = sorted({row for row, _ in marked}) or list(range(len(self._rows)))
        columns = sorted({column for _, column in marked}) or list(range(len(self._heading)))
        lines = [self._title] if self._title else []
        lines.append("\t".join(self._heading[column] for column in columns))
        for row in rows:
            cells = [self._rows[row][column] for column in columns]
            lines.append("\t".join("" if cell is None or cell != cell else str(cell) for cell in cells))
        return "\n".join(lines)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt override
        """Ctrl+C copies."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.copy_text())
            event.accept()
            return
        super().keyPressEvent(event)


def _capital(text: str) -> str:
    """With a capital, except for the letters of statistics."""
    return text if not text or len(text.split()[0]) == 1 else text[:1].upper() + text[1:]


def cell_text(cell: Cell) -> str:
    """A cell as it is read: four significant digits; a dash where nothing is known."""
    if cell is None or cell != cell:
        return "–"
    if not isinstance(cell, float):
        return str(cell)
    if cell != 0 and abs(cell) < _SMALL:
        return f"{cell:.1e}"
    return f"{cell:.4g}" if abs(cell) < _LARGE else f"{cell:.0f}"
