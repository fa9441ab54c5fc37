"""Words beside the pointer: why a tool can't act there."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from widgets.theme import WARNING, font

WORDS_STAY_MS = 6000
"""Long enough to read a sentence."""


def paint_words(painter: QPainter, at: QPointF, words: str, width: int, height: int) -> None:
    """A box with words near a place of a view of this size, kept within it; too long ones are cut with an ellipsis."""
    painter.setFont(font(scale=0.95))
    metrics = painter.fontMetrics()
    wide = min(metrics.horizontalAdvance(words) + 18, width - 8)
    left = min(at.x() + 14, width - wide - 4)
    box = QRectF(left, min(at.y() + 14, height - metrics.height() - 12), wide, metrics.height() + 8)
    painter.setPen(QPen(QColor(WARNING), 1))
    painter.setBrush(QColor(32, 34, 37, 235))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor("#e8eaed"))
    shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, int(wide) - 12)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)
