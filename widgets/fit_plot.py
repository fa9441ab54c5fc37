"""Measured points and the curve through them."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtGui import QColor

from widgets.plot import Plot, line_pen
from widgets.plot_table import PlotTable
from widgets.theme import shades

_HEADROOM = 1.08
_POINT_PIXELS = 7


class FitPlot(Plot):
    """Points as rings, the curve as a line; both axes linear, from 0 where nothing is below it."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("fit_plot")
        self.setMinimumHeight(170)
        self.curve_points: tuple[tuple[float, float], ...] = ()
        self.measured_points: tuple[tuple[float, float], ...] = ()
        self._curve = self.place(pg.PlotCurveItem())
        self._points = self.place(pg.ScatterPlotItem(size=_POINT_PIXELS, brush=QColor(0, 0, 0, 0)))
        self.take_colours()

    def take_colours(self) -> None:
        """Those of the theme in use."""
        super().take_colours()
        self._curve.setPen(line_pen(shades().accent, 1.8))
        self._points.setPen(line_pen(shades().text, 1.3))

    def table(self) -> PlotTable:
        """Measured points and the fitted curve, under the titles of the axes."""
        rows = [("measured", x, y) for x, y in self.measured_points] + [("fitted", x, y) for x, y in self.curve_points]
        return PlotTable.of(("What", *self.axis_titles), rows)

    def show_fit(
        self,
        title: str,
        x_title: str,
        points: Sequence[tuple[float, float]],
        curve: Sequence[tuple[float, float]],
    ) -> None:
        """Draw a fit; nothing where there are no points."""
        self.measured_points, self.curve_points = tuple(points), tuple(curve)
        everything = [*points, *curve]
        if everything:
            xs, ys = [x for x, _ in everything], [y for _, y in everything]
            low_x = 0.0 if min(xs) >= 0 else min(xs)
            self.set_limits((low_x, max(xs) * (1.02 if max(xs) > 0 else 1.0)), (min(0.0, *ys), max(ys) * _HEADROOM))
        self.set_title(title)
        self.show_x_labels(True, x_title)
        self._curve.setData(x=[x for x, _ in curve], y=[y for _, y in curve])
        self._points.setData(x=[x for x, _ in points], y=[y for _, y in points])
