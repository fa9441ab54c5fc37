"""What is written on a slice: corner texts, orientation letters, scale bar and colour bar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPixmap

from widgets.annotation_layout import AnnotationLayout, Written
from widgets.badges import badges_told, paint_badges
from widgets.display_scale import ColourScale, colour_table
from widgets.slice_texts import SliceCorner, SliceTexts, limit_text, position_text, window_text
from widgets.theme import font

__all__ = ["SliceAnnotation", "SliceCorner", "SliceTexts", "is_on_white", "limit_text", "position_text", "window_text"]

_LETTER_COLOUR = "#ffd479"


class SliceAnnotation:
    """Draws the texts of a slice, its scale bar and, with an overlay, its colour bar.

    What is the same from slice to slice is drawn once and kept as a picture; position and window are written each time.
    """

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._kept = QPixmap()
        self._written: list[QRect] = []
        self._lines = QRectF()
        self.layout: AnnotationLayout | None = None
        """Places of what was painted last."""
        self._badges: tuple[str, ...] = ()

    def is_written_in(self, part: QRect) -> bool:
        """Whether what was painted last may reach into a part of the view."""
        ratio = self._kept.devicePixelRatio()
        of_screen = QRectF(part.x() * ratio, part.y() * ratio, part.width() * ratio, part.height() * ratio)
        return self._lines.intersects(QRectF(part)) or any(of_screen.intersects(QRectF(it)) for it in self._written)

    def told_at(self, x: float, y: float) -> str:
        """In full what is shortened, counted or left out where the pointer rests; empty elsewhere."""
        layout = self.layout
        if layout is None:
            return ""
        told = badges_told(layout.badges, self._badges, x, y)
        on_facts = any(line.is_fact and line.box(layout.metrics).contains(x, y) for line in layout.written)
        return told or ("\n".join(layout.facts_told) if on_facts else "")

    def paint(
        self, painter: QPainter, size: QRect, texts: SliceTexts, scale: ColourScale | None, pixels_per_mm: float
    ) -> None:
        """Draw everything into a view of this size."""
        ratio = painter.device().devicePixelRatioF()
        same = replace(texts, position="", window="")
        key = (size, ratio, same, scale, pixels_per_mm, font().key())
        if self.layout is None or key != self._key:
            layout = AnnotationLayout(
                QRectF(size),
                texts,
                has_colours=scale is not None,
                pixels_per_mm=pixels_per_mm,
                text=QFontMetricsF(_text_font()),
                letters=QFontMetricsF(_letter_font()),
            )
            self.layout, self._badges = layout, texts.corner.badges
            self._kept, self._key = QPixmap(size.size() * ratio), key
            self._kept.setDevicePixelRatio(ratio)
            self._kept.fill(Qt.GlobalColor.transparent)
            inner = QPainter(self._kept)
            try:
                inner.setRenderHint(QPainter.RenderHint.Antialiasing)
                _paint_lasting(inner, layout, texts, scale)
            finally:
                inner.end()
            self._written = _written_parts(self._kept)
        for part in self._written:
            # Only where something is written: most of the view is empty.
            painter.drawPixmap(QPointF(part.left() / ratio, part.top() / ratio), self._kept, QRectF(part))
        self._lines, metrics = QRectF(), self.layout.metrics
        painter.setFont(_text_font())
        for line in self.layout.varying(texts.position, texts.window):
            _write(painter, line, metrics, on_white=is_on_white(scale))
            # A pixel more for the shadow, all the width for other numbers.
            box = line.box(metrics).adjusted(0, -1, 0, 1)
            self._lines |= QRectF(0, box.top(), size.width(), box.height())


def is_on_white(scale: ColourScale | None) -> bool:
    """Whether a picture is white where there is nothing: light texts need a dark ground then."""
    return scale is not None and scale.colour_map == "Inverted grey"


_GROUND = QColor(20, 21, 23, 190)


# Gaps between letters are not worth a part of their own.
_LEAST_GAP = 32


def _written_parts(pixmap: QPixmap) -> list[QRect]:
    """Rectangles of a picture outside of which it is empty, one above the other and side by side; in device pixels."""
    image = pixmap.toImage().convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)[:, : image.width()] != 0
    parts = []
    for first, end in _runs(pixels.any(axis=1), least_gap=1):
        band = pixels[first:end]
        parts += [QRect(left, first, right - left, end - first) for left, right in _runs(band.any(axis=0), _LEAST_GAP)]
    return parts


def _runs(written: NDArray[np.bool_], least_gap: int) -> list[tuple[int, int]]:
    """Where something begins and ends, less than a gap taken as written."""
    runs: list[tuple[int, int]] = []
    edges = np.flatnonzero(np.diff(written.astype(np.int8), prepend=0, append=0))
    for first, end in edges.reshape(-1, 2).tolist():
        if runs and first - runs[-1][1] < least_gap:
            runs[-1] = runs[-1][0], end
        else:
            runs.append((first, end))
    return runs


def _write(painter: QPainter, line: Written, metrics: QFontMetricsF, *, on_white: bool) -> None:
    """A small text with a shadow in the painter's font, on a dark ground over white."""
    if on_white:
        painter.fillRect(line.box(metrics).adjusted(-3, 0, 3, 0), _GROUND)
    place = QPointF(line.x, line.baseline)
    painter.setPen(QColor(0, 0, 0, 200))
    painter.drawText(place + QPointF(1, 1), line.text)
    painter.setPen(QColor(line.colour))
    painter.drawText(place, line.text)


def _paint_lasting(painter: QPainter, layout: AnnotationLayout, texts: SliceTexts, scale: ColourScale | None) -> None:
    """All but position and window."""
    on_white = is_on_white(scale)
    painter.setFont(_text_font())
    for line in layout.written:
        _write(painter, line, layout.metrics, on_white=on_white)
    paint_badges(painter, layout.badges)
    if layout.scale_bar_mm is not None:
        _paint_scale_bar(painter, layout, on_white=on_white)
    if layout.colour_bar is not None and scale is not None:
        _paint_colour_bar(painter, layout.colour_bar, scale)
    _paint_letters(painter, layout, texts.letters, on_white=on_white)


def _paint_scale_bar(painter: QPainter, layout: AnnotationLayout, *, on_white: bool) -> None:
    bar, words = layout.scale_bar
    left, right, y = bar.left(), bar.right(), bar.bottom() - 1
    for colour, width in ((QColor(0, 0, 0, 170), 3.4), (QColor("#e8eaed"), 1.4)):
        painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        for x in (left, right):
            painter.drawLine(QPointF(x, bar.top()), QPointF(x, bar.bottom()))
    _write(painter, words, layout.metrics, on_white=on_white)


def _paint_colour_bar(painter: QPainter, bar: QRectF, scale: ColourScale) -> None:
    table = np.ascontiguousarray(np.repeat(colour_table(scale.colour_map)[::-1, None], 1, axis=1))
    painter.drawImage(bar, QImage(table.data, 1, 256, 3, QImage.Format.Format_RGB888))
    painter.setPen(QPen(QColor(255, 255, 255, 110), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(bar)


def _text_font() -> QFont:
    return font(scale=0.92)


def _letter_font() -> QFont:
    return font(scale=1.15, strong=True)


def _paint_letters(
    painter: QPainter, layout: AnnotationLayout, letters: tuple[str, str, str, str], *, on_white: bool
) -> None:
    metrics = QFontMetricsF(_letter_font())
    painter.setFont(_letter_font())
    for text, place in layout.letter_places(letters):
        if on_white and text:
            width = metrics.horizontalAdvance(text) + 6
            high = metrics.capHeight() + 6
            painter.fillRect(QRectF(place.x() - 3, place.y() - metrics.capHeight() - 3, width, high), _GROUND)
        painter.setPen(QColor(0, 0, 0, 200))
        painter.drawText(place + QPointF(1, 1), text)
        painter.setPen(QColor(_LETTER_COLOUR))
        painter.drawText(place, text)
