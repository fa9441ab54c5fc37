"""Every step of the open course in one list: a click goes to the case right after it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDockWidget,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.document import Document
from app.steps.step import text_label

_Index = QModelIndex | QPersistentModelIndex
BEGINNING = "As opened"


class HistoryModel(QAbstractListModel):
    """Steps of a document, oldest first, after the state as opened. It keeps nothing of its own."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self._labels: tuple[str, ...] = document.labels
        document.history_changed.connect(self._follow)

    def _follow(self) -> None:
        # Only what differs is told: with thousands of steps a stroke must not rebuild the list.
        labels, known = self._document.labels, self._labels
        common = next((n for n, (a, b) in enumerate(zip(labels, known, strict=False)) if a != b), None)
        common = min(len(labels), len(known)) if common is None else common
        if common < len(known):
            self.beginRemoveRows(QModelIndex(), common + 1, len(known))
            self._labels = known[:common]
            self.endRemoveRows()
        if common < len(labels):
            self.beginInsertRows(QModelIndex(), common + 1, len(labels))
            self._labels = labels
            self.endInsertRows()
        if self._labels:
            self.dataChanged.emit(self.index(0), self.index(len(self._labels)))

    def rowCount(self, parent: _Index | None = None) -> int:  # noqa: N802 Qt override
        """The beginning and all steps."""
        return 0 if parent is not None and parent.isValid() else len(self._labels) + 1

    def data(self, index: _Index, role: int = 0) -> Any:
        """Text; the state in force marked by a sign and bold, what is undone by a sign and italics."""
        row, position = index.row(), self._document.position
        if role == Qt.ItemDataRole.DisplayRole:
            sign = "▸" if row == position else "↷" if row > position else " "
            return f"{sign} {row}  {self._labels[row - 1] if row else BEGINNING}"
        if role == Qt.ItemDataRole.FontRole:
            font = QFont()
            font.setBold(row == position)
            font.setItalic(row > position)
            return font
        if role == Qt.ItemDataRole.ToolTipRole:
            label = self._labels[row - 1] if row else BEGINNING
            if row == position:
                return f"{label}\nThe case as it is now"
            act = "Done again by a click" if row > position else "Go back to here by a click; nothing is lost"
            return f"{label}\n{act}"
        return None


class _NoWiderThanTheList(QStyledItemDelegate):
    """Long steps are shortened to the room there is instead of reaching out of it."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802 Qt override
        return QSize(1, super().sizeHint(option, index).height())


class HistoryList(QListView):
    """The steps; a click or Enter goes to one."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.setObjectName("history_list")
        self.setAccessibleName("Steps of this course, oldest first")
        self.setUniformItemSizes(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setItemDelegate(_NoWiderThanTheList(self))
        self._document = document
        self._steps = HistoryModel(document)
        self.setModel(self._steps)
        self.clicked.connect(lambda index: document.jump(index.row()))
        document.history_changed.connect(self.show_position)
        self.show_position()

    def show_position(self) -> None:
        """Bring the state in force into view."""
        index = self._steps.index(self._document.position)
        self.setCurrentIndex(index)
        self.scrollTo(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt override
        """Enter goes to the step that is marked."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._document.jump(self.currentIndex().row())
            return
        super().keyPressEvent(event)


class HistoryPanel(QDockWidget):
    """The list at the side of the window."""

    def __init__(self, document: Document, parent: QWidget) -> None:
        super().__init__("History", parent)
        self.setObjectName("history_panel")
        self.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(8, 4, 8, 8)
        column.addWidget(text_label("A click goes back, or on again; nothing is lost.", role="dimmed", wrap=True))
        self.list = HistoryList(document)
        column.addWidget(self.list, 1)
        self.setWidget(content)
