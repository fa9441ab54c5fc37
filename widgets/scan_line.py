"""Scans of a cycle as dots on a line of time, with the same scale for all cycles beside each other."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from dosimetry_core.units import HOUR, SECONDS_PER_DAY
from widgets.theme import font, shades

_DOT_PIXELS = 4.0
_NEAR_PIXELS = 9.0
_LINE_Y = 9.0
_TEXT_SCALE = 0.82
_TEXT_GAP = 8.0


class ScanLine(QWidget):
    """A line from the administration to the last scan of the course; days as ticks, scans as dots with their hours.

    An hour that has no room beside the one before it is left to the tooltip.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("scan_line")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._delays_s: tuple[float, ...] = ()
        self._end_s = SECONDS_PER_DAY

    def show_scans(self, delays_s: tuple[float, ...], end_s: float) -> None:
        """Scans at these delays (s after the administration) on a line that ends at ``end_s``."""
        self._delays_s, self._end_s = tuple(delays_s), max(end_s, SECONDS_PER_DAY)
        self.setAccessibleDescription(", ".join(HOUR.text(delay, digits=1) for delay in delays_s))
        self.setVisible(bool(delays_s))
        self.update()

    def sizeHint(self) -> QSize:
        """Line and numbers below it."""
        return QSize(220, round(_LINE_Y + 8 + QFontMetricsF(font(scale=_TEXT_SCALE)).height()))

    def minimumSizeHint(self) -> QSize:
        """As high as it is."""
        return QSize(120, self.sizeHint().height())

    def place_of(self, delay_s: float) -> QPointF:
        """Pixel of a delay."""
        room = self.width() - 4 * _DOT_PIXELS
        return QPointF(2 * _DOT_PIXELS + room * delay_s / self._end_s, _LINE_Y)

    def labels(self) -> list[tuple[float, str]]:
        """Left edge and text of the hours that have room."""
        metrics = QFontMetricsF(font(scale=_TEXT_SCALE))
        found: list[tuple[float, str]] = []
        reached = 0.0
        for number, delay in enumerate(self._delays_s):
            text = HOUR.text(delay, digits=1, with_symbol=number == len(self._delays_s) - 1)
            width = metrics.horizontalAdvance(text)
            left = min(max(self.place_of(delay).x() - width / 2, 0.0), self.width() - width)
            if left >= reached:
                found.append((left, text))
                reached = left + width + _TEXT_GAP
        return found

    def paintEvent(self, event: QPaintEvent) -> None:
        """Line, days, scans, hours."""
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(shades().axis), 1))
            painter.drawLine(self.place_of(0.0), self.place_of(self._end_s))
            for day in range(int(self._end_s / SECONDS_PER_DAY) + 1):
                at = self.place_of(day * SECONDS_PER_DAY)
                painter.drawLine(at + QPointF(0, -2), at + QPointF(0, 2))
            start = self.place_of(0.0)
            painter.setPen(QPen(QColor(shades().dimmed), 1.4))
            painter.drawLine(start + QPointF(0, -5), start + QPointF(0, 5))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(shades().accent))
            for delay in self._delays_s:
                painter.drawEllipse(self.place_of(delay), _DOT_PIXELS, _DOT_PIXELS)
            painter.setFont(font(scale=_TEXT_SCALE))
            painter.setPen(QColor(shades().dimmed))
            for left, text in self.labels():
                painter.drawText(QPointF(left, self.height() - 3.0), text)
        finally:
            painter.end()

    def event(self, event: QEvent) -> bool:
        """The scan under the pointer in words."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.text_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def text_at(self, position: QPointF) -> str:
        """Which scan is near a place, in words; all of them elsewhere."""
        for number, delay in enumerate(self._delays_s, start=1):
            if abs(self.place_of(delay).x() - position.x()) <= _NEAR_PIXELS:
                return f"scan {number}: {HOUR.text(delay, digits=1)} after the administration"
        return "scans at " + ", ".join(HOUR.text(delay, digits=1) for delay in self._delays_s)
