"""A time–activity curve as a value, and how it is drawn: points, fit, band and hatched tail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from dosimetry_core.units import HOUR, MEGABECQUEREL, PERCENT
from widgets.plot_axes import Axes
from widgets.quantity_edit import quantity_text
from widgets.theme import DIMMED, STALE, TEXT

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class CurveShown:
    """A curve with its fit, all in core units (s after administration, Bq).

    Parameters
    ----------
    voi_id, name, colour
        Of the VOI.
    time_s, activity_bq, activity_standard_uncertainty_bq
        Measured points, shape (n,).
    excluded
        Which of them the fit leaves out, shape (n,).
    point_texts
        One remark for each point, for example the reason of an exclusion; may be empty.
    fit_time_s, fit_activity_bq, fit_standard_uncertainty_bq
        The fitted curve, shape (m,), and its standard uncertainty; None without a fit.
    fit_at_points_bq
        Fit at the measured times, shape (n,), for the residuals.
    last_measured_s, extrapolated_fraction
        Where the extrapolated tail begins, and its share of the integral.
    model, notes
        Words beside the plot: model, half-lives, integral.
    state, message
        Whether the fit is current; why it failed.
    """

    voi_id: str
    name: str
    colour: str
    time_s: Floats
    activity_bq: Floats
    activity_standard_uncertainty_bq: Floats
    excluded: NDArray[np.bool_]
    point_texts: tuple[str, ...] = ()
    fit_time_s: Floats | None = None
    fit_activity_bq: Floats | None = None
    fit_standard_uncertainty_bq: Floats | None = None
    fit_at_points_bq: Floats | None = None
    last_measured_s: float | None = None
    extrapolated_fraction: float | None = None
    model: str = ""
    notes: tuple[str, ...] = ()
    state: Literal["current", "stale", "failed"] = "current"
    message: str = ""

    def tail_text(self) -> str:
        """The extrapolated share in words."""
        if self.extrapolated_fraction is None or self.last_measured_s is None:
            return ""
        share = PERCENT.text(self.extrapolated_fraction)
        return f"{share} of the integral lies beyond {HOUR.text(self.last_measured_s, digits=0)}"

    def point_text(self, index: int) -> str:
        """One measured point in words."""
        value = quantity_text(MEGABECQUEREL, self.activity_bq[index], self.activity_standard_uncertainty_bq[index])
        parts = [f"{self.name}, {HOUR.text(self.time_s[index])}: {value}"]
        if self.fit_at_points_bq is not None:
            parts.append(f"fit {MEGABECQUEREL.text(self.fit_at_points_bq[index])}")
        if self.excluded[index]:
            parts.append("excluded")
        if index < len(self.point_texts) and self.point_texts[index]:
            parts.append(self.point_texts[index])
        return " · ".join(parts)


def curve_axes(curve: CurveShown, place: QRectF, *, logarithmic: bool) -> Axes:
    """Axes that hold the points and the fit."""
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
    return Axes(place, (0.0, last), (low, high), logarithmic)


def paint_curve(painter: QPainter, curve: CurveShown, axes: Axes, *, small: bool) -> None:
    """Draw a curve; a small one without error bars and band."""
    painter.save()
    painter.setClipRect(axes.place.adjusted(-1, -6, 8, 1))
    colour = QColor(STALE if curve.state == "stale" else curve.colour)
    if curve.fit_time_s is not None and curve.fit_activity_bq is not None:
        _paint_tail(painter, curve, axes, colour)
        _paint_fit(painter, curve, axes, colour, small=small)
    _paint_points(painter, curve, axes, small=small)
    painter.restore()


def _line(axes: Axes, time_s: Floats, activity_bq: Floats) -> list[QPointF]:
    pairs = zip(time_s.tolist(), activity_bq.tolist(), strict=True)
    return [axes.point(HOUR.from_core(t), MEGABECQUEREL.from_core(a)) for t, a in pairs]


def _paint_tail(painter: QPainter, curve: CurveShown, axes: Axes, colour: QColor) -> None:
    """The area beyond the last measurement, hatched."""
    if curve.last_measured_s is None or curve.fit_time_s is None or curve.fit_activity_bq is None:
        return
    later = curve.fit_time_s >= curve.last_measured_s
    if not later.any():
        return
    start = float(np.interp(curve.last_measured_s, curve.fit_time_s, curve.fit_activity_bq))
    times = np.concatenate([[curve.last_measured_s], curve.fit_time_s[later]])
    values = np.concatenate([[start], curve.fit_activity_bq[later]])
    line = _line(axes, times, values)
    area = QPolygonF([QPointF(line[0].x(), axes.place.bottom()), *line, QPointF(line[-1].x(), axes.place.bottom())])
    wash = QColor(colour)
    wash.setAlphaF(0.10)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(wash)
    painter.drawPolygon(area)
    paint_hatch(painter, area, colour)
    painter.setPen(QPen(QColor(DIMMED), 1, Qt.PenStyle.DotLine))
    painter.drawLine(QPointF(line[0].x(), axes.place.top()), QPointF(line[0].x(), axes.place.bottom()))


def paint_hatch(painter: QPainter, area: QPolygonF, colour: QColor, *, step: float = 7.0) -> None:
    """Oblique lines inside an area."""
    box = area.boundingRect()
    path = QPainterPath()
    path.addPolygon(area)
    path.closeSubpath()
    painter.save()
    painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
    line = QColor(colour)
    line.setAlphaF(0.55)
    painter.setPen(QPen(line, 1))
    # Lines start at multiples of the step, so that neighbouring areas join without a seam.
    first = np.floor((box.left() - box.height()) / step) * step
    for x in np.arange(first, box.right() + step, step):
        painter.drawLine(QPointF(x, box.bottom()), QPointF(x + box.height(), box.top()))
    painter.restore()


def _paint_fit(painter: QPainter, curve: CurveShown, axes: Axes, colour: QColor, *, small: bool) -> None:
    if curve.fit_time_s is None or curve.fit_activity_bq is None:
        return
    if curve.fit_standard_uncertainty_bq is not None and not small:
        upper = _line(axes, curve.fit_time_s, curve.fit_activity_bq + curve.fit_standard_uncertainty_bq)
        lower = _line(axes, curve.fit_time_s, curve.fit_activity_bq - curve.fit_standard_uncertainty_bq)
        band = QColor(colour)
        band.setAlphaF(0.2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(band)
        painter.drawPolygon(QPolygonF(upper + lower[::-1]))
    style = Qt.PenStyle.DashLine if curve.state == "stale" else Qt.PenStyle.SolidLine
    painter.setPen(QPen(colour, 1.4 if small else 2, style))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF(_line(axes, curve.fit_time_s, curve.fit_activity_bq)))


def _paint_points(painter: QPainter, curve: CurveShown, axes: Axes, *, small: bool) -> None:
    radius = 2.4 if small else 4.5
    for index, point in enumerate(_line(axes, curve.time_s, curve.activity_bq)):
        u = curve.activity_standard_uncertainty_bq[index]
        colour = QColor(DIMMED if curve.excluded[index] else TEXT)
        painter.setPen(QPen(colour, 1.2))
        if not small:
            top = axes.y(MEGABECQUEREL.from_core(curve.activity_bq[index] + u))
            bottom = axes.y(MEGABECQUEREL.from_core(curve.activity_bq[index] - u))
            painter.drawLine(QPointF(point.x(), top), QPointF(point.x(), bottom))
            for y in (top, bottom):
                painter.drawLine(QPointF(point.x() - 4, y), QPointF(point.x() + 4, y))
        painter.setBrush(QColor("#202225") if curve.excluded[index] else QColor(curve.colour))
        painter.drawEllipse(point, radius, radius)
