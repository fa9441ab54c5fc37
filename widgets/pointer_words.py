"""Words beside the pointer: why a tool can't act there, or what it did not do."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPen

from widgets.theme import WARNING, font

WORDS_STAY_MS = 6000
"""Long enough to read a sentence."""
_WIDEST = 360
_WRAPPED = int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap)


class PointerWords(QObject):
    """The words of one view, until they are dropped or for some seconds; ``changed`` when they are others."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.text = ""
        self._stay = QTimer(self, singleShot=True, interval=WORDS_STAY_MS)
        self._stay.timeout.connect(self.drop)

    def say(self, words: str) -> None:
        """From now on these; said again they stay longer."""
        if words:
            self._stay.start()
        if words != self.text:
            self.text = words
            self.changed.emit()

    def drop(self) -> None:
        """Nothing more to say."""
        self.say("")


def paint_words(painter: QPainter, at: QPointF, words: str, width: int, height: int) -> None:
    """A box with words near a place of a view of this size, kept within it; long ones go on in further lines."""
    painter.setFont(font(scale=0.95))
    metrics = painter.fontMetrics()
    wide = min(metrics.horizontalAdvance(words) + 18, _WIDEST, width - 8)
    room = QRectF(0, 0, wide - 12, height)
    needed = metrics.boundingRect(room.toRect(), _WRAPPED, words)
    high = needed.height() + 8
    left = min(at.x() + 14, width - wide - 4)
    box = QRectF(left, max(min(at.y() + 14, height - high - 4), 4), wide, high)
    painter.setPen(QPen(QColor(WARNING), 1))
    painter.setBrush(QColor(32, 34, 37, 235))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor("#e8eaed"))
    painter.drawText(box.adjusted(6, 4, -6, -4), _WRAPPED, words)
