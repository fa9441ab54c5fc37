"""A CT slice as greys: only the rows between the first and the last that aren't black are coloured and smoothed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from widgets.display_scale import WindowLevel, grey_pixels
from widgets.slice_picture import paint_ct

_BLACK = Qt.GlobalColor.black


class GreySlice:
    """Paints slices of one CT; they are the pictures of `paint_ct`, sooner where there is air before and behind.

    Only rows are left out: Qt's smoothing rounds each row from its beginning, so that a picture cut at its sides would
    differ by a grey level here and there.
    """

    def __init__(self) -> None:
        # Painted over and over, as new memory of this size takes long; what is above and below the rows is stale.
        self._pixels: NDArray[np.uint32] = np.zeros((0, 0), np.uint32)

    def paint(self, painter: QPainter, target: QRectF, values_hu: NDArray[Any], window: WindowLevel) -> None:
        """Draw CT numbers, shape (row, column), into a rectangle."""
        smooth = painter.testRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        first, end = _rows_not_black(values_hu, window)
        height, width = values_hu.shape
        if not smooth or target.height() <= 0 or end - first == height:
            paint_ct(painter, target, values_hu, window)
            return
        if first == end:
            painter.fillRect(target, _BLACK)
            return
        row = target.height() / height
        # Smoothing reaches one row further, rounding to pixels one pixel further.
        beside = 2 + math.ceil(2 / row)
        if self._pixels.shape != values_hu.shape:
            self._pixels = np.zeros(values_hu.shape, np.uint32)
        rows = slice(max(first - beside, 0), end + beside)
        self._pixels[rows] = grey_pixels(values_hu[rows], window)
        image = QImage(self._pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
        top, bottom = (target.y() + (place * row) for place in (first - 1, end + 1))
        part = QRectF(target.x() - 1, top, target.width() + 2, bottom - top).toAlignedRect()
        above, below = QRectF(target), QRectF(target)
        above.setBottom(part.top() + 1)
        below.setTop(part.top() + part.height() - 1)
        for black in (above, below):
            if black.height() > 0:
                painter.fillRect(black.intersected(target), _BLACK)
        painter.save()
        painter.setClipRect(part, Qt.ClipOperation.IntersectClip)
        painter.drawImage(target, image)
        painter.restore()


def _rows_not_black(values_hu: NDArray[Any], window: WindowLevel) -> tuple[int, int]:
    """First row, and one behind the last, that may have a pixel that isn't black; (0, 0) where all are."""
    lit = np.flatnonzero((values_hu > math.floor(window.level_hu - window.width_hu / 2)).any(axis=1))
    return (int(lit[0]), int(lit[-1]) + 1) if lit.size else (0, 0)
