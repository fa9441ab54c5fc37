"""A table of results: core values in, display units on the screen and in what is copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from dosimetry_core.errors import Level
from dosimetry_core.units import DisplayUnit
from widgets.quantity_edit import quantity_text
from widgets.theme import LEVEL_COLOUR, STALE, font

Cell = float | tuple[float, float | None] | str | None
"""A core value, a value with its standard uncertainty, a text, or nothing known."""
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column:
    """A column: key, title, and the display unit of its values."""

    key: str
    title: str
    unit: DisplayUnit | None = None
    digits: int | None = None
    tooltip: str = ""

    def heading(self) -> str:
        """Title with unit."""
        return f"{self.title}\n{self.unit.symbol}" if self.unit is not None and self.unit.symbol else self.title

    def text(self, cell: Cell, *, with_symbol: bool = False) -> str:
        """Text of a cell of this column."""
        if cell is None:
            return "–"
        if isinstance(cell, str):
            return cell
        value, uncertainty = cell if isinstance(cell, tuple) else (cell, None)
        unit = self.unit or DisplayUnit("", 1.0, 2)
        return quantity_text(unit, value, uncertainty, digits=self.digits, with_symbol=with_symbol)


@dataclass(frozen=True)
class Row:
    """A row: key, one cell for each column, and how grave its findings are."""

    key: str
    cells: tuple[Cell, ...]
    level: Level | None = None
    tooltip: str = ""
    stale: bool = False


class ResultTable(QTableView):
    """Results row by row. Ctrl+C copies the selection (or all) with headings and units, separated by tabs."""

    row_clicked = Signal(str)
    row_activated = Signal(str)

    def __init__(self, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        self._model = _RowsModel()
        self.setModel(self._model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(True)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.clicked.connect(lambda index: self.row_clicked.emit(self._model.rows[index.row()].key))
        self.activated.connect(lambda index: self.row_activated.emit(self._model.rows[index.row()].key))

    def show_rows(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Fill the table; the selected row stays selected by its key."""
        for row in rows:
            if len(row.cells) != len(columns):
                raise ValueError(f"row {row.key!r} has {len(row.cells)} cells for {len(columns)} columns")
        current = self.current()
        same_columns = tuple(columns) == self._model.columns
        self._model.fill(tuple(columns), tuple(rows))
        if not same_columns and columns:
            self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            texts = [number for number, column in enumerate(columns) if column.unit is None]
            if texts:
                self.horizontalHeader().setSectionResizeMode(texts[0], QHeaderView.ResizeMode.Stretch)
                self.horizontalHeader().setMinimumSectionSize(QFontMetrics(font()).horizontalAdvance("mmmm"))
        if current is not None:
            self.set_current(current)

    def set_current(self, key: str | None) -> None:
        """Select a row by key. Silent."""
        selection = self.selectionModel()
        number = next((n for n, row in enumerate(self._model.rows) if row.key == key), None)
        if number is None:
            selection.clear()
            return
        flags = QItemSelectionModel.SelectionFlag
        selection.setCurrentIndex(self._model.index(number, 0), flags.ClearAndSelect | flags.Rows)

    def current(self) -> str | None:
        """Key of the selected row."""
        index = self.currentIndex()
        return self._model.rows[index.row()].key if 0 <= index.row() < len(self._model.rows) else None

    def keys(self) -> tuple[str, ...]:
        """Row keys in order."""
        return tuple(row.key for row in self._model.rows)

    def value(self, row_key: str, column_key: str) -> Cell:
        """Cell as given."""
        row, number = self._model.find(row_key, column_key)
        return row.cells[number]

    def text(self, row_key: str, column_key: str) -> str:
        """Cell as shown."""
        row, number = self._model.find(row_key, column_key)
        return self._model.columns[number].text(row.cells[number])

    def copy_text(self) -> str:
        """Selected rows, or all, as tab-separated lines with titles; each value has its unit."""
        chosen = sorted({index.row() for index in self.selectionModel().selectedIndexes()})
        rows = [self._model.rows[number] for number in chosen] or list(self._model.rows)
        lines = ["\t".join(column.title for column in self._model.columns)]
        for row in rows:
            cells = zip(self._model.columns, row.cells, strict=True)
            lines.append("\t".join(column.text(cell, with_symbol=True) for column, cell in cells))
        return "\n".join(lines)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+C copies with units."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.copy_text())
        else:
            super().keyPressEvent(event)


class _RowsModel(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.columns: tuple[Column, ...] = ()
        self.rows: tuple[Row, ...] = ()

    def fill(self, columns: tuple[Column, ...], rows: tuple[Row, ...]) -> None:
        if columns == self.columns and len(rows) == len(self.rows):
            changed = [n for n, (old, new) in enumerate(zip(self.rows, rows, strict=True)) if old != new]
            self.rows = rows
            if changed:
                self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], len(columns) - 1))
            return
        self.beginResetModel()
        self.columns, self.rows = columns, rows
        self.endResetModel()

    def find(self, row_key: str, column_key: str) -> tuple[Row, int]:
        row = next((row for row in self.rows if row.key == row_key), None)
        number = next((n for n, column in enumerate(self.columns) if column.key == column_key), None)
        if row is None or number is None:
            raise KeyError((row_key, column_key))
        return row, number

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.heading()
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tooltip or None
        if role == Qt.ItemDataRole.TextAlignmentRole and column.unit is not None:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = 0) -> Any:
        row, column = self.rows[index.row()], self.columns[index.column()]
        cell = row.cells[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(cell)
        if role == Qt.ItemDataRole.UserRole:
            return cell
        if role == Qt.ItemDataRole.TextAlignmentRole and (column.unit is not None or not isinstance(cell, str | None)):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            tips = [text for text in (row.tooltip, "stale: its inputs changed" if row.stale else "") if text]
            return "\n".join(tips) or None
        if role == Qt.ItemDataRole.ForegroundRole:
            if row.stale:
                return QColor(STALE)
            if row.level is not None and row.level != "info":
                return QColor(LEVEL_COLOUR[row.level])
        return None
