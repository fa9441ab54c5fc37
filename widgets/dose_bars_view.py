"""Cumulative absorbed dose for each organ, stacked by cycle and nuclide, against its limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from dosimetry_core.units import GRAY
from widgets.curve_painting import paint_hatch
from widgets.plot_axes import Axes
from widgets.quantity_edit import quantity_text
from widgets.theme import DIMMED, ERROR, STALE, TEXT, font

SegmentState = Literal["delivered", "planned", "estimated", "earlier"]
_NUCLIDE_COLOUR = {"Lu-177": "#5aa6d6", "Y-90": "#d9a845"}
_OTHER_NUCLIDE = "#8fb8a8"
_EARLIER = "#7c848d"
_STATE_WORDS: dict[SegmentState, str] = {
    "delivered": "delivered",
    "planned": "planned",
    "estimated": "estimated, no images",
    "earlier": "earlier courses",
}


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def nuclide_text(name: str) -> str:
    """``"Lu-177"`` as it is printed: ¹⁷⁷Lu."""
    symbol, _, number = name.partition("-")
    return f"{number.translate(_SUPERSCRIPT)}{symbol}"


@dataclass(frozen=True)
class DoseSegmentShown:
    """Part of a bar: one nuclide of one cycle."""

    label: str
    nuclide: str
    absorbed_dose_gy: float
    state: SegmentState


@dataclass(frozen=True)
class DoseLimitShown:
    """A limit line."""

    name: str
    absorbed_dose_gy: float
    source: str = ""


@dataclass(frozen=True)
class DoseBarShown:
    """One organ or lesion."""

    key: str
    name: str
    segments: tuple[DoseSegmentShown, ...]
    standard_uncertainty_gy: float | None = None
    limits: tuple[DoseLimitShown, ...] = ()
    colour: str = ""
    binding: bool = False
    stale: bool = False

    @property
    def total_gy(self) -> float:
        """Height of the bar."""
        return sum(segment.absorbed_dose_gy for segment in self.segments)

    def text(self) -> str:
        """The bar in words, one line for each part."""
        lines = [f"{self.name}: {quantity_text(GRAY, self.total_gy, self.standard_uncertainty_gy)}"]
        for part in self.segments:
            what = ", ".join(text for text in (part.label, nuclide_text(part.nuclide)) if text)
            lines.append(f"  {what}: {GRAY.text(part.absorbed_dose_gy)} ({_STATE_WORDS[part.state]})")
        for limit in self.limits:
            source = f" – {limit.source}" if limit.source else ""
            lines.append(f"  {limit.name}: {GRAY.text(limit.absorbed_dose_gy)}{source}")
        if self.binding:
            lines.append("  This limit binds the plan.")
        if self.stale:
            lines.append("  Stale: its inputs changed.")
        return "\n".join(lines)


class DoseBarsView(QWidget):
    """Bars side by side with one axis. Delivered parts are full, planned ones hatched, estimated ones dotted."""

    bar_clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dose_bars_view")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(260, 220)
        self._bars: tuple[DoseBarShown, ...] = ()
        self._current: str | None = None
        self._title = "Cumulative absorbed dose"
        self._hovered: str | None = None
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:
        """Room for a few bars."""
        return QSize(520, 380)

    def show_bars(self, bars: Sequence[DoseBarShown]) -> None:
        """Bars from left to right."""
        self._bars = tuple(bars)
        self.setAccessibleDescription("; ".join(bar.text().replace("\n", ",") for bar in self._bars))
        self.update()

    def set_current(self, key: str | None) -> None:
        """Mark a bar. Silent."""
        self._current = key
        self.update()

    def set_title(self, title: str) -> None:
        """What the axis shows."""
        self._title = title
        self.update()

    def bars(self) -> tuple[DoseBarShown, ...]:
        """Bars shown."""
        return self._bars

    def total_text(self, key: str) -> str:
        """Number above a bar."""
        bar = next(bar for bar in self._bars if bar.key == key)
        return quantity_text(GRAY, bar.total_gy, bar.standard_uncertainty_gy, with_symbol=False)

    def _axes(self) -> Axes:
        metrics = QFontMetricsF(font(scale=0.92))
        left = metrics.horizontalAdvance("000.0") + 16
        legend = metrics.height() + 12
        top = metrics.height() + 14
        lines = 3 if self._two_lines() else 2
        below = lines * metrics.height() + 14 + legend
        place = QRectF(left, top, self.width() - left - 12, self.height() - top - below)
        highest = max(
            (
                max(
                    bar.total_gy + (bar.standard_uncertainty_gy or 0.0),
                    *(limit.absorbed_dose_gy for limit in bar.limits),
                    0.0,
                )
                for bar in self._bars
            ),
            default=1.0,
        )
        return Axes(place, (0.0, max(len(self._bars), 1)), (0.0, highest * 1.12 or 1.0))

    def _two_lines(self) -> bool:
        """Whether a name needs two lines under its bar."""
        metrics = QFontMetricsF(font(scale=0.92, strong=True))
        column = (self.width() - 60) / max(len(self._bars), 1) - 4
        return any(metrics.horizontalAdvance(bar.name) > column and " " in bar.name for bar in self._bars)

    def bar_place(self, key: str) -> QRectF:
        """Where a bar is drawn, in pixels."""
        axes = self._axes()
        number = next(number for number, bar in enumerate(self._bars) if bar.key == key)
        width = axes.place.width() / max(len(self._bars), 1)
        bar_width = min(width * 0.56, 84.0)
        top = axes.y(self._bars[number].total_gy)
        left = axes.place.left() + (number + 0.5) * width - bar_width / 2
        return QRectF(left, top, bar_width, axes.place.bottom() - top)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axis, bars, whiskers, limits and legend."""
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            axes = self._axes()
            if not self._bars:
                painter.setPen(QColor(DIMMED))
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "No absorbed doses yet")
                return
            axes.paint(painter, y_title=f"{self._title} / {GRAY.symbol}", x_labels=False)
            for bar in self._bars:
                self._paint_bar(painter, axes, bar)
            self._paint_legend(painter)
        finally:
            painter.end()

    def _paint_bar(self, painter: QPainter, axes: Axes, bar: DoseBarShown) -> None:
        place = self.bar_place(bar.key)
        column = axes.place.width() / len(self._bars)
        slot = QRectF(place.center().x() - column / 2 + 2, axes.place.top(), column - 4, axes.place.height())
        if bar.key in (self._current, self._hovered):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(255, 255, 255, 14 if bar.key == self._current else 8))
            painter.drawRoundedRect(slot.adjusted(0, -4, 0, 0), 4, 4)
        base = 0.0
        for segment in bar.segments:
            top = base + segment.absorbed_dose_gy
            part = QRectF(place.left(), axes.y(top), place.width(), axes.y(base) - axes.y(top))
            _paint_segment(painter, part, segment, stale=bar.stale)
            base = top
        self._paint_whisker(painter, axes, bar, place)
        self._paint_limits(painter, axes, bar, slot)
        self._paint_names(painter, axes, bar, place, slot)

    def _paint_whisker(self, painter: QPainter, axes: Axes, bar: DoseBarShown, place: QRectF) -> None:
        if bar.standard_uncertainty_gy is None:
            return
        x = place.center().x()
        low, high = (axes.y(bar.total_gy + sign * bar.standard_uncertainty_gy) for sign in (-1, 1))
        painter.setPen(QPen(QColor(TEXT), 1.3))
        painter.drawLine(QPointF(x, low), QPointF(x, high))
        for y in (low, high):
            painter.drawLine(QPointF(x - 6, y), QPointF(x + 6, y))

    def _paint_limits(self, painter: QPainter, axes: Axes, bar: DoseBarShown, slot: QRectF) -> None:
        small = font(scale=0.85)
        painter.setFont(small)
        metrics = QFontMetricsF(small)
        for limit in bar.limits:
            y = axes.y(limit.absorbed_dose_gy)
            exceeded = bar.total_gy > limit.absorbed_dose_gy
            painter.setPen(QPen(QColor(ERROR), 2.4 if bar.binding or exceeded else 1.5))
            painter.drawLine(QPointF(slot.left(), y), QPointF(slot.right(), y))
            value = GRAY.text(limit.absorbed_dose_gy, digits=0)
            name = metrics.elidedText(
                f"above {limit.name} {value}" if exceeded else f"{limit.name} {value}",
                Qt.TextElideMode.ElideRight,
                slot.width(),
            )
            painter.drawText(QPointF(slot.right() - metrics.horizontalAdvance(name), y - 4), name)

    def _paint_names(self, painter: QPainter, axes: Axes, bar: DoseBarShown, place: QRectF, slot: QRectF) -> None:
        small, strong = font(scale=0.92), font(scale=0.92, strong=True)
        metrics = QFontMetricsF(small)
        painter.setFont(strong if bar.key == self._current else small)
        painter.setPen(QColor(bar.colour or TEXT))
        names = [bar.name]
        if self._two_lines():
            first, _, rest = bar.name.rpartition(" ")
            fits = metrics.horizontalAdvance(bar.name) <= slot.width()
            names = [bar.name, ""] if fits or not first else [first, rest]
        below = QRectF(slot.left(), axes.place.bottom() + 4, slot.width(), metrics.height() + 2)
        for name in names:
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, slot.width())
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, shown)
            below.translate(0, metrics.height())
        below.translate(0, -metrics.height())
        painter.setFont(strong)
        painter.setPen(QColor(STALE if bar.stale else TEXT))
        number = QRectF(slot.left(), below.bottom(), slot.width(), metrics.height() + 2)
        widest = max(QFontMetricsF(strong).horizontalAdvance(self.total_text(other.key)) for other in self._bars)
        # Either all bars have their uncertainty in figures, or none: the whiskers have it anyway.
        whole = widest <= number.width()
        total = self.total_text(bar.key) if whole else GRAY.text(bar.total_gy, with_symbol=False)
        painter.drawText(number, Qt.AlignmentFlag.AlignCenter, total)

    def _paint_legend(self, painter: QPainter) -> None:
        small = font(scale=0.88)
        painter.setFont(small)
        metrics = QFontMetricsF(small)
        nuclides = list(dict.fromkeys(part.nuclide for bar in self._bars for part in bar.segments if part.nuclide))
        states: list[SegmentState] = [
            state for state in _STATE_WORDS if any(part.state == state for bar in self._bars for part in bar.segments)
        ]
        entries = [(nuclide_text(nuclide), DoseSegmentShown("", nuclide, 0.0, "delivered")) for nuclide in nuclides]
        entries += [(_STATE_WORDS[state], DoseSegmentShown("", "", 0.0, state)) for state in states]
        x, y = self._axes().place.left(), self.height() - metrics.height() - 4
        for text, sample in entries:
            width = metrics.horizontalAdvance(text)
            if x + width + 24 > self.width():
                break
            _paint_segment(painter, QRectF(x, y + 2, 13, metrics.height() - 4), sample, stale=False)
            painter.setPen(QColor(DIMMED))
            painter.drawText(QPointF(x + 18, y + metrics.ascent()), text)
            x += width + 34

    def _bar_at(self, position: QPointF) -> str | None:
        place = self._axes().place
        if not self._bars or not place.left() <= position.x() < place.right():
            return None
        number = int((position.x() - place.left()) / place.width() * len(self._bars))
        return self._bars[number].key

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the bar under the pointer."""
        hovered = self._bar_at(event.position())
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a bar."""
        key = self._bar_at(event.position())
        if key is not None and event.button() == Qt.MouseButton.LeftButton:
            self.bar_clicked.emit(key)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self._hovered = None
        self.update()

    def event(self, event: QEvent) -> bool:
        """The bar in words on hovering."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            key = self._bar_at(QPointF(event.pos()))
            text = next((bar.text() for bar in self._bars if bar.key == key), "")
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)


def _paint_segment(painter: QPainter, place: QRectF, segment: DoseSegmentShown, *, stale: bool) -> None:
    """Full for delivered, hatched for planned, dotted rim for estimated, grey for earlier courses."""
    colour = QColor(_NUCLIDE_COLOUR.get(segment.nuclide, _OTHER_NUCLIDE if segment.nuclide else "#aab2bb"))
    if segment.state == "earlier":
        colour = QColor(_EARLIER)
    if stale:
        colour.setAlphaF(0.45)
    area = QPolygonF([place.topLeft(), place.topRight(), place.bottomRight(), place.bottomLeft()])
    if segment.state in ("delivered", "earlier"):
        painter.setPen(QPen(QColor("#202225"), 1.2))
        painter.setBrush(colour)
        painter.drawRect(place)
        return
    wash = QColor(colour)
    wash.setAlphaF(0.14 if segment.state == "planned" else 0.3)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(wash)
    painter.drawRect(place)
    if segment.state == "planned":
        paint_hatch(painter, area, colour)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, 1.3, Qt.PenStyle.DotLine if segment.state == "estimated" else Qt.PenStyle.SolidLine))
    painter.drawRect(place.adjusted(0.6, 0.6, -0.6, -0.6))
