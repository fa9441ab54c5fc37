"""Yellow reminders on an image: an unusual display, and what holds the tools back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from widgets.theme import BADGE

_WRITING = "#1b1c1f"
_PADDING = 12.0
"""Of both sides of a text together."""


def paint_badges(
    painter: QPainter, edge: float, top: float, room: float, badges: Sequence[str], *, on_left: bool = False
) -> None:
    """One below the other in the painter's font, up to an edge or, ``on_left``, from it on; too wide ones are cut."""
    metrics = QFontMetricsF(painter.font())
    for number, text in enumerate(badges):
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room - _PADDING)
        width = metrics.horizontalAdvance(shown) + _PADDING
        box = QRectF(
            edge if on_left else edge - width, top + number * (metrics.height() + 7), width, metrics.height() + 3
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(BADGE))
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(QColor(_WRITING))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)


def badges_width(painter: QPainter, badges: Sequence[str]) -> float:
    """Width of the widest one in the painter's font."""
    metrics = QFontMetricsF(painter.font())
    return max((metrics.horizontalAdvance(text) + _PADDING for text in badges), default=0.0)
