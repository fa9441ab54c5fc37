"""Tumour response of many courses: best changes as bars side by side (waterfall), every change over time (spider)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor

from widgets.group_plot import GroupShown, PointShown, group_colour, group_pen, group_shape
from widgets.plot import Plot, line_pen
from widgets.plot_table import PlotTable
from widgets.theme import shades

PARTIAL_PERCENT, PROGRESSION_PERCENT = -30.0, 20.0
"""Where RECIST 1.1 sets partial response (against the baseline) and progression (against the nadir)."""
_BAR_WIDTH = 0.8
_ROOM_PERCENT = 8.0


@dataclass(frozen=True)
class LineShown:
    """Changes of one course: times and percent in the units of the axes."""

    key: str
    name: str
    points: tuple[tuple[float, float], ...]


class _ChangesPlot(Plot):
    """Percent against the baseline, with the two lines of RECIST."""

    def __init__(self) -> None:
        super().__init__()
        self._titles = ("", "")
        self._rules = [self.place(pg.PlotCurveItem()) for _rule in range(3)]

    def _show_rules(self, end: float) -> None:
        heights = (0.0, PARTIAL_PERCENT, PROGRESSION_PERCENT)
        for rule, height, colour in zip(
            self._rules, heights, (shades().axis, shades().good, shades().error), strict=True
        ):
            rule.setPen(line_pen(colour, 1.0, Qt.PenStyle.SolidLine if height == 0 else Qt.PenStyle.DashLine))
            rule.setData(np.array([0.0, end]), np.array([height, height]))

    def _frame(self, end: float, changes: Sequence[float]) -> None:
        self.set_title(self._titles[1])
        self.show_x_labels(True, self._titles[0])
        low, high = min([PARTIAL_PERCENT, *changes]), max([PROGRESSION_PERCENT, *changes])
        self.set_limits((0.0, end), (low - _ROOM_PERCENT, high + _ROOM_PERCENT))
        self._show_rules(end)


class WaterfallGroupsPlot(_ChangesPlot):
    """A bar for each course, in the order given, in the colour of its group; its end has the group's point shape."""

    def __init__(self) -> None:
        super().__init__()
        self._groups: tuple[GroupShown, ...] = ()
        self._bars: list[Any] = []
        self._ends: list[Any] = []

    def take_colours(self) -> None:
        """Those of the theme in use."""
        super().take_colours()
        self._draw()

    def show_bars(self, groups: Sequence[GroupShown], x_title: str, y_title: str) -> None:
        """Points of each group: x is the place of the bar, counted from 0; y the change in percent."""
        self._groups, self._titles = tuple(groups), (x_title, y_title)
        self._draw()

    def table(self) -> PlotTable:
        """Every bar by keys that name nobody, in the order of the picture."""
        every = sorted((point.x, group.name, point) for group in self._groups for point in group.points)
        return PlotTable.of(("Group", "Course", self._titles[1]), ((group, p.key, p.y) for _, group, p in every))

    def places(self) -> tuple[list[tuple[str, PointShown]], NDArray[np.float64]]:
        """Group and course of each bar, and where its end is."""
        points = [(group.name, point) for group in self._groups for point in group.points]
        where = np.array([(point.x + 0.5, point.y) for _, point in points], dtype=np.float64).reshape(-1, 2)
        return points, where

    def _draw(self) -> None:
        points, _ = self.places()
        self._frame(float(max(len(points), 1)), [point.y for _, point in points])
        for item in (*self._bars, *self._ends):
            item.setVisible(False)
        for number, group in enumerate(self._groups):
            if number == len(self._bars):
                self._bars.append(self.place(pg.BarGraphItem(x=[0.0], width=0.0, height=[0.0])))
                self._ends.append(self.place(pg.ScatterPlotItem()))
            x = np.array([point.x + 0.5 for point in group.points])
            y = np.array([point.y for point in group.points])
            colour = QColor(group_colour(number))
            inside = QColor(colour)
            inside.setAlphaF(0.35)
            self._bars[number].setOpts(x=x, height=y, width=_BAR_WIDTH, brush=QBrush(inside), pen=line_pen(colour, 1.0))
            self._ends[number].setData(
                x, y, size=6, symbol=group_shape(number), pen=line_pen(colour, 1.2), brush=QBrush(inside)
            )
            self._bars[number].setVisible(len(x) > 0)
            self._ends[number].setVisible(len(x) > 0)


class SpiderGroupsPlot(_ChangesPlot):
    """A line for each course from its baseline on, in the colour and dashes of its group."""

    def __init__(self) -> None:
        super().__init__()
        self._groups: tuple[tuple[str, tuple[LineShown, ...]], ...] = ()
        self._lines: list[Any] = []
        self._dots: list[Any] = []

    def take_colours(self) -> None:
        """Those of the theme in use."""
        super().take_colours()
        self._draw()

    def show_lines(self, groups: Sequence[tuple[str, Sequence[LineShown]]], x_title: str, y_title: str) -> None:
        """Lines of each group; the baseline, from which each begins, is not among their points."""
        self._groups = tuple((name, tuple(lines)) for name, lines in groups)
        self._titles = (x_title, y_title)
        self._draw()

    def table(self) -> PlotTable:
        """Every change with its time."""
        rows = [(name, line.key, *point) for name, lines in self._groups for line in lines for point in line.points]
        return PlotTable.of(("Group", "Course", *self._titles), rows)

    def places(self) -> tuple[list[tuple[str, PointShown]], NDArray[np.float64]]:
        """Group and course of each assessment, and where it is."""
        points = [
            (name, PointShown(line.key, x, y, line.name))
            for name, lines in self._groups
            for line in lines
            for x, y in line.points
        ]
        return points, np.array([(point.x, point.y) for _, point in points], dtype=np.float64).reshape(-1, 2)

    def _draw(self) -> None:
        _, where = self.places()
        end = 1.04 * float(where[:, 0].max()) if len(where) else 1.0
        self._frame(end, [float(y) for y in where[:, 1]])
        for item in (*self._lines, *self._dots):
            item.setVisible(False)
        for number, (_name, lines) in enumerate(self._groups):
            if number == len(self._lines):
                self._lines.append(self.place(pg.PlotCurveItem(connect="finite")))
                self._dots.append(self.place(pg.ScatterPlotItem()))
            # One item for all lines of a group: gaps part them.
            gap = (np.nan, np.nan)
            corners = np.array([corner for line in lines for corner in ((0.0, 0.0), *line.points, gap)]).reshape(-1, 2)
            self._lines[number].setData(corners[:, 0], corners[:, 1])
            self._lines[number].setPen(group_pen(number, 1.3))
            dots = corners[np.isfinite(corners[:, 0]) & (corners[:, 0] > 0)]
            self._dots[number].setData(
                dots[:, 0], dots[:, 1], size=5, symbol=group_shape(number), pen=line_pen(group_colour(number), 1.0)
            )
            self._lines[number].setVisible(len(corners) > 0)
            self._dots[number].setVisible(len(corners) > 0)
