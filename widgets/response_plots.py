"""Response of the tumours: best change of each lesion as bars (waterfall), and every lesion over time (spider)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor

from dosimetry_core.units import PERCENT
from widgets.plot import TICK_SCALE, Plot, line_pen
from widgets.plot_table import PlotTable
from widgets.theme import font, shades

PARTIAL, PROGRESSION = -0.30, 0.20
"""Where RECIST 1.1 sets partial response (against the baseline) and progression (against the nadir)."""
_BAR_WIDTH = 0.62


@dataclass(frozen=True)
class LesionShown:
    """One lesion, or the sum of all: days since the baseline and change against it, as shares."""

    name: str
    days: tuple[float, ...]
    changes: tuple[float, ...]
    is_sum: bool = False


def _percent_limits(changes: Sequence[float]) -> tuple[float, float]:
    low = min([PARTIAL, *changes]) - 0.1
    high = max([PROGRESSION, *changes]) + 0.15
    return PERCENT.from_core(low), PERCENT.from_core(high)


class _ResponsePlot(Plot):
    """With the two lines of RECIST."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.set_title(title)
        self._rules = [self.place(pg.PlotCurveItem()) for _rule in range(3)]
        self.setMinimumHeight(150)

    def _table(self, lesions: Sequence[LesionShown]) -> PlotTable:
        rows = [
            (lesion.name, day, PERCENT.from_core(change))
            for lesion in lesions
            for day, change in zip(lesion.days, lesion.changes, strict=True)
        ]
        return PlotTable.of(("Lesion", "Days since the baseline", f"Change / {PERCENT.symbol}"), rows)

    def _show_rules(self, ends: tuple[float, float]) -> None:
        heights = (0.0, PERCENT.from_core(PARTIAL), PERCENT.from_core(PROGRESSION))
        for rule, height, colour in zip(
            self._rules, heights, (shades().axis, shades().good, shades().error), strict=True
        ):
            rule.setPen(line_pen(colour, 1.0, Qt.PenStyle.SolidLine if height == 0 else Qt.PenStyle.DashLine))
            rule.setData(np.asarray(ends, float), np.array([height, height], float))


class WaterfallPlot(_ResponsePlot):
    """Best change of each target lesion and of their sum, largest growth first."""

    def __init__(self) -> None:
        super().__init__("Best change against the baseline (%)")
        self._bars = self.place(pg.BarGraphItem(x=[], height=[], width=_BAR_WIDTH))
        self._shown: tuple[LesionShown, ...] = ()
        self.take_colours()

    def take_colours(self) -> None:
        """Those of the theme in use."""
        super().take_colours()
        self.show_lesions(self._shown)

    def table(self) -> PlotTable:
        """Best change of each lesion."""
        best = [(shown.name, PERCENT.from_core(min(shown.changes))) for shown in self._shown if shown.changes]
        return PlotTable.of(("Lesion", f"Best change / {PERCENT.symbol}"), best)

    def show_lesions(self, lesions: Sequence[LesionShown]) -> None:
        """Draw anew."""
        self._shown = tuple(lesions)
        best = sorted(
            ((min(lesion.changes), lesion) for lesion in lesions if lesion.changes),
            key=lambda pair: pair[0],
            reverse=True,
        )
        count = max(len(best), 1)
        self.set_limits((0.0, float(count)), _percent_limits([change for change, _lesion in best]))
        self.bottom_axis.set_names([lesion.name for _change, lesion in best])
        self.show_x_labels(bool(best))
        self._show_rules((0.0, float(count)))
        self._bars.setVisible(bool(best))
        if not best:
            return
        brushes = [QBrush(QColor(shades().accent if lesion.is_sum else _colour(change))) for change, lesion in best]
        self._bars.setOpts(
            x=np.arange(len(best)) + 0.5,
            height=np.array([PERCENT.from_core(change) for change, _lesion in best], float),
            width=_BAR_WIDTH,
            brushes=brushes,
            pens=[pg.mkPen(None)] * len(best),
        )


class SpiderPlot(_ResponsePlot):
    """Each lesion, and the sum as the strong line, over time."""

    def __init__(self) -> None:
        super().__init__("Change against the baseline (%)")
        self.show_x_labels(True, "Days since the baseline")
        self._lines: list[tuple[Any, Any, Any]] = []
        self._shown: tuple[LesionShown, ...] = ()
        self.take_colours()

    def take_colours(self) -> None:
        """Those of the theme in use."""
        super().take_colours()
        self.show_lesions(self._shown)

    def table(self) -> PlotTable:
        """Every change of each lesion."""
        return self._table(self._shown)

    def show_lesions(self, lesions: Sequence[LesionShown]) -> None:
        """Draw anew."""
        self._shown = tuple(lesions)
        days = [day for lesion in lesions for day in lesion.days]
        last = max(days, default=1.0) or 1.0
        self.set_limits((0.0, last * 1.18), _percent_limits([c for lesion in lesions for c in lesion.changes]))
        self._show_rules((0.0, last * 1.18))
        while len(self._lines) < len(lesions):
            label = pg.TextItem(anchor=(0.0, 0.5))
            label.setFont(font(scale=TICK_SCALE))
            dots = self.place(pg.ScatterPlotItem(size=6, pen=None))
            self._lines.append((self.place(pg.PlotCurveItem()), dots, self.place(label)))
        for number, (line, dots, label) in enumerate(self._lines):
            lesion = lesions[number] if number < len(lesions) else None
            is_shown = lesion is not None and bool(lesion.days)
            for item in (line, dots, label):
                item.setVisible(is_shown)
            if lesion is None or not is_shown:
                continue
            colour = shades().accent if lesion.is_sum else _colour(lesion.changes[-1])
            x, y = np.asarray(lesion.days, float), PERCENT.from_core(1.0) * np.asarray(lesion.changes, float)
            line.setPen(line_pen(colour, 2.6 if lesion.is_sum else 1.3))
            line.setData(x, y)
            dots.setData(x=x, y=y, brush=QColor(colour))
            label.setText(lesion.name, color=colour)
            label.setPos(float(x[-1]), float(y[-1]))


def _colour(change: float) -> str:
    return shades().good if change <= PARTIAL else shades().error if change >= PROGRESSION else shades().dimmed
