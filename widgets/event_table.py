"""Events, one line each, newest first: as many as have been read so far, more as the table is scrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from widgets.theme import shades

_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX: Final = QModelIndex()
_ROW_PADDING_PX = 8
_LONGEST_TIP = 600


@dataclass(frozen=True)
class EventColumn:
    """A column: title, how wide in letters (0 to share what room is left), tooltip of the title."""

    title: str
    letters: int = 0
    tip: str = ""


@dataclass(frozen=True)
class EventRow:
    """One event: its number in the chain, its texts by column, and whether it is not what was written."""

    number: int
    cells: tuple[str, ...]
    is_damaged: bool = False


class EventTable(QTableView):
    """Table of events.

    ``row_selected`` carries the number of the event the user is on; ``more_wanted`` says that the last row known has
    come into view while there are older ones. Ctrl+C copies the selected rows, tab separated, with titles.
    """

    row_selected = Signal(int)
    more_wanted = Signal()

    def __init__(self, columns: Sequence[EventColumn], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("event_table")
        self._columns = tuple(columns)
        self._model = _EventModel(self._columns, self)
        self._model.more_wanted.connect(self.more_wanted)
        self.setModel(self._model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + _ROW_PADDING_PX)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        letter = header.fontMetrics().averageCharWidth()
        header.setMinimumSectionSize(6 * letter)
        for number, column in enumerate(self._columns):
            if column.letters:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Interactive)
                self.setColumnWidth(number, column.letters * letter + 2 * _ROW_PADDING_PX)
            else:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)
        self.selectionModel().currentRowChanged.connect(self._row_changed)

    @property
    def rows(self) -> tuple[EventRow, ...]:
        """What has been read so far."""
        return tuple(self._model.rows)

    def show_rows(self, rows: Sequence[EventRow], *, has_more: bool) -> None:
        """Show other events; the one the user was on stays current if it is among them. Silent."""
        number = self.current()
        with QSignalBlocker(self):
            self._model.fill(rows, has_more=has_more)
            self.set_current(number)

    def add_rows(self, rows: Sequence[EventRow], *, has_more: bool) -> None:
        """Append older events. Silent."""
        self._model.add(rows, has_more=has_more)

    def set_current(self, number: int | None) -> None:
        """Go to an event; one that is not shown is left alone. Silent."""
        row = next((place for place, row in enumerate(self._model.rows) if row.number == number), None)
        if row is None:
            return
        flags = QItemSelectionModel.SelectionFlag
        with QSignalBlocker(self):
            self.selectionModel().setCurrentIndex(self._model.index(row, 0), flags.ClearAndSelect | flags.Rows)
            self.scrollTo(self._model.index(row, 0))

    def current(self) -> int | None:
        """Number of the event the user is on."""
        row = self.currentIndex().row()
        return self._model.rows[row].number if 0 <= row < len(self._model.rows) else None

    def selected(self) -> tuple[int, ...]:
        """Numbers of the selected events, from top to bottom."""
        places = sorted(index.row() for index in self.selectionModel().selectedRows())
        return tuple(self._model.rows[place].number for place in places)

    def copy_text(self) -> str:
        """The selected rows with titles, tab separated; line breaks and tabs within a text are blanks."""
        chosen = set(self.selected())
        lines = [("No.", *(column.title for column in self._columns))]
        lines += [(str(row.number), *row.cells) for row in self._model.rows if row.number in chosen]
        return "\n".join("\t".join(" ".join(text.split()) for text in line) for line in lines)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+C copies the selected rows."""
        if event.matches(QKeySequence.StandardKey.Copy):
            if self.selected():
                QGuiApplication.clipboard().setText(self.copy_text())
            event.accept()
            return
        super().keyPressEvent(event)

    def _row_changed(self, index: QModelIndex) -> None:
        if 0 <= index.row() < len(self._model.rows):
            self.row_selected.emit(self._model.rows[index.row()].number)


class _EventModel(QAbstractTableModel):
    more_wanted = Signal()

    def __init__(self, columns: tuple[EventColumn, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self._columns = columns
        self.rows: list[EventRow] = []
        self._has_more = False

    def fill(self, rows: Sequence[EventRow], *, has_more: bool) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self._has_more = has_more
        self.endResetModel()

    def add(self, rows: Sequence[EventRow], *, has_more: bool) -> None:
        self._has_more = has_more
        if rows:
            first = len(self.rows)
            self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
            self.rows.extend(rows)
            self.endInsertRows()

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def canFetchMore(self, parent: _Index) -> bool:
        return self._has_more and not parent.isValid()

    def fetchMore(self, parent: _Index) -> None:
        """Rows come later, from whoever hears the wish; until then it is not told again."""
        if self._has_more:
            self._has_more = False
            self.more_wanted.emit()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._columns[section].tip or None
        return None

    def data(self, index: _Index, role: int = 0) -> Any:
        row = self.rows[index.row()]
        text = row.cells[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return " ".join(text.split())
        if role == Qt.ItemDataRole.ToolTipRole:
            return (text if len(text) <= _LONGEST_TIP else f"{text[:_LONGEST_TIP]}…") or None
        if role == Qt.ItemDataRole.ForegroundRole and row.is_damaged:
            return QColor(shades().error)
        return None
