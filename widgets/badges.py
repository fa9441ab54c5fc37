"""Yellow reminders on an image: an unusual display, and what holds the tools back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from widgets.theme import BADGE

_WRITING = "#1b1c1f"
_PADDING = 12.0
"""Of both sides of a text together."""
_ABOVE_BELOW = 3.0
_GAP = 4.0


@dataclass(frozen=True)
class BadgeShown:
    """A reminder in its place; several that had no room are one, ``"+2"``."""

    text: str
    place: QRectF


def arranged_badges(
    badges: Sequence[str], metrics: QFontMetricsF, room: QRectF, *, on_left: bool = False
) -> tuple[BadgeShown, ...]:
    """Reminders at the right edge of their room or, ``on_left``, at the left one.

    One below the other where the room is high enough for all. Else side by side in as many lines as there are, at least
    one, and what is left is counted; a single one that is wider than the room is cut.
    """
    height = metrics.height() + _ABOVE_BELOW
    lines = max(int((room.height() + _GAP) / (height + _GAP)), 1)
    if len(badges) <= lines:
        rows = [[_cut(text, metrics, room.width())] for text in badges]
    else:
        rows = _side_by_side(badges, metrics, room.width(), lines)
    found = []
    for number, row in enumerate(rows):
        widths = [_width(text, metrics) for text in row]
        x = room.left() if on_left else room.right() - sum(widths) - _GAP * (len(row) - 1)
        for text, width in zip(row, widths, strict=True):
            found.append(BadgeShown(text, QRectF(x, room.top() + number * (height + _GAP), width, height)))
            x += width + _GAP
    return tuple(found)


def badges_width(badges: Sequence[str], metrics: QFontMetricsF) -> float:
    """Width of the widest one."""
    return max((_width(text, metrics) for text in badges), default=0.0)


def _side_by_side(badges: Sequence[str], metrics: QFontMetricsF, room: float, lines: int) -> list[list[str]]:
    """Lines of reminders as in a text; where not all have room, the last one of the last line counts the others."""
    rows: list[list[str]] = [[]]
    for number, text in enumerate(badges):
        others = len(badges) - number - 1
        if rows[-1] and _row_width([*rows[-1], text, *_counted(others, rows, lines)], metrics) > room:
            if len(rows) == lines:
                rows[-1] += _counted(others + 1, rows, lines)
                return rows
            rows.append([])
        if not rows[-1]:
            taken = sum(_width(count, metrics) + _GAP for count in _counted(others, rows, lines))
            rows[-1].append(_cut(text, metrics, room - taken))
        else:
            rows[-1].append(text)
    return rows


def _counted(others: int, rows: Sequence[object], lines: int) -> list[str]:
    """What stands for so many others at the end of the last line."""
    return [f"+{others}"] if others and len(rows) == lines else []


def _row_width(texts: Sequence[str], metrics: QFontMetricsF) -> float:
    return sum(_width(text, metrics) for text in texts) + _GAP * (len(texts) - 1)


def _width(text: str, metrics: QFontMetricsF) -> float:
    return metrics.horizontalAdvance(text) + _PADDING


def _cut(text: str, metrics: QFontMetricsF, room: float) -> str:
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, room - _PADDING)


def paint_badges(painter: QPainter, badges: Sequence[BadgeShown]) -> None:
    """Draw them in the painter's font."""
    for badge in badges:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(BADGE))
        painter.drawRoundedRect(badge.place, 3, 3)
        painter.setPen(QColor(_WRITING))
        painter.drawText(badge.place, Qt.AlignmentFlag.AlignCenter, badge.text)


def badges_told(badges: Sequence[BadgeShown], texts: Sequence[str], x: float, y: float) -> str:
    """All reminders in full, one in a line, where the pointer is on one; else empty."""
    return "\n".join(texts) if any(badge.place.contains(x, y) for badge in badges) else ""
