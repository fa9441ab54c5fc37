"""VOIs with their numbers: colour, visibility, name, role, volume, concentration, activity, factor, absorbed dose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QGuiApplication,
    QIcon,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from dosimetry_core.units import GRAY, KILOBECQUEREL_PER_ML, MEGABECQUEREL, MILLILITRE, DisplayUnit
from dosimetry_core.voi import ROLES, Role
from widgets.quantity_edit import quantity_text
from widgets.theme import shades

FACTOR = DisplayUnit("", 1.0, 3)
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class VoiRow:
    """One VOI with its numbers in core units; None where not known."""

    voi_id: str
    name: str
    role: str
    colour: str
    volume_ml: float | None = None
    mean_concentration_bq_per_ml: float | None = None
    activity_bq: float | None = None
    recovery_factor: float | None = None
    absorbed_dose_gy: float | None = None
    absorbed_dose_standard_uncertainty_gy: float | None = None
    visible: bool = True
    stale: bool = False
    note: str = ""
    proposed: bool = False
    review: str = ""
    """On how many scans somebody looked at it: ``"2 of 4"``."""


@dataclass(frozen=True)
class _Column:
    key: str
    title: str
    field: str
    unit: DisplayUnit | None
    tip: str


_COLUMNS = (
    _Column("name", "VOI", "name", None, "Double click or F2 renames; the square shows and hides the outline (Space)"),
    _Column("role", "Role", "role", None, "What the VOI is to the dosimetry; double click changes it"),
    _Column(
        "volume",
        "Volume",
        "volume_ml",
        MILLILITRE,
        "Without the VOIs inside it and without common volume that counts for another; partly covered voxels count by "
        "their share",
    ),
    _Column(
        "mean", "Mean", "mean_concentration_bq_per_ml", KILOBECQUEREL_PER_ML, "Mean concentration at this time point"
    ),
    _Column("activity", "Activity", "activity_bq", MEGABECQUEREL, "Activity at this time point, corrected as set"),
    _Column("factor", "Factor", "recovery_factor", FACTOR, "Partial-volume factor that was applied"),
    _Column("dose", "Dose", "absorbed_dose_gy", GRAY, "Absorbed dose ± standard uncertainty (k = 1)"),
    _Column("review", "Seen", "review", None, "On how many scans somebody looked at the VOI as it lies there"),
)


class VoiTable(QTableView):
    """Table of VOIs; ``voi_selected`` fires when the user selects another."""

    voi_selected = Signal(str)
    name_edited = Signal(str, str)
    role_edited = Signal(str, str)
    visibility_toggled = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("voi_table")
        self._model = _VoiModel(self)
        self.setModel(self._model)
        self.setItemDelegateForColumn(1, _RoleDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        # Rows are alike: the height of one is asked for, not that of all after every change of a number.
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        # Widths are those of the contents, but only what changed is measured: a stroke changes a row at a time.
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setHighlightSections(False)
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(header.fontMetrics().horizontalAdvance("mmmm"))
        self._header_widths: dict[int, int] = {}
        self._cell_widths: list[dict[int, int]] = []
        self.setWordWrap(False)
        self.setIconSize(QSize(16, 16))
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.selectionModel().currentRowChanged.connect(self._row_changed)

    def show_rows(self, rows: Sequence[VoiRow]) -> None:
        """Fill the table; the selected VOI stays selected. Silent."""
        current = self.current()
        with QSignalBlocker(self):
            changed = self._model.fill(tuple(rows))
            self.set_current(current)
        if changed is None:
            self._measure_all()
        else:
            self._measure(changed)
        self._fit_columns()
        if changed is None:
            # Rows may have other heights now.
            self.scrollTo(self.currentIndex())

    def set_current(self, voi_id: str | None) -> None:
        """Select a VOI. Silent."""
        number = next((n for n, row in enumerate(self._model.rows) if row.voi_id == voi_id), None)
        with QSignalBlocker(self):
            if number is None:
                self.selectionModel().clear()
            elif voi_id != self.current():
                flags = QItemSelectionModel.SelectionFlag
                self.selectionModel().setCurrentIndex(self._model.index(number, 0), flags.ClearAndSelect | flags.Rows)

    def current(self) -> str | None:
        """Identity of the selected VOI."""
        row = self.currentIndex().row()
        return self._model.rows[row].voi_id if 0 <= row < len(self._model.rows) else None

    def value(self, voi_id: str, column_key: str) -> Any:
        """Core value of a cell."""
        row, column = self._model.find(voi_id, column_key)
        return getattr(row, column.field)

    def text(self, voi_id: str, column_key: str) -> str:
        """Text of a cell as shown."""
        row, column = self._model.find(voi_id, column_key)
        return _cell_text(row, column)

    def copy_text(self) -> str:
        """All rows, tab-separated, with units."""
        lines = ["\t".join(column.title for column in _COLUMNS)]
        lines += [
            "\t".join(_cell_text(row, column, with_symbol=True) for column in _COLUMNS) for row in self._model.rows
        ]
        return "\n".join(lines)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+C copies with units; Space shows and hides the outline."""
        current = self.current()
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.copy_text())
        elif event.key() == Qt.Key.Key_Space and current is not None:
            row, _ = self._model.find(current, "name")
            self.visibility_toggled.emit(current, not row.visible)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on the colour square shows and hides the outline."""
        index = self.indexAt(event.position().toPoint())
        square = self.visualRect(index).left() + self.iconSize().width() + 14
        if index.isValid() and index.column() == 0 and event.position().x() < square:
            row = self._model.rows[index.row()]
            self.visibility_toggled.emit(row.voi_id, not row.visible)
            return
        super().mousePressEvent(event)

    def show_columns(self, keys: Sequence[str]) -> None:
        """Which columns are seen: some of name, role, volume, mean, activity, factor, dose, review."""
        for number, column in enumerate(_COLUMNS):
            self.setColumnHidden(number, column.key not in keys)
        self._measure_all()
        self._fit_columns()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names take what room the numbers leave."""
        super().resizeEvent(event)
        self._fit_columns()

    def changeEvent(self, event: QEvent) -> None:
        """In another font everything has another width."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._measure_all()
            self._fit_columns()

    def _seen_columns(self) -> list[int]:
        return [number for number in range(len(_COLUMNS)) if not self.isColumnHidden(number)]

    def _measure_all(self) -> None:
        """Height of the rows, widths of headings and cells."""
        rows, upright = self._model.rows, self.verticalHeader()
        if rows:
            upright.setDefaultSectionSize(max(self.sizeHintForRow(0), upright.sectionSizeHint(0)))
        self._header_widths = {n: self.horizontalHeader().sectionSizeHint(n) for n in self._seen_columns()}
        self._cell_widths = [{} for _ in rows]
        self._measure(range(len(rows)))

    def _measure(self, rows: Iterable[int]) -> None:
        """Widths of the cells of some rows."""
        for row in rows:
            self._cell_widths[row] = {
                n: self.sizeHintForIndex(self._model.index(row, n)).width() for n in self._seen_columns()
            }

    def _fit_columns(self) -> None:
        """Columns as wide as their contents; that of the names wider where there is room; the rest scrolls."""
        cells = {n: max((row[n] for row in self._cell_widths), default=0) for n in self._header_widths}
        least = self.horizontalHeader().minimumSectionSize()
        left = self.viewport().width()
        for number, heading in self._header_widths.items():
            if number:
                width = max(cells[number], heading, least)
                self.setColumnWidth(number, width)
                left -= width
        self.setColumnWidth(0, max(cells.get(0, 0) + 6, least, left))

    def _row_changed(self, index: QModelIndex) -> None:
        if 0 <= index.row() < len(self._model.rows):
            self.voi_selected.emit(self._model.rows[index.row()].voi_id)


def _cell_text(row: VoiRow, column: _Column, *, with_symbol: bool = False) -> str:
    value = getattr(row, column.field)
    if column.key == "role":
        return str(value).replace("_", " ")
    if column.unit is None:
        return f"{value} (proposed)" if column.key == "name" and row.proposed else str(value)
    uncertainty = row.absorbed_dose_standard_uncertainty_gy if column.key == "dose" else None
    return quantity_text(column.unit, value, uncertainty, with_symbol=with_symbol)


def _looks(row: VoiRow) -> tuple[object, ...]:
    """What is seen of a row: a stroke on one VOI changes most numbers of the others by less than is shown."""
    texts = (_cell_text(row, column) for column in _COLUMNS)
    return (*texts, row.colour, row.visible, row.stale, row.note, row.proposed)


class _VoiModel(QAbstractTableModel):
    def __init__(self, table: VoiTable) -> None:
        super().__init__(table)
        self._table = table
        self.rows: tuple[VoiRow, ...] = ()
        self._looks: list[tuple[object, ...]] = []
        self._icons: dict[tuple[str, str, bool], QIcon] = {}

    def fill(self, rows: tuple[VoiRow, ...]) -> list[int] | None:
        """Show other rows; returns the numbers of those that look different, None where they are other VOIs."""
        before, self._looks = self._looks, [_looks(row) for row in rows]
        if [row.voi_id for row in rows] == [row.voi_id for row in self.rows]:
            changed = [n for n, (old, new) in enumerate(zip(before, self._looks, strict=True)) if old != new]
            self.rows = rows
            for row in changed:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(_COLUMNS) - 1))
            return changed
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()
        return None

    def find(self, voi_id: str, column_key: str) -> tuple[VoiRow, _Column]:
        row = next((row for row in self.rows if row.voi_id == voi_id), None)
        column = next((column for column in _COLUMNS if column.key == column_key), None)
        if row is None or column is None:
            raise KeyError((voi_id, column_key))
        return row, column

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_COLUMNS)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() < 2 else flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(_COLUMNS):
            return None
        column = _COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{column.title}\n{column.unit.symbol}" if column.unit and column.unit.symbol else column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.unit else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = 0) -> Any:
        row, column = self.rows[index.row()], _COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _cell_text(row, column)
        if role == Qt.ItemDataRole.EditRole:
            return getattr(row, column.field)
        if role == Qt.ItemDataRole.FontRole and row.proposed:
            font = QFont()
            font.setItalic(True)
            return font
        if role == Qt.ItemDataRole.DecorationRole and column.key == "name":
            return self._icon(row.colour, shades().hover_line, row.visible)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.unit else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and row.stale and column.key == "dose":
            return QColor(shades().stale)
        if role == Qt.ItemDataRole.ToolTipRole:
            proposed = "proposed, not yet reviewed" if row.proposed else ""
            stale = "stale: its inputs changed" if row.stale and column.key == "dose" else ""
            tips = [row.note, proposed, stale]
            return "\n".join(tip for tip in tips if tip) or None
        return None

    def _icon(self, colour: str, rim: str, filled: bool) -> QIcon:
        """Drawn once and kept: it is asked for with every painting of its row."""
        key = colour, rim, filled
        if key not in self._icons:
            self._icons[key] = colour_icon(colour, rim, filled=filled)
        return self._icons[key]

    def setData(self, index: _Index, value: Any, role: int = 0) -> bool:
        """An edit is reported, not stored: the table shows it when the document says so."""
        row, column = self.rows[index.row()], _COLUMNS[index.column()]
        if role == Qt.ItemDataRole.EditRole and str(value).strip() and str(value) != getattr(row, column.field):
            signal = self._table.name_edited if column.key == "name" else self._table.role_edited
            signal.emit(row.voi_id, str(value).strip())
            return True
        return False


class _RoleDelegate(QStyledItemDelegate):
    """Roles are chosen from their list."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        editor = QComboBox(parent)
        editor.setObjectName("voi_role_editor")
        for role in ROLES:
            editor.addItem(role.replace("_", " "), role)
        editor.activated.connect(lambda: self.commitData.emit(editor))
        return editor

    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        if isinstance(editor, QComboBox):
            role: Role = index.data(Qt.ItemDataRole.EditRole)
            editor.setCurrentIndex(max(editor.findData(role), 0))

    def setModelData(self, editor: QWidget, model: Any, index: _Index) -> None:
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentData(), Qt.ItemDataRole.EditRole)


def colour_icon(name: str, rim: str, *, filled: bool = True) -> QIcon:
    """A rounded square of a VOI colour; only its rim for a VOI that is not drawn."""
    pixmap = QPixmap(24, 24)
    pixmap.fill(QColor(0, 0, 0, 0))
    painter = QPainter(pixmap)
    try:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(name), 2))
        painter.setBrush(QColor(name) if filled else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(3, 3, 18, 18, 4, 4)
        # A rim that keeps white and light colours apart from a light ground.
        painter.setPen(QPen(QColor(rim), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(2, 2, 20, 20, 5, 5)
    finally:
        painter.end()
    return QIcon(pixmap)
