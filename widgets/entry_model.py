"""The texts of an entry table: its columns, what is marked or only shown, and how a cell is edited and painted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLineEdit, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from widgets.theme import shades

_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX: Final = QModelIndex()
_IS_NUMBER: Final = Qt.ItemDataRole.UserRole
_LEAST_FIGURES = 4
_MOST_FIGURES = 7
"""A measured number with more figures is painted with the least."""


@dataclass(frozen=True)
class EntryColumn:
    """A column.

    Parameters
    ----------
    key
        Identifies it.
    title
        With its unit.
    letters
        How wide; 0 to share what room is left.
    is_shown
        It shows what was read or computed, and can't be typed into.
    is_number
        Whether its texts stand at the right edge.
    """

    key: str
    title: str
    letters: int = 0
    tip: str = ""
    is_shown: bool = False
    is_number: bool = False


@dataclass(frozen=True)
class Mark:
    """A remark on a cell."""

    level: Literal["warning", "error"]
    text: str


class EntryDelegate(QStyledItemDelegate):
    """Edits a text in place, without a frame around the frame; long numbers are painted shortened."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        """A bare line of text."""
        editor = QLineEdit(parent)
        editor.setFrame(False)
        editor.setObjectName("entry_cell")
        editor.setAccessibleName(str(index.model().headerData(index.column(), Qt.Orientation.Horizontal)))
        return editor

    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        """A number with its last figures left out."""
        super().initStyleOption(option, index)
        if index.data(_IS_NUMBER):
            option.text = shortened(option.text)


class EntryModel(QAbstractTableModel):
    """The texts, with the marks on them; ``typed`` carries the rows as they were before somebody typed."""

    typed = Signal(object)

    def __init__(self, columns: tuple[EntryColumn, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self._columns = columns
        self.rows: list[dict[str, str]] = []
        self.marks: dict[tuple[int, str], Mark] = {}
        self.shown: dict[tuple[int, str], str] = {}

    def set_columns(self, columns: tuple[EntryColumn, ...]) -> None:
        """Other columns; the texts stay."""
        self.beginResetModel()
        self._columns = columns
        self.endResetModel()

    def fill(self, rows: list[dict[str, str]], *, grows: bool) -> None:
        """Other rows, unmarked; with ``grows`` an empty one waits at the end."""
        self.beginResetModel()
        self.rows = rows
        self.marks, self.shown = {}, {}
        if grows and (not rows or _holds_text(rows[-1])):
            self.rows.append({})
        self.endResetModel()

    def grow(self) -> None:
        """An empty row at the end, unless one waits there."""
        if self.rows and not _holds_text(self.rows[-1]):
            return
        self.beginInsertRows(_NO_INDEX, len(self.rows), len(self.rows))
        self.rows.append({})
        self.endInsertRows()

    def set_remarks(self, marks: Mapping[tuple[int, str], Mark], shown: Mapping[tuple[int, str], str]) -> None:
        """Mark cells, and fill the columns that are only shown."""
        self.marks, self.shown = dict(marks), dict(shown)
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(self._columns) - 1))

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        """Rows, the waiting one included."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        """Columns."""
        return 0 if parent.isValid() else len(self._columns)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """What is only shown can be selected, not typed into."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags if self._columns[index.column()].is_shown else flags | Qt.ItemFlag.ItemIsEditable

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles with their tooltips; numbers of rows at the side."""
        if orientation == Qt.Orientation.Vertical:
            return str(section + 1) if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._columns[section].tip
        if role == Qt.ItemDataRole.TextAlignmentRole and self._columns[section].is_number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The text of a cell, with the look of its mark."""
        column = self._columns[index.column()]
        place = index.row(), column.key
        mark = self.marks.get(place)
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                typed = self.rows[index.row()].get(column.key, "")
                return self.shown.get(place, typed) if column.is_shown else typed
            case Qt.ItemDataRole.ToolTipRole:
                text = self.rows[index.row()].get(column.key, "")
                return mark.text if mark is not None else text if self._is_shortened(column, text) else column.tip
            case _ if role == _IS_NUMBER:
                return column.is_number
            case Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
                return int(side | Qt.AlignmentFlag.AlignVCenter)
            case Qt.ItemDataRole.ForegroundRole if mark is not None:
                return QColor(shades().error if mark.level == "error" else shades().warning)
            case Qt.ItemDataRole.ForegroundRole if column.is_shown:
                return QColor(shades().dimmed)
            case Qt.ItemDataRole.BackgroundRole if mark is not None and mark.level == "error":
                return QColor(shades().error_ground)
        return None

    @staticmethod
    def _is_shortened(column: EntryColumn, text: str) -> bool:
        return column.is_number and shortened(text) != text

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take what was typed, without blanks around it."""
        key = self._columns[index.column()].key
        text = str(value).strip()
        if role != Qt.ItemDataRole.EditRole or text == self.rows[index.row()].get(key, ""):
            return False
        before = [dict(row) for row in self.rows]
        self.rows[index.row()][key] = text
        self.dataChanged.emit(index, index)
        self.typed.emit(before)
        return True


def shortened(text: str) -> str:
    """A long decimal number as it is painted: rounded, with at least four figures; the cell keeps all that it holds."""
    whole, dot, decimals = text.partition(".")
    if not (dot and decimals.isdecimal() and whole.isdecimal()) or len(whole) + len(decimals) <= _MOST_FIGURES:
        return text
    zeros = len(decimals) - len(decimals.lstrip("0")) if not int(whole) else 0
    return f"{float(text):.{max(zeros + _LEAST_FIGURES - (len(whole) if int(whole) else 0), 1)}f}"


def _holds_text(row: Mapping[str, str]) -> bool:
    return any(text.strip() for text in row.values())
