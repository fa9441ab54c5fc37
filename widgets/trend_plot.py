"""One quantity over the course: values joined by a line, grades beside them, cycles and limits of normal as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from widgets.plot import TICK_SCALE, Plot, line_pen
from widgets.plot_table import PlotCell, PlotTable
from widgets.theme import font, shades

_DOT = 8
_ROOM = 0.12


@dataclass(frozen=True)
class TrendShown:
    """What is plotted.

    Parameters
    ----------
    title
        Quantity and unit.
    days
        Since the first administration, one for each value.
    values
        In the unit of the title.
    grades
        CTCAE, None where there is none.
    cycles
        Day and number of each administration.
    lower, upper
        Limits of normal.
    """

    title: str
    days: tuple[float, ...]
    values: tuple[float, ...]
    grades: tuple[int | None, ...]
    cycles: tuple[tuple[float, int], ...]
    lower: float | None = None
    upper: float | None = None


class TrendPlot(Plot):
    """Small, one of several of the same horizontal scale."""

    def __init__(self) -> None:
        super().__init__()
        self.show_x_labels(True)
        self._line = self.place(pg.PlotCurveItem())
        self._dots = self.place(pg.ScatterPlotItem(size=_DOT, pen=None))
        self._limits = [self.place(pg.PlotCurveItem()) for _end in range(2)]
        self._cycles: list[tuple[Any, Any]] = []
        self._grades: list[Any] = []
        self.shown: TrendShown | None = None
        self.setMinimumHeight(110)
        self.take_colours()

    def take_colours(self) -> None:
        """Those of the theme in use."""
        super().take_colours()
        self._line.setPen(line_pen(shades().dimmed, 1.4))
        for limit in self._limits:
            limit.setPen(line_pen(shades().good, 1.0, Qt.PenStyle.DashLine))
        if self.shown is not None:
            self.show_trend(self.shown, self.limits[0], x_title=self._x_title)

    def table(self) -> PlotTable:
        """Day, value and grade, and the limits of normal."""
        shown = self.shown
        if shown is None:
            return PlotTable((), ())
        rows: list[list[PlotCell]] = [
            [day, value, None if grade is None else str(grade), ""]
            for day, value, grade in zip(shown.days, shown.values, shown.grades, strict=True)
        ]
        rows += [
            [None, end, None, name]
            for name, end in (("lower limit", shown.lower), ("upper limit", shown.upper))
            if end is not None
        ]
        return PlotTable.of(("Days since the first administration", shown.title, "CTCAE grade", "Limit"), rows)

    def show_trend(self, trend: TrendShown, days: tuple[float, float], *, x_title: str = "") -> None:
        """Draw anew, with this horizontal range."""
        self.show_x_labels(True, x_title)
        self.shown = trend
        self.set_title(trend.title)
        ends = [*trend.values, *(end for end in (trend.lower, trend.upper) if end is not None)]
        low, high = min(ends), max(ends)
        room = _ROOM * ((high - low) or abs(high) or 1.0)
        bottom = max(0.0, low - room) if low >= 0 else low - room
        self.set_limits(days, (bottom, high + 2 * room))
        x, y = np.asarray(trend.days, float), np.asarray(trend.values, float)
        self._line.setData(x, y)
        self._dots.setData(x=x, y=y, brush=[QColor(grade_colour(grade)) for grade in trend.grades])
        for item, limit in zip(self._limits, (trend.lower, trend.upper), strict=True):
            item.setVisible(limit is not None)
            if limit is not None:
                item.setData(np.asarray(days, float), np.array([limit, limit], float))
        self._show_cycles(trend.cycles, bottom, high + 2 * room)
        self._show_grades(trend)

    def _show_cycles(self, cycles: Sequence[tuple[float, int]], bottom: float, top: float) -> None:
        while len(self._cycles) < len(cycles):
            label = pg.TextItem(anchor=(0.0, 0.0))
            label.setFont(font(scale=TICK_SCALE))
            self._cycles.append((self.place(pg.PlotCurveItem()), self.place(label)))
        for number, (line, label) in enumerate(self._cycles):
            is_shown = number < len(cycles)
            line.setVisible(is_shown)
            label.setVisible(is_shown)
            if is_shown:
                day, cycle = cycles[number]
                line.setPen(line_pen(shades().axis, 1.0, Qt.PenStyle.DotLine))
                line.setData(np.array([day, day], float), np.array([bottom, top], float))
                label.setText(str(cycle), color=shades().dimmed)
                label.setPos(day, top)

    def _show_grades(self, trend: TrendShown) -> None:
        graded = [
            (day, value, grade)
            for day, value, grade in zip(trend.days, trend.values, trend.grades, strict=True)
            if grade
        ]
        while len(self._grades) < len(graded):
            label = pg.TextItem(anchor=(0.5, 1.15))
            label.setFont(font(scale=TICK_SCALE))
            self._grades.append(self.place(label))
        for number, label in enumerate(self._grades):
            label.setVisible(number < len(graded))
            if number < len(graded):
                day, value, grade = graded[number]
                label.setText(f"G{grade}", color=grade_colour(grade))
                label.setPos(day, value)


def grade_colour(grade: int | None) -> str:
    """Colour of a CTCAE grade."""
    if grade is None:
        return shades().accent
    return (shades().good, shades().warning, shades().stale, shades().error, shades().error)[min(grade, 4)]
