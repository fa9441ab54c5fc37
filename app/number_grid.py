"""A table made of labels, so that every number in it can be found by its name, read aloud and copied with its unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.value_label import ValueLabel
from dosimetry_core.units import DisplayUnit
from widgets.discarding import discard
from widgets.table_text import with_unit
from widgets.theme import set_role


@dataclass(frozen=True)
class Number:
    """A result to show.

    Parameters
    ----------
    path
        Path in results.json; becomes the label's name.
    value
        In the core unit; None shows a dash.
    unit
        Display unit; None for a plain number.
    uncertainty
        Standard uncertainty in the core unit, shown behind ±; with the path of its own.
    """

    path: str
    value: float | None
    unit: DisplayUnit | None
    digits: int | None = None
    with_symbol: bool = False
    uncertainty: float | None = None
    uncertainty_path: str = ""


@dataclass(frozen=True)
class Marked:
    """A text with a mark of its own, whatever that of its row: ``"warning"`` or ``"error"``."""

    text: str
    mark: str


Cell = Number | Marked | str | None


@dataclass(frozen=True)
class GridColumn:
    """A column: key, title (with the unit, if all its numbers share one) and tooltip.

    ``wraps``: its texts go on in the next line where the table is narrow, and it takes what room is left.
    """

    key: str
    title: str
    tooltip: str = ""
    wraps: bool = False


@dataclass(frozen=True)
class GridRow:
    """A row: key, its cells by column key, and how it is marked."""

    key: str
    cells: Mapping[str, Cell]
    tooltip: str = ""
    mark: str = ""
    """``""``, ``"stale"``, ``"warning"``, ``"error"`` or ``"total"``."""


class NumberGrid(QFrame):
    """Titles above, rows below; Ctrl+C copies all of it, tab separated, with units.

    ``row_clicked`` carries the key of a row that the user clicked.

    Parameters
    ----------
    spread
        Whether the first column takes what room is left, so that numbers stand at the right edge; else all columns keep
        to the left.
    gap
        Pixels between columns that keep to the left.
    line_spacing
        Pixels between rows.
    """

    row_clicked = Signal(str)

    def __init__(
        self, name: str, parent: QWidget | None = None, *, spread: bool = True, gap: int = 24, line_spacing: int = 3
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._spread = spread
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 2, 0, 2)
        self._grid.setHorizontalSpacing(14 if spread else gap)
        self._grid.setVerticalSpacing(line_spacing)
        self._shape: tuple[object, ...] = ()
        self._cells: dict[tuple[str, str], _CellView] = {}
        self._columns: tuple[GridColumn, ...] = ()
        self._rows: tuple[GridRow, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, columns: Sequence[GridColumn], rows: Sequence[GridRow]) -> None:
        """Show these rows; only texts are touched when columns, rows and kinds of cell are as before."""
        self._columns, self._rows = tuple(columns), tuple(rows)
        shape: tuple[object, ...] = (
            tuple((c.key, c.title, c.wraps) for c in columns),
            tuple((r.key, tuple(_kind(r.cells.get(c.key)) for c in columns)) for r in rows),
        )
        if shape != self._shape:
            self._build()
            self._shape = shape
        for row in rows:
            for column in columns:
                self._cells[row.key, column.key].show_cell(row.cells.get(column.key), row)

    def _build(self) -> None:
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                discard(widget)
        self._cells.clear()
        for number in range(self._grid.columnCount()):
            self._grid.setColumnStretch(number, 0)
        titled = any(column.title for column in self._columns)
        numeric = {
            column.key
            for column in self._columns
            if any(isinstance(row.cells.get(column.key), Number) for row in self._rows)
        }
        for number, column in enumerate(self._columns):
            if titled:
                title = QLabel(column.title, self)
                title.setProperty("role", "dimmed")
                title.setToolTip(column.tooltip)
                side = Qt.AlignmentFlag.AlignRight if column.key in numeric else Qt.AlignmentFlag.AlignLeft
                title.setAlignment(side | Qt.AlignmentFlag.AlignBottom)
                self._grid.addWidget(title, 0, number)
        wrapping = [number for number, column in enumerate(self._columns) if column.wraps]
        for number in wrapping or [0 if self._spread else len(self._columns)]:
            self._grid.setColumnStretch(number, 1)
        for line, row in enumerate(self._rows, start=1):
            for number, column in enumerate(self._columns):
                at_right = column.key in numeric
                view = _CellView(row.cells.get(column.key), row.key, self, at_right=at_right, wraps=column.wraps)
                view.clicked.connect(self.row_clicked)
                self._grid.addWidget(view, line, number)
                self._cells[row.key, column.key] = view

    def text(self, row: str, column: str) -> str:
        """What stands in a cell."""
        return self._cells[row, column].text()

    def copy_text(self) -> str:
        """All of it as tab-separated text, numbers with their units."""
        lines = ["\t".join(column.title.replace("\n", " ") for column in self._columns)]
        lines += [
            "\t".join(with_unit(_copied(row.cells.get(column.key)), column.title) for column in self._columns)
            for row in self._rows
        ]
        return "\n".join(lines)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt override
        """Ctrl+C copies."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.copy_text())
            event.accept()
            return
        super().keyPressEvent(event)


def _kind(cell: Cell) -> tuple[object, ...]:
    if isinstance(cell, Number):
        return ("number", cell.path, cell.unit, cell.digits, cell.with_symbol, cell.uncertainty_path)
    return ("text",)


def _copied(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Marked):
        return cell.text
    if cell.value is None:
        return ""
    if cell.unit is None:
        return repr(cell.value) if cell.digits is None else f"{cell.value:.{cell.digits}f}"
    text = cell.unit.text(cell.value, digits=cell.digits)
    if cell.uncertainty is None:
        return text
    return f"{cell.unit.text(cell.value, digits=cell.digits, with_symbol=False)} ± " + cell.unit.text(
        cell.uncertainty, digits=cell.digits
    )


class _WrappedText(QLabel):
    """As wide as its text where there is room, as its longest word at least, and as high as its lines there.

    A grid that asks for heights at a width gives rows with wrapped labels too little; one that is told the height of
    the lines at the width it gave does not.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWordWrap(True)

    def hasHeightForWidth(self) -> bool:  # noqa: N802 Qt override
        """The hint tells the height."""
        return False

    def _height(self) -> int:
        return self.heightForWidth(self.width()) if self.text() else 0

    def sizeHint(self) -> QSize:  # noqa: N802 Qt override
        """All of it in one line, and the height of the lines there are now."""
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 2, self._height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 Qt override
        """The longest word."""
        widest = max((self.fontMetrics().horizontalAdvance(word) for word in self.text().split()), default=0)
        return QSize(widest + 2, self._height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt override
        """Other lines at another width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()


class _CellView(QWidget):
    clicked = Signal(str)

    def __init__(self, cell: Cell, row_key: str, parent: QWidget, *, at_right: bool, wraps: bool = False) -> None:
        super().__init__(parent)
        self._row_key = row_key
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 1, 0, 1)
        line.setSpacing(4)
        self._text: QLabel | None = None
        self._number: ValueLabel | None = None
        self._uncertainty: ValueLabel | None = None
        if isinstance(cell, Number):
            line.addStretch(1)
            self._number = ValueLabel(cell.path, cell.unit, self, digits=cell.digits, with_symbol=cell.with_symbol)
            line.addWidget(self._number)
            if cell.uncertainty_path:
                self._uncertainty = ValueLabel(
                    cell.uncertainty_path,
                    cell.unit,
                    self,
                    digits=cell.digits,
                    with_symbol=False,
                    prefix="± ",
                    role="dimmed",
                )
                line.addWidget(self._uncertainty)
        else:
            self._text = _WrappedText(self) if wraps else QLabel(self)
            self._text.setTextFormat(Qt.TextFormat.PlainText)
            if at_right and wraps:
                self._text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            elif at_right:
                line.addStretch(1)
            line.addWidget(self._text, int(wraps))
            if not at_right and not wraps:
                line.addStretch(1)

    def show_cell(self, cell: Cell, row: GridRow) -> None:
        self.setToolTip(row.tooltip)
        stale = row.mark == "stale"
        if isinstance(cell, Number) and self._number is not None:
            self._number.show_value(cell.value, stale=stale)
            if self._uncertainty is not None:
                self._uncertainty.show_value(cell.uncertainty, stale=stale)
                self._uncertainty.setVisible(cell.uncertainty is not None)
        elif self._text is not None:
            self._text.setText(cell.text if isinstance(cell, Marked) else cell if isinstance(cell, str) else "")
        if self._text is not None:
            mark = cell.mark if isinstance(cell, Marked) else row.mark
            role = {"total": "heading", "": ""}.get(mark, mark)
            if self._text.property("role") != role:
                set_role(self._text, role)

    def text(self) -> str:
        shown = [label.text() for label in (self._text, self._number, self._uncertainty) if label is not None]
        return " ".join(text for text in shown if text)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt override
        self.clicked.emit(self._row_key)
        super().mousePressEvent(event)
