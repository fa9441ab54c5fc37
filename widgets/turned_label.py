"""A text that can be turned to read upwards, where there is more room above than beside."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget


class TurnedLabel(QLabel):
    """A plain text, level or turned; turned lines end at the upper edge, in the middle of the width."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._turned = False
        self._length = 0

    @property
    def is_turned(self) -> bool:
        """Whether it reads upwards."""
        return self._turned

    def show_lines(self, lines: list[str], *, turned: bool, length: int = 0) -> None:
        """These lines, level or reading upwards; ``length`` is what turned ones take at least."""
        if (turned, length) != (self._turned, self._length):
            self._turned, self._length = turned, length
            self.updateGeometry()
            self.update()
        self.setText("\n".join(lines))

    def sizeHint(self) -> QSize:
        """Room for all lines."""
        return self._as_turned(super().sizeHint())

    def minimumSizeHint(self) -> QSize:
        """Room for all lines."""
        return self._as_turned(super().minimumSizeHint())

    def _as_turned(self, size: QSize) -> QSize:
        return size.transposed().expandedTo(QSize(0, self._length)) if self._turned else size

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the text."""
        if not self._turned:
            super().paintEvent(event)
            return
        painter = QPainter(self)
        try:
            painter.setPen(self.palette().color(self.foregroundRole()))
            painter.rotate(-90)
            place = QRectF(-self.height(), 0, self.height(), self.width())
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.text())
        finally:
            painter.end()
