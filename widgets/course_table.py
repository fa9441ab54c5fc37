"""The patient list as a table: who, which protocol, how far, changed when and by whom, and who has it open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from dosimetry_core.frozen import FrozenMap
from widgets.theme import shades

_Index = QModelIndex | QPersistentModelIndex
_MARK_WIDTH = 30
_ICON_SIDE = 16
_CELL_MARGINS, _HEADING_MARGINS = 19, 26
"""Pixels beside a text in a cell and in a heading with its arrow."""
_ROWS_MEASURED = 200
"""Column widths are taken from so many rows; the longest of more is shortened with a tooltip."""


@dataclass(frozen=True)
class CourseRow:
    """One course in the texts that are shown.

    ``held_by`` says who has it open elsewhere, since when; empty if nobody has. ``full`` has longer texts for fields
    that are shown short, for hovering and copying.
    """

    course_id: str
    patient_id: str
    name: str
    birth_date: str
    protocol: str
    cycle: str
    state: str
    changed: str
    changed_by: str
    held_by: str = ""
    archived: bool = False
    full: Mapping[str, str] = field(default_factory=FrozenMap)

    def full_text(self, name: str) -> str:
        """A field in full."""
        return self.full.get(name) or str(getattr(self, name))


@dataclass(frozen=True)
class _Column:
    key: str
    title: str
    field: str
    widest: str
    tip: str


COLUMNS = (
    _Column("held", "", "held_by", "", "A lock: somebody else has the course open; it opens read-only"),
    _Column("name", "Name", "name", "", "As the images have it; the first part is the family name"),
    _Column("id", "ID", "patient_id", "LUT-2026-000123", "The patient's number; figures count as numbers"),
    _Column("birth", "Born", "birth_date", "30 Mmm 0000", "Date of birth"),
    _Column("protocol", "Protocol", "protocol", "garske-roman", "How the course is planned"),
    _Column("cycle", "Cycle", "cycle", "10 of 12", "The last cycle listed, of those planned"),
    _Column("state", "State", "state", "administered", "Of the newest plan; stale: an input changed since"),
    _Column("changed", "Changed", "changed", "30 Mmm 00:00", "When anything in it was changed last, local time"),
    _Column("by", "By", "changed_by", "A. Mmmmmmmmm", "Who changed it last"),
)
_NAME = next(n for n, column in enumerate(COLUMNS) if column.key == "name")

# Where there is no room for all: what is made narrower, in this order, and how far. Of an ID or a protocol a beginning
# tells nothing, so those scroll.
_GIVING_WAY = (("by", "M" * 6), ("name", "M" * 9), ("by", "M" * 3))


class CourseTable(QTableView):
    """Table of courses; the order is the caller's, a click on a heading asks for another one.

    The table never takes the keyboard: keys stay where the user types, so that every input method works, and the
    caller moves the selection with `step` and `step_page`.
    """

    course_selected = Signal(str)
    """The user selected another course; empty for none."""
    course_opened = Signal(str)
    """Double click."""
    sort_requested = Signal(str, bool)
    """Order by this column, reversed or not."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("course_table")
        self.setAccessibleName("Patients")
        self._model = _CourseModel(self)
        self.setModel(self._model)
        self._sort: tuple[str, bool] = ("", False)
        self._widths: list[int] = []
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setIconSize(QSize(_ICON_SIDE, _ICON_SIDE))
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 12)
        header = self.horizontalHeader()
        header.setObjectName("course_table_header")
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(_MARK_WIDTH)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self._heading_clicked)
        self.doubleClicked.connect(lambda index: self.course_opened.emit(self._model.rows[index.row()].course_id))
        self.selectionModel().currentRowChanged.connect(lambda _new, _old: self.course_selected.emit(self.current()))

    # --- content ----------------------------------------------------------------------------------------------------

    def show_rows(self, rows: Sequence[CourseRow], *, measure: bool = True) -> None:
        """Fill the table; selection and what is in view stay where they are found again. Silent.

        With ``measure`` the columns are fitted to the texts; without, they stay as they are.
        """
        current, top = self.current(), self._top_course()
        with QSignalBlocker(self):
            self._model.fill(tuple(rows))
            self.set_current(current)
        if measure or not self._widths:
            self._widths = self._wanted_widths()
            self._fit()
        number = self._model.number(top)
        if number is not None:
            self.verticalScrollBar().setValue(number)

    def rows(self) -> tuple[CourseRow, ...]:
        """What is shown, in order."""
        return self._model.rows

    def current(self) -> str:
        """The selected course; empty for none."""
        index = self.currentIndex().row()
        return self._model.rows[index].course_id if 0 <= index < len(self._model.rows) else ""

    def set_current(self, course_id: str) -> None:
        """Select a course, or none if it is not listed. Silent."""
        number = self._model.number(course_id)
        with QSignalBlocker(self):
            if number is None:
                self.selectionModel().clear()
            elif course_id != self.current():
                self._select(number)

    def show_current(self) -> None:
        """Scroll to the selected course; to the top without one."""
        if self.current():
            self.scrollTo(self.currentIndex())
        else:
            self.scrollToTop()

    def set_sort(self, key: str, reverse: bool) -> None:
        """Show in the heading what the rows are ordered by; empty for nothing."""
        self._sort = (key, reverse)
        header = self.horizontalHeader()
        place = next((n for n, column in enumerate(COLUMNS) if column.key == key), -1)
        header.setSortIndicatorShown(place >= 0)
        if place >= 0:
            # Qt's own arrow points down for A to Z; here it grows the way the values do.
            order = Qt.SortOrder.AscendingOrder if reverse else Qt.SortOrder.DescendingOrder
            header.setSortIndicator(place, order)

    def copy_text(self) -> str:
        """All rows, tab-separated."""
        lines = ["\t".join(column.title or "Open elsewhere" for column in COLUMNS)]
        lines += ["\t".join(row.full_text(column.field) for column in COLUMNS) for row in self._model.rows]
        return "\n".join(lines)

    # --- moving the selection ---------------------------------------------------------------------------------------

    def step(self, by: int) -> None:
        """Select the course so many rows further, stopping at the ends; from no selection the first or the last."""
        count = len(self._model.rows)
        if count:
            start = self.currentIndex().row()
            target = start + by if self.current() else (0 if by > 0 else count - 1)
            self._select(min(max(target, 0), count - 1))
            self.scrollTo(self.currentIndex())

    def step_page(self, by: int) -> None:
        """The same by what is seen at once."""
        height = self.verticalHeader().defaultSectionSize()
        self.step(by * max(self.viewport().height() // height - 1, 1))

    def step_to_end(self, *, last: bool) -> None:
        """Select the first or the last course."""
        if self._model.rows:
            self._select(len(self._model.rows) - 1 if last else 0)
            self.scrollTo(self.currentIndex())

    def _select(self, number: int) -> None:
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(self._model.index(number, _NAME), flags.ClearAndSelect | flags.Rows)

    # --- columns ----------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names take what room the rest leaves."""
        super().resizeEvent(event)
        self._fit()

    def _wanted_widths(self) -> list[int]:
        """Width of every column for its texts, the fixed ones at most as for the longest usual text."""
        metrics, widths = self.fontMetrics(), []
        sample = self._model.rows[:_ROWS_MEASURED]
        for number, column in enumerate(COLUMNS):
            if column.key == "held":
                widths.append(_MARK_WIDTH)
                continue
            texts = {getattr(row, column.field) for row in sample}
            wanted = max((metrics.horizontalAdvance(text) for text in texts), default=0) + _CELL_MARGINS
            wanted = max(wanted, metrics.horizontalAdvance(column.title) + _HEADING_MARGINS)
            limit = metrics.horizontalAdvance(column.widest) + _CELL_MARGINS
            widths.append(wanted if number == _NAME else min(wanted, limit))
        return widths

    def _fit(self) -> None:
        """All columns in the room there is, names of people giving way where it is narrow."""
        if not self._widths:
            return
        room, widths = self.viewport().width(), list(self._widths)
        spare = room - sum(widths)
        widths[_NAME] += max(spare, 0)
        lack = max(-spare, 0)
        metrics = self.fontMetrics()
        for key, least in _GIVING_WAY:
            number = next(n for n, column in enumerate(COLUMNS) if column.key == key)
            given = min(max(widths[number] - metrics.horizontalAdvance(least), 0), lack)
            widths[number] -= given
            lack -= given
        for number, width in enumerate(widths):
            self.setColumnWidth(number, width)

    def _top_course(self) -> str:
        number = self.rowAt(0)
        return self._model.rows[number].course_id if 0 <= number < len(self._model.rows) else ""

    def _heading_clicked(self, number: int) -> None:
        key, reverse = COLUMNS[number].key, False
        if key == self._sort[0]:
            reverse = not self._sort[1]
        self.sort_requested.emit(key, reverse)


class _CourseModel(QAbstractTableModel):
    def __init__(self, table: CourseTable) -> None:
        super().__init__(table)
        self.rows: tuple[CourseRow, ...] = ()
        self._numbers: dict[str, int] = {}

    def fill(self, rows: tuple[CourseRow, ...]) -> None:
        if len(rows) == len(self.rows) and all(
            a.course_id == b.course_id for a, b in zip(rows, self.rows, strict=True)
        ):
            changed = [n for n, (old, new) in enumerate(zip(self.rows, rows, strict=True)) if old != new]
            self.rows = rows
            if changed:
                self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], len(COLUMNS) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self._numbers = {row.course_id: number for number, row in enumerate(rows)}
        self.endResetModel()

    def number(self, course_id: str) -> int | None:
        return self._numbers.get(course_id)

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return column.title or "Open elsewhere"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{column.tip}. Click to order by it, again to reverse."
        return None

    def data(self, index: _Index, role: int = 0) -> Any:
        row, column = self.rows[index.row()], COLUMNS[index.column()]
        text = getattr(row, column.field)
        if role == Qt.ItemDataRole.DisplayRole:
            return "" if column.key == "held" else text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return text
        if role == Qt.ItemDataRole.DecorationRole and column.key == "held" and text:
            return lock_icon()
        if role == Qt.ItemDataRole.ForegroundRole and row.archived:
            return QColor(shades().dimmed)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"Open elsewhere: {text}" if column.key == "held" and text else row.full_text(column.field) or None
        return None


def lock_icon() -> QIcon:
    """A closed lock."""
    pixmap = QPixmap(2 * _ICON_SIDE, 2 * _ICON_SIDE)
    pixmap.fill(QColor(0, 0, 0, 0))
    painter = QPainter(pixmap)
    try:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(shades().warning), 3))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawArc(QRectF(9, 4, 14, 18), 0, 180 * 16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(shades().warning))
        painter.drawRoundedRect(QRectF(6, 13, 20, 15), 3, 3)
    finally:
        painter.end()
    icon = QIcon(pixmap)
    # Otherwise it would fade where its row is selected.
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
