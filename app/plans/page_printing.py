"""Prints pages of the typeset document: the printer gets the very pictures that the preview shows, at its own size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPainter
from PySide6.QtPrintSupport import QPrinter

PREVIEW_DPI = 110.0
PRINT_DPI = 300.0


def image_of(picture: NDArray[np.uint8]) -> QImage:
    """A page picture, shape (row, column, 3), as an image of its own memory."""
    rows, columns, _channels = picture.shape
    data: Any = np.ascontiguousarray(picture)
    return QImage(data.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()


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
