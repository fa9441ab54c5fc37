"""One cell for each time point: picture, delay, registration and VOI ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QMimeData, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDrag,
    QDragEnterEvent,
    QDropEvent,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QButtonGroup,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

from dosimetry_core.units import HOUR
from widgets.theme import IMAGE_BACKGROUND, font, shades

TickState = Literal["drawn", "unreviewed", "reviewed"]
_DRAG_TYPE = "application/x-lutetia-time-point"
_PICTURE_PX = 56
"""Four scans fit beside each other on a screen 1366 pixels wide."""


@dataclass(frozen=True)
class TimeTick:
    """One VOI on a scan: colour, state, and both in words."""

    colour: str
    state: TickState
    words: str = ""


@dataclass(frozen=True)
class TimeCell:
    """One time point.

    Parameters
    ----------
    key, title
        Identity, and name such as ``"24 h"``.
    delay_s
        Time after administration.
    scanner, registration, registered
        Words below the title; a registration that needs attention is drawn in amber.
    image
        Picture, or None.
    ticks
        One for each VOI: a reviewed one is filled, one that was drawn on this scan a rim, one that was only propagated
        a line.
    """

    key: str
    title: str
    delay_s: float | None = None
    scanner: str = ""
    registration: str = ""
    registered: bool = True
    image: QImage | None = None
    ticks: tuple[TimeTick, ...] = ()


class TimeStrip(QWidget):
    """Click: make current. Dropping one cell on another: compare the two."""

    current_changed = Signal(str)
    compare_requested = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("time_strip")
        self._cells: dict[str, _CellButton] = {}
        self._group = QButtonGroup(self)
        inner = QWidget()
        self._layout = QHBoxLayout(inner)
        self._layout.setContentsMargins(0, 2, 0, 2)
        self._layout.setSpacing(6)
        self._layout.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setObjectName("time_strip_scroll")
        self._scroll.setWidgetResizable(True)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inner)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._scroll)
        self._fit_height()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_cells(self, cells: Sequence[TimeCell]) -> None:
        """Fill the strip; the current cell stays current by its key. Silent."""
        current = self.current()
        if [cell.key for cell in cells] == list(self._cells):
            for cell in cells:
                self._cells[cell.key].show_cell(cell)
            return
        for button in self._cells.values():
            self._group.removeButton(button)
            self._layout.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._cells = {}
        for number, cell in enumerate(cells):
            button = _CellButton(cell)
            button.clicked.connect(lambda _=False, key=cell.key: self._choose(key))
            button.dropped.connect(self.compare_requested)
            self._group.addButton(button)
            self._layout.insertWidget(number, button)
            self._cells[cell.key] = button
        self._fit_height()
        if current is not None:
            self.set_current(current)

    def _fit_height(self) -> None:
        """As high as its cells and a scroll bar."""
        cells = [button.sizeHint().height() for button in self._cells.values()]
        self.setFixedHeight(max(cells, default=72) + 4 + self._scroll.horizontalScrollBar().sizeHint().height())

    def current(self) -> str | None:
        """Key of the current cell."""
        return next((key for key, button in self._cells.items() if button.isChecked()), None)

    def set_current(self, key: str | None) -> None:
        """Mark a cell as current. Silent."""
        if key in self._cells:
            self._cells[key].setChecked(True)
        self._current = key

    _current: str | None = None

    def _choose(self, key: str) -> None:
        if key != self._current:
            self._current = key
            self.current_changed.emit(key)


class _CellButton(QAbstractButton):
    dropped = Signal(str, str)

    def __init__(self, cell: TimeCell) -> None:
        super().__init__()
        self._cell = TimeCell("", "")
        self._pressed_at = QPointF()
        self.setCheckable(True)
        self.setAcceptDrops(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setObjectName(f"time_cell_{cell.key}")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_cell(cell)

    def show_cell(self, cell: TimeCell) -> None:
        if cell == self._cell:
            return
        self._cell = cell
        self.setText(cell.title)
        lines = [cell.title, self._delay(), cell.scanner, cell.registration]
        states = [tick.words for tick in cell.ticks if tick.words]
        self.setToolTip(
            "\n".join(line for line in (*lines, *states) if line) + "\nDrop on another to compare (← →: previous, next)"
        )
        self.setAccessibleDescription(" ".join(line for line in (*lines[1:], *states) if line))
        self.updateGeometry()
        self.update()

    def _delay(self) -> str:
        return "" if self._cell.delay_s is None else HOUR.text(self._cell.delay_s)

    def _heights(self) -> tuple[float, float]:
        return QFontMetricsF(font(strong=True)).height(), QFontMetricsF(font(scale=0.88)).height()

    def sizeHint(self) -> QSize:
        strong, small = self._heights()
        width = max(
            QFontMetricsF(font(strong=True)).horizontalAdvance(self._cell.title),
            *(
                QFontMetricsF(font(scale=0.88)).horizontalAdvance(text)
                for text in (self._delay(), self._cell.registration)
            ),
        )
        return QSize(round(_PICTURE_PX + 12 + width + 9), round(max(strong + 3 * small + 16, 72)))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            checked = self.isChecked()
            rim = QColor(shades().accent) if checked or self.hasFocus() else QColor(shades().line)
            painter.setPen(QPen(rim, 1.6 if checked else 1))
            painter.setBrush(QColor(shades().raised if checked or self.underMouse() else shades().surface))
            painter.drawRoundedRect(box, 5, 5)
            picture = QRectF(box.left() + 4, box.top() + 5, _PICTURE_PX, box.height() - 10)
            self._paint_picture(painter, picture)
            self._paint_texts(painter, picture.right() + 7)
        finally:
            painter.end()

    def _paint_picture(self, painter: QPainter, place: QRectF) -> None:
        painter.fillRect(place, QColor(IMAGE_BACKGROUND))
        image = self._cell.image
        if image is None:
            return
        scale = max(place.width() / image.width(), place.height() / image.height())
        source = QRectF(0, 0, place.width() / scale, place.height() / scale)
        source.moveCenter(QRectF(image.rect()).center())
        painter.drawImage(place, image, source)

    def _paint_texts(self, painter: QPainter, left: float) -> None:
        strong, small = font(strong=True), font(scale=0.88)
        metrics, second = QFontMetricsF(strong), QFontMetricsF(small)
        y = 8 + metrics.ascent()
        painter.setFont(strong)
        painter.setPen(QColor(shades().text))
        painter.drawText(QPointF(left, y), self._cell.title)
        painter.setFont(small)
        y += metrics.descent() + second.ascent() + 1
        painter.setPen(QColor(shades().dimmed))
        painter.drawText(QPointF(left, y), self._delay())
        y += second.height()
        painter.setPen(QColor(shades().good if self._cell.registered else shades().warning))
        painter.drawText(QPointF(left, y), self._cell.registration)
        y += second.descent() + 7
        if self._cell.ticks:
            # On dark, as over the images: colours of VOIs are chosen for it.
            ground = QRectF(left - 3, y - 5, min(11 * len(self._cell.ticks) + 3, self.width() - left - 3), 10)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(IMAGE_BACKGROUND))
            painter.drawRoundedRect(ground, 3, 3)
        for number, (colour, state) in enumerate((tick.colour, tick.state) for tick in self._cell.ticks):
            x = left + 4 + number * 11
            if x > self.width() - 8:
                break
            painter.setPen(QPen(QColor(colour), 1.5))
            painter.setBrush(QColor(colour) if state == "reviewed" else Qt.BrushStyle.NoBrush)
            if state == "unreviewed":
                painter.drawLine(QPointF(x - 3, y), QPointF(x + 3, y))
            else:
                painter.drawEllipse(QPointF(x, y), 3, 3)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = event.position()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        far = (event.position() - self._pressed_at).manhattanLength() > 2 * QApplication.startDragDistance()
        if event.buttons() & Qt.MouseButton.LeftButton and far:
            self.setDown(False)
            data = QMimeData()
            data.setData(_DRAG_TYPE, self._cell.key.encode())
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.exec(Qt.DropAction.LinkAction)
            return
        super().mouseMoveEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(_DRAG_TYPE):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        other = bytes(event.mimeData().data(_DRAG_TYPE).data()).decode()
        if other != self._cell.key:
            event.acceptProposedAction()
            self.dropped.emit(other, self._cell.key)
