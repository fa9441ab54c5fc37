"""How a time–activity curve is plotted: points, fit, band and hatched tail, and the residuals below."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem

from dosimetry_core.units import HOUR, MEGABECQUEREL, PERCENT, DisplayUnit
from widgets.curve_shown import CurveShown
from widgets.plot import Plot, hatch, line_pen
from widgets.plot_table import PlotCell, PlotTable
from widgets.theme import on_surface, shades

_Floats = NDArray[np.float64]
# Per cent; the residual axis is the first that holds all points.
_RESIDUAL_LIMITS = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_POINT_PIXELS = 9.0
_SMALL_POINT_PIXELS = 4.8
_RESIDUAL_POINT_PIXELS = 6.4
_HOVER_PIXELS = 16.0
_BEAM_PIXELS = 8.0


def _shown(values: _Floats, unit: DisplayUnit) -> _Floats:
    """Core values in a display unit."""
    return values / unit.core_per_display


def curve_limits(curve: CurveShown, *, logarithmic: bool) -> tuple[tuple[float, float], tuple[float, float]]:
    """Limits of both axes (h, MBq) that hold the points and the fit."""
    times = curve.time_s if curve.fit_time_s is None else np.concatenate([curve.time_s, curve.fit_time_s])
    high = float(np.max(curve.activity_bq + curve.activity_standard_uncertainty_bq, initial=0.0))
    if curve.fit_activity_bq is not None:
        high = max(high, float(np.max(curve.fit_activity_bq)))
    high = MEGABECQUEREL.from_core(high) * 1.08 or 1.0
    low = 0.0
    if logarithmic:
        positive = curve.activity_bq[curve.activity_bq > 0]
        least = float(np.min(positive)) if positive.size else high * 1e-3
        if curve.fit_activity_bq is not None and curve.fit_activity_bq[-1] > 0:
            least = min(least, float(curve.fit_activity_bq[-1]))
        low = max(MEGABECQUEREL.from_core(least) * 0.7, high * 1e-4)
        high *= 1.3
    last = HOUR.from_core(float(np.max(times, initial=0.0))) * 1.03 or 1.0
    return (0.0, last), (low, high)


class CurvePlot(Plot):
    """One curve; a small one without error bars, band and axes."""

    def __init__(self, *, small: bool = False) -> None:
        super().__init__(bare=small)
        self._small = small
        self._curve: CurveShown | None = None
        self._marked: int | None = None
        self._tail_fills = [self.place(_area()) for _ in range(2)]
        self._tail_begin = self.place(pg.InfiniteLine(0.0, angle=90, movable=False))
        self._band_fill = self.place(_area())
        self._fit = self.place(pg.PlotCurveItem())
        self._bars = {excluded: self.place(pg.ErrorBarItem()) for excluded in (False, True)}
        size = _SMALL_POINT_PIXELS if small else _POINT_PIXELS
        self._points = {excluded: self.place(pg.ScatterPlotItem(size=size)) for excluded in (False, True)}
        self._ring = self.place(pg.ScatterPlotItem(size=_HOVER_PIXELS, brush=None))
        if not small:
            self.set_title(f"Activity / {MEGABECQUEREL.symbol}")
            self.box.sigResized.connect(self._keep_beams)
        self.take_colours()

    def table(self) -> PlotTable:
        """Points and fitted curve."""
        return curve_table(self._curve)

    def take_colours(self) -> None:
        """Those of the theme in use."""
        super().take_colours()
        self._tail_begin.setPen(line_pen(shades().dimmed, 1, Qt.PenStyle.DotLine))
        self._ring.setPen(line_pen(shades().accent, 1.6))
        if self._curve is not None:
            self.show_curve(self._curve, logarithmic=self.logarithmic)

    def show_curve(self, curve: CurveShown | None, *, logarithmic: bool) -> None:
        """Show another curve, or the same one anew."""
        self._curve = curve
        if self._marked is not None:
            self.mark_point(None)
        if curve is None:
            return
        x_limits, y_limits = curve_limits(curve, logarithmic=logarithmic)
        self.set_limits(x_limits, y_limits, logarithmic=logarithmic)
        colour = QColor(shades().stale if curve.state == "stale" else on_surface(curve.colour))
        self._show_tail(curve, colour)
        self._show_fit(curve, colour)
        for excluded in (False, True):
            self._show_points(curve, curve.excluded == excluded, excluded=excluded)
        self._keep_beams()

    def mark_point(self, index: int | None) -> None:
        """A ring around the point under the pointer."""
        self._marked = index
        if index is None or self._curve is None:
            self._ring.setData([], [])
            return
        x, y = self.position(index)
        self._ring.setData([x], self.heights([y]))

    def position(self, index: int) -> tuple[float, float]:
        """Time (h) and activity (MBq) of a measured point."""
        if self._curve is None:
            raise ValueError("there is no curve")
        return HOUR.from_core(self._curve.time_s[index]), MEGABECQUEREL.from_core(self._curve.activity_bq[index])

    def _line(self, time_s: _Floats, activity_bq: _Floats) -> tuple[_Floats, _Floats]:
        return _shown(time_s, HOUR), self.heights(_shown(activity_bq, MEGABECQUEREL))

    def _show_tail(self, curve: CurveShown, colour: QColor) -> None:
        """The area beyond the last measurement, hatched, and where it begins."""
        begin, time_s, activity_bq = curve.last_measured_s, curve.fit_time_s, curve.fit_activity_bq
        known = begin is not None and time_s is not None and activity_bq is not None and time_s[-1] >= begin
        for item in (*self._tail_fills, self._tail_begin):
            item.setVisible(bool(known))
        if begin is None or time_s is None or activity_bq is None or not known:
            return
        later = time_s >= begin
        start = float(np.interp(begin, time_s, activity_bq))
        x, y = self._line(np.concatenate([[begin], time_s[later]]), np.concatenate([[start], activity_bq[later]]))
        outline = _outline_between(x, y, np.full_like(y, self.base()))
        wash = QColor(colour)
        wash.setAlphaF(0.10)
        for fill, brush in zip(self._tail_fills, (QBrush(wash), hatch(colour)), strict=True):
            fill.setPath(outline)
            fill.setBrush(brush)
        self._tail_begin.setValue(float(x[0]))

    def _show_fit(self, curve: CurveShown, colour: QColor) -> None:
        time_s, activity_bq, u = curve.fit_time_s, curve.fit_activity_bq, curve.fit_standard_uncertainty_bq
        known = time_s is not None and activity_bq is not None
        self._fit.setVisible(known)
        self._band_fill.setVisible(known and u is not None and not self._small)
        if time_s is None or activity_bq is None:
            return
        style = Qt.PenStyle.DashLine if curve.state == "stale" else Qt.PenStyle.SolidLine
        self._fit.setData(*self._line(time_s, activity_bq), pen=line_pen(colour, 1.4 if self._small else 2, style))
        if u is not None and not self._small:
            x, above = self._line(time_s, activity_bq + u)
            self._band_fill.setPath(_outline_between(x, above, self._line(time_s, activity_bq - u)[1]))
            band = QColor(colour)
            band.setAlphaF(0.2)
            self._band_fill.setBrush(band)

    def _show_points(self, curve: CurveShown, chosen: NDArray[np.bool_], *, excluded: bool) -> None:
        if not (chosen.any() or len(self._points[excluded].data)):
            # None of this kind, as before.
            return
        activity, u = curve.activity_bq[chosen], curve.activity_standard_uncertainty_bq[chosen]
        x, y = self._line(curve.time_s[chosen], activity)
        pen = line_pen(shades().dimmed if excluded else shades().text, 1.2)
        self._points[excluded].setData(
            x, y, pen=pen, brush=QColor(shades().background if excluded else on_surface(curve.colour))
        )
        bars = self._bars[excluded]
        if not self._small:
            above = self._line(curve.time_s[chosen], activity + u)[1] - y
            below = y - self._line(curve.time_s[chosen], activity - u)[1]
            bars.setData(x=x, y=y, top=above, bottom=below, pen=pen)

    def _keep_beams(self) -> None:
        """The ends of error bars keep their width in pixels."""
        if not self._small:
            for bars in self._bars.values():
                bars.setData(beam=_BEAM_PIXELS * self.per_pixel())


def _area() -> QGraphicsPathItem:
    """An area without a rim, behind curves and points."""
    area = QGraphicsPathItem()
    area.setPen(QPen(Qt.PenStyle.NoPen))
    area.setZValue(-1)
    return area


def _outline_between(x: _Floats, above: _Floats, below: _Floats) -> QPainterPath:
    path: QPainterPath = pg.arrayToQPath(np.concatenate([x, x[::-1]]), np.concatenate([above, below[::-1]]))
    return path


def curve_table(curve: CurveShown | None) -> PlotTable:
    """Measured points and the fitted curve, both in h and MBq."""
    titles = (
        "What", f"Time after administration / {HOUR.symbol}", f"Activity / {MEGABECQUEREL.symbol}",
        f"Standard uncertainty / {MEGABECQUEREL.symbol}", "In the fit",
    )  # fmt: skip
    if curve is None:
        return PlotTable(titles, ())
    points = zip(
        ["measured"] * len(curve.time_s),
        _shown(curve.time_s, HOUR),
        _shown(curve.activity_bq, MEGABECQUEREL),
        _shown(curve.activity_standard_uncertainty_bq, MEGABECQUEREL),
        ["no" if excluded else "yes" for excluded in curve.excluded],
        strict=True,
    )
    rows: list[Iterable[PlotCell]] = list(points)
    if curve.fit_time_s is not None and curve.fit_activity_bq is not None:
        spread = curve.fit_standard_uncertainty_bq
        unsure = [None] * len(curve.fit_time_s) if spread is None else list(_shown(spread, MEGABECQUEREL))
        rows += zip(
            ["fitted"] * len(curve.fit_time_s),
            _shown(curve.fit_time_s, HOUR),
            _shown(curve.fit_activity_bq, MEGABECQUEREL),
            unsure,
            [None] * len(curve.fit_time_s),
            strict=True,
        )
    return PlotTable.of(titles, rows)


class ResidualPlot(Plot):
    """Measured over fitted, less one, in per cent, below a curve and on its time axis."""

    def __init__(self, x_title: str) -> None:
        super().__init__()
        self.set_title("Residual / %")
        self.show_x_labels(True, x_title)
        self.curve: CurveShown | None = None
        self._zero = self.place(pg.InfiniteLine(0.0, angle=0, movable=False))
        self._stems = {excluded: self.place(pg.PlotCurveItem()) for excluded in (False, True)}
        self._points = {
            excluded: self.place(pg.ScatterPlotItem(size=_RESIDUAL_POINT_PIXELS)) for excluded in (False, True)
        }
        self.take_colours()

    def take_colours(self) -> None:
        """Those of the theme in use."""
        super().take_colours()
        self._zero.setPen(line_pen(shades().axis))
        self.show_curve(self.curve)

    def table(self) -> PlotTable:
        """Residuals of the measured points."""
        titles = (f"Time after administration / {HOUR.symbol}", f"Residual / {PERCENT.symbol}", "In the fit")
        curve = self.curve
        if curve is None or curve.fit_at_points_bq is None:
            return PlotTable(titles, ())
        residuals = PERCENT.from_core(1.0) * (curve.activity_bq / curve.fit_at_points_bq - 1)
        kept = ["no" if excluded else "yes" for excluded in curve.excluded]
        return PlotTable.of(titles, zip(_shown(curve.time_s, HOUR), residuals, kept, strict=True))

    def show_curve(self, curve: CurveShown | None) -> None:
        """Show another curve, or the same one anew."""
        self.curve = curve
        if curve is None:
            return
        known = curve.fit_at_points_bq is not None
        residuals = np.zeros_like(curve.activity_bq)
        if curve.fit_at_points_bq is not None:
            residuals = PERCENT.from_core(1.0) * (curve.activity_bq / curve.fit_at_points_bq - 1)
        largest = float(np.max(np.abs(residuals[~curve.excluded]), initial=0.0))
        most = next((n for n in _RESIDUAL_LIMITS if n >= largest), largest)
        x_limits, _ = curve_limits(curve, logarithmic=False)
        self.set_limits(x_limits, (-1.25 * most, 1.25 * most), y_marks=(-most, 0.0, most))
        hours = _shown(curve.time_s, HOUR)
        for excluded in (False, True):
            chosen = (curve.excluded == excluded) & known
            x, y = hours[chosen], residuals[chosen]
            pen = line_pen(shades().dimmed if excluded else shades().text, 1.2)
            stems = np.column_stack([np.zeros_like(y), y]).ravel()
            self._stems[excluded].setData(np.repeat(x, 2), stems, connect="pairs", pen=pen)
            self._points[excluded].setData(
                x, y, pen=pen, brush=QColor(shades().background if excluded else on_surface(curve.colour))
            )
