"""Outlines a few pixels wide, drawn as several lines of one pixel: Qt strokes a wide one some ten times as slowly."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QTransform

# About so many of the lines beside each other meet in each pixel: together they are as opaque as one wide line.
_LINES_THAT_MEET = 3.0


def draw_outline(
    painter: QPainter, path: QPainterPath, colour: QColor, width_pixels: float, dash: Sequence[float] = ()
) -> None:
    """Draw a path of any scale with a line of a width on the screen.

    Parameters
    ----------
    dash
        Lengths of dashes and gaps in widths of the line; solid if empty.
    """
    ratio = painter.device().devicePixelRatioF()
    if ratio != 1:
        # Only a pen of one pixel of the screen is fast, and on fine screens that would be too many lines. The width of
        # a pen that does not scale is in pixels of the screen.
        painter.setPen(_pen(colour, width_pixels * ratio, dash))
        painter.drawPath(path)
        return
    offsets = _offsets(width_pixels)
    fine = QColor(colour)
    if fine.alpha() < 255:
        fine.setAlphaF(1 - (1 - fine.alphaF()) ** (1 / _LINES_THAT_MEET))
    painter.setPen(_pen(fine, 1.0, [part * width_pixels for part in dash]))
    placed = painter.transform()
    for x, y in offsets:
        painter.setTransform(placed * QTransform.fromTranslate(x, y))
        painter.drawPath(path)
    painter.setTransform(placed)


def _pen(colour: QColor, width_pixels: float, dash: Sequence[float]) -> QPen:
    pen = QPen(colour, width_pixels)
    pen.setCosmetic(True)
    if dash:
        pen.setDashPattern(dash)
    return pen


@functools.lru_cache(maxsize=16)
def _offsets(width_pixels: float) -> tuple[tuple[float, float], ...]:
    """Where lines of one pixel lie that fill a wider one: on a circle around its middle."""
    radius = (width_pixels - 1) / 2
    if radius <= 0:
        return ((0.0, 0.0),)
    count = 2 if radius < 0.25 else 4 if radius < 0.8 else 8
    turns = [2 * math.pi * n / count + (math.pi / 4 if count == 2 else 0.0) for n in range(count)]
    return tuple((radius * math.cos(turn), radius * math.sin(turn)) for turn in turns)
