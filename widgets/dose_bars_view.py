"""Cumulative absorbed dose for each organ, stacked by cycle and nuclide, against its limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QHelpEvent, QMouseEvent, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from dosimetry_core.units import GRAY
from widgets.dose_bar import (
    STATE_WORDS,
    DoseBarShown,
    DoseLimitShown,
    DoseSegmentShown,
    nuclide_text,
    segment_look,
)
from widgets.flow_layout import FlowLayout
from widgets.quantity_edit import quantity_text
from widgets.theme import TEXT_CONTRAST, font, label, on_surface, shades
from widgets.turned_label import TurnedLabel

if TYPE_CHECKING:
    from widgets.dose_plot import DosePlot

__all__ = ["DoseBarShown", "DoseBarsView", "DoseLimitShown", "DoseSegmentShown", "nuclide_text"]

_LEAST_SIZE = QSize(260, 220)
_SLOT_MARGIN = 2
_MOST_LINES = 3
"""Of a name below its bar."""
_NAMES_SHARE = 0.4
"""Of the height that names reading upwards may take."""
_AXIS_WIDTH = 62
"""Of the vertical axis and the margin at the right."""
_SWATCH = QSize(13, 11)


class DoseBarsView(QWidget):
    """Bars side by side with one axis: delivered parts full, planned ones hatched, entered and estimated dotted."""

    bar_clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dose_bars_view")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(_LEAST_SIZE)
        self.setMouseTracking(True)
        self._bars: tuple[DoseBarShown, ...] = ()
        self._current: str | None = None
        self._title = "Cumulative absorbed dose"
        self._hovered: str | None = None
        self._plot: DosePlot | None = None
        self._empty = label("No absorbed doses yet", role="dimmed", object_name="dose_bars_empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._names = _Names()
        self._legend = _Legend()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 2)
        column.setSpacing(3)
        column.addWidget(self._empty, 1)
        column.addWidget(self._names)
        column.addWidget(self._legend)
        self.setProperty("plotFrame", True)
        self.show_bars(())

    def hasHeightForWidth(self) -> bool:
        """The plot gives way to the lines of the legend."""
        return False

    def sizeHint(self) -> QSize:
        """Room for a few bars."""
        return QSize(520, 380)

    def width_wanted(self) -> int:
        """Width at which every name stands below its bar, in lines of whole words, with a number."""
        columns = len(self._bars) * (self._names.column_wanted() + 2 * _SLOT_MARGIN + 1)
        return max(_AXIS_WIDTH + columns, _LEAST_SIZE.width())

    def show_bars(self, bars: Sequence[DoseBarShown]) -> None:
        """Bars from left to right."""
        self._bars = tuple(bars)
        self.setAccessibleDescription("; ".join(bar.text().replace("\n", ",") for bar in self._bars))
        if self._bars and self._plot is None:
            self._plot = self._made_plot()
        self._empty.setVisible(not self._bars)
        for part in (self._names, self._legend):
            part.setVisible(bool(self._bars))
        self._legend.show_bars(self._bars)
        if self._plot is not None:
            self._plot.setVisible(bool(self._bars))
            self._plot.show_bars(self._bars)
        self._names.show_bars(self._bars)
        self._mark()
        self._arrange()

    def set_current(self, key: str | None) -> None:
        """Mark a bar. Silent."""
        self._current = key
        self._mark()

    def set_title(self, title: str) -> None:
        """What the axis shows."""
        self._title = title
        if self._plot is not None:
            self._plot.set_title(f"{title} / {GRAY.symbol}")

    def bars(self) -> tuple[DoseBarShown, ...]:
        """Bars shown."""
        return self._bars

    def names_shown(self) -> list[str]:
        """The names below the bars as they are written."""
        return self._names.written()

    def total_text(self, key: str) -> str:
        """Number below a bar."""
        bar = next(bar for bar in self._bars if bar.key == key)
        return _delivered_text(bar, None, whole=True)

    def ahead_text(self, key: str) -> str:
        """Number of what a bar comes to with what is ahead; empty where nothing is."""
        return _ahead_text(next(bar for bar in self._bars if bar.key == key), None, whole=True)

    def bar_place(self, key: str) -> QRectF:
        """Where a bar is drawn, in pixels."""
        if self._plot is None:
            raise ValueError("there are no bars")
        number = next(number for number, bar in enumerate(self._bars) if bar.key == key)
        return self._plot.bar_place(number, self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names keep under their bars."""
        super().resizeEvent(event)
        self._arrange()

    def _made_plot(self) -> DosePlot:
        # The plotting library is read when there is something to plot: the window opens sooner.
        from widgets.dose_plot import DosePlot

        plot = DosePlot()
        plot.set_title(f"{self._title} / {GRAY.symbol}")
        plot.box.sigResized.connect(self._arrange)
        layout = self.layout()
        if isinstance(layout, QVBoxLayout):
            layout.insertWidget(0, plot, 1)
        return plot

    def _arrange(self) -> None:
        if self._plot is not None and self._bars:
            area = self._plot.area(self)
            left, right = round(area.left()), round(self.width() - area.right())
            self._names.arrange(left, right, self.width(), most_height=_NAMES_SHARE * self.height())
            self._legend.set_left(round(area.left()))

    def _mark(self) -> None:
        keys = [bar.key for bar in self._bars]
        self._names.mark(self._current)
        if self._plot is not None:
            numbers = (keys.index(key) if key in keys else None for key in (self._current, self._hovered))
            self._plot.mark_bars(*numbers)

    def _bar_at(self, position: QPointF) -> str | None:
        if self._plot is None or not self._bars:
            return None
        place = self._plot.area(self)
        if not place.left() <= position.x() < place.right():
            return None
        return self._bars[int((position.x() - place.left()) / place.width() * len(self._bars))].key

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the bar under the pointer."""
        self._hover(self._bar_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a bar."""
        key = self._bar_at(event.position())
        if key is not None and event.button() == Qt.MouseButton.LeftButton:
            self.bar_clicked.emit(key)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self._hover(None)

    def _hover(self, key: str | None) -> None:
        if key != self._hovered:
            self._hovered = key
            self._mark()

    def event(self, event: QEvent) -> bool:
        """The bar in words on hovering."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            key = self._bar_at(QPointF(event.pos()))
            text = next((bar.text() for bar in self._bars if bar.key == key), "")
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)


class _Names(QWidget):
    """Name and number of each bar, in columns as wide as those of the plot."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._bars: tuple[DoseBarShown, ...] = ()
        self._columns: list[tuple[TurnedLabel, QLabel, QLabel]] = []
        self._current: str | None = None
        self._room = self._most_height = 0.0
        self._row = QHBoxLayout(self)
        self._row.setSpacing(0)

    def show_bars(self, bars: tuple[DoseBarShown, ...]) -> None:
        while len(self._columns) > len(bars):
            item = self._row.takeAt(self._row.count() - 1)
            holder = item.widget() if item is not None else None
            if holder is not None:
                holder.hide()
                holder.deleteLater()
            self._columns.pop()
        while len(self._columns) < len(bars):
            self._columns.append(self._made_column())
        self._bars = bars
        self._fill()

    def _made_column(self) -> tuple[TurnedLabel, QLabel, QLabel]:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        name, total, ahead = TurnedLabel(), label(), label()
        total.setFont(_strong_font())
        ahead.setFont(font(scale=0.92))
        for part in (name, total, ahead):
            part.setTextFormat(Qt.TextFormat.PlainText)
            part.setContentsMargins(_SLOT_MARGIN, 0, _SLOT_MARGIN, 0)
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
            part.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            column.addWidget(part)
        holder.setMinimumWidth(1)
        self._row.addWidget(holder, 1)
        return name, total, ahead

    def written(self) -> list[str]:
        """The names, their lines joined."""
        return [" ".join(name.text().split()) for name, _total, _ahead in self._columns]

    def column_wanted(self) -> int:
        """Width of the widest word of a name, or of a number without its uncertainty."""
        strong = QFontMetricsF(_strong_font())
        texts = [word for bar in self._bars for word in bar.name.split()]
        texts += [text for bar in self._bars for text in (_delivered_text(bar, None), _ahead_text(bar, None))]
        return math.ceil(max((strong.horizontalAdvance(text) for text in texts), default=0.0))

    def arrange(self, left: int, right: int, width: int, *, most_height: float) -> None:
        """Keep in line with the plot; names that read upwards take no more than a height."""
        self._row.setContentsMargins(left, 0, right, 0)
        room = (width - left - right) / max(len(self._bars), 1) - 2 * _SLOT_MARGIN - 1
        if (room, most_height) != (self._room, self._most_height):
            self._room, self._most_height = room, most_height
            self._fill()

    def take_colours(self) -> None:
        """Those of the theme in use."""
        self._fill()

    def mark(self, key: str | None) -> None:
        self._current = key
        for bar, (name, _total, _ahead) in zip(self._bars, self._columns, strict=True):
            name.setFont(_strong_font() if bar.key == key else font(scale=0.92))

    def _fill(self) -> None:
        strong = QFontMetricsF(_strong_font())
        totals = _totals(self._bars, self._room, strong)
        any_ahead = any(bar.has_ahead for bar in self._bars)
        names, turned = _names_in_room([bar.name for bar in self._bars], self._room, self._most_height, strong)
        length = math.ceil(max((_width(lines, strong) for lines in names), default=0.0))
        for bar, (name, total, ahead), lines, (text, ahead_text) in zip(
            self._bars, self._columns, names, totals, strict=True
        ):
            name.show_lines(lines, turned=turned, length=length)
            margin = 0 if turned else _SLOT_MARGIN
            name.setContentsMargins(margin, 0, margin, 0)
            _colour(name, on_surface(bar.colour, TEXT_CONTRAST) if bar.colour else shades().text)
            total.setText(text)
            _colour(total, shades().stale if bar.stale else shades().text)
            ahead.setText(ahead_text)
            ahead.setVisible(any_ahead)
            _colour(ahead, shades().stale if bar.stale else shades().dimmed)
        self.mark(self._current)


def _colour(text: QLabel, colour: str) -> None:
    """Qt polishes a label at each new style, which takes longer than painting it: only another one is set."""
    style = f"color: {colour};"
    if text.styleSheet() != style:
        text.setStyleSheet(style)


def _strong_font() -> QFont:
    return font(scale=0.92, strong=True)


def _names_in_room(
    names: Sequence[str], room: float, most_height: float, metrics: QFontMetricsF
) -> tuple[list[list[str]], bool]:
    """Lines of each name, and whether all read upwards.

    Level where every word is as wide as its column at most, and all names have the same number of lines; else upwards,
    where only what would be higher than ``most_height`` is shortened. None where columns are narrower than a line.
    """
    level = [_wrapped(name, room, metrics) for name in names]
    if all(len(lines) <= _MOST_LINES and _width(lines, metrics) <= room for lines in level):
        return _of_equal_height(level), False
    beside = int((room + 2 * _SLOT_MARGIN + 1) // metrics.height())
    if beside == 0:
        return [[""]] * len(names), True
    longest = max(metrics.horizontalAdvance(name) for name in names)
    if longest <= most_height or beside == 1:
        upwards = [[name] for name in names]
    else:
        upwards = [_wrapped(name, most_height, metrics, most=beside) for name in names]
    return [[_with_last_word(line, most_height, metrics) for line in lines] for lines in upwards], True


def _of_equal_height(names: list[list[str]]) -> list[list[str]]:
    most = max((len(lines) for lines in names), default=0)
    return [[*lines, *[""] * (most - len(lines))] for lines in names]


def _width(lines: Sequence[str], metrics: QFontMetricsF) -> float:
    return max((metrics.horizontalAdvance(line) for line in lines), default=0.0)


def _wrapped(name: str, room: float, metrics: QFontMetricsF, *, most: int | None = None) -> list[str]:
    """The words of a name in lines as wide as this where words allow it; the last of ``most`` lines takes the rest."""
    lines: list[str] = []
    for word in name.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and (len(lines) == most or metrics.horizontalAdvance(longer) <= room):
            lines[-1] = longer
        else:
            lines.append(word)
    return lines or [""]


def _with_last_word(line: str, room: float, metrics: QFontMetricsF) -> str:
    """A line, its beginning shortened where it is too long: lesions differ by their last word."""
    if metrics.horizontalAdvance(line) <= room:
        return line
    first, blank, last = line.rpartition(" ")
    begun = _shortened(first, room - metrics.horizontalAdvance(blank + last), metrics) if first else ""
    return f"{begun} {last}" if begun else _shortened(line, room, metrics)


def _shortened(word: str, room: float, metrics: QFontMetricsF) -> str:
    """As much of the beginning of a word as there is room for, with a full stop: "Les." for "Lesion"."""
    if metrics.horizontalAdvance(word) <= room:
        return word
    return next(
        (f"{word[:n]}." for n in range(len(word), 0, -1) if metrics.horizontalAdvance(f"{word[:n]}.") <= room), ""
    )


def _totals(bars: tuple[DoseBarShown, ...], room: float, metrics: QFontMetricsF) -> list[tuple[str, str]]:
    """Numbers below the bars, all alike: with their uncertainty, else without, else with fewer figures, else none.

    First what was delivered, then what it comes to with what is ahead. The whiskers have the uncertainty anyway, and a
    number cut off would be a wrong one.
    """
    for digits, whole in ((None, True), (None, False), (1, False), (0, False)):
        texts = [(_delivered_text(bar, digits, whole=whole), _ahead_text(bar, digits, whole=whole)) for bar in bars]
        if max((metrics.horizontalAdvance(text) for pair in texts for text in pair), default=0.0) <= room:
            return texts
    return [("", "")] * len(bars)


def _delivered_text(bar: DoseBarShown, digits: int | None, *, whole: bool = False) -> str:
    uncertainty = bar.standard_uncertainty_gy if whole else None
    text = quantity_text(GRAY, bar.delivered_gy, uncertainty, digits=digits, with_symbol=False)
    return f"≥ {text}" if bar.lower_bound else text


def _ahead_text(bar: DoseBarShown, digits: int | None, *, whole: bool = False) -> str:
    if not bar.has_ahead:
        return ""
    uncertainty = bar.ahead_standard_uncertainty_gy if whole else None
    return f"→ {quantity_text(GRAY, bar.total_gy, uncertainty, digits=digits, with_symbol=False)}"


class _Legend(QWidget):
    """What the colours and fillings mean."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        # Not fixed: that would hold it to the height of one line.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self._flow = FlowLayout(self, spacing=14, line_spacing=3)
        self._shown: list[tuple[str, DoseSegmentShown]] = []

    def set_left(self, left: int) -> None:
        """Begin where the plot does."""
        margins = self._flow.contentsMargins()
        if margins.left() != left:
            margins.setLeft(left)
            self._flow.setContentsMargins(margins)

    def show_bars(self, bars: tuple[DoseBarShown, ...]) -> None:
        """Entries for the nuclides and states that occur."""
        parts = [part for bar in bars for part in bar.segments]
        nuclides = dict.fromkeys(part.nuclide for part in parts if part.nuclide)
        entries = [(nuclide_text(nuclide), DoseSegmentShown("", nuclide, 0.0, "delivered")) for nuclide in nuclides]
        entries += [
            (words, DoseSegmentShown("", "", 0.0, state))
            for state, words in STATE_WORDS.items()
            if any(part.state == state for part in parts)
        ]
        if entries != self._shown:
            self._shown = entries
            self.take_colours()

    def take_colours(self) -> None:
        """Those of the theme in use."""
        while (item := self._flow.takeAt(0)) is not None:
            entry = item.widget()
            if entry is not None:
                entry.hide()
                entry.deleteLater()
        for words, sample in self._shown:
            self._flow.addWidget(self._made_entry(words, sample))
        self.updateGeometry()

    def _made_entry(self, words: str, sample: DoseSegmentShown) -> QWidget:
        entry = QWidget(self)
        row = QHBoxLayout(entry)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        swatch, text = QLabel(), label(words)
        swatch.setPixmap(_swatch(sample, self.devicePixelRatioF()))
        text.setFont(font(scale=0.88))
        text.setStyleSheet(f"color: {shades().dimmed};")
        row.addWidget(swatch)
        row.addWidget(text)
        return entry


def _swatch(sample: DoseSegmentShown, ratio: float) -> QPixmap:
    picture = QPixmap(_SWATCH * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    look = segment_look(sample, stale=False)
    painter = QPainter(picture)
    try:
        painter.setPen(look.frame)
        for brush in (look.wash, look.hatching):
            if brush is not None:
                painter.setBrush(brush)
                painter.drawRect(QRectF(0.5, 0.5, _SWATCH.width() - 1, _SWATCH.height() - 1))
    finally:
        painter.end()
    return picture
