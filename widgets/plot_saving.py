"""The picture of a plot as a file: SVG and PDF drawn as lines and letters, PNG in twice the pixels of the screen."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyqtgraph as pg
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QMimeData, QPoint, QSizeF
from PySide6.QtGui import QColor, QImage, QImageWriter, QPageSize, QPaintDevice, QPainter, QPdfWriter, QRegion
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGraphicsView, QWidget

from widgets.plot import Plot
from widgets.theme import shades

FORMATS: Final = ("svg", "pdf", "png")
_PNG_SCALE: Final = 2.0
_POINTS_PER_PIXEL: Final = 0.75
_DOTS_PER_INCH: Final = 96


def picture_widget(plot: Plot) -> QWidget:
    """What belongs to a plot's picture: the plot with the names and the legend around it, where it has them."""
    widget: QWidget | None = plot.parentWidget()
    while widget is not None:
        if widget.property(FRAME):
            return widget
        widget = widget.parentWidget()
    return plot


FRAME: Final = "plotFrame"
"""Property of a view that is one picture with the plot in it."""


def picture_bytes(plot: Plot, kind: str) -> bytes:
    """The picture as the content of a file.

    Parameters
    ----------
    kind
        ``svg``, ``pdf`` or ``png``.
    """
    shown = picture_widget(plot)
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if kind == "svg":
        _draw_svg(shown, buffer)
    elif kind == "pdf":
        _draw_pdf(shown, buffer)
    elif kind == "png":
        QImageWriter(buffer, QByteArray(b"png")).write(picture(shown))
    else:
        raise ValueError(f"no picture of kind {kind!r}")
    buffer.close()
    return bytes(content.data())


def picture(shown: QWidget) -> QImage:
    """What is shown, in twice its pixels."""
    image = QImage(shown.size() * _PNG_SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_PNG_SCALE)
    _render(shown, image)
    return image


def clipboard_content(plot: Plot) -> QMimeData:
    """Picture and numbers together: each program takes what it can use."""
    content = QMimeData()
    content.setText(plot.table().lines())
    content.setImageData(picture(picture_widget(plot)))
    content.setData("image/svg+xml", QByteArray(picture_bytes(plot, "svg")))
    return content


def save_picture(plot: Plot, target: Path) -> tuple[Path, Path]:
    """Write the picture, in the form that the name's ending says, and its numbers as CSV beside it; both names.

    Raises
    ------
    ValueError
        If the ending is none of `FORMATS`.
    OSError
        If a file can't be written; then neither has its name.
    """
    kind = target.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise ValueError(f"the name has to end in {', '.join(f'.{known}' for known in FORMATS)}")
    numbers = target.with_suffix(".csv")
    contents = ((numbers, plot.table().csv_bytes()), (target, picture_bytes(plot, kind)))
    unfinished = []
    try:
        for path, content in contents:
            temporary = path.with_name(f".{path.name}.unfinished")
            temporary.write_bytes(content)
            unfinished.append((temporary, path))
        for temporary, path in unfinished:
            os.replace(temporary, path)
    finally:
        for temporary, _ in unfinished:
            temporary.unlink(missing_ok=True)
    return target, numbers


def _draw_svg(shown: QWidget, device: QIODevice) -> None:
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(device)
    generator.setResolution(_DOTS_PER_INCH)
    generator.setSize(shown.size())
    generator.setViewBox(shown.rect())
    generator.setTitle("Lutetia")
    _render(shown, generator)


def _draw_pdf(shown: QWidget, device: QIODevice) -> None:
    writer = QPdfWriter(device)
    writer.setResolution(_DOTS_PER_INCH)
    size = QSizeF(shown.size()) * _POINTS_PER_PIXEL
    writer.setPageSize(QPageSize(size, QPageSize.Unit.Point, "plot", QPageSize.SizeMatchPolicy.ExactMatch))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    _render(shown, writer)


def _render(shown: QWidget, device: QPaintDevice) -> None:
    plots = [shown] if isinstance(shown, Plot) else shown.findChildren(Plot)
    with contextlib.ExitStack() as drawn:
        for plot in plots:
            drawn.enter_context(_as_lines(plot))
        painter = QPainter(device)
        try:
            painter.fillRect(shown.rect(), QColor(shades().surface))
            # A plot has a drawing of its scene by the same name; this is that of the widget, with its margins.
            QWidget.render(shown, painter, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)
        finally:
            painter.end()


@contextlib.contextmanager
def _as_lines(plot: Plot) -> Iterator[None]:
    """Points are drawn as shapes, not copied as small pictures, and the background is none."""
    kept = plot.cacheMode()
    points = [item for item in plot.scene().items() if isinstance(item, pg.ScatterPlotItem)]
    plot.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
    for item in points:
        item.setExportMode(True, {"antialias": True, "resolutionScale": 1.0})
    try:
        yield
    finally:
        for item in points:
            item.setExportMode(False)
        plot.setCacheMode(kept)
