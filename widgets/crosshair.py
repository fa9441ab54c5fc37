"""The linked cursor as two lines across a slice, open where they would meet."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

_GAP = 11
_RIM, _LINE = QColor(0, 0, 0, 110), QColor(255, 255, 255, 165)
_WIDTH = 3


class Crosshair:
    """Draws both lines from two ready pictures, twice as long as the view so that they reach its edges from anywhere.

    Qt would hand translucent rectangles of this height to other threads, strip by strip: far slower than a copy.
    """

    def __init__(self) -> None:
        self._key: tuple[QSize, float] | None = None
        self._level = self._upright = QPixmap()

    def paint(self, painter: QPainter, x: int, y: int, size: QSize) -> None:
        """Draw the lines that meet at a pixel of a view of this size."""
        ratio = painter.device().devicePixelRatioF()
        if (size, ratio) != self._key:
            self._key = (size, ratio)
            self._level = _arms(QSize(2 * size.width(), _WIDTH), ratio)
            self._upright = _arms(QSize(_WIDTH, 2 * size.height()), ratio)
        half = _WIDTH // 2
        painter.drawPixmap(x - size.width(), y - half, self._level)
        painter.drawPixmap(x - half, y - size.height(), self._upright)


def _arms(size: QSize, ratio: float) -> QPixmap:
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(_RIM)
    painter = QPainter(pixmap)
    try:
        level = size.width() > size.height()
        length = size.width() if level else size.height()
        inner = (0, _WIDTH // 2, length, 1) if level else (_WIDTH // 2, 0, 1, length)
        gap = length // 2 - _GAP, 0, 2 * _GAP, _WIDTH
        painter.fillRect(*inner, _LINE)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
        painter.fillRect(*(gap if level else (gap[1], gap[0], gap[3], gap[2])), Qt.GlobalColor.transparent)
    finally:
        painter.end()
    return pixmap
