"""A table to type and paste values into: keyboard only, cells marked where something is wrong, its own undo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QHeaderView, QTableView, QWidget

from widgets.entry_model import EntryColumn, EntryDelegate, EntryModel, Mark

_ROW_PADDING_PX = 10
_MOST_UNDO = 100
_TYPING: Final = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.KeypadModifier,
)
_CLIPBOARD: Final = (QKeySequence.StandardKey.Copy, QKeySequence.StandardKey.Cut, QKeySequence.StandardKey.Paste)


class EntryTable(QTableView):
    """Rows of texts.

    ``edited`` says that texts were typed, pasted or taken back. With ``grows`` an empty row always waits at the end,
    and rows can be taken out; else the rows are those shown.

    Keys: letters and figures begin to type; Enter goes down, Tab to the next cell; Ctrl+C, Ctrl+X and Ctrl+V with cells
    of a spreadsheet; Delete empties, Ctrl+Delete takes rows out; Ctrl+Z takes back what was typed or pasted.
    """

    edited = Signal()

    def __init__(
        self, name: str, columns: Sequence[EntryColumn], parent: QWidget | None = None, *, grows: bool = True
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._columns = tuple(columns)
        self._grows = grows
        self._model = EntryModel(self._columns, self)
        self._model.typed.connect(self._typed)
        self._undo: list[list[dict[str, str]]] = []
        self.setModel(self._model)
        self.setItemDelegate(EntryDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.AnyKeyPressed
            | QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setTabKeyNavigation(True)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        side = self.verticalHeader()
        side.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        side.setDefaultSectionSize(self.fontMetrics().height() + _ROW_PADDING_PX)
        side.setVisible(grows)
        self._lay_columns()

    def _lay_columns(self) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        letter = header.fontMetrics().averageCharWidth()
        for number, column in enumerate(self._columns):
            if column.letters:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Interactive)
                self.setColumnWidth(number, column.letters * letter + 2 * _ROW_PADDING_PX)
            else:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)

    # --- content ----------------------------------------------------------------------------------------------------

    @property
    def columns(self) -> tuple[EntryColumn, ...]:
        """The columns."""
        return self._columns

    def set_columns(self, columns: Sequence[EntryColumn]) -> None:
        """Other columns; texts of columns that stay are kept. Silent."""
        if tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self._model.set_columns(self._columns)
            self._lay_columns()

    def show_rows(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Show these texts; nothing of before can be taken back. Silent."""
        self._undo.clear()
        self._model.fill([dict(row) for row in rows], grows=self._grows)

    def rows(self) -> list[dict[str, str]]:
        """What stands there, empty rows included."""
        return [dict(row) for row in self._model.rows]

    def show_marks(self, marks: Mapping[tuple[int, str], Mark], shown: Mapping[tuple[int, str], str]) -> None:
        """Mark cells by row and column, and fill the columns that are only shown."""
        self._model.set_remarks(marks, shown)

    def shown(self, row: int, column: str) -> str:
        """What stands in a column that is only shown."""
        return self._model.shown.get((row, column), "")

    def mark(self, row: int, column: str) -> Mark | None:
        """The remark on a cell."""
        return self._model.marks.get((row, column))

    def go_to(self, row: int, column: str) -> None:
        """Put the keyboard on a cell."""
        number = next(n for n, known in enumerate(self._columns) if known.key == column)
        self.setCurrentIndex(self._model.index(row, number))
        self.setFocus()

    # --- edits ------------------------------------------------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether something typed or pasted can be taken back."""
        return bool(self._undo)

    def undo(self) -> None:
        """Take back what was typed or pasted last."""
        if self._undo:
            self._model.fill(self._undo.pop(), grows=self._grows)
            self.edited.emit()

    def paste_text(self, text: str) -> None:
        """Put cells of a spreadsheet at the current cell; columns that are only shown are passed over."""
        plain = text.rstrip("\r\n")
        if not plain:
            return
        separator = "\t" if "\t" in plain or ";" not in plain else ";"
        block = [[cell.strip().strip('"') for cell in line.split(separator)] for line in plain.splitlines()]
        start = self.currentIndex()
        first_row, first_column = max(start.row(), 0), max(start.column(), 0)
        open_columns = [c.key for c in self._columns[first_column:] if not c.is_shown]
        rows = self.rows()
        if not self._grows:
            block = block[: len(rows) - first_row]
        for number, cells in enumerate(block, start=first_row):
            while number >= len(rows):
                rows.append({})
            rows[number].update(zip(open_columns, cells, strict=False))
        self._replace(rows)

    def selected_text(self) -> str:
        """The selected cells, tab separated."""
        indexes = self.selectionModel().selectedIndexes()
        rows = sorted({index.row() for index in indexes})
        columns = sorted({index.column() for index in indexes})
        return "\n".join(
            "\t".join(str(self._model.data(self._model.index(row, column)) or "") for column in columns) for row in rows
        )

    def clear_selected(self) -> None:
        """Empty the selected cells."""
        rows = self.rows()
        for index in self.selectionModel().selectedIndexes():
            column = self._columns[index.column()]
            if not column.is_shown:
                rows[index.row()][column.key] = ""
        self._replace(rows)

    def take_rows_out(self) -> None:
        """Take out the rows of the selected cells."""
        chosen = {index.row() for index in self.selectionModel().selectedIndexes()}
        self._replace([row for number, row in enumerate(self.rows()) if number not in chosen])

    def replace_rows(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Other texts in place of all that stands there, as one edit that can be taken back."""
        self._replace([dict(row) for row in rows])

    def _replace(self, rows: list[dict[str, str]]) -> None:
        before = self.rows()
        if rows == before:
            return
        place = self.currentIndex()
        row, column = place.row(), place.column()
        self._remember(before)
        self._model.fill(rows, grows=self._grows)
        self.setCurrentIndex(self._model.index(min(max(row, 0), self._model.rowCount() - 1), max(column, 0)))
        self.edited.emit()

    def _remember(self, rows: list[dict[str, str]]) -> None:
        self._undo.append(rows)
        del self._undo[:-_MOST_UNDO]

    def _typed(self, before: list[dict[str, str]]) -> None:
        self._remember(before)
        if self._grows:
            self._model.grow()
        self.edited.emit()

    # --- keys -------------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Keys that type belong to the table, not to tools of the window."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and (
                event.modifiers() in _TYPING
                or any(event.matches(key) for key in _CLIPBOARD)
                or (event.matches(QKeySequence.StandardKey.Undo) and self.can_undo)
            )
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy, cut, paste, delete, undo, and Enter goes down."""
        standard = QKeySequence.StandardKey
        control = Qt.KeyboardModifier.ControlModifier
        if event.matches(standard.Copy) or event.matches(standard.Cut):
            QGuiApplication.clipboard().setText(self.selected_text())
            if event.matches(standard.Cut):
                self.clear_selected()
        elif event.matches(standard.Paste):
            self.paste_text(QGuiApplication.clipboard().text())
        elif event.matches(standard.Undo) and self.can_undo:
            self.undo()
        elif event.key() == Qt.Key.Key_Delete and event.modifiers() == control and self._grows:
            self.take_rows_out()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and not event.modifiers():
            self.clear_selected()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self._go_down()
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def _go_down(self) -> None:
        here = self.currentIndex()
        below = self._model.index(here.row() + 1, here.column())
        if below.isValid():
            self.setCurrentIndex(below)

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        """Enter goes down after typing, as in a spreadsheet."""
        super().closeEditor(editor, hint)
        if hint == QAbstractItemDelegate.EndEditHint.SubmitModelCache:
            self._go_down()

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Tab passes over cells that can't be typed into."""
        moves = QAbstractItemView.CursorAction
        if action not in (moves.MoveNext, moves.MovePrevious):
            return super().moveCursor(action, modifiers)
        step = 1 if action == moves.MoveNext else -1
        here = self.currentIndex()
        count = len(self._columns)
        place = max(here.row(), 0) * count + max(here.column(), 0)
        for number in range(place + step, self._model.rowCount() * count if step > 0 else -1, step):
            if not self._columns[number % count].is_shown:
                return self._model.index(number // count, number % count)
        return here

    def sizeHint(self) -> QSize:
        """Room for its rows."""
        height = self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth()
        return QSize(
            super().sizeHint().width(), height + self._model.rowCount() * self.verticalHeader().defaultSectionSize()
        )

    def select(self, top: int, left: int, bottom: int, right: int) -> None:
        """Select a block of cells."""
        block = QItemSelection(self._model.index(top, left), self._model.index(bottom, right))
        self.selectionModel().select(block, QItemSelectionModel.SelectionFlag.ClearAndSelect)
