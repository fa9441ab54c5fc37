"""A CT slice as greys: only the rows between the first and the last that aren't black are coloured and smoothed."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from widgets.display_scale import WindowLevel, grey_pixels
from widgets.slice_picture import paint_ct

_BLACK = Qt.GlobalColor.black
_KEPT = 2


@dataclass(frozen=True, eq=False)
class _Greys:
    """Pixels of a slice in a window.

    Attributes
    ----------
    values_hu, window
        What they were made of.
    first, end
        First row, and one behind the last, that may have a pixel that isn't black.
    pixels
        Shape (row, column); coloured from a few rows before the first to a few behind the last.
    """

    values_hu: NDArray[Any]
    window: WindowLevel
    first: int
    end: int
    pixels: NDArray[np.uint32]

    @staticmethod
    def of(values_hu: NDArray[Any], window: WindowLevel, beside: int) -> _Greys:
        """Colour them, with so many rows before and behind."""
        first, end = _rows_not_black(values_hu, window)
        pixels = np.empty(values_hu.shape, np.uint32)
        rows = slice(max(first - beside, 0), end + beside)
        if first < end:
            pixels[rows] = grey_pixels(values_hu[rows], window)
        return _Greys(values_hu, window, first, end, pixels)


class GreySlice:
    """Paints slices of one CT; they are the pictures of `paint_ct`, sooner where there is air before and behind.

    Only rows are left out: Qt's smoothing rounds each row from its beginning, so that a picture cut at its sides would
    differ by a grey level here and there. The last ones are kept; they may be made on another thread.
    """

    def __init__(self) -> None:
        self._kept: list[tuple[int, _Greys]] = []
        self._lock = threading.Lock()

    def make(self, values_hu: NDArray[Any], window: WindowLevel, height: float) -> _Greys:
        """Colour CT numbers, shape (row, column), for a rectangle of this height."""
        # Smoothing reaches one row further, rounding to pixels one pixel further.
        beside = 2 + math.ceil(2 * values_hu.shape[0] / height)
        with self._lock:
            for kept_beside, greys in self._kept:
                if greys.values_hu is values_hu and greys.window == window and kept_beside >= beside:
                    return greys
            greys = _Greys.of(values_hu, window, beside)
            self._kept = [*self._kept, (beside, greys)][-_KEPT:]
            return greys

    def paint(self, painter: QPainter, target: QRectF, values_hu: NDArray[Any], window: WindowLevel) -> None:
        """Draw CT numbers into a rectangle."""
        height, width = values_hu.shape
        if not painter.testRenderHint(QPainter.RenderHint.SmoothPixmapTransform) or target.height() <= 0:
            paint_ct(painter, target, values_hu, window)
            return
        greys = self.make(values_hu, window, target.height())
        if greys.first == greys.end:
            painter.fillRect(target, _BLACK)
            return
        row = target.height() / height
        top, bottom = target.y() + (greys.first - 1) * row, target.y() + (greys.end + 1) * row
        part = QRectF(target.x() - 1, top, target.width() + 2, bottom - top).toAlignedRect()
        above, below = QRectF(target), QRectF(target)
        above.setBottom(part.top() + 1)
        below.setTop(part.top() + part.height() - 1)
        for black in (above, below):
            if black.height() > 0:
                painter.fillRect(black.intersected(target), _BLACK)
        painter.save()
        painter.setClipRect(part, Qt.ClipOperation.IntersectClip)
        painter.drawImage(target, QImage(greys.pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32))
        painter.restore()


def _rows_not_black(values_hu: NDArray[Any], window: WindowLevel) -> tuple[int, int]:
    """First row, and one behind the last, that may have a pixel that isn't black; (0, 0) where all are."""
    lit = np.flatnonzero((values_hu > math.floor(window.level_hu - window.width_hu / 2)).any(axis=1))
    return (int(lit[0]), int(lit[-1]) + 1) if lit.size else (0, 0)
