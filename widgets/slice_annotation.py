"""What is written on a slice: corner texts, orientation letters, scale bar and colour bar."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPixmap

from dosimetry_core.units import HOUR, MILLIMETRE, DisplayUnit
from widgets.badges import paint_badges
from widgets.display_scale import ColourScale, WindowLevel, colour_table
from widgets.theme import GOOD, WARNING, font

_MARGIN = 9.0
_SCALE_BARS_MM = (5, 10, 20, 50, 100, 200)
_SCALE_BAR_GAP = 6.0
_LETTER_COLOUR = "#ffd479"
# In a low view the patient's name (it stands in the banner and the other views) and the colour bar make room.
_LEAST_HEIGHT_FOR_ALL = 240.0
# In a narrow one the limits stand a line higher: between them and the scale bar is the lower letter.
_LEAST_WIDTH_FOR_ALL = 260.0
# Letters stand nearer to the edge than texts, so that the second line passes below the upper one.
_LETTER_MARGIN = 5.0
_LETTER_GAP = 8.0
# From the middle to where the first line ends: margin, half of two letters and a gap.
_BESIDE_LETTERS = 28.0


@dataclass(frozen=True)
class SliceCorner:
    """Facts written in the corners of a slice.

    Parameters
    ----------
    patient, time_point
        As to be read.
    delay_s
        Time after administration.
    registration, registered
        Words on the registration, for example ``"registered, 0.6 mm"``, and whether all is well with it.
    badges
        Yellow reminders of an unusual display, for example ``"own scale"``.
    """

    patient: str = ""
    time_point: str = ""
    delay_s: float | None = None
    registration: str = ""
    registered: bool = True
    badges: tuple[str, ...] = ()

    def time_text(self) -> str:
        """Delay and time point in one line; the delay first, so that it is never shortened away."""
        delay = "" if self.delay_s is None else HOUR.text(self.delay_s)
        return " · ".join(part for part in (delay, self.time_point) if part)


@dataclass(frozen=True)
class SliceTexts:
    """Every text on a slice."""

    corner: SliceCorner
    plane: str
    position: str
    window: str
    upper: str
    lower: str
    unit: str
    letters: tuple[str, str, str, str]

    def as_dict(self) -> dict[str, str]:
        """Texts by name; empty ones are not drawn."""
        left, right, top, bottom = self.letters
        return {
            "patient": self.corner.patient,
            "time_point": self.corner.time_text(),
            "registration": self.corner.registration,
            "badges": ", ".join(self.corner.badges),
            "plane": self.plane,
            "position": self.position,
            "window": self.window,
            "spect_upper": self.upper,
            "spect_lower": self.lower,
            "spect_unit": self.unit,
            "left": left,
            "right": right,
            "top": top,
            "bottom": bottom,
        }


def window_text(window: WindowLevel) -> str:
    """Window and level of the CT."""
    return f"W {window.width_hu:.0f}  L {window.level_hu:.0f}"


def position_text(axis: str, position_mm: float, index: int, count: int) -> str:
    """Patient coordinate of a slice and its number, counted from 1."""
    return f"{axis} = {MILLIMETRE.text(position_mm)}   {index + 1} / {count}"


def limit_text(value: float, unit: DisplayUnit) -> str:
    """A limit of the colour scale with as many figures as it needs."""
    number = unit.from_core(value)
    digits = 0 if abs(number) >= 100 or number == 0 else 1 if abs(number) >= 10 else 2
    return unit.text(value, digits=digits, with_symbol=False)


class SliceAnnotation:
    """Draws the texts of a slice, its scale bar and, with an overlay, its colour bar.

    What is the same from slice to slice is drawn once and kept as a picture; position and window are written each time.
    """

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._kept = QPixmap()
        self._written: list[QRect] = []
        self._lines = QRectF()
        self._bar_height = 0.0

    def is_written_in(self, part: QRect) -> bool:
        """Whether what was painted last may reach into a part of the view."""
        ratio = self._kept.devicePixelRatio()
        of_screen = QRectF(part.x() * ratio, part.y() * ratio, part.width() * ratio, part.height() * ratio)
        return self._lines.intersects(QRectF(part)) or any(of_screen.intersects(QRectF(it)) for it in self._written)

    def paint(
        self, painter: QPainter, size: QRect, texts: SliceTexts, scale: ColourScale | None, pixels_per_mm: float
    ) -> None:
        """Draw everything into a view of this size."""
        ratio = painter.device().devicePixelRatioF()
        same = replace(texts, position="", window="")
        key = (size, ratio, same, scale, pixels_per_mm, font().key())
        if key != self._key:
            self._kept, self._key = QPixmap(size.size() * ratio), key
            self._kept.setDevicePixelRatio(ratio)
            self._kept.fill(Qt.GlobalColor.transparent)
            inner = QPainter(self._kept)
            try:
                inner.setRenderHint(QPainter.RenderHint.Antialiasing)
                _paint_lasting(inner, QRectF(size), texts, scale, pixels_per_mm)
            finally:
                inner.end()
            metrics = QFontMetricsF(_text_font())
            has_bar = _scale_bar_mm(QRectF(size), pixels_per_mm, metrics) is not None
            self._bar_height = _scale_bar_height(metrics) if has_bar else 0.0
            self._written = _written_parts(self._kept)
        for part in self._written:
            # Only where something is written: most of the view is empty.
            painter.drawPixmap(QPointF(part.left() / ratio, part.top() / ratio), self._kept, QRectF(part))
        pen = _Writer(painter, QRectF(size), is_on_white(scale))
        bottom = size.height() - _MARGIN - pen.metrics.descent() - self._bar_height
        # A pixel more for the shadow.
        top = bottom - pen.line - pen.metrics.ascent() - 1
        self._lines = QRectF(0, top, size.width(), bottom + pen.metrics.descent() + 1 - top)
        pen.write(_MARGIN, bottom, texts.window)
        narrow = size.width() < _LEAST_WIDTH_FOR_ALL
        pen.write(
            _MARGIN,
            bottom - pen.line,
            texts.position,
            wide=True,
            room=size.width() - 2 * _MARGIN if narrow else None,
        )


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


class _Writer:
    """Writes small texts with a shadow, on a dark ground over white, shortened to the room there is."""

    def __init__(self, painter: QPainter, size: QRectF, on_white: bool) -> None:
        small = _text_font()
        painter.setFont(small)
        self._painter, self._size, self._on_white = painter, size, on_white
        self.metrics = QFontMetricsF(small)
        self.line = self.metrics.height() * 1.12

    def write(
        self,
        x: float,
        y: float,
        text: str,
        colour: str = "#e8eaed",
        *,
        right: bool = False,
        wide: bool = False,
        room: float | None = None,
    ) -> None:
        """A text from x on, or up to x; ``wide`` where no letter stands in the middle, ``room`` where more is known."""
        if room is None:
            room = self._size.width() * 0.68 if wide else self._size.width() / 2 - _BESIDE_LETTERS
        shown = self.metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        position = QPointF(x - self.metrics.horizontalAdvance(shown) if right else x, y)
        if self._on_white and shown:
            box = QRectF(position.x() - 3, y - self.metrics.ascent(), 0, self.metrics.height())
            box.setWidth(self.metrics.horizontalAdvance(shown) + 6)
            self._painter.fillRect(box, _GROUND)
        self._painter.setPen(QColor(0, 0, 0, 200))
        self._painter.drawText(position + QPointF(1, 1), shown)
        self._painter.setPen(QColor(colour))
        self._painter.drawText(position, shown)


def _paint_lasting(
    painter: QPainter, size: QRectF, texts: SliceTexts, scale: ColourScale | None, pixels_per_mm: float
) -> None:
    """All but position and window."""
    pen = _Writer(painter, size, is_on_white(scale))
    top = _MARGIN + pen.metrics.ascent()
    corner = texts.corner
    lines = [(corner.time_text(), "#e8eaed"), (corner.registration, GOOD if corner.registered else WARNING)]
    if size.height() >= _LEAST_HEIGHT_FOR_ALL:
        lines.insert(0, (corner.patient, "#e8eaed"))
    for number, (text, colour) in enumerate((text, colour) for text, colour in lines if text):
        # Only the first line has the upper letter beside it.
        pen.write(_MARGIN, top + number * pen.line, text, colour, wide=number > 0 and not corner.badges)
    pen.write(size.width() - _MARGIN, top, texts.plane, "#a4abb4", right=True)
    paint_badges(painter, size.width() - _MARGIN, top + pen.line * 0.4, size.width() - 2 * _MARGIN, corner.badges)
    _paint_scale_bar(painter, size, pixels_per_mm, pen)
    if scale is not None:
        _paint_colour_bar(painter, size, texts, scale, pen)
    _paint_letters(painter, size, texts.letters, on_white=is_on_white(scale))


def _scale_bar_mm(size: QRectF, pixels_per_mm: float, metrics: QFontMetricsF) -> int | None:
    """Length of the bar at the lower left, its words clear of the lower letter; None where none fits."""
    words = max(metrics.horizontalAdvance(_scale_bar_text(mm)) for mm in _SCALE_BARS_MM)
    before_letter = size.width() / 2 - _letter_metrics().horizontalAdvance("M") - _LETTER_GAP
    room = min(size.width() * 0.26, before_letter - _MARGIN - _SCALE_BAR_GAP - words)
    return max((mm for mm in _SCALE_BARS_MM if mm * pixels_per_mm <= room), default=None)


def _scale_bar_text(length_mm: int) -> str:
    return f"{length_mm} mm"


def _scale_bar_height(metrics: QFontMetricsF) -> float:
    return metrics.height() + 3


def _paint_scale_bar(painter: QPainter, size: QRectF, pixels_per_mm: float, pen: _Writer) -> None:
    shown_mm = _scale_bar_mm(size, pixels_per_mm, pen.metrics)
    if shown_mm is None:
        return
    length = shown_mm * pixels_per_mm
    y = size.height() - _MARGIN - 4
    for colour, width in ((QColor(0, 0, 0, 170), 3.4), (QColor("#e8eaed"), 1.4)):
        painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(QPointF(_MARGIN, y), QPointF(_MARGIN + length, y))
        for x in (_MARGIN, _MARGIN + length):
            painter.drawLine(QPointF(x, y - 4), QPointF(x, y + 1))
    pen.write(_MARGIN + length + _SCALE_BAR_GAP, y + pen.metrics.descent(), _scale_bar_text(shown_mm))


def _paint_colour_bar(painter: QPainter, size: QRectF, texts: SliceTexts, scale: ColourScale, pen: _Writer) -> None:
    metrics, write = pen.metrics, pen.write
    right = size.width() - _MARGIN
    base = size.height() - _MARGIN - metrics.descent()
    if size.height() < _LEAST_HEIGHT_FOR_ALL:
        narrow = size.width() < _LEAST_WIDTH_FOR_ALL
        y = base - _scale_bar_height(metrics) if narrow else base
        left = _MARGIN + metrics.horizontalAdvance(texts.window) if narrow else size.width() / 2 + 15
        limits = f"{texts.lower} – {texts.upper} {texts.unit}"
        write(right, y, limits, right=True, room=right - left - _MARGIN)
        return
    height = min(size.height() * 0.3, 190.0)
    table = np.ascontiguousarray(np.repeat(colour_table(scale.colour_map)[::-1, None], 1, axis=1))
    image = QImage(table.data, 1, 256, 3, QImage.Format.Format_RGB888)
    bar = QRectF(right - 9, base - metrics.height() * 1.35 - height, 9, height)
    painter.drawImage(bar, image)
    painter.setPen(QPen(QColor(255, 255, 255, 110), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(bar)
    write(bar.left() - 5, bar.top() + metrics.ascent() * 0.8, texts.upper, right=True)
    write(bar.left() - 5, bar.bottom(), texts.lower, right=True)
    write(right, base, texts.unit, "#c6ccd3", right=True)


def _text_font() -> QFont:
    return font(scale=0.92)


def _letter_font() -> QFont:
    return font(scale=1.15, strong=True)


def _letter_metrics() -> QFontMetricsF:
    return QFontMetricsF(_letter_font())


def _paint_letters(painter: QPainter, size: QRectF, letters: tuple[str, str, str, str], *, on_white: bool) -> None:
    metrics = _letter_metrics()
    painter.setFont(_letter_font())
    left, right, top, bottom = letters
    middle_x, middle_y = size.width() / 2, size.height() / 2 + metrics.ascent() / 2
    places = (
        (left, QPointF(_MARGIN, middle_y)),
        (right, QPointF(size.width() - _MARGIN - metrics.horizontalAdvance(right), middle_y)),
        (top, QPointF(middle_x - metrics.horizontalAdvance(top) / 2, _LETTER_MARGIN + metrics.capHeight())),
        (bottom, QPointF(middle_x - metrics.horizontalAdvance(bottom) / 2, size.height() - _LETTER_MARGIN)),
    )
    for text, place in places:
        if on_white and text:
            width = metrics.horizontalAdvance(text) + 6
            high = metrics.capHeight() + 6
            painter.fillRect(QRectF(place.x() - 3, place.y() - metrics.capHeight() - 3, width, high), _GROUND)
        painter.setPen(QColor(0, 0, 0, 200))
        painter.drawText(place + QPointF(1, 1), text)
        painter.setPen(QColor(_LETTER_COLOUR))
        painter.drawText(place, text)
