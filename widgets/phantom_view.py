"""A slice of a phantom with what was measured in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.plot import line_pen
from widgets.theme import ACCENT, shades

_TITLE_ROOM = 20


class PhantomView(QWidget):
    """Grey picture, white where there is most; circles are (column, row, radius along columns, along rows)."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("phantom_view")
        self.setMinimumSize(220, 200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._image: QImage | None = None
        self._pixel_mm = (1.0, 1.0)
        self._title = ""
        self.circles: tuple[tuple[float, float, float, float], ...] = ()

    def show_picture(
        self,
        values: NDArray[np.float32] | None,
        pixel_mm: tuple[float, float] = (1.0, 1.0),
        circles: Sequence[tuple[float, float, float, float]] = (),
        title: str = "",
    ) -> None:
        """Show a slice, shape (row, column); None for nothing."""
        self.circles, self._pixel_mm, self._title = tuple(circles), pixel_mm, title
        self._image = None
        if values is not None:
            top = float(values.max()) or 1.0
            grey = np.ascontiguousarray(np.clip(values / top * 255, 0, 255).astype(np.uint8))
            rows, columns = grey.shape
            self._image = QImage(grey.tobytes(), columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for a square picture."""
        return QSize(280, 280)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture in its proportions."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._image is None:
            return
        painter.setPen(line_pen(shades().dimmed))
        painter.drawText(QRectF(0, 0, self.width(), _TITLE_ROOM), Qt.AlignmentFlag.AlignLeft, self._title)
        row_mm, column_mm = self._pixel_mm
        width, height = self._image.width() * column_mm, self._image.height() * row_mm
        scale = min(self.width() / width, (self.height() - _TITLE_ROOM) / height)
        target = QRectF(0, _TITLE_ROOM, width * scale, height * scale)
        painter.drawImage(target, self._image)
        painter.setPen(line_pen(ACCENT, 1.5))
        for column, row, along_columns, along_rows in self.circles:
            # Index 0 is the middle of the first pixel.
            middle = QPointF((column + 0.5) * column_mm * scale, (row + 0.5) * row_mm * scale + _TITLE_ROOM)
            painter.drawEllipse(middle, along_columns * column_mm * scale, along_rows * row_mm * scale)
