"""Axes for our own plots: readable ticks, linear or logarithmic, and the mapping to pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from widgets.theme import DIMMED, font

_GRID = "#383c42"


def linear_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from low to high, at most about ``most``."""
    if not high > low:
        return [low]
    rough = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def logarithmic_ticks(low: float, high: float) -> list[float]:
    """Powers of ten, with 2 and 5 between them where there are fewer than three."""
    if not 0 < low < high:
        raise ValueError("a logarithmic axis needs positive limits")
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    decades = [10.0**e for e in exponents if low * (1 - 1e-9) <= 10.0**e <= high * (1 + 1e-9)]
    if len(decades) >= 3:
        return decades
    factors = (1, 2, 5) if math.log10(high / low) > 0.5 else range(1, 10)
    fine = [factor * 10.0**e for e in exponents for factor in factors]
    return [tick for tick in fine if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]


def tick_text(value: float, ticks: Sequence[float]) -> str:
    """Shortest text that tells the ticks apart."""
    size = max((abs(tick) for tick in ticks), default=0.0) or 1.0
    own = ticks if len(ticks) < 2 or max(ticks) < 50 * min((t for t in ticks if t > 0), default=size) else [value]
    digits = next((d for d in range(7) if all(abs(round(tick, d) - tick) <= 1e-6 * abs(tick) for tick in own)), 6)
    return f"{value:.{digits}f}"


@dataclass(frozen=True)
class Axes:
    """A rectangle with two scales.

    Parameters
    ----------
    place
        Where the data lie, in pixels.
    x_range, y_range
        Limits in data units; logarithmic ones positive.
    logarithmic
        Whether y is logarithmic.
    y_marks
        Ticks of the vertical axis where they are not to be chosen.
    """

    place: QRectF
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    logarithmic: bool = False
    y_marks: tuple[float, ...] | None = None

    def x(self, value: float) -> float:
        """Pixel of a value on the horizontal axis."""
        low, high = self.x_range
        return self.place.left() + (value - low) / (high - low) * self.place.width()

    def y(self, value: float) -> float:
        """Pixel of a value on the vertical axis; below the range (and ≤ 0 on a logarithmic axis) is the lower edge."""
        low, high = self.y_range
        if self.logarithmic:
            value = max(value, low * 1e-3)
            part = math.log(value / low) / math.log(high / low)
        else:
            part = (value - low) / (high - low)
        return self.place.bottom() - max(part, -0.05) * self.place.height()

    def point(self, x: float, y: float) -> QPointF:
        """Pixel of a data point."""
        return QPointF(self.x(x), self.y(y))

    def y_ticks(self) -> list[float]:
        """Ticks of the vertical axis."""
        if self.y_marks is not None:
            return list(self.y_marks)
        if self.logarithmic:
            return logarithmic_ticks(*self.y_range)
        return linear_ticks(*self.y_range, most=max(2, int(self.place.height() / 48)))

    def x_ticks(self) -> list[float]:
        """Ticks of the horizontal axis."""
        return linear_ticks(*self.x_range, most=max(2, int(self.place.width() / 70)))

    def paint(self, painter: QPainter, *, x_title: str = "", y_title: str = "", x_labels: bool = True) -> None:
        """Grid, ticks and titles."""
        small = font(scale=0.92)
        painter.setFont(small)
        metrics = QFontMetricsF(small)
        ticks = self.y_ticks()
        left_end = -math.inf
        for tick in ticks:
            y = self.y(tick)
            painter.setPen(QPen(QColor(_GRID), 1))
            painter.drawLine(QPointF(self.place.left(), y), QPointF(self.place.right(), y))
            painter.setPen(QColor(DIMMED))
            text = tick_text(tick, ticks)
            at = QPointF(self.place.left() - 7 - metrics.horizontalAdvance(text), y + metrics.capHeight() / 2)
            painter.drawText(at, text)
        painter.setPen(QPen(QColor("#5a6068"), 1))
        painter.drawLine(self.place.bottomLeft(), self.place.bottomRight())
        if x_labels:
            ticks = self.x_ticks()
            for tick in ticks:
                x = self.x(tick)
                painter.setPen(QPen(QColor("#5a6068"), 1))
                painter.drawLine(QPointF(x, self.place.bottom()), QPointF(x, self.place.bottom() + 4))
                text = tick_text(tick, ticks)
                left = x - metrics.horizontalAdvance(text) / 2
                if left > left_end + 8:
                    painter.setPen(QColor(DIMMED))
                    painter.drawText(QPointF(left, self.place.bottom() + 6 + metrics.ascent()), text)
                    left_end = left + metrics.horizontalAdvance(text)
        painter.setPen(QColor(DIMMED))
        if x_title:
            box = QRectF(
                self.place.left(), self.place.bottom() + 7 + metrics.height(), self.place.width(), metrics.height() + 2
            )
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, x_title)
        if y_title:
            painter.drawText(QPointF(self.place.left() - 2, self.place.top() - 8), y_title)
