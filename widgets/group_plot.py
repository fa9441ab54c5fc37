"""How groups of patients are plotted: boxes with every single value, one quantity against another, survival steps.

Colour is never the only cue: each group has its own point shape and its own dashes as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QPen

from widgets.plot import Plot, line_pen, linear_ticks
from widgets.plot_table import PlotTable
from widgets.theme import on_surface, shades, voi_colour

_SHAPES = ("o", "s", "t", "d", "+", "x", "star", "p")
_DASHES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine,
)
_POINT_PIXELS = 7
_BOX_PART = 0.5
_SPREAD_PART = 0.36
"""Part of a group's width over which its single values are spread, so that equal ones are seen side by side."""
_HEADROOM = 0.06
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class PointShown:
    """One patient: a key to be chosen by, what is said of it, and the values in the units of the axes."""

    key: str
    x: float
    y: float
    name: str = ""


@dataclass(frozen=True)
class GroupShown:
    """Points of one group.

    Parameters
    ----------
    box
        Lower whisker, lower quartile, median, upper quartile, upper whisker; None where there is none.
    """

    name: str
    points: tuple[PointShown, ...]
    box: tuple[float, float, float, float, float] | None = None


@dataclass(frozen=True)
class SurvivalShown:
    """Steps of one group: survival from each time on, with its band; NaN where the band is not defined.

    Parameters
    ----------
    censored
        Times and survival of those who were followed no further.
    end
        Last time anybody was followed.
    """

    name: str
    times: tuple[float, ...]
    survival: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    censored: tuple[tuple[float, float], ...]
    end: float


def group_colour(number: int) -> str:
    """Colour of the n-th group on the surface of the theme in use."""
    return on_surface(voi_colour(number))


def group_shape(number: int) -> str:
    """Point shape of the n-th group, in pyqtgraph's letters."""
    return _SHAPES[number % len(_SHAPES)]


def group_pen(number: int, width: float = 1.8) -> QPen:
    """Line of the n-th group."""
    return line_pen(group_colour(number), width, _DASHES[number % len(_DASHES)])


class PointsPlot(Plot):
    """One quantity against another, or boxes of one quantity with its single values beside each other."""

    def __init__(self) -> None:
        super().__init__()
        self._groups: tuple[GroupShown, ...] = ()
        self._titles = ("", "")
        self._by_group = False
        self._points: list[Any] = []
        self._boxes: list[Any] = []
        self._whiskers: list[Any] = []
        self._medians: list[Any] = []

    def take_colours(self) -> None:
        """Those of the theme in use."""
        super().take_colours()
        self._draw()

    def table(self) -> PlotTable:
        """Every point with its group, by keys that name nobody; values under the titles of the axes."""
        every = [(group.name, point) for group in self._groups for point in group.points]
        if self._by_group:
            return PlotTable.of(("Group", "Course", self._titles[1]), ((g, p.key, p.y) for g, p in every))
        return PlotTable.of(("Group", "Course", *self._titles), ((g, p.key, p.x, p.y) for g, p in every))

    def show_boxes(self, groups: Sequence[GroupShown], y_title: str) -> None:
        """One column for each group."""
        self._groups, self._titles, self._by_group = tuple(groups), ("", y_title), True
        self._draw()

    def show_points(self, groups: Sequence[GroupShown], x_title: str, y_title: str) -> None:
        """Points of all groups over common axes."""
        self._groups, self._titles, self._by_group = tuple(groups), (x_title, y_title), False
        self._draw()

    def places(self) -> tuple[list[tuple[str, PointShown]], NDArray[np.float64]]:
        """Group and point of everything that is drawn, and where, as columns x and y of the axes."""
        points = [(group.name, point) for group in self._groups for point in group.points]
        where = [self._where(number, group) for number, group in enumerate(self._groups)]
        return points, np.concatenate(where) if where else np.empty((0, 2))

    def _where(self, number: int, group: GroupShown) -> NDArray[np.float64]:
        values = np.array([(point.x, point.y) for point in group.points], dtype=np.float64).reshape(-1, 2)
        if self._by_group:
            steps = (np.arange(len(values)) * _GOLDEN) % 1.0
            values[:, 0] = number + 0.5 + _SPREAD_PART * (steps - 0.5)
        return values

    def _draw(self) -> None:
        self.set_title(self._titles[1])
        self.bottom_axis.set_names([group.name for group in self._groups] if self._by_group else [])
        self.show_x_labels(True, self._titles[0])
        every = np.concatenate([self._where(n, g) for n, g in enumerate(self._groups)] or [np.zeros((1, 2))])
        across = (0.0, float(max(len(self._groups), 1))) if self._by_group else _span(every[:, 0])
        self.set_limits(across, _span(every[:, 1]))
        for items in (self._points, self._boxes, self._whiskers, self._medians):
            for item in items:
                item.setVisible(False)
        for number, group in enumerate(self._groups):
            self._draw_group(number, group)

    def _draw_group(self, number: int, group: GroupShown) -> None:
        if number == len(self._points):
            self._boxes.append(self.place(pg.BarGraphItem(x=[0.0], width=0.0, height=[0.0])))
            self._whiskers.append(self.place(pg.PlotCurveItem(connect="pairs")))
            self._medians.append(self.place(pg.PlotCurveItem()))
            self._points.append(self.place(pg.ScatterPlotItem()))
        where = self._where(number, group)
        points = self._points[number]
        points.setVisible(True)
        colour = QColor(group_colour(number))
        inside = QColor(colour)
        inside.setAlphaF(0.35)
        points.setData(
            where[:, 0],
            where[:, 1],
            size=_POINT_PIXELS,
            symbol=group_shape(number),
            pen=line_pen(colour, 1.2),
            brush=QBrush(inside),
        )
        if self._by_group and group.box is not None:
            self._draw_box(number, group.box)

    def _draw_box(self, number: int, box: tuple[float, float, float, float, float]) -> None:
        low, first, middle, third, high = box
        across = number + 0.5
        bars, whiskers, median = self._boxes[number], self._whiskers[number], self._medians[number]
        ground = QColor(shades().text)
        ground.setAlphaF(0.06)
        bars.setOpts(
            x=[across],
            y0=[first],
            height=[third - first],
            width=_BOX_PART,
            brush=QBrush(ground),
            pen=line_pen(shades().dimmed, 1.2),
        )
        beam = _BOX_PART / 4
        whiskers.setData(
            np.array([across, across, across, across, across - beam, across + beam, across - beam, across + beam]),
            np.array([low, first, third, high, low, low, high, high]),
            pen=line_pen(shades().dimmed, 1.2),
        )
        half = _BOX_PART / 2
        median.setData(np.array([across - half, across + half]), np.array([middle, middle]))
        median.setPen(line_pen(shades().text, 2.4))
        for item in (bars, whiskers, median):
            item.setVisible(True)


class SurvivalPlot(Plot):
    """Kaplan–Meier steps with their bands; x in months, y from 0 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self._curves: tuple[SurvivalShown, ...] = ()
        self._x_name = self._y_name = ""
        self._lines: list[Any] = []
        self._bands: list[Any] = []
        self._marks: list[Any] = []

    def take_colours(self) -> None:
        """Those of the theme in use."""
        super().take_colours()
        self._draw()

    def table(self) -> PlotTable:
        """The steps of every group with their bands, and where somebody was followed no further."""
        titles = ("Group", "What", self._x_name, self._y_name, "Lower limit", "Upper limit")
        rows = [
            (curve.name, "step", *values)
            for curve in self._curves
            for values in zip(curve.times, curve.survival, curve.lower, curve.upper, strict=True)
        ]
        ends = [(c.name, "censored", time, part, None, None) for c in self._curves for time, part in c.censored]
        return PlotTable.of(titles, [*rows, *ends])

    def show_curves(self, curves: Sequence[SurvivalShown], x_title: str, y_title: str) -> None:
        """Draw anew."""
        self._curves, self._x_name, self._y_name = tuple(curves), x_title, y_title
        self._draw()

    def ticks(self) -> list[float]:
        """Times with a tick."""
        low, high = self.limits[0]
        return linear_ticks(low, high, most=8)

    def _draw(self) -> None:
        self.set_title(self._y_name)
        self.show_x_labels(True, self._x_name)
        end = max((curve.end for curve in self._curves), default=1.0) or 1.0
        self.set_limits((0.0, end * (1 + _HEADROOM / 2)), (0.0, 1.0 + _HEADROOM / 2), y_marks=[0, 0.25, 0.5, 0.75, 1])
        for item in (*self._lines, *self._bands, *self._marks):
            item.setVisible(False)
        for number, curve in enumerate(self._curves):
            if number == len(self._lines):
                self._bands.append(self.place(_Band()))
                self._lines.append(self.place(pg.PlotCurveItem()))
                self._marks.append(self.place(pg.ScatterPlotItem()))
            self._draw_curve(number, curve)

    def _draw_curve(self, number: int, curve: SurvivalShown) -> None:
        line, band, marks = self._lines[number], self._bands[number], self._marks[number]
        times, steps = stairs(curve.times, curve.survival, curve.end)
        line.setData(times, steps)
        line.setPen(group_pen(number))
        wash = QColor(group_colour(number))
        wash.setAlphaF(0.09)
        known = np.isfinite(curve.lower) & np.isfinite(curve.upper)
        band.setVisible(bool(known.any()))
        if known.any():
            held = [(t, a, b) for t, a, b, k in zip(curve.times, curve.lower, curve.upper, known, strict=True) if k]
            begins = [t for t, _, _ in held]
            across, low = stairs(begins, [a for _, a, _ in held], curve.end, first=None)
            _, high = stairs(begins, [b for _, _, b in held], curve.end, first=None)
            band.show(across, low, high, QBrush(wash))
        censored = np.array(curve.censored, dtype=np.float64).reshape(-1, 2)
        marks.setData(censored[:, 0], censored[:, 1], symbol="|", size=9, pen=line_pen(group_colour(number), 1.4))
        line.setVisible(True)
        marks.setVisible(True)


def stairs(
    times: Sequence[float], values: Sequence[float], end: float, *, first: float | None = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of steps that hold each value from its time to the next, from ``first`` at 0 where that is given."""
    begin = [] if first is None else [(0.0, first)]
    held = [*begin, *zip(times, values, strict=True)]
    corners: list[tuple[float, float]] = []
    for (time, value), (after, _) in zip(held, [*held[1:], (end, 0.0)], strict=True):
        corners += [(time, value), (max(after, time), value)]
    found = np.array(corners, dtype=np.float64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


class _Band(pg.FillBetweenItem):  # type: ignore[misc]
    def __init__(self) -> None:
        self._low, self._high = pg.PlotCurveItem([0.0], [0.0]), pg.PlotCurveItem([0.0], [0.0])
        super().__init__(self._low, self._high)

    def show(
        self, times: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], wash: QBrush
    ) -> None:
        self._low.setData(times, low)
        self._high.setData(times, high)
        self.setBrush(wash)
        self.setVisible(True)


def _span(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = _HEADROOM * (high - low) or max(abs(high), 1.0) * _HEADROOM
    # A scale of doses or activities begins at 0.
    return (0.0 if 0 <= low <= 0.5 * high else low - room, high + room)
