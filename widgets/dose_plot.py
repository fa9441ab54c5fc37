"""How bars of absorbed dose are plotted: stacked parts, whiskers, and limits with their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPen
from PySide6.QtWidgets import QWidget

from dosimetry_core.units import GRAY
from widgets.dose_bar import STATE_WORDS, DoseBarShown, SegmentLook, segment_look
from widgets.plot import Plot, line_pen
from widgets.plot_table import PlotCell, PlotTable
from widgets.theme import font, shades

_BAR_PART = 0.56
_BAR_PIXELS = 84.0
_BEAM_PIXELS = 12.0
_HEADROOM = 1.12
_NAME_MARGIN_PIXELS = 2
SLOT_GAP_PIXELS = 4.0


class DosePlot(Plot):
    """Bar ``n`` stands at x = n + ½; the vertical axis is in Gy."""

    def __init__(self) -> None:
        super().__init__()
        self._bars: tuple[DoseBarShown, ...] = ()
        self._marked: tuple[int | None, int | None] = (None, None)
        self.show_x_labels(False)
        nothing = {"x": [0.0], "width": 0.0, "height": [0.0]}
        self._slots = self.place(pg.BarGraphItem(**nothing, pen=None))
        self._slots.setZValue(-0.5)
        self._parts, self._hatching = (self.place(pg.BarGraphItem(**nothing)) for _ in range(2))
        self._whiskers = self.place(pg.ErrorBarItem())
        self._lines = {strong: self.place(pg.PlotCurveItem()) for strong in (False, True)}
        for line in self._lines.values():
            line.setZValue(2)
        self._names: list[pg.TextItem] = []
        # Names of limits may reach above the highest tick.
        self.box.setFlag(self.box.GraphicsItemFlag.ItemClipsChildrenToShape, False)
        self.box.sigResized.connect(self._draw)
        self.take_colours()

    def take_colours(self) -> None:
        """Those of the theme in use."""
        super().take_colours()
        self._whiskers.setData(pen=line_pen(shades().text, 1.3))
        for strong, line in self._lines.items():
            line.setPen(line_pen(shades().error, 2.4 if strong else 1.5))
        for name in self._names:
            name.setColor(QColor(shades().error))
            name.fill = pg.mkBrush(_behind_names())
        self._draw()

    def table(self) -> PlotTable:
        """Every part of every bar, its sum, and its limits."""
        rows: list[tuple[PlotCell, ...]] = []
        for bar in self._bars:
            rows += [
                (bar.name, part.label, part.nuclide, STATE_WORDS[part.state], part.absorbed_dose_gy, None)
                for part in bar.segments
            ]
            rows.append((bar.name, "sum", None, None, bar.total_gy, bar.standard_uncertainty_gy))
            rows += [(bar.name, limit.name, None, "limit", limit.absorbed_dose_gy, None) for limit in bar.limits]
        unit = GRAY.symbol
        titles = ("Bar", "Part", "Nuclide", "State", f"Absorbed dose / {unit}", f"Standard uncertainty / {unit}")
        return PlotTable.of(titles, rows)

    def show_bars(self, bars: Sequence[DoseBarShown]) -> None:
        """Draw anew."""
        self._bars = tuple(bars)
        ends = [max(high + (u or 0.0) for high, u in _whiskers(bar)) for bar in bars]
        ends += [limit.absorbed_dose_gy for bar in bars for limit in bar.limits]
        highest = max(ends, default=1.0)
        self.set_limits((0.0, float(max(len(bars), 1))), (0.0, highest * _HEADROOM or 1.0))
        self._draw()

    def mark_bars(self, current: int | None, hovered: int | None) -> None:
        """Light up the column of the current bar, and fainter that under the pointer."""
        if (current, hovered) != self._marked:
            self._marked = (current, hovered)
            self._draw_slots()

    def bar_place(self, number: int, within: QWidget) -> QRectF:
        """Where a bar is drawn, in the coordinates of a widget around this plot."""
        width = self._bar_width()
        total = self._bars[number].total_gy
        top_left = self.pixel(number + 0.5 - width / 2, total, within)
        return QRectF(top_left, self.pixel(number + 0.5 + width / 2, 0.0, within))

    def _bar_width(self) -> float:
        return min(_BAR_PART, _BAR_PIXELS * self.per_pixel())

    def _draw(self) -> None:
        self._draw_slots()
        self._draw_parts()
        self._draw_whiskers()
        self._draw_limits()

    def _draw_slots(self) -> None:
        current, hovered = self._marked
        places = [(current, 14)] + ([(hovered, 8)] if hovered != current else [])
        lit = [(number, alpha) for number, alpha in places if number is not None and number < len(self._bars)]
        self._slots.setVisible(bool(lit))
        if lit:
            self._slots.setOpts(
                x=[number + 0.5 for number, _ in lit],
                width=max(1.0 - SLOT_GAP_PIXELS * self.per_pixel(), 0.0),
                height=[self.limits[1][1]] * len(lit),
                brushes=[QColor(255, 255, 255, alpha) for _, alpha in lit],
            )

    def _draw_parts(self) -> None:
        parts: list[_Part] = []
        for number, bar in enumerate(self._bars):
            reached = 0.0
            for segment in bar.segments:
                look = segment_look(segment, stale=bar.stale)
                parts.append(_Part(number + 0.5, reached, segment.absorbed_dose_gy, look))
                reached += segment.absorbed_dose_gy
        hatched = [part for part in parts if part.look.hatching is not None]
        washes = [part.look.wash for part in parts]
        self._stack(self._parts, parts, washes, [part.look.frame for part in parts])
        lines = [part.look.hatching for part in hatched if part.look.hatching is not None]
        self._stack(self._hatching, hatched, lines, [QPen(Qt.PenStyle.NoPen)] * len(hatched))

    def _stack(self, item: pg.BarGraphItem, parts: list[_Part], brushes: list[QBrush], pens: list[QPen]) -> None:
        item.setVisible(bool(parts))
        if parts:
            item.setOpts(
                x=[part.x for part in parts],
                y0=[part.base for part in parts],
                height=[part.height for part in parts],
                width=self._bar_width(),
                brushes=brushes,
                pens=pens,
            )

    def _draw_whiskers(self) -> None:
        told = [(n + 0.5, height, u) for n, bar in enumerate(self._bars) for height, u in _whiskers(bar)]
        known = np.array([(x, y, u) for x, y, u in told if u is not None], dtype=np.float64).reshape(-1, 3)
        x, y, u = known.T
        self._whiskers.setData(x=x, y=y, top=u, bottom=u, beam=_BEAM_PIXELS * self.per_pixel())

    def _whisker_across(self, bar: DoseBarShown, dose_gy: float, height_px: float) -> float | None:
        """Upper end of the whisker that goes through where the name of a limit stands, above its line; None without."""
        (_, (low, high)) = self.limits
        top_gy = dose_gy + (height_px + 2 * _NAME_MARGIN_PIXELS) * (high - low) / max(float(self.box.height()), 1.0)
        across = [y + u for y, u in _whiskers(bar) if u is not None and y - u < top_gy and y + u > dose_gy]
        return max(across, default=None)

    def _draw_limits(self) -> None:
        small = font(scale=0.85)
        metrics = QFontMetricsF(small)
        advance = metrics.horizontalAdvance
        gap = SLOT_GAP_PIXELS / 2 * self.per_pixel()
        room = 1.0 / self.per_pixel() - SLOT_GAP_PIXELS
        limits = [(number, bar, limit) for number, bar in enumerate(self._bars) for limit in bar.limits]
        ends: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
        while len(self._names) < len(limits):
            name = self.place(
                pg.TextItem("", color=QColor(shades().error), anchor=(1, 1), fill=pg.mkBrush(_behind_names()))
            )
            name.textItem.document().setDocumentMargin(_NAME_MARGIN_PIXELS)
            name.setFont(small)
            name.setZValue(1)  # above the whiskers, below the line of the limit
            self._names.append(name)
        for name in self._names[len(limits) :]:
            name.setVisible(False)
        for (number, bar, limit), name in zip(limits, self._names, strict=False):
            dose = limit.absorbed_dose_gy
            exceeded = bar.total_gy > dose
            ends[bar.binding or exceeded] += [(number + gap, dose), (number + 1 - gap, dose)]
            value = GRAY.text(dose, digits=0)
            words = f"above {limit.name} {value}" if exceeded else f"{limit.name} {value}"
            # A number cut off would be a wrong one: where not even the value fits, the axis and the tooltip have it.
            texts = (words, f"> {value}" if exceeded else value)
            whisker = self._whisker_across(bar, dose, metrics.height())
            free = room if whisker is None else (room - _BEAM_PIXELS) / 2 - _NAME_MARGIN_PIXELS
            text = next((text for text in texts if advance(text) <= free), "")
            at = dose
            if not text and whisker is not None:
                # Beside the whisker there is no room, above it there is.
                at, text = whisker, next((text for text in texts if advance(text) <= room), "")
            name.setText(text)
            name.setPos(QPointF(number + 1 - gap, at))
            name.setVisible(bool(name.textItem.toPlainText()))
        for strong, line in self._lines.items():
            x, y = np.array(ends[strong], dtype=np.float64).reshape(-1, 2).T
            line.setData(x, y, connect="pairs")


def _behind_names() -> QColor:
    """Behind the name of a limit, so that a bar behind it leaves it readable."""
    colour = QColor(shades().surface)
    colour.setAlphaF(0.6)
    return colour


def _whiskers(bar: DoseBarShown) -> list[tuple[float, float | None]]:
    """Heights and uncertainties: of what was delivered, and of all with what is ahead."""
    found = [(bar.delivered_gy, bar.standard_uncertainty_gy)]
    return [*found, (bar.total_gy, bar.ahead_standard_uncertainty_gy)] if bar.has_ahead else found


@dataclass(frozen=True)
class _Part:
    """A part of a bar: its place in units of the axes, and its look."""

    x: float
    base: float
    height: float
    look: SegmentLook
