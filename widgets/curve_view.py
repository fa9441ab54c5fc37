"""Time–activity curves: one large with residuals, all others small beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from dosimetry_core.units import HOUR, MEGABECQUEREL, PERCENT
from widgets.elided_label import ElidedLabel
from widgets.plot_axes import Axes
from widgets.quantity_edit import quantity_text
from widgets.theme import ACCENT, DIMMED, ERROR, LINE, RAISED, STALE, SURFACE, TEXT, font, label

Floats = NDArray[np.float64]
_NEAR_PIXELS = 12.0
_LEAST_WIDTH_FOR_ALL = 520
_LEAST_HEIGHT_FOR_RESIDUALS = 250
_TIME_TITLE = "Time after administration / h"
# Per cent; the residual axis is the first that holds all points.
_RESIDUAL_LIMITS = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


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


class CurveView(QWidget):
    """The selected curve large, every curve small at the right."""

    curve_selected = Signal(str)
    point_clicked = Signal(str, int)
    point_menu_requested = Signal(str, int, object)
    logarithmic_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("curve_view")
        self._curves: dict[str, CurveShown] = {}
        self._small: dict[str, _SmallPlot] = {}
        self._group = QButtonGroup(self)
        self._name = ElidedLabel(object_name="curve_name", role="title")
        self._model = ElidedLabel(object_name="curve_model", role="dimmed")
        self._notes = label(object_name="curve_notes")
        self._notes.setWordWrap(True)
        self._tail = label(object_name="curve_tail", role="dimmed")
        self._tail.setWordWrap(True)
        self._linear = self._scale_button("curve_linear", "Linear", logarithmic=False)
        self._log = self._scale_button("curve_logarithmic", "Log", logarithmic=True)
        scales = QButtonGroup(self)
        scales.addButton(self._linear)
        scales.addButton(self._log)
        self._linear.setChecked(True)
        self.plot = _LargePlot()
        self.plot.point_clicked.connect(self.point_clicked)
        self.plot.point_menu_requested.connect(self.point_menu_requested)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._name, 0)
        head.addWidget(self._model, 1)
        head.addWidget(self._linear)
        head.addWidget(self._log)
        left = QVBoxLayout()
        left.setSpacing(4)
        left.addLayout(head)
        left.addWidget(self.plot, 1)
        left.addWidget(self._tail)
        left.addWidget(self._notes)
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 4, 0)
        self._list.setSpacing(6)
        self._list.addStretch(1)
        inner = QWidget()
        inner.setLayout(self._list)
        self._scroll = QScrollArea()
        self._scroll.setObjectName("curve_small_multiples")
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inner)
        self._scroll.setFixedWidth(214)
        layout = QHBoxLayout(self)
        # The list of small curves goes where there is no room for it; it must not hold the view open.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        layout.setContentsMargins(8, 4, 0, 4)
        layout.setSpacing(10)
        layout.addLayout(left, 1)
        layout.addWidget(self._scroll)
        self._refresh(None)

    def _scale_button(self, name: str, text: str, *, logarithmic: bool) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setText(text)
        button.setCheckable(True)
        button.setToolTip(f"{'Logarithmic' if logarithmic else 'Linear'} activity axis")
        button.clicked.connect(lambda: self._choose_scale(logarithmic))
        return button

    def show_curves(self, curves: Sequence[CurveShown]) -> None:
        """All curves; the current one stays current, else the first is. Silent."""
        current = self.current()
        if [curve.voi_id for curve in curves] != list(self._curves):
            for button in self._small.values():
                self._group.removeButton(button)
                self._list.removeWidget(button)
                button.hide()
                button.deleteLater()
            self._small = {}
            for number, curve in enumerate(curves):
                button = _SmallPlot(curve)
                button.clicked.connect(lambda _=False, key=curve.voi_id: self._choose(key))
                self._group.addButton(button)
                self._list.insertWidget(number, button)
                self._small[curve.voi_id] = button
        self._curves = {curve.voi_id: curve for curve in curves}
        for curve in curves:
            self._small[curve.voi_id].show_curve(curve)
        self._refresh(current if current in self._curves else next(iter(self._curves), None))

    def set_current(self, voi_id: str | None) -> None:
        """Show this curve large. Silent."""
        if voi_id in self._curves:
            self._refresh(voi_id)

    def current(self) -> str | None:
        """Identity of the VOI whose curve is large."""
        return self.plot.curve.voi_id if self.plot.curve is not None else None

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Scale of the activity axis. Silent."""
        (self._log if logarithmic else self._linear).setChecked(True)
        self.plot.set_logarithmic(logarithmic)
        for button in self._small.values():
            button.set_logarithmic(logarithmic)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow place only the current curve is shown."""
        super().resizeEvent(event)
        self._scroll.setVisible(self.width() >= _LEAST_WIDTH_FOR_ALL)

    def minimumSizeHint(self) -> QSize:
        """Room for the current curve alone."""
        return QSize(230, 260)

    def _choose_scale(self, logarithmic: bool) -> None:
        self.set_logarithmic(logarithmic)
        self.logarithmic_toggled.emit(logarithmic)

    def _choose(self, voi_id: str) -> None:
        if voi_id != self.current():
            self._refresh(voi_id)
            self.curve_selected.emit(voi_id)

    def _refresh(self, voi_id: str | None) -> None:
        curve = self._curves.get(voi_id) if voi_id is not None else None
        self.plot.show_curve(curve)
        self._name.set_text(curve.name if curve else "No curves")
        self._model.set_text(curve.model if curve else "Draw a VOI and align the time points first.")
        self._tail.setText(curve.tail_text() if curve else "")
        notes = [] if curve is None else [*([curve.message] if curve.message else []), *curve.notes]
        self._notes.setText("   ·   ".join(notes))
        failed = curve is not None and curve.state == "failed"
        self._notes.setStyleSheet(f"color: {ERROR};" if failed else "")
        if voi_id in self._small:
            self._small[voi_id].setChecked(True)


def _fit_axes(curve: CurveShown, place: QRectF, *, logarithmic: bool) -> Axes:
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


def _paint_curve(painter: QPainter, curve: CurveShown, axes: Axes, *, small: bool) -> None:
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


class _LargePlot(QWidget):
    point_clicked = Signal(str, int)
    point_menu_requested = Signal(str, int, object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("curve_plot")
        self.setMinimumSize(200, 190)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.curve: CurveShown | None = None
        self._logarithmic = False
        self._hovered: int | None = None

    def show_curve(self, curve: CurveShown | None) -> None:
        self.curve = curve
        self._hovered = None
        self.setAccessibleDescription("" if curve is None else f"{curve.name}: {curve.tail_text()}")
        self.update()

    def set_logarithmic(self, logarithmic: bool) -> None:
        self._logarithmic = logarithmic
        self.update()

    def axes(self) -> tuple[Axes, QRectF] | None:
        """Axes of the curve, and the place of the residuals below them."""
        if self.curve is None:
            return None
        metrics = QFontMetricsF(font(scale=0.92))
        left = metrics.horizontalAdvance("00000") + 16
        residuals = min(max(self.height() * 0.2, 54.0), 110.0)
        if self.height() < _LEAST_HEIGHT_FOR_RESIDUALS:
            residuals = 0.0
        bottom = self.height() - 2 * metrics.height() - 14
        top = metrics.height() + 10
        width = self.width() - left - 14
        main = QRectF(left, top, width, bottom - top - (residuals + 26 if residuals else 0))
        below = QRectF(left, bottom - residuals, width, residuals)
        return _fit_axes(self.curve, main, logarithmic=self._logarithmic), below

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            placed = self.axes()
            if placed is None or self.curve is None:
                return
            axes, below = placed
            x_title = "" if below.height() else _TIME_TITLE
            y_title = f"Activity / {MEGABECQUEREL.symbol}"
            axes.paint(painter, x_title=x_title, y_title=y_title, x_labels=not below.height())
            _paint_curve(painter, self.curve, axes, small=False)
            if below.height():
                self._paint_residuals(painter, self.curve, axes, below)
            if self._hovered is not None:
                painter.setPen(QPen(QColor(ACCENT), 1.6))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(self._pixel(axes, self._hovered), 8, 8)
        finally:
            painter.end()

    def _paint_residuals(self, painter: QPainter, curve: CurveShown, main: Axes, place: QRectF) -> None:
        residuals = np.zeros(0)
        if curve.fit_at_points_bq is not None:
            residuals = PERCENT.from_core(1.0) * (curve.activity_bq / curve.fit_at_points_bq - 1)
        used = residuals[~curve.excluded] if residuals.size else residuals
        largest = float(np.max(np.abs(used), initial=0.0))
        most = next((n for n in _RESIDUAL_LIMITS if n >= largest), largest)
        axes = Axes(place, main.x_range, (-1.25 * most, 1.25 * most), y_marks=(-most, 0.0, most))
        axes.paint(painter, x_title=_TIME_TITLE, y_title="Residual / %")
        zero = axes.y(0.0)
        painter.setPen(QPen(QColor("#787f88"), 1))
        painter.drawLine(QPointF(place.left(), zero), QPointF(place.right(), zero))
        painter.setClipRect(place.adjusted(-6, -6, 6, 6))
        for index, residual in enumerate(residuals.tolist()):
            point = axes.point(HOUR.from_core(curve.time_s[index]), residual)
            painter.setPen(QPen(QColor(DIMMED if curve.excluded[index] else TEXT), 1.2))
            painter.drawLine(QPointF(point.x(), zero), point)
            painter.setBrush(QColor("#202225") if curve.excluded[index] else QColor(curve.colour))
            painter.drawEllipse(point, 3.2, 3.2)

    def _pixel(self, axes: Axes, index: int) -> QPointF:
        if self.curve is None:
            raise ValueError("there is no curve")
        return axes.point(
            HOUR.from_core(self.curve.time_s[index]), MEGABECQUEREL.from_core(self.curve.activity_bq[index])
        )

    def point_pixel(self, index: int) -> QPointF:
        """Where a measured point is drawn."""
        placed = self.axes()
        if placed is None:
            raise ValueError("there is no curve")
        return self._pixel(placed[0], index)

    def _near(self, position: QPointF) -> int | None:
        placed = self.axes()
        if placed is None or self.curve is None or not self.curve.time_s.size:
            return None
        away = [(self._pixel(placed[0], index) - position).manhattanLength() for index in range(len(self.curve.time_s))]
        nearest = int(np.argmin(away))
        return nearest if away[nearest] <= _NEAR_PIXELS else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        near = self._near(event.position())
        if near != self._hovered:
            self._hovered = near
            self.setCursor(Qt.CursorShape.ArrowCursor if near is None else Qt.CursorShape.PointingHandCursor)
            self.update()
        if near is not None and self.curve is not None:
            QToolTip.showText(event.globalPosition().toPoint(), self.curve.point_text(near), self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        near = self._near(event.position())
        if near is None or self.curve is None:
            return
        if event.button() == Qt.MouseButton.LeftButton:
            self.point_clicked.emit(self.curve.voi_id, near)
        elif event.button() == Qt.MouseButton.RightButton:
            self.point_menu_requested.emit(self.curve.voi_id, near, event.globalPosition().toPoint())

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()


class _SmallPlot(QAbstractButton):
    def __init__(self, curve: CurveShown) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setObjectName(f"curve_small_{curve.voi_id}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._logarithmic = False
        self._curve = curve
        self.show_curve(curve)

    def show_curve(self, curve: CurveShown) -> None:
        self._curve = curve
        self.setText(curve.name)
        self.setToolTip("\n".join(text for text in (curve.name, curve.model, curve.tail_text(), curve.message) if text))
        self.update()

    def set_logarithmic(self, logarithmic: bool) -> None:
        self._logarithmic = logarithmic
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(190, 96)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 96)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            rim = ACCENT if self.isChecked() or self.hasFocus() else LINE
            painter.setPen(QPen(QColor(rim), 1.4 if self.isChecked() else 1))
            painter.setBrush(QColor(RAISED if self.isChecked() or self.underMouse() else SURFACE))
            painter.drawRoundedRect(box, 5, 5)
            curve = self._curve
            small = font(scale=0.92, strong=True)
            painter.setFont(small)
            metrics = QFontMetricsF(small)
            share = "" if curve.extrapolated_fraction is None else PERCENT.text(curve.extrapolated_fraction, digits=0)
            share = {"failed": "no fit", "stale": "stale"}.get(curve.state, f"tail {share}" if share else "")
            painter.setPen(QColor({"failed": ERROR, "stale": STALE}.get(curve.state, DIMMED)))
            painter.setFont(font(scale=0.85))
            width = QFontMetricsF(font(scale=0.85)).horizontalAdvance(share)
            painter.drawText(QPointF(box.right() - 8 - width, box.top() + 6 + metrics.ascent()), share)
            painter.setFont(small)
            painter.setPen(QColor(TEXT))
            name = metrics.elidedText(curve.name, Qt.TextElideMode.ElideMiddle, box.width() - width - 26)
            painter.drawText(QPointF(box.left() + 8, box.top() + 6 + metrics.ascent()), name)
            place = box.adjusted(10, metrics.height() + 14, -10, -9)
            painter.setPen(QPen(QColor("#5a6068"), 1))
            painter.drawLine(place.bottomLeft(), place.bottomRight())
            _paint_curve(painter, curve, _fit_axes(curve, place, logarithmic=self._logarithmic), small=True)
        finally:
            painter.end()
