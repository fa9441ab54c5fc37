"""Prints pages of the typeset document: the printer gets the very pictures that the preview shows, at its own size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPageLayout, QPageSize, QPainter
from PySide6.QtPrintSupport import QPrinter

PREVIEW_DPI = 110.0
PRINT_DPI = 300.0
STALE_STAMP = "STALE · VOID"
STAMP_COLOUR = QColor(200, 30, 30, 110)


def image_of(picture: NDArray[np.uint8]) -> QImage:
    """A page picture, shape (row, column, 3), as an image of its own memory."""
    rows, columns, _channels = picture.shape
    data: Any = np.ascontiguousarray(picture)
    return QImage(data.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()


def stamped(image: QImage, text: str) -> QImage:
    """The page with a text across it that can't be overlooked; the page itself without one."""
    if not text:
        return image
    marked = image.copy()
    painter = QPainter(marked)
    try:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(STAMP_COLOUR)
        painter.translate(marked.width() / 2, marked.height() / 2)
        painter.rotate(-math.degrees(math.atan2(marked.height(), marked.width())))
        font = QFont()
        font.setBold(True)
        font.setPixelSize(max(marked.width() // 9, 1))
        painter.setFont(font)
        reach = QRect(-marked.height(), -marked.height() // 4, 2 * marked.height(), marked.height() // 2)
        painter.drawText(reach, Qt.AlignmentFlag.AlignCenter, text)
    finally:
        painter.end()
    return marked


def print_images(printer: QPrinter, images: Sequence[QImage]) -> None:
    """One image per page, as large as the paper allows with its proportions kept.

    Raises
    ------
    OSError
        If the printer or its file can't be opened.
    """
    if not images:
        return
    printer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    printer.setPageOrientation(QPageLayout.Orientation.Portrait)
    printer.setFullPage(True)
    painter = QPainter()
    if not painter.begin(printer):
        raise OSError("the printer can't be opened")
    try:
        for number, image in enumerate(images):
            if number:
                printer.newPage()
            paper = printer.pageRect(QPrinter.Unit.DevicePixel).toRect()
            size = image.size().scaled(paper.size(), Qt.AspectRatioMode.KeepAspectRatio)
            painter.drawImage(QRect(paper.topLeft(), size), image)
    finally:
        painter.end()
